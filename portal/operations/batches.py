"""The appointments of a day cancelled or moved together: asked for here, done by the worker, watched line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.orm import Session

from portal.domain.errors import NotFound, StateChanged
from portal.domain.fields import Words, said
from portal.domain.zones import parse_instant
from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Batch, BatchLine, Planning, Resource, Service, Site
from portal.operations import audit, place_cards, tokens
from portal.operations.actors import Actor
from portal.operations.batch_plans import Fate, Plan, look
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.once import Once, answered, digest, remember
from portal.operations.place_cards import SiteCard
from portal.operations.scopes import EVERYWHERE, Scope


@retried
def begin(
    plan: Plan, seen: str, by: Actor, *, now: datetime, scope: Scope = EVERYWHERE, once: Once | None = None
) -> str:
    """Write down what is to be done, line by line, and give the batch's id; nothing is done yet.

    ``seen`` is that of the preview. Raises NotFound, and StateChanged when there is nothing to do or something else.
    """
    request_hash = digest({**plan.stored(), "site": plan.site, "seen": seen})
    with transaction() as session:
        if (first := answered(session, once, request_hash)) is not None:
            return str(first["public_id"])
        found = look(session, plan, scope, now)
        if not found.fates or found.seen != seen:
            raise StateChanged
        public_id = tokens.new_public_id()
        wish = plan.stored()
        batch = {"public_id": public_id, "kind": plan.kind, "site_id": found.site.id, "wish": wish}
        signed = {**batch, "actor": by.name, "state": "waiting", "created_at": now}
        number = session.execute(insert(Batch).values(signed).returning(Batch.id)).scalar_one()
        session.execute(insert(BatchLine), [_line(number, fate) for fate in found.fates])
        told = {"day": wish["day"], "to": wish["to"], "appointments": len(found.fates)}
        label = f"{found.site.name}, {plan.day}"
        audit.record(session, by, "created", "batch", public_id, now, label=label, site_id=found.site.id, after=told)
        remember(session, once, request_hash, {"public_id": public_id}, now)
        return public_id


def _line(batch_id: int, fate: Fate) -> dict[str, Any]:
    planned = {"start": fate.start.isoformat()} if fate.start else {}
    return {
        "batch_id": batch_id,
        "appointment_id": fate.card.id,
        "state": "waiting",
        "result": {"was": fate.card.start.isoformat(), **planned},
    }


@retried
def stop(public_id: str, by: Actor, *, now: datetime) -> None:
    """Leave undone what is not done yet; a line that is in hand is finished. Raises NotFound."""
    with transaction() as session:
        row = session.execute(select(Batch.id, Batch.site_id).where(Batch.public_id == public_id)).first()
        if row is None:
            raise NotFound
        ended = update(Batch).where(Batch.id == row.id, Batch.state == "waiting")
        if session.execute(ended.values(state="stopped", ended_at=now).returning(Batch.id)).first() is not None:
            audit.record(session, by, "stopped", "batch", public_id, now, site_id=row.site_id)


@dataclass(frozen=True, slots=True)
class BatchCard:
    """A batch and how far it is."""

    public_id: str
    site: SiteCard
    plan: Plan
    planning: str | None  # its name, where the plan is for one
    service: Words | None  # its names
    resource: str | None  # its name
    actor: str
    state: str
    created_at: datetime
    ended_at: datetime | None
    total: int
    done: int
    refused: int

    def named(self, locale: str) -> str:
        """Name the planning, the service, or the person, room or asset it is for; nothing, where it is for all."""
        return self.planning or self.resource or said(self.service or {}, locale)

    @property
    def left(self) -> int:
        """How many lines nobody has done yet."""
        return self.total - self.done - self.refused


@dataclass(frozen=True, slots=True)
class LineCard:
    """An appointment of a batch, as it is now, and what became of it.

    ``was`` is when it was to begin, ``start`` where it was moved, or is to be; ``code`` and ``reason`` say why it was
    refused.
    """

    card: AppointmentCard
    state: str
    was: datetime
    start: datetime | None
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class BatchList:
    """A page of the batches, newest first; pages count from 1."""

    batches: Sequence[BatchCard]
    page: int
    pages: int


def batches(*, scope: Scope = EVERYWHERE, page: int = 1, size: int = 20) -> BatchList:
    """List the batches of the sites somebody works for."""
    with reading() as session:
        total = session.scalar(select(func.count()).select_from(Batch).where(scope.limits(Batch.site_id))) or 0
        pages = max(1, -(-total // size))
        page = min(max(page, 1), pages)
        query = _batches().where(scope.limits(Batch.site_id)).order_by(Batch.id.desc())
        rows = session.execute(query.limit(size).offset((page - 1) * size)).all()
        return BatchList([_card(session, row) for row in rows], page, pages)


def get(public_id: str) -> BatchCard:
    """Read a batch. Raises NotFound."""
    with reading() as session:
        if (row := session.execute(_batches().where(Batch.public_id == public_id)).first()) is None:
            raise NotFound
        return _card(session, row)


def lines(public_id: str) -> list[LineCard]:
    """List the lines of a batch in the order of the day."""
    query = (
        select(BatchLine.appointment_id, BatchLine.state, BatchLine.result)
        .join(Batch, Batch.id == BatchLine.batch_id)
        .where(Batch.public_id == public_id)
        .order_by(BatchLine.id)
    )
    with reading() as session:
        rows = session.execute(query).all()
        chosen = listing().where(Appointment.id.in_([row.appointment_id for row in rows]))
        found = {card.id: card for card in cards(session, chosen)}
    return list(_told(found, rows))


def _told(found: Mapping[int, AppointmentCard], rows: Sequence[Any]) -> Iterator[LineCard]:
    for row in rows:
        card, result = found[row.appointment_id], row.result
        reason = (result.get("reasons") or [""])[0]
        was = parse_instant(result["was"]) or card.start
        yield LineCard(card, row.state, was, parse_instant(result.get("start")), result.get("code", ""), reason)


def _batches() -> Select[*tuple[Any, ...]]:
    def counted(state: str | None = None) -> Any:
        of_batch = select(func.count()).where(BatchLine.batch_id == Batch.id)
        return (of_batch if state is None else of_batch.where(BatchLine.state == state)).scalar_subquery()

    def named(table: type[Planning | Service | Resource], kind: str) -> Any:
        return select(table.name).where(table.key == Batch.wish[kind].as_string()).scalar_subquery().label(kind)

    return select(
        *Batch.__table__.c,
        Site.key.label("site_key"),
        Site.revision.label("site_revision"),
        counted().label("total"),
        counted("done").label("done"),
        counted("refused").label("refused"),
        named(Planning, "planning"),
        named(Service, "service"),
        named(Resource, "resource"),
    ).join(Site, Site.id == Batch.site_id)


def _card(session: Session, row: Any) -> BatchCard:
    return BatchCard(
        public_id=row.public_id,
        site=place_cards.site_card(session, row.site_id, row.site_revision),
        plan=Plan.of(row.site_key, row.wish),
        planning=row.planning,
        service=row.service,
        resource=row.resource,
        actor=row.actor,
        state=row.state,
        created_at=row.created_at,
        ended_at=row.ended_at,
        total=row.total,
        done=row.done,
        refused=row.refused,
    )
