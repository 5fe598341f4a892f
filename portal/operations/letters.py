"""What a queued message says now, or why it is no longer to be said. Read for a whole batch at once.

A message is written long before it leaves, and the world moves on. When it is rendered
- a confirmation, a move's mail or a reminder of an appointment that is cancelled is dropped; while its cancellation
  can still be undone it waits for the end of that;
- an older message is dropped when a newer one of the same appointment to the same side has become due: a move's mail
  replaces the confirmation, a cancellation's replaces both;
- a cancellation's mail is dropped when the appointment is not cancelled, a request's when it was answered;
- a reminder is dropped when the appointment has moved or begun, or who comes is there already;
- an invitation is dropped when its link is revoked or expired;
- a list of appointments to come is dropped when there are none;
- a link for somebody of the staff is dropped when it was used, replaced or too late, or its account is closed or none;
- the summary of a day is dropped when the day is over, or when there is nothing to say;
- an offer is dropped when it is over, when its place is gone, or when its appointment is no longer one to move; what
  says that somebody is on a waiting list when they are not;
- a link to go on with is dropped when it is too late or done, and a continuation when the address is no customer's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.domain import modes
from portal.domain.fields import Words
from portal.domain.lifecycle import Status
from portal.domain.mail_texts import OURS, MailText
from portal.domain.zones import parse_instant
from portal.extensions import reading
from portal.models import Appointment, Link, Order, OutboxMessage, Service, Site, User
from portal.operations import (
    assignments,
    cards,
    invitations,
    mail_texts,
    next_steps,
    offer_letters,
    offer_notices,
    organisation,
    place_cards,
    staff_links,
    summaries,
    tokens,
)
from portal.operations.assignments import Assigned
from portal.operations.cards import AppointmentCard
from portal.operations.letter_rules import EACH, REPLACED_BY, THREADS, out_of_hands, untrue
from portal.operations.next_steps import NextStep
from portal.operations.offer_letters import Joined, Proposal
from portal.operations.offer_notices import Freed
from portal.operations.outbox import Message
from portal.operations.place_cards import SiteCard
from portal.operations.summaries import Summary

REMINDERS = ("reminder", "staff_reminder", "site_reminder")
ABOUT_APPOINTMENTS = frozenset({*THREADS, *REMINDERS})
BOOKING_AGAIN = frozenset({"cancellation", "declined", "expired", "no_show"})
"""Mails that offer to book another appointment by the same link."""

STAFF_LINKS = {mail: purpose for purpose, mail in staff_links.MAILS.items()}


@dataclass(frozen=True, slots=True)
class Invitation:
    """A booking link to send, with its order or the names of its service. Days are the site's, both included."""

    token: str
    order: str | None
    kind: str | None
    units: str
    service: Words
    site: SiteCard
    first_day: date | None
    last_day: date | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class StaffLink:
    """A link by which somebody of the staff chooses a password; ``zone`` is the organisation's."""

    token: str
    expires_at: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Trial:
    """What somebody of the staff tries words of their own on: a kind of mail, and of a notice the change it tells."""

    kind: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message says: the facts that its kind needs, as they are now.

    ``having`` is what appointments have, by their ids; ``person`` the key of the one of their people it is for.
    """

    organisation: str
    sender: str = ""
    accent: str | None = None
    visit: AppointmentCard | None = None
    visits: Sequence[AppointmentCard] = ()
    having: Mapping[int, Sequence[Assigned]] = field(default_factory=dict)
    person: str = ""
    invitation: Invitation | None = None
    staff_link: StaffLink | None = None
    step: NextStep | None = None
    proposal: Proposal | None = None
    joined: Joined | None = None
    summary: Summary | None = None
    freed: Freed | None = None
    before: tuple[datetime, datetime] | None = None
    change: str = ""
    by: str = ""
    book_token: str = ""
    words: str = ""
    wanted: tuple[datetime, datetime] | None = None
    reason: str = ""
    unconfirmed: bool = False
    own: MailText = OURS
    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class Stale:
    """The message is no longer to be said; ``why`` is a word for the history."""

    why: str


@dataclass(frozen=True, slots=True)
class Early:
    """The message can only be judged at ``until``, by the portal's time."""

    until: datetime


Reading = Content | Stale | Early


def read(messages: Sequence[Message], *, now: datetime) -> list[Reading]:
    """Read what each message says, in a number of statements that does not grow with their number."""
    with reading() as session:
        batch = _Batch(session, messages, now)
        return [batch.reading_of(message) for message in messages]


