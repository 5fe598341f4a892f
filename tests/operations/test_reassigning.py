"""An appointment gets somebody else at the same time: who can, who cannot, what is written and who is told."""

from __future__ import annotations

from typing import Any

import pytest

from portal.domain.errors import Invalid, NotFound, SlotNotOffered, SlotTaken, StateChanged
from portal.extensions import reading
from portal.models import Allocation, OutboxMessage, Pool, Resource, Service
from portal.operations import appointments, assignments, cards, integrity, reassigning
from portal.operations.actors import Actor
from portal.operations.keepsakes import new_revision
from portal.operations.once import Once
from portal.operations.wishes import Booked, Exchange, Move
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
NINE = "2026-12-07 09:00"
MANAGER = Actor("admin@example.com", "staff", staff=True)


def book(start: str = NINE, number: int = 0, **options: Any) -> str:
    given = {"service": "evaluation", "resources": ("jean",), **options}
    return appointments.book(sample.wish(start, number, **given), now=NOW).public_id


def reassign(public_id: str, to: str, **options: Any) -> None:
    reassigning.reassign(public_id, to, MANAGER, **{"now": NOW, **options})


def having(public_id: str) -> list[str]:
    with reading() as session:
        card = cards.by_public_id(public_id)
        return [one.key for one in assignments.of(session, [card.id]).get(card.id, [])]


def taken() -> dict[str, list[str]]:
    with reading() as session:
        rows = (
            session.query(Resource.key, Allocation.starts_at)
            .join(Pool, Pool.id == Allocation.pool_id)
            .join(Resource, Resource.id == Pool.resource_id)
            .filter(Allocation.released_at.is_(None))
            .order_by(Allocation.starts_at)
        )
        found: dict[str, list[str]] = {}
        for key, start in rows:
            found.setdefault(key, []).append(start.astimezone(sample.PARIS).strftime("%d %H:%M"))
        return found


def clean() -> bool:
    report = integrity.check(NOW)
    assert report.breaches == ()
    return True


def told(public_id: str) -> dict[str, list[str]]:
    with reading() as session:
        card = cards.by_public_id(public_id)
        rows = session.query(OutboxMessage).filter_by(appointment_id=card.id)
        found: dict[str, list[str]] = {}
        for row in rows:
            name = f"{row.kind}.{row.payload['change']}" if row.kind == "staff_notice" else row.kind
            found.setdefault(name, []).append(row.recipient)
        return found


def test_the_time_stays_and_somebody_else_comes(do):
    do(sample.agency)
    one = do(book)
    before = do(cards.by_public_id, one)
    do(reassign, one, "ryan")
    after = do(cards.by_public_id, one)
    assert do(having, one) == ["ryan"]
    assert do(taken) == {"ryan": ["07 09:00"]}
    assert (after.start, after.end, after.status) == (before.start, before.end, before.status)
    assert (after.version, after.sequence) == (before.version + 1, before.sequence + 1)
    assert do(clean)


def test_the_history_and_the_mails_name_both(do):
    do(sample.agency)
    one = do(book)
    do(reassign, one, "ryan", of="jean")
    line = do(cards.history, one)[-1]
    assert (line.kind, line.before, line.after) == ("reassigned", {"resource": "jean"}, {"resource": "ryan"})
    mails = do(told, one)
    assert mails["reassigned"] == ["chauffeur0@example.com"]
    assert mails["staff_notice.assigned"] == ["ryan@example.com"]
    assert mails["staff_notice.removed"] == ["jean@example.com"]
    assert "staff_notice.reassigned" not in mails


def test_the_reason_is_kept_with_what_everybody_had_to_do(do, app):
    do(sample.agency)
    do(book, "2026-12-07 10:00", 1, resources=("lea",))
    one = do(book)
    do(reassign, one, "ryan")
    with app.app_context(), reading() as session:
        card = cards.by_public_id(one)
        (ryan,) = assignments.of(session, [card.id])[card.id]
    assert (ryan.requirement, ryan.named, ryan.choice["because"]) == (0, True, "reassigned")
    booked = {line["resource"]: line["booked"] for line in ryan.choice["candidates"]}
    assert booked == {"jean": 0, "ryan": 0, "lea": 60}


def test_going_back_is_reassigning_back(do):
    do(sample.agency)
    one = do(book)
    do(reassign, one, "ryan")
    do(reassign, one, "jean")
    assert do(having, one) == ["jean"]
    assert do(taken) == {"jean": ["07 09:00"]}
    assert do(clean)


def test_the_same_again_changes_nothing(do):
    do(sample.agency)
    one = do(book)
    do(reassign, one, "ryan", of="jean")
    version = do(cards.by_public_id, one).version
    do(reassign, one, "ryan", of="jean")
    assert do(cards.by_public_id, one).version == version


