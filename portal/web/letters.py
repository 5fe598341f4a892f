"""From what an operation read to what a letter or a calendar file says: plain values for ``delivery``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from portal.delivery.facts import (
    Asked,
    Invitation,
    Letter,
    Offered,
    Place,
    Served,
    StaffLink,
    Step,
    Summary,
    Visit,
    Waited,
)
from portal.domain.fields import said
from portal.domain.lifecycle import Status
from portal.domain.notices import NOTICES
from portal.domain.window import change_cutoff
from portal.domain.zones import local_day
from portal.i18n import rfc3339
from portal.operations import answerers, having, letters, next_steps, summaries
from portal.operations.assignments import Assigned
from portal.operations.cards import AppointmentCard
from portal.operations.next_steps import NextStep
from portal.operations.offer_letters import Joined, Proposal
from portal.operations.offer_notices import Freed
from portal.operations.outbox import Message
from portal.operations.place_cards import SiteCard
from portal.operations.service_cards import ServiceCard

TO_COMPANY = ("site_notice", "site_reminder", "staff_notice", "staff_reminder")
"""The mails about an appointment to those who are with the company."""


def letter_of(message: Message, content: letters.Content, now: datetime) -> Letter:
    """Give the letter of a queued message."""
    return Letter(
        kind=message.kind,
        to=message.recipient,
        locale=message.locale,
        organisation=content.organisation,
        sender=content.sender,
        accent=content.accent,
        key=message.key,
        now=now,
        visit=_visit(content.visit, content, message) if content.visit else None,
        visits=tuple(_visit(visit, content, message) for visit in content.visits),
        invitation=_invitation_of(content.invitation, message.locale) if content.invitation else None,
        staff_link=_staff_link_of(content.staff_link) if content.staff_link else None,
        step=_step_told(content, message.kind, message.locale),
        offer=_offer_of(content.proposal, message.locale) if content.proposal else None,
        waited=_waited_of(content.joined, message.locale) if content.joined else None,
        asked_at_once=content.freed.count if content.freed else None,
        summary=_summary_of(content.summary, message.locale) if content.summary else None,
        before=content.before,
        change=content.change,
        by=content.by,
        book_token=content.book_token,
        words=content.words,
        own=content.own,
        asked=_asked_of(content, message.kind, now),
    )


def _visit(card: AppointmentCard, content: letters.Content, message: Message) -> Visit:
    """Give an appointment as a message shows it; whoever is with the company may know of all."""
    inside = message.kind in TO_COMPANY
    return visit_of(card, message.locale, content.having.get(card.id, ()), inside=inside)


def visit_of(card: AppointmentCard, locale: str, assigned: Sequence[Assigned] = (), *, inside: bool = False) -> Visit:
    """Give an appointment as a letter or a calendar file shows it, its answers in the words of a language.

    ``assigned`` is what it has; ``inside``: the reader is with the company, and may know who that is.
    """
    answers = card.answers(locale)
    return Visit(
        public_id=card.public_id,
        token=card.token,
        sequence=card.sequence,
        reference=card.reference,
        start=card.start,
        end=card.end,
        place=place_of(card.site),
        planning=card.item.named(locale) if card.item else "",
        order=card.order,
        kind=card.order_kind,
        units=card.order_units,
        cancelled=card.status is Status.CANCELLED,
        change_until=change_cutoff(card.start, card.policy, card.zone),
        email=card.email or "",
        name=card.name,
        phone=card.phone,
        comment=card.comment,
        answers=tuple((answer.label, answer.text) for answer in answers),
        repeated=tuple((answer.label, answer.text) for answer in answers if known(card) or not answer.free),
        served=_served_of(card, locale, assigned, inside=inside),
    )


def _served_of(card: AppointmentCard, locale: str, assigned: Sequence[Assigned], *, inside: bool) -> Served | None:
    """Give what is booked where a service is."""
    item = card.item
    if not isinstance(item, ServiceCard):
        return None
    told = having.all_of(assigned) if inside else having.told(card, assigned)
    return Served(
        name=item.named(locale),
        people=told.people,
        things=told.things,
        mode=item.mode,
        nights=card.iterations if item.reservation.nights else 0,
        quantity=card.units,
        price=said(item.prices, locale),
        instructions=said(item.instructions, locale),
    )


def _token_of(content: letters.Content, kind: str, now: datetime) -> str:
    """Give the link that answers a request to whom is asked to: the site, or each of the people their own."""
    visit = content.visit
    if visit is None or kind not in NOTICES or not visit.awaits(now):
        return ""
    asked = {one.key for one in answerers.asked(visit, content.having.get(visit.id, ()))}
    if kind == "site_notice":
        return "" if asked else visit.validation_token
    return answerers.token_of(visit, content.person) if content.person in asked else ""


def _asked_of(content: letters.Content, kind: str, now: datetime) -> Asked:
    """Give what waits for an answer, or how it ended; only who is asked gets the link that answers it."""
    visit = content.visit
    if visit is None:
        return Asked()
    return Asked(
        until=visit.answer_by,
        wanted=content.wanted,
        reason=content.reason,
        token=_token_of(content, kind, now),
        unconfirmed=content.unconfirmed,
    )


def known(card: AppointmentCard) -> bool:
    """Tell whether we know who booked: by a link that we sent, or through the staff."""
    return card.link_id is not None or card.source == "staff"


def place_of(site: SiteCard) -> Place:
    """Give a site as a letter shows it."""
    geo = (site.latitude, site.longitude) if site.latitude is not None and site.longitude is not None else None
    return Place(name=site.name, zone=site.zone, address=site.address, email=site.email, phone=site.phone, geo=geo)


def _invitation_of(told: letters.Invitation, locale: str) -> Invitation:
    return Invitation(
        token=told.token,
        order=told.order,
        kind=told.kind,
        service=said(told.service, locale),
        place=place_of(told.site),
        units=told.units,
        first_day=told.first_day,
        last_day=told.last_day,
        expires_at=told.expires_at,
    )


def _staff_link_of(told: letters.StaffLink) -> StaffLink:
    return StaffLink(token=told.token, expires_at=told.expires_at, zone=told.zone)


def _step_told(content: letters.Content, kind: str, locale: str) -> Step | None:
    """Give the slot that a mail is about which is nobody's appointment yet."""
    if content.freed is not None:
        return _step_of_freed(content.freed)
    return _step_of(content.step, kind, locale) if content.step else None


