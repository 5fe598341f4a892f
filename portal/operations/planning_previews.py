"""What a change of a planning would do at each of its sites, before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.openings import Schedule, Version
from portal.domain.preview import Capacity
from portal.domain.zones import local_day, zone
from portal.extensions import reading
from portal.models import Appointment, Pool, Site
from portal.operations import concerned, impacts
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.impacts import Affected, SiteChange, SiteImpact
from portal.operations.periods import monday_of
from portal.operations.place_cards import SiteCard
from portal.operations.planning_people import Lost, lost
from portal.operations.plannings import Exceptional, Plan, Sheet, sheet_of, site_cards
from portal.operations.transfer_plannings import plannings
from portal.operations.transfer_service_effects import of_plannings


def preview(
    sheet: Sheet | None, plan: Plan, sites: Sequence[SiteCard], *, now: datetime, week: date | None = None
) -> list[SiteImpact]:
    """Tell what a plan does at each site that it serves or served; ``sheet`` is None for a planning to be made.

    ``week`` is a date of the week that is drawn: by default the first in which the plan applies.
    """
    local = zone(plan.timezone)
    since = max(local_day(now, local), plan.target or date.min)
    old = sheet.schedule if sheet is not None else Schedule(local, ())
    with reading() as session:
        new = changed(old, plan)
        retired = sheet is not None and sheet.active and not plan.active
        changes = _changes(session, sheet, sites, () if retired else plan.sites, old, new)
        found = impacts.impacts(session, changes, now=now, since=since, week=monday_of(week or since))
        return _with_people(session, sheet, found, new if plan.active else None, now)


@dataclass(frozen=True, slots=True)
class Kept:
    """The appointments to come that keep their length when slots get another: all are counted, the first are named."""

    count: int
    named: Sequence[AppointmentCard]


def keeping(sheet: Sheet | None, plan: Plan, *, now: datetime) -> Kept:
    """Find the appointments that another length of the slots leaves as they are."""
    if sheet is None or plan.slot_minutes == sheet.schedule.slot_minutes:
        return Kept(0, ())
    with reading() as session:
        before = plannings(session, [sheet.key])[sheet.key]
        after = {**before, "slot_minutes": plan.slot_minutes}
        ids = [one.id for one in of_plannings(session, concerned.changed(plannings={sheet.key: after}), now)]
        first = listing().where(Appointment.id.in_(ids[: impacts.MOST_LISTED]))
        return Kept(len(ids), cards(session, first.order_by(Appointment.starts_at, Appointment.id)) if ids else ())


def preview_without(key: str, applies_from: date, *, now: datetime, week: date | None = None) -> list[SiteImpact]:
    """Tell what it does to drop the version of this date."""
    with reading() as session:
        sheet = sheet_of(session, key)
        kept = tuple(one for one in sheet.schedule.versions if one.applies_from != applies_from)
        after = replace(sheet.schedule, versions=kept)
        changes = _changes(session, sheet, site_cards(session, sheet.sites), sheet.sites, sheet.schedule, after)
        found = impacts.impacts(session, changes, now=now, since=applies_from, week=monday_of(week or applies_from))
        return _with_people(session, sheet, found, after, now)


@dataclass(frozen=True, slots=True)
class DayImpact:
    """What a change of exceptional days does: at each site, and to the places of each date that it touches."""

    sites: Sequence[SiteImpact]
    capacity: Mapping[date, Capacity]


def preview_days(key: str, *, now: datetime, put: Exceptional | None = None, drop: date | None = None) -> DayImpact:
    """Tell what it does to add or change an exceptional day, to drop one, or both when a day moves."""
    days = [day for day in (put.day if put else None, drop) if day is not None]
    with reading() as session:
        sheet = sheet_of(session, key)
        dates = {day: hours for day, hours in sheet.schedule.exceptions.items() if day != drop}
        if put is not None:
            dates[put.day] = put.openings
        after = replace(sheet.schedule, exceptions=dates)
        changes = _changes(session, sheet, site_cards(session, sheet.sites), sheet.sites, sheet.schedule, after)
        found = impacts.impacts(session, changes, now=now, since=min(days), week=monday_of(days[0]))
        found = _with_people(session, sheet, found, after, now)
    capacity = {day: impacts.capacity_of_day(sheet.schedule, after, day) for day in sorted(set(days))}
    return DayImpact(found, capacity)


def changed(schedule: Schedule, plan: Plan) -> Schedule:
    """Give the hours of a planning after a plan."""
    others = [one for one in schedule.versions if one.applies_from != plan.target]
    versions = sorted([*others, Version(plan.target, plan.week)], key=lambda one: one.applies_from or date.min)
    return Schedule(zone(plan.timezone), tuple(versions), schedule.exceptions, plan.slot_minutes, plan.step_minutes)


def _with_people(
    session: Session, sheet: Sheet | None, found: list[SiteImpact], after: Schedule | None, now: datetime
) -> list[SiteImpact]:
    """Add the appointments at these sites whose people, rooms or equipment have their hours from the planning."""
    gone = lost(session, sheet.key, after, now=now) if sheet is not None else {}
    return [_joined(impact, gone[impact.site.id]) if impact.site.id in gone else impact for impact in found]


def _joined(impact: SiteImpact, gone: Lost) -> SiteImpact:
    """Count each appointment once: one may take a place in the planning, and have somebody with its hours."""
    known = {one.appointment.id for one in impact.affected}
    more = [Affected(card, card.start) for card in gone.named if card.id not in known]
    twice = len(gone.named) - len(more)
    return replace(impact, outside=impact.outside + gone.count - twice, affected=(*impact.affected, *more))


def _changes(
    session: Session,
    sheet: Sheet | None,
    sites: Sequence[SiteCard],
    wanted: Sequence[str],
    old: Schedule,
    new: Schedule,
) -> list[SiteChange]:
    """Pair each site that is served, or was, with its hours before and after: none where it is not served."""
    pools = _pools(session, sheet.id) if sheet is not None else {}
    served = sheet.sites if sheet is not None else ()
    nothing = replace(new, versions=(), exceptions={})
    return [
        SiteChange(
            site,
            old if site.key in served else replace(nothing, slot_minutes=old.slot_minutes),
            new if site.key in wanted else nothing,
            *pools.get(site.id, (None, 0)),
        )
        for site in sites
        if site.key in served or site.key in wanted
    ]


def _pools(session: Session, planning_id: int) -> dict[int, tuple[int, int]]:
    rows = session.execute(
        select(Site.id, Pool.id, Pool.longest_minutes)
        .join(Site, Site.id == Pool.site_id)
        .where(Pool.planning_id == planning_id)
    )
    return {site_id: (pool_id, longest) for site_id, pool_id, longest in rows}
