"""The last 90 days by another rule: read from what was booked, with the people of today."""

from __future__ import annotations

from typing import Any

from portal.domain.policy import Distribution
from portal.operations import appointments, replays
from portal.operations.replays import Wanted
from portal.operations.scopes import Scope
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-20 08:00")
BOOKED = paris("2026-12-01 08:00")


def book(start: str, number: int = 0, **options: Any) -> None:
    given = {"service": "evaluation", **options}
    appointments.book(sample.wish(f"2026-12-{start}", number, **given), now=BOOKED)


def month() -> None:
    """Book a week of valuations, one of them with Jean by name, and one after the period."""
    sample.agency(policy={"distribution": {"rule": "history"}})
    for day in ("07 09:00", "07 14:00", "08 09:00", "08 14:00", "09 09:00"):
        book(day)
    book("09 14:00", resources=("jean",))
    book("22 09:00")


def read(rule: Distribution | None = None, **wanted: Any) -> replays.Replay:
    found = replays.read(Wanted(rule=rule, **wanted), now=NOW)
    assert found is not None
    return found


def minutes(found: replays.Replay) -> dict[str, tuple[int, int]]:
    return {line.name: (line.minutes, line.new_minutes) for line in found.lines}


def test_one_customer_is_served_by_one_person_or_by_everybody_in_turn(do):
    do(month)
    found = do(read, Distribution("fair"))
    assert minutes(found) == {"Jean": (360, 180), "Lea": (0, 60), "Ryan": (0, 120)}
    assert (found.total, found.moved) == (6, 3)
    assert [round(spread.deviation) for spread in (found.before, found.after)] == [170, 49]


def test_the_rule_in_force_gives_what_was_given(do):
    do(month)
    found = do(read)
    assert found.rule == found.current == Distribution("history")
    assert found.moved == 0
    assert (str(found.first), str(found.last)) == ("2026-09-21", "2026-12-19")


def test_time_around_rooms_requirements_and_fullest_days_count_as_when_it_was_booked(do):
    needs = [{"kind": "staff", "skills": {"expert": 1}}, {"kind": "staff"}, {"kind": "room", "optional": True}]
    do(sample.agency, policy={"distribution": {"rule": "history"}}, requires=needs, buffer_after=45, step=15)
    do(sample.resource, "ana", plannings=("bureau",), skills={"expert": 3}, max_per_day=2)
    do(sample.resource, "zoe", plannings=("bureau",), skills={"expert": 3})
    do(sample.resource, "salle", "room")
    for number, start in enumerate(
        ("07 09:00", "07 10:15", "07 11:00", "07 14:00", "07 16:00", "08 09:00", "08 11:00")
    ):
        do(book, start, number // 2)  # the same customer twice
    found = do(read)
    assert (found.total, found.moved, found.current.rule) == (7, 0, "history")
    assert do(read, Distribution("fair")).moved > 0


def test_who_is_away_or_not_fit_is_given_nothing(do):
    do(month)
    do(sample.resource, "novice", plannings=("bureau",))
    do(sample.resource, "gone", plannings=("bureau",), absences=[("2026-12-01T00:00", "2026-12-31T00:00")])
    do(sample.service, "visite", requires=[{"kind": "staff", "skills": {"evaluation": 1}}])
    do(book, "10 09:00", 1, service="visite", resources=("lea",))
    found = do(read, Distribution("balanced", "week"))
    assert minutes(found)["Gone"] == (0, 0)
    skilled = do(read, Distribution("fair"), service="visite")
    assert minutes(skilled)["Novice"] == (0, 0)
    assert (skilled.total, minutes(skilled)["Lea"]) == (1, (60, 60))


def test_another_service_counts_but_stays(do):
    do(month)
    do(sample.service, "visite")
    for number, hour in enumerate(("10:00", "11:00", "15:00")):
        do(book, f"07 {hour}", number, service="visite", resources=("ryan",))
    found = do(read, Distribution("balanced"), service="evaluation")
    assert found.total == 6
    assert [one.key for one in found.services] == ["evaluation", "visite"]
    assert minutes(found)["Ryan"][0] == 0


def test_what_is_another_sites_is_not_seen(do):
    do(month)
    do(sample.site, key="lyon")
    assert do(replays.read, Wanted(), now=NOW, scope=Scope(frozenset({-1}))) is None
    assert do(read, site="lyon").site.key == "bordeaux"


def test_it_asks_as_much_for_many_as_for_few_and_writes_nothing(do, app, statements, no_writes):
    do(month)

    def asked() -> int:
        do(read)
        with app.app_context(), statements(at_most=20) as seen, no_writes():
            replays.read(Wanted(), now=NOW)
        return len(seen)

    few = asked()
    do(sample.resource, "tom", plannings=("bureau",))
    do(book, "10 09:00", 1)
    assert asked() == few
