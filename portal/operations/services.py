"""Services as the staff edits them: how long they take, what they need, and where and by whom they may be booked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound
from portal.domain.fields import Words
from portal.domain.matching import Requirement
from portal.domain.openings import check_minutes
from portal.domain.policy import check_policy
from portal.domain.reservations import Reservation
from portal.domain.shapes import count, one_of
from portal.extensions import reading, retried, transaction
from portal.models import Planning, Pool, Service, ServiceGroup, Site
from portal.operations import edits, keepsakes, organisation
from portal.operations.actors import SYSTEM, Actor
from portal.operations.service_cards import ServiceCard, service_card
from portal.operations.sites import RULES

KIND = "service"  # in the audit log
KINDS = ("customer", "supplier")
MODES = ("in_person", "phone", "video")
RESERVED = "planning"
MOST_BUFFER = 1440  # minutes
SERVICE_RULES = (*RULES, "modes", "distribution")
"""The keys of the policy that pages of sites and services edit: who is given an appointment, and who chooses, too."""

LONGEST = {"name": 120, "description": 2000, "instructions": 2000, "price": 120}
"""Characters of the texts, in each language."""


@dataclass(frozen=True, slots=True)
class Sheet(edits.OfSites):
    """A service as its page shows it. ``sites`` are the keys of those that it is offered at now.

    ``planning`` is the key of the one in which it takes a place, too.
    """

    card: ServiceCard
    active: bool
    planning: str | None
    sites: tuple[str, ...]
    site_ids: frozenset[int]

    @property
    def id(self) -> int:
        """Its number."""
        return self.card.id

    @property
    def key(self) -> str:
        """Its key."""
        return self.card.key

    @property
    def name(self) -> str:
        """Its name in the language that comes first."""
        return self.card.name

    def named(self, locale: str) -> str:
        """Give its name in a language."""
        return self.card.named(locale)

    @property
    def revision(self) -> str:
        """The state in which it was read."""
        return self.card.revision

    @property
    def policy(self) -> Mapping[str, Any]:
        """The rules that are its own; where it says nothing, the site's rules apply."""
        return self.card.policy

    @property
    def rules(self) -> dict[str, Any]:
        """The rules of a page that are its own."""
        return {name: value for name, value in self.policy.items() if name in SERVICE_RULES}


@dataclass(frozen=True, slots=True)
class Plan:
    """A service as it is to be. Lengths and buffers are in minutes, texts by language; the others are keys."""

    name: Words
    sites: tuple[str, ...]
    description: Words = field(default_factory=dict)
    instructions: Words = field(default_factory=dict)
    price: Words = field(default_factory=dict)
    group: str | None = None
    planning: str | None = None
    minutes: int = 60
    step: int = 30
    buffer_before: int = 0
    buffer_after: int = 0
    mode: str = "in_person"
    requires: tuple[Requirement, ...] = ()
    reservation: Reservation = field(default_factory=Reservation)
    kinds: tuple[str, ...] = ()
    guests: bool = True
    active: bool = True


def read(key: str) -> Sheet:
    """Read a service. Raises NotFound."""
    with reading() as session:
        return sheet_of(session, key)


def sheet_of(session: Session, key: str) -> Sheet:
    """Read a service within the caller's session. Raises NotFound."""
    query = select(Service.id, Service.revision, Service.active, Planning.key.label("planning"))
    row = session.execute(
        query.outerjoin(Planning, Planning.id == Service.planning_id).where(Service.key == key)
    ).first()
    if row is None:
        raise NotFound
    served = session.execute(
        select(Site.key, Site.id)
        .join(Pool, Pool.site_id == Site.id)
        .where(Pool.service_id == row.id, Pool.active)
        .order_by(Site.name)
    ).all()
    return Sheet(
        card=service_card(session, row.id, row.revision),
        active=row.active,
        planning=row.planning,
        sites=tuple(one.key for one in served),
        site_ids=frozenset(one.id for one in served),
    )


def plan_of(sheet: Sheet) -> Plan:
    """Give a service as it is, to be changed."""
    card = sheet.card
    return Plan(
        name=card.names,
        sites=sheet.sites,
        description=card.descriptions,
        instructions=card.instructions,
        price=card.prices,
        group=card.group,
        planning=sheet.planning,
        minutes=card.minutes,
        step=card.step,
        buffer_before=card.buffer_before,
        buffer_after=card.buffer_after,
        mode=card.mode,
        requires=card.requires,
        reservation=card.reservation,
        kinds=card.kinds,
        guests=card.guests,
        active=sheet.active,
    )


