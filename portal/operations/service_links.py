"""Booking links to a service at a site: made, listed, revoked.

Whoever has one books that service there, as often as it allows, and sees what was booked with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound
from portal.domain.lifecycle import ACTIVE
from portal.extensions import reading, retried, transaction
from portal.models import Appointment, Link, Pool, Site
from portal.operations import audit, invitations, links, outbox, place_cards, services, tokens
from portal.operations.actors import SYSTEM, Actor
from portal.operations.invitations import Guest, invitation
from portal.operations.links import LinkCard, MadeLink, Scope
from portal.operations.once import Once, answered, digest, remember
from portal.operations.outbox import Sending
from portal.operations.place_cards import SiteCard
from portal.operations.scopes import EVERYWHERE
from portal.operations.scopes import Scope as Sites
from portal.operations.services import Sheet

KIND = "service_link"  # in the audit log
MOST_LISTED = 200
ANYTHING = Scope()
OFFERING = select(Site.id, Site.revision).join(Pool, Pool.site_id == Site.id).where(Pool.active, Site.active)


@dataclass(frozen=True, slots=True)
class ServiceLink:
    """A link of a service: where it books, the last mail that brought it, appointments to come booked with it."""

    link: LinkCard
    site: SiteCard
    invitation: Sending | None
    active: int

    def expired(self, now: datetime) -> bool:
        """Tell whether its time is over."""
        return self.link.expires_at is not None and self.link.expires_at <= now

    def opens(self, now: datetime) -> bool:
        """Tell whether somebody can still use it."""
        return self.link.revoked_at is None and not self.expired(now)


def sites_of(sheet: Sheet, scope: Sites = EVERYWHERE) -> Sequence[SiteCard]:
    """List the sites in use at which a service is offered, by name, within a scope."""
    query = OFFERING.where(Pool.service_id == sheet.id, scope.limits(Site.id)).order_by(Site.name)
    with reading() as session:
        return [place_cards.site_card(session, *row) for row in session.execute(query)]


def site_of(key: str, site: str) -> SiteCard:
    """Give a site in use that offers a service. Raises NotFound for an unknown service, Invalid for another site."""
    with reading() as session:
        return _site(session, services.sheet_of(session, key), site)


def _site(session: Session, sheet: Sheet, key: str) -> SiteCard:
    row = session.execute(OFFERING.where(Pool.service_id == sheet.id, Site.key == key)).first()
    if row is None:
        raise Invalid(field="site", problem="unknown_site", value=key)
    return place_cards.site_card(session, row.id, row.revision)


def of_service(sheet: Sheet, *, now: datetime, scope: Sites = EVERYWHERE) -> Sequence[ServiceLink]:
    """List the newest links of a service, at the sites of a scope, in a fixed number of statements."""
    with reading() as session:
        return _lines(session, _of(sheet, scope), now)


def _of(sheet: Sheet, scope: Sites) -> Select[Link]:
    mine = and_(Link.service_id == sheet.id, scope.limits(Link.site_id))
    return select(Link).where(mine).order_by(Link.id.desc()).limit(MOST_LISTED)


def _lines(session: Session, which: Select[Link], now: datetime) -> Sequence[ServiceLink]:
    made = session.scalars(which).all()
    where = {one.site_id for one in made}
    revisions = session.execute(select(Site.id, Site.revision).where(Site.id.in_(where))).all()
    cards = place_cards.site_cards(session, {row.id: row.revision for row in revisions})
    active = _active(session, [one.id for one in made], now)
    sent = invitations.newest(session, [one.id for one in made])
    return [
        ServiceLink(links.card_of(one), cards[one.site_id or 0], sent.get(one.id), active.get(one.id, 0))
        for one in made
    ]


def _active(session: Session, link_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """Count the appointments to come by their link."""
    coming = and_(Appointment.link_id.in_(link_ids), Appointment.status.in_(ACTIVE), Appointment.ends_at > now)
    query = select(Appointment.link_id, func.count()).where(coming).group_by(Appointment.link_id)
    return {link_id: count for link_id, count in session.execute(query) if link_id is not None}


def read(sheet: Sheet, link_id: int, *, now: datetime, scope: Sites = EVERYWHERE) -> ServiceLink:
    """Read one link of a service. Raises NotFound, also for one of another service or beyond the scope."""
    with reading() as session:
        found = _lines(session, _of(sheet, scope).where(Link.id == link_id), now)
    if not found:
        raise NotFound
    return found[0]


@retried
def create(
    key: str,
    site: str,
    *,
    now: datetime,
    scope: Scope = ANYTHING,
    to: Guest | None = None,
    once: Once | None = None,
    by: Actor = SYSTEM,
) -> MadeLink:
    """Make a link for a service at a site that offers it, and queue the mail that brings it to somebody when asked.

    Raises NotFound for an unknown service, Invalid for another site, or when the idempotency key came with another
    request before.
    """
    request_hash = digest({"service": key, "site": site, "scope": asdict(scope), "to": asdict(to) if to else None})
    with transaction() as session:
        if (first := answered(session, once, request_hash)) is not None:
            return links.made_before(session, first["public_id"])
        links.check(scope, now)
        sheet = services.sheet_of(session, key)
        where = _site(session, sheet, site)
        link = links.record(session, scope, now, site_id=where.id, service_id=sheet.id)
        if to is not None:
            outbox.enqueue(session, [invitation(to, link.id, link.public_id, now)], now)
        told = {"site": where.name, "sent": to is not None, **links.allowed(scope)}
        _note(session, "created", sheet, link, by, now, **told)
        remember(session, once, request_hash, {"public_id": link.public_id}, now)
        token = tokens.token(tokens.BOOK, link.public_id, link.generation)
        return MadeLink(token, link.expires_at, to.email if to is not None else None)


@retried
def send(key: str, link_id: int, to: Guest, *, now: datetime, once: Once | None = None, by: Actor = SYSTEM) -> None:
    """Queue the mail that brings a service's link to somebody.

    Raises NotFound, also for one that opens nothing, and Invalid when the idempotency key came with another request
    before.
    """
    request_hash = digest({"link": link_id, "to": asdict(to)})
    with transaction() as session:
        if answered(session, once, request_hash) is not None:
            return
        sheet = services.sheet_of(session, key)
        link = session.get(Link, link_id)
        if link is None or link.service_id != sheet.id or link.revoked_at is not None:
            raise NotFound
        if link.expires_at is not None and link.expires_at <= now:
            raise NotFound
        _note(session, "sent", sheet, link, by, now)
        outbox.enqueue(session, [invitation(to, link.id, link.public_id, now)], now)
        remember(session, once, request_hash, {}, now)


@retried
def revoke(key: str, link_id: int, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make every token of a service's link lead nowhere. Raises NotFound."""
    with transaction() as session:
        sheet = services.sheet_of(session, key)
        link = links.ended(session, link_id, now)
        if link.service_id != sheet.id:
            raise NotFound
        _note(session, "revoked", sheet, link, by, now)


def _note(session: Session, action: str, sheet: Sheet, link: Link, by: Actor, now: datetime, **after: Any) -> None:
    """Write down what happened to a link, under its service's key: that leads to the page it stands on."""
    told = {"link": link.id, **after}
    audit.record(session, by, action, KIND, sheet.key, now, label=sheet.name, site_id=link.site_id, after=told)
