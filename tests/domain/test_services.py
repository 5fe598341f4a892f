"""Common times: what is offered for several resources together is what each of them has free, minute by minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.domain.matching import Requirement
from portal.domain.openings import Opening, Schedule, SiteCalendar, Version, always, serving
from portal.domain.reservations import Reservation
from portal.domain.services import Common, Needs, Pool, Shape
from portal.domain.slots import Reason, Rules
from portal.domain.steps import Piece, Steps

ZONE = ZoneInfo("UTC")
DAY = date(2026, 12, 7)
MIDNIGHT = int(datetime(2026, 12, 7, tzinfo=UTC).timestamp())
SITE = SiteCalendar(ZONE)
GRAIN = 10  # minutes: everything below is a multiple of it
HOURS = range(8 * 60, 12 * 60, GRAIN)


def second(minute: int) -> int:
    return MIDNIGHT + minute * 60


def hours(*openings: tuple[int, int, int]) -> Schedule:
    """Open on Mondays."""
    return Schedule(ZONE, (Version(None, {1: tuple(Opening(*one) for one in openings)}),))


def taken(*spans: tuple[int, int]) -> tuple[Piece, ...]:
    return tuple((second(start), second(end), 1) for start, end in spans)


def away(*spans: tuple[int, int]) -> Steps:
    return Steps.highest_of(taken(*spans))


NINE_TO_TEN = hours((540, 600, 1))
ALL_MORNING = hours((480, 720, 1))
A_PERSON = Needs(Requirement("staff"), (1,))


def common(pools: Mapping[int, Pool], *needs: Needs, shape: Shape | None = None, **more: object) -> Common:
    return Common(SITE, shape or Shape(60, 30), needs or (A_PERSON,), pools, **more)  # type: ignore[arg-type]


def offered(found: Common, day: date = DAY) -> list[str]:
    return [f"{start.start:%H:%M}" for start in found.search(day, day, Rules()) if start.offered]


def reasons(found: Common, minute: int) -> tuple[Reason, ...]:
    start = datetime.fromtimestamp(second(minute), UTC)
    return found.at(start, Rules(), bound_to_grid=True).reasons


def test_a_break_in_nobody_s_hours_is_a_break():
    """The union of two people's hours is open from eight to ten, and neither of them is."""
    found = common(
        {1: Pool((hours((480, 540, 1)),)), 2: Pool((hours((540, 600, 1)),))}, Needs(Requirement("staff"), (1, 2))
    )
    assert offered(found) == ["08:00", "09:00"]
    assert reasons(found, 510) == (Reason.BREAK,)
    assert reasons(found, 517) == (Reason.BREAK, Reason.OFF_GRID)


def test_no_common_hours_at_all_are_closed():
    room = Needs(Requirement("room"), (2,))
    found = common({1: Pool((hours((480, 540, 1)),)), 2: Pool((hours((600, 660, 1)),))}, A_PERSON, room)
    assert reasons(found, 480) == (Reason.CLOSED,)


def test_absent_and_busy_are_told_apart():
    found = common({1: Pool((ALL_MORNING,), taken((600, 660)), away((480, 540)))})
    assert [reasons(found, minute) for minute in (480, 540, 600)] == [
        (Reason.RESOURCE_ABSENT,),
        (),
        (Reason.RESOURCE_BUSY,),
    ]


def test_a_buffer_may_lie_outside_the_hours():
    shape = Shape(60, 30, before=30, after=30)
    assert offered(common({1: Pool((NINE_TO_TEN,))}, shape=shape)) == ["09:00"]


def test_a_buffer_outside_the_hours_meets_another_s_buffer():
    shape = Shape(60, 30, before=30)
    found = common({1: Pool((NINE_TO_TEN,), taken((450, 520)))}, shape=shape)
    assert reasons(found, 540) == (Reason.RESOURCE_BUSY,)


def test_outside_the_hours_a_buffer_has_the_capacity_of_the_nearest_edge():
    shape = Shape(60, 30, before=30)
    two = hours((540, 600, 2))
    assert offered(common({1: Pool((two,), taken((450, 520)))}, shape=shape)) == ["09:00"]
    assert offered(common({1: Pool((two,), taken((450, 520), (450, 520)))}, shape=shape)) == []


def test_an_absence_in_a_buffer_counts():
    shape = Shape(60, 30, after=30)
    assert offered(common({1: Pool((NINE_TO_TEN,), absent=away((610, 640)))}, shape=shape)) == []


def test_a_room_without_planning_is_open_from_midnight_to_midnight_and_over_it():
    found = common({1: Pool((always(ZONE),))}, Needs(Requirement("room"), (1,)), shape=Shape(60, 60))
    assert len(offered(found)) == 24


def test_hours_reserved_to_another_service_are_closed_to_this_one():
    mixed = Schedule(ZONE, (Version(None, {1: (Opening(480, 540, 1, ("other",)), Opening(540, 600, 1))}),))
    assert offered(common({1: Pool((serving(mixed, "mine"),))})) == ["09:00"]
    assert offered(common({1: Pool((serving(mixed, "other"),))})) == ["08:00", "08:30", "09:00"]


