"""The answers to what a planning asks, in words: also to questions that nobody asks any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babel.numbers import format_decimal

from portal import i18n
from portal.domain.fields import Kind, Question, said
from portal.domain.patterns import fits
from portal.domain.zones import parse_day

SHORT = 24  # characters that find room in a line of a list


@dataclass(frozen=True, slots=True)
class Answer:
    """A question and its answer in the words of one language; ``free``: the answer might be any text at all.

    ``brief`` is what a line of a list says of it: "AB-123-CD", "Palettes 12", "Hayon" for yes; nothing of the rest.
    """

    key: str
    label: str
    text: str
    free: bool
    brief: str


def worded(known: Sequence[Question], answers: Mapping[str, Any], locale: str) -> tuple[Answer, ...]:
    """Word answers in the order of their questions; of one that is not known at all the key is shown."""
    questions = {one.key: one for one in known}
    order = [key for key in questions if key in answers] + [key for key in answers if key not in questions]
    return tuple(_worded(questions.get(key) or Question(key, {"": key}), answers[key], locale) for key in order)


def _worded(one: Question, value: Any, locale: str) -> Answer:
    """Word an answer by what it is: the question may have asked for something else when it was given."""
    label, text = said(one.label, locale), _text(one, value, locale)
    return Answer(one.key, label, text, _free(one, value), _brief(label, text, value))


def _brief(label: str, text: str, value: Any) -> str:
    if isinstance(value, bool):
        return label if value else ""
    told = f"{label} {text}" if isinstance(value, int) else text
    return told if len(told) <= SHORT and "\n" not in told else ""


def _free(one: Question, value: Any) -> bool:
    if not isinstance(value, str) or one.option(value) is not None:
        return False
    dated = one.kind is Kind.DATE and parse_day(value) is not None
    return not dated and not (one.pattern is not None and fits(one.pattern, value))


def _text(one: Question, value: Any, locale: str) -> str:
    if isinstance(value, bool):
        _ = i18n.catalogue(locale).gettext
        return _("Yes") if value else _("No")
    if isinstance(value, int):
        return format_decimal(value, locale=locale)
    if (option := one.option(value)) is not None:
        return said(option.label, locale)
    if one.kind is Kind.DATE and (day := parse_day(value)) is not None:
        return i18n.day(day, locale)
    return str(value)
