"""What our mails say: facts in, a whole mail out, in the recipient's language and the site's zone.

A customer's mail never repeats what was typed into a public form (name, telephone, comment), so that nobody can use
the portal to write to strangers; the site's notice does. Of the answers to what a planning asks it repeats those that
cannot be any text at all, and all of them to those whom we know.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel.support import NullTranslations
from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from portal import i18n
from portal.config import Settings
from portal.delivery import clean, ics
from portal.delivery.mail import Mail, envelope_sender, message_id
from portal.domain import mail_texts
from portal.domain.colours import shades
from portal.domain.errors import Invalid
from portal.domain.mail_texts import OURS, MailText
from portal.domain.zones import local_day

log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent.parent / "templates" / "mail"
COLUMN = 12  # characters of the names on the left, in a text
STAFF_PAGES = {"user_invitation": "admin/welcome", "password_reset": "admin/reset"}
"""Where the links of the staff lead."""
CALENDARS: Mapping[str, ics.Method] = {"confirmation": "REQUEST", "change": "REQUEST", "cancellation": "CANCEL"}
"""The mails that carry a calendar file, and what it asks for."""
TO_SITES = ("site_notice", "site_reminder", "site_summary")
"""The mails that tell a site who comes."""
ENDED = ("declined", "expired")
"""The changes after which nobody comes, besides a cancellation."""
NOT_FOR_THE_GATE = frozenset({*TO_SITES, *ENDED, "no_show", "request_received"})
"""The mails whose reference opens no gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site."""

    name: str
    zone: ZoneInfo
    address: str = ""
    email: str | None = None
    phone: str | None = None
    geo: tuple[float, float] | None = None  # latitude, longitude in degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An appointment. ``token`` manages it; ``kind`` is the order's: customer (pick-up) or supplier (delivery)."""

    public_id: str
    token: str
    sequence: int
    reference: str
    start: datetime
    end: datetime
    place: Place
    planning: str = ""
    order: str | None = None
    kind: str | None = None
    units: str = ""
    cancelled: bool = False
    change_until: datetime | None = None  # the last instant for a customer's change online
    email: str = ""
    name: str = ""
    phone: str = ""
    comment: str = ""
    answers: tuple[tuple[str, str], ...] = ()  # to what the planning asks: names of facts and facts
    repeated: tuple[tuple[str, str], ...] = ()  # those of them that a customer's mail may repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A booking link with its order. Days are the site's, both included."""

    token: str
    order: str
    kind: str
    place: Place
    units: str = ""
    first_day: date | None = None
    last_day: date | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffLink:
    """A link by which somebody of the staff chooses a password; its end is told in the organisation's zone."""

    token: str
    expires_at: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A slot that was chosen, and the page by which its chooser goes on ``until`` then."""

    page: str
    query: Mapping[str, str]
    place: Place
    planning: str
    start: datetime
    end: datetime
    until: datetime
    order: str | None = None
    kind: str | None = None
    units: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A place that is offered ``until`` an instant; ``alone``: it is kept for the one who reads this."""

    token: str
    place: Place
    planning: str
    start: datetime
    end: datetime
    until: datetime
    alone: bool = False
    order: str | None = None
    kind: str | None = None
    units: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """Days for which somebody waits, the site's, both included; ``token`` leaves the list."""

    token: str
    place: Place
    planning: str
    first_day: date
    last_day: date
    order: str | None = None
    kind: str | None = None
    units: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What waits for an answer, or how it ended. ``wanted`` is the new place of a move, ``token`` answers a request.

    ``unconfirmed``: what was cancelled had never been confirmed, so that it is in nobody's calendar.
    """

    until: datetime | None = None
    wanted: tuple[datetime, datetime] | None = None
    reason: str = ""
    token: str = ""
    unconfirmed: bool = False


NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The day of a site, whose key is ``key``: who comes, ``more`` than are listed, what waits, what did not arrive."""

    key: str
    place: Place
    day: date
    visits: tuple[Visit, ...] = ()
    more: int = 0
    requests: tuple[tuple[Visit, Asked], ...] = ()
    troubles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail to write: its kind names a folder of templates, and the facts that this kind needs are there."""

    kind: str
    to: str
    locale: str
    organisation: str
    key: str  # names the message for good, in its Message-ID
    now: datetime
    sender: str = ""  # the name beside the address it comes from; empty: the organisation's
    accent: str | None = None  # the colour of its links and buttons; none: the portal's own
    visit: Visit | None = None
    invitation: Invitation | None = None
    staff_link: StaffLink | None = None
    step: Step | None = None
    offer: Offered | None = None
    waited: Waited | None = None
    summary: Summary | None = None
    asked_at_once: int | None = None  # to how many a freed place was offered at once; none: to one after the other
    visits: tuple[Visit, ...] = ()
    before: tuple[datetime, datetime] | None = None  # where a move came from
    change: str = ""  # of a site's notice: new, moved, cancelled
    by: str = ""  # who cancelled: customer, staff; who of the staff invites
    book_token: str = ""  # a link that books another
    words: str = ""  # of the staff, to those whose appointments it changes together
    asked: Asked = NOTHING_ASKED
    own: MailText = OURS  # the company's own words
    test: bool = False  # to somebody of the staff, who tries the words: nothing in it works

    @property
    def place(self) -> Place | None:
        """The site it is about, if it is about one."""
        told = self.visit or self.invitation or self.step or self.summary or self.offer or self.waited
        return told.place if told else None


def compose(letter: Letter, settings: Settings) -> Mail:
    """Write a mail. Whatever a broken template raises is raised."""
    words = _words(letter.locale)
    facts = _facts(letter, settings)
    own = _own(letter)
    facts["opening"] = mail_texts.paragraphs(own.opening)
    subject = clean.line(own.subject or words.get_template(f"{letter.kind}/subject.txt").render(facts))
    facts["subject"] = subject
    method = CALENDARS.get(letter.kind) if _has_calendar(letter) else None
    file = None
    if method and letter.visit:
        entry = calendar_entry(letter.visit, letter.locale, letter.organisation, settings)
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


def _has_calendar(letter: Letter) -> bool:
    """Tell whether a mail carries a calendar file: not a test, nor the end of what no calendar knows."""
    return letter.kind in CALENDARS and not letter.test and not letter.asked.unconfirmed


def _tried(subject: str, locale: str) -> str:
    """Mark a subject as that of a test."""
    _ = i18n.catalogue(locale).gettext
    return _("Test: %(subject)s") % {"subject": subject}


def _own(letter: Letter) -> MailText:
    """Fill in the company's own words. Those that cannot be used alarm, and ours take their place."""
    if not letter.own:
        return OURS
    values = placeholders(letter)
    try:
        subject, opening = (mail_texts.fill(said, values) for said in (letter.own.subject, letter.own.opening))
    except Invalid as refusal:
        why = str(refusal)
    else:
        return MailText(clean.line(subject), clean.lines(opening))
    log.error("the words of a mail cannot be used", extra={"code": letter.kind, "error": why})
    return OURS


