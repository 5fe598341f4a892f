"""Services with people, rooms and equipment: found at common times, booked and moved all together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from portal.domain.errors import NotFound, SlotTaken
from portal.domain.slots import Reason
from portal.extensions import db, reading, transaction
from portal.models import Absence, Allocation, Assignment, Planning, Resource, Service, Site
from portal.operations import (
    appointments,
    availability,
    bookables,
    cards,
    confirmations,
    integrity,
    resource_cards,
    tokens,
    validation,
)
from portal.operations.actors import GUEST, Actor
from portal.operations.asking import PUBLIC, Asking
from portal.operations.keepsakes import new_revision
from portal.operations.wishes import Booked, Move
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
MONDAY = paris("2026-12-07 12:00").date()
STAFF = Actor("admin@example.com", "staff", staff=True)


def offered(asking: Asking = PUBLIC, service: str = "evaluation") -> list[str]:
    with reading() as session:
        bookable = bookables.find(session, "bordeaux", None, service=service)
        found = availability.search(session, bookable, MONDAY, MONDAY, now=NOW, asking=asking).offered
        return [f"{start.start.astimezone(bookable.zone):%H:%M}" for start in found]


def why(start: str, asking: Asking = PUBLIC, service: str = "evaluation") -> list[str]:
    with reading() as session:
        bookable = bookables.find(session, "bordeaux", None, service=service)
        judged = availability.judge(session, bookable, paris(start), now=NOW, asking=asking)
        return [reason.value for reason in judged.reasons]


def book(start: str, number: int = 0, **options: Any) -> Booked:
    return appointments.book(
        sample.wish(start, number, service=options.pop("service", "evaluation"), **options), now=NOW
    )


def having(public_id: str) -> dict[str, tuple[int | None, bool]]:
    with reading() as session:
        card = cards.by_public_id(public_id)
        query = select(Resource.key, Assignment.requirement, Assignment.named).join(
            Assignment, Assignment.resource_id == Resource.id
        )
        rows = session.execute(query.where(Assignment.appointment_id == card.id))
        return {row[0]: (row[1], row[2]) for row in rows}


def held() -> int:
    with reading() as session:
        return len(session.scalars(select(Allocation.id).where(Allocation.released_at.is_(None))).all())


def clean() -> bool:
    report = integrity.check(NOW)
    assert report.breaches == ()
    return True


def test_a_service_is_offered_in_the_hours_of_its_people(do):
    do(sample.agency)
    assert do(offered) == [
        "09:00",
        "09:30",
        "10:00",
        "10:30",
        "11:00",
        *(f"{h}:{m}" for h in range(14, 17) for m in ("00", "30")),
        "17:00",
    ]


def test_three_people_take_three_appointments_and_no_fourth(do):
    do(sample.agency)
    for number in range(3):
        do(book, "2026-12-07 09:00", number)
    with pytest.raises(SlotTaken):
        do(book, "2026-12-07 09:30", 4)
    assert do(why, "2026-12-07 09:30") == [Reason.RESOURCE_BUSY.value]
    assert do(clean)


def test_each_appointment_gets_the_least_used_person(do):
    do(sample.agency)
    served = [next(iter(do(having, do(book, f"2026-12-07 {hour:02}:00", hour).public_id))) for hour in (9, 10, 11)]
    assert served == ["jean", "ryan", "lea"]


def test_an_overbooking_takes_who_is_free_before_who_is_not(do):
    do(sample.agency, people=["jean", "ryan"], requires=[{"kind": "staff"}, {"kind": "room", "optional": True}])
    do(sample.resource, "salle", "room")
    do(book, "2026-12-07 09:00", resources=("jean", "salle"))
    do(book, "2026-12-07 14:00", 1, resources=("ryan",))
    do(book, "2026-12-07 15:00", 2, resources=("ryan",))
    made = [do(book, "2026-12-07 09:00", number, actor=STAFF, overbook="Demande du client") for number in (3, 4)]
    assert [list(do(having, one.public_id)) for one in made] == [["ryan"], ["jean"]]
    assert do(clean)


def test_everything_is_booked_at_once(do):
    do(sample.agency, requires=[{"kind": "staff"}, {"kind": "room", "persons": 4}, {"kind": "asset", "optional": True}])
    assert do(offered) == []
    do(sample.resource, "salle-8", "room", persons=8)
    do(sample.resource, "salle-4", "room", persons=4)
    do(sample.resource, "projecteur", "asset")
    made = do(book, "2026-12-07 09:00")
    assert do(having, made.public_id) == {"jean": (0, False), "salle-4": (1, False), "projecteur": (2, False)}
    second = do(book, "2026-12-07 09:00", 1)
    assert do(having, second.public_id) == {"ryan": (0, False), "salle-8": (1, False)}
    assert do(clean)


def test_a_chosen_person_alone_counts(do):
    do(sample.agency)
    made = do(book, "2026-12-07 09:00", resources=("lea",))
    assert do(having, made.public_id) == {"lea": (0, True)}
    with pytest.raises(SlotTaken):
        do(book, "2026-12-07 09:00", 1, resources=("lea",))


def test_buffers_keep_appointments_apart(do):
    do(sample.agency, people=["jean"], buffer_before=10, buffer_after=20, step=10)
    do(book, "2026-12-07 09:00")
    assert do(offered)[0] == "10:30"


def test_a_move_keeps_the_person(do):
    do(sample.agency)
    made = do(book, "2026-12-07 09:00", resources=("ryan",))
    do(book, "2026-12-07 10:00", 1, resources=("ryan",))
    with pytest.raises(SlotTaken):
        do(appointments.move, Move(made.public_id, paris("2026-12-07 10:00"), GUEST), now=NOW)
    do(appointments.move, Move(made.public_id, paris("2026-12-07 11:00"), GUEST), now=NOW)
    assert do(having, made.public_id) == {"ryan": (0, True)}
    assert do(clean)


def test_a_cancellation_gives_everything_back(do):
    do(sample.agency, people=["jean"])
    made = do(book, "2026-12-07 09:00")
    do(appointments.cancel, made.public_id, STAFF, now=NOW, undo=False)
    assert do(held) == 0
    assert do(offered)[0] == "09:00"
    assert do(clean)


def test_an_absence_and_a_full_day_say_why(do):
    do(sample.agency, people=[])
    do(
        sample.resource,
        "jean",
        plannings=("bureau",),
        absences=[("2026-12-07T09:00", "2026-12-07T10:30")],
        max_per_day=1,
    )
    assert do(why, "2026-12-07 09:00") == [Reason.RESOURCE_ABSENT.value]
    do(book, "2026-12-07 14:00")
    assert do(offered) == []
    assert do(why, "2026-12-07 16:00") == [Reason.RESOURCE_BUSY.value]


@pytest.mark.parametrize(("most", "start"), [(1, "2026-12-08 09:00"), (2, "2026-12-07 10:00")], ids=["other", "same"])
def test_a_move_that_waits_counts_on_the_day_that_it_wants_and_once_on_its_own(do, most, start):
    do(sample.agency, people=[], policy={"validation": "manager"})
    do(sample.resource, "jean", plannings=("bureau",), max_per_day=most)
    made = do(book, "2026-12-07 09:00")
    do(validation.accept, made.public_id, STAFF, now=NOW)
    do(appointments.move, Move(made.public_id, paris(start), GUEST), now=NOW)
    day = start[:10]
    for number in range(1, most):
        do(book, f"{day} 14:00", number)
    assert do(why, f"{day} 16:00") == [Reason.RESOURCE_BUSY.value]
    assert do(validation.accept, made.public_id, STAFF, now=NOW)
    assert do(clean)


def test_a_move_that_waits_for_another_room_counts_there_on_the_same_day(do):
    needs = [{"kind": "staff"}, {"kind": "room"}]
    do(sample.agency, people=["jean"], requires=needs, policy={"validation": "manager"})
    do(sample.resource, "salle-1", "room", max_per_day=1, absences=[("2026-12-07T10:00", "2026-12-07T11:00")])
    do(sample.resource, "salle-2", "room", max_per_day=1)
    made = do(book, "2026-12-07 09:00")
    do(validation.accept, made.public_id, STAFF, now=NOW)
    do(appointments.move, Move(made.public_id, paris("2026-12-07 10:00"), GUEST), now=NOW)
    assert do(why, "2026-12-07 16:00") == [Reason.RESOURCE_BUSY.value]


def test_what_cools_off_counts_on_its_own_day(do):
    do(sample.agency, people=[], policy={"cooling_off": 30})
    do(sample.resource, "jean", plannings=("bureau",), max_per_day=1)
    made = do(book, "2026-12-07 09:00")
    do(appointments.move, Move(made.public_id, paris("2026-12-08 09:00"), STAFF), now=NOW)
    assert do(why, "2026-12-07 16:00") == [Reason.RESOURCE_BUSY.value]


def test_a_planning_s_places_count_too(do):
    do(sample.agency)
    do(sample.planning, key="places", week={1: ((540, 660, 1),)})
    do(sample.service, "visite", planning="places")
    assert do(offered, service="visite") == ["09:00", "09:30", "10:00"]
    do(book, "2026-12-07 09:00", service="visite")
    assert do(why, "2026-12-07 09:30", service="visite") == [Reason.FULL.value]


def test_several_lengths_of_a_room_are_one_appointment(do):
    do(sample.site)
    do(sample.resource, "salle", "room")
    do(sample.service, "salle", requires=[{"kind": "room"}], reservation={"iterations": True})
    made = do(book, "2026-12-07 09:00", service="salle", iterations=3)
    assert (made.end - made.start).total_seconds() == 3 * 3600
    assert do(why, "2026-12-07 11:00", service="salle") == [Reason.RESOURCE_BUSY.value]


def test_units_of_one_resource_are_chosen(do):
    do(sample.site)
    do(sample.planning, key="velos", guests=False, week={1: ((540, 1080, 10),)})
    do(sample.resource, "velo", "asset", plannings=("velos",))
    do(sample.service, "velo", requires=[{"kind": "asset"}], reservation={"quantity": True})
    do(book, "2026-12-07 09:00", service="velo", quantity=7)
    assert do(offered, Asking(quantity=4), "velo")[0] == "10:00"
    assert do(offered, Asking(quantity=3), "velo")[0] == "09:00"


def test_nights_go_from_evening_to_morning(do):
    do(sample.site)
    do(sample.resource, "chambre", "room")
    do(sample.service, "nuit", requires=[{"kind": "room"}], reservation={"unit": "night", "iterations": True})
    assert do(offered, service="nuit") == ["15:00"]
    made = do(book, "2026-12-07 15:00", service="nuit", iterations=2)
    assert made.end == paris("2026-12-09 11:00")
    assert do(why, "2026-12-08 15:00", service="nuit") == [Reason.RESOURCE_BUSY.value]
    assert do(why, "2026-12-09 15:00", service="nuit") == []


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_the_hours_of_people_are_not_edited_while_these_are_booked(do):
    do(sample.agency)

    def edited_meanwhile() -> None:
        with transaction() as session:
            resource_cards.at_site(session, session.scalars(select(Site.id)).one(), lock=True)
            with db.engine.connect() as other:
                other.execute(text("SET LOCAL lock_timeout = '50ms'"))
                with pytest.raises(OperationalError, match="lock timeout"):
                    other.execute(update(Planning).values(name="Autre"))

    do(edited_meanwhile)


def test_nobody_else_s_service_is_found(do):
    do(sample.agency)
    with pytest.raises(NotFound):
        do(offered, service="autre")


def test_what_is_not_held_for_an_appointment_is_a_breach(do):
    do(sample.agency, people=["jean", "ryan"])
    made = do(book, "2026-12-07 09:00")
    do(steal, "jean", "ryan")
    reference = do(cards.by_public_id, made.public_id).reference
    assert [line for line in do(integrity.check, NOW).breaches if reference in line] == [
        f"appointment {reference}: is to have ryan and holds it 0 times",
        f"appointment {reference}: holds jean, which it is not to have",
    ]


def test_an_absence_over_an_appointment_is_a_notice(do):
    do(sample.agency, people=["jean"])
    do(book, "2026-12-07 09:00")
    do(leave, "jean", "2026-12-07T09:30", "2026-12-07T12:00")
    report = do(integrity.check, NOW)
    assert report.breaches == ()
    assert report.notices == ("jean, 2026-12-07 09:30 to 10:00: 1 expected, 0 places (the hours were changed)",)


def steal(whose: str, whom: str) -> None:
    """Say that an appointment has somebody else than it holds."""
    with transaction() as session:
        ids = {row.key: row.id for row in session.execute(select(Resource.id, Resource.key))}
        session.execute(update(Assignment).where(Assignment.resource_id == ids[whose]).values(resource_id=ids[whom]))


def leave(key: str, since: str, until: str) -> None:
    """Be absent, whatever is booked."""
    with transaction() as session:
        found = session.query(Resource).filter_by(key=key).one()
        bounds = {"starts_local": datetime.fromisoformat(since), "ends_local": datetime.fromisoformat(until)}
        session.add(Absence(resource_id=found.id, label="Congés", **bounds))
        found.revision = new_revision()


def test_a_service_whose_planning_is_not_at_its_site_is_never_offered(do):
    do(sample.agency)
    do(sample.site, key="lyon")
    do(sample.planning, key="ailleurs", sites=("lyon",))
    do(sample.service, "visite", planning="ailleurs")
    assert do(offered, service="visite") == []
    assert do(why, "2026-12-07 09:00", service="visite")[0] == Reason.CLOSED.value


def shorten(minutes: int) -> None:
    """Let the service, and the planning, take another time from now on."""
    with transaction() as session:
        for one in session.query(Service):
            one.minutes, one.revision = minutes, new_revision()
        for hours in session.query(Planning).filter_by(key="quais"):
            hours.slot_minutes, hours.revision = minutes, new_revision()


def minutes_of(public_id: str) -> float:
    card = cards.by_public_id(public_id)
    return (card.end - card.start).total_seconds() / 60


@pytest.mark.parametrize("what", [{"service": "evaluation"}, {"planning": "quais", "service": None}])
def test_a_move_that_is_accepted_has_the_length_that_it_was_asked_with(do, what):
    do(sample.agency, policy={"validation": "manager"})
    do(sample.planning)
    made = do(appointments.book, sample.wish("2026-12-07 09:00", **what), now=NOW)
    do(validation.accept, made.public_id, STAFF, now=NOW)
    do(appointments.move, Move(made.public_id, paris("2026-12-07 10:00"), GUEST), now=NOW)
    do(shorten, 30)
    do(validation.accept, made.public_id, STAFF, now=NOW)
    assert do(minutes_of, made.public_id) == 60
    assert do(clean)


@pytest.mark.parametrize("what", [{"service": "evaluation"}, {"planning": "quais", "service": None}])
def test_an_address_confirms_the_length_that_was_held(do, what):
    do(sample.agency, policy={"confirm_by_mail": 15})
    do(sample.planning)
    held = do(appointments.book, sample.wish("2026-12-07 09:00", **what), now=NOW)
    do(shorten, 30)
    do(confirmations.confirm, do(tokens.token, tokens.CONFIRM, held.public_id, 1), now=NOW)
    assert do(minutes_of, held.public_id) == 60
    assert do(clean)


def choose_no_more() -> None:
    """Let nobody choose how much of a service they book from now on."""
    with transaction() as session:
        for one in session.query(Service):
            one.reservation, one.revision = {}, new_revision()


def units() -> set[int]:
    with reading() as session:
        return set(session.scalars(select(Allocation.units).where(Allocation.released_at.is_(None))))


def test_what_was_booked_moves_as_it_is_when_less_may_be_chosen_now(do):
    do(sample.site)
    do(sample.planning, key="salle", week={1: ((540, 1080, 2),)}, guests=False)
    do(sample.service, requires=(), planning="salle", reservation={"quantity": True, "iterations": True})
    made = do(book, "2026-12-07 09:00", quantity=2, iterations=3)
    do(choose_no_more)
    do(appointments.move, Move(made.public_id, paris("2026-12-07 14:00"), STAFF), now=NOW)
    assert (do(minutes_of, made.public_id), do(units)) == (180, {2})
    assert do(clean)
