"""Members of the staff: who they are, what they may do, and for which sites.

An administrator works for every site: who gives rights has them all. Nobody changes their own rights, and at least one
administrator who can log in stays, whoever changes whom at the same moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.domain.errors import Invalid, NotFound
from portal.extensions import reading, retried, transaction
from portal.models import Site, User, UserSession, UserSite
from portal.operations import audit, passwords, sessions, tokens
from portal.operations.actors import SYSTEM, Actor
from portal.operations.addresses import normal_address
from portal.operations.user_cards import Rights, UserCard, card, read

ROLES = ("admin", "manager", "agent", "viewer")


@dataclass(frozen=True, slots=True)
class Person:
    """Who gets an account, and with which rights."""

    email: str
    rights: Rights
    name: str = ""
    locale: str | None = None


@retried
def add(
    email: str,
    password: str,
    *,
    role: str,
    now: datetime,
    name: str = "",
    locale: str | None = None,
    sites: Sequence[str] | None = None,
    by: Actor = SYSTEM,
) -> UserCard:
    """Make an account with its password; ``sites`` are keys, None for every site.

    Raises Invalid: a wrong address, role, site or password, or an address that has an account.
    """
    person = Person(normal_address(email), Rights(role, None if sites is None else tuple(sites)), name, locale)
    hashed = passwords.hashed(password, email=person.email)
    with transaction() as session:
        user = record(session, person, by, now, password_hash=hashed)
        return card(session, user)


def record(session: Session, person: Person, by: Actor, now: datetime, **more: Any) -> User:
    """Insert an account within the caller's transaction. ``person.email`` is normal. Raises Invalid."""
    site_ids = _site_ids(session, person.rights)
    values = {
        "public_id": tokens.new_public_id(),
        "email": person.email,
        "name": person.name.strip(),
        "role": person.rights.role,
        "every_site": person.rights.sites is None,
        "locale": person.locale,
        "active": True,
        "created_at": now,
        **more,
    }
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = dialect.insert(User).values(**values).on_conflict_do_nothing(index_elements=["email"]).returning(User.id)
    if (identity := session.scalar(made)) is None:
        raise Invalid(field="email", problem="exists", value=person.email)
    _put_sites(session, identity, site_ids)
    note(session, identity, person.email, "created", by, now, after=_told(person.name.strip(), person.rights))
    return session.get_one(User, identity)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an administrator decides about an account."""

    name: str
    rights: Rights
    active: bool = True


@retried
def change(user_id: int, plan: Plan, *, by: Actor, now: datetime) -> UserCard:
    """Change somebody's name, rights, and whether they may enter; a closed account's sessions and links end.

    Raises NotFound, Invalid: a wrong role or site, one's own rights (own_rights), the last administrator (last_admin).
    """
    with transaction() as session:
        admins = _lock_admins(session)
        user = locked(session, user_id)
        before = card(session, user)
        if (before.rights, before.active) != (_ordered(plan.rights), plan.active):
            _refuse_own(user, by)
            _keep_an_admin(user, plan, admins)
        _put_sites(session, user.id, _site_ids(session, plan.rights))
        user.name, user.role, user.active = plan.name.strip(), plan.rights.role, plan.active
        user.every_site = plan.rights.sites is None
        if before.active and not plan.active:
            shut(session, user, now)
        after = card(session, user)
        told = (_told(one.name, one.rights, active=one.active) for one in (before, after))
        old, new = audit.differences(*told)
        if new:
            note(session, user.id, user.email, "changed", by, now, before=old, after=new)
        return after


@retried
def rename(user_id: int, name: str, locale: str, *, by: Actor, now: datetime) -> None:
    """Change what somebody is called, and the language they read. Raises NotFound."""
    with transaction() as session:
        user = locked(session, user_id)
        old, new = audit.differences({"name": user.name, "locale": user.locale}, {"name": name, "locale": locale})
        user.name, user.locale = name, locale
        if new:
            note(session, user.id, user.email, "changed", by, now, before=old, after=new)


def change_password(user_id: int, password: str, *, keeping: int, by: Actor, now: datetime) -> None:
    """Give an account a new password, and end its sessions but the one ``keeping``; links mailed before open nothing.

    Raises Invalid for a password that is none.
    """
    hashed = passwords.hashed(password, email=read(user_id).email)
    _put_password(user_id, hashed, keeping, by, now)


@retried
def _put_password(user_id: int, hashed: str, keeping: int, by: Actor, now: datetime) -> None:
    with transaction() as session:
        user = locked(session, user_id)
        user.password_hash = hashed
        shut(session, user, now, keeping=keeping)
        note(session, user.id, user.email, "password_changed", by, now)


@retried
def end_sessions(user_id: int, *, by: Actor, now: datetime) -> int:
    """End every session of an account, and count them: a lost telephone, a colleague who went. Raises NotFound."""
    with transaction() as session:
        user = locked(session, user_id)
        ended = sessions.end_where(session, UserSession.user_id == user.id, now)
        note(session, user.id, user.email, "sessions_ended", by, now, after={"sessions": ended})
        return ended


def shut(session: Session, user: User, now: datetime, *, keeping: int | None = None) -> None:
    """End an account's sessions (but one) and every link mailed to it, within the caller's transaction."""
    user.generation += 1
    user.link_expires_at = None
    whose = UserSession.user_id == user.id
    sessions.end_where(session, whose if keeping is None else whose & (UserSession.id != keeping), now)


def locked(session: Session, user_id: int) -> User:
    """Find an account for a change, within the caller's transaction. Raises NotFound."""
    if (user := session.get(User, user_id, with_for_update=True)) is None:
        raise NotFound
    return user


