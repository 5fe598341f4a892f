"""The company that runs the portal: its name, language and zone, how its pages and mails look, what it says itself.

Every page asks for the small part of the one row. What is large (logo, texts) is read once per revision: every edit
gives the row a new random revision, so what is kept here under one can never be stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.config import LOCALES
from portal.domain import colours, pictures
from portal.domain.errors import Invalid, StateChanged
from portal.domain.zones import local_day, zone
from portal.extensions import reading, retried, settings, transaction
from portal.models import Organisation
from portal.operations import audit, legal
from portal.operations.actors import SYSTEM, Actor
from portal.operations.keepsakes import Kept, new_revision

LOCK = "configuration"  # one after the other: forms, and files (``transfer``)
NOBODY = "Créneau"
LONGEST_NAME = 120
MOST_MONTHS = 600
CARD = select(
    Organisation.name,
    Organisation.locale,
    Organisation.timezone,
    Organisation.sender_name,
    Organisation.accent,
    Organisation.retention_months,
    Organisation.logo_type,
    Organisation.revision,
)
EDITED = ("name", "locale", "timezone", "sender_name", "accent", "retention_months")

_kept = Kept(8)


@dataclass(frozen=True, slots=True)
class Card:
    """What every page and mail needs. ``accent`` is a readable colour, None the portal's own."""

    name: str
    locale: str
    timezone: str
    sender_name: str
    accent: str | None
    retention_months: int | None
    logo_type: str | None
    revision: str

    @property
    def sender(self) -> str:
        """The name beside the address of its mails."""
        return self.sender_name or self.name


@dataclass(frozen=True, slots=True)
class Logo:
    """The company's picture; ``digest`` names these very bytes."""

    digest: str
    type: str
    width: int
    height: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """The company as it is to be; empty values are those of the portal."""

    name: str
    locale: str
    timezone: str
    sender_name: str = ""
    accent: str | None = None
    retention_months: int | None = None


def card() -> Card:
    """Read the company, or what stands for it before it is set up."""
    with reading() as session:
        return card_of(session)


def card_of(session: Session) -> Card:
    """Read the company within a caller's session."""
    row = session.connection().execute(CARD).first()
    given = settings()
    if row is None:
        return Card(NOBODY, given.default_locale, given.default_timezone, "", None, None, None, "")
    return Card(**row._mapping)


def today(now: datetime) -> date:
    """Tell the company's date: for what belongs to no site."""
    return local_day(now, zone(card().timezone))


def company_name() -> str:
    """Name the company that runs the portal."""
    return card().name


def locale() -> str:
    """Name the organisation's language."""
    return card().locale


def logo(company: Card) -> Logo | None:
    """Give the company's picture."""
    if company.logo_type is None:
        return None
    return _kept.get(("logo", company.revision), _read_logo)


def _read_logo() -> Logo | None:
    with reading() as session:
        content = session.scalar(select(Organisation.logo))
    if content is None:  # removed meanwhile
        return None
    picture = pictures.measure(content)
    return Logo(sha256(content).hexdigest()[:16], picture.type, picture.width, picture.height, content)


def text(company: Card, name: str, locale: str) -> str:
    """Give one of the company's own texts as harmless HTML, or nothing where it wrote none."""
    rendered: dict[tuple[str, str], str] = _kept.get(("texts", company.revision), _render) if company.revision else {}
    return rendered.get((name, locale), "")


def _render() -> dict[tuple[str, str], str]:
    return {
        (name, locale): legal.rendered(text)
        for name, by_locale in texts().items()
        for locale, text in by_locale.items()
    }


def texts() -> Mapping[str, Mapping[str, str]]:
    """Give the company's own texts as they were typed: by name, then by language."""
    with reading() as session:
        return session.scalar(select(Organisation.texts)) or {}


# Saving


@retried
def save(revision: str, plan: Plan, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Write the company. Raises StateChanged when somebody else saved it meanwhile, Invalid."""
    _write(revision, checked(plan), now, by)


def checked(plan: Plan) -> dict[str, Any]:
    """Give the columns that a plan fills. Raises Invalid naming the first wrong field."""
    if not plan.name.strip():
        raise Invalid(field="name", problem="required")
    if plan.locale not in LOCALES:
        raise Invalid(field="locale", problem="not_a_choice", value=plan.locale, choices=LOCALES)
    if plan.retention_months is not None and not 1 <= plan.retention_months <= MOST_MONTHS:
        raise Invalid(field="retention_months", problem="range", lowest=1, highest=MOST_MONTHS)
    return {
        "name": plan.name.strip(),
        "locale": plan.locale,
        "timezone": zone(plan.timezone).key,
        "sender_name": plan.sender_name.strip(),
        "accent": accent_of(plan.accent),
        "retention_months": plan.retention_months,
    }


def accent_of(given: str | None) -> str | None:
    """Accept a colour that can be read on a light page, or none. Raises Invalid."""
    if not given:
        return None
    accent = colours.read(given)
    if not colours.readable(accent):
        raise Invalid(field="accent", problem="unreadable_colour", value=accent)
    return accent


@retried
def save_text(revision: str, name: str, by_locale: Mapping[str, str], *, now: datetime, by: Actor = SYSTEM) -> None:
    """Write one of the company's texts in its languages; empty: the portal's own. Raises StateChanged, Invalid."""
    new = legal.cleaned({name: by_locale})
    kept = {one: dict(said) for one, said in texts().items() if one != name}
    _write(revision, {"texts": {**kept, **new}}, now, by)


@retried
def set_logo(revision: str, content: bytes, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Take a picture as the logo. Raises StateChanged, Invalid."""
    picture = pictures.measure(content)
    _write(revision, {"logo": content, "logo_type": picture.type}, now, by)


@retried
def remove_logo(revision: str, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Take the logo away. Raises StateChanged."""
    _write(revision, {"logo": None, "logo_type": None}, now, by)


def _write(revision: str, values: Mapping[str, Any], now: datetime, by: Actor) -> None:
    """Write columns of the one row, and what differs into the audit log."""
    with transaction([LOCK]) as session:
        row = _claimed(session, revision)
        before = {name: getattr(row, name) for name in values}
        session.execute(update(Organisation).values(**values, revision=new_revision()))
        old, new = audit.differences(_told(before), _told(values))
        if new:
            audit.record(
                session,
                by,
                "changed",
                "organisation",
                "",
                now,
                label=values.get("name", row.name),
                before=old,
                after=new,
            )


def renew(session: Session) -> None:
    """Name a new state of the company within the caller's transaction: what is kept under the old one is stale."""
    _row(session).revision = new_revision()


def _claimed(session: Session, revision: str) -> Organisation:
    """Give the row as the page saw it. Raises StateChanged."""
    row = _row(session)
    if row.revision != revision:
        raise StateChanged(revision=revision)
    return row


def _row(session: Session) -> Organisation:
    """Give the one row, made where there is none yet."""
    row = session.get(Organisation, 1)
    if row is None:
        given = settings()
        row = Organisation(id=1, name=NOBODY, locale=given.default_locale, timezone=given.default_timezone, revision="")
        session.add(row)
        session.flush()
    return row


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Say the columns as the audit log keeps them: a picture by its name, texts one by one."""
    told = {name: value for name, value in values.items() if name not in ("logo", "texts")}
    if "logo" in values:
        told["logo"] = sha256(values["logo"]).hexdigest()[:16] if values["logo"] else None
    for name, by_locale in (values.get("texts") or {}).items():
        told.update({f"{name}.{locale}": text for locale, text in by_locale.items()})
    return told
