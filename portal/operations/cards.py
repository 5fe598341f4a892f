"""Appointments as pages, mails and the API show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session

from portal.domain.errors import LinkUnknown, NotFound
from portal.domain.lifecycle import ACTIVE, Status, move_allowed
from portal.domain.notices import Side, What
from portal.domain.policy import Policy
from portal.domain.window import change_allowed
from portal.extensions import reading
from portal.models import Appointment, Event, Order, Planning, Service, Site
from portal.operations import answers, bookables, place_cards, tokens
from portal.operations.answers import Answer
from portal.operations.bookables import Item
from portal.operations.place_cards import SiteCard
from portal.operations.service_cards import ServiceCard, service_card


@dataclass(frozen=True, slots=True)
class Ordered:
    """What is said of an order where something is booked for it."""

    id: int
    reference: str
    kind: str
    units: str


@dataclass(frozen=True, slots=True)
class AppointmentCard:
    """An appointment with what must be said of it. Instants are UTC; ``zone`` is the one to show them in."""

    id: int
    public_id: str
    generation: int
    reference: str
    status: Status
    start: datetime
    end: datetime
    zone: ZoneInfo
    site: SiteCard
    item: Item | None
    policy: Policy
    order: str | None
    order_kind: str | None
    order_units: str
    link_id: int | None
    units: int
    iterations: int
    email: str | None
    name: str
    phone: str
    comment: str
    fields: dict[str, Any]
    locale: str
    source: str
    overbook_reason: str
    version: int
    sequence: int
    created_at: datetime
    updated_at: datetime
    undo_until: datetime | None
    answer_by: datetime | None
    wanted: tuple[datetime, datetime] | None  # start and end of a move that waits for its answer

    @property
    def service_id(self) -> int | None:
        """The id of the service that is booked, None where none is."""
        return self.item.id if isinstance(self.item, ServiceCard) else None

    @property
    def token(self) -> str:
        """The token that manages it."""
        return tokens.token(tokens.MANAGE, self.public_id, self.generation)

    @property
    def validation_token(self) -> str:
        """The token by which the site answers its requests."""
        return tokens.token(tokens.VALIDATE, self.public_id, self.generation)

    def active(self, now: datetime) -> bool:
        """Tell whether somebody is still expected; a request that nobody answered in time is over by the clock."""
        return self.status in ACTIVE and self.end > now and not self.lapsed(now)

    def awaits(self, now: datetime) -> bool:
        """Tell whether it waits for an answer: a request, or one that is to be moved, in time."""
        asked = self.status is Status.REQUESTED or (self.status is Status.CONFIRMED and self.wanted is not None)
        return asked and self.answer_by is not None and self.answer_by > now

    def lapsed(self, now: datetime) -> bool:
        """Tell whether it is a request whose time is over, whatever the worker does."""
        return self.status is Status.REQUESTED and not self.awaits(now)

    @property
    def asked(self) -> tuple[datetime, datetime]:
        """Start and end of what an answer would be about: the new place of a move, else its own."""
        return self.wanted or (self.start, self.end)

    def changeable(self, now: datetime) -> bool:
        """Tell whether the customer may still move or cancel it."""
        return (
            move_allowed(self.status, Status.CANCELLED)
            and not self.lapsed(now)
            and self.start > now
            and change_allowed(self.start, self.policy, now, self.zone)
        )

    def tells(self, what: What) -> bool:
        """Tell whether its customer gets a mail when this happens."""
        return self.email is not None and self.site.notices.wanted(Side.CUSTOMER, what)

    def answers(self, locale: str) -> tuple[Answer, ...]:
        """Word the answers to what the planning asks or once asked."""
        return answers.worded(self.item.ever_asked if self.item is not None else (), self.fields, locale)

    def undoable(self, now: datetime) -> bool:
        """Tell whether its cancellation can still be taken back."""
        return self.status is Status.CANCELLED and self.undo_until is not None and self.undo_until > now


# Built once: building a statement of this size costs as much as running it.
LISTING: Select[*tuple[Any, ...]] = (
    select(
        *Appointment.__table__.c,
        Site.revision.label("site_revision"),
        Planning.revision.label("planning_revision"),
        Service.revision.label("service_revision"),
        Order.reference.label("order_reference"),
        Order.kind.label("order_kind"),
        Order.units.label("order_units"),
    )
    .join(Site, Site.id == Appointment.site_id)
    .outerjoin(Planning, Planning.id == Appointment.planning_id)
    .outerjoin(Service, Service.id == Appointment.service_id)
    .outerjoin(Order, Order.id == Appointment.order_id)
    .where(Appointment.status != Status.HELD.value)  # nobody's yet: shown nowhere
)
BY_PUBLIC_ID = LISTING.where(Appointment.public_id == bindparam("public_id"))
BY_REFERENCE = LISTING.where(Appointment.reference == bindparam("reference"))


def listing() -> Select[*tuple[Any, ...]]:
    """Select what ``card`` reads, to be filtered and ordered by the caller."""
    return LISTING


def cards(session: Session, query: Select[*tuple[Any, ...]], **values: Any) -> list[AppointmentCard]:
    """Run a query of ``listing``; ``values`` are those of its parameters."""
    return [_card(session, row) for row in session.connection().execute(query, values).all()]


def managed(session: Session, token: str, purpose: str = tokens.MANAGE) -> AppointmentCard:
    """Open the appointment that a token leads to, one that manages it unless another is named. Raises LinkUnknown."""
    found = cards(session, BY_PUBLIC_ID, public_id=tokens.public_id_of(token))
    if not found or not tokens.verified(token, purpose, found[0].generation):
        raise LinkUnknown
    return found[0]


def by_token(token: str, purpose: str = tokens.MANAGE) -> AppointmentCard:
    """Read the appointment that a token leads to. Raises LinkUnknown."""
    with reading() as session:
        return managed(session, token, purpose)


def by_public_id(public_id: str) -> AppointmentCard:
    """Read an appointment by its id in the API. Raises NotFound."""
    with reading() as session:
        return _the_one(cards(session, BY_PUBLIC_ID, public_id=public_id))


def by_reference(reference: str) -> AppointmentCard:
    """Read an appointment by the reference said at the gate, however it was typed. Raises NotFound."""
    letters = "".join(letter for letter in reference.upper() if letter.isalnum())
    with reading() as session:
        return _the_one(cards(session, BY_REFERENCE, reference=f"{letters[:4]}-{letters[4:]}"))


def _the_one(found: Sequence[AppointmentCard]) -> AppointmentCard:
    if not found:
        raise NotFound
    return found[0]


def of_order(session: Session, order_id: int) -> list[AppointmentCard]:
    """List an order's appointments, past and to come, by their start."""
    return cards(session, listing().where(Appointment.order_id == order_id).order_by(Appointment.starts_at))


