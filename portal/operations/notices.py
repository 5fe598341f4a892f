"""Whether a mail is wanted where it is about: asked by every use case that queues one."""

from __future__ import annotations

from collections.abc import Iterable

from portal.domain.notices import Side, What, cell_of
from portal.extensions import reading
from portal.operations import bookables
from portal.operations.bookables import Bookable
from portal.operations.outbox import Draft
from portal.operations.place_cards import SiteCard
from portal.operations.service_cards import ServiceCard


def wanted(site: SiteCard, side: Side, what: What) -> bool:
    """Tell whether a site tells a side of something."""
    return site.notices.wanted(side, what)


def unheard(site_id: int, *, site: bool, people: bool) -> bool:
    """Tell whether bookings at a site may wait for an answer of which no mail tells those who give it.

    ``site`` and ``people``: whether a site, and those who serve, are told of requests.
    """
    with reading() as session:
        found = bookables.all_at_site(session, site_id)
    return any(one.policy.validation != "none" and not (site or (people and _by_people(one))) for one in found)


def _by_people(bookable: Bookable) -> bool:
    """Tell whether those who serve answer the requests."""
    item = bookable.item
    served = isinstance(item, ServiceCard) and any(need.kind == "staff" for need in item.requires)
    return served and bookable.policy.validation == "staff"


def chosen(site: SiteCard, drafts: Iterable[Draft]) -> list[Draft]:
    """Keep the messages that are to leave: those that a site has not switched off, and those that always leave."""
    return [draft for draft in drafts if _leaves(site, draft)]


def _leaves(site: SiteCard, draft: Draft) -> bool:
    cell = cell_of(draft.kind, str(draft.payload.get("change", "")))
    return cell is None or wanted(site, *cell)
