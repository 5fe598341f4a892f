"""Shapes of what comes from outside as a file: every key and type of the configuration file.

A value is read into the form in which it is compared, kept and written again, so that saying the same twice is no
change. Rules of the domain are asked, not repeated.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema
from marshmallow.validate import Length, OneOf, Range

from portal.config import LOCALES
from portal.domain.clocks import minutes
from portal.domain.errors import Invalid
from portal.domain.fields import check_questions, question, written
from portal.domain.mail_texts import KINDS as WORDED
from portal.domain.mail_texts import MailText, checked
from portal.domain.notices import Notices
from portal.domain.openings import MINUTES_A_DAY, MOST_SLOTS, Opening, check_openings
from portal.domain.policy import check_policy
from portal.domain.zones import parse_day, parse_instant, zone
from portal.operations import legal, mail_texts, organisation
from portal.operations.addresses import normal_address
from portal.operations.bookables import holiday_calendar
from portal.operations.transfer_problems import SENTENCES, sentence, steps

KINDS = ("customer", "supplier")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RESERVED_KEYS = ("planning",)
UNWRITABLE = ("Cc", "Cs", "Zl", "Zp")  # control characters, halves of characters, line and paragraph separators
EMPTY = "must not be empty"


class Strict(Schema):
    """A mapping in which every key is known."""

    error_messages = {"unknown": SENTENCES["unknown_key"], "type": SENTENCES["not_a_mapping"]}  # noqa: RUF012 - theirs


class Text(fields.String):
    """A line of text, trimmed, its white space made single."""

    default_error_messages = {"invalid": SENTENCES["not_a_text"], "null": EMPTY, "required": "is missing"}  # noqa: RUF012

    def __init__(self, longest: int, *, shortest: int = 0, **options: Any) -> None:
        error = f"must have {shortest} to {longest} characters"
        rules = [Length(min=shortest, max=longest, error=error), *options.pop("validate", ())]
        super().__init__(validate=rules, **options)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        line = " ".join(super()._deserialize(value, attr, data, **kwargs).split())
        if any(unicodedata.category(letter) in UNWRITABLE for letter in line):
            raise ValidationError("holds a character that cannot be written")
        return line


class Reference(Text):
    """An order's reference: any characters, its inner spaces as they are."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        super()._deserialize(value, attr, data, **kwargs)
        trimmed: str = value.strip()
        if any(unicodedata.category(letter) in UNWRITABLE for letter in trimmed):
            raise ValidationError("holds a character that cannot be written")
        return trimmed


