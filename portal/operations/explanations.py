"""Why a start is offered, or not: the search that pages, bookings and the API ask, with all that its reasons come from.

The staff may ask as anybody: as a guest, as a person by their address, as who holds a booking link.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import matching
from portal.domain.errors import LimitReached, NotEligible, NotFound
from portal.domain.fields import Words
from portal.domain.openings import Closed
from portal.domain.slots import Reason, Start
from portal.domain.zones import start_instant
from portal.extensions import reading
from portal.models import Site, Skill
from portal.operations import access, admission, availability, bookables, choosing, contenders, limits, links
from portal.operations.actors import GUEST
from portal.operations.asking import Asking, Binding
from portal.operations.bookables import Bookable
from portal.operations.choosing import Picked
from portal.operations.contenders import Contender
from portal.operations.grounds import Ground
from portal.operations.limits import Count
from portal.operations.links import OpenLink
from portal.operations.resource_cards import ResourceCard
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.service_cards import ServiceCard


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be explained: the starts of a site's local day, and one of them by its minute after midnight.

    ``link`` is the token of a booking link or the reference of an order (whose newest link is meant, or that of a
    ``number``); without it ``site`` and ``planning``, or ``service``, say where. ``people`` are keys of those picked by
    name. ``email`` is normal (``normal_address``).
    """

    day: date
    site: str | None = None
    planning: str | None = None
    minute: int | None = None
    link: str | None = None
    number: int | None = None
    email: str | None = None
    staff: bool = False
    service: str | None = None
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: the pattern that fits the address, whether it is a customer's, and what it has that day and week.

    ``barred`` is why they may not book at all: ``address`` (no pattern fits) or ``customers_only``; else None.
    """

    email: str
    pattern: str | None
    customer: bool
    count: Count
    barred: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every candidate start of a day with its reasons, the ``one`` that was asked for, and where the reasons come from.

    ``closed`` is why the day has no hours. ``full``: the link has as many appointments to come as it may. ``people``
    are those who could be given each of the starts, ``its_people`` the one; ``contenders`` are all who could serve that
    one, with what is in the way of each. ``skills`` are the names of those that are required, by key.
    """

    bookable: Bookable
    question: Question
    starts: tuple[Start, ...]
    people: tuple[tuple[ResourceCard, ...], ...]
    one: Start | None
    its_people: tuple[ResourceCard, ...]
    contenders: tuple[Contender, ...]
    binding: Binding
    skills: Mapping[str, Words]
    closed: Closed | None
    person: Person | None
    link: OpenLink | None
    full: bool


def explain(question: Question, *, now: datetime) -> Explanation:
    """Judge the starts of a day for whoever asks.

    Raises NotFound, Invalid naming the plannings and services when several serve the link, or for who cannot be picked,
    LinkUnknown, LinkExpired.
    """
    with reading() as session:
        link = _link(session, question, now)
        bookable = _bookable(session, question, link)
        asking = choosing.asked(session, bookable, _asking(question, link), Picked(question.people))
        found = availability.search(session, bookable, question.day, question.day, now=now, asking=asking)
        people = tuple(_people(found.ground, found.starts))
        one, its_people, contending = _one(session, bookable, question, asking, now)
        person = _person(session, bookable, asking.customer, link, question.day, now)
        full = _full(session, link, now)
        skills = _skills(session, bookable)
    more = _bars(person, full) if not question.staff else ()
    return Explanation(
        bookable,
        question,
        tuple(_with(start, more) for start in found.starts),
        people,
        _with(one, more) if one is not None else None,
        its_people,
        contending,
        found.binding,
        skills,
        availability.closed_because(bookable, question.day),
        person,
        link,
        full,
    )


def places(scope: Scope = EVERYWHERE) -> list[Bookable]:
    """List what can be explained: the plannings and then the services at sites, each by name."""
    with reading() as session:
        return bookables.all_of(session, scope.limits(Site.id))


def serving(question: Question, *, now: datetime) -> list[Bookable]:
    """List what the link of a question books, plannings and services, by name. Raises LinkUnknown, LinkExpired."""
    with reading() as session:
        link = _link(session, question, now)
        return links.serving(session, link) if link is not None else []


def _link(session: Session, question: Question, now: datetime) -> OpenLink | None:
    """Open a link by its order, else by its token."""
    if question.link is None:
        return None
    found = links.of_reference(session, question.link, question.number, now)
    return found or links.opened(session, question.link, now)


def _bookable(session: Session, question: Question, link: OpenLink | None) -> Bookable:
    if link is not None:
        return links.choose(session, link, question.planning, service=question.service)
    if question.site is None or (question.planning is None and question.service is None):
        raise NotFound
    return bookables.find(session, question.site, question.planning, service=question.service)


def _asking(question: Question, link: OpenLink | None) -> Asking:
    """Ask as the link does, whose order may know the address; staff is bound by none of it."""
    if question.staff:
        return Asking(staff=True)
    asking = link.asking() if link is not None else Asking()
    return replace(asking, customer=asking.customer or question.email)


def _one(
    session: Session, bookable: Bookable, question: Question, asking: Asking, now: datetime
) -> tuple[Start | None, tuple[ResourceCard, ...], tuple[Contender, ...]]:
    if question.minute is None:
        return None, (), ()
    start = start_instant(question.day, question.minute, bookable.zone)
    judged, ground = availability.choice(session, bookable, start, now=now, asking=asking)
    (people,) = _people(ground, [judged])
    return judged, people, contenders.of(session, ground, judged, now)


def _people(ground: Ground, starts: Sequence[Start]) -> Iterator[tuple[ResourceCard, ...]]:
    """Give for each start the people who could be given it."""
    return (tuple(one.card for one in there) for there in ground.staff_of(starts))


def _person(
    session: Session, bookable: Bookable, email: str | None, link: OpenLink | None, day: date, now: datetime
) -> Person | None:
    if email is None:
        return None
    customer = access.is_customer(session, email)
    (count,) = limits.counts(session, bookable, email, day, day, now)
    pattern = matching(bookable.policy.email_patterns, email)
    return Person(email, pattern, customer, count, _barred(bookable, email, link, customer))


def _barred(bookable: Bookable, email: str, link: OpenLink | None, customer: bool) -> str | None:
    """Ask what a booking asks; a customer is taken for one who came by the mail that is sent to customers."""
    try:
        access.admit(bookable, email, actor=GUEST, link=link, introduced=customer)
    except NotEligible as refusal:
        return str(refusal.values["problem"])
    return None


def _skills(session: Session, bookable: Bookable) -> dict[str, Words]:
    """Name the skills that a service asks for, by their keys."""
    card = bookable.item
    wanted = {key for one in card.requires for key in one.skills} if isinstance(card, ServiceCard) else set()
    query = select(Skill.key, Skill.name).where(Skill.key.in_(wanted))
    return {row.key: row.name for row in session.execute(query)} if wanted else {}


def _full(session: Session, link: OpenLink | None, now: datetime) -> bool:
    try:
        admission.within_link(session, link, now)
    except LimitReached:
        return True
    return False


def _bars(person: Person | None, full: bool) -> Collection[Reason]:
    barred = person is not None and person.barred is not None
    return [*([Reason.NOT_ELIGIBLE] if barred else []), *([Reason.LIMIT] if full else [])]


def _with(start: Start, more: Collection[Reason]) -> Start:
    """Add reasons that no single start has, where they stand in the order of reasons."""
    return start._replace(reasons=tuple(reason for reason in Reason if reason in (*start.reasons, *more)))
