"""The questions of a planning or a service: listed and shown as customers see them, added, changed, asked no more."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, abort, flash, render_template, request, url_for
from flask_babel import force_locale
from markupsafe import Markup
from wtforms import Form

from portal.admin.field_forms import QuestionForm, definition, form_of, free_key
from portal.admin.guard import EDIT, actor, needs, scope, staff
from portal.admin.owners import OWNERS, PATH, Owner
from portal.clock import now
from portal.config import LOCALES
from portal.domain import fields
from portal.domain.errors import Invalid, StateChanged
from portal.domain.fields import Kind, Question, said
from portal.i18n import _, current_locale
from portal.operations import questions
from portal.operations.questions import Questions, Sheet
from portal.web.custom_fields import asking
from portal.web.frame import NAMES
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("questions", __name__)
ALL = f"{PATH}/fields"
ONE = f"{ALL}/<question>"


@dataclass(frozen=True, slots=True)
class Line:
    """A question in the list: its words, and what an answer is."""

    key: str
    label: str
    help: str
    kind: str
    detail: str
    required: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The questions as customers see them in one language."""

    locale: str
    name: str
    form: Markup


@bp.get(ALL)
def index(owner: str, key: str) -> Response:
    """List what is asked, and show it as customers see it."""
    whose = OWNERS[owner]
    sheet = whose.opened(key)
    found = questions.questions(whose.asker, sheet)
    return page(
        "admin/questions/index.html",
        owner=whose,
        sheet=sheet,
        lines=[line_of(one) for one in found.asked],
        former=[line_of(one) for one in found.former],
        kinds=[(kind.value, kind_text(kind)) for kind in Kind],
        full=len(found.asked) >= fields.MOST_QUESTIONS,
        previews=[_preview(found.asked, locale) for locale in LOCALES],
        may_edit=staff().may(EDIT) and sheet.changed_by(scope()),
    )


def line_of(one: Question) -> Line:
    """Word a question for the list."""
    locale = current_locale()
    return Line(
        one.key, said(one.label, locale), said(one.help, locale), kind_text(one.kind), _detail(one), one.required
    )


def kind_text(kind: Kind) -> str:
    """Say what an answer is."""
    return {
        Kind.TEXT: _("Short text"),
        Kind.LONG_TEXT: _("Long text"),
        Kind.NUMBER: _("Whole number"),
        Kind.CHOICE: _("One of several answers"),
        Kind.YES_NO: _("Yes or no"),
        Kind.DATE: _("Date"),
    }[kind]


def _detail(one: Question) -> str:
    """Say what narrows an answer."""
    if one.kind is Kind.CHOICE:
        return ", ".join(said(option.label, current_locale()) for option in one.options if not option.former)
    if one.pattern is not None:
        return _("must fit %(pattern)s", pattern=one.pattern)
    if one.lowest is not None and one.highest is not None:
        return _("from %(lowest)s to %(highest)s", lowest=one.lowest, highest=one.highest)
    if one.lowest is not None:
        return _("%(lowest)s or more", lowest=one.lowest)
    return _("%(highest)s or less", highest=one.highest) if one.highest is not None else ""


def _preview(asked: tuple[Question, ...], locale: str) -> Preview:
    with force_locale(locale):
        form = asking(Form, asked)(prefix=f"{locale}-")
        drawn = render_template("admin/questions/preview.html", form=form)
    return Preview(locale, NAMES[locale], Markup(drawn))  # noqa: S704 - a template of ours, which escapes


@bp.route(f"{PATH}/add/field", methods=["GET", "POST"])
@needs(EDIT)
def add(owner: str, key: str) -> Response:
    """Ask one question more: of the kind that the address says, or one that was asked before."""
    whose = OWNERS[owner]
    sheet = whose.changeable(key)
    found = questions.questions(whose.asker, sheet)
    again = found.once(request.args.get("again", ""))
    kind = again.kind if again is not None else _kind(request.args.get("type", ""))
    return _answer(_Asked(whose, sheet, found), kind, again, None)


@bp.route(ONE, methods=["GET", "POST"])
@needs(EDIT)
def edit(owner: str, key: str, question: str) -> Response:
    """Change a question; its key and its kind stay, for answers were given to it."""
    whose = OWNERS[owner]
    sheet = whose.changeable(key)
    found = questions.questions(whose.asker, sheet)
    one = found.find(question)
    if one is None:
        abort(404)
    return _answer(_Asked(whose, sheet, found), one.kind, one, one)


def _kind(text: str) -> Kind:
    return Kind(text) if text in set(Kind) else Kind.TEXT


@dataclass(frozen=True, slots=True)
class _Asked:
    """What asks, as it was read, and what it asks."""

    owner: Owner
    sheet: Sheet
    found: Questions


