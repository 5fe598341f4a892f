"""Reminders: found by asking which appointments come near, not planned ahead. A moved appointment needs no cleaning up.

A reminder's dedupe key names the appointment, its start and the distance: however often and by however many workers
this runs, each leaves once, and an appointment that moves away and back is not announced twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.domain.durations import Duration
from portal.domain.lifecycle import Status
from portal.domain.policy import Policy
from portal.domain.zones import epoch
from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Event, OutboxMessage, Planning, Service, Site
from portal.operations import assignments, bookables, cards, notices, outbox, place_cards
from portal.operations.assignments import Person
from portal.operations.place_cards import SiteCard

CHUNK = 500  # reminders written in one transaction
A_DAY = timedelta(days=1)
KINDS = ("reminder", "staff_reminder", "site_reminder")

PROMISED_AT = (
    select(func.max(Event.at))
    .where(Event.appointment_id == Appointment.id, Event.kind.in_(("scheduled", "accepted", "rescheduled")))
    .correlate(Appointment)
    .scalar_subquery()
)
"""When the present start was promised: who books inside the distance of a reminder has just been told."""


def derive(now: datetime) -> int:
    """Queue the reminders whose moment has come, and count them. One that is late still leaves before the start."""
    with reading() as session:
        coming = _coming(session, now)
        people = assignments.people_of(session, [row.id for row in coming if row.service_id is not None])
        drafts = [draft for row in coming for draft in _reminders(session, row, people.get(row.id, ()), now)]
        known = _queued(session, now) if drafts else set()
    fresh = [draft for draft in drafts if draft.dedupe not in known]
    for first in range(0, len(fresh), CHUNK):
        _enqueue(fresh[first : first + CHUNK], now)
    return len(fresh)


@retried
def _enqueue(drafts: Sequence[outbox.Draft], now: datetime) -> None:
    with transaction() as session:
        outbox.enqueue(session, drafts, now)


def _coming(session: Session, now: datetime) -> Sequence[Any]:
    """List the confirmed appointments that begin within the longest distance of any reminder."""
    rows: Sequence[Any] = session.execute(
        select(
            *(Appointment.id, Appointment.public_id, Appointment.starts_at, Appointment.email, Appointment.locale),
            *(Appointment.site_id, Appointment.planning_id, Appointment.service_id, PROMISED_AT.label("promised_at")),
            Site.revision.label("site_revision"),
            Planning.revision.label("planning_revision"),
            Service.revision.label("service_revision"),
        )
        .join(Site, Site.id == Appointment.site_id)
        .outerjoin(Planning, Planning.id == Appointment.planning_id)
        .outerjoin(Service, Service.id == Appointment.service_id)
        .where(
            Appointment.status == Status.CONFIRMED.value,
            Appointment.starts_at > now,
            Appointment.starts_at <= now + _longest(session),
        )
    ).all()
    return rows


def _longest(session: Session) -> timedelta:
    """Find the longest distance that any policy asks for; a day may last 25 hours, so each gets a day more."""
    layers = [layer for table in (Site, Planning, Service) for layer in session.scalars(select(table.policy))]
    distances = (distance for layer in (*layers, {}) for distance in Policy.of(layer).reminders)
    return max((_at_most(distance) for distance in distances), default=timedelta())


def _at_most(distance: Duration) -> timedelta:
    return distance.elapsed if distance.unit != "d" else timedelta(days=distance.amount) + A_DAY


def _reminders(session: Session, row: Any, people: Sequence[Person], now: datetime) -> Iterable[outbox.Draft]:
    """Give the reminders of an appointment whose moment has come since its start was promised."""
    site = place_cards.site_card(session, row.site_id, row.site_revision)
    for distance in bookables.policy(site, cards.item_of(session, row)).reminders:
        moment = distance.before(row.starts_at, site.zone)
        if distance and (row.promised_at is None or row.promised_at < moment) and moment <= now:
            yield from notices.chosen(site, _drafts(row, site, people, distance, now))


def _drafts(
    row: Any, site: SiteCard, people: Sequence[Person], distance: Duration, now: datetime
) -> Iterable[outbox.Draft]:
    """Remind the one who comes, those who serve, and the site."""
    told = {"start": row.starts_at.isoformat()}
    what = f"{row.public_id}:{epoch(row.starts_at)}:{distance}"
    if row.email:
        yield outbox.Draft("reminder", f"reminder:{what}", row.email, row.locale, now, told, row.id)
    locale = outbox.default_locale()
    for one in people:
        name, whose = f"staff_reminder:{one.key}:{what}", {**told, "resource": one.key}
        yield outbox.Draft("staff_reminder", name, one.email, locale, now, whose, row.id)
    if site.email:
        yield outbox.Draft("site_reminder", f"site_reminder:{what}", site.email, locale, now, told, row.id)


def _queued(session: Session, now: datetime) -> set[str]:
    """Name the reminders already written for appointments to come."""
    query = (
        select(OutboxMessage.dedupe)
        .join(Appointment, Appointment.id == OutboxMessage.appointment_id)
        .where(OutboxMessage.kind.in_(KINDS), Appointment.starts_at > now)
    )
    return set(session.scalars(query))
