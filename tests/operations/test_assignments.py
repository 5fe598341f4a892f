"""Who and what appointments have, for pages, mails, calendars and programs."""

from __future__ import annotations

from portal.extensions import reading
from portal.operations import appointments, assignments, cards
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")


def book(start: str, number: int = 0, **options) -> int:
    booked = appointments.book(sample.wish(start, number, service="evaluation", **options), now=NOW)
    return cards.by_public_id(booked.public_id).id


def test_people_come_first_with_the_reason_then_rooms_and_equipment(do, app):
    do(sample.agency, requires=[{"kind": "room"}, {"kind": "staff"}])
    do(sample.resource, "salon", "room", plannings=("bureau",))
    one = do(book, "2026-12-07 09:00", resources=("ryan",))
    with app.app_context(), reading() as session:
        ryan, salon = assignments.of(session, [one])[one]
    assert (ryan.key, ryan.kind, ryan.name, ryan.email) == ("ryan", "staff", "Ryan", "ryan@example.com")
    assert (ryan.requirement, ryan.named, ryan.choice["because"]) == (1, True, "chosen")
    assert (salon.key, salon.requirement, salon.named, salon.choice, salon.staff) == ("salon", 0, False, None, False)


def test_any_number_of_appointments_is_read_in_one_statement(do, app, statements):
    do(sample.agency)
    ids = [do(book, f"2026-12-0{7 + n} 09:00", n) for n in range(3)]
    with app.app_context(), reading() as session, statements(at_most=1):
        found = assignments.of(session, ids)
    assert {one: len(having) for one, having in found.items()} == dict.fromkeys(ids, 1)


def test_of_nothing_nothing_is_asked(app, statements):
    with app.app_context(), reading() as session, statements(at_most=0):
        assert assignments.of(session, []) == {}
