"""Members of the staff for tests, logged in without the cost of a password."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from portal.clock import real_now
from portal.extensions import transaction
from portal.models import Site, User, UserSite
from portal.operations import sessions, throttle, tokens
from portal.operations.sessions import Machine
from tests.sample import MADE

ROLES = ("admin", "manager", "agent", "viewer")


def account(role: str = "manager", locale: str | None = "fr") -> str:
    """Make an account that no password opens, log it in, and give the session's token. Call inside an app context."""
    with transaction() as session:
        user = User(
            public_id=tokens.new_public_id(),
            email=f"{role}@example.com",
            name=f"{role.capitalize()} Morel",
            password_hash="!",
            role=role,
            locale=locale,
            created_at=MADE,
        )
        session.add(user)
        session.flush()
        number = user.id
    return sessions._open(number, throttle.tried(user.email, ""), real_now(), Machine("127.0.0.1"))


def values(token: str, seconds_ago: float = 0) -> dict[str, Any]:
    """Give what the cookie of a session holds, last used so long ago."""
    return {"_user_id": token, "_fresh": True, "seen": int(real_now().timestamp() - seconds_ago)}


def logged_in(app: Flask, role: str = "manager", locale: str | None = "fr") -> FlaskClient:
    """Give a browser of somebody with this role."""
    with app.app_context():
        token = account(role, locale)
    client = app.test_client()
    with client.session_transaction("/admin/") as session:
        session.update(values(token))
    return client


def cookie(app: Flask, role: str = "manager", locale: str | None = "fr") -> dict[str, str]:
    """Give the cookie of somebody with this role, for a real browser."""
    with app.app_context():
        token = account(role, locale)
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return {"name": app.config["SESSION_COOKIE_NAME"], "value": serializer.dumps(values(token)), "path": "/admin"}


def works_for(role: str, *keys: str) -> None:
    """Let the one with this role work for these sites only. Call inside an app context."""
    with transaction() as session:
        user = session.query(User).filter_by(email=f"{role}@example.com").one()
        user.every_site = False
        session.add_all(
            UserSite(user_id=user.id, site_id=site.id) for site in session.query(Site).filter(Site.key.in_(keys))
        )