def note(session: Session, user_id: int, email: str, action: str, by: Actor, now: datetime, **told: Any) -> None:
    """Write a change of an account down, within the caller's transaction."""
    audit.record(session, by, action, "user", str(user_id), now, label=email, **told)


def find(email: str) -> UserCard | None:
    """Find the account of an address."""
    with reading() as session:
        row = session.scalar(select(User).where(User.email == normal_address(email)))
        return card(session, row) if row else None


# Rights


def _lock_admins(session: Session) -> Collection[int]:
    """Lock the administrators who can log in, in one order: who changes rights waits for who does, too."""
    able = (User.role == "admin") & User.active & (User.password_hash != "")
    return session.scalars(select(User.id).where(able).order_by(User.id).with_for_update()).all()


def _refuse_own(user: User, by: Actor) -> None:
    if by.origin == "staff" and user.email == by.name:
        raise Invalid(field="role", problem="own_rights")


def _keep_an_admin(user: User, plan: Plan, admins: Collection[int]) -> None:
    stays = plan.active and plan.rights.role == "admin"
    if not stays and user.id in admins and len(admins) == 1:
        raise Invalid(field="role", problem="last_admin")


def _site_ids(session: Session, rights: Rights) -> Sequence[int]:
    """Find the sites that rights end at. Raises Invalid for rights that cannot be given."""
    if rights.role not in ROLES:
        raise Invalid(field="role", problem="not_a_choice", value=rights.role, choices=ROLES)
    if rights.sites is None:
        return ()
    if rights.role == "admin":
        raise Invalid(field="sites", problem="admin_everywhere")
    if not rights.sites:
        raise Invalid(field="sites", problem="required")
    known = {row.key: row.id for row in session.execute(select(Site.key, Site.id))}
    if unknown := [key for key in rights.sites if key not in known]:
        raise Invalid(field="sites", problem="not_a_choice", value=", ".join(unknown), choices=sorted(known))
    return sorted({known[key] for key in rights.sites})


def _put_sites(session: Session, user_id: int, site_ids: Iterable[int]) -> None:
    session.execute(delete(UserSite).where(UserSite.user_id == user_id))
    if rows := [{"user_id": user_id, "site_id": site_id} for site_id in site_ids]:
        session.execute(insert(UserSite), rows)


def _ordered(rights: Rights) -> Rights:
    return Rights(rights.role, None if rights.sites is None else tuple(sorted(set(rights.sites))))


def _told(name: str, rights: Rights, *, active: bool = True) -> dict[str, Any]:
    """Say an account's facts for the audit log."""
    everywhere, sites = rights.sites is None, sorted(rights.sites or ())
    return {"name": name, "role": rights.role, "every_site": everywhere, "sites": sites, "active": active}
