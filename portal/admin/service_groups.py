"""Groups of services: named, ordered, deleted when nothing is in them. They are those of every site."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, request, url_for

from portal.admin.conflicts import differences
from portal.admin.field_forms import said_in
from portal.admin.guard import EDIT, actor, needs, scope, staff
from portal.admin.service_forms import GroupForm, NewGroupForm
from portal.clock import now
from portal.domain.errors import Invalid, StateChanged
from portal.i18n import _, current_locale
from portal.operations import service_groups
from portal.operations.service_groups import GroupLine
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("service_groups", __name__)
ALL = "admin.service_groups.index"


@bp.get("/service-groups/")
def index() -> Response:
    """List the groups in their order."""
    found = service_groups.all_groups()
    return page(
        "admin/services/groups.html",
        groups=found,
        locale=current_locale(),
        may_edit=staff().may(EDIT) and scope().sites is None,
    )


def _theirs(key: str) -> GroupLine:
    """Read a group, for those who see every site: others could not tell whom a change concerns."""
    if scope().sites is not None:
        abort(404)
    return service_groups.read(key)


@bp.route("/add/service-group", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Make a group."""
    if scope().sites is not None:
        abort(404)
    form = NewGroupForm(request.form if request.method == "POST" else None)
    if request.method != "POST" or not form.validate():
        return _show(form, None, 200 if request.method != "POST" else 422)
    try:
        service_groups.create(form.key.data, said_in(form, "name_"), now=now(), by=actor())
    except Invalid as refusal:
        return _refused(form, None, refusal)
    flash(_("The group is saved."))
    return go(url_for(ALL))


@bp.route("/service-groups/<key>", methods=["GET", "POST"])
@needs(EDIT)
def edit(key: str) -> Response:
    """Give a group another name."""
    group = _theirs(key)
    if request.method != "POST":
        return _show(_form_of(group), group, revision=group.revision)
    form, revision = GroupForm(request.form), request.form.get("revision", "")
    if not form.validate():
        return _show(form, group, 422, revision=revision)
    try:
        service_groups.save(key, revision, said_in(form, "name_"), now=now(), by=actor())
    except StateChanged:
        saved = _theirs(key)
        conflict = differences(_form_of(saved), form)
        return _show(form, saved, 409, revision=saved.revision, conflict=conflict)
    except Invalid as refusal:
        return _refused(form, group, refusal, revision)
    flash(_("The group is saved."))
    return go(url_for(ALL))


def _form_of(group: GroupLine) -> GroupForm:
    return GroupForm(data={f"name_{locale}": words for locale, words in group.names.items()})


def _refused(form: GroupForm, group: GroupLine | None, refusal: Invalid, revision: str = "") -> Response:
    if refusal.values["problem"] == "unsaid":
        form.refuse(f"name_{refusal.values['language']}", _("Enter a name."))
    elif refusal.values["problem"] == "exists":
        form.refuse("key", _("Another group has this key."))
    else:
        form.refuse(str(refusal.values["field"]).replace(".", "_"), explain(refusal))
    return _show(form, group, 422, revision=revision)


def _show(
    form: GroupForm,
    group: GroupLine | None,
    status: int = 200,
    *,
    revision: str = "",
    conflict: list[str] | None = None,
) -> Response:
    values = {"form": form, "group": group, "revision": revision, "conflict": conflict, "locale": current_locale()}
    return page("admin/services/group.html", status, **values)


@bp.post("/service-groups/<key>/move")
@needs(EDIT)
def move(key: str) -> Response:
    """Show a group earlier or later."""
    _theirs(key)
    service_groups.shift(key, -1 if request.form.get("to") == "up" else 1, now=now(), by=actor())
    return go(url_for(ALL))


@bp.route("/service-groups/<key>/delete", methods=["GET", "POST"])
@needs(EDIT)
def remove(key: str) -> Response:
    """Ask once, then delete a group in which no service is."""
    group = _theirs(key)
    if request.method == "POST":
        try:
            service_groups.remove(key, now=now(), by=actor())
        except StateChanged:
            flash(_("Services are in this group: give them another one first."))
        else:
            flash(_("The group is deleted."))
        return go(url_for(ALL))
    if group.services:
        abort(404)
    return page("admin/services/remove_group.html", group=group, locale=current_locale())
