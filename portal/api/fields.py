"""The kinds of values that requests carry. What is wrong with one is a code; ``portal.api.words`` says it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate

from portal.domain.errors import Invalid
from portal.domain.zones import parse_day, parse_instant
from portal.operations.addresses import LONGEST, normal_address

KEY = re.compile(r"[a-z0-9-]{1,60}", re.ASCII)
MOST_KEYS = 20
"""Those whom one request can pick by name."""

UNREADABLE = ("Cc", "Cs", "Zl", "Zp")  # control characters, halves of characters, line and paragraph separators
CODES = {"required": "required", "null": "expected", "invalid": "expected", "validator_failed": "expected"}


class Coded:
    """Reads a value by ``read``, which raises ValidationError with a code."""

    default_error_messages: ClassVar[dict[str, Any]] = CODES

    def read(self, value: Any) -> Any:
        """Accept a value of JSON or of an address, and give what it means."""
        raise NotImplementedError

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        """Follow marshmallow's way of calling."""
        del attr, data, options
        return self.read(value)


class Line(Coded, fields.String):
    """One line of readable text, trimmed; ``least`` and ``most`` are in characters."""

    breaks = ""  # control characters that are welcome

    def __init__(self, *, most: int, least: int = 0, **options: Any) -> None:
        lengths = [validate.Length(max=most, error="too_long")]
        if least:
            lengths.insert(0, validate.Length(min=least, error="required"))
        super().__init__(validate=lengths, **options)

    def read(self, value: Any) -> str:
        """Read it."""
        text = _text(value).strip()
        if any(letter not in self.breaks and unicodedata.category(letter) in UNREADABLE for letter in text):
            raise ValidationError("unreadable")
        return text


class Lines(Line):
    """Readable text of several lines."""

    breaks = "\t\r\n"


class Choice(Coded, fields.String):
    """One of a few words."""

    def __init__(self, *choices: str, **options: Any) -> None:
        super().__init__(validate=validate.OneOf(choices, error="not_a_choice"), **options)

    def read(self, value: Any) -> str:
        """Read it."""
        return _text(value)


class Key(Coded, fields.String):
    """The key of a site, a planning, a service, a person or another resource."""

    def __init__(self, *, metadata: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(metadata={"pattern": f"^{KEY.pattern}$", **(metadata or {})}, **options)

    def read(self, value: Any) -> str:
        """Read it."""
        if not KEY.fullmatch(_text(value)):
            raise ValidationError("not_a_key")
        return str(value)


class Keys(Coded, fields.String):
    """Keys in an address, separated by commas."""

    def read(self, value: Any) -> Any:
        """Read them."""
        return _keys(_text(value).split(","))


class KeyList(Coded, fields.List[str]):
    """A list of keys in JSON."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Key(), validate=validate.Length(max=MOST_KEYS, error="too_many"), **options)

    def read(self, value: Any) -> Any:
        """Read them."""
        if not isinstance(value, list):
            raise ValidationError("expected")
        return _keys(value)


class Address(Coded, fields.Field[str]):
    """An e-mail address, as it is compared and kept."""

    def read(self, value: Any) -> str:
        """Read it."""
        text = _text(value)
        try:
            return normal_address(text if len(text) <= LONGEST else "")
        except Invalid as refusal:
            raise ValidationError(str(refusal.values["problem"])) from refusal


class Instant(Coded, fields.Field[datetime]):
    """An RFC 3339 instant, which must carry its offset."""

    def read(self, value: Any) -> datetime:
        """Read it."""
        if (instant := parse_instant(_text(value))) is None:
            raise ValidationError("not_an_instant")
        return instant


class Day(Coded, fields.Field[date]):
    """A local date, YYYY-MM-DD."""

    def read(self, value: Any) -> date:
        """Read it."""
        if (day := parse_day(_text(value))) is None:
            raise ValidationError("not_a_day")
        return day


class Whole(Coded, fields.Integer):
    """A whole number that comes in an address, as digits."""

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        super().__init__(validate=validate.Range(least, most, error="out_of_range"), **options)

    def read(self, value: Any) -> int:
        """Read it."""
        if not re.fullmatch(r"[0-9]{1,9}", _text(value), re.ASCII):
            raise ValidationError("expected")
        return int(value)


class Count(Coded, fields.Integer):
    """A whole number in JSON, which is not a text and not true."""

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        super().__init__(validate=validate.Range(least, most, error="out_of_range"), **options)

    def read(self, value: Any) -> int:
        """Read it."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("expected")
        return value


class Switch(Coded, fields.Boolean):
    """Yes or no in JSON: true or false."""

    def read(self, value: Any) -> bool:
        """Read it."""
        if not isinstance(value, bool):
            raise ValidationError("expected")
        return value


KINDS: dict[type[fields.Field[Any]], tuple[str, str | None]] = {
    Address: ("string", "email"),
    Instant: ("string", "date-time"),
    Day: ("string", "date"),
}
"""The type and format of our own fields in the specification."""


def _keys(values: Sequence[Any]) -> tuple[str, ...]:
    if len(values) > MOST_KEYS:
        raise ValidationError("too_many")
    if not all(isinstance(one, str) and KEY.fullmatch(one) for one in values):
        raise ValidationError("not_a_key")
    return tuple(values)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError("expected")
    return value
