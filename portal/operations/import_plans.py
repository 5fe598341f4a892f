"""What an import would do, worked out in memory line by line before anything is written.

The preview shows a plan and the import writes one: both come from here, so that the result is what was shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain, groupby, islice, repeat, zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.domain.zones import at_wall_time
from portal.models import Customer, Order
from portal.operations.import_columns import Choices
from portal.operations.import_lines import Flaw, Read
from portal.operations.order_customers import OF_CUSTOMER, Whose, customer_details, whose
from portal.operations.orders import DATES
from portal.operations.place_cards import SiteCard
from portal.operations.scopes import Scope

OF_ORDER = ("kind", "status", "units", *DATES)
RUN = re.compile(r"[ncslw]\d{1,6}", re.ASCII)


class Outcome(StrEnum):
    """What becomes of a line."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    LEFT = "left"
    WRONG = "wrong"


@dataclass(slots=True, eq=False)
class Person:
    """A customer as it will be; ``stored`` is what is kept of one that is there."""

    id: int | None
    kind: str
    email: str | None
    name: str = ""
    phone: str = ""
    locale: str | None = None
    stored: tuple[Any, ...] = ()

    @property
    def values(self) -> tuple[Any, ...]:
        """What a customer may have changed."""
        return self.email, self.name, self.phone, self.locale


@dataclass(slots=True, eq=False)
class Entry:
    """An order as it will be; ``stored`` is what is kept of one that is there."""

    id: int | None
    reference: str
    site_id: int
    kind: str
    status: str = ""
    units: str = ""
    ship_date: datetime | None = None
    delivery_date: datetime | None = None
    person: Person | None = None
    stored: tuple[Any, ...] = ()

    @property
    def values(self) -> tuple[Any, ...]:
        """What an order may have changed."""
        person = id(self.person) if self.person is not None else None
        return self.site_id, self.kind, self.status, self.units, self.ship_date, self.delivery_date, person


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of a line: the fields that change in an order that is there, or what is wrong."""

    read: Read
    outcome: Outcome
    changed: tuple[str, ...] = ()
    flaws: tuple[Flaw, ...] = ()


@dataclass(slots=True)
class Plan:
    """What becomes of each line, and of the orders and customers that they speak of."""

    lines: Sequence[Planned]
    entries: Sequence[Entry]
    people: Sequence[Person]
    invited: Sequence[Entry] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Count the lines by what becomes of them, and the invitations."""
        counted = Counter(line.outcome for line in self.lines)
        return {**{outcome.value: counted[outcome] for outcome in Outcome}, "invited": len(self.invited)}

    @property
    def wrong(self) -> list[Planned]:
        """The lines that say something impossible."""
        return [line for line in self.lines if line.outcome is Outcome.WRONG]

    @property
    def signature(self) -> str:
        """Write what was shown in few letters: "n4990 c10 i312", how many lines in a row become what."""
        runs = [f"{outcome[0]}{len(list(run))}" for outcome, run in groupby(line.outcome.value for line in self.lines)]
        return " ".join([*runs, f"i{len(self.invited)}"])


def differing(plan: Plan, seen: str) -> list[Planned]:
    """Find the lines that become something else than the ``signature`` that was shown says."""
    runs = (repeat(run[0], int(run[1:])) for run in seen.split() if RUN.fullmatch(run))
    shown = islice(chain.from_iterable(runs), len(plan.lines))
    return [line for line, letter in zip_longest(plan.lines, shown) if line.outcome[0] != letter]


def stored_state(session: Session, reads: Iterable[Read], *, lock: bool) -> tuple[dict[str, Entry], dict[str, Person]]:
    """Read the orders and customers that lines speak of, by reference and by address, in two statements.

    ``lock`` keeps them from other writers until the transaction ends, taken in one order.
    """
    references = {read.reference for read in reads if read.reference}
    addresses = {address for read in reads if (address := read.values.get("email"))}
    made = select(*Order.__table__.c).where(Order.reference.in_(references)).order_by(Order.id)
    rows = session.execute(made.with_for_update() if lock else made).all()
    owners = {row.customer_id for row in rows if row.customer_id is not None}
    known = select(*Customer.__table__.c).where(or_(Customer.id.in_(owners), Customer.email.in_(addresses)))
    known = known.order_by(Customer.id)
    people = {row.id: _person(row) for row in session.execute(known.with_for_update() if lock else known)}
    entries = {row.reference: _entry(row, people.get(row.customer_id)) for row in rows}
    return entries, {person.email: person for person in people.values() if person.email}


def _person(row: Any) -> Person:
    person = Person(row.id, row.kind, row.email, row.name, row.phone, row.locale)
    return replace(person, stored=person.values)


