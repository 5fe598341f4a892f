"""What can be booked at a site: a planning or a service, with its pool, and with all that judging a slot needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from portal.domain.errors import NotFound
from portal.domain.fields import Words, said
from portal.domain.policy import Policy
from portal.models import (
    Planning,
    Pool,
    Service,
    Site,
)
from portal.operations.keepsakes import kept
from portal.operations.place_cards import PlanningCard, SiteCard, planning_card, planning_cards, site_card, site_cards
from portal.operations.service_cards import ServiceCard, service_card

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

    ``beside`` is the planning at the site in which a service takes a place, too. ``in_use``: it is a planning in use,
    so that its hours count for whether its site is open.
    """

    pool_id: int
    longest: int
    site: SiteCard
    item: Item
    policy: Policy
    beside: Bookable | None = None
    in_use: bool = False

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


PLANNING_IN_USE = and_(Pool.active, Site.active, Planning.active)
COLUMNS = (
    Pool.id.label("pool_id"),
    Pool.longest_minutes,
    Site.id.label("site_id"),
    Site.revision.label("site_revision"),
    Planning.id.label("planning_id"),
    Planning.revision.label("planning_revision"),
    PLANNING_IN_USE.label("in_use"),
)


def joined(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Select pools that are in use, with ``columns`` beside those that ``from_row`` reads."""
    return (
        select(*COLUMNS, *columns)
        .select_from(Pool)
        .join(Site, Site.id == Pool.site_id)
        .join(Planning, Planning.id == Pool.planning_id)
        .where(PLANNING_IN_USE)
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
    Site.active.label("beside_in_use"),
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
    planned = (
        Planning.id.label("planning_id"),
        Planning.revision.label("planning_revision"),
        PLANNING_IN_USE.label("in_use"),
    )
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
AT_SITE = joined().where(Site.id == bindparam("site")).order_by(Planning.name)
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


def at_site(session: Session, site_id: int) -> list[Bookable]:
    """List the plannings in use at a site, by name."""
    return [from_row(session, row) for row in session.connection().execute(AT_SITE, {"site": site_id}).all()]


def services_at(session: Session, site_id: int) -> list[Bookable]:
    """List the services in use at a site, by name."""
    rows = session.execute(services().where(Site.id == site_id, IN_USE)).all()
    return _by_name(from_service_row(session, row) for row in rows)


def all_at_site(session: Session, site_id: int, *, kind: str | None = None) -> list[Bookable]:
    """List the plannings and then the services at a site, each by name: all, or those for an order's kind."""
    found = all_of(session, Site.id == site_id)
    return [one for one in found if kind is None or kind in one.item.kinds]


def all_of(session: Session, *where: ColumnElement[bool], guests: bool = False) -> list[Bookable]:
    """List plannings, and then services, in use at sites: each by name, in one statement and those of new revisions."""
    found = (from_any_row(session, row) for row in session.execute(ANYTHING.where(*where)).all())
    return _by_name(one for one in found if not guests or one.item.guests)


def _by_name(found: Iterable[Bookable]) -> list[Bookable]:
    return sorted(found, key=lambda one: (isinstance(one.item, ServiceCard), one.item.name, one.item.key))


def from_row(session: Session, row: Row[*tuple[Any, ...]]) -> Bookable:
    """Build the bookable of a row of ``joined``, from memory where its revisions are known."""
    site = site_card(session, row.site_id, row.site_revision)
    planning = planning_card(session, row.planning_id, row.planning_revision)
    return Bookable(row.pool_id, row.longest_minutes, site, planning, policy(site, planning), in_use=row.in_use)


def from_service_row(session: Session, row: Row[*tuple[Any, ...]]) -> Bookable:
    """Build the bookable of a row of ``services``, from memory where its revisions are known."""
    site = site_card(session, row.site_id, row.site_revision)
    service = service_card(session, row.service_id, row.service_revision)
    beside = None
    if row.beside_pool is not None:
        planning = planning_card(session, service.planning_id or 0, row.beside_revision)
        both = policy(site, planning)
        beside = Bookable(row.beside_pool, row.beside_longest, site, planning, both, in_use=row.beside_in_use)
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
