"""Members of the staff as pages show them: the list, and one account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from portal.domain.errors import NotFound
from portal.extensions import reading
from portal.models import Site, User, UserSite

STATES = ("active", "invited", "closed")


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do, and where: the keys of their sites, None for every site, also those to come."""

    role: str
    sites: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class UserCard:
    """A member of the staff. ``sites`` are keys and names, None for every site; ``invited``: no password chosen yet."""

    id: int
    email: str
    name: str
    role: str
    locale: str | None
    active: bool
    invited: bool
    link_expires_at: datetime | None
    second_factor: bool
    recovery_left: int
    last_login_at: datetime | None
    sites: tuple[tuple[str, str], ...] | None

    @property
    def rights(self) -> Rights:
        """What they may do, and where."""
        return Rights(self.role, None if self.sites is None else tuple(key for key, _name in self.sites))

    @property
    def state(self) -> str:
        """One of ``STATES``."""
        return "closed" if not self.active else "invited" if self.invited else "active"


@dataclass(frozen=True, slots=True)
class Search:
    """Whom to list: ``text`` in name or address; a role; one of ``STATES``; None = all."""

    text: str = ""
    role: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class UserList:
    """A page of those found, by name."""

    users: Sequence[UserCard]
    total: int


def read(user_id: int) -> UserCard:
    """Read an account. Raises NotFound."""
    with reading() as session:
        if (row := session.get(User, user_id)) is None:
            raise NotFound
        return card(session, row)


def listing(wanted: Search, *, page: int = 1, size: int = 50) -> UserList:
    """List accounts by name, those without one by address, ``size`` a page."""
    query = select(User).where(*_conditions(wanted))
    order = (func.coalesce(func.nullif(func.lower(User.name), ""), User.email), User.id)
    with reading() as session:
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        rows = session.scalars(query.order_by(*order).limit(size).offset((page - 1) * size)).all()
        sites = _sites_of(session, [row.id for row in rows])
    return UserList([_user_card(row, sites.get(row.id, ())) for row in rows], total)


def _conditions(wanted: Search) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.text:
        found.append(or_(*(column.icontains(wanted.text, autoescape=True) for column in (User.name, User.email))))
    if wanted.role:
        found.append(User.role == wanted.role)
    if wanted.state:
        invited = User.password_hash == ""
        states = {"active": User.active & ~invited, "invited": User.active & invited, "closed": ~User.active}
        found.append(states[wanted.state])
    return found


def _sites_of(session: Session, user_ids: Sequence[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    query = (
        select(UserSite.user_id, Site.key, Site.name)
        .join(Site, Site.id == UserSite.site_id)
        .where(UserSite.user_id.in_(user_ids))
        .order_by(Site.key)
    )
    found: dict[int, tuple[tuple[str, str], ...]] = {}
    for user_id, key, name in session.execute(query):
        found[user_id] = (*found.get(user_id, ()), (key, name))
    return found


def card(session: Session, row: User) -> UserCard:
    """Show an account as it stands in the caller's session."""
    session.flush()
    return _user_card(row, _sites_of(session, [row.id]).get(row.id, ()))


def _user_card(row: User, sites: tuple[tuple[str, str], ...]) -> UserCard:
    return UserCard(
        id=row.id,
        email=row.email,
        name=row.name,
        role=row.role,
        locale=row.locale,
        active=row.active,
        invited=not row.password_hash,
        link_expires_at=row.link_expires_at,
        second_factor=row.totp_nonce is not None,
        recovery_left=len(row.recovery),
        last_login_at=row.last_login_at,
        sites=None if row.every_site else sites,
    )