class Read(fields.Field[Any]):
    """A value that ``reader`` turns into its kept form, or refuses by raising Invalid."""

    default_error_messages = {"null": EMPTY, "required": "is missing"}  # noqa: RUF012

    def __init__(self, reader: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(**options)
        self._reader = reader

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        try:
            return self._reader(value)
        except Invalid as refusal:
            raise ValidationError(sentence(refusal)) from refusal


class Whole(fields.Integer):
    """A whole number within bounds; neither text nor true or false is one."""

    default_error_messages = {"invalid": SENTENCES["not_a_number"], "null": EMPTY, "required": "is missing"}  # noqa: RUF012

    def __init__(self, lowest: int, highest: int, **options: Any) -> None:
        error = f"must be between {lowest} and {highest}"
        super().__init__(strict=True, validate=Range(lowest, highest, error=error), **options)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Rows(fields.List[Any]):
    """A list; the error of an element says its place."""

    default_error_messages = {"invalid": SENTENCES["not_a_list"], "null": "must be a list", "required": "is missing"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


def nested(schema: type[Schema], **options: Any) -> fields.Nested:
    """Hold another mapping."""
    messages: dict[str, Any] = {"null": SENTENCES["not_a_mapping"], "required": "is missing"}
    return fields.Nested(schema, error_messages=messages, **options)


def once(*names: str, twice: str = SENTENCES["twice"]) -> Callable[[Sequence[Any]], None]:
    """Refuse a list in which two elements have the same value of these keys (or are the same)."""

    def check(rows: Sequence[Any]) -> None:
        seen: list[Any] = []
        for index, row in enumerate(rows):
            mark = tuple(row.get(name) for name in names) if names else row
            if mark in seen:
                raise ValidationError({index: {names[0]: [twice]} if names else [twice]})
            seen.append(mark)

    return check


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid(field="", problem="not_a_boolean")
    return value


def _day(value: Any) -> str:
    if not isinstance(value, str) or (day := parse_day(value)) is None:
        raise ValidationError("must be a date such as 2026-12-24")
    return day.isoformat()


def _instant(value: Any) -> str:
    if not isinstance(value, str) or (instant := parse_instant(value)) is None:
        raise ValidationError('must be an instant with its offset, such as "2026-12-24T08:30:00+01:00"')
    return instant.isoformat()


def _clock_time(value: Any) -> str:
    match = re.fullmatch(r"(\d{2}):([0-5]\d)", value, re.ASCII) if isinstance(value, str) else None
    if match is None or minutes(match[0]) > MINUTES_A_DAY:
        raise ValidationError('must be a time from "00:00" to "24:00", in quotes')
    return match[0]


def _zone(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(field="", problem="not_a_text")
    return zone(value).key


def _address(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(field="", problem="not_a_text")
    return normal_address(value)


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


def _policy(value: Any) -> dict[str, Any]:
    """Check a policy key by key, so that every wrong one is told."""
    if not isinstance(value, Mapping):
        raise Invalid(field="", problem="not_a_mapping")
    found: dict[str, Any] = {}
    for key, setting in value.items():
        try:
            check_policy({key: setting})
        except Invalid as refusal:
            found.update(_told(refusal))  # each key is checked by itself: their tops differ
    if found:
        raise ValidationError(found)
    return dict(value)


def _notices(value: Any) -> dict[str, Any]:
    """Read whom a site tells of what, and keep what differs from the defaults."""
    try:
        return Notices.of(value).kept
    except Invalid as refusal:
        raise ValidationError(_told(refusal)) from refusal


def _at(path: tuple[str | int, ...], message: str) -> Any:
    below: Any = [message]
    for step in reversed(path):
        below = {step: below}
    return below


def _kinds(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Invalid(field="", problem="not_a_list")
    wrong = {index: [f"must be one of {', '.join(KINDS)}"] for index, kind in enumerate(value) if kind not in KINDS}
    if wrong:
        raise ValidationError(wrong)
    return [kind for kind in KINDS if kind in value]


def _questions(value: Any) -> list[dict[str, Any]]:
    """Check questions one by one, so that a wrong one hides none that follows; give them as they are kept."""
    if not isinstance(value, list):
        raise Invalid(field="", problem="not_a_list")
    asked, wrong = [], {}
    for index, one in enumerate(value):
        try:
            asked.append(question(one))
        except Invalid as refusal:
            wrong[index] = _told(refusal)
    if wrong:
        raise ValidationError(wrong)
    try:
        check_questions(asked)
    except Invalid as refusal:
        raise ValidationError(_told(refusal)) from refusal
    return [written(one) for one in asked]


def _told(refusal: Invalid) -> Any:
    """Say what the domain refused, at its place."""
    return _at(steps(str(refusal.values["field"])), sentence(refusal))


def _key(value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid(field="", problem="not_a_text")
    if not re.fullmatch(r"[a-z0-9-]{1,60}", value, re.ASCII):
        raise ValidationError("must be 1 to 60 small letters, digits or hyphens")
    if value in RESERVED_KEYS:
        raise ValidationError(f"{value} is a reserved word")
    return value


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
    for name, by_locale in sorted(_mapping(value).items(), key=str):
        if name not in WORDED:
            raise ValidationError({name: [SENTENCES["unknown_key"]]})
        for locale, said in sorted(_mapping(by_locale, name).items(), key=str):
            if locale not in LOCALES:
                raise ValidationError(_at((name, locale), f"must be one of {', '.join(LOCALES)}"))
            if text := _words(said, name, locale):
                kept.setdefault(name, {})[locale] = mail_texts.written(text)
    return kept


def _words(said: Any, name: str, locale: str) -> MailText:
    """Accept the words of one mail in one language."""
    for field, text in _mapping(said, name, locale).items():
        if field not in ("subject", "opening"):
            raise ValidationError(_at((name, locale, field), SENTENCES["unknown_key"]))
        if not isinstance(text, str):
            raise ValidationError(_at((name, locale, field), SENTENCES["not_a_text"]))
    try:
        return checked(name, MailText(**said))
    except Invalid as refusal:
        raise ValidationError(_at((name, locale, refusal.values["field"]), sentence(refusal))) from refusal


def _mapping(value: Any, *path: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ValidationError(_at(path, SENTENCES["not_a_mapping"]))
    return value


class OrganisationSchema(Strict):
    """The company that runs the portal."""

    name = Text(120, shortest=1)
    locale = Text(5, validate=[OneOf(LOCALES, error=f"must be one of {', '.join(LOCALES)}")])
    timezone = Read(_zone)
    sender_name = Text(120)
    accent = Read(_accent, allow_none=True)
    retention_months = Whole(1, organisation.MOST_MONTHS, allow_none=True)
    texts = Read(_own_texts)
    mails = Read(_own_words)


class ClosureSchema(Strict):
    """Local days on which a site is closed; without ``to``, one day."""

    first = Read(_day, required=True, data_key="from")
    last = Read(_day, data_key="to")
    label = Text(120, load_default="")

    @validates_schema(skip_on_field_errors=True)
    def _ordered(self, given: dict[str, Any], **_: Any) -> None:
        if given.get("last", given["first"]) < given["first"]:
            raise ValidationError("must not come before from", "to")

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"from": given["first"], "to": given.get("last", given["first"]), "label": given["label"]}


class SiteSchema(Strict):
    """A place where appointments happen."""

    key = Read(_key, required=True)
    name = Text(120, shortest=1)
    address = Text(300)
    timezone = Read(_zone)
    latitude = Read(_coordinate(90), allow_none=True)
    longitude = Read(_coordinate(180), allow_none=True)
    email = Read(_address, allow_none=True)
    phone = Text(40, allow_none=True)
    holidays = Read(_holidays, allow_none=True)
    closures = Rows(nested(ClosureSchema))
    policy = Read(_policy)
    notices = Read(_notices)
    active = Read(_flag)

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        if "closures" in given:
            given["closures"] = sorted(given["closures"], key=lambda one: (one["from"], one["to"], one["label"]))
        return given


class OpeningSchema(Strict):
    """Hours in which ``slots`` appointments may be present at once."""

    start = Read(_clock_time, required=True)
    end = Read(_clock_time, required=True)
    slots = Whole(1, MOST_SLOTS, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _ordered(self, given: dict[str, Any], **_: Any) -> None:
        if given["end"] <= given["start"]:
            raise ValidationError("must come after start (a night is two openings, until 24:00 and from 00:00)", "end")

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: given[name] for name in ("start", "end", "slots")}


def apart(rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse openings of one day that overlap, at the later of the two in the file."""
    openings = [Opening(minutes(row["start"]), minutes(row["end"]), row["slots"]) for row in rows]
    try:
        check_openings(openings)
    except Invalid as refusal:
        index = refusal.values["index"]
        first, second = refusal.values["first"], refusal.values["second"]
        other = first if str(openings[index]) == second else second
        raise ValidationError({index: [f"overlaps {other}"]}) from refusal


def openings_field(**options: Any) -> Rows:
    """List the openings of one day."""
    return Rows(nested(OpeningSchema), validate=apart, **options)


def _by_start(openings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(openings, key=lambda opening: str(opening["start"]))


class WeekSchema(Strict):
    """Openings by weekday; a missing day has none."""

    mon = openings_field()
    tue = openings_field()
    wed = openings_field()
    thu = openings_field()
    fri = openings_field()
    sat = openings_field()
    sun = openings_field()

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {day: _by_start(given[day]) for day in WEEKDAYS if given.get(day)}


class VersionSchema(Strict):
    """A week in force from a date on; null: from the beginning."""

    first = Read(_day, allow_none=True, load_default=None, data_key="from")
    week = nested(WeekSchema, required=True)

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"from": given["first"], "week": given["week"]}


class ExceptionSchema(Strict):
    """A date with openings of its own; none: closed."""

    date = Read(_day, required=True)
    label = Text(120, load_default="")
    openings = openings_field(load_default=list)

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"date": given["date"], "label": given["label"], "openings": _by_start(given["openings"])}


class PlanningSchema(Strict):
    """A week of hours with capacities, at one or several sites."""

    key = Read(_key, required=True)
    name = Text(120, shortest=1)
    timezone = Read(_zone)
    sites = Rows(Text(60), validate=once())
    kinds = Read(_kinds)
    guests = Read(_flag)
    slot_minutes = Whole(1, MINUTES_A_DAY)
    step_minutes = Whole(1, MINUTES_A_DAY)
    policy = Read(_policy)
    questions = Read(_questions, data_key="fields")
    versions = Rows(nested(VersionSchema), validate=once("from"))
    exceptions = Rows(nested(ExceptionSchema), validate=once("date"))
    active = Read(_flag)

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        order: dict[str, Callable[[Any], Any]] = {
            "versions": lambda version: version["from"] or "",
            "exceptions": lambda day: day["date"],
        }
        if "questions" in given:
            given["fields"] = given.pop("questions")
        return {**given, **{name: sorted(given[name], key=key) for name, key in order.items() if name in given}}


class CustomerSchema(Strict):
    """Somebody of the customer base."""

    email = Read(_address, required=True)
    name = Text(120)
    phone = Text(40)
    kind = Text(10, validate=[OneOf(KINDS, error=f"must be one of {', '.join(KINDS)}")])
    locale = Text(5, allow_none=True, validate=[OneOf(LOCALES, error=f"must be one of {', '.join(LOCALES)}")])


class NamelessSchema(Strict):
    """The customer of one order who has no address, and so cannot be invited."""

    name = Text(120, load_default="")
    phone = Text(40, load_default="")

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"name": given["name"], "phone": given["phone"]}


def _customer(value: Any) -> Any:
    if isinstance(value, Mapping):
        return NamelessSchema().load(value)
    return _address(value)


class OrderSchema(Strict):
    """An order that appointments are booked for."""

    reference = Reference(120, shortest=1, required=True)
    kind = Text(10, validate=[OneOf(KINDS, error=f"must be one of {', '.join(KINDS)}")])
    site = Text(60)
    customer = Read(_customer, allow_none=True)
    status = Text(40)
    units = Text(120)
    ship_date = Read(_instant, allow_none=True)
    delivery_date = Read(_instant, allow_none=True)


def later(value: Any) -> None:
    """Refuse what a later version will know, unless it is empty."""
    if value not in (None, [], {}):
        raise Invalid(field="", problem="later")


class ConfigurationSchema(Strict):
    """A whole configuration file."""

    organisation = nested(OrganisationSchema, allow_none=True)
    sites = Rows(nested(SiteSchema), validate=once("key"), allow_none=True)
    plannings = Rows(nested(PlanningSchema), validate=once("key"), allow_none=True)
    resources = Read(later, allow_none=True)
    services = Read(later, allow_none=True)
    customers = Rows(nested(CustomerSchema), validate=once("email"), allow_none=True)
    orders = Rows(nested(OrderSchema), validate=once("reference"), allow_none=True)
    processes = Read(later, allow_none=True)
    queues = Read(later, allow_none=True)
    skill_mappings = Read(later, allow_none=True)
