"""Whom and what an appointment has, as its customer may know it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portal.domain import modes
from portal.extensions import reading
from portal.operations import assignments
from portal.operations.assignments import Assigned
from portal.operations.bookables import Bookable
from portal.operations.cards import AppointmentCard
from portal.operations.service_cards import ServiceCard


@dataclass(frozen=True, slots=True)
class Having:
    """Names of people, and of rooms and equipment."""

    people: tuple[str, ...] = ()
    things: tuple[str, ...] = ()


def having_of(card: AppointmentCard) -> dict[int, list[Assigned]]:
    """Read whom and what an appointment has, by its id; nothing where no service is booked."""
    if not isinstance(card.item, ServiceCard):
        return {}
    with reading() as session:
        return assignments.of(session, [card.id])


def of_customer(card: AppointmentCard) -> Having:
    """Read whom and what an appointment has, and leave out whom its customer is not told."""
    return told(card, having_of(card).get(card.id, ()))


def all_of(assigned: Iterable[Assigned]) -> Having:
    """Name all whom and all that an appointment has, for those who are with the company."""
    having = tuple(assigned)
    return Having(tuple(one.name for one in having if one.staff), tuple(one.name for one in having if not one.staff))


def told(card: AppointmentCard, assigned: Iterable[Assigned]) -> Having:
    """Choose what to tell a customer: people only where they may be chosen by name, or were (semantics 7)."""
    return all_of(shown(card, assigned))


def shown(booked: AppointmentCard | Bookable, assigned: Iterable[Assigned]) -> list[Assigned]:
    """Leave out whom a customer is not told, as ``told``."""
    public = modes.people_chosen(booked.policy.modes)
    return [one for one in assigned if public or one.named or not one.staff]
