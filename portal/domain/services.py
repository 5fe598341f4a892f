"""Common times: the starts at which all that a service needs is open and free at once, and why the others are not.

The starts of a range are judged together: what hinders a resource is a bitmap over them, and ``matching`` finds the
starts at which distinct resources are left for all requirements. Everything is seconds since 1970.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache
from itertools import pairwise

from portal.domain import matching
from portal.domain.openings import Schedule, SiteCalendar, open_pieces
from portal.domain.reservations import Reservation
from portal.domain.slots import UNPLANNED, Candidate, Day, Hours, Reason, Rules, Start, laid_out
from portal.domain.steps import Piece, Steps
from portal.domain.zones import DAY, day_bounds, days, end_instant, epoch, instant_of, local_day, start_instant

NOTHING = Steps((), (0,))


@dataclass(frozen=True, slots=True)
class Shape:
    """What one booking takes: ``minutes`` times ``iterations``, or nights, with buffers in minutes; units of each."""

    minutes: int
    step: int
    before: int = 0
    after: int = 0
    iterations: int = 1
    quantity: int = 1
    reservation: Reservation = field(default_factory=Reservation)

    @property
    def length(self) -> int:
        """Seconds of an appointment; where nights are booked about, for their clock may change."""
        return 86_400 * self.iterations if self.reservation.nights else self.minutes * 60 * self.iterations

    def end(self, start: int, site: SiteCalendar) -> int:
        """Tell when an appointment ends that begins then."""
        if not self.reservation.nights:
            return start + self.length
        evening = local_day(instant_of(start), site.zone)
        return epoch(end_instant(evening + self.iterations * DAY, self.reservation.until, site.zone))


@dataclass(frozen=True, eq=False)
class Pool:
    """Hours and use of one resource, or of the planning: ``taken`` are the units present, with buffers, in any order.

    ``absent`` is above zero while it is away; on the ``full`` local days (from, until) it may begin nothing more.
    """

    hours: tuple[Schedule, ...]
    taken: tuple[Piece, ...] = ()
    absent: Steps = NOTHING
    full: tuple[tuple[int, int], ...] = ()

    @cached_property
    def used(self) -> Steps:
        """The units present, summed up over time."""
        return Steps.sum_of(self.taken)


@dataclass(frozen=True, slots=True)
class Needs:
    """One requirement with the ids of all that fit it, free or not."""

    requirement: matching.Requirement
    candidates: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many of them are needed."""
        return self.requirement.count

    @property
    def optional(self) -> bool:
        """Whether it is only taken when it is free."""
        return self.requirement.optional


