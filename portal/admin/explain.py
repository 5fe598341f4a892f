"""Why a slot is not offered: every start of a day with its reasons, for a guest, a person, a booking link, or staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal.admin.explain_views import told
from portal.admin.guard import scope
from portal.admin.week import minute_of
from portal.clock import now
from portal.domain.errors import Invalid, LinkUnknown, NotFound
from portal.domain.zones import DAY, local_day, parse_day
from portal.i18n import _, named
from portal.operations import explanations, resource_list
from portal.operations.addresses import normal_address
from portal.operations.bookables import Bookable
from portal.operations.explanations import Explanation, Question
from portal.operations.place_cards import PlanningCard
from portal.operations.resource_list import Named
from portal.web.responses import go, page
from portal.web.texts import explain

bp = Blueprint("explain", __name__)
ASKED = ("site", "planning", "service", "staff", "order", "link", "email", "day", "at", "rules")
LONGEST = 254  # characters of what is asked
SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be explained."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """What can be explained of a kind."""

    title: str
    choices: Sequence[Choice]


@bp.get("/explain")
def day() -> Response:
    """List every candidate start of a day, and why it is not offered."""
    asked = {name: request.args.get(name, "").strip()[:LONGEST] for name in ASKED}
    if place := request.args.get("place"):  # the one choice of the form, as values that can be shared and read
        return go(_url({**asked, **_placed(place)}))
    places = explanations.places(scope())
    bookable = _chosen(places, asked)
    if bookable is None:
        return page("admin/explain.html", bookable=None)
    try:
        found = _explained(asked, bookable)
    except (Invalid, LinkUnknown) as refusal:
        return _shown(places, bookable, asked, 422, found=None, wrong=_wrong(refusal))
    return _shown(places, found.bookable, asked, found=found, **_values(found, asked))


def _shown(
    places: Sequence[Bookable], bookable: Bookable, asked: Mapping[str, str], status: int = 200, **values: Any
) -> Response:
    """Show the form with what can be chosen, and what was found."""
    return page(
        "admin/explain.html",
        status,
        bookable=bookable,
        service=not isinstance(bookable.item, PlanningCard),
        groups=_groups(places),
        chosen=place_of(bookable),
        people=_people(bookable),
        asked=asked,
        **values,
    )


def _groups(places: Sequence[Bookable]) -> list[Group]:
    """Part what can be chosen into plannings and services, each by its name."""
    choices = [(isinstance(one.item, PlanningCard), _choice(one)) for one in places]
    kinds = ((_("Plannings"), True), (_("Services"), False))
    groups = [Group(title, [choice for one, choice in choices if one is planning]) for title, planning in kinds]
    return [group for group in groups if group.choices]


def _choice(one: Bookable) -> Choice:
    return Choice(place_of(one), f"{named(one.item)}, {one.site.name}")


def _placed(place: str) -> dict[str, str]:
    """Read what the form chose: "bordeaux/quais", or "bordeaux/service/evaluation"."""
    site, _slash, what = place.partition("/")
    if what.startswith(f"{SERVICE}/"):
        return {"site": site, "planning": "", "service": what.removeprefix(f"{SERVICE}/")}
    return {"site": site, "planning": what, "service": ""}


def place_of(bookable: Bookable) -> str:
    """Write something that can be booked as the form chooses it."""
    what = "" if isinstance(bookable.item, PlanningCard) else f"{SERVICE}/"
    return f"{bookable.site.key}/{what}{bookable.item.key}"


def _named(bookable: Bookable) -> dict[str, str]:
    """Name something that can be booked as the address does."""
    return _placed(place_of(bookable))


def _chosen(places: Sequence[Bookable], asked: Mapping[str, str]) -> Bookable | None:
    """Find what the address names, or the first there is. Raises NotFound for a name that is none."""
    wanted = {name: asked[name] for name in ("site", "planning", "service") if asked[name]}
    fitting = [one for one in places if wanted.items() <= _named(one).items()]
    if not fitting and wanted:
        raise NotFound
    return fitting[0] if fitting else None


def _people(bookable: Bookable) -> Sequence[Named]:
    """List the people at the site of a service, to choose from."""
    if isinstance(bookable.item, PlanningCard):
        return ()
    return resource_list.listed(kind="staff", site=bookable.site.key)


def _explained(asked: Mapping[str, str], bookable: Bookable) -> Explanation:
    """Explain what is asked.

    Raises Invalid for an address that is none and for a person who cannot serve, LinkUnknown for an order that has no
    link.
    """
    question = _about(
        Question(
            day=parse_day(asked["day"]) or local_day(now(), bookable.zone),
            minute=minute_of(asked["at"]),
            link=asked["order"] or None,
            number=int(asked["link"]) if asked["link"].isdecimal() else None,
            email=normal_address(asked["email"]) if asked["email"] else None,
            staff=asked["rules"] == "staff",
            people=(asked["staff"],) if asked["staff"] else (),
        ),
        bookable,
    )
    return _of_order(question, bookable) if question.link is not None else explanations.explain(question, now=now())


def _about(question: Question, bookable: Bookable) -> Question:
    """Ask about something that can be booked."""
    where = _named(bookable)
    people = question.people if where["service"] else ()
    planning, service = where["planning"] or None, where["service"] or None
    return replace(question, site=where["site"], planning=planning, service=service, people=people)


def _of_order(question: Question, bookable: Bookable) -> Explanation:
    """Explain a link of an order: in what is named, else in the first that serves the order.

    Raises LinkUnknown, also for an order of others' sites, and for one that nothing serves.
    """
    serving = [one for one in explanations.serving(question, now=now()) if scope().sees(one.site.id)]
    if not serving:
        raise LinkUnknown
    chosen = next((one for one in serving if one.pool_id == bookable.pool_id), serving[0])
    return explanations.explain(_about(question, chosen), now=now())


def _wrong(refusal: Invalid | LinkUnknown) -> tuple[str, str]:
    """Name the field that cannot be answered, and say why."""
    if isinstance(refusal, LinkUnknown):
        return "order", _("No order with this reference has a booking link that can be used.")
    if refusal.values.get("problem") == "unknown_resource":
        return "staff", _("This person cannot be chosen for this service.")
    return "email", explain(refusal)


def _values(found: Explanation, asked: Mapping[str, str]) -> dict[str, Any]:
    wanted, where = found.question.day, _named(found.bookable)
    return {
        **told(found, scope()),
        "before": _url({**asked, **where, "day": (wanted - DAY).isoformat()}),
        "after": _url({**asked, **where, "day": (wanted + DAY).isoformat()}),
    }


def _url(asked: Mapping[str, str]) -> str:
    """Give the address of this page for what is asked, without what is not."""
    given: dict[str, Any] = {name: value or None for name, value in asked.items()}
    return url_for("admin.explain.day", **given)
