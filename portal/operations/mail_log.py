"""The mails of the portal as the staff looks at them: what left, what waits, what failed and why, and once more.

A message belongs to the site of its appointment, order or booking link. Those of none (found links, invitations of
staff) are for those who see every site.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, text, update
from sqlalchemy.orm import Session

from portal.domain.errors import NotFound, StateChanged
from portal.domain.zones import zone
from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Link, Order, OutboxMessage, Site
from portal.operations import audit, outbox
from portal.operations.actors import Actor
from portal.operations.scopes import Scope

STANDS = ("sent", "waiting", "retrying", "failed", "parked", "dropped")
"""How a message stands: the states of its row, and of those that wait the ones that were tried in vain."""

AGAIN = ("failed", "parked")
KIND = "mail"  # in the audit log
MOST = 200  # messages of a page
AT_ONCE = 1000  # messages sent again by one press
MESSAGE = OutboxMessage
SITE = func.coalesce(Appointment.site_id, Order.site_id, Link.site_id)
# Written out, for a partial index serves only a condition that it can recognise.
TROUBLED = text("outbox.state IN ('failed', 'parked')")
WAITING = text("outbox.state = 'waiting'")


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. ``text`` is a part of an address, of an order's or of an appointment's reference."""

    text: str = ""
    stand: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class MailLine:
    """A message: what, to whom, about what, how it stands. ``zone`` is that of its site, or none."""

    id: int
    kind: str
    recipient: str
    locale: str
    state: str
    attempts: int
    created_at: datetime
    not_before: datetime
    first_try_at: datetime | None
    retry_at: datetime | None
    sent_at: datetime | None
    error: str
    reference: str | None
    public_id: str | None
    order: str | None
    site: str | None
    zone: ZoneInfo | None

    @property
    def stand(self) -> str:
        """How it stands, one of ``STANDS``."""
        return "retrying" if self.state == "waiting" and self.attempts else self.state

    @property
    def again(self) -> bool:
        """Whether it can be sent again."""
        return self.state in AGAIN


@dataclass(frozen=True, slots=True)
class MailPage:
    """Some of the messages found, newest first; ``next`` is the cursor of older ones, None on the last page."""

    lines: Sequence[MailLine]
    next: int | None


LISTED: Select[*tuple[Any, ...]] = (
    select(
        *(MESSAGE.id, MESSAGE.kind, MESSAGE.recipient, MESSAGE.locale, MESSAGE.state, MESSAGE.attempts),
        *(MESSAGE.created_at, MESSAGE.not_before, MESSAGE.first_try_at, MESSAGE.retry_at, MESSAGE.sent_at),
        MESSAGE.error,
        Appointment.reference,
        Appointment.public_id,
        Order.reference.label("order"),
        Site.name.label("site"),
        Site.timezone.label("zone"),
    )
    .outerjoin(Appointment, Appointment.id == MESSAGE.appointment_id)
    .outerjoin(Order, Order.id == func.coalesce(MESSAGE.order_id, Appointment.order_id))
    .outerjoin(Link, Link.id == MESSAGE.link_id)
    .outerjoin(Site, Site.id == SITE)
)


def listing(search: Search, *, scope: Scope, before: int | None = None, size: int = 50) -> MailPage:
    """List messages, newest first, from below the number ``before`` on."""
    size = min(max(size, 1), MOST)
    query = LISTED.where(_wanted(search, scope)).order_by(MESSAGE.id.desc()).limit(size + 1)
    if before is not None:
        query = query.where(MESSAGE.id < before)
    with reading() as session:
        lines = [_line(row) for row in session.execute(query)]
    return MailPage(lines[:size], lines[size - 1].id if len(lines) > size else None)


def read(number: int, *, scope: Scope) -> MailLine:
    """Read a message. Raises NotFound, also for one of another site."""
    with reading() as session:
        row = session.execute(LISTED.where(MESSAGE.id == number, _within(scope))).first()
    if row is None:
        raise NotFound
    return _line(row)


def _line(row: Any) -> MailLine:
    return MailLine(**{**row._mapping, "zone": zone(row.zone) if row.zone else None})


def counts(*, scope: Scope) -> dict[str, int]:
    """Count the messages of the site that are not settled well: waiting, retrying, failed, parked."""
    retrying = MESSAGE.attempts > 0
    waiting = select(func.count().filter(~retrying), func.count().filter(retrying)).where(WAITING)
    troubled = select(
        func.count().filter(MESSAGE.state == "failed"), func.count().filter(MESSAGE.state == "parked")
    ).where(TROUBLED)
    with reading() as session:
        found = [session.execute(_placed(query, scope)).one() for query in (waiting, troubled)]
    return dict(
        zip(("waiting", "retrying", "failed", "parked"), (number for row in found for number in row), strict=True)
    )


