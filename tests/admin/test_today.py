"""The first page: who is expected on a day, where they stand, and what somebody should look at."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.clock import real_now
from portal.extensions import transaction
from portal.models import OutboxMessage
from portal.operations import appointments, outbox
from portal.operations.actors import Actor
from tests import sample

STAFF = Actor("claire@example.com", "staff", staff=True)


@pytest.fixture
def morning(do, docks, clock):
    """Three appointments of one morning, seen at 9:30: one over, one begun, one to come, and one cancelled."""
    do(sample.order)
    before = clock.now - timedelta(days=1)
    do(sample.booked, "2026-12-01 08:00", now=before, number=1)
    do(sample.booked, "2026-12-01 09:00", now=before, number=2)
    do(sample.booked, "2026-12-01 10:00", now=before, number=3, actor=STAFF, order="CMD-1042")
    gone = do(sample.booked, "2026-12-01 11:00", now=before, number=4)
    do(appointments.cancel, gone.public_id, STAFF, now=before, undo=False)
    clock.set(sample.paris("2026-12-01 09:30"))


def groups(page) -> dict[str, list[str]]:
    """Read the names under each heading."""
    found = {}
    for part in page.text.split('<section class="card flush"')[1:]:
        title = re.search(r"<h2[^>]*>(.*?) <span", part)
        if title is not None:
            found[title[1]] = re.findall(r"<strong><a [^>]*>(.*?)</a>", part)
    return found


def test_the_day_is_parted_by_where_appointments_stand(manager, morning):
    assert groups(manager.get("/admin/")) == {
        "At the moment": ["Chauffeur 2"],
        "To come": ["Chauffeur 3"],
        "Over": ["Chauffeur 1"],
        "Called off": ["Chauffeur 4"],
    }


def test_an_appointment_says_its_order_and_how_soon_it_is(manager, morning):
    text = manager.get("/admin/").text
    assert "Delivery CMD-1042\u00a0· 36 palettes\u00a0· Planning quais" in text
    assert "in 30 min" in text


def test_a_planning_says_how_full_its_day_is(manager, morning):
    assert "3 of 40 possible" in manager.get("/admin/").text


def test_another_day_is_one_link_away(manager, morning):
    page = manager.get("/admin/?day=2026-12-02")
    assert 'href="/admin/?day=2026-12-03" rel="next"' in page.text
    assert groups(page) == {}
    assert "No appointment on this day." in page.text


def test_a_closed_day_says_why(manager, docks):
    assert "Closed on this day of the week." in manager.get("/admin/?day=2026-12-06").text


@pytest.mark.parametrize("day", ["", "tomorrow", "2026-02-30", "9999-99-99"])
def test_a_day_that_is_none_is_today(manager, morning, day):
    assert "<title>Today" in manager.get(f"/admin/?day={day}").text


def test_sites_are_looked_at_one_by_one_or_together(manager, morning, do, now):
    do(sample.site, key="lyon")
    do(sample.planning, key="lyon", sites=("lyon",))
    do(sample.booked, "2026-12-01 15:00", now=now, site="lyon", planning="lyon", number=9)
    assert groups(manager.get("/admin/?site=lyon")) == {"To come": ["Chauffeur 9"]}
    assert groups(manager.get("/admin/"))["To come"] == ["Chauffeur 3", "Chauffeur 9"]
    assert groups(manager.get("/admin/?site=nowhere"))["To come"] == ["Chauffeur 3", "Chauffeur 9"]


def test_nothing_at_all_says_where_to_begin(manager):
    page = manager.get("/admin/")
    assert "No site yet: begin with one." in page.text
    assert 'href="/admin/add/site"' in page.text


def test_the_page_costs_the_same_however_full_the_day_is(manager, morning, do, now, statements):
    manager.get("/admin/")
    for number in range(10, 14):
        do(sample.booked, "2026-12-01 14:00", now=now, number=number)
    with statements(at_most=6):  # the session, the company's name, plannings, appointments, and two for the mails
        manager.get("/admin/")


def test_mails_that_failed_are_named_with_a_way_to_their_appointment(app, manager, morning):
    with app.app_context(), transaction() as session:
        session.query(OutboxMessage).filter_by(recipient="chauffeur2@example.com").update(
            {"state": "failed", "error": "550 No such mailbox"}
        )
    page = manager.get("/admin/").text
    assert "Mails to look at" in page
    assert "550 No such mailbox" in page
    assert re.search(r'href="/admin/gate/[A-Z0-9-]{9}">chauffeur2@example.com', page)


def test_a_silent_worker_is_told(manager, morning, do):
    assert "No mail is leaving" in manager.get("/admin/").text
    do(outbox.beat, "worker:1", real_now())
    assert "No mail is leaving" not in manager.get("/admin/").text


def test_who_may_only_look_is_offered_nothing_to_book(viewer, morning):
    assert "New appointment" not in viewer.get("/admin/").text
