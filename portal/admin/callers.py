"""For whom the staff books: an order, a customer, or somebody not known yet. The address of each step says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from portal.admin.guard import only, scope
from portal.config import LOCALES
from portal.domain.errors import NotFound
from portal.i18n import _, current_locale
from portal.operations import customers, orders
from portal.operations.customers import CustomerCard
from portal.operations.orders import OrderCard

LONGEST = 200  # characters of a reference in the address
DIGITS = 18  # of a number in the address


def asked_reference() -> str:
    """Read the order's reference of the address."""
    return request.args.get("order", "").strip().replace("\0", "")[:LONGEST]


@dataclass(frozen=True, slots=True)
class Caller:
    """The order or the customer that is booked for, if either is known."""

    order: OrderCard | None = None
    customer: CustomerCard | None = None

    @classmethod
    def asked(cls) -> Caller:
        """Read the caller of the address. Raises NotFound for one that does not exist, or is another site's."""
        if reference := asked_reference():
            order = orders.get(reference)
            only(order.site.id)
            return cls(order=order)
        number = request.args.get("customer", "")
        if not number:
            return cls()
        if not (number.isascii() and number.isdigit() and len(number) <= DIGITS):
            raise NotFound
        return cls(customer=customers.get(int(number), scope()))

    @property
    def named(self) -> dict[str, Any]:
        """What the addresses of the next steps carry."""
        if self.order is not None:
            return {"order": self.order.reference}
        return {"customer": self.customer.id} if self.customer is not None else {}

    @property
    def title(self) -> str:
        """Who it is, in a word or two; nothing for somebody who is not known."""
        if self.order is not None:
            return _("Order %(reference)s", reference=self.order.reference)
        return (self.customer.name or self.customer.email or "") if self.customer is not None else ""

    @property
    def known(self) -> dict[str, Any]:
        """What the form of who comes is filled in with."""
        card = self.order or self.customer
        if card is None:
            return {"locale": current_locale()}
        locale = card.locale if card.locale in LOCALES else current_locale()
        return {"name": card.name, "email": card.email or "", "phone": card.phone, "locale": locale}

    @property
    def back(self) -> tuple[str, str]:
        """Where the first step leads back to: the address and its words."""
        if self.order is not None:
            return url_for("admin.orders.show", reference=self.order.reference), _("Back to the order")
        if self.customer is not None:
            return url_for("admin.customers.show", number=self.customer.id), _("Back to the customer")
        return url_for("admin.phone.choose"), _("Other plannings")
