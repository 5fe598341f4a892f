"""Sites: the list, where each is, and the days on which it is closed. How it is booked has a page of its own."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, abort, flash, request, url_for

from portal.admin.conflicts import differences
from portal.admin.filters import LONGEST
from portal.admin.forms import ClosureForm, NewSiteForm, SiteForm
from portal.admin.guard import EDIT, actor, needs, only, scope
from portal.admin.paging import SIZE, page_number, pages_of
from portal.clock import now
from portal.domain.errors import Invalid, Refusal, StateChanged
from portal.domain.nearness import plain
from portal.domain.zones import parse_day
from portal.i18n import _
from portal.operations import organisation, regions, site_previews, sites
from portal.operations.site_previews import NO_EFFECT, SiteEffect
from portal.operations.sites import ClosureImpact, Plan, Sheet
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("sites", __name__)
ZONES = ("Europe/Paris", "Europe/London", "Europe/Berlin", "Europe/Madrid", "Europe/Brussels", "Europe/Zurich", "UTC")
FEW = 10  # sites that are found at a glance
CALENDARS = ("FR", "FR-57", "BE", "CH", "DE", "ES", "IT", "LU", "NL", "GB", "CA-QC", "US")


@bp.get("/sites/")
def index() -> Response:
    """List the sites of whoever asks: all, or those with a text in their name, key or address."""
    text = request.args.get("q", "").strip()[:LONGEST]
    every = sites.overview(now=now(), scope=scope())
    found = [one for one in every if plain(text) in plain(f"{one.name} {one.key} {one.address}")]
    number = min(page_number(), max(pages_of(len(found)), 1))
    return page(
        "admin/sites/index.html",
        sites=found[(number - 1) * SIZE : number * SIZE],
        text=text,
        many=len(every) > FEW,
        page=number,
        pages=pages_of(len(found)),
        url=lambda other: url_for("admin.sites.index", q=text or None, page=other),
        may_add=scope().sites is None,
    )


@bp.route("/sites/<key>", methods=["GET", "POST"])
def edit(key: str) -> Response:
    """Show a site, say whom another zone, another calendar or its retirement meets, and save it."""
    sheet = _own(key)
    if request.method != "POST":
        return _show(_form_of(sheet), sheet, sheet.revision)
    form = _offering(SiteForm(request.form))
    if not form.validate():
        return _show(form, sheet, request.form.get("revision", ""), 422)
    return _save(form, sheet, request.form.get("revision", ""))


def _own(key: str) -> Sheet:
    """Read a site that whoever asks works for; others are not there."""
    sheet = sites.read(key)
    only(sheet.id)
    return sheet


def _save(form: SiteForm, sheet: Sheet, revision: str) -> Response:
    plan = _plan(form)
    try:
        sites.check(plan)
        effect = site_previews.preview(sheet, plan, now=now())
        if effect.count and request.form.get("seen") != effect.signature:
            return _show(form, sheet, revision, 422, effect=effect)
        sites.save(sheet.key, revision, plan, now=now(), by=actor())
    except StateChanged:
        return _show(form, sheet, sheet.revision, 409, conflict=differences(_form_of(sheet), form))
    except Invalid as refusal:
        _refuse(form, refusal)
        return _show(form, sheet, revision, 422)
    flash(_("The site is saved."))
    return go(url_for("admin.sites.edit", key=sheet.key))


@bp.route("/add/site", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Make a site: for those who see every site, others could not see what they made."""
    if scope().sites is not None:
        abort(404)
    if request.method != "POST":
        return _show(_offering(NewSiteForm(timezone=organisation.card().timezone, active=True)), None)
    form = _offering(NewSiteForm(request.form))
    if not form.validate():
        return _show(form, None, status=422)
    try:
        sites.create(form.key.data, _plan(form), now=now(), by=actor())
    except Invalid as refusal:
        _refuse(form, refusal)
        return _show(form, None, status=422)
    flash(_("The site is made. Now give it a planning."))
    return go(url_for("admin.sites.edit", key=form.key.data))