def _entry(row: Any, person: Person | None) -> Entry:
    values = {name: getattr(row, name) for name in OF_ORDER}
    entry = Entry(row.id, row.reference, row.site_id, person=person, **values)
    return replace(entry, stored=entry.values)


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites that lines may name, and the zone of every site by its id."""

    offered: Sequence[SiteCard]
    zones: Mapping[int, ZoneInfo]


class Planner:
    """Takes line after line, and remembers what the lines before have made."""

    def __init__(
        self,
        choices: Choices,
        sites: Sites,
        scope: Scope,
        entries: Mapping[str, Entry],
        people: Mapping[str, Person],
    ) -> None:
        self._known = choices.known
        self._sites = {site.key: site for site in sites.offered}
        self._zones = sites.zones
        # For new orders of which the file says nothing; a site may have gone since it was chosen.
        self._default: dict[str, Any] = {"site": self._sites.get(choices.site or ""), "kind": choices.kind}
        self._scope = scope
        self._entries = dict(entries)
        self._people = dict(people)
        self._made: list[Person] = []
        self._taken: list[Entry] = []
        self._first: dict[str, int] = {}

    def plan(self, reads: Iterable[Read]) -> Plan:
        """Plan all lines, in their order."""
        lines = [self._take(read) for read in reads]
        everybody = {id(person): person for person in (*self._people.values(), *self._made)}
        everybody.update({id(one.person): one.person for one in self._taken if one.person is not None})
        return Plan(lines, self._taken, list(everybody.values()))

    def _take(self, read: Read) -> Planned:
        entry = self._entries.get(read.reference)
        flaws = (*read.flaws, *self._against(read, entry))
        if flaws:
            return Planned(read, Outcome.WRONG, flaws=flaws)
        if entry is None:
            return self._make(read)
        if self._known == "leave":
            return Planned(read, Outcome.LEFT)
        return self._change(read, entry)

    def _against(self, read: Read, entry: Entry | None) -> Iterable[Flaw]:
        """Say what stands against a line, whatever it says itself."""
        if not read.reference:
            return
        if (first := self._first.setdefault(read.reference, read.number)) != read.number:
            yield Flaw("reference", "duplicate", read.reference, first)
        elif entry is None:
            for name in ("site", "kind"):
                if name not in read.values and self._default[name] is None and not _said(read, name):
                    yield Flaw(name, "required")
        elif not self._scope.sees(entry.site_id):
            yield Flaw("reference", "elsewhere", read.reference)
        elif self._known == "refuse":
            yield Flaw("reference", "known", read.reference)

    def _make(self, read: Read) -> Planned:
        values = {**self._default, **read.values}
        site = self._sites[values["site"]] if "site" in read.values else values["site"]
        entry = Entry(None, read.reference, site.id, values["kind"])
        self._entries[read.reference] = entry
        self._write(entry, read)
        return Planned(read, Outcome.NEW)

    def _change(self, read: Read, entry: Entry) -> Planned:
        before = _told(entry)
        self._write(entry, read)
        after = _told(entry)
        changed = tuple(name for name in after if before[name] != after[name])
        return Planned(read, Outcome.CHANGED if changed else Outcome.SAME, changed)

    def _write(self, entry: Entry, read: Read) -> None:
        if "site" in read.values:
            entry.site_id = self._sites[read.values["site"]].id
        for name in OF_ORDER:
            if name in read.values:
                setattr(entry, name, self._placed(read.values[name], entry) if name in DATES else read.values[name])
        entry.person = self._customer(entry, read.values)
        self._taken.append(entry)

    def _placed(self, moment: datetime, entry: Entry) -> datetime:
        """Put a wall time on the clock of the order's site."""
        if moment.tzinfo is not None:
            return moment
        return at_wall_time(moment.date(), moment.time(), self._zones[entry.site_id])

    def _customer(self, entry: Entry, values: Mapping[str, Any]) -> Person | None:
        """Find out who the order's customer becomes, by the same rule as one order at a time."""
        person, address = entry.person, values.get("email")
        found = whose(values, person.email if person else None, person is not None, self._people.__contains__)
        if found is Whose.NOBODY:
            return None
        if found is Whose.KNOWN:
            person = self._people[str(address)]
        elif person is None or found is Whose.NEW:
            person = Person(None, entry.kind, address)
            self._made.append(person)
        for name, value in customer_details(values).items():
            setattr(person, name, value)
        if address:
            person.email = address
            self._people[address] = person
        return person


def _said(read: Read, name: str) -> bool:
    return any(flaw.field == name for flaw in read.flaws)


def _told(entry: Entry) -> dict[str, Any]:
    """Say what an order holds by the fields of a file."""
    person = entry.person
    of_person = {name: getattr(person, name) if person else None for name in ("email", *OF_CUSTOMER)}
    return {"site": entry.site_id, **{name: getattr(entry, name) for name in OF_ORDER}, **of_person}
