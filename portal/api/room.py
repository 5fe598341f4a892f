"""A call of the API in one decorator: address, key, what comes in and goes out, refusals; and its documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from flask import Blueprint, Flask, Response
from flask_smorest import Api
from flask_smorest import Blueprint as Manual
from marshmallow import Schema
from werkzeug.routing import BaseConverter

from portal.api import fields
from portal.api.callers import identify
from portal.api.problems import IDEMPOTENCY, KeyNeeded, ScopeNeeded, refused
from portal.api.reader import Reader, Unreadable
from portal.api.shown import Problem
from portal.clock import now
from portal.domain.errors import Busy, Invalid, RateLimited, Refusal
from portal.operations import programs

View = Callable[..., Response]
PROBLEM = "application/problem+json"
READER = Reader()
KEY = "key"  # the name of the security scheme
ANY_SCOPE = "any"  # a key of whatever scope opens more of the call

TAGS = {
    "Slots": "What can be booked, and when.",
    "Links": "What a booking link opens: no key, the token is the right. Links to services are made here, too.",
    "Appointments": "Book, look up, move, cancel, correct.",
    "Orders": "Keep orders in step with your own system, and make their booking links.",
    "Customers": "The customer base: kept, shown, erased.",
    "Events": "Everything that happened to appointments, in order.",
}
INTRODUCTION = """\
Times are RFC 3339 with an offset, in the zone of the site; a local date is YYYY-MM-DD. Keys are sent as
`Authorization: Bearer <key>`. Refusals are problem documents (RFC 9457) with a stable `code`; for `invalid`, `errors`
points to every wrong value. Send an `Idempotency-Key` with what creates something: the same request sent again gives
the same answer, and is done once."""
ONCE = {
    "name": IDEMPOTENCY,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "description": "The same key with the same request gives the first answer again and does nothing twice.",
}
REPLAYED = {
    "Idempotency-Replayed": {
        "description": "`true` when this is the answer to a request that was sent before.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}


SAID = {
    "invalid": "Values are wrong, missing or not known: `errors` points to each.",
    "rate_limited": "Too many calls; `Retry-After` says for how many seconds.",
    "slot_not_offered": "This start is not offered: `reasons` says why.",
    "outside_window": "Too early, too late or in the past: `reasons` says which.",
    "limit_reached": "The link, or the customer, has as many appointments as are allowed.",
    "forbidden": "The key is good, but lacks the scope.",
}
"""Refusals in the words of this API, where their own speak of the code."""


class OrderReference(BaseConverter):
    """An order's reference: any characters, slashes among them, wherever they stand."""

    regex = ".+?"
    part_isolating = False


class PublicId(BaseConverter):
    """The id of an appointment."""

    regex = "[0-9a-f]{32}"


CONVERTERS: Mapping[str, type[BaseConverter]] = {"order_reference": OrderReference, "public_id": PublicId}


class Room(Blueprint):
    """The blueprint of the API. What its calls say of themselves waits until somebody asks for the specification."""

    def __init__(self, name: str, import_name: str, *, url_prefix: str) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix)
        self.manual: list[Callable[[Manual], None]] = []

    def call(
        self,
        method: str,
        path: str,
        *,
        tag: str,
        answer: type[Schema],
        status: int = 200,
        made: int | None = None,
        later: type[Schema] | None = None,
        scope: str | None = None,
        public: bool = False,
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        refusals: Sequence[type[Refusal]] = (),
        example: Mapping[str, Any] | None = None,
        creates: bool = False,
    ) -> Callable[[View], View]:
        """Register a view.

        ``scope`` is what a key needs; ``public`` calls work without a key, too. The view is given the values of
        ``query`` or ``body``, checked, and gives a response of its own: ``answer`` only documents it, so that nothing
        is checked twice on the way out. ``made`` is another status that it may have, ``later`` the answer (202) where a
        person must do something first, ``example`` a body. A call that ``creates`` honours an idempotency key.
        """

        def register(view: View) -> View:
            shape = query or body
            guard = _guarded(
                view,
                None if public else scope,
                "json" if body is not None else "query",
                shape() if shape is not None else None,
            )
            self.add_url_rule(path, view.__name__, guard, methods=[method])
            self.manual.append(partial(write, view))
            return view

        def write(view: View, manual: Manual) -> None:
            described: Any = view
            if query is not None:
                described = manual.arguments(query(), location="query")(described)
            if body is not None:
                needed = any(field.required for field in body().fields.values())
                described = manual.arguments(body(), location="json", required=needed, example=example)(described)
            for code in (status, *([made] if made else [])):
                described = manual.response(code, answer, headers=REPLAYED if creates else None)(described)
            if later is not None:
                described = manual.alt_response(
                    HTTPStatus.ACCEPTED.value, schema=later, description=_first_line(later), headers=REPLAYED
                )(described)
            for code, words in _refusals(scope, public, query or body, refusals).items():
                problem = {"schema": Problem, "content_type": PROBLEM, "description": words}
                described = manual.alt_response(code, **problem)(described)
            described = manual.doc(**_facts(view, scope, public=public, creates=creates))(described)
            manual.route(path, methods=[method], tags=[tag])(described)

        return register


