"""Dates as people type them into a spreadsheet, in French or as ISO 8601 writes them; never month before day."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time

from portal.domain.zones import FIRST_YEAR, LAST_YEAR

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "janvier janv jan january",
            "fevrier fevr fev feb february",
            "mars mar march",
            "avril avr apr april",
            "mai may",
            "juin jun june",
            "juillet juil jul july",
            "aout aou aug august",
            "septembre sept sep september",
            "octobre oct october",
            "novembre nov november",
            "decembre dec december",
        ),
        1,
    )
    for name in names.split()
}
CLOCK = r"(?:\s*(?:t|\s|,|a)\s*(?P<hour>\d{1,2})\s*(?:[:h]\s*(?P<minute>\d{2})?)(?::?(?P<second>\d{2})(?:\.0+)?)?)?"
ISO = re.compile(rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}}){CLOCK}", re.ASCII)
NUMBERS = re.compile(
    rf"(?P<day>\d{{1,2}})\s*([/.-])\s*(?P<month>\d{{1,2}})\s*\2\s*(?P<year>\d{{4}}|\d{{2}}){CLOCK}", re.ASCII
)
NAMED = re.compile(
    rf"(?:[a-z]+\.?,?\s+)?(?P<day>\d{{1,2}})(?:er)?\s+(?P<name>[a-z]+)\.?\s+(?P<year>\d{{4}}){CLOCK}", re.ASCII
)


def wall_time(text: str) -> datetime | None:
    """Read a date, with a time of day or at midnight; None when it is anything else.

    >>> [str(wall_time(text)) for text in ("15/12/2026", "2026-12-15T14:30", "mardi 15 décembre 2026 à 14 h 30")]
    ['2026-12-15 00:00:00', '2026-12-15 14:30:00', '2026-12-15 14:30:00']
    >>> wall_time("12/15/2026") is None
    True
    """
    plain = _plain(text)
    for pattern in (ISO, NUMBERS, NAMED):
        if (found := pattern.fullmatch(plain)) is not None:
            return _moment(found)
    return None


def _plain(text: str) -> str:
    """Write in small letters, without accents, with plain spaces."""
    letters = unicodedata.normalize("NFKD", text.strip().lower())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


def _moment(found: re.Match[str]) -> datetime | None:
    parts = found.groupdict()
    month = MONTHS.get(parts["name"]) if "name" in parts else int(parts["month"])
    year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
    try:
        day = date(year, month or 0, int(parts["day"]))
        clock = time(int(parts["hour"] or 0), int(parts["minute"] or 0), int(parts["second"] or 0))
    except ValueError:  # 31 February, 25 o'clock
        return None
    return datetime.combine(day, clock) if FIRST_YEAR <= year < LAST_YEAR else None
