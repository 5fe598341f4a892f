"""Shapes of the configuration file: customers and their orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import post_load
from marshmallow.validate import OneOf

from portal.config import LOCALES
from portal.operations.schema_fields import KINDS, Read, Reference, Strict, Text, an_address, an_instant


class CustomerSchema(Strict):
    """Somebody of the customer base."""

    email = Read(an_address, required=True)
    name = Text(120)
    phone = Text(40)
    kind = Text(10, validate=[OneOf(KINDS, error=f"must be one of {', '.join(KINDS)}")])
    locale = Text(5, allow_none=True, validate=[OneOf(LOCALES, error=f"must be one of {', '.join(LOCALES)}")])


class NamelessSchema(Strict):
    """The customer of one order who has no address, and so cannot be invited."""

    name = Text(120, load_default="")
    phone = Text(40, load_default="")

    @post_load
    def _kept(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"name": given["name"], "phone": given["phone"]}


def _customer(value: Any) -> Any:
    if isinstance(value, Mapping):
        return NamelessSchema().load(value)
    return an_address(value)


class OrderSchema(Strict):
    """An order that appointments are booked for."""

    reference = Reference(120, shortest=1, required=True)
    kind = Text(10, validate=[OneOf(KINDS, error=f"must be one of {', '.join(KINDS)}")])
    site = Text(60)
    customer = Read(_customer, allow_none=True)
    status = Text(40)
    units = Text(120)
    ship_date = Read(an_instant, allow_none=True)
    delivery_date = Read(an_instant, allow_none=True)
