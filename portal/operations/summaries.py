"""The summary of a site's day: found by asking at which sites its hour has come, as reminders are, never planned ahead.

A summary's dedupe key names the site and the date: by however many workers and however often this runs, and wherever
their clock goes, each leaves once. One that is late leaves as long as its day lasts. What it says is read when it is
rendered, and when there is nothing to say it does not leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import COUNTED
from portal.domain.zones import at_wall_time, day_bounds, local_day, parse_day
from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Link, Order, OutboxMessage, Site
from portal.operations import assignments, cards, outbox, place_cards
from portal.operations.assignments import Assigned
from portal.operations.cards import AppointmentCard
from portal.operations.outbox import Draft, Message
from portal.operations.place_cards import SiteCard

KIND = "site_summary"
MOST = 200  # appointments listed one by one; the others are counted


@dataclass(frozen=True, slots=True)
class Summary:
    """The day of a site: who is expected, ``more`` than are listed; what waits for an answer; mails in trouble.

    ``having`` is what the appointments have, by their ids.
    """

    site: SiteCard
    day: date
    visits: tuple[AppointmentCard, ...]
    more: int
    requests: tuple[AppointmentCard, ...]
    troubles: int
    having: Mapping[int, Sequence[Assigned]]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.visits or self.requests or self.troubles)


def derive(now: datetime) -> int:
    """Queue the summaries whose hour has come, and count them."""
    with reading() as session:
        drafts = list(_due(session, now))
        known = _queued(session, [draft.dedupe for draft in drafts])
    fresh = [draft for draft in drafts if draft.dedupe not in known]
    if fresh:
        _enqueue(fresh, now)
    return len(fresh)


@retried
def _enqueue(drafts: Sequence[Draft], now: datetime) -> None:
    with transaction() as session:
        outbox.enqueue(session, drafts, now)


def _due(session: Session, now: datetime) -> Iterable[Draft]:
    """Yield the summaries of sites at which it is late enough."""
    query = select(Site.id, Site.revision, Site.email).where(Site.active, Site.email.is_not(None))
    for row in session.execute(query).all():
        site = place_cards.site_card(session, row.id, row.revision)
        day, hour = local_day(now, site.zone), site.notices.summary
        if hour is not None and at_wall_time(day, hour, site.zone) <= now:
            told = {"site": row.id, "day": day.isoformat()}
            yield Draft(KIND, f"summary:{row.id}:{day}", row.email, outbox.default_locale(), now, told)


def _queued(session: Session, names: Sequence[str]) -> set[str]:
    if not names:
        return set()
    return set(session.scalars(select(OutboxMessage.dedupe).where(OutboxMessage.dedupe.in_(names))))


# What they say


def read(session: Session, messages: Sequence[Message], now: datetime) -> dict[int, Summary | str]:
    """Read the summaries of a batch of messages by their ids; a word says why one is not to be said."""
    asked = {message.id: _asked(message) for message in messages if message.kind == KIND}
    if not asked:
        return {}
    days = _Days(session, asked.values(), now)
    return {number: days.said(*where) for number, where in asked.items()}


def _asked(message: Message) -> tuple[int, date]:
    return int(message.payload["site"]), parse_day(str(message.payload["day"])) or date.min


class _Days:
    """The days of some sites, all read at once."""

    def __init__(self, session: Session, asked: Iterable[tuple[int, date]], now: datetime) -> None:
        self._now = now
        self._sites = _sites(session, {site_id for site_id, _day in asked})
        self._visits = _visits(session, self._sites, now)
        self._requests = _requests(session, self._sites, now)
        self._troubles = _troubles(session, self._sites)
        self._having = assignments.of(session, self._served())

    def _served(self) -> list[int]:
        """List the ids of the appointments that may have people, rooms and equipment."""
        found = [*self._visits.values(), *self._requests.values()]
        return [card.id for cards_ in found for card in cards_ if card.service_id is not None]

    def said(self, site_id: int, day: date) -> Summary | str:
        """Give the summary of a site's day, which is to be the present one."""
        site = self._sites.get(site_id)
        if site is None or site.notices.summary is None:
            return "switched_off"
        if local_day(self._now, site.zone) != day:
            return "day_over"
        found = self._visits.get(site_id, [])
        summary = Summary(
            site=site,
            day=day,
            visits=tuple(found[:MOST]),
            more=max(0, len(found) - MOST),
            requests=tuple(self._requests.get(site_id, ())),
            troubles=self._troubles.get(site_id, 0),
            having=self._having,
        )
        return "nothing_to_tell" if summary.empty else summary


def _sites(session: Session, ids: Iterable[int]) -> dict[int, SiteCard]:
    rows = session.execute(select(Site.id, Site.revision).where(Site.id.in_(ids), Site.active)).all()
    return {row.id: place_cards.site_card(session, row.id, row.revision) for row in rows}


def _visits(session: Session, sites: Mapping[int, SiteCard], now: datetime) -> dict[int, list[AppointmentCard]]:
    """Read who comes today, by each site's clock, in order of time."""
    days = {site_id: day_bounds(local_day(now, site.zone), site.zone) for site_id, site in sites.items()}
    today = [
        and_(Appointment.site_id == site_id, Appointment.starts_at >= start, Appointment.starts_at < end)
        for site_id, (start, end) in days.items()
    ]
    coming = and_(or_(*today), Appointment.status.in_(COUNTED))
    found = _by_site(session, coming, Appointment.starts_at) if today else {}
    return {site_id: [card for card in cards_ if not card.lapsed(now)] for site_id, cards_ in found.items()}


def _requests(session: Session, sites: Mapping[int, SiteCard], now: datetime) -> dict[int, list[AppointmentCard]]:
    """Read what waits for an answer, the most urgent first."""
    waiting = and_(Appointment.answer_by > now, Appointment.site_id.in_(sites))
    found = _by_site(session, waiting, Appointment.answer_by)
    return {site_id: [card for card in cards_ if card.awaits(now)] for site_id, cards_ in found.items()}


def _by_site(session: Session, which: Any, order: Any) -> dict[int, list[AppointmentCard]]:
    found: dict[int, list[AppointmentCard]] = {}
    for card in cards.cards(session, cards.listing().where(which).order_by(order, Appointment.id)):
        found.setdefault(card.site.id, []).append(card)
    return found


def _troubles(session: Session, sites: Mapping[int, SiteCard]) -> dict[int, int]:
    """Count the mails about a site's appointments, orders and booking links that somebody should look at."""
    site_id: Any = func.coalesce(Appointment.site_id, Order.site_id, Link.site_id)
    query = (
        select(site_id.label("site"), func.count().label("number"))
        .select_from(OutboxMessage)
        .outerjoin(Appointment, Appointment.id == OutboxMessage.appointment_id)
        .outerjoin(Order, Order.id == OutboxMessage.order_id)
        .outerjoin(Link, Link.id == OutboxMessage.link_id)
        .where(outbox.TROUBLED, site_id.in_(sites))
        .group_by(site_id)
    )
    return {row.site: row.number for row in session.execute(query)}
