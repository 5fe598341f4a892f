"""What the audit log says of plannings: short texts that people read, only of what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain.openings import Opening, Week
from portal.operations import edits
from portal.operations.actors import Actor


def tell(
    session: Session,
    by: Actor,
    action: str,
    key: str,
    label: str,
    site_ids: frozenset[int],
    now: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Write down what differs, as ``edits.tell``."""
    edits.tell(session, by, action, "planning", key, label, site_ids, now, before, after)


def week_facts(week: Week, applies_from: date | None = None) -> dict[str, str]:
    """Write a week, a line for each weekday (1 = Monday).

    >>> week_facts({1: (Opening(480, 720, 6),)}, date(2026, 12, 14))
    {'week 2026-12-14, day 1': '08:00-12:00 x 6'}
    """
    name = f"week {applies_from.isoformat()}" if applies_from is not None else "week"
    return {f"{name}, day {weekday}": _hours(openings) for weekday, openings in sorted(week.items()) if openings}


def day_facts(day: date, label: str, openings: Iterable[Opening]) -> dict[str, str]:
    """Write an exceptional day.

    >>> day_facts(date(2026, 12, 24), "Inventaire", ())
    {'2026-12-24': 'closed (Inventaire)'}
    """
    told = _hours(openings) or "closed"
    return {day.isoformat(): f"{told} ({label})" if label else told}


def _hours(openings: Iterable[Opening]) -> str:
    return ", ".join(f"{one} x {one.slots}{_reserved(one)}" for one in openings)


def _reserved(opening: Opening) -> str:
    return f" for {' and '.join(opening.services)}" if opening.services else ""
