"""Kinds of values of the configuration file, each read into the form in which it is compared, kept and written again.

So saying the same twice is no change. Rules of the domain are asked, not repeated.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, Range

from portal.domain.clocks import minutes
from portal.domain.errors import Invalid
from portal.domain.fields import check_questions, question, written
from portal.domain.openings import MINUTES_A_DAY
from portal.domain.policy import check_policy
from portal.domain.zones import parse_day, parse_instant, zone
from portal.operations.addresses import normal_address
from portal.operations.transfer_problems import SENTENCES, sentence, steps

KINDS = ("customer", "supplier")
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


def a_flag(value: Any) -> bool:
    """Accept true and false."""
    if not isinstance(value, bool):
        raise Invalid(field="", problem="not_a_boolean")
    return value


def a_day(value: Any) -> str:
    """Accept a date."""
    if not isinstance(value, str) or (day := parse_day(value)) is None:
        raise ValidationError("must be a date such as 2026-12-24")
    return day.isoformat()


def an_instant(value: Any) -> str:
    """Accept an instant with its offset."""
    if not isinstance(value, str) or (instant := parse_instant(value)) is None:
        raise ValidationError('must be an instant with its offset, such as "2026-12-24T08:30:00+01:00"')
    return instant.isoformat()


def a_clock_time(value: Any) -> str:
    """Accept a time of day, midnight at its end included."""
    match = re.fullmatch(r"(\d{2}):([0-5]\d)", value, re.ASCII) if isinstance(value, str) else None
    if match is None or minutes(match[0]) > MINUTES_A_DAY:
        raise ValidationError('must be a time from "00:00" to "24:00", in quotes')
    return match[0]


def a_zone(value: Any) -> str:
    """Accept a time zone."""
    if not isinstance(value, str):
        raise Invalid(field="", problem="not_a_text")
    return zone(value).key


def an_address(value: Any) -> str:
    """Accept an e-mail address."""
    if not isinstance(value, str):
        raise Invalid(field="", problem="not_a_text")
    return normal_address(value)


def a_policy(value: Any) -> dict[str, Any]:
    """Check a policy key by key, so that every wrong one is told."""
    if not isinstance(value, Mapping):
        raise Invalid(field="", problem="not_a_mapping")
    found: dict[str, Any] = {}
    for key, setting in value.items():
        try:
            check_policy({key: setting})
        except Invalid as refusal:
            found.update(told(refusal))  # each key is checked by itself: their tops differ
    if found:
        raise ValidationError(found)
    return dict(value)


def at(path: tuple[str | int, ...], message: str) -> Any:
    """Put a message at a path, as marshmallow does."""
    below: Any = [message]
    for step in reversed(path):
        below = {step: below}
    return below


def kinds_of_orders(value: Any) -> list[str]:
    """Accept kinds of orders."""
    if not isinstance(value, list):
        raise Invalid(field="", problem="not_a_list")
    wrong = {index: [f"must be one of {', '.join(KINDS)}"] for index, kind in enumerate(value) if kind not in KINDS}
    if wrong:
        raise ValidationError(wrong)
    return [kind for kind in KINDS if kind in value]


def questions(value: Any) -> list[dict[str, Any]]:
    """Check questions one by one, so that a wrong one hides none that follows; give them as they are kept."""
    if not isinstance(value, list):
        raise Invalid(field="", problem="not_a_list")
    asked, wrong = [], {}
    for index, one in enumerate(value):
        try:
            asked.append(question(one))
        except Invalid as refusal:
            wrong[index] = told(refusal)
    if wrong:
        raise ValidationError(wrong)
    try:
        check_questions(asked)
    except Invalid as refusal:
        raise ValidationError(told(refusal)) from refusal
    return [written(one) for one in asked]


def told(refusal: Invalid) -> Any:
    """Say what the domain refused, at its place."""
    return at(steps(str(refusal.values["field"])), sentence(refusal))


def a_key(value: Any) -> str:
    """Accept the key that an object is called by."""
    if not isinstance(value, str):
        raise Invalid(field="", problem="not_a_text")
    if not re.fullmatch(r"[a-z0-9-]{1,60}", value, re.ASCII):
        raise ValidationError("must be 1 to 60 small letters, digits or hyphens")
    if value in RESERVED_KEYS:
        raise ValidationError(f"{value} is a reserved word")
    return value


def mapping(value: Any, *path: str) -> Mapping[Any, Any]:
    """Accept a mapping; ``path`` says where it stands."""
    if not isinstance(value, Mapping):
        raise ValidationError(at(path, SENTENCES["not_a_mapping"]))
    return value
