"""Questions on a form: fields made for what is asked, what was typed into them, and what is wrong with it in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from wtforms import Form, RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.widgets import DateInput

from portal.domain.answers import LONG_TEXT, TEXT, answer, as_typed, typed
from portal.domain.errors import Invalid
from portal.domain.fields import Kind, Question, said
from portal.i18n import _, current_locale

F = TypeVar("F", bound=Form)
PLAIN = {"autocomplete": "off"}


def name_of(key: str) -> str:
    """Name the form's field of a question, apart from the names of the form's own."""
    return f"q_{key}"


def asking(
    form: type[F], questions: Sequence[Question], *, needed: bool = True, kept: Mapping[str, Any] | None = None
) -> type[F]:
    """Give a form with a field more for each question, in the language of the page.

    ``needed``: what is required may not be left out. ``kept`` are answers given before: each may stay what it is, even
    where the question would not accept it any more. ``asked`` of the form names its fields, in their order.
    """
    before = kept or {}
    made = {name_of(one.key): _field(one, needed and one.required, before.get(one.key)) for one in questions}
    told = {"asked": tuple(made), "questions": tuple(questions), "kept": before}
    return cast(type[F], type(form.__name__, (form,), {**made, **told}))


def answers_of(form: Any) -> dict[str, Any]:
    """Read the answers from a form of ``asking`` that is right; what was left empty is None."""
    return {one.key: _read(one, form[name_of(one.key)].data, form.kept.get(one.key)) for one in form.questions}


def _read(one: Question, text: str | None, before: Any) -> Any:
    if before is not None and (text or "").strip() == as_typed(before):
        return before
    return answer(one, typed(one, text))


class Answered:
    """Accept what was typed as the answer to a question. Nothing at all is fine unless it is ``needed``."""

    def __init__(self, one: Question, needed: bool, before: Any) -> None:
        self.one, self.before = one, before
        self.field_flags = {"required": True} if needed else {}

    def __call__(self, _form: Form, field: Any) -> None:
        """Raise ValidationError in the words of the page."""
        try:
            missing = _read(self.one, field.data, self.before) is None
        except Invalid as refusal:
            raise ValidationError(wrong_text(self.one, str(refusal.values["problem"]))) from refusal
        if missing and self.field_flags:
            raise ValidationError(wrong_text(self.one, "required"))


def wrong_text(one: Question, problem: str) -> str:
    """Say what is wrong with an answer; how it is to be written is said in the words of those who ask."""
    label, locale = said(one.label, current_locale()), current_locale()
    if problem == "pattern" and one.help:
        return _("%(label)s: write it as asked. %(hint)s", label=label, hint=said(one.help, locale))
    return {
        "required": _("Answer “%(label)s”.", label=label),
        "pattern": _("“%(label)s” is not written as expected.", label=label),
        "too_long": _("Shorten “%(label)s”.", label=label),
        "unreadable": _("Remove the characters of “%(label)s” that cannot be read.", label=label),
        "not_a_number": _("Enter a whole number for “%(label)s”.", label=label),
        "out_of_range": _range_text(one, label),
        "not_a_day": _("Enter a date for “%(label)s”.", label=label),
    }.get(problem) or _("Choose one of the answers to “%(label)s”.", label=label)


def _range_text(one: Question, label: str) -> str:
    if one.lowest is not None and one.highest is not None:
        values = {"label": label, "lowest": one.lowest, "highest": one.highest}
        return _("Enter a number from %(lowest)s to %(highest)s for “%(label)s”.", **values)
    if one.lowest is not None:
        return _("Enter a number of %(lowest)s or more for “%(label)s”.", label=label, lowest=one.lowest)
    if one.highest is not None:
        return _("Enter a number of %(highest)s or less for “%(label)s”.", label=label, highest=one.highest)
    return _("Enter a smaller number for “%(label)s”.", label=label)


class OneOf(SelectField):
    """One of the answers ``offered``, ``(value, text)``, given in the one way that WTForms takes in every version."""

    def __init__(self, *given: Any, offered: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(*given, validate_choice=False, **options)
        self.choices = offered


class YesOrNo(OneOf):
    """One of two answers or none, all of them seen at once."""

    widget, option_widget = RadioField.widget, RadioField.option_widget


def _field(one: Question, needed: bool, before: Any) -> Any:
    locale = current_locale()
    label = said(one.label, locale)
    given: dict[str, Any] = {
        "description": said(one.help, locale),
        "validators": [Answered(one, needed, before)],
        "default": as_typed(before) if before is not None else "",
    }
    match one.kind:
        case Kind.TEXT:
            return StringField(label, render_kw={**PLAIN, "maxlength": TEXT}, **given)
        case Kind.LONG_TEXT:
            return TextAreaField(label, render_kw={**PLAIN, "rows": 3, "maxlength": LONG_TEXT}, **given)
        case Kind.NUMBER:
            return StringField(label, render_kw={**PLAIN, "inputmode": "numeric"}, **given)
        case Kind.DATE:
            return StringField(label, widget=DateInput(), **given)
        case Kind.CHOICE:
            return OneOf(label, offered=_options(one, needed, before), **given)
        case Kind.YES_NO:
            return YesOrNo(label, offered=_yes_or_no(needed), **given)


def _options(one: Question, needed: bool, before: Any) -> list[tuple[str, str]]:
    """List what can be chosen, and what was chosen before."""
    nothing = _("Choose…") if needed else "–"
    offered = [option for option in one.options if not option.former or option.key == before]
    return [("", nothing), *((option.key, said(option.label, current_locale())) for option in offered)]


def _yes_or_no(needed: bool) -> list[tuple[str, str]]:
    both = [("yes", _("Yes")), ("no", _("No"))]
    return both if needed else [*both, ("", _("No answer"))]
