"""The organisation, regions and sites in the form of the configuration file, and the way back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from portal.extensions import settings
from portal.models import Closure, Organisation, Region, Site
from portal.operations import mail_texts
from portal.operations.keepsakes import new_revision
from portal.operations.transfer_rows import Keys, Values, columns, day_of, id_of, keys_by_id, locked, named, put, some

ORGANISATION = "organisation"
ORGANISATION_COLUMNS = ("name", "locale", "timezone", "sender_name", "accent", "retention_months", "texts")
SITE_COLUMNS = (
    "name",
    "address",
    "timezone",
    "latitude",
    "longitude",
    "email",
    "phone",
    "holidays",
    "policy",
    "notices",
    "active",
)


def organisation_defaults(timezone: str) -> Values:
    """Give what a new organisation has where its file says nothing."""
    return {
        "locale": settings().default_locale,
        "timezone": timezone,
        "sender_name": "",
        "accent": None,
        "retention_months": None,
        "texts": {},
        "mails": {},
    }


def region_defaults(_timezone: str) -> Values:
    """Give what a new region has where its file says nothing."""
    return {"parent": None}


def site_defaults(timezone: str) -> Values:
    """Give what a new site has where its file says nothing."""
    return {
        "address": "",
        "timezone": timezone,
        "region": None,
        "latitude": None,
        "longitude": None,
        "email": None,
        "phone": None,
        "holidays": None,
        "closures": [],
        "policy": {},
        "notices": {},
        "active": True,
    }


def organisation(session: Session, _keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read the one organisation, under its own name."""
    row = session.scalars(locked(select(Organisation), Organisation, lock)).first()
    return {ORGANISATION: {**columns(row, ORGANISATION_COLUMNS), "mails": _mails(session)}} if row else {}


def _mails(session: Session) -> Values:
    """Give the company's own words of mails, by mail, then by language."""
    found: Values = {}
    for (name, locale), text in sorted(mail_texts.read(session).items()):
        found.setdefault(name, {})[locale] = mail_texts.written(text)
    return found


def regions(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read regions, each with the key of the one that it lies in."""
    known = keys_by_id(session, Region)
    rows = some(session, locked(select(Region).order_by(Region.key), Region, lock), Region.key, keys)
    return {row.key: {"key": row.key, "name": row.name, "parent": known.get(row.parent_id)} for row in rows}


def sites(session: Session, keys: Keys = None, *, lock: bool = False) -> dict[str, Values]:
    """Read sites with their closures and the key of their region."""
    query = locked(select(Site).options(selectinload(Site.closures)).order_by(Site.key), Site, lock)
    known = keys_by_id(session, Region)
    return {row.key: _site(row, known.get(row.region_id)) for row in some(session, query, Site.key, keys)}


def _site(row: Site, region: str | None) -> Values:
    closures = [
        {"from": one.first_day.isoformat(), "to": one.last_day.isoformat(), "label": one.label}
        for one in sorted(row.closures, key=lambda one: (one.first_day, one.last_day, one.label))
    ]
    values = {**columns(row, SITE_COLUMNS), "key": row.key, "region": region, "closures": closures}
    return {name: values[name] for name in ("key", "name", *site_defaults(""))}


def write_organisation(session: Session, after: Values, now: datetime) -> None:
    """Write the organisation's row and the words of its mails, and name its new state."""
    row = session.get(Organisation, 1) or Organisation(id=1)
    put(row, after, ORGANISATION_COLUMNS)
    row.revision = new_revision()
    session.add(row)
    mail_texts.replace_all(session, after["mails"], now)


def write_region(session: Session, after: Values, _now: datetime) -> None:
    """Write a region. The one it lies in may come later in the file: then it is made now, and gets its name there."""
    row = named(session, Region, after["key"])
    row.name = after["name"]
    session.add(row)
    if after["parent"] is not None:
        parent = named(session, Region, after["parent"])
        parent.name = parent.name or after["parent"]
        session.add(parent)
        session.flush()
        row.parent_id = parent.id
    else:
        row.parent_id = None
    session.flush()


def write_site(session: Session, after: Values, _now: datetime) -> None:
    """Write a site and its closures, and name its new state."""
    row = named(session, Site, after["key"])
    put(row, after, SITE_COLUMNS)
    row.region_id = id_of(session, Region, after["region"])
    row.revision = new_revision()
    row.closures = [
        Closure(first_day=day_of(one["from"]), last_day=day_of(one["to"]), label=one["label"])
        for one in after["closures"]
    ]
    session.add(row)
    session.flush()
