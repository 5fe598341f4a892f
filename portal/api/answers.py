"""Answers as plain dictionaries, written straight from what operations return. ``portal.api.shown`` documents them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from portal.domain.clocks import clock
from portal.domain.fields import written
from portal.domain.reservations import Reservation
from portal.domain.slots import Start
from portal.domain.zones import local_day
from portal.extensions import settings
from portal.i18n import rfc3339
from portal.operations.bookables import Item
from portal.operations.customers import CustomerCard
from portal.operations.events import EventLine
from portal.operations.links import MadeLink, OpenLink
from portal.operations.orders import OrderCard
from portal.operations.place_cards import PlanningCard
from portal.operations.programs import Appointed, LinkView, PlanningLine, ResourceLine, ServiceLine, SiteLine
from portal.operations.searches import Found
from portal.operations.service_cards import ServiceCard
from portal.web import texts

Json = dict[str, Any]
INSTANTS = ("start", "end", "wanted_start", "wanted_end")
"""What an event keeps that is an instant."""


def answer(document: Mapping[str, Any], status: int = 200, *, replayed: bool = False) -> Response:
    """Send a document; ``replayed`` says that it answers a request that came before."""
    response = Response(
        json.dumps(document, ensure_ascii=False, separators=(",", ":")), status, mimetype="application/json"
    )
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def check_mail(*, replayed: bool) -> Response:
    """Say that the way on is in the mailbox: the same for every address."""
    return answer({"status": "check_mail"}, 202, replayed=replayed)


def made_link(made: MadeLink, zone: ZoneInfo) -> Json:
    """Write a new booking link."""
    return {
        "url": f"{settings().public_url}/b/{made.token}",
        "expires_at": rfc3339(made.expires_at, zone) if made.expires_at else None,
    }


def slots(found: Found, *, reasons: bool = False) -> Json:
    """Write what is offered, and with ``reasons`` what is not."""
    starts, zone = found.availability.starts, found.availability.zone
    following = local_day(found.following.start, zone) if found.following else None
    document: Json = {
        "timezone": zone.key,
        "slots": [
            {
                "start": rfc3339(start.start, zone),
                "end": rfc3339(start.end, zone),
                "places": start.places,
                "staff": people,
            }
            for start, people in zip(starts, found.people, strict=True)
            if not start.reasons
        ],
        "next": following.isoformat() if following else None,
    }
    if reasons:
        document["refused"] = [_refused(start, zone) for start in starts if start.reasons]
    return document


def _refused(start: Start, zone: ZoneInfo) -> Json:
    code = start.reasons[0].value
    return {"start": rfc3339(start.start, zone), "code": code, "text": texts.reason_text(code)}


def site(line: SiteLine) -> Json:
    """Write a site."""
    card = line.site
    return {
        "key": card.key,
        "name": card.name,
        "address": card.address,
        "timezone": card.zone.key,
        "latitude": card.latitude,
        "longitude": card.longitude,
        "phone": card.phone,
        "region": line.region,
        "modes": list(line.modes),
        "plannings": [planning.key for planning in line.plannings],
        "services": [service.key for service in line.services],
    }


def planning(line: PlanningLine) -> Json:
    """Write a planning."""
    card = line.planning
    return {
        "key": card.key,
        "name": card.name,
        "timezone": card.schedule.zone.key,
        "sites": [site.key for site in line.sites],
        "kinds": list(card.kinds),
        "guests": card.guests,
        "slot_minutes": card.schedule.slot_minutes,
        "step_minutes": card.schedule.step_minutes,
        "fields": _questions(card),
    }


def service(line: ServiceLine, *, inside: bool) -> Json:
    """Write a service; what it needs of whom only ``inside``, to those who may read everything."""
    card = line.service
    return {
        "key": card.key,
        "name": card.names,
        "description": card.descriptions,
        "price": card.prices,
        "group": card.group,
        "sites": [site.key for site in line.sites],
        "planning": line.planning,
        "kinds": list(card.kinds),
        "guests": card.guests,
        **_times(card),
        "fields": _questions(card),
        **({"requires": [one.as_mapping() for one in card.requires]} if inside else {}),
    }


def _times(card: ServiceCard) -> Json:
    """Write how long a service takes, how it is met, and what of it may be chosen."""
    return {
        "mode": card.mode,
        "minutes": card.minutes,
        "step": card.step,
        "buffer_before": card.buffer_before,
        "buffer_after": card.buffer_after,
        "reservation": _reservation(card.reservation),
    }


def _reservation(choice: Reservation) -> Json:
    return {
        "quantity": choice.quantity,
        "iterations": choice.iterations,
        "unit": choice.unit,
        "from": clock(choice.since) if choice.nights else None,
        "until": clock(choice.until) if choice.nights else None,
    }


def resource(line: ResourceLine) -> Json:
    """Write a person, a room or an asset."""
    return {
        "key": line.key,
        "kind": line.kind,
        "name": line.name,
        "email": line.email,
        "timezone": line.timezone,
        "sites": list(line.sites),
        "plannings": list(line.plannings),
        "skills": dict(line.skills),
        "persons": line.persons,
        "features": list(line.features),
        "max_per_day": line.max_per_day,
    }


def _questions(card: Item) -> list[Json]:
    return [written(one) for one in card.questions]


def customer(card: CustomerCard) -> Json:
    """Write a customer of the base."""
    return {
        "email": card.email,
        "name": card.name,
        "phone": card.phone,
        "kind": card.kind,
        "locale": card.locale,
        "created_at": rfc3339(card.created_at),
    }


def appointment(found: Appointed) -> Json:
    """Write an appointment, the same in every answer."""
    card, having = found.card, found.having
    return {
        "id": card.public_id,
        "reference": card.reference,
        "status": card.status.value,
        "start": rfc3339(card.start, card.zone),
        "end": rfc3339(card.end, card.zone),
        "timezone": card.zone.key,
        "site": card.site.key,
        "planning": card.item.key if isinstance(card.item, PlanningCard) else None,
        "service": card.item.key if isinstance(card.item, ServiceCard) else None,
        "order": card.order,
        "staff": [one.key for one in having if one.staff],
        "resources": [one.key for one in having if not one.staff],
        "quantity": card.units,
        "iterations": card.iterations,
        "customer": {"email": card.email, "name": card.name, "phone": card.phone, "locale": card.locale},
        "comment": card.comment,
        "fields": card.fields,
        "answer_by": _moment(card.answer_by, card.zone),
        "wanted": _interval(card.wanted, card.zone),
        "manage_url": f"{settings().public_url}/a/{card.token}",
        "created_at": rfc3339(card.created_at, card.zone),
        "updated_at": rfc3339(card.updated_at, card.zone),
    }


def appointments(found: Sequence[Appointed]) -> list[Json]:
    """Write appointments."""
    return [appointment(one) for one in found]


def order(card: OrderCard) -> Json:
    """Write an order."""
    return {
        "reference": card.reference,
        "kind": card.kind,
        "status": card.status,
        "site": card.site.key,
        "customer": _customer(card),
        "units": card.units,
        "ship_date": _moment(card.ship_date, card.site.zone),
        "delivery_date": _moment(card.delivery_date, card.site.zone),
        "created_at": rfc3339(card.created_at, card.site.zone),
        "updated_at": rfc3339(card.updated_at, card.site.zone),
    }


def link(view: LinkView) -> Json:
    """Write what a booking link opens."""
    found, zone = view.link, view.link.site.zone
    return {
        "order": _order_of(found),
        "site": found.site.key,
        "timezone": zone.key,
        "customer": _customer(found),
        "plannings": [
            {"key": one.key, "name": one.name, "slot_minutes": one.minutes, "fields": _questions(one)}
            for one in view.plannings
        ],
        "services": [
            {"key": one.key, "name": one.names, "price": one.prices, **_times(one), "fields": _questions(one)}
            for one in view.services
        ],
        "first_day": found.first_day.isoformat() if found.first_day else None,
        "last_day": found.last_day.isoformat() if found.last_day else None,
        "expires_at": _moment(found.expires_at, zone),
        "max_active": found.max_active,
        "appointments": appointments(view.appointments),
    }


def _order_of(found: OpenLink) -> Json | None:
    """Write the order of a link; a link of a service has none."""
    if found.reference is None:
        return None
    return {
        "reference": found.reference,
        "kind": found.kind,
        "status": found.status,
        "units": found.units,
        "ship_date": _moment(found.ship_date, found.site.zone),
        "delivery_date": _moment(found.delivery_date, found.site.zone),
    }


def event(line: EventLine) -> Json:
    """Write one change."""
    return {
        "id": str(line.id),
        "kind": line.kind,
        "at": rfc3339(line.at, line.zone),
        "appointment": line.appointment,
        "actor": line.actor,
        "origin": line.origin,
        "before": _local(line.before, line.zone),
        "after": _local(line.after, line.zone) | _served(line),
    }


def _served(line: EventLine) -> Json:
    """Write whom and what a change took; nothing where no service was concerned."""
    if not line.people and not line.things:
        return {}
    return {"staff": list(line.people), "resources": list(line.things)}


def _customer(known: OrderCard | OpenLink) -> Json:
    return {
        "email": known.email,
        "name": known.name,
        "phone": known.phone,
        "locale": known.locale or settings().default_locale,
    }


def _interval(interval: tuple[datetime, datetime] | None, zone: ZoneInfo) -> Json | None:
    return {"start": rfc3339(interval[0], zone), "end": rfc3339(interval[1], zone)} if interval else None


def _moment(instant: datetime | None, zone: ZoneInfo) -> str | None:
    return rfc3339(instant, zone) if instant else None


def _local(facts: Mapping[str, Any], zone: ZoneInfo) -> Json:
    """Write the instants among what an event keeps in the zone of the appointment."""
    times = {name: rfc3339(datetime.fromisoformat(facts[name]), zone) for name in INSTANTS if name in facts}
    return {**facts, **times}
