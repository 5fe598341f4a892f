"""Customers: kept in step with the caller's own system, shown, erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from portal.api import answers
from portal.api.callers import caller
from portal.api.given import CustomerPut
from portal.api.room import room
from portal.api.shown import CustomerAnswer, Erased
from portal.clock import now
from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.operations import customers as base
from portal.operations import erasure

ONE = "/customers/<email>"
EXAMPLE = {"name": "Achats SA", "kind": "customer", "phone": "05 56 00 10 42", "locale": "fr"}


@room.call(
    "PUT", ONE, tag="Customers", scope="orders", body=CustomerPut, answer=CustomerAnswer, made=201, example=EXAMPLE
)
def put_customer(given: Mapping[str, Any], email: str) -> Response:
    """Create the customer of this address (201), or change the one who is there (200): what is left out stays."""
    card = base.put(email, given, now=now(), by=caller().actor(staff=True))
    return answers.answer(answers.customer(card), 201 if card.new else 200)


@room.call("GET", ONE, tag="Customers", scope="orders", answer=CustomerAnswer, refusals=[Invalid, NotFound])
def show_customer(email: str) -> Response:
    """Show a customer."""
    return answers.answer(answers.customer(base.of_address(email)))


@room.call("DELETE", ONE, tag="Customers", scope="orders", answer=Erased, refusals=[Invalid, NotFound, StateChanged])
def erase_customer(email: str) -> Response:
    """Erase a customer for good: past appointments stay as figures, without a trace of who came.

    Refused (409) while an appointment of theirs is to come: cancel it first.
    """
    card = base.of_address(email)
    erased = erasure.erase(card.id, now=now(), by=caller().actor(staff=True))
    return answers.answer({"appointments": erased})