def placeholders(letter: Letter) -> dict[str, str]:
    """Give the facts that words of the company's own may name, a line each: never what was typed into a public form."""
    values = {"organisation": letter.organisation}
    if (place := letter.place) is not None:
        values |= {"site": place.name, "address": place.address, "phone": place.phone or ""}
    if (ordered := letter.visit or letter.invitation) is not None:
        telling = Telling(ordered, letter.locale, letter.organisation, "")
        values |= {"order": telling.order, "purpose": telling.purpose}
    if (timed := letter.visit or letter.step or letter.offer) is not None:
        telling = Telling(timed, letter.locale, letter.organisation, "")
        values |= {"day": i18n.day(telling.local_day(timed.start), letter.locale), "planning": timed.planning}
        values |= {"time": telling.hour(timed.start), "end": telling.hour(timed.end)}
    if letter.summary is not None:
        values |= {"day": i18n.day(letter.summary.day, letter.locale)}
    if letter.visit is not None:
        shown = Shown(letter.visit, letter.locale, letter.organisation, "")
        values |= {"reference": shown.reference, **_other_times(letter, shown)}
    if letter.offer is not None:
        offer = ShownOffer(letter.offer, letter.locale, letter.organisation, "")
        values |= {"offered": offer.when, "until": offer.until}
    if letter.waited is not None:
        waited = ShownWait(letter.waited, letter.locale, letter.organisation, "")
        values |= {"planning": waited.planning, "days": waited.days}
    return {name: clean.line(value) for name, value in values.items()}