@dataclass(frozen=True, eq=False)
class Common:
    """A service at a site, with all that its search reads. ``chosen`` are the ids of those picked by name."""

    site: SiteCalendar
    shape: Shape
    needs: tuple[Needs, ...]
    pools: Mapping[int, Pool]
    planning: Pool | None = None
    chosen: tuple[int, ...] = ()

    @cached_property
    def required(self) -> tuple[Needs, ...]:
        """The requirements without which nothing is offered."""
        return tuple(one for one in self.needs if not one.optional)

    @cached_property
    def schedules(self) -> tuple[Schedule, ...]:
        """The hours from which starts are counted: the planning's, else those of the first required candidates."""
        if self.planning is not None:
            return self.planning.hours
        first = self.required[0].candidates if self.required else self.chosen
        return tuple(dict.fromkeys(hours for one in first for hours in self.pools[one].hours))

    def search(self, first: date, last: date, rules: Rules) -> tuple[Start, ...]:
        """Judge every candidate start of the site's local dates, both included, in order."""
        return self._judged([one for day in days(first, last) for one in self._grid(day)], rules)

    def next_offered(self, first: date, last: date, rules: Rules) -> Start | None:
        """Find the first start offered on the dates of a ``search``: day by day, and no further."""
        found = (start for day in days(first, last) for start in self.search(day, day, rules))
        return next((start for start in found if start.offered), None)

    def at(self, start: datetime, rules: Rules, *, bound_to_grid: bool) -> Start:
        """Judge one start, on the grid or not, as ``search`` would."""
        second = epoch(start)
        on_grid = start.microsecond == 0 and any(one.start == second for one in self._grid(self._day_of(start)))
        astray = not on_grid and (bound_to_grid or start.microsecond or second % 60)
        more = (Reason.OFF_GRID,) if astray else ()
        return self._judged([self._candidate(second, more)], rules)[0]

    def opens(self, day: date) -> bool:
        """Tell whether anything is open on a local date, whatever is booked."""
        since, until = (epoch(bound) for bound in day_bounds(day, self.site.zone))
        return _hours(self.schedules, self.site, since, until).highest(since, until) > 0

    @cached_property
    def eligible(self) -> tuple[int, ...]:
        """Those who could be given a start that is offered, if they are free then: beside those chosen, or as such."""
        seats = matching.seats_of((one.count, one.candidates) for one in self.required)
        return tuple(sorted({*matching.eligible(seats, self.chosen), *self.chosen}))

    def free_among(self, starts: Sequence[Start], resources: Iterable[int]) -> list[tuple[int, ...]]:
        """List for each of some starts, in order, which of these resources are open and free for an appointment."""
        if not starts:
            return []
        scene = _Scene(self, [epoch(one.start) for one in starts], [epoch(one.end) for one in starts])
        free = [(one, scene.free(one)) for one in resources]
        return [tuple(one for one, mask in free if mask >> index & 1) for index in range(len(starts))]

    def free_at(self, start: datetime) -> frozenset[int]:
        """List who and what is open and free for an appointment at this start, its buffers included."""
        scene = self._scene([self._candidate(epoch(start))])
        return frozenset(one for one in self.pools if scene.free(one))

    def hindered_at(self, start: datetime) -> Mapping[int, frozenset[str]]:
        """Say of each resource what keeps it from an appointment at this start: ``shut``, ``absent``, ``busy``."""
        shut, away, busy, _full = self._scene([self._candidate(epoch(start))]).hindered()
        found = {"shut": shut, "absent": away, "busy": busy}
        return {one: frozenset(why for why, masks in found.items() if masks[one]) for one in self.pools}

    def capacity_at(self, resource: int, start: datetime) -> tuple[Piece, ...]:
        """List the capacity that an appointment at this start finds, its buffers included: what the history keeps."""
        scene = self._scene([self._candidate(epoch(start))])
        begin, end = scene.starts[0], scene.ends[0]
        opened = scene.opened(resource)
        edges = ((begin - self.before, begin, opened.at(begin)), (end, end + self.after, opened.at(end - 1)))
        outside = [(since, until, level) for *span, level in edges if level for since, until in _shut(opened, *span)]
        return tuple(sorted((*opened.parts(begin - self.before, end + self.after), *outside)))

    def interval(self, start: datetime) -> tuple[datetime, datetime]:
        """Give what an appointment at this start takes of its resources: its time with its buffers."""
        end = self.shape.end(epoch(start), self.site)
        return instant_of(epoch(start) - self.before), instant_of(end + self.after)

    @property
    def before(self) -> int:
        """Seconds kept free before an appointment."""
        return self.shape.before * 60

    @property
    def after(self) -> int:
        """Seconds kept free after an appointment."""
        return self.shape.after * 60

    def _day_of(self, start: datetime) -> date:
        return local_day(start, self.site.zone)

    def _grid(self, day: date) -> list[Candidate]:
        """List the candidate starts of a local date: every step of each opening, or where nights are booked, one."""
        if self.shape.reservation.nights:
            return [self._candidate(epoch(start_instant(day, self.shape.reservation.since, self.site.zone)))]
        return list(self._laid_out(day, self.shape.length).grid.values())

    def _laid_out(self, day: date, length: int) -> Day:
        return laid_out(self.schedules, self.site, day, length, self.shape.step)

    def _candidate(self, start: int, more: tuple[Reason, ...] = ()) -> Candidate:
        end = self.shape.end(start, self.site)
        hours = self._laid_out(self._day_of(instant_of(start)), self.shape.length).hours
        return Hours(hours.since, hours.until, end - start, hours.planned, hours.opened).candidate(start, more)

    def _scene(self, candidates: Sequence[Candidate]) -> _Scene:
        return _Scene(self, [one.start for one in candidates], [epoch(one.ends_at) for one in candidates])

    def _in_common(self, day: date) -> bool:
        """Tell whether all that is required is ever open at once on a local date."""
        if day not in self._common_days:
            grid = self._grid(day)
            self._common_days[day] = bool(grid) and bool(self._scene(grid).opened_together())
        return self._common_days[day]

    @cached_property
    def _common_days(self) -> dict[date, bool]:
        return {}

    def _judged(self, candidates: Sequence[Candidate], rules: Rules) -> tuple[Start, ...]:
        if not candidates:
            return ()
        scene = self._scene(candidates)
        verdicts = scene.verdicts()
        return tuple(
            self._start(candidate, rules, scene, verdicts, index) for index, candidate in enumerate(candidates)
        )

    def _start(self, candidate: Candidate, rules: Rules, scene: _Scene, verdicts: _Verdicts, index: int) -> Start:
        """Judge one start: hours, rules, the planning's places, and what hinders the resources."""
        reasons = candidate.reasons
        whole = UNPLANNED.isdisjoint(reasons)
        if whole and not verdicts.opened >> index & 1:
            missing = Reason.BREAK if self._in_common(self._day_of(candidate.starts_at)) else Reason.CLOSED
            reasons, whole = (missing, *reasons), False
        reasons += rules.broken_by(candidate.start)
        if whole:
            reasons += tuple(reason for reason, mask in verdicts.hindrances if mask >> index & 1)
        places = scene.places(index) if not reasons else 0
        return Start(candidate.starts_at, candidate.ends_at, places, reasons)


