"""``creneau explain``: every start of a day and why it is offered, or not, in words or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

import click
from flask.cli import with_appcontext
from flask_babel import force_locale, ngettext

from portal import i18n
from portal.clock import now
from portal.domain.errors import LinkExpired, LinkUnknown, NotFound
from portal.domain.slots import Start
from portal.domain.zones import at_wall_time
from portal.i18n import _
from portal.operations import explanations, organisation
from portal.operations.addresses import normal_address
from portal.operations.contenders import Contender
from portal.operations.explanations import Explanation, Person, Question
from portal.operations.place_cards import PlanningCard
from portal.terminal import Told, ready
from portal.web.explained import facts, hindrance_text, reasons_of


@click.command(short_help="Say why a start is offered, or not.")
@click.option("--site", help="Key of the site.")
@click.option("--planning", help="Key of the planning.")
@click.option("--service", help="Key of the service, instead of a planning.")
@click.option("--staff", multiple=True, metavar="KEY", help="Key of a person of the service; once for each of several.")
@click.option("--link", help="Booking link that asks, instead of a guest: its token, or the reference of its order.")
@click.option(
    "--day", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", required=True, help="Local date of the site."
)
@click.option(
    "--at", "clock", type=click.DateTime(["%H:%M"]), metavar="HH:MM", help="Only this local time, on the grid or not."
)
@click.option("--email", help="Address of who asks: adds who may book, and how often.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_appcontext
def explain(
    site: str | None,
    planning: str | None,
    service: str | None,
    staff: Sequence[str],
    link: str | None,
    day: datetime,
    clock: datetime | None,
    email: str | None,
    as_json: bool,
) -> None:
    """Say of every possible start of a day why it is offered, or why it is not.

    Needs --site and one of --planning and --service, or --link (and one of them, where several serve its order). Of a
    service, --at also says of everybody and everything that could serve what is in the way.
    """
    if planning and service:
        raise click.UsageError("Say --planning or --service, not both.")
    if link is None and not (site and (planning or service)):
        raise click.UsageError("Say where: --site, with --planning or --service; or --link.")
    ready()
    minute = clock.hour * 60 + clock.minute if clock else None
    address = normal_address(email) if email else None
    people = tuple(staff)
    question = Question(day.date(), site, planning, minute, link, email=address, service=service, people=people)
    found = _explained(question)
    with force_locale(organisation.locale()):
        if as_json:
            click.echo(json.dumps(_facts(found), ensure_ascii=False, indent=2))
        else:
            click.echo("\n".join(_sentences(found)))


def _explained(question: Question) -> Explanation:
    try:
        return explanations.explain(question, now=now())
    except LinkUnknown as error:
        raise Told(f"there is no booking link {question.link}, nor an order with one that can be used") from error
    except LinkExpired as error:
        raise Told("this booking link has expired") from error
    except NotFound as error:
        place = f"the link {question.link}" if question.link else f"a site {question.site}"
        what = f"service {question.service}" if question.service else f"planning {question.planning or ''}"
        raise Told(f"there is no {what} at {place}".replace("  ", " ")) from error


def _facts(found: Explanation) -> dict[str, Any]:
    bookable, question, window = found.bookable, found.question, found.binding.window
    planning = isinstance(bookable.item, PlanningCard)
    return {
        "site": bookable.site.key,
        "planning": bookable.item.key if planning else None,
        "service": None if planning else bookable.item.key,
        "staff": list(question.people),
        "day": question.day.isoformat(),
        "timezone": bookable.zone.key,
        "link": found.link.reference if found.link else None,
        "email": found.person.email if found.person else None,
        "earliest": i18n.rfc3339(window.earliest, bookable.zone) if window and window.earliest else None,
        "last_day": window.last_day.isoformat() if window else None,
        "person": _person(found.person),
        "starts": [_start(found, one, people) for one, people in _asked(found)],
        "candidates": [_contender(one) for one in found.contenders],
    }


def _start(found: Explanation, one: Start, people: Sequence[str]) -> dict[str, Any]:
    zone = found.bookable.zone
    told = zip(one.reasons, reasons_of(found, one), strict=True)
    return {
        "start": i18n.rfc3339(one.start, zone),
        "end": i18n.rfc3339(one.end, zone),
        "places": one.places,
        "offered": one.offered,
        "staff": list(people),
        "reasons": [{"code": reason.value, "text": text} for reason, text in told],
    }


def _contender(one: Contender) -> Mapping[str, Any]:
    return {
        "resource": one.card.key,
        "kind": one.card.kind,
        "optional": one.optional,
        "free": one.free,
        "why": [why.value for why in one.why],
        "absences": list(one.labels),
        "appointments": [taken.reference for taken in one.taken],
        "text": hindrance_text(one),
    }


def _person(person: Person | None) -> dict[str, Any] | None:
    if person is None:
        return None
    return {
        "eligible": person.barred is None,
        "pattern": person.pattern,
        "customer": person.customer,
        "appointments": {"day": person.count.on_day, "week": person.count.in_week},
    }


def _asked(found: Explanation) -> list[tuple[Start, Sequence[str]]]:
    """List the starts to tell of, each with the keys of those who could be given it."""
    if found.one is not None:
        return [(found.one, [card.key for card in found.its_people])]
    return [(one, [card.key for card in there]) for one, there in zip(found.starts, found.people, strict=True)]


def _sentences(found: Explanation) -> list[str]:
    bookable, day, closed = found.bookable, found.question.day, found.closed
    noon = at_wall_time(day, time(12), bookable.zone)
    where = f"{bookable.site.name}, {i18n.named(bookable.item)}"
    lines = [f"{where}: {i18n.day(day)}, {i18n.zone_label(bookable.zone, noon)}"]
    lines += [text for _name, text in facts(found)]
    if closed is not None and closed.label:
        lines.append(_("Closed on that day: %(label)s.", label=closed.label))
    starts = _asked(found)
    if not starts:
        lines.append(_("No hours on that day."))
    offsets = {i18n.offset(bookable.zone, one.start) for one, _people in starts}
    lines += [_sentence(found, one, people, with_offset=len(offsets) > 1) for one, people in starts]
    return [*lines, *(f"  {one.card.key}  {hindrance_text(one)}" for one in found.contenders)]


def _sentence(found: Explanation, start: Start, people: Sequence[str], *, with_offset: bool) -> str:
    """Say one start; on a day when the clock changes, with its distance from UTC."""
    zone = found.bookable.zone
    local, end = start.start.astimezone(zone), start.end.astimezone(zone)
    offset = f" {i18n.offset(zone, start.start)}" if with_offset else ""
    if start.offered:
        verdict = ngettext("Offered: %(num)s place left.", "Offered: %(num)s places left.", start.places)
    else:
        verdict = " ".join(reasons_of(found, start))
    named = f"  {', '.join(people)}" if people else ""
    return f"{local:%H:%M}-{end:%H:%M}{offset}  {verdict}{named}"
