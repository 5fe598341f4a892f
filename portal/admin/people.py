"""The members of the staff: invited, given rights for some sites or all, helped when they cannot log in, and let go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import ngettext

from portal.admin.guard import ADMIN, actor, needs, staff
from portal.admin.paging import SIZE, page_number, pages_of
from portal.admin.people_forms import InviteForm, PersonForm, RightsForm
from portal.admin.roles import role_duties, role_name
from portal.clock import now, real_now
from portal.domain.errors import Invalid, StateChanged
from portal.i18n import _, current_locale
from portal.operations import organisation, plannings, second_factor, staff_links, user_cards, users
from portal.operations.user_cards import STATES, Search, UserCard
from portal.operations.users import ROLES, Person, Plan
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("people", __name__)
bp.add_app_template_filter(role_name)
bp.add_app_template_filter(role_duties)
CHOICES = {"role": ROLES, "state": STATES}
LONGEST = 254  # characters of a filter


@bp.get("/people/")
@needs(ADMIN)
def index() -> Response:
    """List the members of the staff, by name."""
    asked, number = _asked(), page_number()
    search = Search(asked.get("q", ""), asked.get("role"), asked.get("state"))
    found = user_cards.listing(search, page=number, size=SIZE)
    return page(
        "admin/people/index.html",
        found=found,
        asked=asked,
        number=number,
        pages=pages_of(found.total),
        page_url=lambda other: url_for("admin.people.index", **asked, page=other),
        roles=ROLES,
        states=STATES,
        zone=_zone(),
        now=now(),
    )


def _asked() -> dict[str, Any]:
    """Read the filters of the address; what is none of ours is left out."""
    text = request.args.get("q", "").strip().replace("\0", "")[:LONGEST]
    chosen = {name: value for name, of in CHOICES.items() if (value := request.args.get(name, "")) in of}
    return {"q": text, **chosen} if text else chosen


def _zone() -> ZoneInfo:
    return ZoneInfo(organisation.card().timezone)


@bp.route("/add/person", methods=["GET", "POST"])
@needs(ADMIN)
def invite() -> Response:
    """Make an account, and mail the link by which its owner chooses a password."""
    form = InviteForm(request.form, site_choices=_sites(), locale=current_locale(), role="agent", reach="all")
    if request.method == "POST" and form.validate():
        person = Person(form.email.data, form.rights(), form.name.data, form.locale.data)
        try:
            made = staff_links.invite(person, by=actor(), now=now())
        except Invalid as refusal:
            _refuse(form, refusal)
        else:
            flash(_("The invitation is on its way to %(address)s.", address=made.email))
            return go(url_for("admin.people.show", number=made.id))
    return page("admin/people/invite.html", 422 if form.errors else 200, form=form)


@bp.route("/people/<row:number>", methods=["GET", "POST"])
@needs(ADMIN)
def show(number: int) -> Response:
    """Show somebody's account, and save name, rights, and whether they may log in."""
    user = user_cards.read(number)
    form = _form(user)
    if request.method == "POST" and form.validate() and _saved(user, form):
        flash(_("The account is saved."))
        return go(url_for("admin.people.show", number=number))
    return page(
        "admin/people/show.html",
        422 if form.errors else 200,
        user=user,
        form=form,
        own=_own(user),
        zone=_zone(),
        now=now(),
    )


def _form(user: UserCard) -> PersonForm:
    """Give the form of an account; one's own rights are not in it."""
    rights = user.rights
    stored = {
        "role": rights.role,
        "reach": "all" if rights.sites is None else "some",
        "sites": list(rights.sites or ()),
    }
    sent = request.form if request.method == "POST" else None  # a box without a mark is sent as nothing
    form = PersonForm(
        sent, site_choices=_sites(tuple(rights.sites or ())), name=user.name, active=user.active, **stored
    )
    if _own(user):
        for name in ("role", "reach", "sites", "active"):
            del form[name]
    return form


def _own(user: UserCard) -> bool:
    return user.id == staff().member.id


def _saved(user: UserCard, form: PersonForm) -> bool:
    plan = Plan(form.name.data, user.rights, user.active)
    if not _own(user):
        plan = Plan(form.name.data, form.rights(), form.active.data)
    try:
        users.change(user.id, plan, by=actor(), now=now())
    except Invalid as refusal:
        _refuse(form, refusal)
    return not form.errors


def _refuse(form: RightsForm, refusal: Invalid) -> None:
    """Put what the operation refused beside its field."""
    words = {
        "exists": _("This address has an account already."),
        "own_rights": _("Nobody changes their own rights: ask another administrator."),
        "last_admin": _("This is the last administrator who can log in. Make somebody else one first."),
        "admin_everywhere": _("An administrator works for every site."),
    }
    form.refuse(str(refusal.values["field"]), words.get(str(refusal.values["problem"])) or explain(refusal))


def _sites(also: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(site.key, site.name) for site in plannings.all_sites(also)]


@bp.post("/people/<row:number>/invite")
@needs(ADMIN)
def invite_again(number: int) -> Response:
    """Mail a new invitation; the one before opens nothing any more."""
    return _mailed(number, staff_links.invite_again, _("A new invitation is on its way to %(address)s."))


@bp.post("/people/<row:number>/reset")
@needs(ADMIN)
def reset(number: int) -> Response:
    """Mail a link to choose another password."""
    return _mailed(number, staff_links.send_reset, _("A link to choose a new password is on its way to %(address)s."))


def _mailed(number: int, send: Callable[..., str], said: str) -> Response:
    try:
        flash(said % {"address": send(number, by=actor(), now=now())})
    except StateChanged:
        flash(_("Nothing was sent: this account has changed meanwhile."))
    return go(url_for("admin.people.show", number=number))


@bp.route("/people/<row:number>/second-factor/off", methods=["GET", "POST"])
@needs(ADMIN)
def second_factor_off(number: int) -> Response:
    """Ask once, then switch somebody's second factor off."""
    user = user_cards.read(number)
    if request.method != "POST" and user.second_factor:
        return page("admin/people/ask.html", user=user, wanted="second_factor")
    if user.second_factor:
        second_factor.turn_off(number, by=actor(), now=now())
        flash(_("The second factor of %(address)s is off.", address=user.email))
    return go(url_for("admin.people.show", number=number))


@bp.route("/people/<row:number>/sessions/end", methods=["GET", "POST"])
@needs(ADMIN)
def end_sessions(number: int) -> Response:
    """Ask once, then log somebody out everywhere."""
    user = user_cards.read(number)
    if request.method != "POST":
        return page("admin/people/ask.html", user=user, wanted="sessions")
    ended = users.end_sessions(number, by=actor(), now=real_now())
    flash(ngettext("%(num)s session is ended.", "%(num)s sessions are ended.", ended))
    return go(url_for("admin.people.show", number=number))
