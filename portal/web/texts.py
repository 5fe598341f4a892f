"""The words for every refusal and HTTP error, in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import ngettext

from portal.domain.errors import Refusal
from portal.i18n import _


def explain(refusal: Refusal) -> str:
    """Say in one or two sentences why not, and what to do."""
    return _sentences(refusal).get(refusal.code) or _("This is not possible. Check what you sent, then try again.")


def _sentences(refusal: Refusal) -> dict[str, str]:
    reasons = refusal.values.get("reasons", ())
    return {
        "invalid": problem_text(refusal),
        "slot_taken": _("Somebody has just taken the last place of this slot. Choose another one."),
        "slot_not_offered": reason_text(str(reasons[0]))
        if reasons
        else _("This slot is not offered. Choose another one."),
        "outside_window": reason_text(str(reasons[0])) if reasons else _("This slot cannot be booked now."),
        "not_eligible": _not_eligible(refusal.values),
        "limit_reached": _limit(refusal.values),
        "link_unknown": _(
            "This address leads nowhere, or no longer. Check that it is complete, or ask for a new link."
        ),
        "link_expired": _expired(refusal.values),
        "not_found": _("There is nothing at this address."),
        "change_too_late": _("It is too late to change this appointment online. Please call us."),
        "state_changed": _("This appointment has changed meanwhile. Look at it again before you go on."),
        "offer_gone": _("This place has been taken meanwhile, or its time is over."),
        "rate_limited": _("Too many requests in a short time. Wait a minute, then try again."),
        "busy": _("Many people are booking right now. Nothing is lost: try again in a moment."),
    }


def _not_eligible(values: Mapping[str, Any]) -> str:
    """Say who is not admitted: an address by the patterns, everybody without a mail of ours, a day of a link."""
    if values.get("problem") == "address":
        return _("Appointments here are not open to this address. Use another one, or call us.")
    if values.get("problem") == "customers_only":
        return _("Appointments here are for customers. Choose a time, and the link to go on is sent to your address.")
    return _("This slot is not open to you.")


def _expired(values: Mapping[str, Any]) -> str:
    """Say what to do when a link came too late."""
    if values.get("problem") == "continuation":
        return _("This link has expired. Choose your time again, and a new one is sent to you.")
    if values.get("problem") == "confirmation":
        return _("The time to confirm is over, and the place is free for others again. Choose a time once more.")
    return _("This link has expired. Ask the person who sent it for a new one.")


def _limit(values: Mapping[str, Any]) -> str:
    """Say which limit is reached: the customer's, with its numbers where these are known, or the link's."""
    if "per" in values:
        return limit_text(values["per"], values["count"], values["limit"])
    if "reasons" in values:
        return reason_text("limit")
    return _("The largest number of appointments for this link is reached. Cancel one to book another.")


def limit_text(per: str, count: int, limit: int) -> str:
    """Say to customers that they have as many appointments on a ``day`` or in a ``week`` as are allowed."""
    if per == "day":
        return str(
            ngettext(
                "You already have %(num)s appointment that day; the limit is %(limit)s.",
                "You already have %(num)s appointments that day; the limit is %(limit)s.",
                count,
                limit=limit,
            )
        )
    return str(
        ngettext(
            "You already have %(num)s appointment that week; the limit is %(limit)s.",
            "You already have %(num)s appointments that week; the limit is %(limit)s.",
            count,
            limit=limit,
        )
    )


def reason_text(reason: str) -> str:
    """Say why a start is not offered."""
    return {
        "closed": _("Closed on that day."),
        "break": _("Outside opening hours: the appointment would not end before closing time."),
        "off_grid": _("Appointments do not begin at this time."),
        "past": _("This time has passed."),
        "notice": _("Too soon: more notice is needed."),
        "horizon": _("Too far ahead: this day is not open for booking yet."),
        "not_eligible": _("Outside the days of this link."),
        "limit": _("The largest number of appointments is reached."),
        "full": _("Full."),
        "resource_absent": _("Absent."),
        "resource_busy": _("Busy."),
    }.get(reason, reason)


def problem_text(refusal: Refusal) -> str:
    """Say what is wrong with a value that was sent."""
    values = refusal.values
    problem = str(values.get("problem", ""))
    shown: dict[str, Any] = {name: str(value) for name, value in values.items()}
    sentences = {
        "overlap": _("%(first)s overlaps %(second)s.")
        % {"first": shown.get("first", ""), "second": shown.get("second", "")},
        "bounds": _("The end must come after the start, between 00:00 and 24:00."),
        "slots": _("At least one slot is needed."),
        "unknown_zone": _("This is not a known time zone."),
        "unknown_order": _("No order has this reference."),
        "duplicate_date": _("This date appears twice."),
        "locked": _("This value is given by the order and cannot be changed."),
        "planning_required": _("Choose a planning first."),
        "unknown_resource": _("Whom or what you chose cannot be booked here any more. Choose again."),
        "not_assigned": _("Whoever it was taken from does not have this appointment any more. Look at it again."),
        "idempotency": _("The same request was sent before with other data."),
        "not_supported_yet": _("This setting is not available in this version."),
        "required": _("This value is needed."),
        "email": _("Enter an e-mail address such as name@example.com."),
        "expected": _("This value is not of the expected kind."),
    }
    return sentences.get(problem) or _("This value is not accepted.")


def page(refusal: Refusal) -> dict[str, Any]:
    """Give the title and text of a refusal's page."""
    titles = {
        "link_unknown": _("Link not found"),
        "link_expired": _("Link expired"),
        "not_found": _("Page not found"),
        "rate_limited": _("One moment"),
        "busy": _("One moment"),
    }
    return {"title": titles.get(refusal.code) or _("Not possible"), "text": explain(refusal), "status": refusal.status}


def http_code(status: int) -> str:
    """Name an HTTP error for programs."""
    named = {401: "unauthorised", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    return named.get(status) or {415: "unsupported_media_type", 429: "rate_limited"}.get(
        status, "error" if status >= 500 else "invalid"
    )


def http_title(status: int) -> str:
    """Say an HTTP error in a few words."""
    titles = {
        400: _("The request could not be read"),
        401: _("Please log in"),
        403: _("Not allowed"),
        404: _("Page not found"),
        405: _("Not possible here"),
        413: _("Too much at once"),
        429: _("One moment"),
        503: _("One moment"),
    }
    return titles.get(status) or (
        _("Something went wrong on our side") if status >= 500 else _("The request could not be read")
    )


def http_page(status: int) -> dict[str, Any]:
    """Give the title and text of an HTTP error's page."""
    advice = {
        403: _("This request did not come from our own pages, or you may not do this."),
        404: _("There is nothing at this address. Check that it is complete."),
        413: _("What you sent is too large: 2 MB at most."),
        429: _("Too many requests in a short time. Wait a minute, then try again."),
        503: _("The service is busy or being maintained. Nothing is lost: try again in a moment."),
    }
    fallback = (
        _("We have been told. Nothing was saved: try again in a moment.")
        if status >= 500
        else _("Go back and try again; if it happens again, tell us what you were doing.")
    )
    return {"title": http_title(status), "text": advice.get(status) or fallback, "status": status}
