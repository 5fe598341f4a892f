r"""Who may book by the look of an address: patterns as staff write them.

A pattern is a glob (``*@acme.fr``: ``*`` is anything, ``?`` one character) or a regular expression between slashes
(``/.+@(acme|apex)\.fr/``). It is held against the whole address, ignoring case, by RE2.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import re2

from portal.domain.errors import Invalid
from portal.domain.fields import line
from portal.domain.patterns import fits, readable
from portal.domain.shapes import list_of

MOST_PATTERNS, LONGEST = 50, 200


def parse_pattern(text: str) -> str:
    r"""Turn a pattern into an expression of RE2 for a whole address. Raises Invalid: it cannot be read, or never fits.

    >>> print(parse_pattern("*@acme.fr"), parse_pattern(r"/.+@(acme|apex)\.fr/"))
    (?i).*\@acme\.fr (?i).+@(acme|apex)\.fr
    """
    expression = f"(?i){text[1:-1] if _between_slashes(text) else _of_glob(text)}"
    if not readable(expression):
        raise Invalid(field="email_patterns", problem="bad_pattern", value=text)
    return expression


def matches(patterns: Sequence[str], address: str) -> bool:
    """Tell whether any of some patterns fits an address; where there are none, everybody's does.

    >>> matches(["*@acme.fr", "*@apex.fr"], "Achats@ACME.fr"), matches(["*@acme.fr"], "a@acme.fr.evil.example")
    (True, False)
    """
    return not patterns or matching(patterns, address) is not None


def matching(patterns: Sequence[str], address: str) -> str | None:
    """Find the first pattern that fits an address; None where none does, or none is needed.

    >>> matching(["*@apex.fr", "*@acme.fr"], "achats@acme.fr")
    '*@acme.fr'
    """
    return next((one for one in patterns if fits(_expression(one), address)), None)


def read_patterns(name: str, value: object) -> tuple[str, ...]:
    """Accept a list of patterns, as it is written in a policy. Raises Invalid, whose ``field`` names the one."""
    patterns: tuple[str, ...] = list_of(_pattern)(name, value)
    if len(patterns) > MOST_PATTERNS:
        raise Invalid(field=f"{name}[{MOST_PATTERNS}]", problem="too_many", highest=MOST_PATTERNS)
    return patterns


def _pattern(name: str, value: object) -> str:
    pattern = line(name, value, LONGEST)
    try:
        parse_pattern(pattern)
    except Invalid as refusal:
        raise Invalid(**{**refusal.values, "field": name}) from refusal
    return pattern


@lru_cache(1024)
def _expression(pattern: str) -> str:
    return parse_pattern(pattern)


def _between_slashes(text: str) -> bool:
    """Tell an expression from a glob. Raises Invalid where the second slash was forgotten, or nothing is between."""
    if text.startswith("/") and not (len(text) > 2 and text.endswith("/")):
        raise Invalid(field="email_patterns", problem="bad_pattern", value=text)
    return text.startswith("/")


def _of_glob(text: str) -> str:
    """Write a glob as an expression. Raises Invalid for one that no address can fit, such as ``acme.fr``."""
    if not ("@" in text or "*" in text) or " " in text:
        raise Invalid(field="email_patterns", problem="fits_no_address", value=text)
    return "".join({"*": ".*", "?": "."}.get(letter) or re2.escape(letter) for letter in text)
