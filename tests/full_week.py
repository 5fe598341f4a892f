"""A week with something of everything, written straight into the tables: thousands of appointments, special days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from portal.extensions import transaction
from portal.models import (
    Allocation,
    Appointment,
    Assignment,
    Closure,
    ExceptionalDay,
    ExceptionalOpening,
    Planning,
    Pool,
    Resource,
    Site,
)
from portal.operations import tokens
from portal.operations.keepsakes import new_revision
from tests.sample import MADE
from tests.sql import grown

HOUR = timedelta(hours=1)


def fill(starts: Sequence[datetime], each: int, planning: str = "quais") -> None:
    """Let ``each`` appointments of an hour begin at every start, whatever the capacity. Call inside an app context."""
    with transaction() as session:
        pool = session.execute(select(Pool).join(Planning).where(Planning.key == planning)).scalar_one()
        pool.longest_minutes = 60
        rows = [_appointment(pool, start, number) for start in starts for number in range(each)]
        session.execute(insert(Appointment), rows)
        query = select(Appointment.id, Appointment.starts_at, Appointment.ends_at)
        made = session.execute(query.where(Appointment.name.startswith("Camion "))).all()
        session.execute(
            insert(Allocation),
            [
                {"appointment_id": id_, "pool_id": pool.id, "starts_at": start, "ends_at": end, "units": 1}
                for id_, start, end in made
            ],
        )
        grown(session)


def give_to(key: str) -> None:
    """Let a person, a room or an asset serve all those appointments. Call inside an app context."""
    with transaction() as session:
        pool = session.execute(select(Pool).join(Resource).where(Resource.key == key)).scalar_one()
        pool.longest_minutes = 60
        query = select(Appointment.id, Appointment.starts_at, Appointment.ends_at)
        made = session.execute(query.where(Appointment.name.startswith("Camion "))).all()
        assigned = {"resource_id": pool.resource_id, "assigned_at": MADE}
        session.execute(insert(Assignment), [{"appointment_id": row.id, **assigned} for row in made])
        session.execute(
            insert(Allocation),
            [
                {"appointment_id": id_, "pool_id": pool.id, "starts_at": start, "ends_at": end, "units": 1}
                for id_, start, end in made
            ],
        )
        grown(session)


def close(day: date, label: str, site: str = "bordeaux") -> None:
    """Close a site for a day. Call inside an app context."""
    with transaction() as session:
        found = session.query(Site).filter_by(key=site).one()
        found.closures.append(Closure(first_day=day, last_day=day, label=label))
        found.revision = new_revision()


def exceptional(day: date, label: str, *openings: tuple[int, int, int], planning: str = "quais") -> None:
    """Give a planning its own hours on a day: minutes after midnight, and slots. Call inside an app context."""
    hours = [ExceptionalOpening(start_minute=start, end_minute=end, slots=slots) for start, end, slots in openings]
    with transaction() as session:
        found = session.query(Planning).filter_by(key=planning).one()
        found.exceptions.append(ExceptionalDay(day=day, label=label, openings=hours))
        found.revision = new_revision()


def observe(holidays: str) -> None:
    """Let every site observe public holidays. Call inside an app context."""
    with transaction() as session:
        for site in session.query(Site):
            site.holidays, site.revision = holidays, new_revision()


def _appointment(pool: Pool, start: datetime, number: int) -> dict[str, Any]:
    public_id = tokens.new_public_id()
    return {
        "public_id": public_id,
        "reference": public_id[:12],
        "site_id": pool.site_id,
        "planning_id": pool.planning_id,
        "status": "confirmed",
        "starts_at": start,
        "ends_at": start + HOUR,
        "timezone": "Europe/Paris",
        "local_start": "",
        "name": f"Camion {number:04d}",
        "locale": "fr",
        "source": "staff",
        "created_at": MADE,
        "updated_at": MADE,
    }
