"""Facts in words: the recipient's language, the site's zone; every text is one line, and safe in a text as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel.support import NullTranslations

from portal import i18n
from portal.delivery import clean
from portal.delivery.facts import Asked, Invitation, Offered, Served, Step, Summary, Visit, Waited
from portal.domain.zones import local_day


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
        self.service = clean.line(invitation.service)
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
        self.people = clean.line(", ".join(slot.people)) if isinstance(slot, Step) else ""


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
        self.served = visit.served
        self.day = i18n.day(self.local_day(visit.start), locale)
        self.day_short = i18n.day_short(self.local_day(visit.start), locale)
        self.start_hour = self.hour(visit.start)
        self.span = i18n.span(visit.start, visit.end, zone, locale)
        self.zone = i18n.zone_label(zone, visit.start, locale)
        self.manage_url = self.link("a", visit.token)
        self.staff_url = self.link("admin/appointments", visit.public_id)
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
    def purpose(self) -> str:
        """What it is for: the order, else the service that is booked."""
        return clean.line(self.served.name) if self.served and not self.order else super().purpose

    @property
    def details(self) -> str:
        """The planning and what is moved: "Quais de chargement, 10 palettes"."""
        what = clean.line(self._visit.planning)
        return ", ".join(part for part in (what if what != self.purpose else "", self.units) if part)

    @property
    def on_site(self) -> bool:
        """Whether somebody comes to the site."""
        return self.served is None or self.served.mode == "in_person"

    @property
    def people(self) -> str:
        """With whom, in a line."""
        return clean.line(", ".join(self.served.people)) if self.served else ""

    @property
    def instructions(self) -> list[str]:
        """What to bring or to know, line by line."""
        given = clean.lines(self.served.instructions).split("\n") if self.served else []
        return [line.strip() for line in given if line.strip()]

    @property
    def about(self) -> list[tuple[str, str]]:
        """How, with whom and with what it takes place: names of facts and facts."""
        return _told(self._about(self.served)) if self.served else []

    def _about(self, served: Served) -> Iterator[tuple[str, str]]:
        _, ngettext = self._words.gettext, self._words.ngettext
        yield _("With"), self.people
        yield _("Reserved"), ", ".join(served.things)
        yield _("How"), {"phone": _("by telephone"), "video": _("by video")}.get(served.mode, "")
        nights = ngettext("%(num)s night", "%(num)s nights", served.nights)
        yield _("Duration"), nights % {"num": served.nights} if served.nights else ""
        yield _("Quantity"), str(served.quantity) if served.quantity > 1 else ""

    @property
    def price(self) -> list[tuple[str, str]]:
        """What it costs: the name of the fact and the fact."""
        return _told([(self._words.gettext("Price"), self.served.price)]) if self.served else []

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
    """A request, or a move asked for, in words: ``wanted`` is when, ``now`` when it is as long as nobody answers.

    ``url`` answers it; where ``people`` are asked to, each by a link of their own, it leads to the staff's page.
    """

    def __init__(self, visit: Visit, asked: Asked, locale: str, organisation: str, public_url: str) -> None:
        self.shown = Shown(visit, locale, organisation, public_url)
        own = (visit.start, visit.end)
        self.wanted = self.shown.interval(asked.wanted or own)
        self.now = self.shown.interval(own) if asked.wanted else ""
        self.until = self.shown.moment(asked.until) if asked.until else ""
        self.people = clean.line(", ".join(asked.people))
        self.url = self.shown.link("v", asked.token) if asked.token else self.shown.staff_url


def _told(facts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Make one line of each name and fact, leaving out what is empty."""
    told = [(clean.line(label), clean.line(value)) for label, value in facts]
    return [(label, value) for label, value in told if value]
