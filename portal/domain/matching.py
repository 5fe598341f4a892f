"""Requirements to distinct resources: who can serve, at which of many starts at once, and who is taken at one.

Many starts are judged together: a Python number is a bitmap in which bit i stands for start i. That distinct resources
can be found for all requirements is Hall's condition: any of the requirements together have at least as many free
resources among them as they need.

>>> jean, room, tall = Candidate(1, "staff", {"sales": 3}), Candidate(2, "room", persons=4), Candidate(3, "room")
>>> needs = check_requirements([{"kind": "staff", "skills": {"sales": 1}}, {"kind": "room", "persons": 2}])
>>> candidates(needs, [tall, room, jean])
((1,), (2,))
>>> bin(feasible([(1, (1,)), (1, (2,))], {1: 0b0111, 2: 0b1110}, everything=0b1111))
'0b110'
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import zip_longest
from typing import Any

from portal.domain.errors import Invalid
from portal.domain.shapes import Reader, count, flag, list_of, one_of, or_none, text

KINDS = ("staff", "room", "asset")
MOST_REQUIREMENTS, MOST_OF_ONE = 8, 20
HIGHEST_LEVEL = 10
MOST_PERSONS = 100_000
LONGEST = 80
"""Characters of the key of a skill, and of a feature."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a service needs: ``count`` resources of a kind, each with all that is said here.

    >>> Requirement.of({"kind": "room", "persons": 2, "optional": True}).as_mapping()
    {'kind': 'room', 'persons': 2, 'optional': True}
    """

    kind: str
    count: int = 1
    skills: Mapping[str, int] = field(default_factory=dict, hash=False)  # the least level of each
    persons: int | None = None
    features: frozenset[str] = frozenset()
    optional: bool = False

    @classmethod
    def of(cls, mapping: object, path: str = "requires") -> Requirement:
        """Read one as the configuration file or a form says it. Raises Invalid whose ``field`` begins with ``path``."""
        if not isinstance(mapping, Mapping):
            raise Invalid(field=path, problem="not_a_mapping", value=mapping)
        for name in mapping:
            if name not in _READERS:
                raise Invalid(field=f"{path}.{name}", problem="unknown_key")
        if "kind" not in mapping:
            raise Invalid(field=f"{path}.kind", problem="required")
        return cls(**{name: _READERS[name](f"{path}.{name}", value) for name, value in mapping.items()})

    def as_mapping(self) -> dict[str, Any]:
        """Say it as a configuration file does, without what goes without saying."""
        said: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        said |= {"skills": dict(self.skills), "features": sorted(self.features)}
        return {name: value for name, value in said.items() if name not in _UNSAID or value != _UNSAID[name]}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What matching must know of a resource; ``persons`` is None where it does not say how many it holds."""

    id: int
    kind: str
    skills: Mapping[str, int] = field(default_factory=dict, hash=False)
    persons: int | None = None
    features: frozenset[str] = frozenset()


def check_requirements(given: object, path: str = "requires") -> tuple[Requirement, ...]:
    """Read the requirements of a service. Raises Invalid whose ``field`` is ``requires[0].skills.evaluation``."""
    if not isinstance(given, list | tuple):
        raise Invalid(field=path, problem="not_a_list", value=given)
    if len(given) > MOST_REQUIREMENTS:
        raise Invalid(field=f"{path}[{MOST_REQUIREMENTS}]", problem="too_many", highest=MOST_REQUIREMENTS)
    return tuple(Requirement.of(one, f"{path}[{index}]") for index, one in enumerate(given))


def read_skills(name: str, value: object) -> dict[str, int]:
    """Accept levels from 0 to 10 by the key of their skill, of a requirement or of a resource."""
    if not isinstance(value, Mapping):
        raise Invalid(field=name, problem="not_a_mapping", value=value)
    skills = list_of(_word)(name, tuple(value))
    return {key: _LEVEL(f"{name}.{key}", level) for key, level in zip(skills, value.values(), strict=True)}


def read_features(name: str, value: object) -> frozenset[str]:
    """Accept a list of features, of a requirement or of a resource."""
    return frozenset(list_of(_word)(name, value))


def fits(candidate: Candidate, requirement: Requirement) -> bool:
    """Tell whether a resource is what is required.

    A skill must be had, be the least level 0; one that does not say how many persons it holds holds none for sure.
    """
    level, wanted = candidate.skills, requirement.persons
    return (
        candidate.kind == requirement.kind
        and all(key in level and level[key] >= least for key, least in requirement.skills.items())
        and (wanted is None or (candidate.persons is not None and candidate.persons >= wanted))
        and requirement.features <= candidate.features
    )


def candidates(requirements: Iterable[Requirement], resources: Iterable[Candidate]) -> tuple[tuple[int, ...], ...]:
    """List for each requirement the resources that fit, by their id."""
    known = sorted(resources, key=lambda one: one.id)
    return tuple(tuple(one.id for one in known if fits(one, requirement)) for requirement in requirements)


