"""One site, an hourly planning with 6 places, a large one and one with every rule on, and appointments as asked."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import insert, select, text, update

from portal.extensions import db, reading
from portal.models import Allocation, Appointment, Planning, Pool, Site
from portal.operations import transfer
from tests.backends import NOW

PARIS = ZoneInfo("Europe/Paris")
DAY = date(2026, 12, 14)  # what the pages show: a Monday, its month half booked
FULL_DAY = date(2026, 12, 15)
HOURS = range(8, 18)
AT_ONCE, BOOKED = 6, 3  # places an hour, and how many of them are taken
DEEP = 600  # places an hour of the large planning
CHUNK = 5000

WEEK = "\n".join(
    f'{" " * 10}{day}: [{{start: "08:00", end: "18:00", slots: %d}}]'
    for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)
PLANNING = """
  - key: %s
    name: Quai %s
    timezone: Europe/Paris
    sites: [bordeaux]
    kinds: [customer]
    guests: true
    slot_minutes: 60
    step_minutes: 60
    policy: %s
    versions:
      - from: null
        week:
"""
EVERY_RULE = (
    '{min_notice: "1d", business_days: true, max_days: 90, change_notice: 4h, '
    'email_patterns: ["*@example.com", "/.+@vidal\\\\.fr/"], max_per_day: 50, max_per_week: 100, '
    "validation: manager, cooling_off: 15, waiting_list: true, "
    "earlier_slots: {enabled: true, mode: one_by_one}}"
)
"""All that can be on without another way of booking: a hold or an address to confirm would be more requests."""
CONFIGURATION = """
organisation: {name: Dupont Logistique, locale: fr, timezone: Europe/Paris}
sites:
  - {key: bordeaux, name: Bordeaux, timezone: Europe/Paris, address: 12 quai des Chartrons, policy: {max_days: 90}}
plannings:
"""


def configuration() -> str:
    """Write the configuration of the measured portal."""
    plannings = [("quais", AT_ONCE, "{}"), ("large", DEEP, "{}"), ("ruled", DEEP, EVERY_RULE)]
    return CONFIGURATION + "".join(
        PLANNING % (key, key, rules) + WEEK % ((slots,) * 7) + "\n" for key, slots, rules in plannings
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where appointments are put."""

    pool: int
    site: int
    planning: int


def fill(app: Flask, near: int, far: int = 0) -> None:
    """Load the configuration, put ``near`` appointments around the shown day and ``far`` ones years away."""
    with app.app_context():
        transfer.load(configuration(), now=NOW)
        quais, large, ruled = _place("quais"), _place("large"), _place("ruled")
        _insert(quais, islice(_around(), near))
        _insert(ruled, islice(_around(), near))
        _insert(quais, islice(_far_away(), far))
        if near:
            _insert(quais, [at(hour, FULL_DAY) for hour in HOURS for _ in range(AT_ONCE - BOOKED)])
            _insert(large, [at(hour, FULL_DAY) for hour in HOURS for _ in range(DEEP)])
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))


def at(hour: int, day: date = DAY) -> datetime:
    """Give the instant of a local hour."""
    return datetime.combine(day, time(hour), PARIS).astimezone(UTC)


def _around() -> Iterator[datetime]:
    """Fill every hour by half, from the shown month outwards."""
    distance = 0
    while True:
        for day in {DAY + timedelta(days=distance), DAY - timedelta(days=distance)}:
            yield from (at(hour, day) for hour in HOURS for _ in range(BOOKED))
        distance += 1


def _far_away() -> Iterator[datetime]:
    """Stack a thousand on every hour of days that nobody looks at."""
    day = date(2015, 1, 1)
    while True:
        yield from (at(hour, day) for hour in HOURS for _ in range(1000))
        day += timedelta(days=1)


def _place(key: str) -> Place:
    with reading() as session:
        query = (
            select(Pool.id, Site.id, Planning.id).join(Site, Site.id == Pool.site_id)
            .join(Planning, Planning.id == Pool.planning_id).where(Planning.key == key)
        )  # fmt: skip
        return Place(*session.execute(query).one())


def _insert(place: Place, starts: Any) -> None:
    remaining = iter(starts)
    with db.engine.execution_options(immediate=True).begin() as connection:
        connection.execute(update(Pool).where(Pool.id == place.pool).values(longest_minutes=60))
        last = connection.execute(text("SELECT coalesce(max(id), 0) FROM appointment")).scalar_one()
        while chunk := list(islice(remaining, CHUNK)):
            rows = [_appointment(place, last + number, start) for number, start in enumerate(chunk, 1)]
            connection.execute(insert(Appointment.__table__), rows)
            connection.execute(insert(Allocation.__table__), [_allocation(place, row) for row in rows])
            last += len(chunk)
        if connection.dialect.name == "postgresql":
            for table in ("appointment", "allocation"):
                connection.execute(text(f"SELECT setval('{table}_id_seq', (SELECT coalesce(max(id), 1) FROM {table}))"))  # noqa: S608 - our own names


def _appointment(place: Place, identity: int, start: datetime) -> dict[str, Any]:
    return {
        "id": identity,
        "public_id": secrets.token_hex(16),
        "generation": 1,
        "reference": f"B{identity:X}",
        "site_id": place.site,
        "planning_id": place.planning,
        "status": "confirmed",
        "starts_at": start,
        "ends_at": start + timedelta(hours=1),
        "timezone": "Europe/Paris",
        "local_start": start.astimezone(PARIS).strftime("%Y-%m-%dT%H:%M"),
        "units": 1,
        "email": "client@example.com",
        "name": "Client",
        "phone": "",
        "comment": "",
        "locale": "fr",
        "source": "guest",
        "overbook_reason": "",
        "version": 1,
        "sequence": 0,
        "created_at": NOW,
        "updated_at": NOW,
    }


def _allocation(place: Place, appointment: dict[str, Any]) -> dict[str, Any]:
    return {
        "appointment_id": appointment["id"],
        "pool_id": place.pool,
        "starts_at": appointment["starts_at"],
        "ends_at": appointment["ends_at"],
        "units": 1,
        "exclusive": False,
    }