def test_who_is_busy_is_refused_and_a_manager_overbooks_with_a_reason(do):
    do(sample.agency)
    do(book, NINE, 1, resources=("ryan",))
    one = do(book)
    with pytest.raises(SlotTaken):
        do(reassign, one, "ryan")
    assert do(having, one) == ["jean"]
    do(reassign, one, "ryan", overbook="Demande du client")
    assert do(having, one) == ["ryan"]
    assert do(cards.by_public_id, one).overbook_reason == "Demande du client"
    assert do(clean)


def test_who_is_absent_or_has_enough_that_day_is_refused(do):
    do(sample.agency, people=("jean",))
    do(sample.resource, "away", plannings=("bureau",), absences=[("2026-12-07T08:00", "2026-12-07T12:00")])
    do(sample.resource, "capped", plannings=("bureau",), max_per_day=1)
    do(sample.resource, "never")
    do(book, "2026-12-07 16:00", 1, resources=("capped",))
    one = do(book)
    for key, refusal in {"away": SlotNotOffered, "capped": SlotTaken, "never": SlotNotOffered}.items():
        with pytest.raises(refusal):
            do(reassign, one, key)


def test_only_who_fits_what_is_required_may_come(do):
    do(sample.agency, requires=[{"kind": "staff", "skills": {"evaluation": 3}}])
    do(sample.resource, "novice", plannings=("bureau",), skills={"evaluation": 1})
    do(sample.resource, "salon", "room")
    do(sample.site, key="pau")
    do(sample.resource, "elsewhere", plannings=("bureau",), sites=("pau",), skills={"evaluation": 5})
    one = do(book)
    for key, problem in {
        "novice": "not_fitting",
        "elsewhere": "unknown_resource",
        "nobody": "unknown_resource",
    }.items():
        with pytest.raises(Invalid) as refused:
            do(reassign, one, key)
        assert refused.value.values["problem"] == problem
    with pytest.raises(Invalid) as refused:
        do(reassign, one, "salon", of="jean")
    assert refused.value.values["problem"] == "not_fitting"


def test_of_two_people_the_one_that_goes_must_be_said(do):
    do(sample.agency, requires=[{"kind": "staff", "count": 2}])
    one = do(book, resources=("jean", "ryan"))
    with pytest.raises(Invalid) as refused:
        do(reassign, one, "lea")
    assert refused.value.values["problem"] == "which_one"
    with pytest.raises(Invalid) as refused:
        do(reassign, one, "ryan", of="jean")
    assert refused.value.values["problem"] == "not_fitting"
    do(reassign, one, "lea", of="jean")
    assert sorted(do(having, one)) == ["lea", "ryan"]
    assert do(clean)


def test_a_room_is_exchanged_for_another_and_nobody_is_written_to(do):
    do(sample.agency, requires=[{"kind": "staff"}, {"kind": "room", "persons": 2}])
    do(sample.resource, "petit", "room", persons=2)
    do(sample.resource, "grand", "room", persons=8)
    do(sample.resource, "seul", "room", persons=1)
    one = do(book)
    assert do(having, one) == ["jean", "petit"]
    do(reassign, one, "grand")
    assert do(having, one) == ["jean", "grand"]
    assert "reassigned" not in do(told, one)
    with pytest.raises(Invalid):
        do(reassign, one, "seul")


def test_an_appointment_keeps_its_length_though_its_service_has_another_now(do):
    do(sample.agency)
    one = do(book)
    do(lengthen)
    do(reassign, one, "ryan")
    card = do(cards.by_public_id, one)
    assert (card.end - card.start).seconds == 3600
    assert do(clean)


def lengthen() -> None:
    with sample.transaction() as session:
        found = session.query(Service).one()
        found.minutes, found.buffer_after, found.revision = 90, 30, new_revision()


# At another time


def move_to(public_id: str, start: str, to: str, of: str | None = "jean", **options: Any) -> Booked:
    move = Move(public_id, paris(start), MANAGER, exchange=Exchange(to, of), **options)
    return appointments.move(move, now=NOW)


