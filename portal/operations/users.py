"""Members of the staff: their accounts and their passwords, kept as argon2id hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.domain.errors import Invalid
from portal.extensions import reading, retried, transaction
from portal.models import User
from portal.operations import tokens
from portal.operations.addresses import normal_address

ROLES = ("admin", "manager", "agent", "viewer")
SHORTEST, LONGEST = 10, 200  # characters of a password


@dataclass(frozen=True, slots=True)
class UserCard:
    """A member of the staff."""

    id: int
    email: str
    name: str
    role: str
    locale: str | None
    active: bool


@retried
def add(email: str, password: str, *, role: str, now: datetime, name: str = "", locale: str | None = None) -> UserCard:
    """Make an account. Raises Invalid: a wrong address, role or password, or an address that has an account."""
    address = normal_address(email)
    if role not in ROLES:
        raise Invalid(field="role", problem="not_a_choice", value=role, choices=ROLES)
    hashed = password_hash(password)
    with transaction() as session:
        values = {
            "public_id": tokens.new_public_id(),
            "email": address,
            "name": name.strip(),
            "password_hash": hashed,
            "role": role,
            "locale": locale,
            "active": True,
            "created_at": now,
        }
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        made = dialect.insert(User).values(**values).on_conflict_do_nothing(index_elements=["email"]).returning(User.id)
        if (identity := session.scalar(made)) is None:
            raise Invalid(field="email", problem="exists", value=address)
    return UserCard(identity, address, name.strip(), role, locale, active=True)


def find(email: str) -> UserCard | None:
    """Find the account of an address."""
    with reading() as session:
        row = session.scalar(select(User).where(User.email == normal_address(email)))
    return UserCard(row.id, row.email, row.name, row.role, row.locale, row.active) if row else None


def password_hash(password: str) -> str:
    """Hash a password for keeping. Raises Invalid when it is too short, or so long that hashing it is a burden."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(field="password", problem="password_length", lowest=SHORTEST, highest=LONGEST)
    return hasher().hash(password)


def password_fits(hashed: str, password: str) -> bool:
    """Tell whether a password is the one that was hashed; it takes as long whether it is or not."""
    try:
        return hasher().verify(hashed, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False


@cache
def hasher() -> PasswordHasher:
    """Give argon2id with the library's parameters (RFC 9106, low memory)."""
    return PasswordHasher()
