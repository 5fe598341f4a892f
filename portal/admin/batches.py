"""An accident at the dock: a day's appointments cancelled or moved together, looked at before, watched after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from portal.admin.batch_forms import PLANNING, RESOURCE, SERVICE, WholeDayForm, place_of
from portal.admin.guard import EDIT, actor, needs, only, scope, staff
from portal.admin.paging import page_number
from portal.clock import now, real_now
from portal.domain.errors import StateChanged
from portal.domain.notices import What
from portal.domain.openings import MINUTES_A_DAY
from portal.domain.zones import parse_day
from portal.i18n import _, clock_time, hour, named
from portal.operations import batch_plans, batches, calendar_subjects, organisation, outbox
from portal.operations.batch_plans import Fate, Plan, Preview
from portal.operations.batches import BatchCard, LineCard
from portal.operations.once import Once
from portal.web.responses import go, page, show
from portal.web.texts import reason_text

bp = Blueprint("batches", __name__, url_prefix="/whole-days")
SILENT = 120  # seconds without a sign of life from any worker


@bp.get("/")
@needs(EDIT)
def index() -> Response:
    """List what was done to whole days, newest first."""
    found = batches.batches(scope=scope(), page=page_number())
    return page(
        "admin/batches/index.html",
        found=found,
        lines=[(batch, hours_text(batch.plan)) for batch in found.batches],
        page_url=lambda number: url_for("admin.batches.index", page=number),
    )


@bp.route("/new", methods=["GET", "POST"])
@needs(EDIT)
def add() -> Response:
    """Ask which appointments and what for, show what would become of each, then have it done."""
    if request.method == "GET":
        return _ask(WholeDayForm(places=_places(), **_prefilled()))
    form = WholeDayForm(request.form, places=_places())
    if not form.right(organisation.today(now())):
        return _ask(form, 422)
    if "change" in request.form:
        return _ask(form)
    return _begin(form) if "begin" in request.form else _look(form)


def _ask(form: WholeDayForm, status: int = 200) -> Response:
    form.sign()
    return page("admin/batches/edit.html", status, form=form, today=organisation.today(now()))


def _look(form: WholeDayForm, status: int = 200) -> Response:
    """Show the fate of each appointment, and ask once."""
    plan = form.plan()
    found = batch_plans.preview(plan, scope=scope(), now=now())
    names = set(form._fields)
    return page(
        "admin/batches/preview.html",
        status,
        form=form,
        plan=plan,
        found=found,
        counts=_counts(found, plan),
        about=form.chosen,
        hours=hours_text(plan),
        fates=[(fate, fate_text(fate, plan)) for fate in found.fates],
        sent=[(name, value) for name, value in request.form.items(multi=True) if name in names],
    )


def _begin(form: WholeDayForm) -> Response:
    """Write it down for the worker; what has changed since it was looked at is shown again."""
    once = Once(f"staff-batch:{staff().member.id}", form.key)
    try:
        public_id = batches.begin(
            form.plan(), request.form.get("seen", ""), actor(), now=now(), scope=scope(), once=once
        )
    except StateChanged:
        return _look(form, 409)
    return go(url_for("admin.batches.show", public_id=public_id))


@bp.get("/<public_id>", endpoint="show")
@needs(EDIT)
def watch(public_id: str) -> Response:
    """Show how far a batch is, and what became of each appointment; htmx asks for that again and again."""
    batch = batches.get(public_id)
    only(batch.site.id)
    lines = [(line, *line_text(line, batch)) for line in batches.lines(public_id)]
    return show(
        "admin/batches/show.html",
        "admin/batches/_outcome.html",
        batch=batch,
        hours=hours_text(batch.plan),
        stayed=[line for line in lines if line[0].state == "refused"],
        lines=[line for line in lines if line[0].state != "refused"],
        silent=batch.state == "waiting" and _silent(),
    )


@bp.post("/<public_id>/stop")
@needs(EDIT)
def stop(public_id: str) -> Response:
    """Leave the rest as it is."""
    only(batches.get(public_id).site.id)
    batches.stop(public_id, actor(), now=now())
    flash(_("Stopped: what is not done yet stays as it is."))
    return go(url_for("admin.batches.show", public_id=public_id))


def _silent() -> bool:
    """Tell whether no worker has been seen for a while."""
    seen = outbox.condition().worker_seen
    return seen is None or (real_now() - seen).total_seconds() > SILENT


def _places() -> dict[str, list[tuple[str, str]]]:
    """List what to choose from by site: all of it, then each planning, service, person, room and asset there."""
    places: dict[str, list[tuple[str, str]]] = {}
    for found in calendar_subjects.listing(scope()):
        site = found.site
        named_there = [
            *((place_of(site.key, PLANNING, one.item.key), named(one.item)) for one in found.plannings),
            *((place_of(site.key, SERVICE, one.item.key), named(one.item)) for one in found.services),
            *((place_of(site.key, RESOURCE, one.key), one.name) for one in found.resources),
        ]
        everything = (place_of(site.key), _("%(site)s: all appointments", site=site.name))
        choices = [everything, *((value, f"{site.name}, {name}") for value, name in named_there)]
        places.setdefault(site.name, []).extend(choices)
    return places


def _prefilled() -> dict[str, Any]:
    """Take from the address what another page knows: the site, what or who of it, and the day."""
    site = request.args.get("site", "")
    kind = next((name for name in (PLANNING, SERVICE, RESOURCE) if request.args.get(name)), PLANNING)
    where = place_of(site, kind, request.args.get(kind, ""))
    found: dict[str, Any] = {"where": where, "day": parse_day(request.args.get("day"))}
    return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of each fate, and how many get no mail of it."""

    total: int
    same_hour: int
    other_hour: int
    stay: int
    to_call: int