def _other_times(letter: Letter, shown: Shown) -> dict[str, str]:
    """Give the times that some mails know besides that of the appointment: before a move, wanted, of an answer."""
    intervals = {"before": letter.before, "wanted": letter.asked.wanted}
    told = {name: shown.interval(bounds) for name, bounds in intervals.items() if bounds is not None}
    return {**told, "until": shown.moment(letter.asked.until)} if letter.asked.until is not None else told


def calendar_entry(visit: Visit, locale: str, organisation: str, settings: Settings) -> ics.Entry:
    """Give what a calendar shows of an appointment: in mails, and in the file that its page offers."""
    shown = Shown(visit, locale, organisation, settings.public_url)
    _ = i18n.catalogue(locale).gettext
    told = [shown.details, _("Reference") + " " + visit.reference, visit.place.phone or ""]
    return ics.Entry(
        uid=visit.public_id,
        sequence=visit.sequence,
        start=visit.start,
        end=visit.end,
        summary=f"{shown.purpose} ({shown.place})",
        status="CANCELLED" if visit.cancelled else "CONFIRMED",
        description="\n".join(part for part in told if part),
        location=visit.place.address or shown.place,
        geo=visit.place.geo,
        url=shown.manage_url,
        organizer=ics.Contact(organisation, visit.place.email or envelope_sender(settings.mail_sender)),
        attendee=ics.Contact("", visit.email) if visit.email else None,
    )


def moment(instant: datetime, zone: ZoneInfo, locale: str) -> str:
    """Write a date with its time: "jeudi 16 avril 2026 à 9 h 30"."""
    _ = i18n.catalogue(locale).gettext
    return _("%(day)s at %(hour)s") % {
        "day": i18n.day(local_day(instant, zone), locale),
        "hour": i18n.hour(instant, zone, locale),
    }


class Telling:
    """A site and an order in words; every text is one line, and safe in a text as it is."""

    def __init__(
        self, told: Visit | Invitation | Step | Offered | Waited, locale: str, organisation: str, public_url: str
    ) -> None:
        self._told = told
        self._locale = locale
        self._organisation = organisation
        self._public_url = public_url
        self.kind = told.kind
        self.units = clean.line(told.units)
        self.address = clean.line(told.place.address)
        self.phone = clean.line(told.place.phone or "")

    @property
    def place(self) -> str:
        """The company and its site, named once each: "Dupont Logistique, Bordeaux"."""
        organisation, name = clean.line(self._organisation), clean.line(self._told.place.name)
        return name if organisation.casefold() in name.casefold() else f"{organisation}, {name}"

    @property
    def map_url(self) -> str:
        """Where a map shows the site, or nothing."""
        if self._told.place.geo:
            latitude, longitude = self._told.place.geo
            return f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}"
        query = urlencode({"query": self.address})
        return f"https://www.openstreetmap.org/search?{query}" if self.address else ""

    @property
    def order(self) -> str:
        """The order's reference."""
        return clean.line(self._told.order or "")

    @property
    def purpose(self) -> str:
        """What it is for: "Livraison de la commande CMD-1042"."""
        _ = self._words.gettext
        if not self.order:
            return _("Appointment")
        text = _("Delivery of order %(order)s") if self.kind == "supplier" else _("Pick-up of order %(order)s")
        return text % {"order": self.order}

    def moment(self, instant: datetime) -> str:
        """Write a date with its time."""
        return moment(instant, self._told.place.zone, self._locale)

    def hour(self, instant: datetime) -> str:
        """Write a time of day in the site's zone."""
        return i18n.hour(instant, self._told.place.zone, self._locale)

    def local_day(self, instant: datetime) -> date:
        """Tell the site's date of an instant."""
        return local_day(instant, self._told.place.zone)

    def link(self, room: str, token: str, page: str = "") -> str:
        """Give the address of one of our pages, in the letter's language."""
        path = "/".join([room, quote(token, safe=""), *([page] if page else [])])
        return f"{self._public_url}/{path}?lang={self._locale}"

    @property
    def _words(self) -> NullTranslations:
        return i18n.catalogue(self._locale)


