"""The pages of the words of mails: whose they are, tried while they are written, saved, tested, put back."""

from __future__ import annotations

import re
from html import unescape

import pytest

from portal.domain.mail_texts import KINDS, OURS, MailText
from portal.extensions import reading, transaction
from portal.models import MailText as Row
from portal.models import OutboxMessage
from portal.operations import mail_texts
from tests import sample, staff
from tests.admin.conftest import form_of
from tests.backends import NOW

INDEX = "/admin/settings/mails"
PAGE = f"{INDEX}/confirmation/en"
HTMX = {"HX-Request": "true"}
OWN = MailText("See you on {day}", "Hello,\n\nCome to {site}.")


@pytest.fixture
def booked(do, docks, now):
    return do(sample.booked, "2026-12-07 09:00", now=now)


def saved(do, name="confirmation", locale="en"):
    return do(mail_texts.one, name, locale)


def spoil():
    """Write words into the table that no form accepts. Call inside an app context."""
    with transaction() as session:
        session.add(Row(kind="confirmation", locale="en", subject="{weather}", opening="", updated_at=NOW))


def frame_of(answer):
    found = re.search(r'<iframe class="mail-frame" src="([^"]+)"', answer.text)
    assert found, answer.text
    return unescape(found[1])


def type_in(client, send, subject="", opening="", **more):
    return send(client, PAGE, subject=subject, opening=opening, **more)


# The list


def test_the_list_names_every_mail_in_both_languages(admin):
    page = admin.get(INDEX).text
    for name in KINDS:
        for locale in ("fr", "en"):
            assert f'href="{INDEX}/{name}/{locale}"' in page
    assert "yours" not in page


def test_the_list_says_whose_words_a_mail_has(admin, send, do, docks):
    type_in(admin, send, "Hello", save="1")
    assert admin.get(INDEX).text.count("yours") == 1
    assert "cannot be used" not in admin.get(INDEX).text


def test_the_list_takes_one_statement_more_than_a_page(admin, docks, statements):
    admin.get(INDEX)
    with statements(at_most=4):
        admin.get(INDEX)


# Trying


def test_what_is_typed_is_shown_on_an_appointment_and_saved_by_nobody(admin, send, do, booked):
    answer = type_in(admin, send, OWN.subject, OWN.opening, look="1")
    assert answer.status_code == 200
    assert "See you on Monday 7 December 2026" in answer.text
    assert "Come to Bordeaux." in answer.text
    assert "Come to Bordeaux." in admin.get(frame_of(answer)).text
    assert saved(do) == OURS


def test_while_it_is_typed_only_the_preview_comes(admin, send, booked):
    answer = type_in(admin, send, OWN.subject, OWN.opening, _headers=HTMX)
    assert "See you on Monday" in answer.text
    assert "<html" not in answer.text
    wrong = type_in(admin, send, "See you on {weather}", _headers=HTMX)
    assert wrong.status_code == 422
    assert "“{weather}” is no placeholder of this mail." in unescape(wrong.text)
    assert "<iframe" not in wrong.text


def test_without_an_appointment_an_invented_one_is_shown(admin, send, docks):
    answer = type_in(admin, send, "Order {order} at {site}", look="1")
    assert "Order CMD-1042 at Example site" in answer.text


def test_words_may_be_tried_on_another_appointment(admin, send, do, now, booked):
    do(sample.order)
    do(sample.booked, "2026-12-08 10:00", now=now, number=1)
    assert "See you on Tuesday 8 December" in type_in(admin, send, OWN.subject, look="1").text
    assert "See you on Monday 7" in type_in(admin, send, OWN.subject, look="1", sample=booked.public_id).text
    assert "Example site" in type_in(admin, send, "{site}", look="1", sample="").text
    assert "Example site" in type_in(admin, send, "{site}", look="1", sample="0" * 32).text


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_every_mail_can_be_looked_at_with_and_without_an_appointment(admin, do, now, locale):
    def look():
        return {name: admin.get(frame_of(admin.get(f"{INDEX}/{name}/{locale}"))).status_code for name in KINDS}

    assert look() == dict.fromkeys(KINDS, 200)
    do(sample.docks)
    do(sample.booked, "2026-12-07 09:00", now=now)
    assert look() == dict.fromkeys(KINDS, 200)


def test_the_links_of_a_preview_are_nobodys(admin, booked):
    answer = admin.get(PAGE)
    whole = answer.text + admin.get(frame_of(answer)).text
    assert booked.token not in whole


# The frame


def test_the_frame_runs_nothing_and_stands_on_our_pages_alone(admin, booked):
    answer = admin.get(frame_of(admin.get(PAGE)))
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'")
    assert policy.endswith("sandbox")
    assert 'sandbox=""' in admin.get(PAGE).text


def test_hostile_words_stay_words_in_the_frame(admin, send, booked):
    answer = type_in(admin, send, "<b>x</b>", "<script>alert(1)</script>", look="1")
    assert "<script>alert" not in admin.get(frame_of(answer)).text
    assert "<b>x</b>" not in answer.text


@pytest.mark.parametrize("words", ["", "x", "WyJjb25maXJtYXRpb24iLCJlbiIsIngiLCIiLG51bGxd.forged"])
def test_words_that_we_did_not_sign_are_not_shown(admin, words):
    assert admin.get(f"{PAGE}/html?words={words}").status_code == 404


def test_words_signed_for_one_mail_show_no_other(admin, booked):
    frame = frame_of(admin.get(PAGE))
    assert admin.get(frame.replace("/confirmation/", "/change/")).status_code == 404
    assert admin.get(frame.replace("/en/", "/fr/")).status_code == 404