def test_nights_are_one_start_a_day_and_keep_their_wall_time_over_a_clock_change():
    paris = ZoneInfo("Europe/Paris")
    shape = Shape(60, 30, iterations=1, reservation=Reservation(unit="night"))
    room = Common(SiteCalendar(paris), shape, (Needs(Requirement("room"), (1,)),), {1: Pool((always(paris),))})
    (night,) = room.search(date(2027, 3, 27), date(2027, 3, 27), Rules())
    assert (night.start.astimezone(paris).hour, night.end.astimezone(paris).hour) == (15, 11)
    assert night.end - night.start == timedelta(hours=19)
    assert night.offered


def test_places_are_those_of_the_scarcest_requirement():
    pools = {one: Pool((ALL_MORNING,)) for one in range(1, 6)}
    found = common(pools, Needs(Requirement("staff", count=2), (1, 2, 3)), Needs(Requirement("room"), (4, 5)))
    assert {start.places for start in found.search(DAY, DAY, Rules()) if start.offered} == {1}
    assert {start.places for start in common(pools, Needs(Requirement("room"), (4, 5))).search(DAY, DAY, Rules())
            if start.offered} == {2}  # fmt: skip


spans = st.tuples(st.integers(0, 40), st.integers(1, 8)).map(
    lambda one: (450 + one[0] * GRAIN, 450 + (one[0] + one[1]) * GRAIN)
)


@st.composite
def a_pool(draw: st.DrawFn) -> tuple[Pool, tuple[tuple[int, int, int], ...], list, list]:
    cut = draw(st.integers(1, 23)) * GRAIN + 480
    first, second_ = draw(st.integers(1, 2)), draw(st.integers(0, 2))
    openings = ((480, cut, first), *(((cut, 720, second_),) if second_ else ()))
    used, absent = draw(st.lists(spans, max_size=3)), draw(st.lists(spans, max_size=1))
    return Pool((hours(*openings),), taken(*used), away(*absent)), openings, used, absent


@st.composite
def a_case(draw: st.DrawFn):
    pools = {number: draw(a_pool()) for number in range(1, draw(st.integers(1, 4)) + 1)}
    needs = draw(
        st.lists(
            st.tuples(st.integers(1, 2), st.sets(st.sampled_from(sorted(pools)), min_size=1)), min_size=1, max_size=3
        )
    )
    shape = Shape(*draw(st.tuples(st.sampled_from((20, 30, 60)), st.sampled_from((10, 20, 30)),
                                  st.sampled_from((0, 10, 30)), st.sampled_from((0, 10, 30)),
                                  st.just(1), st.sampled_from((1, 1, 2)))))  # fmt: skip
    chosen = draw(st.lists(st.sampled_from(sorted(pools)), max_size=2, unique=True))
    return pools, needs, shape, tuple(chosen), draw(st.none() | a_pool())


def is_free(pool, start: int, shape: Shape) -> bool:
    """Look at every ten minutes: open and free in the slot; free in the buffers, with the nearest edge's capacity."""
    _, openings, used, absent = pool
    end = start + shape.minutes

    def capacity(minute: int) -> int:
        return max((slots for since, until, slots in openings if since <= minute < until), default=0)

    for minute in range(start - shape.before, end + shape.after, GRAIN):
        there = capacity(minute)
        if start <= minute < end and not there:
            return False
        there = there or capacity(start if minute < start else end - GRAIN)
        if any(since <= minute < until for since, until in absent):
            return False
        if sum(since <= minute < until for since, until in used) + shape.quantity > there:
            return False
    return True


def has_room(planning, start: int, shape: Shape) -> bool:
    """Tell whether a planning has as many places: it knows no buffers, and is never absent."""
    if planning is None:
        return True
    pool, openings, used, _ = planning
    return is_free((pool, openings, used, ()), start, replace(shape, before=0, after=0))


def can_be_matched(needs, chosen, free: set[int]) -> bool:
    """Try every way to seat distinct resources."""
    seats = [ids for count, ids in needs for _ in range(count)]
    if not set(chosen) <= free:
        return False
    return any(
        all(one in ids for one, ids in zip(seated, seats, strict=True))
        for seated in permutations(sorted(free), len(seats))
    )


@settings(max_examples=150, deadline=None)
@given(a_case())
def test_what_is_offered_is_what_can_be_had(case):
    pools, needs, shape, chosen, planning = case
    found = Common(
        SITE,
        shape,
        tuple(Needs(Requirement("staff", count=count), tuple(sorted(ids))) for count, ids in needs),
        {number: pool[0] for number, pool in pools.items()},
        planning[0] if planning else None,
        chosen,
    )
    for start in found.search(DAY, DAY, Rules()):
        minute = int(start.start.timestamp() - MIDNIGHT) // 60
        free = {number for number, pool in pools.items() if is_free(pool, minute, shape)}
        assert start.offered == (can_be_matched(needs, chosen, free) and has_room(planning, minute, shape)), start
        assert found.free_at(start.start) == free
        assert found.at(start.start, Rules(), bound_to_grid=True) == start
        assert start.offered or start.reasons[0] in {
            Reason.BREAK,
            Reason.CLOSED,
            Reason.FULL,
            Reason.RESOURCE_ABSENT,
            Reason.RESOURCE_BUSY,
        }
