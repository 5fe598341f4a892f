"""What can be booked at a site, a planning or a service, with all that judging a slot needs.

Hours are read from the tables once per revision: every edit of a site or a planning gives it a new random revision, so
what is kept here under a revision can never be stale, in any process, on any database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from portal.domain import fields
from portal.domain.errors import NotFound
from portal.domain.fields import Question, Words, said
from portal.domain.notices import Notices
from portal.domain.openings import Closure, Opening, Schedule, SiteCalendar, Version, Week, no_holiday
from portal.domain.policy import Policy
from portal.domain.zones import zone
from portal.models import (
    Closure as ClosureRow,
)
from portal.models import (
    ExceptionalDay,
    ExceptionalOpening,
    Planning,
    PlanningVersion,
    Pool,
    Service,
    Site,
    WeeklyOpening,
)
from portal.operations.keepsakes import kept
from portal.operations.service_cards import ServiceCard, service_card


@dataclass(frozen=True, slots=True, eq=False)
class SiteCard:
    """What a page, a mail or a rule needs of a site."""

    id: int
    revision: str
    key: str
    name: str
    address: str
    email: str | None
    phone: str | None
    latitude: float | None
    longitude: float | None
    policy: Mapping[str, Any]
    notices: Notices
    calendar: SiteCalendar

    @property
    def zone(self) -> ZoneInfo:
        """The site's own zone, in which its pages speak."""
        return self.calendar.zone


@dataclass(frozen=True, slots=True, eq=False)
class PlanningCard:
    """What a page or a rule needs of a planning."""

    id: int
    revision: str
    key: str
    name: str
    kinds: tuple[str, ...]
    guests: bool
    policy: Mapping[str, Any]
    schedule: Schedule
    questions: tuple[Question, ...]  # asked of who books, in order
    ever_asked: tuple[Question, ...]  # also those that are asked no more: the words of answers once given

    @property
    def minutes(self) -> int:
        """How long an appointment takes."""
        return self.schedule.slot_minutes

    def named(self, _locale: str) -> str:
        """Give its name, which is the same in every language."""
        return self.name


Item = PlanningCard | ServiceCard
"""What is booked."""


@dataclass(frozen=True, slots=True)
class Called:
    """What is booked, where no more is known of it than its name: one for all languages, or texts by language."""

    name: str | None
    names: Words | None

    def named(self, locale: str) -> str:
        """Give its name in a language."""
        return self.name or said(self.names or {}, locale)


@dataclass(frozen=True, slots=True, eq=False)
class Bookable:
    """A planning or a service at a site, with its pool. ``longest`` is in minutes, of any allocation it ever had.

    ``beside`` is the planning at the site in which a service takes a place, too.
    """

    pool_id: int
    longest: int
    site: SiteCard
    item: Item
    policy: Policy
    beside: Bookable | None = None

    @property
    def planning(self) -> PlanningCard:
        """The planning that is booked itself. Raises NotFound for a service: what asks this is about plannings only."""
        if not isinstance(self.item, PlanningCard):
            raise NotFound
        return self.item

    @property
    def service(self) -> ServiceCard:
        """The service that is booked. Raises NotFound for a planning."""
        if not isinstance(self.item, ServiceCard):
            raise NotFound
        return self.item

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its pages: the site's."""
        return self.site.zone


COLUMNS = (
    Pool.id.label("pool_id"),
    Pool.longest_minutes,
    Site.id.label("site_id"),
    Site.revision.label("site_revision"),
    Planning.id.label("planning_id"),
    Planning.revision.label("planning_revision"),
)


