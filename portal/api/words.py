"""The words of problem documents: what is wrong with a value, and what a key lacks."""

from __future__ import annotations

from portal.api.reader import Unreadable
from portal.domain.errors import Invalid, Refusal
from portal.i18n import _
from portal.web import texts


def title(refusal: Refusal) -> str:
    """Say in a sentence why a request was refused."""
    known = {
        "unauthorised": _("A valid key is needed, in the header Authorization."),
        "forbidden": _("This key may not do this."),
    }
    if isinstance(refusal, Unreadable):
        return _("Values of this request are wrong or missing. Each is named in errors.")
    return known.get(refusal.code) or texts.explain(refusal)


def wrong(code: str) -> str:
    """Say what is wrong with a value."""
    known = {
        "unknown_key": _("This name is not known here."),
        "twice": _("This is given twice."),
        "too_long": _("This text is too long."),
        "unreadable": _("This text holds characters that cannot be read."),
        "not_a_choice": _("This is none of the known words."),
        "not_a_text": _("This must be a text."),
        "not_a_number": _("This must be a whole number."),
        "not_a_boolean": _("This must be true or false."),
        "pattern": _("This text is not written as the planning asks."),
        "not_a_key": _("A key has small letters, digits and hyphens, 60 at most."),
        "not_an_instant": _("Write an instant with its offset, such as 2026-12-08T08:30:00+01:00."),
        "not_a_day": _("Write a date such as 2026-12-08."),
        "out_of_range": _("This number is too small or too large."),
        "before_from": _("The last day comes before the first."),
        "too_many_days": _("At most 62 days can be asked for at once."),
        "public_only": _("The public policy knows no overbooking."),
        "no_email": _("The customer of this order has no e-mail address."),
        "idempotency_key": _("An idempotency key has 1 to 128 printable characters."),
        "not_supported_yet": _("This is not available in this version."),
        "past": _("This moment has passed."),
        "unknown_site": _("No site has this key."),
        "planning_or_service": _("Say what is booked: a planning or a service."),
        "not_both": _("Say a planning or a service, not both."),
        "unknown_resource": _("Nobody and nothing that can be picked here has this key."),
        "one_only": _("More than one cannot be chosen here."),
        "too_many": _("These are too many."),
        "which_one": _("Several have this appointment: say in “of” whose it was."),
        "not_assigned": _("This one does not have the appointment."),
        "not_fitting": _("This one cannot serve here."),
        "move_waits": _("A move of this appointment waits for its answer: answer that first."),
    }
    return known.get(code) or texts.problem_text(Invalid(problem=code))
