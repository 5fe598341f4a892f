"""Days of people, rooms and services as the staff sees them: the same hours and places as a booking finds."""

from __future__ import annotations

from datetime import date

import pytest

from portal.domain.errors import NotFound
from portal.extensions import reading, transaction
from portal.models import Resource, Site
from portal.operations import appointments, holds, staff_boards, tokens
from portal.operations.actors import CUSTOMER, Actor
from portal.operations.day_parts import DayOf
from portal.operations.scopes import Scope
from portal.operations.staff_boards import Board, Wanted
from portal.operations.wishes import Move
from tests import full_week, sample
from tests.sample import paris

NOW = paris("2026-12-01 09:00")
MONDAY = date(2026, 12, 7)
STAFF = Actor("claire@example.com", "staff", staff=True)


def book(do, start: str, number: int = 0, **options):
    return do(sample.booked, start, now=NOW, number=number, **{"service": "evaluation", **options})


def site_day(do, day: date = MONDAY, **options) -> Board:
    scope = options.pop("scope", Scope())
    kinds = options.pop("kinds", staff_boards.KINDS)
    return do(staff_boards.of_site, Wanted(NOW, scope, day, **options), "bordeaux", kinds)


def week(do, key: str, day: date = MONDAY, *, site: str | None = None, **options) -> Board:
    return do(staff_boards.of_resource, Wanted(NOW, options.pop("scope", Scope()), day, **options), key, site=site)


def clock(instant) -> str:
    return f"{instant.astimezone(sample.PARIS):%H:%M}"


def stretches(day: DayOf) -> list[str]:
    return [
        " ".join(
            part
            for part in (f"{clock(one.start)}-{clock(one.end)}", one.being, str(one.free) * (one.free > 1), one.label)
            if part
        )
        for one in day.stretches
    ]


def blocks(day: DayOf) -> list[str]:
    return [
        f"{clock(one.start)}-{clock(one.end)} {one.card.name if one.card else 'elsewhere' if one.elsewhere else 'held'}"
        for one in day.blocks
    ]


def column(board: Board, key: str) -> DayOf:
    return next(one.day for one in board.columns if one.card is not None and one.card.key == key)


def starts(board: Board, number: int = 0) -> list[str]:
    return [clock(start) for start in board.columns[number].starts or ()]


def test_a_day_is_free_taken_absent_or_closed(do):
    do(sample.agency, people=("ryan",))
    do(sample.resource, "jean", plannings=("bureau",), absences=(("2026-12-07T16:00", "2026-12-07T17:00"),))
    book(do, "2026-12-07 10:00", resources=("jean",))
    day = column(site_day(do), "jean")
    assert stretches(day) == [
        "00:00-09:00 closed",
        "09:00-10:00 free",
        "11:00-12:00 free",
        "12:00-14:00 closed",
        "14:00-16:00 free",
        "16:00-17:00 absent Congés",
        "17:00-18:00 free",
        "18:00-00:00 closed",
    ]
    assert (blocks(day), day.booked) == (["10:00-11:00 Chauffeur 0"], 1)
    assert "10:00" not in "".join(stretches(column(site_day(do), "ryan")))


def test_an_appointment_with_two_people_is_on_both_calendars(do):
    do(sample.agency, people=("jean", "ryan", "lea"))
    made = book(do, "2026-12-07 09:00", resources=("jean", "ryan"), actor=STAFF)
    board = site_day(do)
    assert [blocks(one.day) for one in board.columns] == [["09:00-10:00 Chauffeur 0"], [], ["09:00-10:00 Chauffeur 0"]]
    for key in ("jean", "ryan"):
        (block,) = week(do, key).columns[0].day.blocks
        assert block.card.public_id == made.public_id
        assert sorted(one.name for one in week(do, key).having[block.card.id]) == ["Jean", "Ryan"]


def test_the_time_before_and_after_belongs_to_the_block_and_is_not_free(do):
    do(sample.agency, people=("jean",), buffer_before=15, buffer_after=30)
    book(do, "2026-12-07 10:00")
    day = column(site_day(do), "jean")
    (block,) = day.blocks
    assert [clock(one) for one in (block.since, block.start, block.end, block.until)] == [
        "09:45", "10:00", "11:00", "11:30"
    ]  # fmt: skip
    assert [one for one in stretches(day) if "free" in one][:2] == ["09:00-09:45 free", "11:30-12:00 free"]