def _step_of_freed(told: Freed) -> Step:
    return Step(
        page="admin/",
        query={"site": told.site.key, "day": local_day(told.start, told.site.zone).isoformat()},
        place=place_of(told.site),
        planning=told.planning,
        start=told.start,
        end=told.end,
        until=told.start,
    )


def _summary_of(told: summaries.Summary, locale: str) -> Summary:
    return Summary(
        key=told.site.key,
        place=place_of(told.site),
        day=told.day,
        visits=tuple(visit_of(card, locale, told.having.get(card.id, ()), inside=True) for card in told.visits),
        more=told.more,
        requests=tuple(
            (visit_of(card, locale, told.having.get(card.id, ()), inside=True), _asked_in(told, card))
            for card in told.requests
        ),
        troubles=told.troubles,
    )


def _asked_in(told: summaries.Summary, card: AppointmentCard) -> Asked:
    """Give what waits for an answer; where people are asked to, they alone have the links that answer it."""
    people = tuple(one.name for one in answerers.asked(card, told.having.get(card.id, ())))
    token = "" if people else card.validation_token
    return Asked(until=card.answer_by, wanted=card.wanted, token=token, people=people)


def _offer_of(told: Proposal, locale: str) -> Offered:
    return Offered(
        token=told.token,
        place=place_of(told.site),
        planning=told.item.named(locale),
        start=told.start,
        end=told.end,
        until=told.until,
        alone=told.alone,
    )


def _waited_of(told: Joined, locale: str) -> Waited:
    return Waited(
        token=told.token,
        place=place_of(told.site),
        planning=told.item.named(locale),
        first_day=told.first_day,
        last_day=told.last_day,
    )


def _step_of(told: NextStep, kind: str, locale: str) -> Step:
    page, query = f"a/{told.token}/confirm", dict(told.carried)
    if kind == next_steps.CONTINUATION:
        what = told.item.key if isinstance(told.item, ServiceCard) else f"planning/{told.item.key}"
        page = f"book/{told.site.key}/{what}/details"
        query |= {"start": rfc3339(told.start, told.site.zone), "c": told.token}
    return Step(
        page=page,
        query=query,
        place=place_of(told.site),
        planning=told.item.named(locale),
        start=told.start,
        end=told.end,
        until=told.until,
        people=told.people,
    )
