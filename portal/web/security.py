"""What every answer carries and every change must show: headers, origin, signed forms."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request
from itsdangerous import BadSignature, URLSafeSerializer

from portal.clock import real_now
from portal.extensions import settings
from portal.web.embedding import framed

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src 'self'; "
    "manifest-src 'self'"
)
CARRIED = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)
FORM_LIFE = timedelta(hours=24)
SAFE = ("GET", "HEAD", "OPTIONS")
TOKEN_PATHS = ("/b/", "/a/", "/v/", "/o/", "/wait/", "/feeds/", "/admin", "/api/", "/find", "/dev/")
TOKEN_VALUES = frozenset({"c", "hold"})  # tokens in the address of a page that is everybody's otherwise


@dataclass(frozen=True, slots=True)
class FormToken:
    """Who sends a public form, without a cookie: its purpose, its own idempotency key, and its age in seconds."""

    purpose: str
    key: str
    age: float


def form_token(purpose: str) -> str:
    """Sign a fresh form: its random key makes a double click, a reload or Back one booking."""
    return _serializer().dumps([purpose, secrets.token_urlsafe(16), int(real_now().timestamp())])


def read_form_token(text: str | None, purpose: str) -> FormToken | None:
    """Read a form's token; None when it is forged, of another form, or older than a day."""
    try:
        signed_for, key, made = _serializer().loads(text or "")
    except (BadSignature, ValueError, TypeError):
        return None
    age = real_now().timestamp() - made
    if signed_for != purpose or not 0 <= age <= FORM_LIFE.total_seconds():
        return None
    return FormToken(purpose, key, age)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt="creneau-form")


def refuse_foreign_origin() -> None:
    """Refuse a change that another site's page sends (403): browsers say where a request comes from."""
    if request.method in SAFE:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        abort(403)
    origin = request.headers.get("Origin")
    if origin is not None and not _ours(origin):
        abort(403)


def _ours(origin: str) -> bool:
    public = urlsplit(settings().public_url)
    return origin in (f"{public.scheme}://{public.netloc}", f"{request.scheme}://{request.host}")


def name_request() -> None:
    """Give the request an id for the log; a proxy's is not trusted to be harmless."""
    g.request_id = secrets.token_hex(8)


def protect(response: Response) -> Response:
    """Set the headers that every answer carries, errors included."""
    headers = response.headers
    own = {name for name, _value in headers}
    headers.extend([(name, value) for name, value in _carried() if name not in own])
    return response


def _carried() -> Iterator[tuple[str, str]]:
    """List the headers of an answer, where it has none of its own under their names."""
    yield "X-Request-Id", g.get("request_id", "-")
    yield "Content-Security-Policy", _policy()
    yield from CARRIED
    if not framed():  # the older header knows no list of origins
        yield "X-Frame-Options", "DENY"
    if settings().public_url.startswith("https:"):
        yield "Strict-Transport-Security", "max-age=31536000; includeSubDomains"
    if request.path.startswith(TOKEN_PATHS) or not TOKEN_VALUES.isdisjoint(request.args):
        yield "X-Robots-Tag", "noindex, nofollow"
        yield "Cache-Control", "no-store"
    elif request.endpoint != "static":
        yield "Cache-Control", "no-cache"


def _policy() -> str:
    """Say what a page may load, and who may show it in a frame: nobody, or on a guest's page the origins allowed."""
    if not framed():
        return CSP
    return CSP.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(settings().embed_origins)}")


def init_app(app: Flask) -> None:
    """Guard every route of the application."""
    app.before_request(name_request)
    app.before_request(refuse_foreign_origin)
    app.after_request(protect)
