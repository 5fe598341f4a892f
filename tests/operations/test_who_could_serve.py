"""Who could be given a start: for one, for many at once, and beside those picked by name."""

from __future__ import annotations

from datetime import timedelta

from portal.extensions import reading
from portal.operations import availability, bookables
from portal.operations.asking import PUBLIC, Asking
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
MONDAY = paris("2026-12-07 12:00").date()
TWO = ({"kind": "staff", "skills": {"evaluation": 1}}, {"kind": "staff"}, {"kind": "room"})


def week(asking: Asking = PUBLIC, days: int = 6):
    with reading() as session:
        bookable = bookables.find(session, "bordeaux", None, service="evaluation")
        return availability.search(session, bookable, MONDAY, MONDAY + timedelta(days), now=NOW, asking=asking)


def names(bounds) -> list[str]:
    return [one.card.key for one in bounds]


def keys_at(start: str, asking: Asking = PUBLIC) -> list[str]:
    found = week(asking)
    together = dict(zip(found.starts, map(names, found.ground.staff_of(found.starts)), strict=True))
    return next(there for one, there in together.items() if one.start == paris(start))


def agency(**options) -> None:
    sample.agency(**options)
    sample.resource("paul", plannings=("bureau",), absences=[("2026-12-08T00:00", "2026-12-09T00:00")])
    sample.resource("salon", "room")


def test_many_starts_say_what_each_says_alone(do):
    do(agency, requires=TWO)
    do(sample.booked, "2026-12-07 10:00", now=NOW, service="evaluation")
    found = do(week)
    together = do(lambda: [names(one) for one in found.ground.staff_of(found.starts)])
    assert together == [names(found.ground.staff(one.start)) if one.offered else [] for one in found.starts]
    assert {len(one) for one in together} == {0, 3, 4}


def test_who_is_away_or_taken_is_not_among_them(do):
    do(agency)
    do(sample.booked, "2026-12-08 10:00", now=NOW, service="evaluation", resources=("lea",))
    assert do(keys_at, "2026-12-08 10:00") == ["jean", "ryan"]
    assert do(keys_at, "2026-12-08 11:00") == ["jean", "ryan", "lea"]
    assert do(keys_at, "2026-12-09 10:00") == ["jean", "ryan", "lea", "paul"]


def test_beside_a_chosen_person_only_those_remain_whom_it_leaves_a_seat(do):
    do(agency, requires=TWO)
    ids = {one.card.key: one.card.id for one in do(week).ground.bounds.values()}
    everybody = ["jean", "ryan", "lea", "paul"]
    assert do(keys_at, "2026-12-09 10:00", Asking(resources=(ids["jean"],))) == everybody
    assert do(keys_at, "2026-12-09 10:00", Asking(resources=(ids["paul"],))) == everybody
    assert do(keys_at, "2026-12-09 10:00", Asking(resources=(ids["jean"], ids["paul"]))) == ["jean", "paul"]


def test_two_months_cost_no_statement_more_than_a_day(do, statements):
    do(agency)
    do(week)
    for days in (0, 61):
        with statements(at_most=4):
            found = do(week, days=days)
            do(found.ground.staff_of, found.starts)