class _Batch:
    """The rows that a batch of messages is about."""

    def __init__(self, session: Session, messages: Sequence[Message], now: datetime) -> None:
        self._session = session
        self._now = now
        company = organisation.card_of(session)
        self._zone = ZoneInfo(company.timezone)
        self._texts = mail_texts.of(session, company)
        self._from: dict[str, Any] = {
            "organisation": company.name,
            "sender": company.sender,
            "accent": company.accent,
        }
        ids = {message.appointment_id for message in messages if message.appointment_id is not None}
        self._visits = _visits(session, ids)
        served = [number for number, card in self._visits.items() if card.service_id is not None]
        self._having = assignments.of(session, served)
        self._newest = _newest(session, ids, now)
        self._invitations = _invitations(session, messages, self._visits)
        self._accounts = _accounts(session, messages)
        self._steps = next_steps.read(session, messages, now)
        self._offers = offer_letters.read(session, messages, now)
        self._summaries = summaries.read(session, messages, now)
        self._freed = offer_notices.read(session, messages, now)

    def reading_of(self, message: Message) -> Reading:
        """Read one message of the batch, with the words of it that are the company's own."""
        reading = self._said(message)
        if not self._texts or not isinstance(reading, Content) or reading.trial is not None:
            return reading
        return replace(reading, own=mail_texts.text_of(self._texts, message.kind, reading.change, message.locale))

    def _said(self, message: Message) -> Reading:
        if message.kind in ABOUT_APPOINTMENTS:
            return self._of_appointment(message)
        if message.kind in invitations.KINDS:
            return self._of_link(message)
        if message.kind in STAFF_LINKS:
            return self._of_account(message)
        if message.kind in next_steps.KINDS:
            step = self._steps[message.id]
            return Stale(step) if isinstance(step, str) else Content(**self._from, step=step)
        if message.kind in offer_letters.KINDS:
            return self._of_offer(message)
        if message.kind == "find":
            visits = cards.to_come(self._session, message.recipient, self._now)
            having = assignments.of(self._session, [card.id for card in visits if card.service_id is not None])
            return Content(**self._from, visits=visits, having=having) if visits else Stale("nothing_to_come")
        if message.kind == summaries.KIND:
            summary = self._summaries[message.id]
            return Stale(summary) if isinstance(summary, str) else Content(**self._from, summary=summary)
        if message.kind == offer_notices.KIND:
            freed = self._freed[message.id]
            return Stale(freed) if isinstance(freed, str) else Content(**self._from, freed=freed)
        if message.kind == mail_texts.TEST:
            return self._of_trial(message)
        return Content(**self._from)  # its template, if there is one, needs nothing more

    def _of_appointment(self, message: Message) -> Reading:
        visit = self._visits.get(message.appointment_id or 0)
        if visit is None:
            return Stale("gone")
        if visit.undoable(self._now) and visit.undo_until is not None:
            return Early(visit.undo_until)
        change = str(message.payload.get("change", ""))
        person = str(message.payload.get("resource", ""))
        if (why := self._untrue(message, change, visit, person)) is not None:
            return Stale(why)
        if self._superseded(message):
            return Stale("superseded")
        if message.kind in REMINDERS and not self._worth_reminding(message, visit):
            return Stale("moved_or_begun")
        return Content(
            **self._from,
            visit=visit,
            having=self._having,
            person=person,
            before=_interval(message.payload.get("before")),
            change=change,
            by=str(message.payload.get("by", "")),
            words=str(message.payload.get("words", "")),
            book_token=self._another(visit) if message.kind in BOOKING_AGAIN else "",
            wanted=_interval(message.payload.get("wanted")) or visit.wanted,
            reason=str(message.payload.get("reason", "")),
            unconfirmed=message.payload.get("was") == Status.REQUESTED,
        )

    def _untrue(self, message: Message, change: str, visit: AppointmentCard, person: str) -> str | None:
        """Say in a word why a mail is not to be said: it is not true any more, or never was for the one it is for."""
        if message.kind == "reassigned" and not modes.people_chosen(visit.policy.modes):
            return "not_named"
        holds = person in {one.key for one in self._having.get(visit.id, ())}
        wrong = out_of_hands(message.kind, change, holds)
        return wrong or untrue(message.kind, change, visit, self._now)

    def _of_offer(self, message: Message) -> Reading:
        """Read an offer, to its holder with their own appointment, or what says that somebody is on a waiting list."""
        told = self._offers[message.id]
        if isinstance(told, str):
            return Stale(told)
        if isinstance(told, Joined):
            return Content(**self._from, joined=told)
        if message.kind == offer_letters.PLACE_FREE:
            return Content(**self._from, proposal=told)
        visit = self._visits.get(message.appointment_id or 0)
        if visit is None or visit.status is not Status.CONFIRMED or visit.start <= told.start:
            return Stale("moved_or_begun")
        return Content(**self._from, proposal=told, visit=visit, having=self._having)

    def _of_trial(self, message: Message) -> Content:
        told = message.payload
        found = mail_texts.sample(str(told["appointment"])) if told["appointment"] else None
        own = MailText(str(told["subject"]), str(told["opening"]))
        served = [found.id] if found is not None and found.service_id is not None else []
        having = assignments.of(self._session, served)
        return Content(
            **self._from, visit=found, having=having, own=own, trial=Trial(str(told["kind"]), str(told["change"]))
        )

    def _superseded(self, message: Message) -> bool:
        threads = REPLACED_BY.get(THREADS.get(message.kind, ""), ())
        places = (_place(message.appointment_id, thread, message.recipient) for thread in threads)
        newest = (self._newest.get(place, 0) for place in places)
        return max(newest, default=0) > message.id

    def _worth_reminding(self, message: Message, visit: AppointmentCard) -> bool:
        expected = visit.status is Status.CONFIRMED and visit.start > self._now
        return expected and parse_instant(str(message.payload.get("start"))) == visit.start

    def _of_link(self, message: Message) -> Reading:
        invitation = self._invitations.get(message.link_id or 0)
        if invitation is None:
            return Stale("revoked")
        if _expired(invitation, self._now):
            return Stale("expired")
        return Content(**self._from, invitation=invitation)

    def _of_account(self, message: Message) -> Reading:
        user = self._accounts.get(message.recipient)
        if user is None or not user.active:
            return Stale("no_account")
        if user.generation != message.payload.get("generation") or user.link_expires_at is None:
            return Stale("superseded")
        if user.link_expires_at <= self._now:
            return Stale("expired")
        token = tokens.token(STAFF_LINKS[message.kind], user.public_id, user.generation)
        link = StaffLink(token, user.link_expires_at, self._zone)
        return Content(**self._from, staff_link=link, by=str(message.payload.get("by", "")))

    def _another(self, visit: AppointmentCard) -> str:
        """Give the token of the link it was booked by, while that still books."""
        invitation = self._invitations.get(visit.link_id or 0)
        return invitation.token if invitation and not _expired(invitation, self._now) else ""


