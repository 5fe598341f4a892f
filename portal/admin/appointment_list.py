"""All appointments: searched, filtered, sorted, a page at a time; and the same ones as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import lazy_gettext as _l

from portal.admin.appointments import can
from portal.admin.filters import LONGEST
from portal.admin.guard import scope
from portal.admin.paging import page_number
from portal.clock import now
from portal.domain.fields import said
from portal.domain.lifecycle import Status
from portal.domain.zones import parse_day
from portal.i18n import _, current_locale, named
from portal.operations import appointment_search, organisation, served_choices
from portal.operations.appointment_search import SORTS, Wanted
from portal.operations.assignments import Assigned
from portal.operations.cards import AppointmentCard
from portal.web.exports import Row, table_response
from portal.web.responses import page

bp = Blueprint("appointment_list", __name__, url_prefix="/appointments")
NARROWING = ("site", "planning", "service", "staff", "status", "source")
FILTERS = ("q", "from", "to", *NARROWING, "sort")
STATUSES = {
    Status.REQUESTED: _l("To be approved"),
    Status.CONFIRMED: _l("Confirmed"),
    Status.ARRIVED: _l("Arrived"),
    Status.COMPLETED: _l("Completed"),
    Status.NO_SHOW: _l("Did not come"),
    Status.CANCELLED: _l("Cancelled"),
    Status.DECLINED: _l("Declined"),
    Status.EXPIRED: _l("Expired"),
    Status.HELD: _l("Held"),
}
SOURCES = {
    "link": _l("The customer, by a link"),
    "guest": _l("The customer, without a link"),
    "staff": _l("The staff"),
    "api": _l("A program"),
}
EXPORTS = (("CSV", "csv"), ("Excel", "xlsx"))
COLUMNS = (
    ("start", _l("When")),
    ("name", _l("Who")),
    ("order", _l("Order")),
    ("place", _l("Where")),
    ("status", _l("Status")),
    ("booked", _l("Booked")),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A head of the table: a link that sorts by it; ``sorted`` is "ascending", "descending" or nothing."""

    name: str
    text: Any
    url: str
    sorted: str


@bp.get("/")
def index() -> Response:
    """List appointments by the filters in the address; without any, those from today on."""
    asked, at = _asked(), now()
    wanted = _wanted(asked)
    found = appointment_search.search(wanted, scope=scope(), page=page_number())
    served = served_choices.choices(scope=scope())
    return page(
        "admin/appointment_list/index.html",
        found=found,
        lines=[(card, can(card, at), not card.active(at)) for card in found.appointments],
        asked=asked,
        columns=_columns(asked, wanted),
        sorted_by=_sorted_by(wanted),
        choices=appointment_search.choices(scope=scope()),
        services=[(key, said(names, current_locale())) for key, names in served.services],
        people=served.people,
        with_whom={number: people_text(assigned) for number, assigned in found.having.items()},
        statuses=STATUSES.items(),
        sources=SOURCES.items(),
        sorts=_sorts(),
        filtered=any(name in request.args for name in FILTERS),
        narrowed=sum(bool(asked[name]) for name in NARROWING),
        page_url=lambda number: _url(asked, page=number),
        exports=[(text, _url(asked, "admin.appointment_list.export", format=form)) for text, form in EXPORTS],
    )


@bp.get("/export/<any(csv, xlsx):format>")
def export(format: str) -> Response:  # noqa: A002 - the name in the address
    """Send the appointments of the same address as a file, all pages of them."""
    wanted = _wanted(_asked())
    questions = _questions(wanted)
    found = appointment_search.every(wanted, scope=scope())
    return table_response(_("appointments"), [*_heads(), *questions.values()], _rows(found, questions), format)


def people_text(assigned: Iterable[Assigned]) -> str:
    """Name the people who serve an appointment."""
    return ", ".join(one.name for one in assigned if one.staff)


def things_text(assigned: Iterable[Assigned]) -> str:
    """Name the rooms and the equipment of an appointment."""
    return ", ".join(one.name for one in assigned if not one.staff)