def snuggest(resources: Iterable[Candidate], used: Mapping[int, int]) -> list[int]:
    """Put rooms and assets in the order in which they are taken; ``used`` is how much each is on that day.

    The smallest first (of those that fit), then the least used, then the lowest id. Before them come those that do not
    say how many they hold: nobody who asks for a number of persons could have them.

    >>> snuggest([Candidate(1, "room", persons=8), Candidate(2, "room", persons=4), Candidate(3, "room", persons=4)],
    ...          {2: 60})
    [3, 2, 1]
    """
    return [one.id for one in sorted(resources, key=lambda one: (one.persons or 0, used.get(one.id, 0), one.id))]


def feasible(requirements: Sequence[tuple[int, Collection[int]]], free: Mapping[int, int], everything: int) -> int:
    """Find the starts at which distinct resources can be matched to all requirements, exactly.

    ``requirements`` are pairs (how many, ids of the resources that fit), the optional ones left out; ``free`` has a
    bitmap of the starts at which a resource is free; ``everything`` is the bitmap of all starts.
    """
    found = everything
    for group in _overlapping(requirements):
        found &= _served(group, free, found) if found else 0
    return found


def counts(masks: Iterable[int], starts: int) -> list[int]:
    """Count how many bitmaps have each start.

    >>> counts([0b011, 0b001, 0b101], starts=4)
    [3, 1, 1, 0]
    """
    every = (1 << starts) - 1
    planes = _added([[mask & every for mask in masks]])
    rows = [f"{plane:0{starts}b}"[::-1] for plane in reversed(planes)]
    return [int("".join(digits), 2) for digits in zip(*rows, strict=True)] if rows and starts else [0] * starts


def seats_of(requirements: Iterable[tuple[int, Sequence[int]]]) -> list[Sequence[int]]:
    """Give each of the resources that are required a seat of its own.

    >>> seats_of([(2, (7, 8, 9)), (1, (3,))])
    [(7, 8, 9), (7, 8, 9), (3,)]
    """
    return [options for number, options in requirements for _ in range(number)]


def match(seats: Sequence[Sequence[int]], chosen: Collection[int] = ()) -> list[int] | None:
    """Give each seat a resource of its own, or None where that cannot be done.

    A seat lists the resources free for it, the preferred first. Of all ways to fill the seats, only those count that
    use as many of the ``chosen`` (picked by name) as can be used together; of these the best for the first seat, then
    for the second, and so on.

    >>> match([(1, 2), (1,)]), match([(1, 2), (2, 3)], chosen={3}), match([(1,), (1,)])
    ([2, 1], [1, 3], None)
    """
    filled = _Filling.largest(seats)
    if len(filled.held) < len(seats):
        return None
    # A filling of all seats and one that uses the most of the chosen can be had in one (Mendelsohn and Dulmage), so
    # that it is enough to keep both possible.
    named = _Filling.largest([[one for one in options if one in chosen] for options in seats])
    given: list[int] = []
    for options in seats:
        one, filled, named = next(_possible(options, filled, named))
        given.append(one)
    return given


def could_serve(seats: Sequence[Sequence[int]], *resources: int) -> bool:
    """Tell whether the seats can be filled in some way that uses a resource, or several together.

    >>> could_serve([(1, 2), (1, 3)], 1), could_serve([(1, 2), (1, 3)], 1, 2, 3), could_serve([(1,), (1,)], 1)
    (True, False, False)
    """
    given = match(seats, resources)
    return given is not None and set(resources) <= set(given)


def eligible(seats: Sequence[Sequence[int]], chosen: Collection[int] = ()) -> list[int]:
    """List those that could have a seat beside the chosen that have one, wherever all seats can be filled.

    Whatever resources can be used together can be used in a filling of all seats, too, where there is one (they are
    the independent sets of a transversal matroid): so it is enough that one more of them can be used.

    >>> eligible([(1, 2), (3,)]), eligible([(1, 2), (3,)], chosen=[2]), eligible([(1, 2)], chosen=[9])
    ([1, 2, 3], [2, 3], [1, 2])
    """
    every = sorted({one for options in seats for one in options})
    picked = frozenset(chosen)
    if picked.isdisjoint(every):
        return every
    seated = _together(seats, picked)
    return [one for one in every if one in picked or _together(seats, picked | {one}) > seated]


def _together(seats: Sequence[Sequence[int]], ones: Collection[int]) -> int:
    """Count how many of some resources can be used at once."""
    return len(_Filling.largest([[one for one in options if one in ones] for options in seats]).held)


