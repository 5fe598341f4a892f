"""Mails to look at and to try: any kind, on an appointment that is there or on an invented one.

What is true of an appointment is shown as it is; what a kind of mail needs besides (where a move came from, until when
a link holds) is made up. The links open nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from portal.delivery.facts import Asked, Invitation, Letter, Offered, Place, Served, Step, Summary, Visit, Waited
from portal.domain.mail_texts import MailText
from portal.domain.zones import local_day, start_instant
from portal.i18n import catalogue
from portal.operations import letters, organisation
from portal.operations.assignments import Assigned
from portal.operations.cards import AppointmentCard
from portal.operations.having import having_of
from portal.operations.letter_rules import TO_PEOPLE
from portal.operations.outbox import Message
from portal.web.letters import TO_COMPANY, letter_of, visit_of

NOWHERE = "0"
"""Stands in links where a token would: it opens nothing."""

HALF_PAST_EIGHT = 510  # minutes after midnight
ANSWER = timedelta(days=2)
EARLIER = timedelta(days=2)
REASSIGNED = "reassigned"
MANY = 3  # to whom a freed place is offered


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mail; of a notice to the site the change that it tells."""

    name: str
    change: str = ""

    @classmethod
    def of(cls, name: str) -> Kind:
        """Read the name of a mail whose words can be changed."""
        kind, _, change = name.partition(".")
        return cls(kind, change)


def queued(message: Message, content: letters.Content, now: datetime) -> Letter:
    """Give the letter of a queued message: what it says, or what somebody tries words on."""
    if content.trial is None:
        return letter_of(message, content, now)
    kind = Kind(content.trial.kind, content.trial.change)
    visit = _of_card(kind, content.visit, message.locale, content.having) if content.visit else None
    sample = _sample(kind, visit or invented(message.locale, now), message.locale, now)
    return replace(
        sample,
        to=message.recipient,
        key=message.key,
        organisation=content.organisation,
        sender=content.sender,
        accent=content.accent,
        own=content.own,
        test=True,
    )


def shown(name: str, locale: str, card: AppointmentCard | None, own: MailText, now: datetime) -> Letter:
    """Give a letter to be looked at."""
    company = organisation.card()
    kind = Kind.of(name)
    visit = _of_card(kind, card, locale, having_of(card)) if card else invented(locale, now)
    sample = _sample(kind, visit, locale, now)
    return replace(sample, organisation=company.name, sender=company.sender, accent=company.accent, own=own)


def _of_card(kind: Kind, card: AppointmentCard, locale: str, having: Mapping[int, Sequence[Assigned]]) -> Visit:
    """Give an appointment as a kind of mail shows it."""
    return visit_of(card, locale, having.get(card.id, ()), inside=kind.name in TO_COMPANY)


def invented(locale: str, now: datetime) -> Visit:
    """Make up an appointment, for as long as there is none: a delivery in a week, at half past eight."""
    _ = catalogue(locale).gettext
    zone = ZoneInfo(organisation.card().timezone)
    day = now.astimezone(zone).date() + timedelta(days=7)
    start = start_instant(day, HALF_PAST_EIGHT, zone)
    place = Place(
        name=_("Example site"), zone=zone, address=_("1 Example Street, 33000 Bordeaux"), phone="05 56 00 00 00"
    )
    return Visit(
        public_id=NOWHERE,
        token=NOWHERE,
        sequence=0,
        reference="K7M4-4QPX",
        start=start,
        end=start + timedelta(hours=1),
        place=place,
        planning=_("Loading docks"),
        order="CMD-1042",
        kind="supplier",
        change_until=start,
        email="camille@example.com",
        name="Camille Martin",
    )


def _sample(kind: Kind, visit: Visit, locale: str, now: datetime) -> Letter:
    """Write the letter of a kind about an appointment; who sends it is the caller's."""
    visit = replace(visit, token=NOWHERE, cancelled="cancel" in f"{kind.name}{kind.change}")
    if visit.served is None and (kind.name in TO_PEOPLE or REASSIGNED in (kind.name, kind.change)):
        visit = _served(visit, locale)
    letter = Letter(
        kind=kind.name, to=visit.email, locale=locale, organisation="", key=NOWHERE, now=now, change=kind.change
    )
    if kind.name == "booking_invitation":
        return replace(letter, invitation=_invitation(visit))
    if kind.name == "service_invitation":
        service = _served(visit, locale).planning if visit.served is None else visit.served.name
        return replace(letter, invitation=Invitation(token=NOWHERE, place=visit.place, service=service))
    if kind.name == "find":
        return replace(letter, visits=(visit,))
    if kind.name in ("continuation", "confirm_address", "site_offers"):
        return replace(letter, step=_step(visit, now), asked_at_once=MANY)
    if kind.name in ("earlier_slot", "place_free"):
        offered = replace(letter, offer=_offer(visit))
        return replace(offered, visit=visit) if kind.name == "earlier_slot" else offered
    if kind.name == "waiting_joined":
        return replace(letter, waited=_waited(visit))
    if kind.name == "site_summary":
        return replace(letter, summary=_summary(kind, visit, now))
    return replace(
        letter, visit=visit, before=_before(kind, visit), by="staff", book_token=NOWHERE, asked=_asked(kind, visit, now)
    )


def _served(visit: Visit, locale: str) -> Visit:
    """Make an appointment one with somebody."""
    _ = catalogue(locale).gettext
    name = _("Consultation")
    return replace(visit, order=None, kind=None, planning=name, served=Served(name=name, people=("Camille Durand",)))


def _offer(visit: Visit) -> Offered:
    return Offered(
        token=NOWHERE,
        place=visit.place,
        planning=visit.planning,
        start=visit.start - EARLIER,
        end=visit.end - EARLIER,
        until=visit.start - EARLIER,
    )


def _waited(visit: Visit) -> Waited:
    day = local_day(visit.start, visit.place.zone)
    return Waited(token=NOWHERE, place=visit.place, planning=visit.planning, first_day=day, last_day=day)


def _before(kind: Kind, visit: Visit) -> tuple[datetime, datetime] | None:
    if kind.name != "change" and kind.change != "moved":
        return None
    return visit.start - EARLIER, visit.end - EARLIER


def _asked(kind: Kind, visit: Visit, now: datetime) -> Asked:
    moves = "move_" in f"{kind.name}{kind.change}"
    wanted = (visit.start + EARLIER, visit.end + EARLIER) if moves else None
    answered = NOWHERE if "requested" in kind.change or kind.name == "site_summary" else ""
    return Asked(until=now + ANSWER, wanted=wanted, token=answered)


def _invitation(visit: Visit) -> Invitation:
    return Invitation(
        token=NOWHERE,
        order=visit.order or visit.reference,
        kind=visit.kind or "customer",
        place=visit.place,
        units=visit.units,
    )


def _summary(kind: Kind, visit: Visit, now: datetime) -> Summary:
    day = visit.start.astimezone(visit.place.zone).date()
    return Summary(
        key=NOWHERE, place=visit.place, day=day, visits=(visit,), requests=((visit, _asked(kind, visit, now)),)
    )


def _step(visit: Visit, now: datetime) -> Step:
    return Step(
        page=f"a/{NOWHERE}",
        query={},
        place=visit.place,
        planning=visit.planning,
        start=visit.start,
        end=visit.end,
        until=now + ANSWER,
    )
