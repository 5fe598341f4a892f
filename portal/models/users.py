"""Who may enter the staff area, and which programs may call the API."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Model
from portal.models.types import UtcDateTime


class User(Model):
    """A member of the staff."""

    __tablename__ = "user_account"
    __table_args__ = (CheckConstraint("role IN ('admin', 'manager', 'agent', 'viewer')", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)  # in the tokens of invitations and resets
    generation: Mapped[int] = mapped_column(default=1)  # raised by every use of such a token, and by every new one
    link_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # until when the newest of them opens
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str] = mapped_column(String(200), default="")  # empty: invited, no password chosen yet
    role: Mapped[str] = mapped_column(String(10))
    every_site: Mapped[bool] = mapped_column(default=True)  # else those of user_site
    locale: Mapped[str | None] = mapped_column(String(5))
    active: Mapped[bool] = mapped_column(default=True)
    totp_nonce: Mapped[str | None] = mapped_column(String(32))  # of the second factor; the secret itself is derived
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0)  # the last time step used: a code serves once
    recovery: Mapped[list[str]] = mapped_column(JSON, default=list)  # hashes of the recovery codes that are left
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UserSite(Model):
    """A site for which somebody works whose rights do not reach every site."""

    __tablename__ = "user_site"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True, index=True)


class UserSession(Model):
    """A login on one browser; ending it here ends it there."""

    __tablename__ = "user_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    browser: Mapped[str] = mapped_column(String(200), default="")  # as it names itself
    address: Mapped[str] = mapped_column(String(45), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # written by a timer, minutes late
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LoginFailure(Model):
    """Failed logins of one account or from one address, for the throttle."""

    __tablename__ = "login_failure"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)  # keyed hash of the account or of the address
    failures: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiKey(Model):
    """A program's key: random, kept as a hash, limited to scopes."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # written by a timer, minutes late
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
