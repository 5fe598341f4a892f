"""Orders: kept in step with the caller's own system, and their booking links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from portal.api import answers
from portal.api.callers import caller
from portal.api.given import LinkGiven, OrderPatch, OrderPut
from portal.api.room import room
from portal.api.shown import LinkMade, OrderAnswer
from portal.clock import now
from portal.domain.errors import Invalid, NotFound
from portal.operations import links
from portal.operations import orders as book
from portal.operations.actors import Actor
from portal.operations.links import Scope

SCOPE = ("first_day", "last_day", "expires_at", "max_active")
ONE = "/orders/<order_reference:reference>"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
EXAMPLE = {
    "kind": "customer",
    "site": "bordeaux",
    "status": "ready",
    "customer": {"email": "achats@example.com", "name": "Achats SA", "locale": "fr"},
    "units": "36 palettes",
}


@room.call("PUT", ONE, tag="Orders", scope="orders", body=OrderPut, answer=OrderAnswer, made=201, example=EXAMPLE)
def put_order(given: Mapping[str, Any], reference: str) -> Response:
    """Create an order (201), or update the one with this reference (200).

    Any characters may stand in the reference, URL-encoded. What is left out stays as it is.
    """
    card = book.put(book.OrderDraft(_readable(reference), **_changes(given, nothing="")), now=now(), by=_by())
    return answers.answer(answers.order(card), 201 if card.new else 200)


@room.call("GET", ONE, tag="Orders", scope="orders", answer=OrderAnswer, refusals=[Invalid, NotFound])
def show_order(reference: str) -> Response:
    """Show an order."""
    return answers.answer(answers.order(book.get(_readable(reference))))


@room.call(
    "PATCH",
    ONE,
    tag="Orders",
    scope="orders",
    body=OrderPatch,
    answer=OrderAnswer,
    refusals=[NotFound],
    example={"status": "shipped"},
)
def patch_order(given: Mapping[str, Any], reference: str) -> Response:
    """Change some fields of an order; null empties one."""
    card = book.patch(_readable(reference), _changes(given, nothing=None), now=now(), by=_by())
    return answers.answer(answers.order(card))


@room.call(
    "POST",
    f"{ONE}/links",
    tag="Orders",
    scope="orders",
    body=LinkGiven,
    answer=LinkMade,
    status=201,
    refusals=[NotFound],
    example={"first_day": "2026-12-07", "last_day": "2026-12-18", "max_active": 1, "send": True},
    creates=True,
)
def make_link(given: Mapping[str, Any], reference: str) -> Response:
    """Make a booking link for an order, and mail it to its customer with `"send": true`."""
    scope = Scope(**{name: given[name] for name in SCOPE if name in given})
    found = book.get(_readable(reference))
    made = links.create(found.reference, now=now(), scope=scope, send=given["send"], once=caller().once(), by=_by())
    return answers.answer(answers.made_link(made, found.site.zone), 201, replayed=made.replayed)


def _by() -> Actor:
    """Name the key that acts, for the audit log."""
    return caller().actor(staff=True)


def _readable(reference: str) -> str:
    """Accept the reference in an address; what stands for bytes that are no UTF-8 may be any. Raises Invalid."""
    if REPLACEMENT in reference:
        raise Invalid(field="reference", problem="unreadable")
    return book.checked_reference(reference)


def _changes(given: Mapping[str, Any], *, nothing: str | None) -> dict[str, Any]:
    """Lay an order out flat, its customer with it; ``nothing`` is what no address is called."""
    customer = dict(given["customer"])
    if "email" in customer and customer["email"] is None:
        customer["email"] = nothing
    return {**{name: value for name, value in given.items() if name != "customer"}, **customer}
