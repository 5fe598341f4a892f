"""What people can do: the list of skills, with their words in each language."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from portal.admin.conflicts import differences
from portal.admin.forms import StaffForm, key_field
from portal.admin.guard import EDIT, actor, needs, scope
from portal.clock import now
from portal.domain.errors import Invalid, StateChanged
from portal.i18n import _
from portal.operations import skills
from portal.operations.skills import LONGEST_NAME, Line
from portal.web.forms import check_line, stripped
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("skills", __name__)


def words_field(label: Any) -> StringField:
    """Give the words in one language."""
    shorter = Length(max=LONGEST_NAME, message=_l("Shorten this name."))
    return StringField(label, filters=[stripped], validators=[shorter, check_line])


class SkillForm(StaffForm):
    """The words of a skill."""

    fr = words_field(_l("In French"))
    en = words_field(_l("In English"))

    @property
    def names(self) -> dict[str, str]:
        """The words by language."""
        return {"fr": self.fr.data or "", "en": self.en.data or ""}


class NewSkillForm(SkillForm):
    """A skill to be made: it needs a key."""

    key = key_field()


@bp.get("/skills/")
def index() -> Response:
    """List the skills and how much each is used."""
    return page("admin/skills/index.html", lines=skills.listed(), may_change=_may_change())


def _may_change() -> bool:
    """Tell whether skills are theirs to change: they belong to no site."""
    return scope().sites is None


def everywhere() -> None:
    """Go on for those who see every site; there is nothing here (404) for others."""
    if scope().sites is not None:
        abort(404)


@bp.route("/add/skill", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Make a skill."""
    everywhere()
    form = NewSkillForm(request.form)
    if request.method != "POST":
        return _show(form, None)
    try:
        if form.validate():
            skills.add(form.key.data, form.names, now=now(), by=actor())
            flash(_("The skill is made."))
            return go(url_for("admin.skills.index"))
    except Invalid as refusal:
        _refuse(form, refusal)
    return _show(form, None, 422)


@bp.route("/skills/<key>", methods=["GET", "POST"])
@needs(EDIT)
def edit(key: str) -> Response:
    """Give a skill other words; its key stays."""
    everywhere()
    line = skills.find(key)
    form, revision = SkillForm(request.form, data=dict(line.names)), request.form.get("revision", "")
    if request.method != "POST":
        return _show(form, line, revision=line.revision)
    try:
        if form.validate():
            skills.rename(key, revision, form.names, now=now(), by=actor())
            flash(_("The skill is saved."))
            return go(url_for("admin.skills.index"))
    except StateChanged:
        return _conflict(form, skills.find(key))
    except Invalid as refusal:
        _refuse(form, refusal)
    return _show(form, line, 422, revision=revision)


def _conflict(form: SkillForm, line: Line) -> Response:
    """Say what somebody else saved meanwhile, and let the one who typed decide."""
    found = differences(SkillForm(data=dict(line.names)), form)
    return _show(form, line, 409, revision=line.revision, conflict=found)


def _refuse(form: SkillForm, refusal: Invalid) -> None:
    """Put what the operation refused beside its field."""
    problem = (str(refusal.values.get("field")), str(refusal.values.get("problem")))
    words = {
        ("key", "exists"): _("Another skill has this key."),
        ("name", "required"): _("Name it in at least one language."),
    }
    form.refuse("fr" if problem[0] == "name" else problem[0], words.get(problem) or explain(refusal))


def _show(
    form: SkillForm, line: Line | None, status: int = 200, *, revision: str = "", conflict: list[str] | None = None
) -> Response:
    return page("admin/skills/edit.html", status, form=form, line=line, revision=revision, conflict=conflict)


@bp.route("/skills/<key>/delete", methods=["GET", "POST"])
@needs(EDIT)
def remove(key: str) -> Response:
    """Ask once, then delete a skill that nobody has and nothing requires."""
    everywhere()
    line = skills.find(key)
    if request.method == "POST" and not line.used:
        try:
            skills.drop(key, now=now(), by=actor())
        except Invalid:  # somebody was given it meanwhile
            line = skills.find(key)
        else:
            flash(_("The skill is deleted."))
            return go(url_for("admin.skills.index"))
    return page("admin/skills/delete.html", 422 if request.method == "POST" else 200, line=line)