def _offering(form: SiteForm) -> SiteForm:
    """Let a form offer the regions."""
    form.offer([(line.key, line.path) for line in regions.listed(scope=scope())])
    return form


def _form_of(sheet: Sheet) -> SiteForm:
    form = SiteForm(
        name=sheet.name,
        address=sheet.address,
        timezone=sheet.timezone,
        email=sheet.email,
        phone=sheet.phone,
        latitude=sheet.latitude,
        longitude=sheet.longitude,
        holidays=sheet.holidays,
        region=sheet.region or "",
        active=sheet.active,
    )
    return _offering(form)


def _plan(form: SiteForm) -> Plan:
    """Understand a form that is right."""
    return Plan(
        name=form.name.data,
        timezone=form.timezone.data,
        address=form.address.data or "",
        email=form.email.data or None,
        phone=form.phone.data or None,
        latitude=form.latitude.data,
        longitude=form.longitude.data,
        holidays=form.holidays.data or None,
        region=form.region.data or None,
        active=form.active.data,
    )


def _refuse(form: SiteForm, refusal: Refusal) -> None:
    """Put what the operation refused beside its field."""
    problem = (str(refusal.values.get("field", "")), str(refusal.values.get("problem", "")))
    words = {
        ("key", "exists"): _("Another site has this key."),
        ("holidays", "unknown_calendar"): _("Write a country such as FR, or a part of it such as FR-57."),
        ("region", "unknown"): _("This region is no longer there. Choose again."),
        ("latitude", "required"): _("Enter both latitude and longitude, or neither."),
        ("longitude", "required"): _("Enter both latitude and longitude, or neither."),
    }
    form.refuse(problem[0], words.get(problem) or explain(refusal))


def _show(
    form: SiteForm,
    sheet: Sheet | None,
    revision: str = "",
    status: int = 200,
    *,
    conflict: list[str] | None = None,
    effect: SiteEffect = NO_EFFECT,
) -> Response:
    return page(
        "admin/sites/edit.html",
        status,
        form=form,
        sheet=sheet,
        revision=revision,
        conflict=conflict,
        effect=effect,
        today=sheet.today(now()) if sheet is not None else None,
        zones=ZONES,
        calendars=CALENDARS,
    )


@bp.route("/sites/<key>/add/closure", methods=["GET", "POST"])
@needs(EDIT)
def close(key: str) -> Response:
    """Ask for the days, say who is expected then, and close the site."""
    sheet = _own(key)
    form = ClosureForm(request.form, **_asked_days())
    if request.method != "POST":
        return _ask(form, sheet)
    if not form.validate():
        return _ask(form, sheet, status=422)
    first, last = form.first.data, form.last.data or form.first.data
    impact = sites.preview_closure(key, first, last, now=now())
    if "save" not in request.form:
        return _ask(form, sheet, impact)
    if impact.count and request.form.get("seen") != str(impact.count):
        return _ask(form, sheet, impact, status=422)
    sites.close(key, first, last, form.label.data or "", now=now(), by=actor())
    flash(_("The closure is saved."))
    return go(url_for("admin.sites.edit", key=key, _anchor="closures"))


def _asked_days() -> dict[str, date | None]:
    """Read the days that another page fills in."""
    return {name: parse_day(request.args.get(name)) for name in ("first", "last")}


def _ask(form: ClosureForm, sheet: Sheet, impact: ClosureImpact | None = None, status: int = 200) -> Response:
    return page("admin/sites/close.html", status, form=form, sheet=sheet, impact=impact, today=sheet.today(now()))


@bp.route("/sites/<key>/closures/<row:number>/delete", methods=["GET", "POST"])
@needs(EDIT)
def reopen(key: str, number: int) -> Response:
    """Ask once, then open the site on these days again."""
    sheet = _own(key)
    closure = sheet.closure(number)
    if closure is None:
        abort(404)
    if request.method == "POST":
        sites.reopen(key, number, now=now(), by=actor())
        flash(_("The closure is deleted."))
        return go(url_for("admin.sites.edit", key=key, _anchor="closures"))
    return page("admin/sites/reopen.html", sheet=sheet, closure=closure)