def _answer(asked: _Asked, kind: Kind, like: Question | None, one: Question | None) -> Response:
    """Show the form of a question, ``one`` that is asked or a new one ``like`` another; or save it."""
    if request.method != "POST":
        return _show(asked, kind, form_of(kind, one=like), one)
    form = form_of(kind, request.form)
    if "more" in request.form:
        form.more()
        return _show(asked, kind, form, one)
    return _save(asked, kind, form, one)


def _save(asked: _Asked, kind: Kind, form: QuestionForm, one: Question | None) -> Response:
    owner, sheet = asked.owner, asked.sheet
    wanted = _wanted(form, asked.found, kind, one) if form.validate() else None
    if wanted is None:
        return _show(asked, kind, form, one, 422)
    write = questions.change if one is not None else questions.add
    try:
        write(owner.asker, sheet.key, request.form.get("revision", ""), wanted, now=now(), by=actor())
    except StateChanged:
        return _show(asked, kind, form, one, 409)
    except Invalid as refusal:
        _refuse(form, refusal, asked.found.language)
        return _show(asked, kind, form, one, 422)
    flash(_("The question is saved."))
    return go(url_for("admin.questions.index", owner=owner.name, key=sheet.key))


def _wanted(form: QuestionForm, found: Questions, kind: Kind, one: Question | None) -> Question | None:
    """Understand what was typed, or put beside each field what is wrong with it."""
    label = form[f"label_{found.language}"]
    if not label.data:
        form.refuse(label.short_name, _("Enter the question."))
        return None
    taken = [other.key for other in (*found.asked, *found.former)]
    key = one.key if one is not None else form.key.data or free_key(label.data, taken)
    try:
        return fields.question(definition(form, kind, key, found.language))
    except Invalid as refusal:
        _refuse(form, refusal, found.language)
        return None


def _refuse(form: QuestionForm, refusal: Invalid, language: str) -> None:
    """Put what the rules refuse beside its field."""
    path, problem = str(refusal.values["field"]).rpartition("]")[2].lstrip("."), refusal.values["problem"]
    about = "choices" if "choices" in str(refusal.values["field"]) else path.partition(".")[0]
    words = {
        "not_a_field_key": _("Use small letters, digits and underscores only, 40 at most."),
        "twice": _("Another question or answer has this key."),
        "bad_pattern": _("This pattern cannot be read. Write it as RE2 does: [A-Z]{2}-[0-9]{3}-[A-Z]{2}"),
        "below_lowest": _("The largest number comes before the smallest."),
        "unreadable": _("Remove the characters that cannot be read."),
        "too_many": _("There are too many: %(highest)s at most.", highest=refusal.values.get("highest", "")),
        "unsaid": _("Say each answer in %(language)s, too.", language=NAMES[language]),
    }
    form.refuse(about, words.get(problem) or _about_choices(about) or explain(refusal))


def _about_choices(about: str) -> str:
    return _("Give at least one answer to choose.") if about == "choices" else ""


def _show(asked: _Asked, kind: Kind, form: QuestionForm, one: Question | None, status: int = 200) -> Response:
    language, revision = asked.found.language, request.form.get("revision", "")
    return page(
        "admin/questions/edit.html",
        status,
        owner=asked.owner,
        sheet=asked.sheet,
        form=form,
        one=line_of(one) if one is not None else None,
        kind=kind.value,
        kind_words=kind_text(kind),
        language=language,
        locales=[(locale, NAMES[locale]) for locale in sorted(LOCALES, key=lambda locale: locale != language)],
        conflict=status == 409,
        revision=asked.sheet.revision if request.method != "POST" or status == 409 else revision,
    )


@bp.post(f"{ONE}/move")
@needs(EDIT)
def move(owner: str, key: str, question: str) -> Response:
    """Ask a question earlier or later."""
    whose, revision = OWNERS[owner], request.form.get("revision", "")
    sheet = whose.changeable(key)
    places = -1 if request.form.get("to") == "up" else 1
    try:
        questions.shift(whose.asker, sheet.key, revision, question, places, now=now(), by=actor())
    except StateChanged:
        flash(_("%(what)s. Look again, then press once more.", what=whose.meanwhile))
    return go(url_for("admin.questions.index", owner=owner, key=sheet.key))


@bp.route(f"{ONE}/delete", methods=["GET", "POST"])
@needs(EDIT)
def remove(owner: str, key: str, question: str) -> Response:
    """Ask once, saying what stays, then ask the question no more."""
    whose = OWNERS[owner]
    sheet = whose.changeable(key)
    one = questions.questions(whose.asker, sheet).find(question)
    if one is None:
        abort(404)
    if request.method == "POST":
        questions.drop(whose.asker, sheet.key, request.form.get("revision", ""), question, now=now(), by=actor())
        flash(_("The question is asked no more."))
        return go(url_for("admin.questions.index", owner=owner, key=sheet.key))
    return page("admin/questions/remove.html", owner=whose, sheet=sheet, one=line_of(one))
