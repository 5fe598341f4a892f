"""Sites as the staff edits them: where, how to be reached, the rules of booking there, and when it is closed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session

from portal.domain.durations import Duration
from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.domain.lifecycle import ACTIVE
from portal.domain.notices import Notices
from portal.domain.policy import Policy, check_policy
from portal.domain.zones import day_bounds, local_day, zone
from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Closure, Planning, Pool, Region, Site
from portal.operations import audit, keepsakes, place_cards
from portal.operations.actors import SYSTEM, Actor
from portal.operations.addresses import normal_address
from portal.operations.cards import AppointmentCard, cards, listing
from portal.operations.scopes import EVERYWHERE, Scope

HOLIDAYS = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,6})?", re.ASCII)
KIND = "site"  # in the audit log
MOST_LISTED = 30  # appointments named one by one; the others are counted
LONGEST_LABEL = 120
RULES = (
    *("min_notice", "business_days", "max_days", "change_notice", "undo"),
    *("who", "email_patterns", "max_per_day", "max_per_week"),
    *("validation", "answer_within", "hold", "confirm_by_mail"),
    *("earlier_slots", "waiting_list", "cooling_off", "reminders"),
)
"""The keys of the policy that pages edit; others are kept as they are."""


@dataclass(frozen=True, slots=True)
class Line:
    """A site in the list of all: its plannings, the appointments of the seven days to come, its next closure."""

    key: str
    name: str
    address: str
    timezone: str
    active: bool
    reminders: tuple[Duration, ...]
    plannings: tuple[str, ...]
    booked: int
    next_closure: ClosureLine | None


@dataclass(frozen=True, slots=True)
class ClosureLine:
    """Local dates, both included, on which a site receives nobody."""

    id: int
    first: date
    last: date
    label: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A site as its page shows it; ``policy`` holds its own rules, ``rules`` all of them with the defaults."""

    id: int
    key: str
    name: str
    address: str
    timezone: str
    region: str | None  # its key
    email: str | None
    phone: str | None
    latitude: float | None
    longitude: float | None
    holidays: str | None
    active: bool
    revision: str
    policy: Mapping[str, Any]
    notices: Notices
    closures: tuple[ClosureLine, ...]

    @property
    def rules(self) -> Policy:
        """The rules of booking here."""
        return Policy.of(self.policy)

    def today(self, now: datetime) -> date:
        """Give the site's date."""
        return local_day(now, zone(self.timezone))

    def closure(self, number: int) -> ClosureLine | None:
        """Find one of its closures."""
        return next((one for one in self.closures if one.id == number), None)


@dataclass(frozen=True, slots=True)
class Plan:
    """A site as it is to be; the rules of booking are saved apart (``save_rules``)."""

    name: str
    timezone: str
    address: str = ""
    email: str | None = None
    phone: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    holidays: str | None = None
    active: bool = True
    region: str | None = None  # its key


def overview(*, now: datetime, scope: Scope = EVERYWHERE) -> list[Line]:
    """List the sites by name, in a fixed number of statements."""
    query = select(Site.__table__).where(scope.limits(Site.id)).order_by(Site.name, Site.id)
    with reading() as session:
        rows = session.execute(query).all()
        serving = _serving(session)
        booked = _booked(session, now)
        closures = _closures_to_come(session, now)
    return [
        Line(
            key=row.key,
            name=row.name,
            address=row.address,
            timezone=row.timezone,
            active=row.active,
            reminders=Policy.of(row.policy).reminders,
            plannings=tuple(serving.get(row.id, ())),
            booked=booked.get(row.id, 0),
            next_closure=closures.get(row.id),
        )
        for row in rows
    ]


def _serving(session: Session) -> dict[int, list[str]]:
    query = (
        select(Site.id, Planning.name)
        .select_from(Pool)
        .join(Site, Site.id == Pool.site_id)
        .join(Planning, Planning.id == Pool.planning_id)
        .where(Pool.active, Planning.active)
        .order_by(Planning.name)
    )
    found: dict[int, list[str]] = {}
    for site_id, name in session.execute(query):
        found.setdefault(site_id, []).append(name)
    return found


def _booked(session: Session, now: datetime) -> dict[int, int]:
    coming = and_(
        Appointment.status.in_(ACTIVE), Appointment.starts_at >= now, Appointment.starts_at < now + timedelta(days=7)
    )
    query = select(Appointment.site_id, func.count().label("booked")).where(coming).group_by(Appointment.site_id)
    return {row.site_id: row.booked for row in session.execute(query)}


def _closures_to_come(session: Session, now: datetime) -> dict[int, ClosureLine]:
    query = (
        select(Closure.site_id, Closure.id, Closure.first_day, Closure.last_day, Closure.label)
        .where(Closure.last_day >= now.date())
        .order_by(Closure.first_day.desc())
    )
    return {row.site_id: ClosureLine(row.id, row.first_day, row.last_day, row.label) for row in session.execute(query)}


