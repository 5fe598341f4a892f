"""The only cookie there is: that of the staff's login. Public pages neither read nor set one."""

from __future__ import annotations

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

STAFF = "/admin"


class StaffSessions(SecureCookieSessionInterface):
    """Sessions under ``/admin`` alone: libraries that look into the session elsewhere find an empty one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Read the session of a staff page, and nothing of any other."""
        return super().open_session(app, request) if request.path.startswith(STAFF) else self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the session of a staff page; other answers do not vary with a cookie."""
        if request.path.startswith(STAFF):
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Keep the cookie to the staff area, in the browser too."""
    app.config["SESSION_COOKIE_PATH"] = STAFF
    app.session_interface = StaffSessions()