def test_a_text_too_long_for_an_address_is_shown_as_text_alone(admin, send, booked):
    noise = "".join(chr(0x4E00 + number * 7 % 20000) for number in range(1500))
    answer = type_in(admin, send, "x", noise, look="1")
    assert answer.status_code == 200
    assert "<iframe" not in answer.text
    assert "too long to be shown as it looks" in answer.text


# Saving


def test_words_are_saved_and_put_back(admin, send, do, docks):
    answer = type_in(admin, send, OWN.subject, OWN.opening.replace("\n", "\r\n"), save="1")
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert saved(do) == OWN
    assert form_of(admin.get(PAGE), PAGE)["subject"] == [OWN.subject]
    back = admin.post(f"{PAGE}/reset", data=form_of(admin.get(PAGE), f"{PAGE}/reset"))
    assert back.status_code == 303
    assert saved(do) == OURS
    assert f"{PAGE}/reset" not in admin.get(PAGE).text


@pytest.mark.parametrize(
    ("subject", "opening", "text"),
    [
        ("Dear {name}", "", "“{name}” is no placeholder of this mail. Use: {organisation}, {site}"),
        ("", "Dear {name}", "“{name}” is no placeholder of this mail."),
        ("See you on {day", "", "A brace stands alone in “ee you on {day”."),
        ("Hello\r\nBcc: all@example.com", "", "Write the subject on one line"),
        ("x" * 151, "", "Shorten this text to 150 characters."),
        ("", "x" * 1501, "Shorten this text to 1500 characters."),
        ("", "a\x1bb", "Remove the characters that cannot be read."),
    ],
)
def test_words_that_cannot_be_used_are_refused_beside_their_field(admin, send, do, docks, subject, opening, text):
    answer = type_in(admin, send, subject, opening, save="1")
    assert answer.status_code == 422
    assert text in unescape(answer.text)
    assert "<title>Error:" in answer.text
    kept = form_of(answer, PAGE)
    assert (kept["subject"], kept["opening"]) == ([unescape(subject)], [opening])
    assert saved(do) == OURS


def test_words_that_somebody_else_changed_meanwhile_are_shown_beside_yours(admin, send, do, docks):
    old = form_of(admin.get(PAGE), PAGE)
    type_in(admin, send, "Theirs", save="1")
    answer = admin.post(PAGE, data={**old, "subject": "Mine", "save": "1"})
    assert answer.status_code == 409
    assert "Somebody else changed these words meanwhile" in answer.text
    assert "Theirs" in answer.text
    assert form_of(answer, PAGE)["subject"] == ["Mine"]
    assert saved(do).subject == "Theirs"
    assert admin.post(PAGE, data={**form_of(answer, PAGE), "save": "1"}).status_code == 303
    assert saved(do).subject == "Mine"


def test_ours_are_not_put_back_over_what_nobody_has_seen(admin, send, do, docks):
    type_in(admin, send, "First", save="1")
    old = form_of(admin.get(PAGE), f"{PAGE}/reset")
    type_in(admin, send, "Second", save="1")
    page = admin.post(f"{PAGE}/reset", data=old, follow_redirects=True)
    assert "Somebody else changed these words meanwhile." in page.text
    assert saved(do).subject == "Second"


def test_words_that_cannot_be_used_any_more_are_shown_to_be_wrong(admin, do, docks):
    do(spoil)
    assert "yours, cannot be used" in admin.get(INDEX).text
    page = admin.get(PAGE)
    assert page.status_code == 200
    assert "The mail leaves with the portal’s words." in page.text
    assert "Appointment confirmed" in page.text
    assert form_of(page, PAGE)["subject"] == ["{weather}"]


# A test to oneself


def queue():
    with reading() as session:
        return [(row.kind, row.recipient, row.locale, row.payload) for row in session.query(OutboxMessage)]


def test_a_test_goes_to_whoever_is_logged_in_with_what_is_typed(admin, send, do, docks):
    answer = type_in(admin, send, OWN.subject, OWN.opening, test="1", sample="")
    assert answer.status_code == 200
    assert "A test is on its way to admin@example.com." in answer.text
    assert form_of(answer, PAGE)["subject"] == [OWN.subject]
    ((kind, recipient, locale, payload),) = do(queue)
    assert (kind, recipient, locale) == ("mail_test", "admin@example.com", "en")
    assert (payload["subject"], payload["appointment"]) == (OWN.subject, None)
    assert saved(do) == OURS


def test_a_test_needs_words_that_can_be_used(admin, send, do, docks):
    assert type_in(admin, send, "{name}", test="1").status_code == 422
    assert do(queue) == []


# Who


def test_it_is_a_room_of_administrators(app, admin, docks):
    assert f'href="{INDEX}"' in admin.get("/admin/organisation").text
    for role in ("manager", "agent", "viewer"):
        client = staff.logged_in(app, role)
        assert client.get(INDEX).status_code == client.get(PAGE).status_code == 404


@pytest.mark.parametrize("path", [f"{INDEX}/nothing/en", f"{INDEX}/confirmation/de", f"{INDEX}/password_reset/en"])
def test_there_is_no_page_of_other_mails(admin, path):
    assert admin.get(path).status_code == 404
    assert admin.get(f"{path}/html").status_code == 404


def test_a_change_stands_in_the_audit_log_with_a_way_there(admin, send, docks):
    type_in(admin, send, OWN.subject, save="1")
    page = admin.get("/admin/audit/?kind=mail_text").text
    assert "See you on {day}" in page
    assert f'href="{PAGE}"' in page


def test_the_page_asks_little(admin, booked, statements):
    admin.get(PAGE)
    with statements(at_most=7):
        admin.get(PAGE)
