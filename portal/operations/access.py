"""Who may book: whose address fits the patterns, and whether only customers may.

Staff is never bound. A booking link is itself an admission, and so is a continuation, which was mailed to a customer:
patterns bind the address that is typed beside them, unless the order names it.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.access import matches
from portal.domain.errors import NotEligible
from portal.models import Customer
from portal.operations.actors import Actor
from portal.operations.bookables import Bookable
from portal.operations.links import OpenLink


def admit(
    bookable: Bookable, email: str | None, *, actor: Actor, link: OpenLink | None = None, introduced: bool = False
) -> None:
    """Accept who wants to book. Raises NotEligible, whose ``problem`` is ``address`` or ``customers_only``.

    ``introduced``: a mail of ours proved that the address is a customer's. Where that is wanted and missing, the
    refusal is the same for everybody: pages and programs ask ``by_mail_only`` first, and write to the address instead.
    """
    if actor.staff:
        return
    if link is None or link.email is None:
        admit_address(bookable, email)
    if link is None and by_mail_only(bookable) and not introduced:
        raise NotEligible(problem="customers_only", phone=bookable.site.phone)


def admit_address(bookable: Bookable, email: str | None) -> None:
    """Accept an address that was typed. Raises NotEligible when it fits none of the patterns."""
    if not matches(bookable.policy.email_patterns, email or ""):
        raise NotEligible(problem="address", phone=bookable.site.phone)


def by_mail_only(bookable: Bookable) -> bool:
    """Tell whether only existing customers may book, who go on by a mail so that nobody learns who is one."""
    return bookable.policy.who == "existing"


def is_customer(session: Session, email: str) -> bool:
    """Tell whether an address is in the customer base. Nobody outside may learn this."""
    return session.scalar(select(Customer.id).where(Customer.email == email)) is not None
