"""Which sites somebody works for: what belongs to another is not there for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, true

from portal.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class Scope:
    """The ids of some sites; None is every site, also those to come."""

    sites: frozenset[int] | None = None

    def sees(self, site_id: int | None) -> bool:
        """Tell whether something of this site is to be seen. What belongs to no site is for those who see all.

        >>> Scope(frozenset({1})).sees(1), Scope(frozenset({1})).sees(2), Scope().sees(None)
        (True, False, True)
        """
        return self.sites is None or site_id in self.sites

    def sees_all(self, site_ids: frozenset[int]) -> bool:
        """Tell whether all of these sites are to be seen: a planning they share may be changed."""
        return self.sites is None or site_ids <= self.sites

    def require(self, site_id: int | None) -> None:
        """Accept something of a site. Raises NotFound: elsewhere is nowhere."""
        if not self.sees(site_id):
            raise NotFound

    def limits(self, column: Any) -> ColumnElement[bool]:
        """Give the condition that keeps a query within the sites: ``query.where(scope.limits(Site.id))``."""
        return true() if self.sites is None else column.in_(self.sites)


EVERYWHERE = Scope()
