"""The way from an empty portal to the first booking: a site, its planning, and a link for an order."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select

from portal.domain.lifecycle import Status
from portal.extensions import reading
from portal.models import Appointment, Link, Order, Planning, Site


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What is there already. ``order`` is one to make the link for, when there is any."""

    site: bool
    planning: bool
    order: str | None
    link: bool
    booked: bool

    @property
    def taken(self) -> bool:
        """Whether the way is gone to its end: whoever books without a link has found it, too."""
        return self.booked or (self.site and self.planning and self.link)


def read() -> FirstSteps:
    """Look how far the portal is set up; in one statement, for the first page asks it every time."""
    newest = select(Order.reference).order_by(Order.id.desc()).limit(1).scalar_subquery()
    query = select(
        exists(select(Site.id).where(Site.active)),
        exists(select(Planning.id).where(Planning.active)),
        newest,
        exists(select(Link.id)),
        exists(select(Appointment.id).where(Appointment.status != Status.HELD.value)),
    )
    with reading() as session:
        return FirstSteps(*session.execute(query).one())
