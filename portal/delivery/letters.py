"""What our mails say: facts in, a whole mail out, in the recipient's language and the site's zone.

A customer's mail never repeats what was typed into a public form (name, telephone, comment), so that nobody can use
the portal to write to strangers; the site's notice does. Of the answers to what a planning asks it repeats those that
cannot be any text at all, and all of them to those whom we know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from portal import i18n
from portal.config import Settings
from portal.delivery import clean, ics
from portal.delivery.facts import Asked, Letter, Visit
from portal.delivery.mail import Mail, envelope_sender, message_id
from portal.delivery.own_words import own_words
from portal.delivery.telling import (
    Shown,
    ShownInvitation,
    ShownOffer,
    ShownStep,
    ShownSummary,
    ShownWait,
    moment,
)
from portal.domain import mail_texts
from portal.domain.colours import shades

TEMPLATES = Path(__file__).parent.parent / "templates" / "mail"
COLUMN = 12  # characters of the names on the left, in a text
STAFF_PAGES = {"user_invitation": "admin/welcome", "password_reset": "admin/reset"}
"""Where the links of the staff lead."""
CALENDARS: Mapping[str, ics.Method] = {
    **dict.fromkeys(("confirmation", "change", "reassigned"), "REQUEST"),
    "cancellation": "CANCEL",
    **{f"staff_notice.{change}": "REQUEST" for change in ("new", "accepted", "moved", "assigned")},
    **{f"staff_notice.{change}": "CANCEL" for change in ("cancelled", "removed")},
}
"""The mails that carry a calendar file, and what it asks for; a notice is named with its change."""
TO_PEOPLE = ("staff_notice", "staff_reminder")
"""The mails to those who serve."""
TO_SITES = ("site_notice", "site_reminder", "site_summary", *TO_PEOPLE)
"""The mails that tell a site, or those who serve there, who comes."""
ENDED = ("declined", "expired", "removed")
"""The changes after which nobody comes, or not to whom reads of it, besides a cancellation."""
PRICED = ("confirmation", "change", "reassigned", "reminder")
"""The mails that say what it costs, and what to bring or to know."""
NOT_FOR_THE_GATE = frozenset({*TO_SITES, *ENDED, "no_show", "request_received"})
"""The mails whose reference opens no gate."""


def compose(letter: Letter, settings: Settings) -> Mail:
    """Write a mail. Whatever a broken template raises is raised."""
    words = _words(letter.locale)
    facts = _facts(letter, settings)
    own = own_words(letter)
    facts["opening"] = mail_texts.paragraphs(own.opening)
    subject = clean.line(own.subject or words.get_template(f"{letter.kind}/subject.txt").render(facts))
    facts["subject"] = subject
    method = _calendar_method(letter)
    file = None
    if method and letter.visit:
        entry = calendar_entry(letter.visit, letter.locale, letter.organisation, settings)
        if letter.kind in TO_PEOPLE:
            entry = _of_staff(entry, letter, settings)
        file = ics.calendar(entry, method, stamp=letter.now)
    return Mail(
        to=letter.to,
        subject=_tried(subject, letter.locale) if letter.test else subject,
        text=_tidy(words.get_template(f"{letter.kind}/body.txt").render(facts)),
        html=_inliner().inline(words.get_template(f"{letter.kind}/body.html").render(facts)),
        message_id=message_id(letter.key, settings.public_url),
        date=letter.now,
        sender_name=letter.sender or letter.organisation,
        reply_to=(letter.place.email or "") if letter.place else "",
        calendar=file,
        method=method or "",
    )


def _calendar_method(letter: Letter) -> ics.Method | None:
    """Tell what a mail's calendar file asks for; None: it carries none, as a test, or the end of what none knows."""
    if letter.test or letter.asked.unconfirmed or (letter.asked.token and letter.change == "assigned"):
        return None
    return CALENDARS.get(mail_texts.name_of(letter.kind, letter.change))


def _of_staff(entry: ics.Entry, letter: Letter, settings: Settings) -> ics.Entry:
    """Give the entry of somebody who serves: who comes, and the page of the staff."""
    if letter.visit is None:
        return entry
    shown = Shown(letter.visit, letter.locale, letter.organisation, settings.public_url)
    told = [*(f"{label} {value}" for label, value in (*shown.about, *shown.person)), entry.description]
    return replace(
        entry,
        summary=": ".join(part for part in (shown.purpose, clean.line(letter.visit.name)) if part),
        description="\n".join(told),
        url=shown.staff_url,
        attendee=ics.Contact("", letter.to),
        status="CANCELLED" if letter.change == "removed" else entry.status,
    )


def _tried(subject: str, locale: str) -> str:
    """Mark a subject as that of a test."""
    _ = i18n.catalogue(locale).gettext
    return _("Test: %(subject)s") % {"subject": subject}


