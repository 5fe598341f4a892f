import time
from dataclasses import replace
from datetime import timedelta

from portal.delivery.mailbox import Mailbox, carrier, folder
from portal.delivery.smtp import Postman
from tests.delivery.test_mail import MAIL, SETTINGS

DEMO = replace(SETTINGS, demo=True, mail_server="")


def test_a_kept_mail_is_read_as_it_was_written(tmp_path):
    mailbox = Mailbox(tmp_path / "mailbox", SETTINGS.mail_sender)
    assert mailbox.deliver(MAIL) is None
    (kept,) = mailbox.listing()
    assert (kept.subject, kept.to, kept.text, kept.html) == (MAIL.subject, MAIL.to, MAIL.text, MAIL.html + "\n")
    assert (kept.date, kept.calendar) == (MAIL.date, MAIL.calendar)
    assert mailbox.find(kept.name) == kept


def test_the_newest_mail_comes_first(tmp_path):
    mailbox = Mailbox(tmp_path, SETTINGS.mail_sender)
    for minutes in (0, 2, 1):
        late = MAIL.date + timedelta(minutes=minutes)
        mailbox.deliver(replace(MAIL, message_id=f"<{minutes}@example.com>", date=late, subject=str(minutes)))
    assert [kept.subject for kept in mailbox.listing()] == ["2", "1", "0"]


def test_mails_of_one_moment_are_listed_as_they_came(tmp_path):
    mailbox = Mailbox(tmp_path, SETTINGS.mail_sender)
    for number in range(5):
        mailbox.deliver(replace(MAIL, message_id=f"<{number}@example.com>", subject=str(number)))
        time.sleep(0.01)
    assert [kept.subject for kept in mailbox.listing()] == ["4", "3", "2", "1", "0"]


def test_a_mail_sent_twice_is_kept_once(tmp_path):
    mailbox = Mailbox(tmp_path, SETTINGS.mail_sender)
    mailbox.deliver(MAIL)
    mailbox.deliver(MAIL)
    assert len(mailbox.listing()) == 1


def test_a_name_leads_nowhere_else(tmp_path):
    (tmp_path / "secret.eml").write_text("Subject: secret\n\n")
    mailbox = Mailbox(tmp_path / "mailbox")
    for name in ("../secret", "secret", "", "20260401120000-0000000000000000", "/etc/passwd"):
        assert mailbox.find(name) is None


def test_an_empty_mailbox_lists_nothing(tmp_path):
    assert Mailbox(tmp_path / "none").listing() == []


def test_the_folder_is_ours_alone_and_beside_the_database(tmp_path):
    settings = replace(DEMO, database_url=f"sqlite:///{tmp_path}/demo/portal.sqlite3")
    with carrier(settings) as kept:
        kept.deliver(MAIL)
    assert folder(settings) == tmp_path / "demo" / "mailbox"
    assert folder(settings).stat().st_mode & 0o777 == 0o700


def test_mails_stay_here_in_a_demo_without_a_mail_server_only():
    assert isinstance(carrier(DEMO), Mailbox)
    assert isinstance(carrier(replace(DEMO, mail_server="127.0.0.1")), Postman)
    assert isinstance(carrier(replace(DEMO, demo=False)), Postman)
