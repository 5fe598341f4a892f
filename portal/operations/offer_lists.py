"""Offers as the staff looks at them: who was offered what, when and why, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from portal.domain.zones import zone
from portal.extensions import reading
from portal.models import Appointment, FreedPlace, Offer, Planning, Pool, Service, Site, WaitingEntry
from portal.operations.bookables import Called
from portal.operations.scopes import Scope

STATES = ("open", "claimed", "lapsed", "withdrawn")
HOLDERS, LISTED = "holders", "list"
WHOM = (HOLDERS, LISTED)
MOST = 200  # offers of a page
GIVER = aliased(Appointment)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. ``text`` is a part of an address or of a reference; ``site`` a key; None = all."""

    text: str = ""
    state: str | None = None
    whom: str | None = None
    site: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OfferLine:
    """An offer: to whom (the holder of an appointment, or somebody of the waiting list), of what, and why.

    ``own_start`` is when their appointment is now. ``giver`` is the appointment that gave the place back, by ``cause``.
    ``reason`` has the rank, since when they have waited, and the mode. Times are to be shown in ``zone``.
    """

    id: int
    state: str
    start: datetime
    end: datetime
    created_at: datetime
    expires_at: datetime
    settled_at: datetime | None
    reason: Mapping[str, Any]
    cause: str
    site: str
    item: Called
    zone: ZoneInfo
    email: str
    name: str
    public_id: str | None
    reference: str | None
    own_start: datetime | None
    waiting_id: int | None
    giver: str
    giver_id: str

    @property
    def alone(self) -> bool:
        """Whether they were asked one by one, so that the place was kept for them."""
        return self.reason.get("mode") == "one_by_one"


@dataclass(frozen=True, slots=True)
class OfferList:
    """Some of the offers found, newest first; ``next`` is the cursor of older ones, None on the last page."""

    lines: Sequence[OfferLine]
    next: int | None


LISTING: Select[*tuple[Any, ...]] = (
    select(
        *(Offer.id, Offer.state, Offer.starts_at.label("start"), Offer.ends_at.label("end"), Offer.created_at),
        *(Offer.expires_at, Offer.settled_at, Offer.reason, FreedPlace.cause, Site.name.label("site")),
        *(Planning.name.label("planning"), Service.name.label("service"), Site.timezone.label("zone")),
        func.coalesce(Appointment.email, WaitingEntry.email, "").label("email"),
        func.coalesce(Appointment.name, WaitingEntry.name, "").label("name"),
        *(Appointment.public_id, Appointment.reference, Appointment.starts_at.label("own_start"), Offer.waiting_id),
        *(GIVER.reference.label("giver"), GIVER.public_id.label("giver_id")),
    )
    .join(FreedPlace, FreedPlace.id == Offer.freed_id)
    .join(Pool, Pool.id == FreedPlace.pool_id)
    .join(Site, Site.id == Pool.site_id)
    .outerjoin(Planning, Planning.id == Pool.planning_id)
    .outerjoin(Service, Service.id == Pool.service_id)
    .join(GIVER, GIVER.id == FreedPlace.appointment_id)
    .outerjoin(Appointment, Appointment.id == Offer.appointment_id)
    .outerjoin(WaitingEntry, WaitingEntry.id == Offer.waiting_id)
)


def listing(search: Search, *, scope: Scope, before: int | None = None, size: int = 50) -> OfferList:
    """List offers, newest first, from below the number ``before`` on."""
    size = min(max(size, 1), MOST)
    query = LISTING.where(_wanted(search, scope)).order_by(Offer.id.desc()).limit(size + 1)
    if before is not None:
        query = query.where(Offer.id < before)
    with reading() as session:
        lines = _lines(session, query)
    return OfferList(lines[:size], lines[size - 1].id if len(lines) > size else None)


def of_appointment(appointment_id: int, limit: int = 50) -> list[OfferLine]:
    """List the offers that an appointment got, the newest first."""
    with reading() as session:
        return _lines(
            session, LISTING.where(Offer.appointment_id == appointment_id).order_by(Offer.id.desc()).limit(limit)
        )


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A place that an appointment gave back: to how many it was offered, when first, and who took it, if anybody."""

    start: datetime
    zone: ZoneInfo
    at: datetime
    count: int
    taker: str | None


def given_back(appointment_id: int) -> list[GivenBack]:
    """List the places of an appointment that were offered to others, the newest first."""
    taker = (
        select(func.max(func.coalesce(Appointment.reference, WaitingEntry.email)))
        .select_from(Offer)
        .outerjoin(Appointment, Appointment.id == Offer.appointment_id)
        .outerjoin(WaitingEntry, WaitingEntry.id == Offer.waiting_id)
        .where(Offer.freed_id == FreedPlace.id, Offer.state == "claimed")
        .correlate(FreedPlace)
        .scalar_subquery()
    )
    query = (
        select(FreedPlace.starts_at, Site.timezone, func.min(Offer.created_at), func.count(Offer.id), taker)
        .join(Offer, Offer.freed_id == FreedPlace.id)
        .join(Pool, Pool.id == FreedPlace.pool_id)
        .join(Site, Site.id == Pool.site_id)
        .where(FreedPlace.appointment_id == appointment_id)
        .group_by(FreedPlace.id, FreedPlace.starts_at, Site.timezone)
        .order_by(FreedPlace.id.desc())
    )
    with reading() as session:
        rows = session.execute(query).all()
    return [GivenBack(start, zone(name), at, count, who) for start, name, at, count, who in rows]


def _lines(session: Session, query: Select[*tuple[Any, ...]]) -> list[OfferLine]:
    return [_line(row) for row in session.execute(query)]


def _line(row: Any) -> OfferLine:
    told = {**row._mapping, "zone": zone(row.zone)}
    item = Called(told.pop("planning"), told.pop("service"))
    return OfferLine(**told, item=item)


def _wanted(search: Search, scope: Scope) -> ColumnElement[bool]:
    """Turn a search into its condition."""
    holder = Offer.appointment_id.is_not(None)
    whom = {HOLDERS: holder, LISTED: ~holder}.get(search.whom or "", true())
    return and_(
        scope.limits(Pool.site_id),
        whom,
        Offer.state == search.state if search.state in STATES else true(),
        Site.key == search.site if search.site else true(),
        Offer.created_at >= search.since if search.since is not None else true(),
        Offer.created_at < search.until if search.until is not None else true(),
        _about(search.text) if search.text else true(),
    )


def _about(text: str) -> ColumnElement[bool]:
    folded, upper = text.strip().casefold(), text.strip().upper()
    return or_(
        Appointment.email.contains(folded, autoescape=True),
        WaitingEntry.email.contains(folded, autoescape=True),
        Appointment.reference.contains(upper, autoescape=True),
        GIVER.reference.contains(upper, autoescape=True),
    )
