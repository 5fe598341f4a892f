"""Words of mails that the company wrote itself, filled in with the facts that they may name."""

from __future__ import annotations

import logging

from portal import i18n
from portal.delivery import clean
from portal.delivery.facts import Letter
from portal.delivery.telling import Shown, ShownOffer, ShownWait, Telling
from portal.domain import mail_texts
from portal.domain.errors import Invalid
from portal.domain.mail_texts import OURS, MailText

log = logging.getLogger(__name__)


def own_words(letter: Letter) -> MailText:
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
    if letter.invitation is not None:
        values |= {"service": letter.invitation.service}
    if (timed := letter.visit or letter.step or letter.offer) is not None:
        telling = Telling(timed, letter.locale, letter.organisation, "")
        values |= {"day": i18n.day(telling.local_day(timed.start), letter.locale), "planning": timed.planning}
        values |= {"time": telling.hour(timed.start), "end": telling.hour(timed.end)}
    if letter.summary is not None:
        values |= {"day": i18n.day(letter.summary.day, letter.locale)}
    if letter.visit is not None:
        shown = Shown(letter.visit, letter.locale, letter.organisation, "")
        values |= {"purpose": shown.purpose, **_of_service(shown)}
        values |= {"reference": shown.reference, **_other_times(letter, shown)}
    if letter.offer is not None:
        offer = ShownOffer(letter.offer, letter.locale, letter.organisation, "")
        values |= {"offered": offer.when, "until": offer.until}
    if letter.waited is not None:
        waited = ShownWait(letter.waited, letter.locale, letter.organisation, "")
        values |= {"planning": waited.planning, "days": waited.days}
    return {name: clean.line(value) for name, value in values.items()}


def _of_service(shown: Shown) -> dict[str, str]:
    """Give what is booked, where a service is: its name, with whom, what to bring or to know."""
    name = shown.served.name if shown.served else ""
    return {"service": name, "staff": shown.people, "instructions": " ".join(shown.instructions)}


def _other_times(letter: Letter, shown: Shown) -> dict[str, str]:
    """Give the times that some mails know besides that of the appointment: before a move, wanted, of an answer."""
    intervals = {"before": letter.before, "wanted": letter.asked.wanted}
    told = {name: shown.interval(bounds) for name, bounds in intervals.items() if bounds is not None}
    return {**told, "until": shown.moment(letter.asked.until)} if letter.asked.until is not None else told
