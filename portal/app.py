"""Build the application: settings, extensions, guards, pages, API."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from flask import Flask, Response, g, request
from flask.templating import Environment
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.middleware.proxy_fix import ProxyFix

import portal.models  # noqa: F401 - the tables must be known before the first query
from portal import admin, api, booking, i18n
from portal.booking import mailbox
from portal.config import Settings
from portal.delivery.mailbox import kept_here
from portal.domain.errors import Busy
from portal.extensions import babel, connect, csrf, login, settings
from portal.i18n import CATALOGUES, chosen_locale
from portal.web import brand, cookies, frame, limits, observe, responses, security

HERE = Path(__file__).parent
LARGEST_REQUEST = 2 * 1024 * 1024  # bytes
ExcInfo = tuple[type, BaseException, TracebackType] | tuple[None, None, None]


class Templates(Environment):
    """Jinja with one dictionary of globals for all templates: an empty one laid over it would be searched each time."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Give the globals of a template."""
        return super().make_globals(d) if d else self.globals


class Portal(Flask):
    """The application. Its log says on which route something failed, never at which address: that may be a token."""

    jinja_environment = Templates

    def log_exception(self, exc_info: ExcInfo) -> None:
        """Write down an error that nobody handled."""
        route = request.url_rule.rule if request.url_rule is not None else "none"
        extra = {"request_id": g.get("request_id", "-"), "route": route, "method": request.method}
        self.logger.error("an error that nobody handled", exc_info=exc_info, extra=extra)


def create_app(given: Settings) -> Flask:
    """Build the application for these settings."""
    app = Portal(__name__)
    app.config.from_mapping(
        SETTINGS=given,
        SECRET_KEY=given.secret_key,
        TESTING=given.testing,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        SESSION_COOKIE_NAME="creneau",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=given.public_url.startswith("https:"),
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE=given.default_locale,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    _trust_proxies(app, given.trusted_proxies)
    connect(app, migrations_folder())
    babel.init_app(app, locale_selector=_page_locale)
    babel.domain_instance = CATALOGUES
    cookies.init_app(app)
    csrf.init_app(app)
    # The library would look for a user on every page, and so read the cookie that public pages do without.
    login.init_app(app, add_context_processor=False)
    limits.init_app(app)
    i18n.init_app(app)
    observe.init_app(app)
    security.init_app(app)
    responses.init_app(app)
    frame.init_app(app)
    brand.init_app(app)
    app.register_error_handler(PoolTimeout, _database_away)
    app.register_error_handler(DBAPIError, _database_away)
    for blueprint in (*booking.blueprints, *admin.blueprints):
        app.register_blueprint(blueprint)
    if kept_here(given):
        app.register_blueprint(mailbox.bp)
    api.init_app(app)
    return app


def migrations_folder() -> Path:
    """Find the migrations: beside the package in a checkout, inside it in an installed wheel."""
    inside = HERE / "migrations"
    return inside if inside.is_dir() else HERE.parent / "migrations"


def _page_locale() -> str:
    """Choose a page's language: the URL, the customer's, the browser's wish, the portal's default."""
    if not request:
        return settings().default_locale
    wishes = [request.args.get("lang"), g.get("customer_locale"), *request.accept_languages.values()]
    return chosen_locale(wishes, settings().default_locale)


def _trust_proxies(app: Flask, number: int) -> None:
    if number:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=number, x_proto=number, x_host=number)  # type: ignore[method-assign]


def _database_away(error: Exception) -> Response:
    """Answer 503 in words when the database is away, and let everything else be the error it is."""
    if isinstance(error, DBAPIError) and not (error.connection_invalidated or _unreachable(error)):
        raise error
    return responses.refused(Busy(retry_after=5))


def _unreachable(error: DBAPIError) -> bool:
    words = (
        "connection",
        "server closed",
        "unable to open database",
        "disk",
        "readonly",
        "read-only",
        "locked",
        "timeout",
    )
    return any(word in str(error.orig).lower() for word in words)
