"""Lists of appointments: filtered, in order, page by page, in one statement."""

from __future__ import annotations

from datetime import date

import pytest

from portal.domain.errors import Invalid, NotFound
from portal.operations import appointment_lists, appointments
from portal.operations.actors import GUEST, Actor
from portal.operations.appointment_lists import Filter
from tests import sample
from tests.backends import NOW
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)


@pytest.fixture
def booked(do):
    do(sample.docks, sites=("bordeaux",))
    do(sample.order)
    first = do(sample.booked, "2026-12-07 08:00", now=NOW, number=1)
    do(sample.booked, "2026-12-07 09:00", now=NOW, number=2)
    do(sample.booked, "2026-12-07 09:00", now=NOW, number=3, actor=STAFF, order="CMD-1042")
    do(sample.booked, "2026-12-08 08:00", now=NOW, number=1)
    do(appointments.cancel, first.public_id, GUEST, now=NOW)


def names(do, **wanted) -> list[str]:
    return [card.name for card in do(appointment_lists.find_appointments, Filter(**wanted)).appointments]


def test_they_come_by_their_start(do, booked):
    assert names(do) == ["Chauffeur 1", "Chauffeur 2", "Chauffeur 3", "Chauffeur 1"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"site": "bordeaux", "planning": "quais"}, 4),
        ({"site": "lyon"}, 0),
        ({"planning": "bureau"}, 0),
        ({"statuses": ["cancelled"]}, 1),
        ({"statuses": ["confirmed", "cancelled"]}, 4),
        ({"order": "CMD-1042"}, 1),
        ({"order": "CMD-1"}, 0),
        ({"email": " Chauffeur1@Example.com"}, 2),
        ({"since": paris("2026-12-07 09:00"), "until": paris("2026-12-08 08:00")}, 2),
    ],
)
def test_they_are_filtered(do, booked, wanted, found):
    assert len(names(do, **wanted)) == found


@pytest.mark.parametrize("wanted", [{"statuses": ["lost"]}, {"email": "nobody"}])
def test_a_filter_that_means_nothing_is_refused(do, wanted):
    with pytest.raises(Invalid):
        names(do, **wanted)


def test_pages_part_two_of_the_same_hour_without_losing_one(do, booked):
    seen, cursor = [], None
    while True:
        page = do(appointment_lists.find_appointments, Filter(), cursor=cursor, size=1)
        seen += [card.id for card in page.appointments]
        if (cursor := page.next) is None:
            break
    assert len(seen) == len(set(seen)) == 4


@pytest.mark.parametrize("cursor", ["nonsense", "é", "MjAyNi0xMi0wMSAx"])
def test_a_foreign_cursor_is_refused(do, cursor):
    with pytest.raises(Invalid):
        do(appointment_lists.find_appointments, Filter(), cursor=cursor)


def test_a_list_is_one_statement(do, booked, statements):
    names(do)  # the cards of site and planning are kept from now on
    with statements(at_most=1):
        assert len(names(do)) == 4


def test_a_day_is_the_site_s_own(do, booked):
    assert [card.name for card in do(appointment_lists.of_day, "bordeaux", date(2026, 12, 8))] == ["Chauffeur 1"]
    assert do(appointment_lists.local_bounds, date(2026, 12, 7), date(2026, 12, 7)) == (
        paris("2026-12-07 00:00"),
        paris("2026-12-08 00:00"),
    )


def test_a_day_of_no_site_is_refused(do):
    with pytest.raises(NotFound):
        do(appointment_lists.of_day, "nowhere", date(2026, 12, 8))