def _counts(found: Preview, plan: Plan) -> Counts:
    what = What.CANCELLED if plan.to is None else What.CHANGED
    same = sum(fate.same_hour for fate in found.fates)
    placed = sum(fate.start is not None for fate in found.fates)
    to_call = sum(not fate.card.tells(what) and fate.reason is None for fate in found.fates)
    return Counts(len(found.fates), same, placed - same, sum(fate.reason is not None for fate in found.fates), to_call)


def hours_text(plan: Plan) -> str:
    """Write the hours of a plan; nothing for the whole day."""
    if plan.since == 0 and plan.until == MINUTES_A_DAY:
        return ""
    return _("from %(first)s to before %(last)s", first=clock_time(plan.since), last=clock_time(plan.until))


def fate_text(fate: Fate, plan: Plan) -> tuple[str, str]:
    """Say what would become of an appointment, with its tone."""
    if plan.to is None:
        return _("is cancelled"), "bad"
    if fate.start is None:
        return _("stays: %(reason)s", reason=reason_text(str(fate.reason))), "wait"
    if fate.same_hour:
        return _("moves, same hour"), "ok"
    return _("moves to %(hour)s", hour=hour(fate.start, fate.card.zone)), "info"


def line_text(line: LineCard, batch: BatchCard) -> tuple[str, str]:
    """Say what became of an appointment, with its tone."""
    if line.state == "refused":
        return _refused(line), "bad"
    if batch.plan.to is None:
        return (_("Cancelled"), "ok") if line.state == "done" else (_("still to be cancelled"), "")
    if line.state == "done":
        return _("Moved to %(hour)s", hour=hour(line.start or line.card.start, batch.site.zone)), "ok"
    return _("still to be moved"), ""


def _refused(line: LineCard) -> str:
    if line.reason:
        return reason_text(line.reason)
    words = {
        "moved": _("Somebody has moved it meanwhile."),
        "cancelled": _("It was cancelled meanwhile."),
        "arrived": _("They have arrived meanwhile."),
        "completed": _("It is over."),
        "no_show": _("It is over."),
        "slot_taken": _("Full."),
    }
    return words.get(line.code) or _("It could not be changed.")