def of_link(session: Session, link_id: int) -> list[AppointmentCard]:
    """List the appointments booked with a link, past and to come, by their start."""
    return cards(session, listing().where(Appointment.link_id == link_id).order_by(Appointment.starts_at))


def to_come(session: Session, email: str, now: datetime) -> list[AppointmentCard]:
    """List the appointments to come of an address."""
    expected = and_(Appointment.email == email, Appointment.ends_at > now, Appointment.status.in_(ACTIVE))
    return cards(session, listing().where(expected).order_by(Appointment.starts_at))


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change of an appointment."""

    kind: str
    at: datetime
    actor: str
    origin: str
    before: dict[str, Any]
    after: dict[str, Any]


def history(public_id: str) -> list[HistoryLine]:
    """List what happened to an appointment, oldest first."""
    with reading() as session:
        rows: Sequence[Any] = session.execute(
            select(Event.kind, Event.at, Event.actor, Event.origin, Event.before, Event.after)
            .join(Appointment, Appointment.id == Event.appointment_id)
            .where(Appointment.public_id == public_id)
            .order_by(Event.id)
        ).all()
    return [HistoryLine(*row) for row in rows]


def item_of(session: Session, row: Any) -> Item | None:
    """Give what an appointment is booked in, by its ids and their revisions in a row; None where it is in nothing."""
    if row.service_id is not None:
        return service_card(session, row.service_id, row.service_revision)
    if row.planning_id is not None:
        return place_cards.planning_card(session, row.planning_id, row.planning_revision)
    return None


def _card(session: Session, row: Any) -> AppointmentCard:
    site = place_cards.site_card(session, row.site_id, row.site_revision)
    order = Ordered(row.order_id, row.order_reference, row.order_kind, row.order_units) if row.order_id else None
    return of_row(row, site, item_of(session, row), order)


def of_row(row: Any, site: SiteCard, item: Item | None, order: Ordered | None) -> AppointmentCard:
    """Give an appointment of which all columns were read, or written just now."""
    return AppointmentCard(
        id=row.id,
        public_id=row.public_id,
        generation=row.generation,
        reference=row.reference,
        status=Status(row.status),
        start=row.starts_at,
        end=row.ends_at,
        zone=site.zone,
        site=site,
        item=item,
        policy=bookables.policy(site, item),
        order=order.reference if order is not None else None,
        order_kind=order.kind if order is not None else None,
        order_units=order.units if order is not None else "",
        link_id=row.link_id,
        units=row.units,
        iterations=row.iterations,
        email=row.email,
        name=row.name,
        phone=row.phone,
        comment=row.comment,
        fields=row.fields,
        locale=row.locale,
        source=row.source,
        overbook_reason=row.overbook_reason,
        version=row.version,
        sequence=row.sequence,
        created_at=row.created_at,
        updated_at=row.updated_at,
        undo_until=row.undo_until,
        answer_by=row.answer_by,
        wanted=(row.wanted_start, row.wanted_end) if row.wanted_start is not None else None,
    )