def read(key: str) -> Sheet:
    """Read a site. Raises NotFound."""
    with reading() as session:
        return _sheet(session, key)


def _sheet(session: Session, key: str) -> Sheet:
    row = session.execute(select(Site.__table__).where(Site.key == key)).first()
    if row is None:
        raise NotFound
    closed = session.execute(
        select(Closure.id, Closure.first_day, Closure.last_day, Closure.label)
        .where(Closure.site_id == row.id)
        .order_by(Closure.first_day, Closure.id)
    )
    return Sheet(
        id=row.id,
        key=row.key,
        name=row.name,
        address=row.address,
        timezone=row.timezone,
        region=_region_key(session, row.region_id),
        email=row.email,
        phone=row.phone,
        latitude=row.latitude,
        longitude=row.longitude,
        holidays=row.holidays,
        active=row.active,
        revision=row.revision,
        policy=row.policy,
        notices=Notices.of(row.notices),
        closures=tuple(ClosureLine(*line) for line in closed),
    )


@dataclass(frozen=True, slots=True)
class ClosureImpact:
    """The appointments that fall on a closure: all are counted, the first are named."""

    count: int
    appointments: Sequence[AppointmentCard]


def preview_closure(key: str, first: date, last: date, *, now: datetime) -> ClosureImpact:
    """Tell who is expected on the dates that a site is to be closed. Raises NotFound, Invalid."""
    _check_dates(first, last)
    with reading() as session:
        sheet = _sheet(session, key)
        since, until = day_bounds(first, zone(sheet.timezone))[0], day_bounds(last, zone(sheet.timezone))[1]
        expected = and_(
            Appointment.site_id == sheet.id,
            Appointment.status.in_(ACTIVE),
            Appointment.starts_at < until,
            Appointment.ends_at > max(since, now),
        )
        count = session.scalar(select(func.count()).where(expected)) or 0
        query = listing().where(expected).order_by(Appointment.starts_at, Appointment.id).limit(MOST_LISTED)
        return ClosureImpact(count, cards(session, query) if count else [])


# Saving