class ShownInvitation(Telling):
    """A booking link in words."""

    def __init__(self, invitation: Invitation, locale: str, organisation: str, public_url: str) -> None:
        super().__init__(invitation, locale, organisation, public_url)
        self.book_url = self.link("b", invitation.token)
        self.expires = self.moment(invitation.expires_at) if invitation.expires_at else ""
        self.days = self._days(invitation.first_day, invitation.last_day)

    def _days(self, first: date | None, last: date | None) -> str:
        _ = self._words.gettext
        told = {name: i18n.day(day, self._locale) for name, day in (("first", first), ("last", last)) if day}
        if len(told) == 2:
            return _("from %(first)s to %(last)s") % told
        if not told:
            return ""
        return (_("from %(first)s on") if first else _("until %(last)s")) % told


class ShownSlot(Telling):
    """A slot that somebody can have until an instant, in words."""

    def __init__(self, slot: Step | Offered, locale: str, organisation: str, public_url: str) -> None:
        super().__init__(slot, locale, organisation, public_url)
        self.planning = clean.line(slot.planning)
        self.when = self.moment(slot.start)
        self.day = i18n.day(self.local_day(slot.start), locale)
        self.span = i18n.span(slot.start, slot.end, slot.place.zone, locale)
        self.zone = i18n.zone_label(slot.place.zone, slot.start, locale)
        self.until = self.moment(slot.until)


class ShownStep(ShownSlot):
    """A slot to go on with, in words."""

    def __init__(self, step: Step, locale: str, organisation: str, public_url: str) -> None:
        super().__init__(step, locale, organisation, public_url)
        self.url = f"{public_url}/{step.page}?{urlencode({**step.query, 'lang': locale})}"


class ShownOffer(ShownSlot):
    """A place that is offered, in words."""

    def __init__(self, offer: Offered, locale: str, organisation: str, public_url: str) -> None:
        super().__init__(offer, locale, organisation, public_url)
        self.day_short = i18n.day_short(self.local_day(offer.start), locale)
        self.alone = offer.alone
        self.url = self.link("o", offer.token)
        self.stop_url = self.link("o", offer.token, "stop")


class ShownWait(Telling):
    """Days that somebody waits for, in words."""

    def __init__(self, waited: Waited, locale: str, organisation: str, public_url: str) -> None:
        super().__init__(waited, locale, organisation, public_url)
        self.planning = clean.line(waited.planning)
        self.days = self._days(waited.first_day, waited.last_day)
        self.url = self.link("wait", waited.token)

    def _days(self, first: date, last: date) -> str:
        told = {"first": i18n.day(first, self._locale), "last": i18n.day(last, self._locale)}
        return told["first"] if first == last else self._words.gettext("%(first)s to %(last)s") % told