@dataclass(frozen=True, slots=True)
class _Filling:
    """As many as can be of the seats from ``first`` on hold a resource of their own, none of those that are gone."""

    options: Sequence[Sequence[int]]
    held: dict[int, int]  # the seat that holds a resource
    first: int = 0
    gone: frozenset[int] = frozenset()

    @classmethod
    def largest(cls, options: Sequence[Sequence[int]]) -> _Filling:
        """Fill as many seats as can be."""
        filling = cls(options, {})
        while filling._grows():
            pass
        return filling

    def after(self, one: int) -> _Filling | None:
        """Give the first seat a resource; None when fewer could be held in all, as one that is gone or needed later."""
        seat = self.first
        enough = len(self.held) - (one in self.options[seat])
        held = {other: holder for other, holder in self.held.items() if holder != seat and other != one}
        rest = _Filling(self.options, held, seat + 1, self.gone | {one})
        while len(held) < enough:
            if not rest._grows():
                return None
        return rest

    def _grows(self) -> bool:
        """Fill one seat more, if that can be done; those that hold a resource may change theirs."""
        tried, holding = set(self.gone), set(self.held.values())
        waiting = (seat for seat in range(self.first, len(self.options)) if seat not in holding)
        return any(self._seated(seat, tried) for seat in waiting)

    def _seated(self, seat: int, tried: set[int]) -> bool:
        """Find a seat a resource along an augmenting path, one that nobody holds before the others."""
        for one in sorted(self.options[seat], key=self.held.__contains__):
            if one in tried:
                continue
            tried.add(one)
            if one not in self.held or self._seated(self.held[one], tried):
                self.held[one] = seat
                return True
        return False


def _possible(options: Sequence[int], filled: _Filling, named: _Filling) -> Iterator[tuple[int, _Filling, _Filling]]:
    """Yield the resources that the next seat may have, with what is left for the others."""
    for one in options:
        if one in filled.gone or (rest := filled.after(one)) is None:
            continue
        if (rest_named := named.after(one)) is not None:
            yield one, rest, rest_named


_Group = dict[frozenset[int], int]
"""How many are needed of each set of resources; the sets of a group overlap."""


def _overlapping(requirements: Iterable[tuple[int, Collection[int]]]) -> list[_Group]:
    """Part the requirements into groups that have no resource in common; those of the same resources become one."""
    needs: _Group = {}
    for number, ids in requirements:
        needs[frozenset(ids)] = needs.get(frozenset(ids), 0) + number
    groups: list[_Group] = []
    for ids, number in needs.items():
        apart = [group for group in groups if all(ids.isdisjoint(others) for others in group)]
        joined = {one: many for group in groups if group not in apart for one, many in group.items()}
        groups = [*apart, {**joined, ids: number}]
    return groups


def _served(group: _Group, free: Mapping[int, int], among: int) -> int:
    """Find the starts at which any of these requirements together have as many free resources as they need."""
    alike: dict[int, list[int]] = {}  # bitmaps of the resources that fit the same requirements, which are the bits
    for one in frozenset().union(*group):
        fitting = sum(1 << index for index, ids in enumerate(group) if one in ids)
        alike.setdefault(fitting, []).append(free.get(one, 0) & among)
    numbers = {fitting: _added([masks]) for fitting, masks in alike.items()}
    for part in range(1, 1 << len(group)):
        needed = sum(number for index, number in enumerate(group.values()) if part >> index & 1)
        among = _at_least(needed, _sum(planes for fitting, planes in numbers.items() if fitting & part), among)
    return among


_Planes = list[int]
"""A number for each start, in binary: the bitmap at index w has the starts whose number has the bit 2**w."""


def _added(columns: list[list[int]]) -> _Planes:
    """Add up bitmaps, all starts at once; those of ``columns[w]`` weigh 2**w. Uses the columns up.

    Each full adder makes of three bitmaps one of the same weight and one of twice the weight.
    """
    planes: _Planes = []
    while columns:
        column, carried = columns.pop(0), []
        while len(column) > 1:
            one, two, three = column.pop(), column.pop(), column.pop() if column else 0
            either = one ^ two
            column.append(either ^ three)
            carried.append(one & two | either & three)
        planes += column
        if carried:
            columns = columns or [[]]
            columns[0] += carried
    return planes


def _sum(numbers: Iterable[_Planes]) -> _Planes:
    """Add up numbers."""
    return _added([list(column) for column in zip_longest(*numbers, fillvalue=0)])


def _at_least(needed: int, number: _Planes, starts: int) -> int:
    """Find those of the starts whose number is at least as large, compared from the lowest bit to the highest."""
    if needed >> len(number):
        return 0
    reached = starts
    for weight, plane in enumerate(number):
        reached = reached & plane if needed >> weight & 1 else reached | plane
    return reached & starts


def _word(name: str, value: object) -> str:
    if not (said := text(name, value).strip()):
        raise Invalid(field=name, problem="required")
    if len(said) > LONGEST:
        raise Invalid(field=name, problem="too_long", value=said)
    return said


_LEVEL = count(0, HIGHEST_LEVEL)
_READERS: dict[str, Reader] = {
    "kind": one_of(*KINDS),
    "count": count(1, MOST_OF_ONE),
    "skills": read_skills,
    "persons": or_none(count(1, MOST_PERSONS)),
    "features": read_features,
    "optional": flag,
}
_UNSAID: dict[str, Any] = {"count": 1, "skills": {}, "persons": None, "features": [], "optional": False}