def test_people_come_first_then_rooms_then_equipment_and_kinds_narrow(do):
    do(sample.agency, people=("ryan", "jean"))
    do(sample.resource, "projecteur", "asset")
    do(sample.resource, "salle", "room")
    assert [one.card.key for one in site_day(do).columns] == ["jean", "ryan", "salle", "projecteur"]
    assert [one.card.key for one in site_day(do, kinds=("room",)).columns] == ["salle"]
    assert stretches(column(site_day(do), "salle")) == ["00:00-00:00 free"]


def test_what_is_at_a_site_that_is_not_theirs_is_taken_without_a_name(do):
    do(sample.agency, people=("lea",))
    do(sample.site, key="lyon")
    do(sample.resource, "jean", plannings=("bureau",), sites=("bordeaux", "lyon"))
    do(sample.service, "conseil", sites=("lyon",))
    book(do, "2026-12-07 10:00", site="lyon", service="conseil", resources=("jean",))
    assert blocks(column(site_day(do), "jean")) == ["10:00-11:00 Chauffeur 0"]
    only = do(scope_of, "bordeaux")
    for day in (column(site_day(do, scope=only), "jean"), week(do, "jean", scope=only).columns[0].day):
        assert blocks(day) == ["10:00-11:00 elsewhere"]
        assert "10:00-11:00 free" not in stretches(day)


def scope_of(key: str) -> Scope:
    with reading() as session:
        return Scope(frozenset({session.query(Site).filter_by(key=key).one().id}))


def test_who_is_at_no_site_of_theirs_is_not_there(do):
    do(sample.agency)
    do(sample.site, key="lyon")
    only = do(scope_of, "lyon")
    for look in (lambda: week(do, "jean", scope=only), lambda: site_day(do, scope=only), lambda: week(do, "nobody")):
        with pytest.raises(NotFound):
            look()
    with pytest.raises(NotFound):
        do(staff_boards.of_service, Wanted(NOW, only), "bordeaux", "evaluation")
    assert do(staff_boards.of_site, Wanted(NOW, Scope(frozenset())), None) is None


def test_the_starts_of_a_service_are_those_that_a_booking_finds(do):
    do(sample.agency, people=("jean", "ryan"), requires=[{"kind": "staff"}, {"kind": "room"}])
    do(sample.resource, "salle", "room")
    book(do, "2026-12-07 09:00", resources=("jean",))
    board = site_day(do, service="evaluation")
    assert [one.card.key for one in board.columns] == ["jean", "ryan", "salle"]
    for number in range(3):  # the only room is taken until 10
        assert starts(board, number)[:2] == ["10:00", "10:30"]
    book(do, "2026-12-07 10:00", 1, resources=("jean",))
    assert starts(week(do, "ryan", service="evaluation"))[:2] == ["11:00", "14:00"]
    assert starts(do(staff_boards.of_service, Wanted(NOW, day=MONDAY), "bordeaux", "evaluation"))[:2] == [
        "11:00",
        "14:00",
    ]


def test_a_room_that_a_service_does_not_need_is_offered_while_it_is_free(do):
    do(sample.agency, people=("jean", "ryan"), buffer_before=15)
    do(sample.resource, "salle", "room")
    do(sample.service, "visite", requires=[{"kind": "staff"}, {"kind": "room"}])
    book(do, "2026-12-07 10:00", service="visite")
    found = starts(site_day(do, service="evaluation"), 2)
    assert found[:2] == ["09:00", "14:00"]  # at 11:00 the time before is not free


def test_a_person_who_cannot_serve_is_offered_for_nothing(do):
    do(sample.agency, people=("jean",), requires=[{"kind": "staff", "skills": {"evaluation": 1}}])
    do(sample.resource, "marc", plannings=("bureau",))
    board = site_day(do, service="evaluation")
    assert [len(one.starts or ()) > 0 for one in board.columns] == [True, False]
    assert week(do, "marc", service="evaluation").place.service is None


def test_a_day_that_is_spent_is_not_free(do):
    do(sample.agency, people=())
    do(sample.resource, "jean", plannings=("bureau",), max_per_day=1)
    book(do, "2026-12-07 10:00")
    assert stretches(column(site_day(do), "jean")) == [
        "00:00-09:00 closed",
        "09:00-10:00 spent",
        "11:00-12:00 spent",
        "12:00-14:00 closed",
        "14:00-18:00 spent",
        "18:00-00:00 closed",
    ]


