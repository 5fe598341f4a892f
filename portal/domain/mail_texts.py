"""Words of mails that the company writes itself: plain text with placeholders in braces, filled in and nothing more.

A placeholder stands for a fact that is the company's own or that it computed: never for what a stranger typed into a
public form, who could otherwise write to others in the company's name.

>>> fill("See you on {day}, {organisation}", {"day": "Monday 7 December", "organisation": "Dupont"})
'See you on Monday 7 December, Dupont'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from portal.domain.errors import Invalid

LONGEST_SUBJECT, LONGEST_OPENING = 150, 1500  # characters
SPACES = "\u00a0\u202f"  # of French typography

COMPANY = ("organisation",)
PLACE = (*COMPANY, "site", "address", "phone")
ORDER = (*PLACE, "order", "purpose")
SLOT = ("day", "time", "end", "planning")
STEP = (*PLACE, *SLOT)
SERVICE = ("service", "staff", "instructions")
VISIT = (*ORDER, *SLOT, *SERVICE, "reference")
MOVED = (*VISIT, "before")
ASKED = (*VISIT, "until")
MOVE_ASKED = (*ASKED, "wanted")

NOTICES = ("site_notice", "staff_notice")
_TOLD: Mapping[str, tuple[str, ...]] = {
    "requested": ASKED,
    "move_requested": MOVE_ASKED,
    "new": VISIT,
    "accepted": VISIT,
    "moved": MOVED,
    "cancelled": VISIT,
    "declined": VISIT,
    "move_declined": VISIT,
    "expired": VISIT,
    "move_expired": VISIT,
    "no_show": VISIT,
}
"""The changes that notices tell."""

KINDS: Mapping[str, tuple[str, ...]] = {
    "booking_invitation": ORDER,
    "service_invitation": (*PLACE, "service"),
    "request_received": ASKED,
    "confirmation": VISIT,
    "change": MOVED,
    "reassigned": VISIT,
    "cancellation": VISIT,
    "declined": VISIT,
    "expired": VISIT,
    "move_received": MOVE_ASKED,
    "move_declined": VISIT,
    "move_expired": VISIT,
    "reminder": VISIT,
    "no_show": VISIT,
    "earlier_slot": (*VISIT, "offered", "until"),
    "place_free": (*STEP, "until"),
    "waiting_joined": (*PLACE, "planning", "days"),
    "find": COMPANY,
    "continuation": STEP,
    "confirm_address": STEP,
    **{f"{kind}.{change}": known for kind in NOTICES for change, known in _TOLD.items()},
    "site_notice.reassigned": VISIT,
    **{f"staff_notice.{change}": VISIT for change in ("assigned", "removed")},
    "staff_reminder": VISIT,
    "site_reminder": VISIT,
    "site_offers": STEP,
    "site_summary": (*PLACE, "day"),
}
"""The mails whose words can be changed, and the placeholders that each knows. A notice is named with its change."""

_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class MailText:
    """The subject and the opening words of a mail; what is empty is ours."""

    subject: str = ""
    opening: str = ""

    def __bool__(self) -> bool:
        return bool(self.subject or self.opening)


OURS = MailText()


def name_of(kind: str, change: str = "") -> str:
    """Name the words of a mail."""
    return f"{kind}.{change}" if kind in NOTICES else kind


def checked(kind: str, text: MailText) -> MailText:
    """Accept words, trimmed. Raises Invalid whose ``field`` is subject or opening, and KeyError for no kind of ours."""
    known = KINDS[kind]
    subject = text.subject.strip()
    if any(not _seen(letter) for letter in subject):
        raise Invalid(field="subject", problem="not_one_line")
    opening = "\n".join(line.rstrip() for line in _lines(text.opening)).strip()
    if any(not _seen(letter) for letter in opening if letter != "\n"):
        raise Invalid(field="opening", problem="unreadable")
    for field, said, longest in (("subject", subject, LONGEST_SUBJECT), ("opening", opening, LONGEST_OPENING)):
        if len(said) > longest:
            raise Invalid(field=field, problem="too_long", highest=longest)
        try:
            fill(said, dict.fromkeys(known, ""))
        except Invalid as refusal:
            raise Invalid(**{**refusal.values, "field": field}) from refusal
    return MailText(subject, opening)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put facts in the place of their names, once: what a fact itself holds stays as it is.

    Raises Invalid: a name that is not known, or a brace that stands alone.
    """

    def fact(found: re.Match[str]) -> str:
        if found[1] is None:
            raise Invalid(field="", problem="lone_brace", value=text[max(0, found.start() - 10) : found.end() + 10])
        if found[1] not in values:
            raise Invalid(field="", problem="unknown_placeholder", value=found[0])
        return values[found[1]]

    return _BRACES.sub(fact, text)


def paragraphs(text: str) -> list[list[str]]:
    r"""Part a text at its empty lines; each paragraph is a list of lines.

    >>> paragraphs("Hello,\nwelcome.\n\n\nPark on the left.")
    [['Hello,', 'welcome.'], ['Park on the left.']]
    """
    return [part.split("\n") for part in re.split(r"\n\s*\n", text.strip()) if part.strip()]


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").split("\n")


def _seen(letter: str) -> bool:
    return letter.isprintable() or letter in SPACES
