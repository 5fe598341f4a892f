"""Whether a mail is wanted where it is about: asked by every use case that queues one."""

from __future__ import annotations

from collections.abc import Iterable

from portal.domain.notices import Side, What, cell_of
from portal.extensions import reading
from portal.operations import bookables
from portal.operations.bookables import SiteCard
from portal.operations.outbox import Draft


def wanted(site: SiteCard, side: Side, what: What) -> bool:
    """Tell whether a site tells a side of something."""
    return site.notices.wanted(side, what)


def waits_for_answers(site_id: int) -> bool:
    """Tell whether bookings may wait for an answer of a site: by its own rules, or by those of what is booked there."""
    with reading() as session:
        return any(one.policy.validation != "none" for one in bookables.all_at_site(session, site_id))


def chosen(site: SiteCard, drafts: Iterable[Draft]) -> list[Draft]:
    """Keep the messages that are to leave: those that a site has not switched off, and those that always leave."""
    return [draft for draft in drafts if _leaves(site, draft)]


def _leaves(site: SiteCard, draft: Draft) -> bool:
    cell = cell_of(draft.kind, str(draft.payload.get("change", "")))
    return cell is None or wanted(site, *cell)