def test_what_cools_off_beside_its_appointment_spends_the_day_too(do):
    do(sample.agency, people=(), policy={"cooling_off": 30})
    do(sample.resource, "jean", plannings=("bureau",), max_per_day=2)
    made = book(do, "2026-12-07 10:00")
    do(appointments.move, Move(made.public_id, paris("2026-12-07 14:00"), STAFF), now=NOW)
    assert "15:00-18:00 spent" in stretches(column(site_day(do), "jean"))


def test_several_at_once_stand_beside_each_other(do):
    do(sample.agency, people=())
    do(sample.planning, key="accueil", week={1: ((540, 720, 3),)}, guests=False, kinds=())
    do(sample.resource, "jean", plannings=("accueil",))
    book(do, "2026-12-07 09:00", 0)
    book(do, "2026-12-07 09:30", 1)
    day = column(site_day(do), "jean")
    assert ([one.lane for one in day.blocks], day.lanes, day.more) == ([0, 1], 3, 0)
    assert [one for one in stretches(day) if "free" in one] == [
        "09:00-09:30 free 2", "09:30-10:00 free", "10:00-10:30 free 2", "10:30-12:00 free 3"
    ]  # fmt: skip


def test_what_is_cancelled_for_good_is_free_again(do):
    do(sample.agency, people=("jean",))
    made = book(do, "2026-12-07 10:00")
    do(appointments.cancel, made.public_id, STAFF, now=NOW, undo=False)
    assert blocks(column(site_day(do), "jean")) == []


def test_what_is_held_for_a_form_is_taken_by_nobody_yet(do):
    do(sample.agency, people=("jean",), policy={"hold": 10})
    place = holds.Place(site="bordeaux", service="evaluation")
    do(holds.take, place, paris("2026-12-07 10:00"), tokens.new_public_id(), now=NOW)
    day = column(site_day(do), "jean")
    assert (blocks(day), day.booked) == (["10:00-11:00 held"], 0)


def test_a_move_that_waits_for_its_answer_is_shown_at_both_times(do):
    do(sample.agency, people=("jean",), policy={"validation": "manager"})
    made = book(do, "2026-12-07 09:00", actor=STAFF)
    do(appointments.move, Move(made.public_id, paris("2026-12-07 15:00"), CUSTOMER), now=NOW)
    day = column(site_day(do), "jean")
    assert [(clock(one.start), one.wanted) for one in day.blocks] == [("09:00", False), ("15:00", True)]
    assert day.booked == 1


def test_a_service_is_looked_at_where_one_works(do):
    do(sample.agency)
    assert do(staff_boards.of_service, Wanted(NOW, day=MONDAY), None, "evaluation").place.site.key == "bordeaux"
    for scope, key in ((Scope(frozenset()), "evaluation"), (Scope(), "nothing")):
        with pytest.raises(NotFound):
            do(staff_boards.of_service, Wanted(NOW, scope), None, key)


def test_a_week_is_that_of_the_resources_own_clock(do):
    do(sample.agency, people=("jean",))

    def moved() -> None:
        with transaction() as session:
            one = session.query(Resource).filter_by(key="jean").one()
            one.timezone, one.revision = "America/New_York", "other"

    do(moved)
    board = week(do, "jean")
    assert (board.zone.key, len(board.columns), board.columns[0].day.day) == ("America/New_York", 7, MONDAY)
    (first, *_rest) = board.columns[0].day.free
    assert first.start == paris("2026-12-07 09:00")


def test_it_asks_the_same_of_the_database_whatever_is_booked(do, statements):
    do(sample.agency, people=("jean",))
    looks = [
        lambda: site_day(do, service="evaluation"),
        lambda: week(do, "jean", service="evaluation"),
        lambda: do(staff_boards.of_service, Wanted(NOW, day=MONDAY), "bordeaux", "evaluation"),
    ]
    book(do, "2026-12-07 09:00")
    counts = [counted(look, statements) for look in looks]
    for number in range(50):
        do(sample.resource, f"agent-{number}", plannings=("bureau",), skills={"evaluation": 5})
    do(full_week.fill, [paris("2026-12-07 10:00")], 10_000, "bureau")
    do(full_week.give_to, "jean")
    assert [counted(look, statements) for look in looks] == counts
    day = column(site_day(do), "jean")
    assert (day.booked, day.more) == (10_001, 10_001 - len(day.blocks))


def counted(look, statements) -> int:
    look()  # cards are kept from then on
    with statements(at_most=14) as seen:
        look()
    return len(seen)
