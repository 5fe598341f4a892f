"""What can be booked, in words: how long it takes, how, for what; whom, what and how much of it was chosen."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import ngettext

from portal.domain.fields import said
from portal.domain.slots import Start
from portal.domain.zones import local_day
from portal.i18n import _, current_locale, dates, sentence
from portal.operations.bookables import Bookable, Item
from portal.operations.resource_cards import ResourceCard
from portal.operations.service_cards import ServiceCard
from portal.operations.wanting import Heard
from portal.web.lengths import minutes_in_words


def length_text(minutes: int) -> str:
    """Write the length of a visit: "1 h 30", "45 min"."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)s minutes on site", minutes=rest)
    if rest:
        return _("%(hours)s h %(minutes)s on site", hours=hours, minutes=f"{rest:02d}")
    return str(ngettext("%(num)s hour on site", "%(num)s hours on site", hours))


def length_of(item: Item, iterations: int = 1) -> str:
    """Say how long it takes, or how many nights, and that it is no visit where it is none."""
    if not isinstance(item, ServiceCard):
        return length_text(item.minutes)
    if item.reservation.nights:
        return nights_text(iterations)
    if item.mode == "in_person":
        return length_text(item.minutes * iterations)
    return f"{minutes_in_words(item.minutes * iterations)}, {way_of(item.mode)}"


def nights_text(number: int) -> str:
    """Say a number of nights."""
    return str(ngettext("%(num)s night", "%(num)s nights", number))


def way_of(mode: str) -> str:
    """Say how an appointment is held, within a sentence."""
    return {"phone": _("by telephone"), "video": _("by video")}.get(mode) or _("in person")


def price_of(item: Item) -> str:
    """Give the label of its price, nothing where it has none."""
    return said(item.prices, current_locale()) if isinstance(item, ServiceCard) else ""


def description_of(item: Item) -> str:
    """Say what it is, nothing where nobody wrote that down."""
    return said(item.descriptions, current_locale()) if isinstance(item, ServiceCard) else ""


def detail_of(item: Item) -> str:
    """Say in a line what a list tells of it: how long, how, for what."""
    nights = isinstance(item, ServiceCard) and item.reservation.nights
    length = _("by the night") if nights else length_of(item)
    return " · ".join(part for part in (sentence(length), price_of(item)) if part)


def instructions_of(item: Item | None) -> str:
    """Say what to bring or to know, nothing where nobody wrote that down."""
    return said(item.instructions, current_locale()) if isinstance(item, ServiceCard) else ""


def comes(item: Item | None) -> bool:
    """Tell whether somebody comes to the site."""
    return not isinstance(item, ServiceCard) or item.mode == "in_person"


def calls(item: Item | None) -> bool:
    """Tell whether an appointment is a call, for which a number is needed."""
    return isinstance(item, ServiceCard) and item.mode == "phone"


def room_text(card: ResourceCard) -> str:
    """Say what a room or an asset has."""
    persons = card.candidate.persons
    held = str(ngettext("%(num)s person", "%(num)s persons", persons)) if persons is not None else ""
    return " · ".join(part for part in (held, *sorted(card.candidate.features)) if part)


def chosen_texts(bookable: Bookable, heard: Heard, start: Start) -> tuple[str, ...]:
    """Say line by line what was chosen beside the time."""
    lines = amounts_of(bookable.item, start.start, start.end, bookable.zone, heard.quantity, heard.iterations)
    if heard.person is not None:
        lines.append(_("With %(name)s", name=heard.person.name))
    if heard.resource is not None:
        lines.append(heard.resource.name)
    return tuple(lines)


def amounts_of(
    item: Item | None, start: datetime, end: datetime, zone: ZoneInfo, quantity: int, iterations: int
) -> list[str]:
    """Say how many nights, from which day to which, and how many are taken; nothing for a plain booking."""
    if not isinstance(item, ServiceCard):
        return []
    found = []
    if item.reservation.nights:
        days = dates(local_day(start, zone), local_day(end, zone))
        found.append(_("%(nights)s, %(days)s", nights=nights_text(iterations), days=days))
    if quantity > 1:
        found.append(_("Number: %(number)s", number=quantity))
    return found