def test_somebody_else_comes_at_another_time_in_one_step(do):
    do(sample.agency)
    do(book, "2026-12-07 11:00", 1)  # Jean could not come then
    do(book, NINE, 2, resources=("ryan",))  # and Ryan could not take over before
    one = do(book)
    before = do(cards.by_public_id, one)
    once = Once("form", "twice")
    done = [do(move_to, one, "2026-12-07 11:00", "ryan", once=once) for _ in range(2)]
    after = do(cards.by_public_id, one)
    assert ([one.replayed for one in done], do(having, one)) == ([False, True], ["ryan"])
    assert (after.start, after.version, after.sequence) == (
        paris("2026-12-07 11:00"),
        before.version + 1,
        before.sequence + 1,
    )
    assert do(taken) == {"jean": ["07 11:00"], "ryan": ["07 09:00", "07 11:00"]}
    assert [line.kind for line in do(cards.history, one)] == ["scheduled", "rescheduled", "reassigned"]
    mails = do(told, one)
    assert mails["change"] == ["chauffeur0@example.com"]
    assert "reassigned" not in mails
    assert (mails["staff_notice.assigned"], mails["staff_notice.removed"]) == (
        ["ryan@example.com"],
        ["jean@example.com"],
    )
    assert "staff_notice.moved" not in mails
    assert do(reason_of, one) == (True, "reassigned")
    assert do(clean)


def reason_of(public_id: str) -> tuple[bool, str]:
    with reading() as session:
        card = cards.by_public_id(public_id)
        (one,) = assignments.of(session, [card.id])[card.id]
    return one.named, one.choice["because"]


def test_of_two_people_the_other_one_is_told_of_the_move(do):
    do(sample.agency, requires=[{"kind": "staff", "count": 2}])
    one = do(book, resources=("jean", "lea"))
    do(move_to, one, "2026-12-07 15:00", "ryan")
    assert sorted(do(having, one)) == ["lea", "ryan"]
    assert do(told, one)["staff_notice.moved"] == ["lea@example.com"]
    do(move_to, one, NINE, "jean", of="ryan")  # and back
    assert (sorted(do(having, one)), do(cards.by_public_id, one).start) == (["jean", "lea"], paris(NINE))
    assert do(clean)


def test_who_is_not_free_or_does_not_fit_moves_nothing(do):
    do(sample.agency, requires=[{"kind": "staff", "skills": {"evaluation": 3}}])
    do(sample.resource, "novice", plannings=("bureau",), skills={"evaluation": 1})
    do(sample.resource, "salon", "room")
    do(sample.planning)
    do(book, "2026-12-07 15:00", 1, resources=("ryan",))
    one = do(book)
    with pytest.raises(SlotTaken):
        do(move_to, one, "2026-12-07 15:00", "ryan")
    for key, because in {"novice": "cannot_serve", "salon": "another_kind"}.items():
        with pytest.raises(Invalid) as refused:
            do(move_to, one, "2026-12-07 16:00", key)
        assert refused.value.values["because"] == because
    with pytest.raises(StateChanged):
        do(move_to, one, NINE, "ryan")  # at the same time it is no move
    dock = do(sample.booked, NINE, now=NOW, number=2).public_id
    with pytest.raises(StateChanged):
        do(move_to, dock, "2026-12-07 15:00", "ryan")
    assert (do(having, one), do(cards.by_public_id, one).version) == (["jean"], 1)
    do(move_to, one, "2026-12-07 15:00", "ryan", overbook="Demande du client")
    assert do(having, one) == ["ryan"]
    assert do(clean)


def test_what_is_over_or_no_service_is_not_reassigned(do):
    do(sample.agency)
    do(sample.planning)
    one = do(book)
    with pytest.raises(StateChanged):
        do(reassign, one, "ryan", now=paris("2026-12-07 10:00"))
    do(appointments.cancel, one, MANAGER, now=NOW)
    with pytest.raises(StateChanged):
        do(reassign, one, "ryan")
    dock = do(sample.booked, NINE, now=NOW, number=2).public_id
    with pytest.raises(StateChanged):
        do(reassign, dock, "ryan")
    with pytest.raises(NotFound):
        do(reassign, "nothing", "ryan")


def test_the_page_lists_who_could_come_those_who_are_free_first(do):
    do(sample.agency, people=("jean", "ryan", "lea", "tom"))
    do(book, NINE, 1, resources=("ryan",))
    do(book, "2026-12-07 10:00", 2, resources=("lea",))
    one = do(book)
    found = do(reassigning.choices, one, "jean", now=NOW)
    assert (found.key, found.name, found.kind) == ("jean", "Jean", "staff")
    assert [(who.key, who.load.booked_minutes, who.why_not) for who in found.eligible] == [
        ("tom", 0, ()),
        ("lea", 60, ()),
        ("ryan", 60, ("resource_busy",)),
    ]


def test_how_many_could_come_does_not_change_how_much_is_asked(do, app, statements):
    do(sample.agency, people=("jean", "ryan"))
    one = do(book)

    def asked() -> int:
        with app.app_context(), statements(at_most=40) as seen:
            reassigning.choices(one, "jean", now=NOW)
        return len(seen)

    do(reassigning.choices, one, "jean", now=NOW)
    few = asked()
    for number in range(8):
        do(sample.resource, f"p{number}", plannings=("bureau",))
    do(reassigning.choices, one, "jean", now=NOW)
    assert asked() == few