def _questions(wanted: Wanted) -> dict[str, str]:
    """List what the plannings ask, or once asked, by key: a column each. Plannings that share a key share it."""
    locale = current_locale()
    asked = appointment_search.questions(wanted, scope=scope())
    return {one.key: said(one.label, locale) for one in asked}


def _heads() -> list[str]:
    return [
        *(_("Reference"), _("Status"), _("Start"), _("End"), _("Time zone"), _("Site"), _("Planning")),
        *(_("Service"), _("People"), _("Rooms and equipment"), _("Order")),
        *(_("Goods"), _("Places"), _("Name"), _("E-mail"), _("Telephone"), _("Message")),
        *(_("Booked by"), _("Booked on"), _("Changed on"), _("Reason for overbooking")),
    ]


def _rows(found: Iterable[tuple[AppointmentCard, Sequence[Assigned]]], questions: Iterable[str]) -> Iterator[Row]:
    locale = current_locale()
    for card, assigned in found:
        start, end, made, changed = (
            moment.astimezone(card.zone) for moment in (card.start, card.end, card.created_at, card.updated_at)
        )
        name, served = named(card.item), card.service_id is not None
        what = ("", name, people_text(assigned), things_text(assigned)) if served else (name, "", "", "")
        answers = {answer.key: answer.text for answer in card.answers(locale)}
        yield [
            *(card.reference, str(STATUSES[card.status]), start, end, card.zone.key, card.site.name, *what),
            *(card.order, card.order_units, card.units, card.name, card.email, card.phone, card.comment),
            *(str(SOURCES.get(card.source, card.source)), made, changed, card.overbook_reason),
            *(answers.get(key) for key in questions),
        ]


def _asked() -> dict[str, str]:
    """Read the filters; one that is empty says "any", one that is not there takes its default."""
    given = {name: request.args[name].strip().replace("\0", "")[:LONGEST] for name in FILTERS if name in request.args}
    return {**dict.fromkeys(FILTERS, ""), "from": organisation.today(now()).isoformat(), **given}


def _wanted(asked: Mapping[str, str]) -> Wanted:
    """Read what is asked for; an unknown value filters nothing."""
    sort, _dot, direction = asked["sort"].partition(".")
    return Wanted(
        text=asked["q"],
        site=asked["site"] or None,
        planning=asked["planning"] or None,
        service=asked["service"] or None,
        staff=asked["staff"] or None,
        status=Status(asked["status"]) if asked["status"] in set(Status) else None,
        source=asked["source"] if asked["source"] in SOURCES else None,
        first=parse_day(asked["from"]),
        last=parse_day(asked["to"]),
        sort=sort if sort in SORTS else "start",
        descending=direction == "down",
    )


def _sorted_by(wanted: Wanted) -> str:
    return f"{wanted.sort}.{'down' if wanted.descending else 'up'}"


def _sorts() -> list[tuple[str, str]]:
    """List every order for the form: a phone shows no heads to press."""
    return [
        choice
        for name, text in COLUMNS
        for choice in (
            (f"{name}.up", _("%(column)s, ascending", column=text)),
            (f"{name}.down", _("%(column)s, descending", column=text)),
        )
    ]


def _columns(asked: Mapping[str, str], wanted: Wanted) -> list[Column]:
    """Give the heads: pressing the one that sorts already turns the order round."""
    columns = []
    for name, text in COLUMNS:
        sorts = wanted.sort == name
        turned = "down" if sorts and not wanted.descending else "up"
        direction = ("descending" if wanted.descending else "ascending") if sorts else ""
        columns.append(Column(name, text, _url(asked, sort=f"{name}.{turned}"), direction))
    return columns


def _url(asked: Mapping[str, str], endpoint: str = "admin.appointment_list.index", **changed: Any) -> str:
    """Give the address of the same list with something changed; ``from`` stays even when empty: that means any."""
    kept = {name: value for name, value in {**asked, **changed}.items() if value or name == "from"}
    return url_for(endpoint, **kept)
