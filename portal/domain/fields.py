"""Custom fields: the questions that are asked of who books, and the answers that are accepted.

A question is kept, and stands in the configuration file, as
``{"key": "plate", "label": {"fr": "Plaque", "en": "Plate"}, "type": "text", "required": true}``; its words are by
language. What is no longer asked stays known as ``former``, so that the answers once given can still be read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from portal.domain.errors import Invalid
from portal.domain.patterns import readable
from portal.domain.shapes import Reader, count, flag, list_of, one_of, or_none
from portal.domain.shapes import text as a_text

MOST_QUESTIONS, MOST_OPTIONS = 20, 50
LABEL, HELP, PATTERN = 120, 300, 200  # characters
LARGEST = 1_000_000_000
KEY = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)
UNWRITABLE = ("Cc", "Cs", "Zl", "Zp")  # control characters, halves of characters, line and paragraph separators

Words = Mapping[str, str]
"""A text by language: ``{"fr": "Plaque", "en": "Plate"}``."""


class Kind(StrEnum):
    """What an answer is: the names of the configuration file."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    CHOICE = "choice"
    YES_NO = "yes_no"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Option:
    """An answer to choose; ``former``: not offered any more."""

    key: str
    label: Words
    former: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Texts may have a ``pattern`` of RE2, numbers bounds (both included), choices their ``options``."""

    key: str
    label: Words
    kind: Kind = Kind.TEXT
    required: bool = False
    help: Words = field(default_factory=dict)
    pattern: str | None = None
    lowest: int | None = None
    highest: int | None = None
    options: tuple[Option, ...] = ()
    former: bool = False

    def option(self, key: object) -> Option | None:
        """Find an option, offered or former."""
        return next((one for one in self.options if one.key == key), None)


def said(words: Words, locale: str) -> str:
    """Choose the words of a language, else those that there are.

    >>> said({"fr": "Plaque", "en": "Plate"}, "en"), said({"fr": "Plaque"}, "en"), said({}, "en")
    ('Plate', 'Plaque', '')
    """
    return words.get(locale) or next(iter(words.values()), "")


def question(given: object) -> Question:
    """Read a question as a file or a form says it. Raises Invalid: its ``field`` is the path within the question.

    >>> question({"key": "pallets", "label": {"en": "Pallets"}, "type": "number", "lowest": 1}).lowest
    1
    """
    values = _mapping("", given, _PARTS)
    read = {name: reader(name, values[name]) for name, reader in _PARTS.items() if name in values}
    for name in ("key", "label"):
        if not read.get(name):
            raise Invalid(field=name, problem="required")
    made = Question(**{_ATTRIBUTES.get(name, name): value for name, value in read.items()})
    _check(made)
    return made


def check_questions(asked: Sequence[Question]) -> None:
    """Accept a list of questions: not too many, each key once. Raises Invalid as ``question``, from the list on."""
    if len(asked) > MOST_QUESTIONS:
        raise Invalid(field=f"[{MOST_QUESTIONS}]", problem="too_many", highest=MOST_QUESTIONS)
    keys = [one.key for one in asked]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise Invalid(field=f"[{index}].key", problem="twice", value=key)


def unsaid(asked: Sequence[Question], language: str) -> Iterator[str]:
    """Yield the path of each label that says nothing in a language.

    >>> list(unsaid([Question("plate", {"en": "Plate"})], "fr"))
    ['[0].label']
    """
    for index, one in enumerate(asked):
        if language not in one.label:
            yield f"[{index}].label"
        yield from (
            f"[{index}].choices[{number}].label"
            for number, option in enumerate(one.options)
            if language not in option.label and not option.former
        )


def asked_of(known: Sequence[Question]) -> tuple[Question, ...]:
    """Keep what is asked now: no former question, no former option."""
    now = (one for one in known if not one.former)
    return tuple(replace(one, options=tuple(option for option in one.options if not option.former)) for one in now)


def succeeded(known: Sequence[Question], asked: Sequence[Question]) -> tuple[Question, ...]:
    """Ask other questions from now on, and keep the words of what is asked no more.

    >>> [(one.key, one.former) for one in succeeded([Question("plate", {})], [Question("pallets", {})])]
    [('pallets', False), ('plate', True)]
    """
    before, now = {one.key: one for one in known}, {one.key for one in asked}
    gone = (replace(one, former=True) for one in known if one.key not in now)
    return (*(_with_former_options(one, before.get(one.key)) for one in asked), *gone)


def _with_former_options(one: Question, before: Question | None) -> Question:
    gone = [option for option in before.options if one.option(option.key) is None] if before is not None else []
    return replace(one, options=(*one.options, *(replace(option, former=True) for option in gone)))


def kept(values: Mapping[str, Any]) -> Question:
    """Read a question as ``written`` keeps it."""
    options = tuple(Option(one["key"], one["label"], one.get("former", False)) for one in values.get("choices", ()))
    given = {_ATTRIBUTES.get(name, name): value for name, value in values.items()}
    return Question(**{**given, "kind": Kind(values["type"]), "options": options})


def written(one: Question) -> dict[str, Any]:
    """Write a question down, leaving out what says nothing.

    >>> written(Question("plate", {"fr": "Plaque"}))
    {'key': 'plate', 'label': {'fr': 'Plaque'}, 'type': 'text', 'required': False}
    """
    parts = {
        "key": one.key,
        "label": dict(one.label),
        "type": one.kind.value,
        "required": one.required,
        "help": dict(one.help) or None,
        "pattern": one.pattern,
        "lowest": one.lowest,
        "highest": one.highest,
        "choices": [_option_written(option) for option in one.options] or None,
        "former": one.former or None,
    }
    return {name: value for name, value in parts.items() if value is not None}


def _option_written(option: Option) -> dict[str, Any]:
    return {"key": option.key, "label": dict(option.label), **({"former": True} if option.former else {})}


def line(name: str, value: object, longest: int) -> str:
    """Accept one line of readable text, its white space made single. Raises Invalid."""
    found = " ".join(a_text(name, value).split())
    if any(unicodedata.category(letter) in UNWRITABLE for letter in found):
        raise Invalid(field=name, problem="unreadable")
    if len(found) > longest:
        raise Invalid(field=name, problem="too_long", value=found)
    return found


def prose(name: str, value: object, longest: int) -> str:
    """Accept readable text of several lines, each without white space at its end. Raises Invalid."""
    lines = (one.rstrip() for one in a_text(name, value).replace("\r\n", "\n").split("\n"))
    found = "\n".join(lines).strip()
    if any(unicodedata.category(letter) in UNWRITABLE for letter in found.replace("\n", "")):
        raise Invalid(field=name, problem="unreadable")
    if len(found) > longest:
        raise Invalid(field=name, problem="too_long", value=found)
    return found


def by_language(longest: int, text: Callable[[str, object, int], str] = line) -> Reader:
    """Accept texts by language, as ``{"fr": "Plaque", "en": "Plate"}``; what says nothing is left out."""

    def read(name: str, value: object) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise Invalid(field=name, problem="not_a_mapping", value=value)
        for language in value:
            if not isinstance(language, str) or not LANGUAGE.fullmatch(language):
                raise Invalid(field=f"{name}.{language}", problem="unknown_key")
        found = {language: text(f"{name}.{language}", words, longest) for language, words in value.items()}
        return {language: found[language] for language in sorted(found) if found[language]}

    return read


def _mapping(name: str, value: object, known: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Invalid(field=name, problem="not_a_mapping", value=value)
    for key in value:
        if key not in known:
            raise Invalid(field=f"{name}.{key}".removeprefix("."), problem="unknown_key")
    return value


def _key(name: str, value: object) -> str:
    if not KEY.fullmatch(a_text(name, value)):
        raise Invalid(field=name, problem="not_a_field_key", value=value)
    return str(value)


def _kind(name: str, value: object) -> Kind:
    return Kind(one_of(*Kind)(name, value))


def _pattern(name: str, value: object) -> str:
    pattern = line(name, value, PATTERN)
    if not readable(pattern):
        raise Invalid(field=name, problem="bad_pattern", value=pattern)
    return pattern


def _option(name: str, value: object) -> Option:
    values = _mapping(name, value, {"key", "label"})
    for part in ("key", "label"):
        if part not in values:
            raise Invalid(field=f"{name}.{part}", problem="required")
    found = Option(_key(f"{name}.key", values["key"]), by_language(LABEL)(f"{name}.label", values["label"]))
    if not found.label:
        raise Invalid(field=f"{name}.label", problem="required")
    return found


_ATTRIBUTES = {"type": "kind", "choices": "options"}
_PARTS: dict[str, Reader] = {
    "key": _key,
    "label": by_language(LABEL),
    "type": _kind,
    "required": flag,
    "help": by_language(HELP),
    "pattern": or_none(_pattern),
    "lowest": or_none(count(-LARGEST, LARGEST)),
    "highest": or_none(count(-LARGEST, LARGEST)),
    "choices": list_of(_option),
}
_OF_KIND = {
    "pattern": (Kind.TEXT, Kind.LONG_TEXT),
    "lowest": (Kind.NUMBER,),
    "highest": (Kind.NUMBER,),
    "options": (Kind.CHOICE,),
}
"""The parts that only some kinds of answers have."""


def _check(one: Question) -> None:
    """Hold the parts of a question against each other."""
    for name, kinds in _OF_KIND.items():
        if getattr(one, name) not in (None, ()) and one.kind not in kinds:
            raise Invalid(field="choices" if name == "options" else name, problem="not_of_this_type")
    if one.lowest is not None and one.highest is not None and one.highest < one.lowest:
        raise Invalid(field="highest", problem="below_lowest")
    if one.kind is Kind.CHOICE and not one.options:
        raise Invalid(field="choices", problem="required")
    if len(one.options) > MOST_OPTIONS:
        raise Invalid(field=f"choices[{MOST_OPTIONS}]", problem="too_many", highest=MOST_OPTIONS)
    keys = [option.key for option in one.options]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise Invalid(field=f"choices[{index}].key", problem="twice", value=key)