def calendar_entry(visit: Visit, locale: str, organisation: str, settings: Settings) -> ics.Entry:
    """Give what a calendar shows of an appointment: in mails, and in the file that its page offers."""
    shown = Shown(visit, locale, organisation, settings.public_url)
    _ = i18n.catalogue(locale).gettext
    about = [f"{label} {value}" for label, value in (*shown.about, *shown.price)]
    told = [shown.details, *about, *shown.instructions, _("Reference") + " " + visit.reference, visit.place.phone or ""]
    return ics.Entry(
        uid=visit.public_id,
        sequence=visit.sequence,
        start=visit.start,
        end=visit.end,
        summary=f"{shown.purpose} ({shown.place})",
        status="CANCELLED" if visit.cancelled else "CONFIRMED",
        description="\n".join(part for part in told if part),
        location=(visit.place.address or shown.place) if shown.on_site else "",
        geo=visit.place.geo if shown.on_site else None,
        url=shown.manage_url,
        organizer=ics.Contact(organisation, visit.place.email or envelope_sender(settings.mail_sender)),
        attendee=ics.Contact("", visit.email) if visit.email else None,
    )


def _facts(letter: Letter, settings: Settings) -> dict[str, object]:
    """Give the templates what they may use."""
    _ = i18n.catalogue(letter.locale).gettext
    given = (letter.locale, letter.organisation, settings.public_url)
    facts: dict[str, object] = {
        "letter": letter,
        "locale": letter.locale,
        "organisation": clean.line(letter.organisation),
        "shades": shades(letter.accent) if letter.accent else None,
        "has_calendar": _calendar_method(letter) is not None,
        "words": [line.strip() for line in clean.lines(letter.words).split("\n") if line.strip()],
    }
    if letter.staff_link:
        facts["url"] = (
            f"{settings.public_url}/{STAFF_PAGES[letter.kind]}/{letter.staff_link.token}?lang={letter.locale}"
        )
        facts["until"] = moment(letter.staff_link.expires_at, letter.staff_link.zone, letter.locale)
        facts["by"] = clean.line(letter.by)
    if letter.invitation:
        facts["shown"] = ShownInvitation(letter.invitation, *given)
    if letter.step:
        facts["shown"] = ShownStep(letter.step, *given)
    if letter.visit:
        shown = Shown(letter.visit, *given, letter.now)
        facts["shown"] = shown
        facts["expected"] = not letter.visit.cancelled and letter.change not in ENDED
        facts["for_the_gate"] = shown.on_site and letter.kind not in NOT_FOR_THE_GATE and not letter.visit.cancelled
        facts["about"] = [*shown.about, *(shown.price if letter.kind in PRICED else ())]
        facts["instructions"] = shown.instructions if letter.kind in PRICED else []
        facts["person"] = shown.person if letter.kind in TO_SITES else shown.answers
        facts["book_url"] = shown.link("b", letter.book_token) if letter.book_token else ""
        facts["gate_url"] = (
            shown.staff_url if letter.kind in TO_PEOPLE else shown.link("admin/gate", letter.visit.reference)
        )
        facts["by_whom"] = _by_whom(letter)
        facts |= _asked(letter.asked, shown)
    if letter.offer:
        facts["offer"] = ShownOffer(letter.offer, *given)
        facts.setdefault("shown", facts["offer"])
    if letter.waited:
        facts["shown"] = ShownWait(letter.waited, *given)
    if letter.summary:
        facts["summary"] = ShownSummary(letter.summary, *given)
    facts["all_shown"] = [Shown(visit, *given) for visit in letter.visits]
    return facts


def _by_whom(letter: Letter) -> str:
    """Say who cancelled what: an appointment, or a request that was never answered."""
    _ = i18n.catalogue(letter.locale).gettext
    asked = letter.asked.unconfirmed
    if letter.by != "staff":
        return _("You withdrew this request.") if asked else _("You cancelled this appointment.")
    text = (
        _("%(organisation)s had to cancel this request.")
        if asked
        else _("%(organisation)s had to cancel this appointment.")
    )
    return text % {"organisation": clean.line(letter.organisation)}


def _asked(asked: Asked, shown: Shown) -> dict[str, object]:
    """Give what a mail says of a request or of a move that was asked for; empty what it has not."""
    return {
        "answer_by": shown.moment(asked.until) if asked.until else "",
        "asked_for": shown.interval(asked.wanted) if asked.wanted else "",
        "asked_when": shown.moment(asked.wanted[0]) if asked.wanted else "",
        "reason": [line.strip() for line in clean.lines(asked.reason).split("\n") if line.strip()],
        "answer_url": shown.link("v", asked.token) if asked.token else "",
        "unconfirmed": asked.unconfirmed,
    }


@cache
def _words(locale: str) -> Environment:
    """Make the templates of one language; they are compiled once a process."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    vars(environment)["install_gettext_translations"](i18n.catalogue(locale), newstyle=True)
    environment.filters["sentence"] = i18n.sentence
    environment.filters["column"] = partial(_column, locale)
    return environment


def _column(locale: str, text: str) -> str:
    """Put a name on the left of its fact; one that is too long is set apart by a colon."""
    if len(text) < COLUMN:
        return text.ljust(COLUMN)
    return f"{text}{i18n.NBSP}: " if locale == "fr" else f"{text}: "


@cache
def _inliner() -> CSSInliner:
    """Make what moves the sheet into the tags; only what has no place there (dark colours, small screens) stays."""
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def _tidy(text: str) -> str:
    """Take out what empty blocks leave in a text: spaces at line ends (but a signature's) and runs of empty lines."""
    lines = [line if line == "-- " else line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"
