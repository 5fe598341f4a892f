"""Somebody or something in the place of another of an appointment: who has it, who may take over, who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.domain import matching
from portal.domain.errors import Invalid, StateChanged
from portal.extensions import Transaction, reading
from portal.models import Assignment, Pool, Resource
from portal.operations import appointment_rows as rows
from portal.operations import notices, outbox, resource_cards
from portal.operations.actors import Actor
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.resource_cards import Bound
from portal.operations.wishes import Exchange

ASSIGNED, REMOVED = "assigned", "removed"
"""What the notices tell: to those who get an appointment, and to those who have it no more."""

BECAUSE = "reassigned"
"""Why somebody has an appointment who took it over."""


@dataclass(frozen=True, slots=True)
class Had:
    """A resource that an appointment has, and how."""

    id: int
    pool_id: int
    key: str
    kind: str
    name: str
    email: str | None
    requirement: int | None
    units: int


@dataclass(frozen=True, slots=True)
class Taking:
    """Who gives an appointment away, and who takes it over."""

    had: Had
    bound: Bound

    def asking(self, asking: Asking) -> Asking:
        """Ask for whom the appointment keeps, with the one that comes in the place of the one that goes."""
        others = (one for one in asking.resources if one != self.had.id)
        return replace(asking, resources=(*others, self.bound.card.id))

    @property
    def keys(self) -> tuple[str, str]:
        """The keys of both: each hears of it by a mail of their own."""
        return self.had.key, self.bound.card.key


def held(session: Session, row: Any) -> dict[str, Had]:
    """Read what an appointment has, by key."""
    columns = (Resource.id, Pool.id, Resource.key, Resource.kind, Resource.name, Resource.email)
    query = (
        select(*columns, Assignment.requirement, Assignment.units)
        .join(Assignment, Assignment.resource_id == Resource.id)
        .join(Pool, Pool.resource_id == Resource.id)
        .where(Assignment.appointment_id == row.id)
    )
    return {one.key: one for one in (Had(*columns) for columns in session.execute(query))}


def one_of(having: Mapping[str, Had], of: str | None, kind: str) -> Had:
    """Find the one that goes: the one that is named, else the only one of a kind. Raises Invalid."""
    found = [one for one in having.values() if (one.kind == kind if of is None else one.key == of)]
    if len(found) != 1:
        raise Invalid(field="of", problem="which_one" if found else "not_assigned", value=of or "")
    return found[0]


def at_site(session: Session, site_id: int, key: str, *, lock: bool = False) -> Bound:
    """Find a resource in use at a site. Raises Invalid."""
    for one in resource_cards.at_site(session, site_id, lock=lock):
        if one.card.key == key:
            return one
    raise Invalid(field="resource", problem="unknown_resource", value=key)


def unfit(bookable: Bookable, had: Had, having: Mapping[str, Had], bound: Bound) -> str:
    """Say in a word why a resource cannot have an appointment instead of another; nothing where it can.

    One that staff added needs no skill.
    """
    if bound.card.key in having:
        return "has_it"
    if bound.card.kind != had.kind:
        return "another_kind"
    requires = bookable.service.requires
    if had.requirement is None or had.requirement >= len(requires):
        return ""
    return "" if matching.fits(bound.card.candidate, requires[had.requirement]) else "cannot_serve"


def taking(session: Session, bookable: Bookable, one: Any, exchange: Exchange, *, lock: bool = False) -> Taking | None:
    """Find both sides of an exchange for an appointment, its row or its card; None where it is made already.

    Raises Invalid (``because`` says why one does not fit), StateChanged where nobody serves.
    """
    if one.service_id is None:
        raise StateChanged(status=one.status)
    bound, having = at_site(session, bookable.site.id, exchange.to, lock=lock), held(session, one)
    if exchange.to in having and (exchange.of is None or exchange.of not in having):
        return None
    had = one_of(having, exchange.of, bound.card.kind)
    if because := unfit(bookable, had, having, bound):
        raise Invalid(field="resource", problem="not_fitting", value=exchange.to, because=because)
    return Taking(had, bound)


def possible(public_id: str, exchange: Exchange) -> Taking | None:
    """Look at an exchange before it is made. Raises as ``taking``, NotFound."""
    with reading() as session:
        row = rows.found(session, public_id)
        return taking(session, rows.bookable_of(session, row), row, exchange)


def took_over(session: Session, row: Any, bound: Bound) -> None:
    """Keep with a choice that was made under another name that it was taken over."""
    its = (Assignment.appointment_id == row.id, Assignment.resource_id == bound.card.id)
    choice = session.scalar(select(Assignment.choice).where(*its))
    if choice is not None:
        session.execute(update(Assignment).where(*its).values(choice={**choice, "because": BECAUSE}))


def tell(session: Transaction, bookable: Bookable, row: Any, found: Taking, now: datetime) -> None:
    """Queue the mails to both; rooms and equipment read none."""
    had, card = found.had, found.bound.card
    if had.kind != "staff":
        return
    people = ((REMOVED, had.key, had.email), (ASSIGNED, card.key, card.email))
    version = f"{rows.EXCHANGED}:{row.public_id}:{row.version}"
    drafts = [
        rows.to_person(key, email, version, row.id, {"change": change}, now) for change, key, email in people if email
    ]
    outbox.enqueue(session, notices.chosen(bookable.site, drafts), now)


def happened(
    session: Session, row: Any, found: Taking, actor: Actor, now: datetime, *, overbook: str = "", holds: Any = ()
) -> None:
    """Write an exchange into the history."""
    after = {"resource": found.bound.card.key, **({"overbook": overbook} if overbook else {})}
    before = {"resource": found.had.key}
    rows.happened(session, row.id, rows.EXCHANGED, actor, now, before=before, after=after, holds=holds)
