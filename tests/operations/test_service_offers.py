"""Freed places of services are offered to those who wait: the people, the room and the rest of it together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.domain.errors import SlotTaken
from portal.extensions import reading
from portal.models import Offer
from portal.operations import (
    appointments,
    cards,
    claims,
    integrity,
    letters,
    offer_lists,
    offers,
    outbox,
    tokens,
    waiting,
    waiting_lists,
)
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.scopes import EVERYWHERE
from portal.operations.waiting import Joining, Place
from portal.operations.wishes import Booked, Move
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
STAFF = Actor("admin@example.com", "staff", staff=True)
DAY = date(2026, 12, 7)


@pytest.fixture(autouse=True)
def sound(do):
    """Whatever happened, nothing was sold twice and the history tells it."""
    yield
    assert do(integrity.check, NOW).breaches == ()


def book(start: str, number: int, *resources: str) -> Booked:
    return appointments.book(sample.wish(start, number, service="evaluation", resources=resources), now=NOW)


def cancel(public_id: str) -> None:
    appointments.cancel(public_id, STAFF, now=NOW, undo=False)


def asked() -> dict[str, str]:
    """Offer what is free, and tell who was asked, with the token of each."""
    offers.advance(NOW)
    with reading() as session:
        rows = session.execute(select(Offer.public_id, Offer.generation, Offer.appointment_id, Offer.state)).all()
        return {
            "listed" if row.appointment_id is None else email_of(session, row.appointment_id): tokens.token(
                tokens.OFFER, row.public_id, row.generation
            )
            for row in rows
            if row.state == "open"
        }


def email_of(session, appointment_id: int) -> str:
    (card,) = cards.cards(session, cards.listing().where(cards.Appointment.id == appointment_id))
    return card.email or ""


def mailed(kind: str) -> dict[str, tuple[str, str]]:
    """Read the mails of a kind that leave: by recipient what they are about, and the start that they offer."""
    messages = [one for one in outbox.claim(now=NOW, real_now=NOW, batch=1000) if one.kind == kind]
    found = {}
    for message, reading_ in zip(messages, letters.read(messages, now=NOW), strict=True):
        assert isinstance(reading_, letters.Content), reading_
        told = reading_.proposal or reading_.joined
        start = f"{told.start.astimezone(told.site.zone):%d %H:%M}" if reading_.proposal else ""
        found[message.recipient] = (told.item.named("en"), start)
    outbox.release(messages)
    return found


def start_of(public_id: str) -> str:
    card = cards.by_public_id(public_id)
    return f"{card.start.astimezone(card.zone):%d %H:%M}"


def test_a_holder_of_the_same_person_is_asked_and_moves(do):
    do(sample.agency)
    first = do(book, "2026-12-07 09:00", 1, "jean")
    later = do(book, "2026-12-07 16:00", 2, "jean")
    do(book, "2026-12-07 16:00", 3, "ryan")
    do(cancel, first.public_id)
    tokens_ = do(asked)
    assert list(tokens_) == ["chauffeur2@example.com"]
    assert do(mailed, "earlier_slot") == {"chauffeur2@example.com": ("Property valuation", "07 09:00")}
    do(claims.claim, tokens_["chauffeur2@example.com"], now=NOW)
    assert do(start_of, later.public_id) == "07 09:00"


def test_one_who_waits_is_asked_when_nobody_was_free(do):
    do(sample.agency, people=["jean", "ryan"], policy={"waiting_list": True, "earlier_slots": {"enabled": False}})
    taken = [
        do(book, f"2026-12-07 {hour:02}:00", 10 * hour + number)
        for hour in (9, 10, 11, 14, 15, 16, 17)
        for number in (1, 2)
    ]
    place = Place(site="bordeaux", service="evaluation")
    do(waiting.join, Joining(place, DAY, DAY, "camille@example.com", "Camille", "fr"), now=NOW)
    assert do(mailed, "waiting_joined") == {"camille@example.com": ("Property valuation", "")}
    do(cancel, taken[0].public_id)
    token = do(asked)["listed"]
    assert do(mailed, "place_free") == {"camille@example.com": ("Property valuation", "07 09:00")}
    (line,) = do(offer_lists.listing, offer_lists.Search(), scope=EVERYWHERE).lines
    (entry,) = do(waiting_lists.listing, waiting_lists.Search(), scope=EVERYWHERE).lines
    assert (line.item.named("en"), entry.item.named("fr")) == ("Property valuation", "Évaluation de bien")
    made = do(claims.book, claims.Claim(token, "Camille"), now=NOW)
    assert do(start_of, made.public_id) == "07 09:00"


def test_a_place_is_kept_whole_for_the_one_whose_turn_it_is(do):
    policy = {"earlier_slots": {"mode": "one_by_one"}}
    do(sample.agency, people=["jean"], policy=policy, requires=[{"kind": "staff"}, {"kind": "room"}])
    do(sample.resource, "salle", "room")
    do(sample.service, "salle", requires=[{"kind": "room"}])
    first = do(book, "2026-12-07 09:00", 1)
    later = do(book, "2026-12-08 16:00", 2)
    do(cancel, first.public_id)
    token = do(asked)["chauffeur2@example.com"]
    for service in ("evaluation", "salle"):
        with pytest.raises(SlotTaken):
            do(appointments.book, sample.wish("2026-12-07 09:00", 9, service=service), now=NOW)
    do(claims.claim, token, now=NOW)
    assert do(start_of, later.public_id) == "07 09:00"


def test_what_is_kept_for_one_is_not_let_go_of_when_its_giver_gives_back_another_place(do):
    do(sample.agency, people=["jean"], policy={"earlier_slots": {"mode": "one_by_one"}})
    giver, later = do(book, "2026-12-07 09:00", 1), do(book, "2026-12-08 16:00", 2)
    do(appointments.move, Move(giver.public_id, paris("2026-12-07 14:00"), STAFF), now=NOW)
    token = do(asked)["chauffeur2@example.com"]
    do(cancel, giver.public_id)
    do(asked)
    with pytest.raises(SlotTaken):
        do(book, "2026-12-07 09:00", 3)
    do(claims.claim, token, now=NOW)
    assert do(start_of, later.public_id) == "07 09:00"


def test_who_is_asked_may_get_another_room_than_was_given_back(do):
    policy = {"earlier_slots": {"mode": "one_by_one"}}
    do(sample.agency, people=["jean"], policy=policy, requires=[{"kind": "staff"}, {"kind": "room"}])
    for key in ("salle-1", "salle-2"):
        do(sample.resource, key, "room")
    do(sample.service, "salle", requires=[{"kind": "room"}])
    first = do(book, "2026-12-07 09:00", 1, "salle-1")
    later = do(book, "2026-12-08 16:00", 2)
    do(cancel, first.public_id)
    do(appointments.book, sample.wish("2026-12-07 09:00", 9, service="salle", resources=("salle-1",)), now=NOW)
    do(claims.claim, do(asked)["chauffeur2@example.com"], now=NOW)
    assert do(start_of, later.public_id) == "07 09:00"


def test_a_place_is_kept_from_the_public_while_it_cools_off(do):
    do(sample.agency, people=["jean"], policy={"cooling_off": 60})
    first = do(book, "2026-12-07 09:00", 1)
    do(cancel, first.public_id)
    with pytest.raises(SlotTaken):
        do(book, "2026-12-07 09:00", 3)
    later = NOW + timedelta(hours=2)
    do(appointments.book, sample.wish("2026-12-07 09:00", 3, service="evaluation"), now=later)


def test_a_place_of_nobody_but_a_planning_is_offered_and_cools_off(do):
    do(sample.site, policy={"cooling_off": 60})
    do(sample.planning, key="salle", week={1: ((540, 720, 1),), 2: ((540, 720, 1),)}, guests=False)
    do(sample.service, requires=(), planning="salle")
    first, later = do(book, "2026-12-07 09:00", 1), do(book, "2026-12-08 09:00", 2)
    do(cancel, first.public_id)
    token = do(asked)["chauffeur2@example.com"]
    with pytest.raises(SlotTaken):
        do(book, "2026-12-07 09:00", 3)
    do(claims.claim, token, now=NOW)
    assert do(start_of, later.public_id) == "07 09:00"


def test_nobody_is_asked_about_a_day_that_their_link_does_not_book(do):
    do(sample.site)
    do(sample.planning, key="nuit", week={1: ((1320, 1440, 1),), 2: ((0, 240, 1),)}, guests=False)
    do(sample.resource, "jean", plannings=("nuit",))
    do(sample.service, kinds=["supplier"])
    do(sample.order)
    token = do(sample.link, first_day=DAY + timedelta(days=1))
    first = do(book, "2026-12-07 23:00", 1)
    wish = sample.wish("2026-12-08 01:00", service="evaluation", actor=CUSTOMER, token=token)
    do(appointments.book, replace(wish, contact=replace(wish.contact, email="achats@example.com")), now=NOW)
    do(cancel, first.public_id)
    assert do(asked) == {}


def test_where_the_customer_chooses_how_much_nobody_is_asked(do):
    do(sample.agency, people=["jean"], reservation={"iterations": True})
    first, _later = do(book, "2026-12-07 09:00", 1), do(book, "2026-12-07 16:00", 2)
    do(cancel, first.public_id)
    assert do(asked) == {}


def test_a_cancellation_taken_back_keeps_everything(do):
    do(sample.agency, people=["jean"])
    first = do(book, "2026-12-07 09:00", 1)
    do(appointments.cancel, first.public_id, GUEST, now=NOW)
    do(appointments.undo, first.public_id, GUEST, now=NOW)
    with pytest.raises(SlotTaken):
        do(book, "2026-12-07 09:00", 3)
