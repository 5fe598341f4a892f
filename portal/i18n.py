"""The language of a page or a mail, and how dates, hours and numbers read in it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, get_timezone_location
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_app_context
from flask_babel import Domain, get_locale

from portal.config import LOCALES

FOLDER = Path(__file__).parent / "translations"
LONG = timedelta(hours=16)  # from which on an interval ends on a day that must be named
NBSP = "\u00a0"


class Catalogues(Domain):
    """Message catalogues read from ``translations/<locale>/*.po`` and compiled in memory, once a process."""

    def get_translations(self) -> NullTranslations:
        """Give the catalogue of the page's or mail's language."""
        return catalogue(current_locale())


@cache
def catalogue(locale: str) -> NullTranslations:
    """Merge the rooms' catalogues of one language. English needs none: its texts are the message ids."""
    merged: NullTranslations = NullTranslations()
    for number, file in enumerate(sorted((FOLDER / locale).glob("*.po"))):
        room = _compiled(file)
        merged = room if number == 0 else _joined(merged, room)
    return merged


def _compiled(file: Path) -> Translations:
    with file.open("rb") as source:
        messages = read_po(source, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)


def _joined(catalogues: NullTranslations, room: Translations) -> NullTranslations:
    # gettext has no public way to merge plural forms.
    vars(catalogues)["_catalog"].update(vars(room)["_catalog"])
    return catalogues


CATALOGUES = Catalogues()


def _(message: str, **values: object) -> str:
    """Translate a message into the language in force; flask-babel comes without types, so they are given here."""
    return str(CATALOGUES.gettext(message, **values))


def current_locale() -> str:
    """Name the language in force: "fr" or "en"."""
    # Asked for at every word, so what flask-babel found for this request is taken where it keeps it.
    kept = g.get("_flask_babel") if has_app_context() else None
    locale = getattr(kept, "babel_locale", None) or get_locale()
    return locale.language if locale is not None else LOCALES[0]


def chosen_locale(wishes: Iterable[str | None], default: str) -> str:
    """Pick the first wish that is a language of ours.

    >>> chosen_locale([None, "de", "en-GB"], "fr")
    'en'
    """
    for wish in wishes:
        if wish and (language := wish.lower().replace("_", "-").split("-")[0]) in LOCALES:
            return language
    return default


def day(value: date | datetime, locale: str | None = None) -> str:
    """Write a date in full: "mardi 14 avril 2026", "Tuesday 14 April 2026"."""
    return _written(_date(value), "EEEE d MMMM y", _locale(locale))


def day_short(value: date | datetime, locale: str | None = None) -> str:
    """Write a date without its year: "mardi 14 avril"."""
    return _written(_date(value), "EEEE d MMMM", _locale(locale))


def dates(first: date, last: date, locale: str | None = None) -> str:
    """Write dates from one to another: "du 7 au 13 décembre 2026", "7 to 13 December 2026"."""
    alike = "d MMMM" if first.year == last.year else "d MMMM y"
    begin = _written(first, "d" if first.replace(day=1) == last.replace(day=1) else alike, _locale(locale))
    end = _written(last, "d MMMM y", _locale(locale))
    return f"du {begin} au {end}" if _locale(locale) == "fr" else f"{begin} to {end}"


def month(value: date, locale: str | None = None) -> str:
    """Write a month: "avril 2026"."""
    return _written(_date(value), "LLLL y", _locale(locale))


def weekday(number: int, width: str = "wide", locale: str | None = None) -> str:
    """Write an ISO weekday (1 = Monday): "lundi"; ``width`` may be "abbreviated"."""
    names = _babel(_locale(locale)).days["stand-alone"][width]
    return str(names[number - 1])


def hour(value: datetime, zone: ZoneInfo | str, locale: str | None = None) -> str:
    """Write the time of day in a zone: "8 h 30" in French, "8:30" in English."""
    local = value.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    return clock_time(local.hour * 60 + local.minute, locale)


def clock_time(minutes: int, locale: str | None = None) -> str:
    """Write minutes after midnight: "8 h", "8 h 30", "24 h"; in English "8:00", "24:00".

    >>> clock_time(510, "en")
    '8:30'
    """
    hours, rest = divmod(minutes, 60)
    if _locale(locale) == "fr":
        return f"{hours}{NBSP}h{NBSP}{rest:02d}" if rest else f"{hours}{NBSP}h"
    return f"{hours}:{rest:02d}"


def span(start: datetime, end: datetime, zone: ZoneInfo | str, locale: str | None = None) -> str:
    """Write an interval of one appointment: "de 8 h 30 à 9 h 30", "8:30 to 9:30"; of nights it names the day, too."""
    first, last = hour(start, zone, locale), hour(end, zone, locale)
    french = _locale(locale) == "fr"
    if end - start >= LONG:
        where = ZoneInfo(zone) if isinstance(zone, str) else zone
        named = day_short(end.astimezone(where), locale)
        return f"de {first} au {named} à {last}" if french else f"{first} to {named}, {last}"
    return f"de {first} à {last}" if french else f"{first} to {last}"


def offset(zone: ZoneInfo | str, instant: datetime) -> str:
    """Write a zone's distance from UTC at an instant: "UTC+2", "UTC−3:30"."""
    local = instant.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    minutes = int((local.utcoffset() or local - local).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")


def zone_label(zone: ZoneInfo | str, instant: datetime, locale: str | None = None) -> str:
    """Name a zone with its offset at an instant: "heure de Paris (UTC+2)", "Paris time (UTC+2)"."""
    city = _city(zone if isinstance(zone, str) else zone.key, _locale(locale))
    if _locale(locale) == "fr":
        elided = "d’" if city[:1].lower() in "aeiouyéèêàâîôû" else "de "
        return f"heure {elided}{city} ({offset(zone, instant)})"
    return f"{city} time ({offset(zone, instant)})"


def rfc3339(value: datetime, zone: ZoneInfo | str | None = None) -> str:
    """Write an instant with its offset, in ``zone`` where one is given: "2026-04-14T08:30:00+02:00"."""
    if zone is not None:
        value = value.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    return value.isoformat(timespec="seconds")


def sentence(text: str) -> str:
    """Begin a text with a capital, leaving the rest alone.

    >>> sentence("mardi 14 avril")
    'Mardi 14 avril'
    """
    return text[:1].upper() + text[1:]


class Named(Protocol):
    """What has a name by language."""

    def named(self, locale: str, /) -> str:
        """Give its name in a language."""


def named(one: Named | None) -> str:
    """Give a name in the language in force; nothing has none."""
    return one.named(current_locale()) if one is not None else ""


def init_app(app: Flask) -> None:
    """Give the templates their filters."""
    for function in (day, day_short, month, weekday, hour, clock_time, rfc3339, sentence, named):
        app.jinja_env.filters[function.__name__] = function
    app.jinja_env.globals.update(zone_label=zone_label, span=span, current_locale=current_locale)
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"]  # Jinja's own asks for the other at every word


def _date(value: date | datetime) -> date:
    # Two times of one instant in different zones are equal, and would find each other's date in the memory below.
    return value.date() if isinstance(value, datetime) else value


@lru_cache(maxsize=4096)
def _written(value: date, pattern: str, locale: str) -> str:
    """Write a date; French says "1er" for the first of a month and plain numbers after."""
    text: str = format_date(value, pattern, locale)
    return re.sub(r"\b1\b", "1er", text, count=1) if locale == "fr" and value.day == 1 else text


def _locale(locale: str | None) -> str:
    return locale or current_locale()


@lru_cache(maxsize=1024)
def _city(zone: str, locale: str) -> str:
    return str(get_timezone_location(zone, locale=locale, return_city=True))


@cache
def _babel(locale: str) -> Locale:
    return Locale.parse(locale)