class Shown(Telling):
    """An appointment in words."""

    def __init__(
        self, visit: Visit, locale: str, organisation: str, public_url: str, now: datetime | None = None
    ) -> None:
        super().__init__(visit, locale, organisation, public_url)
        self._visit = visit
        zone = visit.place.zone
        self.reference = visit.reference
        self.label = self.order or visit.reference
        self.day = i18n.day(self.local_day(visit.start), locale)
        self.day_short = i18n.day_short(self.local_day(visit.start), locale)
        self.start_hour = self.hour(visit.start)
        self.span = i18n.span(visit.start, visit.end, zone, locale)
        self.zone = i18n.zone_label(zone, visit.start, locale)
        self.manage_url = self.link("a", visit.token)
        self.change_until = ""
        if now and visit.change_until and visit.change_until > now:
            self.change_until = self.moment(visit.change_until)

    @property
    def when(self) -> str:
        """The date and time it begins."""
        return self.moment(self._visit.start)

    def interval(self, bounds: tuple[datetime, datetime]) -> str:
        """Write another interval than its own: "mardi 14 avril 2026, de 8 h à 9 h"."""
        start, end = bounds
        day = i18n.day(self.local_day(start), self._locale)
        return f"{day}, {i18n.span(start, end, self._visit.place.zone, self._locale)}"

    def url(self, page: str) -> str:
        """Give the address of a page below the appointment's own."""
        return self.link("a", self._visit.token, page)

    @property
    def details(self) -> str:
        """The planning and what is moved: "Quais de chargement, 10 palettes"."""
        return ", ".join(part for part in (clean.line(self._visit.planning), self.units) if part)

    @property
    def person(self) -> list[tuple[str, str]]:
        """Who comes, for the site: names of facts and facts."""
        _, visit = self._words.gettext, self._visit
        facts = [(_("Name"), visit.name), (_("E-mail"), visit.email), (_("Telephone"), visit.phone)]
        return _told([*facts, *visit.answers, (_("Comment"), visit.comment)])

    @property
    def answers(self) -> list[tuple[str, str]]:
        """What was answered, for the customer: names of facts and facts."""
        return _told(self._visit.repeated)

    @property
    def comes(self) -> list[str]:
        """Who comes and with what, for the site, in a few words: name, telephone, answers."""
        visit = self._visit
        answers = (f"{label} {value}" for label, value in _told(visit.answers))
        return [part for part in (clean.line(visit.name), clean.line(visit.phone), *answers) if part]


class ShownSummary:
    """The day of a site in words."""

    def __init__(self, summary: Summary, locale: str, organisation: str, public_url: str) -> None:
        given = (locale, organisation, public_url)
        self.day = i18n.day(summary.day, locale)
        self.place = clean.line(summary.place.name)
        self.count = len(summary.visits) + summary.more
        self.more = summary.more
        self.troubles = summary.troubles
        self.visits = [Shown(visit, *given) for visit in summary.visits]
        self.requests = [ShownRequest(visit, asked, *given) for visit, asked in summary.requests]
        self.day_url = f"{public_url}/admin/?{urlencode({'site': summary.key, 'day': summary.day.isoformat()})}"
        self.troubles_url = f"{public_url}/admin/mails/"


class ShownRequest:
    """A request, or a move asked for, in words: ``wanted`` is when, ``now`` when it is as long as nobody answers."""

    def __init__(self, visit: Visit, asked: Asked, locale: str, organisation: str, public_url: str) -> None:
        self.shown = Shown(visit, locale, organisation, public_url)
        own = (visit.start, visit.end)
        self.wanted = self.shown.interval(asked.wanted or own)
        self.now = self.shown.interval(own) if asked.wanted else ""
        self.until = self.shown.moment(asked.until) if asked.until else ""
        self.answer_url = self.shown.link("v", asked.token)


def _told(facts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Make one line of each name and fact, leaving out what is empty."""
    told = [(clean.line(label), clean.line(value)) for label, value in facts]
    return [(label, value) for label, value in told if value]


def _facts(letter: Letter, settings: Settings) -> dict[str, object]:
    """Give the templates what they may use."""
    _ = i18n.catalogue(letter.locale).gettext
    given = (letter.locale, letter.organisation, settings.public_url)
    facts: dict[str, object] = {
        "letter": letter,
        "locale": letter.locale,
        "organisation": clean.line(letter.organisation),
        "shades": shades(letter.accent) if letter.accent else None,
        "has_calendar": _has_calendar(letter),
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
        facts["for_the_gate"] = letter.kind not in NOT_FOR_THE_GATE and not letter.visit.cancelled
        facts["person"] = shown.person if letter.kind in TO_SITES else shown.answers
        facts["book_url"] = shown.link("b", letter.book_token) if letter.book_token else ""
        facts["gate_url"] = shown.link("admin/gate", letter.visit.reference)
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
