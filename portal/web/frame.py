"""The frame of every page: links that keep the language, versioned and small static files."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Flask, Response, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

from portal.config import LOCALES
from portal.i18n import current_locale, weekday
from portal.web.embedding import framed, leaving, origins

STATIC = Path(__file__).parent.parent / "static"
NAMES = {"fr": "Français", "en": "English"}
SMALLER = ("text/css", "text/javascript", "image/svg+xml")


@dataclass(frozen=True, slots=True)
class Language:
    """A language that this page can be read in too."""

    code: str
    name: str
    url: str


def other_languages() -> list[Language]:
    """List this page in the other languages: same address, same choices, another ``lang``."""
    return [Language(code, NAMES[code], _here(lang=code)) for code in LOCALES if code != current_locale()]


def _here(**changed: str) -> str:
    """Give the address of the page being shown; after a POST that is the page which the form belongs to."""
    # Quoted anew: an address that begins with /%5C would lead to another site, and what follows a %3F would be lost.
    return f"{quote(request.path)}?{urlencode({**request.args, **_start(), **changed})}"


def _start() -> dict[str, str]:
    """Read which slot a form is about; the page that says that a request was too large shows none."""
    try:
        return {"start": request.form["start"]} if "start" in request.form else {}
    except RequestEntityTooLarge:
        return {}


def public_url(endpoint: str, **values: Any) -> str:
    """Give the address of a public page; ``lang`` travels on when this page was asked for in a language."""
    if lang := request.args.get("lang"):
        values.setdefault("lang", lang)
    return _address(endpoint, request.script_root, **values)


def static_url(name: str) -> str:
    """Give the address of a static file, which changes with its content: browsers keep it for a year."""
    return _address("static", request.script_root, filename=name, v=fingerprint(name))


@lru_cache(maxsize=512)
def _address(endpoint: str, _root: str, **values: Any) -> str:
    """Build an address of the frame, which every page builds again; it begins where the portal is mounted."""
    return url_for(endpoint, **values)


@cache
def fingerprint(name: str) -> str:
    """Name the content of a static file in a few characters."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def shrink(response: Response) -> Response:
    """Send a sheet or script compressed. Pages are not: they hold secrets beside what visitors type."""
    if request.endpoint != "static" or response.status_code != 200 or response.mimetype not in SMALLER:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] and request.view_args is not None:
        name = str(request.view_args["filename"])
        response.close()  # the file that would have been sent as it is
        response.direct_passthrough = False
        response.set_data(_compressed(name, fingerprint(name)))
        response.content_encoding = "gzip"
    return response


@cache
def _compressed(name: str, _fingerprint: str) -> bytes:
    return gzip.compress((STATIC / name).read_bytes(), compresslevel=9, mtime=0)


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Show an instant on the clocks of a zone."""
    return instant.astimezone(zone)


def weekday_short(day: date) -> str:
    """Write a weekday as on a calendar leaf: "mar."."""
    return weekday(day.isoweekday(), "abbreviated")


def month_short(day: date) -> str:
    """Write a month as on a calendar leaf: "avr."."""
    return format_date(day, "LLL", current_locale())


def init_app(app: Flask) -> None:
    """Give the templates what the frame needs."""
    app.after_request(shrink)
    app.jinja_env.filters.update(local=local, weekday_short=weekday_short, month_short=month_short)
    app.jinja_env.globals.update(embed_origins=origins, framed=framed, leaving=leaving)
    app.jinja_env.globals.update(other_languages=other_languages, public_url=public_url, static_url=static_url)
