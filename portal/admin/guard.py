"""Who may enter the staff area: one guard before every page, whatever the page forgets.

A view says whom it is for with ``@needs``. One that says nothing is for everybody of the staff where it reads, and
for managers where it writes. Whose sites end somewhere finds nothing beyond: ``scope()`` keeps lists within them, and
``only(site_id)`` a page about one thing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlsplit

from flask import abort, current_app, g, request, session, url_for
from flask_login import UserMixin, current_user, logout_user
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from portal.clock import real_now
from portal.extensions import csrf, login
from portal.operations import sessions, usage
from portal.operations.actors import Actor
from portal.operations.edits import OfSites
from portal.operations.scopes import Scope
from portal.operations.sessions import Member
from portal.web.responses import go, wants_fragment
from portal.web.security import SAFE

IDLE = 12 * 3600  # seconds without a request, after which a login ends
OPEN = "open"
READ, BOOK, EDIT, ADMIN = "read", "book", "edit", "admin"
RIGHTS = {
    "viewer": frozenset({READ}),
    "agent": frozenset({READ, BOOK}),
    "manager": frozenset({READ, BOOK, EDIT}),
    "admin": frozenset({READ, BOOK, EDIT, ADMIN}),
}
View = TypeVar("View", bound=Callable[..., Any])
S = TypeVar("S", bound=OfSites)


class Staff(UserMixin):
    """The one who is logged in. Its id, for the cookie, is the session's random token: ending the session ends it."""

    def __init__(self, member: Member, token: str) -> None:
        self.member = member
        self.token = token

    def get_id(self) -> str:
        """Give what the cookie holds."""
        return self.token

    def may(self, right: str) -> bool:
        """Tell whether the role includes a right."""
        return right in RIGHTS[self.member.role]


def needs(right: str) -> Callable[[View], View]:
    """Say whom a view is for, whether it reads or writes: ``@needs(BOOK)``."""

    def mark(view: View) -> View:
        cast(Any, view).needed_right = right
        return view

    return mark


def needed(endpoint: str | None, method: str) -> str:
    """Tell which right a request needs."""
    view = current_app.view_functions.get(endpoint or "")
    return str(getattr(view, "needed_right", READ if method in SAFE else EDIT))


def staff() -> Staff:
    """Give the one who is logged in, behind the guard."""
    return cast(Staff, current_user)


def actor() -> Actor:
    """Name the one who acts, for the history: bound by capacity and hours only."""
    return Actor(staff().member.email, "staff", staff=True)


def scope() -> Scope:
    """Give the sites that are theirs who are logged in."""
    return staff().member.scope


def only(site_id: int | None) -> None:
    """Go on for those whose site this is; there is nothing here (404) for others."""
    if not scope().sees(site_id):
        abort(404)


def load(token: str) -> Staff | None:
    """Find whom a cookie's token stands for."""
    found = sessions.member(token, now=real_now())
    return Staff(found, token) if found is not None else None


login.user_loader(load)


def guard() -> BaseResponse | None:
    """Let a request of the staff area pass, or send it to the login, or say that there is nothing here (404).

    A NUL is no text and no database keeps it: no page has one in its address, and no form of ours sends one (400).
    """
    if "\0" in request.path:
        abort(404)
    if any("\0" in value for _name, values in request.form.lists() for value in values):
        abort(400)
    right = needed(request.endpoint, request.method)
    known = _known()
    if right == OPEN:
        return None
    if not known:
        return go(url_for("admin.entry.login", next=_wanted()))
    csrf.protect()
    if not staff().may(right):
        abort(404)
    return None


def _known() -> bool:
    """Tell whether somebody is logged in and was here lately; then speak that person's language."""
    if not current_user.is_authenticated:
        return False
    seconds = int(real_now().timestamp())
    if seconds - session.get("seen", 0) > IDLE:
        forget()
        return False
    if seconds - session["seen"] > IDLE // 72:  # ten minutes: not a new cookie with every answer
        session["seen"] = seconds
    g.customer_locale = staff().member.locale
    usage.note_use("session", staff().member.session_id, real_now())
    return True


def sign_on(token: str) -> Staff | None:
    """Begin a browser's session with a fresh cookie."""
    session.clear()
    session["seen"] = int(real_now().timestamp())
    return load(token)


def sign_off() -> None:
    """End the session here and in the database, and take the cookie back."""
    sessions.leave(staff().token, now=real_now())
    forget()


def forget() -> None:
    """Take the cookie back; an old copy of it opens nothing, for it says how old it is."""
    logout_user()
    session.clear()


def _wanted() -> str | None:
    """Give the page to come back to after the login: the one asked for, else the one that a form stood on."""
    if request.method in SAFE and not wants_fragment():
        return own_path(here())
    shown = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    return own_path(f"{shown.path}?{shown.query}".rstrip("?"))


def here() -> str:
    """Give the address of this page as the browser asked for it: the path that a server hands on is decoded once."""
    query = request.query_string.decode("ascii", "replace")
    return quote(request.path, safe="/") + (f"?{query}" if query else "")


def own_path(text: str | None) -> str | None:
    """Accept the address of a page of the staff area, and nothing that a browser could take for another site's."""
    path = text or ""
    inside = path == "/admin" or path.startswith(("/admin/", "/admin?"))
    return path if inside and "\\" not in path and path.isprintable() else None


def rights() -> dict[str, Any]:
    """Give the templates what they show or leave out."""
    frame = {"here": here(), "csrf_field": csrf_field}
    if not current_user.is_authenticated:
        return {**frame, "who": None, "may_book": False, "may_edit": False, "may_admin": False}
    may = {f"may_{right}": staff().may(right) for right in (BOOK, EDIT, ADMIN)}
    return {**frame, "who": staff().member, **may}


def csrf_field() -> Markup:
    """Write the hidden field that every form of the staff area carries."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def seen(sheet: S) -> S:
    """Give what one of their sites has, whoever is logged in; what is others' is not there."""
    if not sheet.seen_by(scope()):
        abort(404)
    return sheet


def theirs(sheet: S) -> S:
    """Give what is theirs to change: all of its sites are."""
    if not sheet.changed_by(scope()):
        abort(404)
    return sheet
