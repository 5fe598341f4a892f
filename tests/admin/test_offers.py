"""Offers and the waiting list in the staff area: found, read, removed; ten thousand of them stay quick."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select

from portal.admin import offers as admin_offers
from portal.extensions import reading, transaction
from portal.models import Appointment, Audit, FreedPlace, Offer, Pool, Site, User, UserSite, WaitingEntry
from portal.operations import appointments, claims, offers, tokens, waiting
from tests import sample, sql, staff
from tests.admin.conftest import Forms
from tests.operations import waiters
from tests.operations.waiters import MONDAY, STAFF

NINE, LATER = f"{MONDAY} 09:00", "2026-12-14"
OFFERS, WAITING = "/admin/offers/", "/admin/waiting/"


@pytest.fixture
def offered(do, now):
    """Offer Monday at 9 to two holders and to somebody of the waiting list; gives the one who gave it back."""
    do(waiters.dock, policy={"waiting_list": True})
    first = do(waiters.book, NINE, 90, now=now, actor=STAFF)
    for number in (1, 2):
        do(waiters.book, f"{LATER} {8 + number:02}:00", number, now=now + timedelta(seconds=number), actor=STAFF)
    do(waiters.wait, MONDAY, number=1, now=now)
    do(appointments.cancel, first.public_id, STAFF, now=now, undo=False)
    do(offers.advance, now)
    return first


def main(page):
    return page.text.partition("<main")[2].partition("</main>")[0]


def lines(page):
    return main(page).count('<th scope="row">')


def test_before_anything_was_offered_the_page_says_what_will_stand_there(manager):
    assert "Nothing was offered yet." in manager.get(OFFERS).text
    assert "Nobody waits." in manager.get(WAITING).text


def test_an_offer_says_to_whom_what_why_and_what_became_of_it(manager, offered, do, now):
    do(claims.claim, do(waiters.offer_tokens)[1], now=now)
    page = manager.get(OFFERS)
    assert lines(page) == 3
    for told in (
        "Chauffeur 1",
        "attente1@example.com",
        "No. 1 in line, appointment made on Tuesday 1 December",
        "No. 3 in line, on the waiting list since Tuesday 1 December",
        "a cancellation, to all at once",
        "Taken",
        "No longer free or wanted",
    ):
        assert told in page.text, told


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("?q=chauffeur1", 1),
        ("?q=nobody", 0),
        ("?state=open", 3),
        ("?state=claimed", 0),
        ("?state=nonsense", 3),
        ("?whom=list", 1),
        ("?whom=holders", 2),
        ("?site=bordeaux", 3),
        ("?site=lyon", 0),
        ("?from=2026-12-01&to=2026-12-01", 3),
        ("?from=2026-12-02", 0),
        ("?from=soon&before=x&q=%25", 0),
        ("?before=1", 0),
    ],
)
def test_offers_are_found_by_the_address(manager, offered, query, count):
    page = manager.get(OFFERS + query)
    assert (page.status_code, lines(page)) == (200, count)


def test_older_offers_are_on_the_next_page(manager, offered, do, monkeypatch):
    monkeypatch.setattr(admin_offers, "SIZE", 2)
    first = manager.get(OFFERS)
    assert (lines(first), "Older offers" in first.text) == (2, True)
    second = manager.get(f"{OFFERS}?before={do(waiters.offers)[1].id}")
    assert (lines(second), "Newest offers" in second.text, "Older offers" in second.text) == (1, True, False)


def test_an_offer_whose_time_is_over_is_said_so_before_the_worker_comes(manager, offered, clock):
    clock.set(sample.paris(NINE))
    assert "Not answered in time" in manager.get(OFFERS).text


def test_one_by_one_is_said(manager, do, now):
    do(waiters.dock, policy={"earlier_slots": {"mode": "one_by_one"}})
    first = do(waiters.book, NINE, 90, now=now)
    do(waiters.book, f"{LATER} 09:00", 1, now=now)
    do(waiters.cancel, first.public_id, now)
    do(offers.advance, now)
    assert "a cancellation, one by one, place kept" in manager.get(OFFERS).text


def test_an_appointments_page_tells_what_it_was_offered_and_what_it_gave_to_others(manager, offered, do, now):
    do(claims.claim, do(waiters.offer_tokens)[0], now=now)
    given = manager.get(f"/admin/appointments/{offered.public_id}").text
    assert "Place offered to others" in given
    assert "to 3 who waited" in given
    taker = do(holder_of, 0)
    told = manager.get(f"/admin/appointments/{taker}").text
    for text in ("Earlier time offered", "To an earlier time that was offered."):
        assert text in told


def holder_of(place):
    offer = waiters.offers()[place]
    with reading() as session:
        return session.get_one(Appointment, offer.appointment_id).public_id


# The waiting list


def test_the_list_says_who_waits_for_which_days_and_how_many_offers_they_got(manager, offered):
    page = manager.get(WAITING)
    for told in ("attente1@example.com", "Monday 7 December 2026", "1 person waits", "Waiting"):
        assert told in page.text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("?state=waiting", 2),
        ("?state=left", 1),
        ("?state=all", 3),
        ("?q=attente1", 1),
        (f"?day={MONDAY}", 1),
        ("?day=2026-12-09", 1),
        ("?day=2027-12-09", 0),
        ("?day=soon", 2),
        ("?site=lyon", 0),
        ("?after=999999999", 0),
        ("?after=x", 2),
    ],
)
def test_entries_are_found_by_the_address(manager, offered, do, now, query, count):
    do(waiters.wait, "2026-12-08", "2026-12-10", number=2, now=now)
    do(waiters.wait, "2026-12-08", number=3, now=now)
    do(leave_last, now)
    page = manager.get(WAITING + query)
    assert (page.status_code, lines(page)) == (200, count)


def leave_last(now):
    with reading() as session:
        last = session.scalars(select(WaitingEntry).order_by(WaitingEntry.id.desc()).limit(1)).one()
    waiting.leave(tokens.token(tokens.WAIT, last.public_id, 1), now=now)


def test_somebody_is_taken_off_the_list_once_asked_and_it_is_logged(manager, offered, do):
    number = do(entry_id)
    url = f"{WAITING}{number}/remove"
    page = manager.get(url)
    assert "attente1@example.com" in page.text
    forms = Forms()
    forms.feed(page.text)
    sent = dict(forms.forms[url])
    for told in ("is no longer on the waiting list", "This entry is no longer"):
        assert manager.post(url, data=sent).status_code == 303
        assert told in manager.get(WAITING).text
    assert do(audited) == [("removed", "waiting", "attente1@example.com")]


def entry_id():
    with reading() as session:
        return session.scalars(select(WaitingEntry.id)).one()


def audited():
    with reading() as session:
        return [(row.action, row.kind, row.label) for row in session.scalars(select(Audit))]


def test_an_agent_sees_the_list_and_removes_nobody(agent, offered, do):
    assert "Remove" not in main(agent.get(WAITING))
    assert agent.get(f"{WAITING}{do(entry_id)}/remove").status_code == 404


def test_other_sites_see_neither(app, do, offered, now):
    do(sample.site, key="lyon")
    client = staff.logged_in(app, "manager", "en")
    do(only_lyon)
    assert "attente1" not in client.get(WAITING).text
    assert lines(client.get(OFFERS)) == 0
    assert client.get(f"{WAITING}{do(entry_id)}/remove").status_code == 404


def only_lyon():
    with transaction() as session:
        user = session.query(User).filter_by(email="manager@example.com").one()
        user.every_site = False
        session.add(UserSite(user_id=user.id, site_id=session.query(Site).filter_by(key="lyon").one().id))


# Ten thousand


def crowd(count, now):
    """Write so many entries, each with an offer of the place that was given back."""
    with transaction() as session:
        place, pool = session.query(FreedPlace).first().id, session.query(Pool).first().id
        day = date.fromisoformat(MONDAY)
        entries = [
            {
                "public_id": f"{number:032x}",
                "pool_id": pool,
                "email": f"foule{number}@example.com",
                "locale": "fr",
                "first_day": day,
                "last_day": day,
                "created_at": now,
            }
            for number in range(count)
        ]
        written = insert(WaitingEntry).returning(WaitingEntry.id, sort_by_parameter_order=True)
        ids = session.scalars(written, entries).all()
        start = sample.paris(NINE)
        made = [
            {
                "public_id": f"{number + 10**6:032x}",
                "freed_id": place,
                "waiting_id": ids[number],
                "starts_at": start,
                "ends_at": start + timedelta(hours=1),
                "offered_on": day,
                "created_at": now,
                "expires_at": start,
                "reason": {"rank": number, "since": now.isoformat(), "mode": "all"},
            }
            for number in range(count)
        ]
        session.execute(insert(Offer), made)
        sql.grown(session)


@pytest.mark.parametrize("url", [OFFERS, f"{OFFERS}?q=foule9", WAITING, f"{WAITING}?day={MONDAY}"])
def test_ten_thousand_take_as_many_statements_as_a_few(manager, offered, do, now, statements, url):
    manager.get(url)
    with statements() as few:
        manager.get(url)
    do(crowd, 10_000, now)
    with statements(at_most=len(few)):
        page = manager.get(url)
    assert lines(page) == 50
