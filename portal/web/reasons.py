"""Why a time cannot be had, said politely to who wants it, with the numbers that the rule comes to."""

from __future__ import annotations

from datetime import date

from flask_babel import ngettext

from portal.domain.policy import Policy
from portal.domain.slots import BookingDays, Reason
from portal.i18n import _
from portal.i18n import day as in_full
from portal.operations import limits
from portal.operations.asking import Binding
from portal.operations.bookables import Bookable
from portal.operations.wanting import people_of
from portal.web.texts import limit_text, reason_text
from portal.web.windows import earliest_text, last_text


def polite(reason: Reason, bookable: Bookable, day: date, binding: Binding) -> str:
    """Say why a start on a local day is not offered."""
    said, window = reason_text(reason.value), binding.window
    if reason is Reason.LIMIT and day in binding.spent:
        return limit_of(bookable, day, binding)
    if reason is Reason.NOTICE and window is not None:
        return earliest_text(bookable, window) if window.never_open else f"{said} {earliest_text(bookable, window)}"
    if reason is Reason.HORIZON and window is not None:
        return f"{said} {last_text(window)}"
    if reason is Reason.NOT_ELIGIBLE and binding.days is not None:
        return f"{said} {days_text(binding.days)}"
    if reason in (Reason.RESOURCE_ABSENT, Reason.RESOURCE_BUSY):
        return _missing(reason, bookable)
    return said


def _missing(reason: Reason, bookable: Bookable) -> str:
    """Say that those, or what, a service needs is away or taken."""
    away = reason is Reason.RESOURCE_ABSENT
    if people_of(bookable.service):
        absent, busy = _("Nobody who could receive you is there then."), _("Nobody who could receive you is free then.")
        return absent if away else busy
    return _("What you asked for is not available then.") if away else _("What you asked for is taken then.")


def limit_of(bookable: Bookable, day: date, binding: Binding) -> str:
    """Say which limit a customer has reached on a day."""
    reached = limits.reached(bookable, binding.spent[day])
    return limit_text(reached.per, reached.count, reached.limit) if reached else reason_text(Reason.LIMIT)


def days_text(days: BookingDays) -> str:
    """Say which days a link books."""
    first, last = (in_full(one) if one is not None else "" for one in days)
    if first and last:
        return _("It books from %(first)s to %(last)s.", first=first, last=last)
    return _("It books from %(first)s on.", first=first) if first else _("It books until %(last)s.", last=last)


def limits_text(policy: Policy) -> str:
    """Say how often a customer may come; nothing where nothing limits it."""
    return " ".join(limits_texts(policy))


def limits_texts(policy: Policy) -> list[str]:
    """Say each limit of how often a customer may come."""
    day, week, said = policy.max_per_day, policy.max_per_week, list[str]()
    if day is not None:
        said.append(str(ngettext("At most %(num)s appointment a day.", "At most %(num)s appointments a day.", day)))
    if week is not None:
        said.append(
            str(
                ngettext(
                    "At most %(num)s appointment a week, from Monday to Sunday.",
                    "At most %(num)s appointments a week, from Monday to Sunday.",
                    week,
                )
            )
        )
    return said
