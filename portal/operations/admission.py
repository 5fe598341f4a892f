"""Who gets in: the judgement of a start turned into a refusal, limits of links, and what a new booking begins as."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import LimitReached, NotEligible, OutsideWindow, Refusal, SlotNotOffered, SlotTaken
from portal.domain.lifecycle import ACTIVE, Status
from portal.domain.slots import Reason, Start
from portal.domain.zones import local_day
from portal.models import Appointment
from portal.operations import availability, limits
from portal.operations.actors import Actor
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.links import OpenLink

REFUSALS: Mapping[Reason, type[Refusal]] = {
    Reason.PAST: OutsideWindow,
    Reason.NOTICE: OutsideWindow,
    Reason.HORIZON: OutsideWindow,
    Reason.NOT_ELIGIBLE: NotEligible,
    Reason.LIMIT: LimitReached,
    Reason.FULL: SlotTaken,
    Reason.RESOURCE_BUSY: SlotTaken,
}


def admit(start: Start) -> None:
    """Accept a start that is offered; raise the refusal of its first reason otherwise."""
    if start.offered:
        return
    refusal = REFUSALS.get(start.reasons[0], SlotNotOffered)
    raise refusal(start=start.start, reasons=tuple(reason.value for reason in start.reasons))


def check(session: Session, bookable: Bookable, start: Start, asking: Asking, now: datetime) -> None:
    """Accept a start as ``admit`` does; of a limit that the customer has reached the refusal has the numbers."""
    if start.reasons[:1] == (Reason.LIMIT,):
        day = local_day(start.start, bookable.zone)
        count = availability.bound(session, bookable, day, now=now, asking=asking).spent[day]
        raise LimitReached(start=start.start, reasons=(Reason.LIMIT.value,), **limits.numbers(bookable, count))
    admit(start)


def within_link(session: Session, link: OpenLink | None, now: datetime) -> None:
    """Count a link's active appointments; one in its undo still counts, for it may come back. Raises LimitReached."""
    if link is None or link.max_active is None:
        return
    active = and_(Appointment.status.in_(ACTIVE), Appointment.ends_at > now)
    undoable = and_(Appointment.status == Status.CANCELLED, Appointment.undo_until > now)
    counted = session.scalar(select(func.count()).where(Appointment.link_id == link.id, or_(active, undoable)))
    if (counted or 0) >= link.max_active:
        raise LimitReached(limit=link.max_active)


def asks_first(bookable: Bookable, actor: Actor) -> bool:
    """Tell whether what this actor books or moves waits for an answer: only what comes from the public does."""
    return bookable.policy.validation != "none" and not actor.staff


def answer_by(bookable: Bookable, start: datetime, now: datetime) -> datetime:
    """Give the instant at which a request made now expires: never later than its start."""
    return min(bookable.policy.answer_within.after(now, bookable.zone), start)
