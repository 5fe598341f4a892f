"""Services and people in the lists of the staff: the day, its sheet, the requests, the search, and its file."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from portal.domain.lifecycle import Status
from portal.operations import appointment_search, appointments, day_sheets, requests, served_choices, today
from portal.operations.appointment_search import Wanted
from portal.operations.scopes import Scope
from portal.operations.stands import Asked, Stand
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
MONDAY = date(2026, 12, 7)


def book(start: str, number: int = 0, **options: Any) -> str:
    given = {"service": "evaluation", "resources": ("jean",), **options}
    return appointments.book(sample.wish(start, number, **given), now=NOW).public_id


@pytest.fixture
def monday(do):
    """Make a Monday of three: two valuations, by Jean and by Ryan, and a lorry at the docks."""
    do(sample.agency)
    do(sample.planning)
    do(book, "2026-12-07 09:00")
    do(book, "2026-12-07 10:00", 1, resources=("ryan",))
    do(sample.booked, "2026-12-07 08:00", now=NOW, number=2)


def read(**asked: Any) -> today.Day:
    return today.read(Asked(MONDAY, **asked), now=NOW)


def test_a_day_has_its_services_beside_its_plannings(do, monday):
    found = do(read)
    counted = {part.bookable.item.key: part.counts.get(Stand.EXPECTED, 0) for part in found.parts}
    assert counted == {"quais": 1, "evaluation": 2}
    assert found.count == 3
    (expected,) = found.groups
    assert [[one.name for one in visit.assigned] for visit in expected.visits] == [[], ["Jean"], ["Ryan"]]


def test_hours_of_people_are_a_part_of_no_day_but_where_they_are_looked_at(do, monday):
    assert "bureau" not in {part.bookable.item.key for part in do(read).parts}
    assert [part.bookable.item.key for part in do(read, planning="bureau").parts] == ["bureau"]
    do(sample.planning, key="rampe", guests=False, kinds=())
    assert "rampe" in {part.bookable.item.key for part in do(read).parts}


def test_a_service_that_nobody_booked_has_no_part(do, monday):
    do(sample.service, "advice", name={"fr": "Conseil"})
    assert "advice" not in {part.bookable.item.key for part in do(read).parts}
    assert [part.bookable.item.key for part in do(read, service="advice").parts] == []


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"service": "evaluation"}, 2),
        ({"planning": "quais"}, 1),
        ({"staff": "jean"}, 1),
        ({"service": "evaluation", "staff": "lea"}, 0),
        ({"service": "nothing"}, 3),
    ],
)
def test_a_day_is_that_of_a_service_or_of_somebody(do, monday, asked, count):
    found = do(read, **asked)
    assert found.count == count
    assert do(day_sheets.read, Asked(MONDAY, **asked), now=NOW).count == count


def test_a_day_lists_who_serves_whoever_is_looked_at(do, monday):
    people = [("jean", "Jean", 1), ("ryan", "Ryan", 1)]
    assert [(one.key, one.name, one.count) for one in do(read).people] == people
    assert [(one.key, one.name, one.count) for one in do(read, staff="jean").people] == people


def test_a_day_of_services_costs_the_same_however_full_it_is(do, monday, statements):
    do(read)
    with statements() as few:
        do(read)
    for number, hour in enumerate((9, 10, 11, 14, 15), start=3):
        do(book, f"2026-12-07 {hour:02}:00", number, resources=("lea",))
    with statements() as more:
        do(read)
    assert len(few) == len(more)


def test_a_sheet_has_a_part_for_each_service(do, monday):
    sheet = do(day_sheets.read, Asked(MONDAY), now=NOW)
    parts = {part.item.named("fr"): len(part.appointments) for part in sheet.parts}
    assert parts == {"Planning quais": 1, "Évaluation de bien": 2}
    assert sorted(one.name for assigned in sheet.having.values() for one in assigned) == ["Jean", "Ryan"]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"service": "evaluation"}, 2),
        ({"staff": "ryan"}, 1),
        ({"staff": "lea"}, 0),
        ({"planning": "quais"}, 1),
        ({"service": "evaluation", "planning": "quais"}, 0),
    ],
)
def test_the_search_finds_by_service_and_by_person(do, monday, wanted, count):
    found = do(appointment_search.search, Wanted(**wanted))
    assert found.total == len(found.appointments) == count
    assert len(list(do(every, Wanted(**wanted)))) == count


def every(wanted: Wanted) -> list[Any]:
    return list(appointment_search.every(wanted))


def test_what_is_found_says_whom_it_has(do, monday):
    found = do(appointment_search.search, Wanted(service="evaluation"))
    assert sorted(one.name for assigned in found.having.values() for one in assigned) == ["Jean", "Ryan"]
    assert sorted(one.name for _card, assigned in do(every, Wanted()) for one in assigned) == ["Jean", "Ryan"]


def test_a_room_is_not_somebody_who_serves(do):
    do(sample.agency, requires=[{"kind": "staff"}, {"kind": "room"}])
    do(sample.resource, "salle", "room")
    do(book, "2026-12-07 09:00")
    assert do(appointment_search.search, Wanted(staff="salle")).total == 0
    assert do(appointment_search.search, Wanted(staff="jean")).total == 1


def test_the_choices_are_those_of_the_sites_one_works_for(do, monday):
    do(sample.site, key="lyon")
    do(sample.resource, "marie", sites=("lyon",))
    found = do(served_choices.choices)
    assert [key for key, _names in found.services] == ["evaluation"]
    assert [key for key, _name in found.people] == ["jean", "lea", "marie", "ryan"]
    bordeaux = do(requests_at_bordeaux)
    assert [key for key, _name in do(served_choices.choices, scope=bordeaux).people] == ["jean", "lea", "ryan"]


def requests_at_bordeaux() -> Scope:
    found = appointment_search.search(Wanted(site="bordeaux"))
    return Scope(frozenset({found.appointments[0].site.id}))


def test_requests_are_counted_and_found_by_service(do):
    do(sample.agency, policy={"validation": "staff"})
    do(sample.planning)
    do(book, "2026-12-07 09:00")
    do(book, "2026-12-07 10:00", 1, resources=("ryan",))
    do(sample.booked, "2026-12-07 08:00", now=NOW, number=2)
    counted = {one.service or one.planning: one.number for one in do(requests.places, now=NOW)}
    assert counted == {"evaluation": 2, "quais": 1}
    found = do(requests.search, requests.Wanted(service="evaluation"), now=NOW)
    assert [card.status for card in found.requests] == [Status.REQUESTED, Status.REQUESTED]
    assert [found.asked[card.id] for card in found.requests] == [("Jean",), ("Ryan",)]
    assert do(requests.search, requests.Wanted(planning="quais"), now=NOW).asked == {}
