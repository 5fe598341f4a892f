"""What the edits of plannings, services and the like have in common: whose they are, revisions, pools, the audit log.

Whoever saves says which revision the page showed. When somebody else saved meanwhile nothing is written, and the page
can say what differs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.domain.errors import Invalid, StateChanged
from portal.models import Pool, Site
from portal.operations import audit, keepsakes
from portal.operations.actors import Actor
from portal.operations.scopes import Scope


class OfSites:
    """Something of several sites: seen by those who work for one of them, changed by those who work for all."""

    __slots__ = ()
    site_ids: frozenset[int]

    def seen_by(self, scope: Scope) -> bool:
        """Tell whether it is to be seen: one of its sites is theirs, or every site."""
        return scope.sees(None) or any(scope.sees(site_id) for site_id in self.site_ids)

    def changed_by(self, scope: Scope) -> bool:
        """Tell whether it is theirs to change: all of its sites are."""
        return self.seen_by(scope) and scope.sees_all(self.site_ids)


class Edited(Protocol):
    """A row that was read to be edited."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def revision(self) -> str:
        """The state in which it was read."""


def claim(session: Session, model: Any, sheet: Edited, revision: str, values: Mapping[str, Any] | None = None) -> None:
    """Write the row itself first: bookings wait here, and a page that is out of date goes no further.

    The sheet was read before: it is what the revision names when nobody else wrote it meanwhile. Raises StateChanged.
    """
    claimed = session.scalar(
        update(model)
        .where(model.id == sheet.id, model.revision == revision)
        .values(revision=keepsakes.new_revision(), **(values or {}))
        .returning(model.id)
    )
    if claimed is None:
        raise StateChanged(revision=revision)
    if sheet.revision != revision:
        raise StaleDataError("the row changed between reading it and writing it")


def state_of(*facts: Any) -> str:
    """Name the state of a record of a few words by what it says: whoever writes it, the same words are the same state.

    >>> state_of({"fr": "Conseil", "en": "Advice"}) == state_of({"en": "Advice", "fr": "Conseil"}) != state_of({})
    True
    """
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def agree(saved: str, revision: str) -> None:
    """Go on when the page showed what is saved. Raises StateChanged."""
    if saved != revision:
        raise StateChanged(revision=revision)


def serve(session: Session, column: Any, item_id: int, keys: Sequence[str]) -> frozenset[int]:
    """Offer a planning or a service at these sites and no others, and give their ids: ``column`` is the pool's.

    A pool that is left keeps its appointments. Raises Invalid for a site that is not there.
    """
    ids = {row.key: row.id for row in session.execute(select(Site.key, Site.id).where(Site.key.in_(keys)))}
    if missing := [key for key in keys if key not in ids]:
        raise Invalid(field="sites", problem="unknown_site", value=missing[0])
    session.execute(update(Pool).where(column == item_id).values(active=Pool.site_id.in_(list(ids.values()))))
    known = set(session.scalars(select(Pool.site_id).where(column == item_id)))
    fresh = [{column.key: item_id, "site_id": site_id} for site_id in ids.values() if site_id not in known]
    if fresh:
        session.execute(insert(Pool), fresh)
    return frozenset(ids.values())


def tell(
    session: Session,
    by: Actor,
    action: str,
    kind: str,
    key: str,
    label: str,
    site_ids: frozenset[int],
    now: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Write down what differs. What several sites share is for those who see every site."""
    old, new = audit.differences(before, after)
    if action == "created" or old or new:
        site_id = next(iter(site_ids)) if len(site_ids) == 1 else None
        audit.record(session, by, action, kind, key, now, label=label, site_id=site_id, before=old, after=new)
