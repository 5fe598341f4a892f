"""What is wrong with a configuration file: where, in which line, and said in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from portal.domain.errors import Invalid

Path = tuple[str | int, ...]
"""Keys and positions that lead from the top of the file to a value."""

Problem = tuple[Path, str]
"""Where, and what."""

EMPTY_TEXT = "must say something in one language at least"
NOT_YET = "not known by this version yet"
SENTENCES = {
    "unknown_key": "unknown key",
    "later": NOT_YET,
    "not_a_mapping": "must be a mapping",
    "not_a_boolean": "must be true or false",
    "not_a_number": "must be a whole number",
    "not_a_text": "must be a text (in quotes, if it looks like a number)",
    "not_a_list": "must be a list",
    "bad_duration": 'must be a number of minutes, or like "12h" or "2d"',
    "too_long": "is too long",
    "too_short": "must be longer than nothing",
    "twice": "appears twice",
    "required": "is missing",
    "unreadable": "holds a character that cannot be written",
    "not_a_field_key": "must be 1 to 40 small letters, digits or underscores",
    "bad_pattern": "is not a pattern of RE2",
    "fits_no_address": "fits no address: write *@acme.fr, or an expression between slashes",
    "not_of_this_type": "does not go with this type",
    "below_lowest": "must not be less than lowest",
    "too_many": "is more than can be kept",
    "bad_minutes": "must be between 1 and 1440 minutes",
    "lone_brace": "has a brace that stands alone",
    "not_one_line": "must be one line of signs that can be read",
    "not_a_time": 'must be a time from "00:00" to "23:59", in quotes',
    "not_a_clock_time": 'must be a time from "00:00" to "23:59", in quotes',
    "email": "must be an e-mail address",
    "not_a_colour": 'must be a colour such as "#a1241c"',
    "unreadable_colour": "is too light to be read on a white page",
    "unknown_zone": "must be an IANA time zone such as Europe/Paris",
}


class BadConfiguration(Invalid):
    """A configuration file that cannot be loaded; ``errors`` has one line for each problem, with path and line."""

    @property
    def errors(self) -> tuple[str, ...]:
        """Every problem found, in the order of the file."""
        found: tuple[str, ...] = self.values["errors"]
        return found


def bad_configuration(errors: Sequence[str]) -> BadConfiguration:
    """Refuse a file for these reasons."""
    return BadConfiguration(field="configuration", problem="configuration", errors=tuple(errors))


def written(path: Path) -> str:
    """Write a path.

    >>> written(("plannings", 0, "versions", 0, "week", "mon", 1))
    'plannings[0].versions[0].week.mon[1]'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def steps(path: str) -> Path:
    """Read a path that the domain wrote below a value.

    >>> steps("earlier_slots.hours"), steps("reminders[0]")
    (('earlier_slots', 'hours'), ('reminders', 0))
    """
    return tuple(int(step) if step.isdigit() else step for step in re.split(r"[.\[\]]+", path) if step)


def flattened(messages: Any, path: Path = ()) -> Iterator[Problem]:
    """List the problems in marshmallow's nested messages."""
    if isinstance(messages, Mapping):
        for step, below in messages.items():
            yield from flattened(below, path if step == "_schema" else (*path, step))
    elif isinstance(messages, list | tuple):
        for one in messages:
            yield from flattened(one, path)
    else:
        yield path, str(messages)


def sentence(refusal: Invalid) -> str:
    """Say a problem that the domain found."""
    values = refusal.values
    problem = values["problem"]
    if problem == "not_supported_yet":
        return f"{values['value']!r} is {NOT_YET}"
    if problem == "unknown_placeholder":
        return f"{values['value']} is no placeholder of this mail"
    if problem == "out_of_range":
        return f"must be between {values['lowest']} and {values['highest']}"
    if problem == "not_a_choice":
        return f"must be one of {', '.join(values['choices'])}"
    return SENTENCES.get(problem, f"is not accepted ({problem})")