def _placed(query: Select[*tuple[Any, ...]], scope: Scope) -> Select[*tuple[Any, ...]]:
    """Keep a query of messages within the sites; those who see all need no look at what a message is about."""
    if scope.sites is None:
        return query.select_from(MESSAGE)
    joined = query.select_from(MESSAGE).outerjoin(Appointment, Appointment.id == MESSAGE.appointment_id)
    joined = joined.outerjoin(Order, Order.id == MESSAGE.order_id).outerjoin(Link, Link.id == MESSAGE.link_id)
    return joined.where(_within(scope))


def _within(scope: Scope) -> ColumnElement[bool]:
    return scope.limits(SITE)


def kinds() -> list[str]:
    """Name the kinds of messages that there are."""
    with reading() as session:
        return list(session.scalars(select(MESSAGE.kind).distinct().order_by(MESSAGE.kind)))


def _wanted(search: Search, scope: Scope) -> ColumnElement[bool]:
    """Turn a search into its condition."""
    conditions: list[ColumnElement[bool]] = [_within(scope), _standing(search.stand)]
    if search.text:
        conditions.append(_about(search.text))
    if search.kind is not None:
        conditions.append(MESSAGE.kind == search.kind)
    if search.since is not None:
        conditions.append(MESSAGE.created_at >= search.since)
    if search.until is not None:
        conditions.append(MESSAGE.created_at < search.until)
    return and_(*conditions)


def _standing(stand: str | None) -> ColumnElement[bool]:
    if stand == "retrying":
        return and_(MESSAGE.state == "waiting", MESSAGE.attempts > 0)
    if stand == "waiting":
        return and_(MESSAGE.state == "waiting", MESSAGE.attempts == 0)
    return MESSAGE.state == stand if stand in STANDS else MESSAGE.id.is_not(None)


def _about(text: str) -> ColumnElement[bool]:
    folded = text.strip().casefold()
    return or_(
        MESSAGE.recipient.contains(folded, autoescape=True),
        Appointment.reference.contains(folded.upper(), autoescape=True),
        Order.reference.icontains(text.strip(), autoescape=True),
    )


# Once more


def failed(search: Search, *, scope: Scope) -> int:
    """Count the messages of a search that can be sent again."""
    with reading() as session:
        return len(_failed(session, search, scope))


def _failed(session: Session, search: Search, scope: Scope) -> Sequence[int]:
    query = LISTED.with_only_columns(MESSAGE.id).where(TROUBLED, _wanted(search, scope))
    return session.scalars(query.order_by(MESSAGE.id).limit(AT_ONCE)).all()


@retried
def send_again(number: int, *, scope: Scope, now: datetime, by: Actor) -> None:
    """Give a message that failed or was parked a new start. Raises NotFound, StateChanged for any other."""
    line = read(number, scope=scope)
    with transaction() as session:
        if not _renew(session, [number]):
            raise StateChanged(status=line.state)
        told = {"kind": line.kind, "recipient": line.recipient}
        audit.record(session, by, "sent_again", KIND, str(number), now, label=line.recipient, after=told)


@retried
def send_all_again(search: Search, *, scope: Scope, now: datetime, by: Actor) -> int:
    """Give the failed messages of a search a new start, ``AT_ONCE`` at most, and count them."""
    with transaction() as session:
        number = _renew(session, _failed(session, search, scope))
        if number:
            audit.record(session, by, "sent_again", KIND, "", now, after={"count": number})
        return number


def _renew(session: Session, ids: Sequence[int]) -> int:
    """Begin messages anew that are still failed or parked, and count them."""
    fresh = {"state": "waiting", "attempts": 0, "first_try_at": None, "retry_at": None, "error": ""}
    mine = MESSAGE.id.in_(ids) if ids else false()
    renewed = update(MESSAGE).where(mine, MESSAGE.state.in_(AGAIN)).values(**fresh).returning(MESSAGE.id)
    return len(session.execute(renewed).all())


@retried
def resume(*, now: datetime, by: Actor) -> None:
    """End the pause of the queue at once: somebody has mended what the server refused."""
    with transaction() as session:
        if (reason := outbox.end_pause(session)) is not None:
            audit.record(session, by, "resumed", KIND, "", now, before={"error": reason})
