"""The search of common times: 200 resources over 31 days for three requirements, beside ten thousand appointments."""

from __future__ import annotations

import statistics
import time
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import insert, select, text

from bench.data import DAY, HOURS, at
from bench.stage import Stage
from portal.extensions import db, reading, transaction
from portal.models import Allocation, Appointment, Pool
from portal.operations import availability, bookables, transfer
from tests import sql
from tests.backends import NOW

KINDS = {"staff": 120, "room": 50, "asset": 30}
DAYS = 31
CONFIGURATION = """
organisation: {name: Agence Dupont, locale: fr, timezone: Europe/Paris}
sites: [{key: agence, name: Agence, timezone: Europe/Paris, policy: {max_days: 90}}]
plannings:
  - key: bureau
    name: Bureau
    timezone: Europe/Paris
    sites: [agence]
    kinds: []
    slot_minutes: 60
    step_minutes: 60
    versions: [{from: null, week: {%s}}]
resources:
%s
services:
  - key: visite
    name: {fr: Visite, en: Visit}
    sites: [agence]
    minutes: 60
    step: 90
    buffer_after: 15
    requires: [{kind: staff, skills: {vente: 3}}, {kind: room, persons: 2}, {kind: asset}]
"""
WEEK = ", ".join(
    f'{day}: [{{start: "08:00", end: "18:00", slots: 1}}]' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)


def measure(stage: Stage, rounds: int) -> dict[str, float]:
    """Search once for what is not yet known, then again and again: statements, candidates, milliseconds."""
    app = stage.empty("common_times").app
    _fill(app)
    with app.app_context():
        _search()
        with sql.counted() as seen:
            found = _search()
        took = []
        for _ in range(rounds):
            begin = time.perf_counter()
            _search()
            took.append((time.perf_counter() - begin) * 1000)
        db.engine.dispose()
    return {
        "statements": len(seen),
        "resources x starts": sum(KINDS.values()) * len(found.starts),
        "offered": len(found.offered),
        "milliseconds": round(statistics.median(took), 1),
    }


def _search() -> availability.Availability:
    with reading() as session:
        bookable = bookables.find(session, "agence", None, service="visite")
        return availability.search(session, bookable, DAY, DAY + timedelta(days=DAYS - 1), now=NOW)


def _fill(app: Flask) -> None:
    resources = [
        f"  - {{key: {kind}-{number}, kind: {kind}, name: {kind} {number}, timezone: Europe/Paris, sites: [agence], "
        f"plannings: [bureau], {'skills: {vente: 5}, ' if kind == 'staff' else ''}"
        f"persons: {4 if kind == 'room' else 'null'}}}"
        for kind, many in KINDS.items()
        for number in range(many)
    ]
    with app.app_context():
        transfer.load(CONFIGURATION % (WEEK, "\n".join(resources)), now=NOW)
        with transaction() as session:
            at_site = select(Pool.site_id, Pool.service_id).where(Pool.service_id.is_not(None))
            place = session.execute(at_site).one()
            pools = session.scalars(select(Pool.id).where(Pool.resource_id.is_not(None)).order_by(Pool.id)).all()
            taken = [
                (pool, at(hour, DAY + timedelta(days=day)))
                for day in range(DAYS)
                for hour in HOURS
                for number, pool in enumerate(pools)
                if (number + hour + day) % 6 == 0
            ]
            session.execute(
                insert(Appointment), [_appointment(number, *place, start) for number, (_, start) in enumerate(taken, 1)]
            )
            session.execute(insert(Allocation), [_allocation(number, *one) for number, one in enumerate(taken, 1)])
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))


def _appointment(number: int, site: int, service: int, start: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "public_id": f"{number:032x}",
        "reference": f"{number:09}",
        "site_id": site,
        "service_id": service,
        "status": "confirmed",
        "starts_at": start,
        "ends_at": start + timedelta(hours=1),
        "timezone": "Europe/Paris",
        "local_start": "",
        "locale": "fr",
        "source": "guest",
        "fields": {},
        "created_at": NOW,
        "updated_at": NOW,
    }


def _allocation(number: int, pool: int, start: datetime) -> dict[str, Any]:
    end = start + timedelta(hours=1, minutes=15)
    return {
        "appointment_id": number,
        "pool_id": pool,
        "starts_at": start,
        "ends_at": end,
        "units": 1,
        "exclusive": True,
    }
