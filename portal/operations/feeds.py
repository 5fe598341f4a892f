"""Calendars to subscribe to, of a site, of a person, a room or an asset: a secret link each, and what stands in it.

A token's public id is no column: it is made of the kind, the row's id, and a hash of its key, so that whoever takes
over the number of a row that was deleted does not take over its link. Raising the generation revokes the link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import LinkUnknown, NotFound
from portal.domain.lifecycle import ENDED, Status
from portal.domain.zones import day_bounds, instant_of, local_day
from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Assignment, Order, Planning, Resource, ResourceSite, Service, Site
from portal.operations import audit, resource_cards, tokens
from portal.operations.actors import Actor
from portal.operations.scopes import EVERYWHERE, Scope

SITE, RESOURCE = "site", "resource"
NUMBERS = {SITE: 1, RESOURCE: 2}  # of a kind, in a token
GONE = sorted(one.value for one in {*ENDED, Status.HELD})
"""What stands in no calendar: it would still be seen there by those whose programs keep what is cancelled."""
BACK, AHEAD = timedelta(days=30), timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar that somebody may subscribe to; ``kind`` is that of a resource, or ``site``.

    ``token`` is empty for those who do not work for all the sites that it tells of.
    """

    kind: str
    key: str
    name: str
    sites: tuple[str, ...]
    active: bool
    token: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """An appointment in a calendar. ``what`` is its name by language, ``beside`` names who and what else it has."""

    public_id: str
    sequence: int
    updated_at: datetime
    start: datetime
    end: datetime
    status: Status
    reference: str
    what: Mapping[str, str]
    who: str
    order: str | None
    place: str
    address: str
    beside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Away:
    """An absence in a calendar; ``days`` are its first one and the one after its last, where it takes whole ones.

    ``uid`` says all of it, so that no two are alike and none ever changes: another one comes in its place.
    """

    uid: str
    start: datetime
    end: datetime
    label: str
    days: tuple[date, date] | None


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a calendar holds, in order of time."""

    name: str
    occasions: tuple[Occasion, ...]
    absences: tuple[Away, ...]


# Links


def listing(scope: Scope = EVERYWHERE) -> list[Feed]:
    """List the calendars of the sites, and then of people, rooms and assets there, by name: in three statements."""
    with reading() as session:
        sites = session.execute(select(*_columns(Site)).where(scope.limits(Site.id)).order_by(Site.name)).all()
        resources = session.execute(select(*_columns(Resource), Resource.kind).order_by(Resource.name)).all()
        served = _sites_of(session)
    found = [Feed(SITE, row.key, row.name, (), row.active, _token(SITE, row)) for row in sites]
    order = {"staff": 0, "room": 1, "asset": 2}
    for row in sorted(resources, key=lambda row: order[row.kind]):
        ids = frozenset(served.get(row.id, {}))
        if _seen(scope, ids):
            names = tuple(name for number, name in served.get(row.id, {}).items() if scope.sees(number))
            token = _token(RESOURCE, row) if scope.sees_all(ids) else ""
            found.append(Feed(row.kind, row.key, row.name, names, row.active, token))
    return found


@retried
def renew(kind: str, key: str, by: Actor, *, now: datetime, scope: Scope = EVERYWHERE) -> str:
    """Make a new link for a calendar, give its name, and revoke the one before.

    Raises NotFound where it is not known, or tells of sites that are not within the scope.
    """
    model = Site if kind == SITE else Resource
    with transaction() as session:
        query = select(*_columns(model)).where(model.key == key).with_for_update()
        row = session.execute(query).first()
        if row is None or not _whole(session, kind, row.id, scope):
            raise NotFound
        column = "feed_generation" if kind == SITE else "generation"
        session.execute(update(model).where(model.id == row.id).values({column: row.generation + 1}))
        site_id = row.id if kind == SITE else None
        audit.record(session, by, "renewed", "feed", row.key, now, label=row.name, site_id=site_id)
    return str(row.name)


def _columns(model: type[Site] | type[Resource]) -> tuple[Any, ...]:
    generation = Site.feed_generation if model is Site else Resource.generation
    return model.id, model.key, model.name, model.active, generation.label("generation")


def _sites_of(session: Session) -> dict[int, dict[int, str]]:
    """Name the sites of every resource, by the ids of both."""
    query = select(ResourceSite.resource_id, Site.id, Site.name).join(Site, Site.id == ResourceSite.site_id)
    rows = session.execute(query.order_by(ResourceSite.resource_id, Site.name)).all()
    return {one: {row[1]: row[2] for row in group} for one, group in groupby(rows, key=itemgetter(0))}


def _seen(scope: Scope, ids: frozenset[int]) -> bool:
    """Tell whether a resource of these sites is to be seen: at one of them at least."""
    return scope.sees(None) or any(scope.sees(one) for one in ids)


def _whole(session: Session, kind: str, identity: int, scope: Scope) -> bool:
    """Tell whether all that the calendar tells of is within the scope."""
    if kind == SITE:
        return scope.sees(identity)
    query = select(ResourceSite.site_id).where(ResourceSite.resource_id == identity)
    ids = frozenset(session.scalars(query))
    return _seen(scope, ids) and scope.sees_all(ids)


def _token(kind: str, row: Any) -> str:
    return tokens.token(tokens.FEED, _public_id(kind, row.id, row.key), row.generation)


def _public_id(kind: str, identity: int, key: str) -> str:
    """Make 16 bytes: one for the kind, seven for the row's id, eight of a hash of its key."""
    return f"{NUMBERS[kind]:02x}{identity:014x}{sha256(key.encode()).hexdigest()[:16]}"


