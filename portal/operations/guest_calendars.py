"""What a guest chooses from: of a planning or a service that takes guests, as a mail of ours introduced them or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from portal.domain.errors import NotFound
from portal.extensions import reading
from portal.operations import access, bookables, calendars, continuations, holds, wanting
from portal.operations.asking import Asking
from portal.operations.bookables import Bookable
from portal.operations.calendars import Calendar, Choice, DayOfSlots
from portal.operations.continuations import Introduced
from portal.operations.holds import Kept
from portal.operations.proposals import Proposals
from portal.operations.wanting import NOTHING_WANTED, Heard, Wanted


@dataclass(frozen=True, slots=True)
class Carried:
    """Tokens in the address of a guest's page: of a continuation, and of the hold of its form.

    ``used``: the continuation may be used up already, by the very request that is sent again.
    """

    continuation: str | None = None
    hold: str | None = None
    used: bool = False


NOTHING = Carried()


@dataclass(frozen=True, slots=True)
class Met:
    """What takes guests, the customer whom a mail of ours introduced, what was heard, and what is held for the form."""

    bookable: Bookable
    introduced: Introduced | None
    kept: Kept | None
    heard: Heard

    @property
    def asking(self) -> Asking:
        """Ask for slots as this guest: limits go by the address, and the form's own hold is in nobody's way."""
        email = self.introduced.email if self.introduced is not None else None
        return self.heard.asking(Asking(customer=email, leaving_out=self.kept.id if self.kept is not None else None))

    @property
    def by_mail(self) -> bool:
        """Whether the guest must go on by a mail first."""
        return self.introduced is None and access.by_mail_only(self.bookable)


@dataclass(frozen=True, slots=True)
class GuestPage:
    """What a guest sees of a planning or a service: whom or what to choose first, else a month."""

    met: Met
    shown: Proposals | Calendar


def page(
    site: str,
    planning: str | None,
    *,
    now: datetime,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    month: date | None = None,
    day: date | None = None,
    by: Carried = NOTHING,
    counted: bool = False,
) -> GuestPage:
    """Read what a guest chooses from next.

    Raises NotFound, also where no guests are taken, LinkUnknown, LinkExpired.
    """
    with reading() as session:
        met = _met(session, site, planning, by, now, service=service, wanted=wanted)
        if (proposed := calendars.asked_first(session, met.bookable, met.heard, met.asking, now)) is not None:
            return GuestPage(met, proposed)
        found = calendars.calendar(session, met.bookable, now=now, month=month, day=day, asking=met.asking)
    return GuestPage(met, calendars.looked(found, day, counted))


def day(
    site: str,
    planning: str | None,
    day: date,
    *,
    now: datetime,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    by: Carried = NOTHING,
    counted: bool = False,
) -> DayOfSlots:
    """List a day's slots for a guest. Raises as ``page``."""
    with reading() as session:
        met = _met(session, site, planning, by, now, service=service, wanted=wanted)
        return calendars.day_of_slots(session, met.bookable, day, now, met.asking, counted)


def meet(
    site: str,
    planning: str | None,
    *,
    now: datetime,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    by: Carried = NOTHING,
) -> Met:
    """Find what a guest books, and what can be done of what is asked. Raises as ``page``."""
    with reading() as session:
        return _met(session, site, planning, by, now, service=service, wanted=wanted)


def choice(
    site: str,
    planning: str | None,
    start: datetime,
    *,
    now: datetime,
    service: str | None = None,
    wanted: Wanted = NOTHING_WANTED,
    by: Carried = NOTHING,
) -> Choice:
    """Look at one start for a guest. Raises as ``page``."""
    with reading() as session:
        met = _met(session, site, planning, by, now, service=service, wanted=wanted)
        return calendars.own(met.kept, calendars.choice(session, met.bookable, start, now, met.asking))


def _met(
    session: Session,
    site: str,
    planning: str | None,
    by: Carried,
    now: datetime,
    *,
    service: str | None,
    wanted: Wanted,
) -> Met:
    bookable = _guest(session, site, planning, service)
    pool, introduced = bookable.pool_id, None
    if by.continuation is not None:
        introduced = continuations.opened(session, by.continuation, pool, now, used=by.used)
    heard = wanting.heed(session, bookable, wanted)
    return Met(bookable, introduced, holds.kept(session, by.hold, pool, now), heard)


def _guest(session: Session, site: str, planning: str | None, service: str | None = None) -> Bookable:
    found = bookables.find(session, site, planning, service=service)
    if not found.item.guests:
        raise NotFound
    return found
