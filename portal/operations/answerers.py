"""Who is asked to answer a request: the site, or the people it would be with (semantics 5).

Each of the people has a link of their own to the answer, which ends when the appointment is given to somebody else.
Plannings have no people: there, where nobody who is assigned has an address, and where people are not told of requests,
the site is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from portal.domain.errors import LinkUnknown
from portal.domain.notices import Side, What
from portal.extensions import reading
from portal.operations import assignments, cards, tokens
from portal.operations.assignments import Assigned
from portal.operations.cards import AppointmentCard

BY_PEOPLE = "staff"  # of the rules of booking


def asked(card: AppointmentCard, assigned: Sequence[Assigned]) -> list[Assigned]:
    """List the people who are asked to answer; nobody: the site is."""
    if card.policy.validation != BY_PEOPLE or not card.site.notices.wanted(Side.STAFF, What.REQUESTED):
        return []
    return [one for one in assigned if one.staff and one.email]


def token_of(card: AppointmentCard, person: str) -> str:
    """Derive the token by which somebody, named by their key, answers the requests of an appointment."""
    return tokens.token(_purpose(person), card.public_id, card.generation)


def opened(token: str) -> tuple[AppointmentCard, str]:
    """Open the request that a token answers, with the address it was sent to. Raises LinkUnknown."""
    with reading() as session:
        found = cards.cards(session, cards.BY_PUBLIC_ID, public_id=tokens.public_id_of(token))
        if not found:
            raise LinkUnknown
        card = found[0]
        if tokens.verified(token, tokens.VALIDATE, card.generation):
            return card, card.site.email or ""
        for one in assignments.of(session, [card.id]).get(card.id, ()) if card.service_id is not None else ():
            if one.staff and tokens.verified(token, _purpose(one.key), card.generation):
                return card, one.email or ""
    raise LinkUnknown


def names(session: Session, found: Collection[AppointmentCard]) -> Mapping[int, tuple[str, ...]]:
    """Name the people whose answers are waited for, by the ids of appointments; those of sites are left out."""
    theirs = [card for card in found if card.policy.validation == BY_PEOPLE and card.service_id is not None]
    if not theirs:
        return {}
    assigned = assignments.of(session, [card.id for card in theirs])
    people = {card.id: tuple(one.name for one in asked(card, assigned.get(card.id, ()))) for card in theirs}
    return {number: said for number, said in people.items() if said}


def _purpose(person: str) -> str:
    return f"{tokens.VALIDATE}:{person}"
