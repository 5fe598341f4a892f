"""Facts of plannings and appointments in a few words, for pages of the staff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from flask_babel import ngettext

from portal.domain.openings import Closed, Opening, Why
from portal.i18n import _, day, sentence
from portal.i18n import weekday as weekday_name
from portal.operations.place_cards import SiteCard
from portal.operations.plannings import Plan, Sheet
from portal.operations.sites import ClosureLine


def hours_text(openings: Iterable[Opening], names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Write hours with their slots: "08:00–12:00 × 6, 14:00–18:00 × 4 (Valuation)".

    ``names`` are those of services, by key: a service without one is called by its key.
    """
    written = [f"{str(one).replace('-', '–')}\u00a0×\u00a0{one.slots}{_reserved(one, names)}" for one in openings]
    return ", ".join(written) or _("closed")


def _reserved(opening: Opening, names: Mapping[str, str]) -> str:
    return f" ({reserved_text(opening.services, names)})" if opening.services else ""


def reserved_text(services: Iterable[str], names: Mapping[str, str]) -> str:
    """Name the services that hours are reserved to."""
    return ", ".join(names.get(key, key) for key in services)


def slots_label(slot_minutes: int) -> str:
    """Name what the number of slots means: for slots of an hour people count per hour."""
    return _("Slots per hour") if slot_minutes == 60 else _("At the same time")


def possible_text(number: int) -> str:
    """Count the appointments possible."""
    return str(ngettext("%(num)s possible", "%(num)s possible", number))


def kinds_text(kinds: Iterable[str], guests: bool) -> str:
    """Say who may book a planning."""
    names = {"customer": _("customers"), "supplier": _("suppliers")}
    listed = [names[kind] for kind in kinds] + ([_("guests")] if guests else [])
    return ", ".join(listed) or _("staff only")


def closed_text(closed: Closed) -> str:
    """Say why nothing opens on a date."""
    label = f" ({closed.label})" if closed.label else ""
    return {
        Why.CLOSURE: _("The site is closed%(label)s.", label=label),
        Why.HOLIDAY: _("Public holiday%(label)s.", label=label),
        Why.EXCEPTIONAL: _("Exceptional day: closed."),
        Why.WEEK: _("Closed on this day of the week."),
    }[closed.why]


def closure_text(closure: ClosureLine) -> str:
    """Name the days of a closure: "jeudi 24 décembre 2026 (Inventaire)"."""
    first, last = day(closure.first), day(closure.last)
    days = first if closure.first == closure.last else _("%(first)s to %(last)s", first=first, last=last)
    return sentence(f"{days} ({closure.label})" if closure.label else days)


def differences(sheet: Sheet, plan: Plan, sites: Sequence[SiteCard]) -> list[str]:
    """Say where a planning as it is saved now differs from what somebody typed."""
    pairs = [
        (_("Name"), sheet.name, plan.name),
        (_("Time zone"), sheet.timezone, plan.timezone),
        (_("Sites"), _names(sheet.sites, sites), _names(plan.sites, sites)),
        (_("Open to"), kinds_text(sheet.kinds, sheet.guests), kinds_text(plan.kinds, plan.guests)),
        (_("Length of a slot (minutes)"), str(sheet.schedule.slot_minutes), str(plan.slot_minutes)),
        (_("A start every (minutes)"), str(sheet.schedule.step_minutes), str(plan.step_minutes)),
        *_days(sheet, plan),
    ]
    return [
        _("%(what)s: saved is “%(saved)s”, yours is “%(yours)s”.", what=what, saved=saved, yours=yours)
        for what, saved, yours in pairs
        if saved != yours
    ]


def _names(keys: Iterable[str], sites: Sequence[SiteCard]) -> str:
    known = {site.key: site.name for site in sites}
    return ", ".join(sorted(known.get(key, key) for key in keys))


def _days(sheet: Sheet, plan: Plan) -> list[tuple[str, str, str]]:
    version = sheet.version(plan.target)
    if version is None:
        return []
    named = "" if plan.target is None else f" ({day(plan.target)})"
    return [
        (
            sentence(weekday_name(number)) + named,
            hours_text(version.week.get(number, ())),
            hours_text(plan.week.get(number, ())),
        )
        for number in range(1, 8)
    ]
