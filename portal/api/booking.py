"""From a request to a booking: who comes, by which rules, under which idempotency key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Response

from portal.api import answers
from portal.api.callers import Caller, caller, count_mail
from portal.api.reader import Unreadable
from portal.domain.errors import NotEligible
from portal.domain.lifecycle import Status
from portal.extensions import settings
from portal.operations import appointments, continuations, programs, usage
from portal.operations.continuations import Request
from portal.operations.links import OpenLink
from portal.operations.programs import Appointed
from portal.operations.wishes import Booked, Contact, Wish

LOCKED = ("email", "name", "phone")


def for_staff_or_guest(given: Mapping[str, Any], who: Caller) -> Wish:
    """Read the wish of a key, by the rules of staff, or of the public, by all rules.

    Raises KeyNeeded and ScopeNeeded for what needs a key, Unreadable when it is not said who comes.
    """
    if who.key is not None or given.get("order") or given.get("policy") == "staff":
        who.require("book")
    if given.get("overbook"):
        who.require("admin")
    staff = who.key is not None and given.get("policy") != "public"
    return Wish(
        start=given["start"],
        contact=_contact(given, needed=("name",) if staff else ("email", "name")),
        actor=who.actor(staff=staff),
        site=given["site"],
        **_what(given),
        fields=given.get("answers", {}),
        order=given.get("order"),
        overbook=given.get("overbook", ""),
        once=who.once(),
    )


def for_order(given: Mapping[str, Any], token: str, now: datetime) -> Wish:
    """Read the wish of somebody with a link, who may leave out what the order knows.

    Raises LinkUnknown, LinkExpired, Unreadable for a value that is missing or not the order's.
    """
    link = programs.opened(token, now=now)
    usage.note_use("link", link.id, now)
    customer = {**given["customer"], **_locked(link, given["customer"])}
    contact = _contact({**given, "customer": customer}, needed=("email", "name"), locale=link.locale)
    return Wish(
        start=given["start"],
        contact=contact,
        actor=caller().actor(staff=False),
        token=token,
        **_what(given),
        fields=given.get("answers", {}),
        once=caller().once(f"link:{link.public_id}"),
    )


def made(wish: Wish, now: datetime) -> Response:
    """Book, and answer with the appointment; for a request that came before, with its first answer."""
    if wish.contact.email is not None and not wish.actor.staff:
        count_mail(wish.contact.email)
    try:
        booked = appointments.book(wish, now=now)
    except NotEligible as refusal:
        if refusal.values.get("problem") != "customers_only":
            raise
        return answers.check_mail(replayed=_by_mail(wish, now))
    if booked.status is Status.HELD:
        return answers.check_mail(replayed=booked.replayed)
    return answers.answer(_written(booked), 201, replayed=booked.replayed)


def _what(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read what is booked, and what is picked of it."""
    return {
        "planning": given.get("planning"),
        "service": given.get("service"),
        "people": (given["staff"],) if "staff" in given else (),
        "resources": given.get("resources", ()),
        "quantity": given["quantity"],
        "iterations": given["iterations"],
    }


def _by_mail(wish: Wish, now: datetime) -> bool:
    """Write to the address how to go on, and tell whether that was asked for before: whoever it is, it is the same."""
    contact = wish.contact
    email, carried = contact.email or "", tuple(_carried(wish))
    request = Request(wish.site or "", wish.planning, wish.start, email, contact.locale, carried, wish.service)
    once = replace(wish.once, scope=f"by-mail:{wish.once.scope}") if wish.once is not None else None
    return continuations.ask(request, now=now, once=once)


def _carried(wish: Wish) -> Iterator[tuple[str, str]]:
    """Name what was picked as the address of a page does, for the way on leads to one."""
    yield from (("staff", key) for key in wish.people)
    yield from (("resource", key) for key in wish.resources[:1])
    yield from ((name, str(number)) for name in ("quantity", "iterations") if (number := getattr(wish, name)) > 1)


def _written(booked: Booked) -> dict[str, Any]:
    """Write the appointment that was made, as it was made: a replay knows nothing of what came after."""
    found = _made(booked)
    return answers.appointment(found if caller().key is not None else programs.for_customer(found))


def _made(booked: Booked) -> Appointed:
    if booked.card is not None:
        return programs.complete(booked.card)
    found = programs.appointment(booked.public_id)
    until = found.card.answer_by if booked.status is Status.REQUESTED else None
    card = replace(found.card, start=booked.start, end=booked.end, status=booked.status, answer_by=until, wanted=None)
    return replace(found, card=card)


def _contact(given: Mapping[str, Any], *, needed: tuple[str, ...], locale: str | None = None) -> Contact:
    customer = given["customer"]
    missing = [(("customer", name), "required") for name in needed if not customer.get(name)]
    if missing:
        raise Unreadable("json", missing)
    return Contact(
        email=customer.get("email"),
        name=customer["name"],
        phone=customer.get("phone", ""),
        comment=given["comment"],
        locale=customer.get("locale") or locale or settings().default_locale,
    )


def _locked(link: OpenLink, customer: Mapping[str, str]) -> dict[str, str]:
    """Give what the order knows of who comes. Raises Unreadable when another value was sent."""
    known = {name: value for name in LOCKED if (value := getattr(link, name))}
    other = [(("customer", name), "locked") for name in known if customer.get(name, known[name]) != known[name]]
    if other:
        raise Unreadable("json", other)
    return known