def joined(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Select pools that are in use, with ``columns`` beside those that ``from_row`` reads."""
    return (
        select(*COLUMNS, *columns)
        .select_from(Pool)
        .join(Site, Site.id == Pool.site_id)
        .join(Planning, Planning.id == Pool.planning_id)
        .where(Pool.active, Site.active, Planning.active)
    )


def _shared(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Keep the site and the planning from being edited until the transaction ends (SQLite has one writer anyway)."""
    return query.with_for_update(read=True, of=(Site.__table__, Planning.__table__))


_BESIDE, _BESIDE_POOL = aliased(Planning), aliased(Pool)
SERVICE_COLUMNS = (
    Pool.id.label("pool_id"),
    Pool.longest_minutes,
    Site.id.label("site_id"),
    Site.revision.label("site_revision"),
    Service.id.label("service_id"),
    Service.revision.label("service_revision"),
    _BESIDE_POOL.id.label("beside_pool"),
    _BESIDE_POOL.longest_minutes.label("beside_longest"),
    _BESIDE.revision.label("beside_revision"),
)
IN_USE = and_(Pool.active, Site.active, Service.active)


def services(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Select services at sites, in use or retired, with ``columns`` beside those that ``from_service_row`` reads."""
    return (
        select(*SERVICE_COLUMNS, *columns)
        .select_from(Pool)
        .join(Site, Site.id == Pool.site_id)
        .join(Service, Service.id == Pool.service_id)
        .outerjoin(_BESIDE, and_(_BESIDE.id == Service.planning_id, _BESIDE.active))
        .outerjoin(
            _BESIDE_POOL,
            and_(_BESIDE_POOL.planning_id == _BESIDE.id, _BESIDE_POOL.site_id == Site.id, _BESIDE_POOL.active),
        )
    )


ANYTHING_IN_USE = and_(Pool.active, Site.active, or_(Planning.active, Service.active))


def anything(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Select whatever is or was in use at sites, with ``columns`` beside those that ``from_any_row`` reads."""
    planned = (Planning.id.label("planning_id"), Planning.revision.label("planning_revision"))
    return (
        select(*SERVICE_COLUMNS, *planned, *columns)
        .select_from(Pool)
        .join(Site, Site.id == Pool.site_id)
        .outerjoin(Planning, Planning.id == Pool.planning_id)
        .outerjoin(Service, Service.id == Pool.service_id)
        .outerjoin(_BESIDE, and_(_BESIDE.id == Service.planning_id, _BESIDE.active))
        .outerjoin(
            _BESIDE_POOL,
            and_(_BESIDE_POOL.planning_id == _BESIDE.id, _BESIDE_POOL.site_id == Site.id, _BESIDE_POOL.active),
        )
    )


ANYTHING: Select[*tuple[Any, ...]] = anything().where(ANYTHING_IN_USE)
"""Whatever is in use at sites."""

# The statements of the hot path are built once: building them anew costs as much as running them.
BY_KEYS = joined().where(Site.key == bindparam("site"), Planning.key == bindparam("planning"))
BY_KEYS_LOCKED = _shared(BY_KEYS)
_ANY = (
    select(*COLUMNS)
    .select_from(Pool)
    .join(Site, Site.id == Pool.site_id)
    .join(Planning, Planning.id == Pool.planning_id)
)
BY_IDS = _ANY.where(Pool.site_id == bindparam("site"), Pool.planning_id == bindparam("planning"))
BY_IDS_LOCKED = _shared(BY_IDS)
BY_POOL = _ANY.where(Pool.id == bindparam("pool"))
BY_POOL_LOCKED = _shared(BY_POOL)
SERVICE_BY_KEYS = services().where(Site.key == bindparam("site"), Service.key == bindparam("service"), IN_USE)
SERVICE_BY_IDS = services().where(Pool.site_id == bindparam("site"), Pool.service_id == bindparam("service"))
SERVICE_BY_POOL = services().where(Pool.id == bindparam("pool"))


def find(
    session: Session, site: str, planning: str | None, *, service: str | None = None, lock: bool = False
) -> Bookable:
    """Find a planning, or a service where one is named, at a site by their keys. Raises NotFound.

    ``lock`` keeps both from being edited until the transaction ends.
    """
    if service is not None:
        return _one_service(session, SERVICE_BY_KEYS, {"site": site, "service": service}, lock=lock)
    return _one(session, BY_KEYS_LOCKED if lock else BY_KEYS, {"site": site, "planning": planning})


def of_ids(
    session: Session, site_id: int, planning_id: int | None, service_id: int | None, *, lock: bool = False
) -> Bookable:
    """Find the bookable of an appointment, in use or retired. Raises NotFound."""
    if service_id is not None:
        return _one_service(session, SERVICE_BY_IDS, {"site": site_id, "service": service_id}, lock=lock)
    return _one(session, BY_IDS_LOCKED if lock else BY_IDS, {"site": site_id, "planning": planning_id})


def of_item(session: Session, site_id: int, item: Item) -> Bookable:
    """Find what an appointment's card says is booked, as ``of_ids``. Raises NotFound."""
    planning = isinstance(item, PlanningCard)
    return of_ids(session, site_id, item.id if planning else None, None if planning else item.id)


def by_pool(session: Session, pool_id: int, *, lock: bool = False) -> Bookable:
    """Find the bookable of a pool, in use or retired. Raises NotFound."""
    row = session.connection().execute(BY_POOL_LOCKED if lock else BY_POOL, {"pool": pool_id}).first()
    if row is None:
        return _one_service(session, SERVICE_BY_POOL, {"pool": pool_id}, lock=lock)
    return from_row(session, row)


def _one(session: Session, query: Select[*tuple[Any, ...]], keys: Mapping[str, Any]) -> Bookable:
    if (row := session.connection().execute(query, keys).first()) is None:
        raise NotFound
    return from_row(session, row)


def _one_service(session: Session, query: Select[*tuple[Any, ...]], keys: Mapping[str, Any], *, lock: bool) -> Bookable:
    """Read a service; its locks are on its site and itself, and on the planning in which it takes a place."""
    shared = query.with_for_update(read=True, of=(Site.__table__, Service.__table__)) if lock else query
    if (row := session.connection().execute(shared, keys).first()) is None:
        raise NotFound
    found = from_service_row(session, row)
    if lock and found.beside is not None:
        return replace(found, beside=by_pool(session, found.beside.pool_id, lock=True))
    return found


def at_site(session: Session, site_id: int, *, kind: str | None = None, guests: bool = False) -> list[Bookable]:
    """List what can be booked at a site, by name: for guests, or for an order's kind."""
    rows = session.execute(joined().where(Site.id == site_id).order_by(Planning.name)).all()
    found = (from_row(session, row) for row in rows)
    return [one for one in found if (not guests or one.item.guests) and (kind is None or kind in one.item.kinds)]


def services_at(session: Session, site_id: int, *, kind: str | None = None, guests: bool = False) -> list[Bookable]:
    """List the services at a site, by name: for guests, or for an order's kind."""
    rows = session.execute(services().where(Site.id == site_id, IN_USE)).all()
    return _by_name((from_service_row(session, row) for row in rows), kind, guests)


def all_at_site(session: Session, site_id: int, *, kind: str | None = None, guests: bool = False) -> list[Bookable]:
    """List the plannings and then the services at a site, each by name: for guests, or for an order's kind."""
    return all_of(session, Site.id == site_id, kind=kind, guests=guests)


def all_of(
    session: Session, *where: ColumnElement[bool], kind: str | None = None, guests: bool = False
) -> list[Bookable]:
    """List plannings, and then services, in use at sites: each by name, in one statement and those of new revisions."""
    rows = session.execute(ANYTHING.where(*where)).all()
    return _by_name((from_any_row(session, row) for row in rows), kind, guests)


def _by_name(found: Iterable[Bookable], kind: str | None, guests: bool) -> list[Bookable]:
    wanted = (one for one in found if (not guests or one.item.guests) and (kind is None or kind in one.item.kinds))
    return sorted(wanted, key=lambda one: (isinstance(one.item, ServiceCard), one.item.name, one.item.key))


def from_row(session: Session, row: Row[*tuple[Any, ...]]) -> Bookable:
    """Build the bookable of a row of ``joined``, from memory where its revisions are known."""
    site = site_card(session, row.site_id, row.site_revision)
    planning = planning_card(session, row.planning_id, row.planning_revision)
    return Bookable(row.pool_id, row.longest_minutes, site, planning, policy(site, planning))


def from_service_row(session: Session, row: Row[*tuple[Any, ...]]) -> Bookable:
    """Build the bookable of a row of ``services``, from memory where its revisions are known."""
    site = site_card(session, row.site_id, row.site_revision)
    service = service_card(session, row.service_id, row.service_revision)
    beside = None
    if row.beside_pool is not None:
        planning = planning_card(session, service.planning_id or 0, row.beside_revision)
        beside = Bookable(row.beside_pool, row.beside_longest, site, planning, policy(site, planning))
    return Bookable(row.pool_id, row.longest_minutes, site, service, policy(site, service), beside)


def from_any_row(session: Session, row: Row[*tuple[Any, ...]]) -> Bookable:
    """Build the bookable of a row of ``ANYTHING``."""
    return from_service_row(session, row) if row.service_id is not None else from_row(session, row)


def from_rows(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Bookable]:
    """Build the bookables of rows of ``joined``: in a fixed number of statements, however many are new to us."""
    site_cards(session, {row.site_id: row.site_revision for row in rows})
    planning_cards(session, {row.planning_id: row.planning_revision for row in rows})
    return [from_row(session, row) for row in rows]


def from_any_rows(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Bookable]:
    """Build the bookables of rows of ``ANYTHING``: by site, the plannings and then the services, each by name."""
    plannings = from_rows(session, [row for row in rows if row.service_id is None])
    services = [from_service_row(session, row) for row in rows if row.service_id is not None]
    found = [*sorted(plannings, key=attrgetter("item.name")), *sorted(services, key=attrgetter("item.name"))]
    return sorted(found, key=attrgetter("site.name", "site.id"))


def policy(site: SiteCard, item: Item | None) -> Policy:
    """Merge the policies that rule at a site, and for what is booked there; kept for the life of the two cards."""
    layers = (site.policy, item.policy) if item is not None else (site.policy,)
    return kept.get((site.revision, item and item.revision), lambda: Policy.of(*layers))


def site_card(session: Session, site_id: int, revision: str) -> SiteCard:
    """Give a site's card at a revision."""
    return site_cards(session, {site_id: revision})[site_id]


def site_cards(session: Session, revisions: Mapping[int, str]) -> dict[int, SiteCard]:
    """Give cards of sites at their revisions, by id: in a fixed number of statements, however many are new to us."""
    return kept.many(revisions, lambda missing: _read_sites(session, missing))


def planning_card(session: Session, planning_id: int, revision: str) -> PlanningCard:
    """Give a planning's card at a revision."""
    return planning_cards(session, {planning_id: revision})[planning_id]


def planning_cards(session: Session, revisions: Mapping[int, str]) -> dict[int, PlanningCard]:
    """Give cards of plannings at their revisions, by id: in a fixed number of statements."""
    return kept.many(revisions, lambda missing: _read_plannings(session, missing))


def _read_sites(session: Session, revisions: Mapping[int, str]) -> dict[int, SiteCard]:
    """Read the cards of sites, by their ids with their revisions."""
    rows = session.execute(select(Site.__table__).where(Site.id.in_(revisions))).all()
    closures = _closures(session, revisions)
    return {row.id: _site_card(row, revisions[row.id], closures.get(row.id, ())) for row in rows}


def _site_card(row: Any, revision: str, closures: tuple[Closure, ...]) -> SiteCard:
    return SiteCard(
        row.id,
        revision,
        row.key,
        row.name,
        row.address,
        row.email,
        row.phone,
        row.latitude,
        row.longitude,
        row.policy,
        Notices.of(row.notices),
        SiteCalendar(zone(row.timezone), closures, holiday_calendar(row.holidays)),
    )


def _closures(session: Session, site_ids: Collection[int]) -> dict[int, tuple[Closure, ...]]:
    rows = session.execute(
        select(ClosureRow.site_id, ClosureRow.first_day, ClosureRow.last_day, ClosureRow.label)
        .where(ClosureRow.site_id.in_(site_ids))
        .order_by(ClosureRow.site_id, ClosureRow.id)
    ).all()
    return {
        group[0].site_id: tuple(Closure(row.first_day, row.last_day, row.label) for row in group)
        for group in _grouped(rows, "site_id")
    }


def _read_plannings(session: Session, revisions: Mapping[int, str]) -> dict[int, PlanningCard]:
    """Read the cards of plannings, by their ids with their revisions."""
    rows = session.execute(select(Planning.__table__).where(Planning.id.in_(revisions))).all()
    versions, exceptions = _versions(session, revisions), _exceptions(session, revisions)
    return {
        row.id: _planning_card(row, revisions[row.id], versions.get(row.id, ()), exceptions.get(row.id, {}))
        for row in rows
    }


def _planning_card(
    row: Any, revision: str, versions: tuple[Version, ...], exceptions: Mapping[date, tuple[Opening, ...]]
) -> PlanningCard:
    schedule = Schedule(zone(row.timezone), versions, exceptions, row.slot_minutes, row.step_minutes)
    known = tuple(fields.kept(one) for one in row.fields)
    return PlanningCard(
        row.id,
        revision,
        row.key,
        row.name,
        tuple(row.kinds),
        row.guests,
        row.policy,
        schedule,
        fields.asked_of(known),
        known,
    )


def _versions(session: Session, planning_ids: Collection[int]) -> dict[int, tuple[Version, ...]]:
    rows = session.execute(
        select(
            PlanningVersion.planning_id,
            PlanningVersion.id,
            PlanningVersion.applies_from,
            WeeklyOpening.weekday,
            WeeklyOpening.start_minute,
            WeeklyOpening.end_minute,
            WeeklyOpening.slots,
            WeeklyOpening.services,
        )
        .outerjoin(WeeklyOpening)
        .where(PlanningVersion.planning_id.in_(planning_ids))
        .order_by(PlanningVersion.planning_id, PlanningVersion.id, WeeklyOpening.weekday, WeeklyOpening.start_minute)
    ).all()
    return {group[0].planning_id: _in_order(group) for group in _grouped(rows, "planning_id")}


def _in_order(rows: Iterable[Any]) -> tuple[Version, ...]:
    versions = [Version(group[0].applies_from, _week(group)) for group in _grouped(rows, "id")]
    return tuple(sorted(versions, key=lambda version: version.applies_from or date.min))


def _week(rows: Iterable[Any]) -> Week:
    opened = [row for row in rows if row.weekday is not None]
    return {group[0].weekday: tuple(_opening(row) for row in group) for group in _grouped(opened, "weekday")}


def _exceptions(session: Session, planning_ids: Collection[int]) -> dict[int, dict[date, tuple[Opening, ...]]]:
    rows = session.execute(
        select(
            ExceptionalDay.planning_id,
            ExceptionalDay.day,
            ExceptionalOpening.start_minute,
            ExceptionalOpening.end_minute,
            ExceptionalOpening.slots,
            ExceptionalOpening.services,
        )
        .outerjoin(ExceptionalOpening)
        .where(ExceptionalDay.planning_id.in_(planning_ids))
        .order_by(ExceptionalDay.planning_id, ExceptionalDay.day, ExceptionalOpening.start_minute)
    ).all()
    return {
        group[0].planning_id: {
            day[0].day: tuple(_opening(row) for row in day if row.start_minute is not None)
            for day in _grouped(group, "day")
        }
        for group in _grouped(rows, "planning_id")
    }


def _opening(row: Any) -> Opening:
    return Opening(row.start_minute, row.end_minute, row.slots, tuple(row.services))


def _grouped(rows: Iterable[Any], name: str) -> list[list[Any]]:
    return [list(group) for _, group in groupby(rows, key=attrgetter(name))]


@cache
def holiday_calendar(name: str | None) -> Callable[[date], str | None]:
    """Give the public holidays of a country, or of a part of it ("FR-57"): a local date to its name.

    Raises ``NotImplementedError`` for a country or part that the library does not know.
    """
    if not name:
        return no_holiday
    import holidays  # noqa: PLC0415 - half a second: only where a site observes a calendar

    country, _, part = name.partition("-")
    known = holidays.country_holidays(country, subdiv=part or None, language="fr" if country == "FR" else None)
    return known.get
