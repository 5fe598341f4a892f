"""The rules of booking in words: the value of each, and what they come to for those who book."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import ngettext

from portal.admin.durations import all_written, written
from portal.admin.process_forms import SERVICE_CHOICES
from portal.domain.distribution import DAYS
from portal.domain.durations import Duration
from portal.domain.policy import Distribution, Policy
from portal.i18n import _
from portal.web.lengths import in_words, listed, minutes_in_words, of_minutes
from portal.web.reasons import limits_texts

MANY = 3  # patterns named in a sentence


def said(policy: Policy) -> dict[str, str]:
    """Say the value of each rule in a word or two, by the name of its field."""
    earlier = policy.earlier_slots
    return {
        "min_notice": written(policy.min_notice),
        "business_days": _yes_or_no(policy.business_days),
        "max_days": _("%(number)s d", number=policy.max_days),
        "change_notice": written(policy.change_notice),
        "undo": _minutes(policy.undo),
        "who": _("existing customers only") if policy.who == "existing" else _("anyone"),
        "email_patterns": ", ".join(policy.email_patterns) or _("all"),
        "max_per_day": _number(policy.max_per_day),
        "max_per_week": _number(policy.max_per_week),
        "validation": _("at once") if policy.validation == "none" else _("once accepted"),
        "answer_within": written(policy.answer_within),
        "hold": _minutes(policy.hold),
        "confirm_by_mail": _minutes(policy.confirm_by_mail),
        "earlier_enabled": _yes_or_no(earlier.enabled),
        "earlier_hours": written(Duration(earlier.hours, "h")),
        "earlier_mode": _("all at once") if earlier.mode == "all" else _("one after the other"),
        "earlier_turn": _minutes(earlier.turn),
        "waiting_list": _yes_or_no(policy.waiting_list),
        "cooling_off": _minutes(policy.cooling_off),
        "reminders": all_written(policy.reminders) or _("none"),
        "modes_first": _mode(policy.modes[0]),
        "modes_others": ", ".join(_mode(mode) for mode in policy.modes[1:]) or _("none"),
        "distribution_rule": _one_of("distribution_rule", policy.distribution.rule),
        "distribution_period": _one_of("distribution_period", policy.distribution.period),
        "distribution_days": _("%(number)s d", number=policy.distribution.days or DAYS),
    }


def _mode(mode: str) -> str:
    return _one_of("modes_first", mode)


def _one_of(name: str, value: str) -> str:
    """Say a value as the form of rules does, in a sentence."""
    words = str(dict(SERVICE_CHOICES[name])[value])
    return words[:1].lower() + words[1:]


def _yes_or_no(on: bool) -> str:
    return _("yes") if on else _("no")


def _minutes(minutes: int) -> str:
    return written(of_minutes(minutes)) if minutes else _("none")


def _number(limit: int | None) -> str:
    return _("no limit") if limit is None else str(limit)


def sentences(policy: Policy, *, people: bool) -> list[tuple[str, list[str]]]:
    """Say what the rules come to, under headings; the window needs a moment and is said by ``web.windows``.

    ``people``: somebody is given the appointment, or is chosen.
    """
    return [
        (_("Who may book"), [_who(policy), *_patterns(policy.email_patterns)]),
        (_("How often"), limits_texts(policy) or [_("As often as they want.")]),
        (_("Approval"), [_validation(policy)]),
        (_("Places kept"), [*_holds(policy)]),
        (_("Changes"), [_changes(policy), _undo(policy.undo)]),
        (_("Freed places"), _freed(policy)),
        (_("Reminders"), [_reminders(policy.reminders)]),
        *([(_("Who serves"), [*_modes(policy.modes), _distribution(policy.distribution)])] if people else []),
    ]


def _modes(modes: Sequence[str]) -> list[str]:
    said = {
        "service": _("Customers choose the service; the portal gives it to somebody."),
        "service_staff": _("Customers choose the service, then the person."),
        "staff_service": _("Customers choose the person, then the service."),
    }
    others = [_mode(mode) for mode in modes[1:]]
    return [said[modes[0]], *([_("A link may ask for: %(modes)s.", modes=listed(others))] if others else [])]


def _distribution(rule: Distribution) -> str:
    days = in_words(Duration(rule.days or DAYS, "d"))
    balanced = (
        _("whose time is booked least that day") if rule.period == "day"
        else _("whose time is booked least that day and the six before")
    )  # fmt: skip
    return {
        "balanced": _("It goes to the one %(who)s.", who=balanced),
        "history": _(
            "It goes to the one who served the customer last, within %(days)s before or after, if free; else to the "
            "one %(who)s.",
            days=days,
            who=balanced,
        ),
        "fair": _("It goes to the one with the fewest appointments within %(days)s before or after.", days=days),
    }[rule.rule]


def _who(policy: Policy) -> str:
    if policy.who == "existing":
        return _(
            "Guests must be customers already: they give their address, and go on by a link that is mailed to them."
        )
    return _("Anyone.") if not policy.email_patterns else ""


def _patterns(patterns: Sequence[str]) -> list[str]:
    if not patterns:
        return []
    named = [_("“%(pattern)s”", pattern=one) for one in patterns[:MANY]]
    if others := len(patterns) - MANY if len(patterns) > MANY else 0:
        named.append(str(ngettext("%(num)s other pattern", "%(num)s other patterns", others)))
    return [_("The address must fit one of: %(patterns)s.", patterns=listed(named))]


def _validation(policy: Policy) -> str:
    if policy.validation == "none":
        return _("Bookings are confirmed at once.")
    if policy.validation == "staff":
        return _(
            "The person assigned, or a manager where there is none, accepts or declines each booking of the public. "
            "Without an answer within %(time)s it expires.",
            time=in_words(policy.answer_within),
        )
    return _(
        "A manager accepts or declines each booking of the public. Without an answer within %(time)s it expires.",
        time=in_words(policy.answer_within),
    )


def _holds(policy: Policy) -> list[str]:
    said = [
        _("A time is kept for %(time)s while the form is filled in.", time=minutes_in_words(policy.hold))
        if policy.hold
        else _("While the form is filled in nothing is kept: the first to send it has the place.")
    ]
    if policy.confirm_by_mail:
        time = minutes_in_words(policy.confirm_by_mail)
        said.append(_("Guests confirm their address by a link in a mail within %(time)s.", time=time))
    return said


def _changes(policy: Policy) -> str:
    if not policy.change_notice:
        return _("Customers move and cancel until the appointment begins.")
    return _("Customers move and cancel until %(time)s before the start.", time=in_words(policy.change_notice))


def _undo(minutes: int) -> str:
    if not minutes:
        return _("A cancellation is final at once.")
    return _("A cancellation can be taken back for %(time)s.", time=minutes_in_words(minutes))


def _freed(policy: Policy) -> list[str]:
    said = [_earlier(policy)]
    if policy.waiting_list:
        said.append(_("For a day that is full customers may put themselves on a waiting list."))
    if policy.cooling_off:
        time = minutes_in_words(policy.cooling_off)
        said.append(_("A freed place is kept for those who wait for %(time)s, before others may book it.", time=time))
    return said


def _earlier(policy: Policy) -> str:
    earlier = policy.earlier_slots
    if not earlier.enabled:
        return _("Freed places are not offered to those who come later.")
    hours = in_words(Duration(earlier.hours, "h"))
    if earlier.mode == "all":
        return _(
            "A freed place is offered at once to all who have a later appointment, at least %(hours)s away; the first "
            "to accept has it.",
            hours=hours,
        )
    return _(
        "A freed place is offered to those who have a later appointment, at least %(hours)s away, one after the other: "
        "each has %(turn)s, counted from 8:00 to 20:00.",
        hours=hours,
        turn=minutes_in_words(earlier.turn),
    )


def _reminders(reminders: Sequence[Duration]) -> str:
    if not reminders:
        return _("No reminder is sent.")
    return _("Sent %(times)s before the start.", times=listed([in_words(one) for one in reminders]))