@retried
def create(key: str, plan: Plan, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make a service. Raises Invalid."""
    with transaction() as session:
        check(plan, organisation.card_of(session).locale)
        if key == RESERVED or session.scalar(select(Service.id).where(Service.key == key)) is not None:
            raise Invalid(field="key", problem="reserved" if key == RESERVED else "exists", value=key)
        made = Service(key=key, revision=keepsakes.new_revision(), policy={}, fields=[], **_columns(session, plan))
        session.add(made)
        session.flush()
        sites = edits.serve(session, Pool.service_id, made.id, plan.sites)
        edits.tell(session, by, "created", KIND, key, _label(plan), sites, now, {}, facts(plan))


@retried
def save(key: str, revision: str, plan: Plan, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Write a service; what is booked stays as it is. Raises NotFound, StateChanged, Invalid."""
    with transaction() as session:
        check(plan, organisation.card_of(session).locale)
        sheet = sheet_of(session, key)
        edits.claim(session, Service, sheet, revision, _columns(session, plan, sheet))
        sites = edits.serve(session, Pool.service_id, sheet.id, plan.sites) | sheet.site_ids
        before, after = facts(plan_of(sheet)), facts(plan)
        edits.tell(session, by, "changed", KIND, key, _label(plan), sites, now, before, after)


@retried
def save_rules(key: str, revision: str, rules: Mapping[str, Any], *, now: datetime, by: Actor = SYSTEM) -> None:
    """Write the rules that are a service's own, those of ``SERVICE_RULES``; what is left out follows the site.

    ``rules`` are as the configuration file writes them. Raises NotFound, StateChanged, Invalid.
    """
    check_policy(dict(rules))
    with transaction() as session:
        sheet = sheet_of(session, key)
        others = {name: value for name, value in sheet.policy.items() if name not in SERVICE_RULES}
        edits.claim(session, Service, sheet, revision, {"policy": {**others, **rules}})
        edits.tell(session, by, "changed", KIND, key, sheet.name, sheet.site_ids, now, sheet.rules, rules)


def claim(session: Session, sheet: Sheet, revision: str, values: Mapping[str, Any] | None = None) -> None:
    """Write the service's own row first, as ``edits.claim``. Raises StateChanged."""
    edits.claim(session, Service, sheet, revision, values)


def check(plan: Plan, language: str) -> None:
    """Accept a plan whose name is said in ``language``, at least. Raises Invalid naming the first wrong field."""
    for name, longest in LONGEST.items():
        _check_words(name, getattr(plan, name), longest)
    if not plan.name.get(language):
        raise Invalid(field="name", problem="unsaid", language=language)
    if not plan.sites:
        raise Invalid(field="sites", problem="required")
    check_minutes("minutes", plan.minutes)
    check_minutes("step", plan.step)
    for name in ("buffer_before", "buffer_after"):
        count(0, MOST_BUFFER)(name, getattr(plan, name))
    one_of(*MODES)("mode", plan.mode)
    for kind in plan.kinds:
        one_of(*KINDS)("kinds", kind)
    if plan.planning is None and all(one.optional for one in plan.requires):
        raise Invalid(field="requires", problem="needs_nothing")


def _check_words(name: str, words: Words, longest: int) -> None:
    for language, text in words.items():
        if len(text) > longest:
            raise Invalid(field=f"{name}.{language}", problem="too_long", highest=longest)


def _label(plan: Plan) -> str:
    return next(iter(plan.name.values()), "")


def _columns(session: Session, plan: Plan, sheet: Sheet | None = None) -> dict[str, Any]:
    """Give the columns that a plan fills. Raises Invalid for a group or a planning that is not there."""
    return {
        "name": dict(plan.name),
        "description": dict(plan.description),
        "instructions": dict(plan.instructions),
        "price": dict(plan.price),
        "group_id": _id_of(session, ServiceGroup, "group", plan.group),
        "planning_id": _planning(session, plan.planning, sheet),
        "minutes": plan.minutes,
        "step": plan.step,
        "buffer_before": plan.buffer_before,
        "buffer_after": plan.buffer_after,
        "mode": plan.mode,
        "requires": [one.as_mapping() for one in plan.requires],
        "reservation": plan.reservation.as_mapping(),
        "kinds": list(plan.kinds),
        "guests": plan.guests,
        "active": plan.active,
    }


def _planning(session: Session, key: str | None, sheet: Sheet | None) -> int | None:
    """Find a planning in use, or the one that the service names already."""
    kept = sheet is not None and key == sheet.planning
    return _id_of(session, Planning, "planning", key, *(() if kept else (Planning.active,)))


def _id_of(session: Session, model: Any, name: str, key: str | None, *where: Any) -> int | None:
    if key is None:
        return None
    found: int | None = session.scalar(select(model.id).where(model.key == key, *where))
    if found is None:
        raise Invalid(field=name, problem=f"unknown_{name}", value=key)
    return found


def facts(plan: Plan) -> dict[str, Any]:
    """Write a service for the audit log: what it needs a line each, as people read it."""
    said = {name: value for name, value in asdict(plan).items() if name not in ("requires", "reservation", "mode")}
    needs = {f"needs.{number}": _need(one) for number, one in enumerate(plan.requires, 1)}
    chosen = {f"reservation.{name}": value for name, value in plan.reservation.as_mapping().items()}
    sorted_ones = {"sites": sorted(plan.sites), "kinds": sorted(plan.kinds)}
    return {**said, **sorted_ones, "meeting": plan.mode, **needs, **chosen}


def _need(one: Requirement) -> str:
    """Write a requirement.

    >>> _need(Requirement("room", 2, {}, 4, frozenset({"beamer"}), True))
    '2 x room (4 persons, beamer, optional)'
    """
    details = [
        *(f"{key} {level}+" for key, level in sorted(one.skills.items())),
        *([f"{one.persons} persons"] if one.persons is not None else []),
        *sorted(one.features),
        *(["optional"] if one.optional else []),
    ]
    named = f"{one.count} x {one.kind}" if one.count > 1 else one.kind
    return f"{named} ({', '.join(details)})" if details else named