# Contents


def opened(token: str, *, now: datetime) -> Contents:
    """Read the calendar of a link, in a fixed number of statements. Raises LinkUnknown, also for one that is revoked.

    It tells of the appointments from 30 days ago to a year ahead, and of the absences of those days.
    """
    public_id = tokens.public_id_of(token)
    since, until = now - BACK, now + AHEAD
    with reading() as session:
        kind, row = _target(session, public_id)
        if row is None or not tokens.verified(token, tokens.FEED, row.generation):
            raise LinkUnknown
        if kind == SITE:
            return Contents(row.name, _occasions(session, Appointment.site_id == row.id, since, until), ())
        mine = Appointment.id.in_(select(Assignment.appointment_id).where(Assignment.resource_id == row.id))
        occasions = _occasions(session, mine, since, until, leaving_out=row.id)
        return Contents(row.name, occasions, _absences(session, row.id, row.key, since, until))


def _target(session: Session, public_id: str) -> tuple[str, Any]:
    """Find what a public id names, None where it names nothing."""
    number, identity = int(public_id[:2], 16), int(public_id[2:16], 16)
    kind = next((name for name, one in NUMBERS.items() if one == number), None)
    if kind is None or identity >= 2**31:  # no id of a row: others would be no number of the database
        return "", None
    model = Site if kind == SITE else Resource
    row = session.execute(select(*_columns(model)).where(model.id == identity)).first()
    return kind, row if row is not None and _public_id(kind, row.id, row.key) == public_id else None


def _occasions(
    session: Session,
    condition: ColumnElement[bool],
    since: datetime,
    until: datetime,
    *,
    leaving_out: int | None = None,
) -> tuple[Occasion, ...]:
    there = (
        condition,
        Appointment.ends_at > since,
        Appointment.starts_at < until,
        Appointment.status.not_in(GONE),
    )
    query = (
        select(
            *(Appointment.id, Appointment.public_id, Appointment.sequence, Appointment.updated_at),
            *(Appointment.starts_at, Appointment.ends_at, Appointment.status, Appointment.reference),
            *(Appointment.name, Appointment.email, Site.name.label("place"), Site.address),
            *(Planning.name.label("planning"), Service.name.label("service"), Order.reference.label("order")),
        )
        .join(Site, Site.id == Appointment.site_id)
        .outerjoin(Planning, Planning.id == Appointment.planning_id)
        .outerjoin(Service, Service.id == Appointment.service_id)
        .outerjoin(Order, Order.id == Appointment.order_id)
        .where(*there)
        .order_by(Appointment.starts_at, Appointment.id)
    )
    having = _having(session, select(Appointment.id).where(*there), leaving_out)
    return tuple(_occasion(row, having.get(row.id, ())) for row in session.connection().execute(query))


def _having(session: Session, ids: Any, leaving_out: int | None) -> dict[int, tuple[str, ...]]:
    """Name whom and what appointments have, besides the one whose calendar it is."""
    query = (
        select(Assignment.appointment_id, Resource.name)
        .join(Resource, Resource.id == Assignment.resource_id)
        .where(Assignment.appointment_id.in_(ids), Resource.id != (leaving_out or 0))
        .order_by(Assignment.appointment_id, Resource.kind.desc(), Resource.name)
    )
    rows: Sequence[Any] = session.connection().execute(query).all()
    return {one: tuple(row[1] for row in group) for one, group in groupby(rows, key=itemgetter(0))}


def _occasion(row: Any, beside: tuple[str, ...]) -> Occasion:
    return Occasion(
        public_id=row.public_id,
        sequence=row.sequence,
        updated_at=row.updated_at,
        start=row.starts_at,
        end=row.ends_at,
        status=Status(row.status),
        reference=row.reference,
        what=row.service or {"": row.planning or ""},
        who=row.name or row.email or "",
        order=row.order,
        place=row.place,
        address=row.address,
        beside=beside,
    )


def _absences(session: Session, identity: int, key: str, since: datetime, until: datetime) -> tuple[Away, ...]:
    (bound,) = resource_cards.by_ids(session, [identity])
    spans = dict.fromkeys((instant_of(one.start), instant_of(one.end), one.label) for one in bound.card.absences)
    return tuple(
        Away(_uid(key, start, end, label), start, end, label, _whole_days(start, end, bound.card.zone))
        for start, end, label in spans
        if end > since and start < until
    )


def _uid(key: str, start: datetime, end: datetime, label: str) -> str:
    return f"absence-{key}-{start:%Y%m%dT%H%M}-{end:%Y%m%dT%H%M}-{sha256(label.encode()).hexdigest()[:8]}"


def _whole_days(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[date, date] | None:
    """Give the days of what lasts from midnight to midnight, None for other times."""
    first, last = local_day(start, zone), local_day(end, zone)
    return (first, last) if (start, end) == (day_bounds(first, zone)[0], day_bounds(last, zone)[0]) else None
