"""The mails whose words can be changed, and the placeholders in them, as the staff reads of them."""

from __future__ import annotations

from collections.abc import Sequence

from portal.admin.stories import mail_title
from portal.domain.errors import Invalid
from portal.domain.mail_texts import KINDS, LONGEST_OPENING, LONGEST_SUBJECT
from portal.i18n import _

LONGEST = {"subject": LONGEST_SUBJECT, "opening": LONGEST_OPENING}


def title_of(name: str) -> str:
    """Name a mail whose words can be changed."""
    kind, _dot, change = name.partition(".")
    notices = {
        "requested": _("Notice: a request"),
        "move_requested": _("Notice: a move asked for"),
        "expired": _("Notice: a request expired"),
        "move_expired": _("Notice: a move expired"),
        "new": _("Notice: a new appointment"),
        "accepted": _("Notice: a request accepted"),
        "moved": _("Notice: an appointment moved"),
        "reassigned": _("Notice: an appointment given to somebody else"),
        "assigned": _("Notice: an appointment for you"),
        "removed": _("Notice: no longer your appointment"),
        "cancelled": _("Notice: an appointment cancelled"),
        "declined": _("Notice: a request declined"),
        "move_declined": _("Notice: a move declined"),
        "no_show": _("Notice: nobody came"),
    }
    return notices[change] if change else mail_title(kind)


def names_for_sites() -> list[str]:
    """Name the mails to sites."""
    return [name for name in KINDS if name.startswith("site_")]


def names_for_people() -> list[str]:
    """Name the mails to those who serve appointments."""
    return [name for name in KINDS if name.startswith("staff_")]


def names_for_customers() -> list[str]:
    """Name the mails to customers."""
    return [name for name in KINDS if not name.startswith(("site_", "staff_"))]


def holders(known: Sequence[str]) -> list[tuple[str, str]]:
    """List placeholders in their braces, with what each stands for."""
    words = {
        "organisation": _("the company"),
        "site": _("the site"),
        "address": _("its address"),
        "phone": _("its telephone"),
        "order": _("the order, where there is one"),
        "purpose": _("what for"),
        "day": _("the day"),
        "time": _("when it begins"),
        "end": _("when it ends"),
        "planning": _("the planning or the service"),
        "service": _("the service, where one is booked"),
        "staff": _("with whom, where the customer may know"),
        "instructions": _("what to bring or to know for the service"),
        "reference": _("the reference"),
        "before": _("when it was to be"),
        "wanted": _("when it is wanted"),
        "until": _("until when"),
        "offered": _("the earlier time that is offered"),
        "days": _("the days waited for"),
    }
    return [(f"{{{name}}}", words[name]) for name in known]


def problem_text(refusal: Invalid, known: Sequence[str]) -> str:
    """Say what is wrong with words that were typed, and what would be right."""
    value, longest = refusal.values.get("value"), LONGEST[refusal.values["field"]]
    names = ", ".join(f"{{{name}}}" for name in known)
    return {
        "unknown_placeholder": _("“%(name)s” is no placeholder of this mail. Use: %(names)s.", name=value, names=names),
        "lone_brace": _(
            "A brace stands alone in “%(text)s”. Placeholders are written in two: %(names)s.", text=value, names=names
        ),
        "not_one_line": _("Write the subject on one line, without signs that cannot be read."),
        "unreadable": _("Remove the characters that cannot be read."),
        "too_long": _("Shorten this text to %(number)s characters.", number=longest),
    }[refusal.values["problem"]]
