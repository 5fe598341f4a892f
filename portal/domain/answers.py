"""Answers to custom fields: read as they are typed or sent, checked against the questions, kept by key.

Kept are plain values of JSON: a text, a whole number, true or false, the key of an option, a date YYYY-MM-DD. What was
not answered is not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from portal.domain.errors import Invalid
from portal.domain.fields import LARGEST, Kind, Question, line
from portal.domain.patterns import fits
from portal.domain.shapes import count, flag, one_of
from portal.domain.shapes import text as a_text
from portal.domain.zones import parse_day

TEXT, LONG_TEXT = 200, 2000  # characters
NUMBER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
YES_NO = {"yes": True, "no": False}
BREAKS = "\t\n"

Answers = Mapping[str, Any]
"""Answers by the key of their question."""


class BadAnswers(Invalid):
    """Answers that are missing or cannot be accepted: ``wrong`` lists the key and the problem of each."""

    def __init__(self, wrong: Sequence[tuple[str, str]]) -> None:
        key, problem = wrong[0]
        super().__init__(field=f"fields.{key}", problem=problem)
        self.wrong = tuple(wrong)


def check_answers(asked: Sequence[Question], given: Answers, *, needed: bool = True) -> dict[str, Any]:
    """Accept the answers to some questions, in their order; ``needed``: none that is required may be missing.

    >>> plate = Question("plate", {"en": "Plate"}, required=True)
    >>> check_answers([plate], {"plate": " AB-123-CD "})
    {'plate': 'AB-123-CD'}

    Raises BadAnswers.
    """
    known = {one.key for one in asked}
    wrong = [(str(key), "unknown_key") for key in given if key not in known]
    found: dict[str, Any] = {}
    for one in asked:
        try:
            value = answer(one, given.get(one.key))
        except Invalid as refusal:
            wrong.append((one.key, str(refusal.values["problem"])))
            continue
        if value is not None:
            found[one.key] = value
        elif one.required and needed:
            wrong.append((one.key, "required"))
    if wrong:
        raise BadAnswers(wrong)
    return found


def corrected(asked: Sequence[Question], before: Answers, given: Answers, *, needed: bool = True) -> dict[str, Any]:
    """Change some answers and keep the others, also those that nobody asks for any more; None takes one away.

    What is given as it was before is no change, and may stay even where it would be refused now. Raises BadAnswers as
    ``check_answers``.
    """
    given = {key: value for key, value in given.items() if key not in before or value != before[key]}
    taken_away = {key for key, value in given.items() if value is None and key in before}
    changed = check_answers(asked, {key: given[key] for key in given if key not in taken_away}, needed=False)
    empty = {key for key in given if key not in changed}
    after = {**{key: value for key, value in before.items() if key not in empty}, **changed}
    if needed and (missing := [one.key for one in asked if one.required and one.key not in after]):
        raise BadAnswers([(key, "required") for key in missing])
    return after


def answer(one: Question, value: object) -> Any:
    """Accept one answer, None when it is none. Raises Invalid.

    >>> answer(Question("pallets", {}, Kind.NUMBER, lowest=1), 12)
    12
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return _READERS[one.kind](one, value)


def typed(one: Question, text: str | None) -> Any:
    """Understand what was typed into a form, as far as it can be: the rest is for ``answer`` to refuse.

    >>> typed(Question("pallets", {}, Kind.NUMBER), "1 200"), typed(Question("lift", {}, Kind.YES_NO), "yes")
    (1200, True)
    """
    found = (text or "").strip()
    if one.kind is Kind.NUMBER and NUMBER.fullmatch(number := "".join(found.split())):
        return int(number)
    return YES_NO.get(found, found) if one.kind is Kind.YES_NO else found


def as_typed(value: object) -> str:
    """Write an answer as a form holds it.

    >>> as_typed(12), as_typed(True), as_typed("AB-123-CD")
    ('12', 'yes', 'AB-123-CD')
    """
    if isinstance(value, bool):
        return next(word for word, meaning in YES_NO.items() if meaning is value)
    return str(value)


def _text(one: Question, value: object) -> str:
    return _fitting(one, line(one.key, value, TEXT))


def _long_text(one: Question, value: object) -> str:
    lines = a_text(one.key, value).replace("\r\n", "\n").replace("\r", "\n").strip()
    for part in re.split(f"[{BREAKS}]", lines):
        line(one.key, part, LONG_TEXT)
    if len(lines) > LONG_TEXT:
        raise Invalid(field=one.key, problem="too_long")
    return _fitting(one, lines)


def _fitting(one: Question, text: str) -> str:
    if one.pattern is not None and not fits(one.pattern, text):
        raise Invalid(field=one.key, problem="pattern")
    return text


def _number(one: Question, value: object) -> int:
    lowest = one.lowest if one.lowest is not None else -LARGEST
    highest = one.highest if one.highest is not None else LARGEST
    return int(count(lowest, highest)(one.key, value))


def _choice(one: Question, value: object) -> str:
    return str(one_of(*(option.key for option in one.options if not option.former))(one.key, value))


def _yes_no(one: Question, value: object) -> bool:
    return flag(one.key, value)


def _date(one: Question, value: object) -> str:
    day = parse_day(a_text(one.key, value).strip())
    if day is None:
        raise Invalid(field=one.key, problem="not_a_day")
    return day.isoformat()


_READERS = {
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _long_text,
    Kind.NUMBER: _number,
    Kind.CHOICE: _choice,
    Kind.YES_NO: _yes_no,
    Kind.DATE: _date,
}
