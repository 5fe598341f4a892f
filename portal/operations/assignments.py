"""Who and what appointments have: read for any number of them in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Assignment, Resource


@dataclass(frozen=True, slots=True)
class Assigned:
    """A person, a room or an asset of an appointment.

    ``requirement`` is which of the service's it meets, None for one that the staff added; ``named`` whether somebody
    picked it; ``choice`` why a person was chosen, as ``assigning`` kept it.
    """

    key: str
    kind: str
    name: str
    email: str | None
    requirement: int | None
    named: bool
    choice: Mapping[str, Any] | None

    @property
    def staff(self) -> bool:
        """Whether it is a person."""
        return self.kind == "staff"


def of(session: Session, ids: Collection[int]) -> dict[int, list[Assigned]]:
    """List what each of these appointments has: people first, then rooms and assets, as they were assigned.

    Appointments that have nothing are left out.
    """
    found: dict[int, list[Assigned]] = {}
    for appointment_id, *columns in session.execute(_QUERY.where(Assignment.appointment_id.in_(ids))) if ids else ():
        found.setdefault(appointment_id, []).append(Assigned(*columns))
    return found


_QUERY = (
    select(
        Assignment.appointment_id,
        Resource.key,
        Resource.kind,
        Resource.name,
        Resource.email,
        Assignment.requirement,
        Assignment.named,
        Assignment.choice,
    )
    .join(Resource, Resource.id == Assignment.resource_id)
    .order_by(Assignment.appointment_id, Resource.kind.desc(), Assignment.id)
)