@dataclass(frozen=True, slots=True)
class _Verdicts:
    """Bitmaps over the starts: where everything is open, and where what hinders."""

    opened: int
    hindrances: tuple[tuple[Reason, int], ...]


@dataclass(frozen=True, slots=True)
class _Counted:
    """A requirement: at each start, how many are free of those that take one at a time; and who takes several."""

    needs: Needs
    plain: Sequence[int]
    several: tuple[int, ...]


@dataclass(eq=False)
class _Scene:
    """Some starts, in order, and what each resource is at all of them: bitmaps in which bit i is start i."""

    common: Common
    starts: list[int]
    ends: list[int]

    @cached_property
    def everything(self) -> int:
        return (1 << len(self.starts)) - 1

    def opened_together(self) -> int:
        """Find where all that is required is open, whoever is absent or taken."""
        return self._served({one: ~self._shut(pool) for one, pool in self.common.pools.items()})

    def verdicts(self) -> _Verdicts:
        """Find where all that is required is open, where it is absent, and where it is taken."""
        shut, away, busy, full = self.hindered()
        opened = self._served({one: ~mask for one, mask in shut.items()})
        free = opened & self._served({one: ~(mask | away[one] | busy[one]) for one, mask in shut.items()})
        taken = opened & ~free
        absent = busy_alone = 0
        if taken:
            present = self._served({one: ~(mask | away[one]) for one, mask in shut.items()})
            unbooked = self._served({one: ~(mask | busy[one]) for one, mask in shut.items()})
            absent, busy_alone = taken & ~present, taken & ~unbooked
        busy_mask = busy_alone | (taken & ~absent)
        told = ((Reason.FULL, full), (Reason.RESOURCE_ABSENT, absent), (Reason.RESOURCE_BUSY, busy_mask))
        return _Verdicts(
            opened,
            tuple(one for one in told if one[1]),
        )

    def free(self, resource: int) -> int:
        """Give the starts at which a resource is open and free."""
        shut, away, busy = self._hindrances(resource)
        return self.everything & ~(shut | away | busy)

    def opened(self, resource: int) -> Steps:
        """Give a resource's capacity over time."""
        return self._opened(self.common.pools[resource])

    def places(self, index: int) -> int:
        """Count the places of a start that is offered: what is free of the scarcest requirement, at least one."""
        found = [self._places_of(counted, index) for counted in self._counted]
        if self.common.planning is not None:
            found.append(self._units_of(self.common.planning, index, 0, 0))
        return max(1, min(found, default=1))

    def units(self, resource: int, index: int) -> int:
        """Count the free units of a resource at one start."""
        if not self._free_bits[resource] >> index & 1:
            return 0
        return self._units_of(self.common.pools[resource], index, self.common.before, self.common.after)

    def _places_of(self, counted: _Counted, index: int) -> int:
        if self.common.shape.reservation.quantity:  # of one resource, all of them
            return max((self.units(one, index) for one in counted.needs.candidates), default=0)
        free = counted.plain[index]
        if counted.several:
            free += sum([self.units(one, index) for one in counted.several])
        return free // counted.needs.count

    @cached_property
    def _several(self) -> frozenset[int]:
        """Those that take several appointments at once, at some time."""
        return frozenset(one for one, pool in self.common.pools.items() if max(self._opened(pool).levels) > 1)

    @cached_property
    def _counted(self) -> Sequence[_Counted]:
        """What is required, with how many are free at each start of those that take one appointment at a time."""
        return [self._count(needs) for needs in self.common.required]

    def _count(self, needs: Needs) -> _Counted:
        alone = [self._free_bits[one] for one in needs.candidates if one not in self._several]
        several = tuple(one for one in needs.candidates if one in self._several)
        return _Counted(needs, matching.counts(alone, len(self.starts)), several)

    @cached_property
    def _free_bits(self) -> Mapping[int, int]:
        return {one: self.free(one) for one in self.common.pools}

    def hindered(self) -> tuple[Mapping[int, int], Mapping[int, int], Mapping[int, int], int]:
        """Give, by resource, where it is shut, away and taken; and where the planning has no place left."""
        planning, found = self.common.planning, {one: self._hindrances(one) for one in self.common.pools}
        shut, away, busy = ({one: masks[at] for one, masks in found.items()} for at in range(3))
        full = self._short(planning, 0, 0) | self._shut(planning) if planning is not None else 0
        return shut, away, busy, full

    def _hindrances(self, resource: int) -> tuple[int, int, int]:
        """Tell where a resource is shut, away and taken."""
        if resource not in self._known:
            pool = self.common.pools[resource]
            self._known[resource] = self._shut(pool), self._away(pool), self._busy(pool)
        return self._known[resource]

    @cached_property
    def _known(self) -> dict[int, tuple[int, int, int]]:
        return {}

    def _served(self, free: Mapping[int, int]) -> int:
        """Find the starts at which all those chosen, and distinct resources for all that is required, are there."""
        within = self.everything
        for one in self.common.chosen:
            within &= free[one]
        return matching.feasible([(one.count, one.candidates) for one in self.common.required], free, within)

    def _opened(self, pool: Pool) -> Steps:
        reach = max(self.common.before, self.common.after)
        return _hours(pool.hours, self.common.site, self.starts[0] - reach, self.ends[-1] + reach)

    def _shut(self, pool: Pool) -> int:
        """Find the starts whose time is not open throughout, or not for as many as are asked for."""
        steps = self._opened(pool)
        if steps not in self._shut_masks:
            wanted = self.common.shape.quantity
            edges = (self.starts[0], *steps.edges, self.ends[-1])
            spans = zip(pairwise(edges), steps.levels, strict=True)
            closed = (span for span, level in spans if level < wanted and span[0] < span[1])
            self._shut_masks[steps] = self._touched(closed, 0, 0)
        return self._shut_masks[steps]

    @cached_property
    def _shut_masks(self) -> dict[Steps, int]:
        return {}

    def _away(self, pool: Pool) -> int:
        absent = ((since, until) for since, until, _ in pool.absent.pieces())
        return self._touched(absent, self.common.before, self.common.after)

    def _busy(self, pool: Pool) -> int:
        """Find the starts for which too little is free, buffers included; and those of days with enough of them."""
        busy = self._short(pool, self.common.before, self.common.after)
        for since, until in pool.full:
            busy |= _range(bisect_left(self.starts, since), bisect_left(self.starts, until))
        return busy

    def _short(self, pool: Pool, before: int, after: int) -> int:
        """Find the starts whose time with its buffers has an instant with too little left of what is open then.

        A buffer may lie outside opening hours: there it has the capacity of the slot's nearest edge (semantics 6).
        """
        opened, wanted = self._opened(pool), self.common.shape.quantity
        if wanted == 1 and self._alone(opened):  # whatever is there is in the way
            return self._touched(((since, until) for since, until, _ in pool.taken), before, after)
        taken = pool.used.pieces()
        full = (
            (since, until)
            for start, end, units in taken
            for since, until, level in opened.parts(start, end)
            if level < units + wanted
        )
        short = self._touched(full, before, after)
        if before or after:
            narrow = ((since, until) for since, until, level in opened.pieces() if level < wanted)
            short |= self._touched(narrow, before, after) & ~self._shut(pool)
            for start, end, units in taken:
                for since, until in _shut(opened, start, end):
                    short |= self._short_outside(opened, since, until, units + wanted, before, after)
        return short

    def _short_outside(self, opened: Steps, since: int, until: int, wanted: int, before: int, after: int) -> int:
        low, high = bisect_right(self.ends, since - after), bisect_left(self.starts, until + before)
        short = 0
        for index in range(low, high):
            edge = self.ends[index] - 1 if self.ends[index] <= since else self.starts[index]
            if opened.at(edge) < wanted:
                short |= 1 << index
        return short

    def _units_of(self, pool: Pool, index: int, before: int, after: int) -> int:
        opened, start, end = self._opened(pool), self.starts[index], self.ends[index]
        parts = opened.parts(start - before, end + after)
        return min((level - pool.used.highest(since, until) for since, until, level in parts), default=0)

    def _touched(self, spans: Iterable[tuple[int, int]], before: int, after: int) -> int:
        """Find the starts whose time, with these buffers, touches one of some spans."""
        touched, known = 0, self._spans
        for since, until in spans:
            edges = since - after, until + before
            if edges not in known:  # resources share their times, and so what these touch
                known[edges] = _range(bisect_right(self.ends, edges[0]), bisect_left(self.starts, edges[1]))
            touched |= known[edges]
        return touched

    @cached_property
    def _spans(self) -> dict[tuple[int, int], int]:
        return {}

    def _alone(self, opened: Steps) -> bool:
        """Tell whether there is never room for more than one."""
        if opened not in self._highest:
            self._highest[opened] = max(opened.levels)
        return self._highest[opened] <= 1

    @cached_property
    def _highest(self) -> dict[Steps, int]:
        return {}


def _range(low: int, high: int) -> int:
    return (1 << high) - (1 << low) if low < high else 0


def _shut(opened: Steps, since: int, until: int) -> Iterator[tuple[int, int]]:
    """Cut [since, until) to where nothing is open."""
    if since >= until:
        return
    for start, end, _ in opened.parts(since, until):
        if since < start:
            yield since, start
        since = end
    if since < until:
        yield since, until


@lru_cache(maxsize=2048)
def _hours(schedules: tuple[Schedule, ...], site: SiteCalendar, since: int, until: int) -> Steps:
    """Give the capacity that some plannings have together around [since, until): where they overlap the larger."""
    pieces = (piece for one in schedules for piece in open_pieces(one, site, since, until))
    return Steps.highest_of((max(start, since), min(end, until), slots) for start, end, slots in pieces)
