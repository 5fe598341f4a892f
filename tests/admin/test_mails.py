"""The mail log in the browser: found by the address, read in words, sent again."""

from __future__ import annotations

import re

import pytest

from portal.extensions import reading, transaction
from portal.models import Heartbeat, OutboxMessage
from portal.operations import outbox
from tests import sample, staff
from tests.operations.test_mail_log import mail, states

PAGE = "/admin/mails/"
AGAIN = "/admin/mails/again"


@pytest.fixture
def refused(do, now):
    """Queue a mail that failed, and give its number."""
    return do(mail, now, state="failed", attempts=1, error="550 no such user", first_try_at=now)


def rows(page):
    return re.findall(r'<th scope="row"><a href="/admin/mails/(\d+)">', page.text)


def test_an_empty_log_says_what_will_stand_there(manager):
    assert "No mail yet." in manager.get(PAGE).text


def test_a_mail_is_read_in_words(manager, refused):
    page = manager.get(f"{PAGE}{refused}").text
    for text in ("550 no such user", "Refused", "somebody0@example.com", "Correct the address", "Français"):
        assert text in page
    assert "/find" not in page.partition("<main")[2].partition("</main>")[0]


def test_a_mail_leads_to_its_appointment_and_order(manager, do, now):
    do(sample.docks)
    booked = do(sample.booked, "2026-12-07 09:00", now=now)
    number = rows(manager.get(PAGE))[0]
    assert f"/admin/appointments/{booked.public_id}" in manager.get(f"{PAGE}{number}").text


@pytest.mark.on_both
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("?state=failed", 1),
        ("?state=nonsense", 2),
        ("?q=somebody1", 1),
        ("?q=nobody", 0),
        ("?kind=reminder", 1),
        ("?from=2026-12-01&to=2026-12-01", 2),
        ("?from=2026-12-02", 0),
        ("?from=soon&to=%00&before=x&before=99999999999999999999&q=%25", 0),
        ("?before=1", 0),
    ],
)
def test_the_address_says_what_is_listed(manager, do, now, refused, query, count):
    do(mail, now, 1, kind="reminder", state="sent", sent_at=now)
    assert len(rows(manager.get(PAGE + query))) == count


def test_what_has_not_left_is_counted_on_top(manager, do, now, refused):
    do(mail, now, 1, attempts=1)
    page = manager.get(PAGE).text
    counts = re.findall(r'<b class="num">(\d+)</b> <span>([^<]+)</span>', page)
    assert counts == [("0", "Waiting"), ("1", "Tried in vain"), ("1", "Refused"), ("0", "Set aside")]


def test_pages_follow_each_other(manager, do, now):
    for number in range(60):
        do(mail, now, number)
    first = manager.get(PAGE)
    older = re.search(r'rel="next" href="([^"]+)"', first.text)[1]
    assert (len(rows(first)), len(rows(manager.get(older)))) == (50, 10)


def test_the_list_costs_the_same_however_long_it_is(manager, do, now, statements):
    for number in range(40):
        do(mail, now, number)
    with statements(at_most=9):
        assert len(rows(manager.get(PAGE))) == 40


def test_one_is_sent_again_and_a_second_click_does_no_harm(manager, send, do, refused):
    page, again = f"{PAGE}{refused}", f"{PAGE}{refused}/again"
    form = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', manager.get(page).text)[1]}
    assert manager.post(again, data=form).location == page
    assert "The mail leaves again" in manager.get(page).text
    assert manager.post(again, data=form).location == page
    assert "no longer among those that failed" in manager.get(page).text
    assert do(states) == ["waiting"]


def test_all_that_failed_are_asked_for_once(manager, send, do, now, refused):
    do(mail, now, 1, state="failed", kind="reminder")
    assert "1 mail that failed leaves again" in manager.get(f"{AGAIN}?kind=reminder").text
    sent = send(manager, f"{AGAIN}?kind=reminder")
    assert sent.location == f"{PAGE}?kind=reminder"
    assert do(states) == ["failed", "waiting"]
    assert "Nothing of these has failed." in manager.get(f"{AGAIN}?kind=reminder").text


def pause(at):
    with transaction() as session:
        session.add(Heartbeat(name=outbox.PAUSED, at=at, detail="535 bad login"))


def test_a_queue_that_pauses_says_why_and_goes_on(manager, send, do, now):
    do(pause, now)
    page = manager.get(PAGE).text
    assert "No mail leaves at the moment" in page
    assert "535 bad login" in page
    assert send(manager, PAGE, _action="/admin/mails/resume").location == PAGE
    assert "535 bad login" not in manager.get(PAGE).text


def about_bordeaux():
    with reading() as session:
        return session.query(OutboxMessage).filter(OutboxMessage.appointment_id.is_not(None)).first().id


def test_those_of_another_site_see_nothing_of_it(app, do, now, refused):
    do(sample.docks)
    do(sample.site, key="lyon")
    do(sample.booked, "2026-12-07 09:00", now=now)
    client = staff.logged_in(app, "manager", "en")
    do(staff.works_for, "manager", "lyon")
    assert rows(client.get(PAGE)) == []
    for number in (refused, do(about_bordeaux)):
        assert client.get(f"{PAGE}{number}").status_code == 404


def test_agents_have_no_mail_log(agent):
    assert agent.get(PAGE).status_code == 404