@retried
def create(key: str, plan: Plan, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make a site. Raises Invalid."""
    values = _values(plan)
    with transaction() as session:
        if session.scalar(select(Site.id).where(Site.key == key)) is not None:
            raise Invalid(field="key", problem="exists", value=key)
        region_id = _region_id(session, plan.region)
        site = Site(key=key, revision=keepsakes.new_revision(), policy={}, region_id=region_id, **values)
        session.add(site)
        session.flush()
        told: dict[str, Any] = {"label": plan.name, "site_id": site.id, "after": {**values, "region": plan.region}}
        audit.record(session, by, "created", KIND, key, now, **told)


@retried
def save(key: str, revision: str, plan: Plan, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Write a site. Raises NotFound, StateChanged when somebody else saved it meanwhile, Invalid."""
    values = _values(plan)
    with transaction() as session:
        site_id = _claim(session, key, revision)
        saved = session.execute(select(Site.__table__).where(Site.id == site_id)).one()._mapping
        region_id = _region_id(session, plan.region)
        session.execute(update(Site).where(Site.id == site_id).values(region_id=region_id, **values))
        before = {**{name: saved[name] for name in values}, "region": _region_key(session, saved["region_id"])}
        _record_change(session, by, key, plan.name, site_id, now, before, {**values, "region": plan.region})


def _region_id(session: Session, key: str | None) -> int | None:
    """Find a region, which is not deleted until the transaction ends. Raises Invalid."""
    if key is None:
        return None
    found: int | None = session.scalar(select(Region.id).where(Region.key == key).with_for_update(read=True))
    if found is None:
        raise Invalid(field="region", problem="unknown", value=key)
    return found


def _region_key(session: Session, region_id: int | None) -> str | None:
    return session.scalar(select(Region.key).where(Region.id == region_id)) if region_id is not None else None


@retried
def save_rules(key: str, revision: str, rules: Mapping[str, Any], *, now: datetime, by: Actor = SYSTEM) -> None:
    """Write the rules of booking at a site: those of ``RULES``, as the configuration file writes them.

    Raises NotFound, StateChanged when somebody else saved it meanwhile, Invalid.
    """
    check_policy(dict(rules))
    with transaction() as session:
        site_id = _claim(session, key, revision)
        saved = session.execute(select(Site.name, Site.policy).where(Site.id == site_id)).one()
        policy = _merged(saved.policy, rules)
        session.execute(update(Site).where(Site.id == site_id).values(policy=policy))
        _record_change(session, by, key, saved.name, site_id, now, saved.policy, policy)


@retried
def save_notices(key: str, revision: str, notices: Notices, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Write whom a site tells of what. Raises NotFound, StateChanged when somebody else saved it meanwhile."""
    with transaction() as session:
        site_id = _claim(session, key, revision)
        saved = session.execute(select(Site.name, Site.notices).where(Site.id == site_id)).one()
        session.execute(update(Site).where(Site.id == site_id).values(notices=notices.kept))
        before, after = Notices.of(saved.notices).told, notices.told
        _record_change(session, by, key, saved.name, site_id, now, before, after)


def _record_change(
    session: Session,
    by: Actor,
    key: str,
    label: str,
    site_id: int,
    now: datetime,
    saved: Mapping[str, Any],
    values: Mapping[str, Any],
) -> None:
    """Write down what differs, if anything does."""
    before, after = audit.differences(saved, values)
    if before or after:
        audit.record(session, by, "changed", KIND, key, now, label=label, site_id=site_id, before=before, after=after)


@retried
def close(key: str, first: date, last: date, label: str = "", *, now: datetime, by: Actor = SYSTEM) -> None:
    """Close a site on these local dates, both included. Nothing is cancelled by itself. Raises NotFound, Invalid."""
    _check_dates(first, last)
    with transaction() as session:
        site_id = _claim(session, key)
        closure = ClosureLine(0, first, last, label.strip()[:LONGEST_LABEL])
        session.add(Closure(site_id=site_id, first_day=first, last_day=last, label=closure.label))
        _record_days(session, by, "closed", key, now, closure)


@retried
def reopen(key: str, closure: int, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Delete a closure. Raises NotFound."""
    gone = (Closure.id, Closure.first_day, Closure.last_day, Closure.label)
    with transaction() as session:
        site_id = _claim(session, key)
        query = delete(Closure).where(Closure.site_id == site_id, Closure.id == closure).returning(*gone)
        if (row := session.execute(query).first()) is None:
            raise NotFound
        _record_days(session, by, "reopened", key, now, ClosureLine(*row))


def _record_days(session: Session, by: Actor, action: str, key: str, now: datetime, days: ClosureLine) -> None:
    """Write down that a site was closed on some days, or opened again."""
    site = session.execute(select(Site.id, Site.name).where(Site.key == key)).one()
    said = {"first": days.first.isoformat(), "last": days.last.isoformat(), "label": days.label}
    told = {"before": said} if action == "reopened" else {"after": said}
    audit.record(session, by, action, KIND, key, now, label=site.name, site_id=site.id, **told)


def _claim(session: Session, key: str, revision: str | None = None) -> int:
    """Write the site's own row first: bookings wait here, and a page that is out of date goes no further."""
    mine = Site.key == key if revision is None else and_(Site.key == key, Site.revision == revision)
    query = update(Site).where(mine).values(revision=keepsakes.new_revision()).returning(Site.id)
    claimed: int | None = session.scalar(query)
    if claimed is None:
        if session.scalar(select(Site.id).where(Site.key == key)) is None:
            raise NotFound
        raise StateChanged(revision=revision)
    return claimed


def check(plan: Plan) -> None:
    """Accept a plan that can be saved. Raises Invalid naming the first wrong field."""
    _values(plan)


def _values(plan: Plan) -> dict[str, Any]:
    """Check a plan and give the columns that it fills. Raises Invalid naming the first wrong field."""
    if not plan.name.strip():
        raise Invalid(field="name", problem="required")
    zone(plan.timezone)
    _check_holidays(plan.holidays)
    if (plan.latitude is None) != (plan.longitude is None):
        raise Invalid(field="longitude" if plan.longitude is None else "latitude", problem="required")
    return {
        "name": plan.name.strip(),
        "address": plan.address.strip(),
        "timezone": plan.timezone,
        "email": normal_address(plan.email) if plan.email else None,
        "phone": plan.phone or None,
        "latitude": plan.latitude,
        "longitude": plan.longitude,
        "holidays": plan.holidays or None,
        "active": plan.active,
    }


def _merged(policy: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """Put new rules over a site's own; one that says what the default says needs not be kept."""
    kept = {name: value for name, value in policy.items() if name not in rules}
    defaults = Policy()
    changed = {name: value for name, value in rules.items() if _means(name, value) != getattr(defaults, name)}
    return {**kept, **{name: _told_apart(value, getattr(defaults, name)) for name, value in changed.items()}}


def _told_apart(value: Any, default: Any) -> Any:
    """Keep of a rule of several parts those that differ from the default."""
    if not isinstance(value, Mapping):
        return value
    return {name: part for name, part in value.items() if part != getattr(default, name)}


def _means(name: str, value: object) -> Any:
    return getattr(Policy.of({name: value}), name)


def _check_holidays(name: str | None) -> None:
    if not name:
        return
    try:
        if not HOLIDAYS.fullmatch(name):
            raise ValueError(name)
        place_cards.holiday_calendar(name)
    except (NotImplementedError, ValueError) as error:
        raise Invalid(field="holidays", problem="unknown_calendar", value=name) from error


def _check_dates(first: date, last: date) -> None:
    if last < first:
        raise Invalid(field="last", problem="bounds", value=last)
