"""Shapes of the configuration file: the organisation, regions and sites."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, post_load, validates_schema
from marshmallow.validate import OneOf

from portal.config import LOCALES
from portal.domain.errors import Invalid
from portal.domain.mail_texts import KINDS as WORDED
from portal.domain.mail_texts import MailText, checked
from portal.domain.notices import Notices
from portal.operations import legal, mail_texts, organisation
from portal.operations.place_cards import holiday_calendar
from portal.operations.schema_fields import (
    Read,
    Rows,
    Strict,
    Text,
    Whole,
    a_day,
    a_flag,
    a_key,
    a_policy,
    a_zone,
    an_address,
    at,
    mapping,
    nested,
    told,
)
from portal.operations.transfer_problems import SENTENCES, sentence


def _coordinate(limit: int) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValidationError("must be a number")
        if abs(value) > limit:
            raise ValidationError(f"must be between -{limit} and {limit}")
        return float(value)

    return read


def _holidays(value: Any) -> str:
    """Accept a calendar that the library of holidays knows: "FR", "FR-57"."""
    if isinstance(value, str) and re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,6})?", value, re.ASCII):
        try:
            holiday_calendar(value)
        except (NotImplementedError, ValueError):
            pass
        else:
            return value
    raise ValidationError("is not a calendar of public holidays; write a country such as FR, or a part of it: FR-57")


def _notices(value: Any) -> dict[str, Any]:
    """Read whom a site tells of what, and keep what differs from the defaults."""
    try:
        return Notices.of(value).kept
    except Invalid as refusal:
        raise ValidationError(told(refusal)) from refusal


def _accent(value: Any) -> str | None:
    if not isinstance(value, str):
        raise Invalid(field="", problem="not_a_text")
    return organisation.accent_of(value)


def _own_texts(value: Any) -> dict[str, dict[str, str]]:
    """Accept the company's own texts, by name, then by language."""
    if not isinstance(value, Mapping):
        raise Invalid(field="", problem="not_a_mapping")
    for name, by_locale in value.items():
        if name not in legal.TEXTS:
            raise ValidationError({name: [SENTENCES["unknown_key"]]})
        if not isinstance(by_locale, Mapping):
            raise ValidationError({name: [SENTENCES["not_a_mapping"]]})
        for locale, text in by_locale.items():
            if locale not in LOCALES:
                raise ValidationError({name: {locale: [f"must be one of {', '.join(LOCALES)}"]}})
            if not isinstance(text, str):
                raise ValidationError({name: {locale: [SENTENCES["not_a_text"]]}})
    return legal.cleaned(value)


def _own_words(value: Any) -> dict[str, dict[str, dict[str, str]]]:
    """Accept the company's own words of mails: by mail, then by language, a subject and opening words."""
    kept: dict[str, dict[str, dict[str, str]]] = {}
    for name, by_locale in sorted(mapping(value).items(), key=str):
        if name not in WORDED:
            raise ValidationError({name: [SENTENCES["unknown_key"]]})
        for locale, said in sorted(mapping(by_locale, name).items(), key=str):
            if locale not in LOCALES:
                raise ValidationError(at((name, locale), f"must be one of {', '.join(LOCALES)}"))
            if text := _words(said, name, locale):
                kept.setdefault(name, {})[locale] = mail_texts.written(text)
    return kept


def _words(said: Any, name: str, locale: str) -> MailText:
    """Accept the words of one mail in one language."""
    for field, text in mapping(said, name, locale).items():
        if field not in ("subject", "opening"):
            raise ValidationError(at((name, locale, field), SENTENCES["unknown_key"]))
        if not isinstance(text, str):
            raise ValidationError(at((name, locale, field), SENTENCES["not_a_text"]))
    try:
        return checked(name, MailText(**said))
    except Invalid as refusal:
        raise ValidationError(at((name, locale, refusal.values["field"]), sentence(refusal))) from refusal


class OrganisationSchema(Strict):
    """The company that runs the portal."""

    name = Text(120, shortest=1)
    locale = Text(5, validate=[OneOf(LOCALES, error=f"must be one of {', '.join(LOCALES)}")])
    timezone = Read(a_zone)
    sender_name = Text(120)
    accent = Read(_accent, allow_none=True)
    retention_months = Whole(1, organisation.MOST_MONTHS, allow_none=True)
    texts = Read(_own_texts)
    mails = Read(_own_words)


class ClosureSchema(Strict):
    """Local days on which a site is closed; without ``to``, one day."""

    first = Read(a_day, required=True, data_key="from")
    last = Read(a_day, data_key="to")
    label = Text(120, load_default="")

    @validates_schema(skip_on_field_errors=True)
    def _ordered(self, given: dict[str, Any], **_: Any) -> None:
        if given.get("last", given["first"]) < given["first"]:
            raise ValidationError("must not come before from", "to")

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"from": given["first"], "to": given.get("last", given["first"]), "label": given["label"]}


class RegionSchema(Strict):
    """A territory of sites, in another one or not."""

    key = Read(a_key, required=True)
    name = Text(120, shortest=1)
    parent = Text(60, allow_none=True)


class SiteSchema(Strict):
    """A place where appointments happen."""

    key = Read(a_key, required=True)
    name = Text(120, shortest=1)
    address = Text(300)
    timezone = Read(a_zone)
    region = Text(60, allow_none=True)
    latitude = Read(_coordinate(90), allow_none=True)
    longitude = Read(_coordinate(180), allow_none=True)
    email = Read(an_address, allow_none=True)
    phone = Text(40, allow_none=True)
    holidays = Read(_holidays, allow_none=True)
    closures = Rows(nested(ClosureSchema))
    policy = Read(a_policy)
    notices = Read(_notices)
    active = Read(a_flag)

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "closures" in given:
            given["closures"] = sorted(given["closures"], key=lambda one: (one["from"], one["to"], one["label"]))
        return given
