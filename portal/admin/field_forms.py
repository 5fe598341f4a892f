"""A question as the staff types it: its words by language, and what only its kind of answer has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FieldList, Form, FormField, HiddenField, IntegerField, StringField
from wtforms.validators import Length, NumberRange, Optional

from portal.admin.forms import StaffForm
from portal.config import LOCALES
from portal.domain.fields import HELP, LABEL, LARGEST, MOST_OPTIONS, PATTERN, Kind, Question, Words, written
from portal.web.forms import check_line, stripped

LONGEST_KEY = 40
MORE = 3  # empty rows for the answers of a choice


def _words(label: Any, longest: int) -> StringField:
    rules = [Length(max=longest, message=_l("Shorten this text.")), check_line]
    return StringField(label, filters=[stripped], validators=rules)


def _bound(label: Any) -> IntegerField:
    within = NumberRange(-LARGEST, LARGEST, message=_l("Enter a smaller number."))
    return IntegerField(label, validators=[Optional(), within])


class QuestionForm(StaffForm):
    """What every question has. The fields of a language are named after it."""

    label_fr = _words(_l("Question in French"), LABEL)
    label_en = _words(_l("Question in English"), LABEL)
    help_fr = _words(_l("Hint in French"), HELP)
    help_en = _words(_l("Hint in English"), HELP)
    required = BooleanField(_l("Customers must answer"))
    key = StringField(_l("Key"), filters=[stripped])


class TextForm(QuestionForm):
    """A text, which may have to fit a pattern."""

    pattern = _words(_l("Pattern"), PATTERN)


class NumberForm(QuestionForm):
    """A whole number between bounds."""

    lowest = _bound(_l("Smallest number"))
    highest = _bound(_l("Largest number"))


class OptionForm(Form):
    """An answer to choose."""

    key = HiddenField()
    fr = _words(_l("In French"), LABEL)
    en = _words(_l("In English"), LABEL)


class ChoiceForm(QuestionForm):
    """One of several answers; a row without words is none."""

    choices = FieldList(FormField(OptionForm), label=_l("Answers"), max_entries=MOST_OPTIONS)

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate all; what is wrong in a row is told of the list."""
        fine = super().validate(extra_validators)
        wrong = [text for row in self.choices for field in row.form for text in field.errors]
        if wrong:
            self.choices.errors = wrong
        return bool(fine)

    def more(self) -> None:
        """Give room for some answers more."""
        for _number in range(min(MORE, MOST_OPTIONS - len(self.choices))):
            self.choices.append_entry()


FORMS: Mapping[Kind, type[QuestionForm]] = {
    Kind.TEXT: TextForm,
    Kind.LONG_TEXT: TextForm,
    Kind.NUMBER: NumberForm,
    Kind.CHOICE: ChoiceForm,
}


def form_of(kind: Kind, given: Any = None, one: Question | None = None) -> QuestionForm:
    """Open the form for a kind of question, with what was ``given`` or what is known of ``one``."""
    form = FORMS.get(kind, QuestionForm)(given, data=_typed(one) if one is not None else None)
    if isinstance(form, ChoiceForm) and not given:
        form.more()
    return form


def _typed(one: Question) -> dict[str, Any]:
    values: dict[str, Any] = {**written(one), **_by_language("label", one.label), **_by_language("help", one.help)}
    values["choices"] = [{"key": option.key, **option.label} for option in one.options if not option.former]
    return values


def _by_language(name: str, words: Words) -> dict[str, str]:
    return {f"{name}_{locale}": words.get(locale, "") for locale in LOCALES}


def said_in(form: Any, name: str = "") -> dict[str, str]:
    """Read the words of a form, those that are there: ``said_in(form, "label_")``."""
    found = {locale: form[f"{name}{locale}"].data for locale in LOCALES}
    return {locale: words for locale, words in found.items() if words}


def definition(form: QuestionForm, kind: Kind, key: str, language: str) -> dict[str, Any]:
    """Write down what was typed, as ``fields.question`` reads it."""
    values: dict[str, Any] = {
        "key": key,
        "label": said_in(form, "label_"),
        "help": said_in(form, "help_"),
        "type": kind.value,
        "required": form.required.data,
    }
    for name in ("pattern", "lowest", "highest"):
        if name in form:
            values[name] = form[name].data if form[name].data not in ("", None) else None
    if isinstance(form, ChoiceForm):
        values["choices"] = _options(form, language)
    return values


def _options(form: ChoiceForm, language: str) -> list[dict[str, Any]]:
    """Read the rows that say something, each with the key it had, or one made of its words."""
    rows = [row for row in form.choices if said_in(row.form)]
    taken = [row.form.key.data for row in rows if row.form.key.data]
    found = []
    for row in rows:
        words = said_in(row.form)
        key = row.form.key.data or free_key(words.get(language) or next(iter(words.values())), taken)
        taken.append(key)
        found.append({"key": key, "label": words})
    return found


def free_key(words: str, taken: Sequence[str]) -> str:
    """Make a key of some words that nothing else has.

    >>> free_key("Plaque d’immatriculation", []), free_key("Plaque", ["plaque"])
    ('plaque_d_immatriculation', 'plaque_2')
    """
    key = re.sub(r"[^a-z0-9]+", "_", _plain(words).lower()).strip("_")[: LONGEST_KEY - 3].strip("_") or "question"
    number, found = 1, key
    while found in taken:
        number += 1
        found = f"{key}_{number}"
    return found


def _plain(words: str) -> str:
    apart = words.replace("’", " ").replace("œ", "oe").replace("æ", "ae")
    return unicodedata.normalize("NFKD", apart).encode("ascii", "ignore").decode()
