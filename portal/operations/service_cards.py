"""Services as pages and rules need them, read once per revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import fields
from portal.domain.fields import Question, Words, said
from portal.domain.matching import Requirement, check_requirements
from portal.domain.reservations import Reservation
from portal.models import Service, ServiceGroup
from portal.operations.keepsakes import kept


@dataclass(frozen=True, slots=True, eq=False)
class ServiceCard:
    """What a page or a rule needs of a service. Lengths and buffers are in minutes; texts by language."""

    id: int
    revision: str
    key: str
    names: Words
    descriptions: Words
    instructions: Words
    prices: Words
    group: str | None  # its key
    planning_id: int | None  # in which it takes a place, too
    minutes: int
    step: int
    buffer_before: int
    buffer_after: int
    mode: str
    requires: tuple[Requirement, ...]
    reservation: Reservation
    kinds: tuple[str, ...]
    guests: bool
    policy: Mapping[str, Any]
    questions: tuple[Question, ...]  # asked of who books, in order
    ever_asked: tuple[Question, ...]  # also those that are asked no more: the words of answers once given

    @property
    def name(self) -> str:
        """Its name in the language that comes first."""
        return said(self.names, "")

    def named(self, locale: str) -> str:
        """Give its name in a language."""
        return said(self.names, locale)


def service_card(session: Session, service_id: int, revision: str) -> ServiceCard:
    """Give a service's card at a revision."""
    return kept.get(revision, lambda: _read(session, service_id, revision))


def _read(session: Session, service_id: int, revision: str) -> ServiceCard:
    query = select(*Service.__table__.c, ServiceGroup.key.label("group")).outerjoin(
        ServiceGroup, ServiceGroup.id == Service.group_id
    )
    row: Any = session.execute(query.where(Service.id == service_id)).one()
    known = tuple(fields.kept(one) for one in row.fields)
    return ServiceCard(
        id=row.id,
        revision=revision,
        key=row.key,
        names=row.name,
        descriptions=row.description,
        instructions=row.instructions,
        prices=row.price,
        group=row.group,
        planning_id=row.planning_id,
        minutes=row.minutes,
        step=row.step,
        buffer_before=row.buffer_before,
        buffer_after=row.buffer_after,
        mode=row.mode,
        requires=check_requirements(row.requires),
        reservation=Reservation.of(row.reservation),
        kinds=tuple(row.kinds),
        guests=row.guests,
        policy=row.policy,
        questions=fields.asked_of(known),
        ever_asked=known,
    )