def _accounts(session: Session, messages: Sequence[Message]) -> dict[str, User]:
    """Find the accounts that links of the staff are for."""
    addresses = {message.recipient for message in messages if message.kind in STAFF_LINKS}
    rows = session.scalars(select(User).where(User.email.in_(addresses))) if addresses else ()
    return {user.email: user for user in rows}


def _expired(invitation: Invitation, now: datetime) -> bool:
    return invitation.expires_at is not None and invitation.expires_at <= now


def _visits(session: Session, ids: set[int]) -> dict[int, AppointmentCard]:
    if not ids:
        return {}
    return {card.id: card for card in cards.cards(session, cards.listing().where(Appointment.id.in_(ids)))}


Place = tuple[int, str, str]
"""An appointment, a thread of mails about it, and whose that is, where each has their own."""


def _place(appointment_id: int | None, thread: str, recipient: str) -> Place:
    return appointment_id or 0, thread, recipient if thread in EACH else ""


def _newest(session: Session, ids: set[int], now: datetime) -> dict[Place, int]:
    """Find the newest due message of each appointment to each side."""
    if not ids:
        return {}
    message = OutboxMessage
    rows = session.execute(
        select(message.appointment_id, message.kind, message.recipient, func.max(message.id))
        .where(
            message.appointment_id.in_(ids),
            message.kind.in_(THREADS),
            or_(message.not_before <= now, message.not_before <= message.created_at),
        )
        .group_by(message.appointment_id, message.kind, message.recipient)
    )
    newest: dict[Place, int] = {}
    for appointment_id, kind, recipient, highest in rows:
        place = _place(appointment_id, THREADS[kind], recipient)
        newest[place] = max(newest.get(place, 0), highest)
    return newest


def _invitations(
    session: Session, messages: Sequence[Message], visits: Mapping[int, AppointmentCard]
) -> dict[int, Invitation]:
    """Read the links to invite by, and those by which one who cancels may book again; revoked ones are left out."""
    wanted = {message.link_id for message in messages if message.link_id is not None}
    cancelled = {message.appointment_id for message in messages if message.kind in BOOKING_AGAIN}
    wanted |= {card.link_id for id_, card in visits.items() if id_ in cancelled and card.link_id is not None}
    if not wanted:
        return {}
    rows = session.execute(
        select(
            *(Link.id, Link.public_id, Link.generation, Link.first_day, Link.last_day, Link.expires_at),
            *(Order.reference, Order.kind, Order.units, Service.name.label("service")),
            *(Site.id.label("site_id"), Site.revision),
        )
        .outerjoin(Order, Order.id == Link.order_id)
        .outerjoin(Service, Service.id == Link.service_id)
        .join(Site, Site.id == func.coalesce(Order.site_id, Link.site_id))
        .where(Link.id.in_(wanted), Link.revoked_at.is_(None))
    )
    return {
        row.id: Invitation(
            token=tokens.token(tokens.BOOK, row.public_id, row.generation),
            order=row.reference,
            kind=row.kind,
            units=row.units or "",
            service=row.service or {},
            site=place_cards.site_card(session, row.site_id, row.revision),
            first_day=row.first_day,
            last_day=row.last_day,
            expires_at=row.expires_at,
        )
        for row in rows
    }


def _interval(payload: object) -> tuple[datetime, datetime] | None:
    if not isinstance(payload, Mapping):
        return None
    start, end = parse_instant(str(payload.get("start"))), parse_instant(str(payload.get("end")))
    return (start, end) if start and end else None
