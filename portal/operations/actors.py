"""Who acts: the history names them, and their origin says which rules bind them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts and from where (link, guest, staff, api); ``staff`` is bound by capacity and hours only."""

    name: str
    origin: str
    staff: bool = False


BY_MAIL = "mail:"
"""Before the address of somebody who acts for a site by the link in a mail, without a login."""

CUSTOMER = Actor("customer", "link")
GUEST = Actor("customer", "guest")
SYSTEM = Actor("system", "command", staff=True)
"""A command of the operator: loading a file, adding a user."""
