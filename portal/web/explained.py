"""What an explanation says to the staff: why a start is not offered, and the facts that its reasons come from."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import ngettext

from portal.domain.slots import Reason, Start
from portal.domain.zones import local_day
from portal.i18n import _, named
from portal.operations import limits
from portal.operations.contenders import Contender, Why
from portal.operations.explanations import Explanation, Person
from portal.operations.limits import Limit
from portal.web.reasons import days_text, limits_text
from portal.web.texts import reason_text
from portal.web.windows import earliest_text, last_text


def reasons_of(found: Explanation, start: Start) -> tuple[str, ...]:
    """Say every reason why a start is not offered, in their order."""
    return tuple(_reason(found, start, reason) for reason in start.reasons)


def _reason(found: Explanation, start: Start, reason: Reason) -> str:
    if reason is Reason.NOT_ELIGIBLE and found.person is not None and found.person.barred:
        return _barred_text(found.person.barred)
    if reason is Reason.LIMIT and found.full:
        return _("The link has as many appointments to come as it allows.")
    if (staffs := _of_service(found, reason)) is not None:
        return staffs
    count = found.binding.spent.get(local_day(start.start, found.bookable.zone))
    reached = limits.reached(found.bookable, count) if count is not None else None
    if reason is Reason.LIMIT and reached is not None:
        return _limit_text(reached)
    return reason_text(reason.value)


def _of_service(found: Explanation, reason: Reason) -> str | None:
    """Say to the staff what is in the way of a service as such."""
    if reason is Reason.RESOURCE_ABSENT:
        return _("Absences leave too few people, rooms or equipment.")
    if reason is Reason.RESOURCE_BUSY:
        return _("Other appointments leave too few people, rooms or equipment.")
    if reason is Reason.FULL and found.bookable.beside is not None:
        return _("The planning %(planning)s has no place left.", planning=found.bookable.beside.planning.name)
    return None


def everywhere(_site_id: int) -> bool:
    """See every site."""
    return True


def hindrance_text(one: Contender, sees: Callable[[int], bool] = everywhere) -> str:
    """Say what keeps somebody or something from a start; appointments only of sites, by id, that the reader sees."""
    told = {
        Why.SHUT: _("No hours then."),
        Why.ABSENT: _absent_text(one),
        Why.BUSY: _busy_text(one, sees),
        Why.FULL_DAY: _full_day_text(one),
    }
    return " ".join(told[why] for why in one.why) or _("Free.")


def _absent_text(one: Contender) -> str:
    labels = ", ".join(label for label in one.labels if label)
    return _("Absent: %(label)s.", label=labels) if labels else _("Absent.")


def _busy_text(one: Contender, sees: Callable[[int], bool]) -> str:
    """Name the appointments; what is held for a form, or at others' sites, has no name."""
    named = [taken.reference for taken in one.taken if sees(taken.site_id)]
    if named:
        return _("Taken by %(references)s.", references=", ".join(named))
    return _("Taken at another site.") if one.taken else _("Taken.")


def _full_day_text(one: Contender) -> str:
    most = one.card.max_per_day or 0
    return str(ngettext("At most %(num)s appointment a day.", "At most %(num)s appointments a day.", most))


def _barred_text(problem: str) -> str:
    if problem == "customers_only":
        return _("Only existing customers may book, and this address is none of theirs.")
    return _("No pattern admits this address.")


def _limit_text(limit: Limit) -> str:
    if limit.per == "day":
        return str(
            ngettext(
                "This customer has %(num)s appointment that day; the limit is %(limit)s.",
                "This customer has %(num)s appointments that day; the limit is %(limit)s.",
                limit.count,
                limit=limit.limit,
            )
        )
    return str(
        ngettext(
            "This customer has %(num)s appointment that week; the limit is %(limit)s.",
            "This customer has %(num)s appointments that week; the limit is %(limit)s.",
            limit.count,
            limit=limit.limit,
        )
    )


def facts(found: Explanation) -> list[tuple[str, str]]:
    """Name what the reasons come from: the window, the link, the person and how often they come."""
    told = [(_("When"), _window(found)), (_("Booking link"), _link(found)), *_person(found)]
    return [(name, text) for name, text in told if text]


def _window(found: Explanation) -> str:
    window = found.binding.window
    if window is None:
        return _("Staff is bound by neither notice nor horizon.")
    earliest = earliest_text(found.bookable, window)
    return earliest if window.never_open else f"{earliest} {last_text(window)}"


def _link(found: Explanation) -> str:
    if (link := found.link) is None:
        return ""
    days = days_text(found.binding.days) if found.binding.days else _("It books any day.")
    most = link.max_active
    limit = str(ngettext("At most %(num)s to come.", "At most %(num)s to come.", most)) if most else ""
    subject = _("Order %(reference)s.", reference=link.reference) if link.reference is not None else f"{named(link)}."
    return " ".join(one for one in (subject, days, limit) if one)


def _person(found: Explanation) -> list[tuple[str, str]]:
    if (person := found.person) is None:
        return []
    often = limits_text(found.bookable.policy) or _("No limit.")
    known = _("It is an existing customer’s.") if person.customer else _("It is no customer’s yet.")
    return [
        (_("Address"), f"{_admission(found, person)} {known}"),
        (_("How often"), " ".join([often, *_counts(person)])),
    ]


def _admission(found: Explanation, person: Person) -> str:
    """Say which pattern admits an address."""
    if found.link is not None and found.link.email == person.email:
        return _("%(address)s is named by the order, so no pattern binds it.", address=person.email)
    if not found.bookable.policy.email_patterns:
        return _("%(address)s: every address is admitted.", address=person.email)
    if person.pattern is None:
        return _("%(address)s fits no pattern.", address=person.email)
    return _("%(address)s fits %(pattern)s.", address=person.email, pattern=person.pattern)


def _counts(person: Person) -> list[str]:
    """Say how many appointments somebody has, as far as a limit counts them."""
    day, week = person.count.on_day, person.count.in_week
    return [
        *([str(ngettext("%(num)s that day.", "%(num)s that day.", day))] if day is not None else []),
        *([str(ngettext("%(num)s that week.", "%(num)s that week.", week))] if week is not None else []),
    ]