class Programs(Api):
    """flask-smorest without its own way of telling errors: ours are the same for pages and programs."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """Leave HTTP errors to the portal."""

    def _register_responses(self) -> None:
        """Describe every error as a problem document, for smorest refers to them by name."""
        for status in HTTPStatus:
            content = {PROBLEM: {"schema": Problem}}
            self.spec.components.response(status.name, {"description": status.phrase, "content": content}, lazy=True)


room = Room("api", __name__, url_prefix="/api/v1")
room.register_error_handler(Refusal, refused)


def register(app: Flask) -> None:
    """Register the calls with an application."""
    app.url_map.converters.update(CONVERTERS)
    app.register_blueprint(room)


def describe(server: str) -> APISpec:
    """Write the specification of the API as it is served at an address.

    Writing it takes longer than making the portal, and most of the portal's processes are never asked for it. So it has
    an application and a blueprint of its own: smorest's, which would slow every call down by wrappers of its own, too.
    """
    app = Flask(__name__)
    app.url_map.converters.update(CONVERTERS)
    manual = Manual(room.name, __name__, url_prefix=room.url_prefix)
    for write in room.manual:
        write(manual)
    app.register_blueprint(manual)
    programs = Programs(spec_kwargs={"title": "Créneau", "version": "1", "openapi_version": "3.1.0"})
    programs.init_app(app, spec_kwargs={"info": {"description": INTRODUCTION}, "servers": [{"url": server}]})
    for field, kind in fields.KINDS.items():
        programs.register_field(field, *kind)
    programs.register_converter(PublicId, lambda _converter: {"type": "string", "pattern": f"^{PublicId.regex}$"})
    manual.register_views_in_doc(programs, app, programs.spec, name=room.name, parameters=None)
    for tag, description in TAGS.items():
        programs.spec.tag({"name": tag, "description": description})
    programs.spec.components.security_scheme(
        KEY,
        {"type": "http", "scheme": "bearer", "description": "A key made in the staff area or by `creneau key add`."},
    )
    specification: APISpec = programs.spec
    return specification


def _guarded(view: View, scope: str | None, place: str, reads: Schema | None) -> View:
    """Know who calls before anything of the request is read, then read it."""

    @wraps(view)
    def guard(**values: Any) -> Response:
        caller = identify()
        if scope is not None:
            caller.require(scope)
        if "id" in values:
            values["public_id"] = values.pop("id")  # Python has another use for the name
        return view(*_read(place, reads, values), **values)

    return guard


def _read(place: str, reads: Schema | None, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Give the checked values of a request, where its call reads any. A wrong token is told before a wrong request."""
    if reads is None:
        return ()
    try:
        return (READER.parse(reads, location=place),)
    except Unreadable:
        if "token" in values:
            programs.opened(values["token"], now=now())
        raise


def _refusals(
    scope: str | None, public: bool, reads: type[Schema] | None, refusals: Sequence[type[Refusal]]
) -> dict[int, str]:
    """Say for each status which codes may come with it, and why."""
    keys = [KeyNeeded] if scope is None or public else [KeyNeeded, ScopeNeeded]
    everywhere = [*keys, *([Invalid] if reads else []), *refusals, RateLimited, Busy]
    described: dict[int, str] = {}
    for refusal in dict.fromkeys(everywhere):
        line = f"`{refusal.code}`: {SAID.get(refusal.code) or _first_line(refusal)}"
        described[refusal.status] = "\n".join(filter(None, [described.get(refusal.status), line]))
    return described


def _first_line(documented: type[Refusal] | type[Schema]) -> str:
    return (documented.__doc__ or "").splitlines()[0]


def _facts(view: View, scope: str | None, *, public: bool, creates: bool) -> dict[str, Any]:
    named = {KEY: [] if scope in (None, ANY_SCOPE) else [scope]}
    security = [named] if scope and not public else [{}, named] if scope else []
    facts: dict[str, Any] = {"operationId": view.__name__, "security": security}
    return {**facts, "parameters": [ONCE]} if creates else facts
