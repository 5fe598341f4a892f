"""Plannings as the staff edits them: weeks, versions, exceptional days, and what a change would do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.domain.openings import Opening, Why
from portal.extensions import reading
from portal.models import Audit
from portal.operations import appointments, calendars, planning_previews, plannings
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.plannings import Exceptional, Plan
from tests import sample
from tests.sample import paris

MONDAY, WEDNESDAY = date(2026, 12, 7), date(2026, 12, 9)
MORNING, AFTERNOON = Opening(480, 720, 6), Opening(840, 1080, 4)
WEEK = dict.fromkeys(range(1, 6), (MORNING, AFTERNOON))


@pytest.fixture
def docks(do):
    do(sample.docks)


def plan(**changed) -> Plan:
    """Give the sample's planning as it is, but for what is said."""
    as_it_is = Plan(
        name="Planning quais",
        timezone="Europe/Paris",
        sites=("bordeaux",),
        kinds=("customer", "supplier"),
        guests=True,
        slot_minutes=60,
        step_minutes=30,
        week=WEEK,
    )
    return replace(as_it_is, **changed)


def without(weekday: int, *openings: Opening) -> dict:
    return {**WEEK, weekday: openings}


@pytest.fixture
def save(do, now):
    def saved(key="quais", **changed):
        do(plannings.save, key, do(plannings.read, key).revision, plan(**changed), now=now)
        return do(plannings.read, key)

    return saved


@pytest.fixture
def preview(do, now):
    def previewed(key, wanted):
        sheet = do(plannings.read, key) if key else None
        return do(planning_previews.preview, sheet, wanted, do(plannings.all_sites), now=now)

    return previewed


def free(do, day, now) -> list[str]:
    starts = do(calendars.public_day, "bordeaux", "quais", day, now=now).offered
    return [start.start.astimezone(sample.PARIS).strftime("%H:%M") for start in starts]


# Reading


def test_a_planning_is_read_as_it_was_made(do, docks, now):
    sheet = do(plannings.read, "quais")
    assert (sheet.name, sheet.sites, sheet.in_force(now).week) == ("Planning quais", ("bordeaux",), WEEK)


def test_an_unknown_planning_is_not_found(do, docks):
    with pytest.raises(NotFound):
        do(plannings.read, "nothing")


# Saving the week


def test_a_saved_week_is_offered_at_once(do, docks, now, save):
    assert "14:00" in free(do, MONDAY, now)
    save(week=without(1, MORNING))
    assert free(do, MONDAY, now) == ["08:00", "08:30", "09:00", "09:30", "10:00", "10:30", "11:00"]


def test_settings_are_saved_with_the_week(save, docks, do):
    do(sample.site, key="lyon")
    sheet = save(
        name=" Quais sud ", slot_minutes=30, step_minutes=15, guests=False, kinds=("supplier",), sites=("lyon",)
    )
    assert (sheet.name, sheet.schedule.slot_minutes, sheet.guests, sheet.kinds) == (
        "Quais sud",
        30,
        False,
        ("supplier",),
    )
    assert sheet.sites == ("lyon",)


def test_a_site_that_is_left_keeps_its_appointments(do, docks, now, save):
    do(sample.site, key="lyon")
    kept = do(sample.booked, "2026-12-07 08:00", now=now)
    save(sites=("lyon",))
    with pytest.raises(NotFound):
        do(sample.booked, "2026-12-07 09:00", now=now)
    do(appointments.cancel, kept.public_id, CUSTOMER, now=now)
    assert save(sites=("bordeaux", "lyon")).sites == ("bordeaux", "lyon")


def test_a_week_from_a_date_on_leaves_what_was_before(do, docks, now, save):
    sheet = save(week=without(1, MORNING), applies_from=date(2026, 12, 14))
    assert [one.applies_from for one in sheet.schedule.versions] == [None, date(2026, 12, 14)]
    assert "14:00" in free(do, MONDAY, now)
    assert "14:00" not in free(do, MONDAY + timedelta(days=7), now)


def test_the_same_date_again_replaces_its_version(docks, save):
    save(week=without(1, MORNING), applies_from=date(2026, 12, 14))
    sheet = save(week=without(1), applies_from=date(2026, 12, 14))
    assert len(sheet.schedule.versions) == 2
    assert sheet.schedule.versions[1].week.get(1, ()) == ()


def test_a_version_is_edited_in_its_place(docks, save):
    save(week=without(1, MORNING), applies_from=date(2026, 12, 14))
    sheet = save(week=without(2, MORNING), version=date(2026, 12, 14))
    assert sheet.schedule.versions[0].week == WEEK
    assert sheet.schedule.versions[1].week == without(2, MORNING)


def test_the_past_stays(do, docks, now):
    with pytest.raises(Invalid) as refused:
        do(
            plannings.save,
            "quais",
            do(plannings.read, "quais").revision,
            plan(applies_from=date(2026, 11, 30)),
            now=now,
        )
    assert (refused.value.values["field"], refused.value.values["problem"]) == ("applies_from", "past")


def test_who_saves_what_somebody_else_changed_meanwhile_is_told(do, docks, now, save):
    old = do(plannings.read, "quais").revision
    save(name="Quais nord")
    with pytest.raises(StateChanged):
        do(plannings.save, "quais", old, plan(), now=now)
    assert do(plannings.read, "quais").name == "Quais nord"


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"name": "  "}, "name", "required"),
        ({"timezone": "Europe/Bordeaux"}, "timezone", "unknown_zone"),
        ({"sites": ()}, "sites", "required"),
        ({"sites": ("nowhere",)}, "sites", "unknown_site"),
        ({"kinds": ("friend",)}, "kinds", "not_a_choice"),
        ({"slot_minutes": 0}, "slot_minutes", "bad_minutes"),
        ({"step_minutes": 1441}, "step_minutes", "bad_minutes"),
        ({"week": {3: (Opening(480, 720, 6), Opening(690, 990, 4))}}, "week.3", "overlap"),
        ({"week": {3: (Opening(720, 480, 6),)}}, "week.3", "bad_bounds"),
        ({"week": {3: (Opening(480, 720, 0),)}}, "week.3", "bad_slots"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_nothing_is_saved(do, docks, now, changed, field, problem):
    before = do(plannings.read, "quais")
    with pytest.raises(Invalid) as refused:
        do(plannings.save, "quais", before.revision, plan(**changed), now=now)
    assert (refused.value.values["field"], refused.value.values["problem"]) == (field, problem)
    assert do(plannings.read, "quais").revision == before.revision


def test_a_planning_is_made_and_booked(do, docks, now):
    do(plannings.create, "comptoir", plan(name="Comptoir", week={1: (MORNING,)}), now=now)
    assert do(appointments.book, sample.wish("2026-12-07 08:00", planning="comptoir"), now=now)


def test_two_plannings_have_no_key_in_common(do, docks, now):
    with pytest.raises(Invalid) as refused:
        do(plannings.create, "quais", plan(), now=now)
    assert refused.value.values["field"] == "key"


def test_a_version_to_come_can_be_dropped(docks, do, now, save):
    sheet = save(week=without(1), applies_from=date(2026, 12, 14))
    do(plannings.drop_version, "quais", sheet.revision, date(2026, 12, 14), now=now)
    assert [one.applies_from for one in do(plannings.read, "quais").schedule.versions] == [None]


@pytest.mark.parametrize(("day", "refusal"), [(date(2026, 12, 1), Invalid), (date(2026, 12, 15), NotFound)])
def test_no_other_version_can_be_dropped(docks, do, now, day, refusal):
    with pytest.raises(refusal):
        do(plannings.drop_version, "quais", do(plannings.read, "quais").revision, day, now=now)


# What a change would do


def affected(found):
    return [
        (f"{one.at.astimezone(sample.PARIS):%a %H:%M}", one.present, one.slots)
        for site in found
        for one in site.affected
    ]


def test_what_no_longer_fits_is_named_before_it_is_saved(do, docks, now, no_writes, preview):
    do(sample.booked, "2026-12-07 14:00", now=now)
    do(sample.booked, "2026-12-09 14:30", now=now)
    with no_writes():
        found = preview("quais", plan(week=without(3, MORNING)))
    assert affected(found) == [("Wed 14:30", 0, 0)]
    assert found[0].affected[0].appointment.name == "Chauffeur 0"


def test_too_many_for_fewer_slots_are_all_named(do, docks, now, preview):
    for number in range(3):
        do(sample.booked, "2026-12-09 14:00", now=now, number=number)
    found = preview("quais", plan(week=without(3, MORNING, Opening(840, 1080, 2))))
    assert affected(found) == [("Wed 14:00", 3, 2)] * 3
    assert (found[0].outside, found[0].crowded, found[0].count) == (0, 3, 3)


def test_only_what_comes_after_the_date_is_looked_at(do, docks, now, preview):
    do(sample.booked, "2026-12-09 14:00", now=now)
    do(sample.booked, "2026-12-16 14:00", now=now)
    wanted = plan(week=without(3), applies_from=date(2026, 12, 14))
    assert [one.at.date() for one in preview("quais", wanted)[0].affected] == [date(2026, 12, 16)]


def test_capacity_is_compared_day_by_day(do, docks, now, preview):
    (found,) = preview("quais", plan(week=without(3, MORNING)))
    assert (found.weekdays[3].before, found.weekdays[3].after, found.week.change) == (40, 24, -16)


def test_a_cancelled_appointment_is_nobodys_worry(do, docks, now, preview):
    booked = do(sample.booked, "2026-12-09 14:00", now=now)
    do(appointments.cancel, booked.public_id, GUEST, now=now)
    assert affected(preview("quais", plan(week=without(3)))) == []


def test_a_site_that_is_left_loses_all_its_hours(do, docks, now, preview):
    do(sample.site, key="lyon")
    do(sample.booked, "2026-12-09 14:00", now=now)
    bordeaux, lyon = preview("quais", plan(sites=("lyon",)))
    assert (bordeaux.outside, bordeaux.week.change, lyon.week.change) == (1, -200, 200)


def test_a_new_planning_adds_its_places(do, docks, now, preview):
    (found,) = preview(None, plan())
    assert (found.week.before, found.week.after) == (0, 200)


def test_the_week_is_drawn_with_its_places_and_who_is_expected(do, docks, now, preview):
    do(sample.booked, "2026-12-02 08:30", now=now)
    (found,) = preview("quais", plan())
    drawn = [(bar.start, bar.end, bar.capacity, bar.used) for bar in found.days[2].bars]
    assert drawn == [(480, 510, 6, 0), (510, 570, 6, 1), (570, 720, 6, 0), (840, 1080, 4, 0)]
    assert (found.days[5].bars, found.days[5].closed.why) == ((), Why.WEEK)


def test_the_cost_of_a_preview_does_not_grow_with_the_bookings(do, docks, now, statements, preview):
    preview("quais", plan(week=without(3)))  # the cards are kept from now on
    for number in range(4):
        do(sample.booked, "2026-12-09 14:00", now=now, number=number)
    with statements(at_most=8):
        preview("quais", plan(week=without(3)))


def test_saving_cancels_nothing(do, docks, now, save):
    booked = do(sample.booked, "2026-12-09 14:00", now=now)
    save(week=without(3))
    do(appointments.cancel, booked.public_id, GUEST, now=now)  # it was there to be cancelled


# Exceptional days


CHRISTMAS_EVE = Exceptional(date(2026, 12, 24), "Inventaire", (Opening(480, 720, 2),))


@pytest.fixture
def with_eve(do, docks, now):
    do(plannings.save_day, "quais", do(plannings.read, "quais").revision, CHRISTMAS_EVE, now=now)
    return do(plannings.read, "quais")


def test_an_exceptional_day_replaces_the_week(do, with_eve, now):
    assert with_eve.exceptions == (CHRISTMAS_EVE,)
    assert free(do, CHRISTMAS_EVE.day, now)[-1] == "11:00"


def test_an_exceptional_day_can_move_to_another_date(do, with_eve, now):
    moved = replace(CHRISTMAS_EVE, day=date(2026, 12, 23))
    do(plannings.save_day, "quais", with_eve.revision, moved, instead_of=CHRISTMAS_EVE.day, now=now)
    assert do(plannings.read, "quais").exceptions == (moved,)


def test_a_date_is_exceptional_once(do, with_eve, now):
    with pytest.raises(Invalid) as refused:
        do(plannings.save_day, "quais", with_eve.revision, CHRISTMAS_EVE, now=now)
    assert refused.value.values["problem"] == "duplicate_date"


def test_a_dropped_day_follows_its_week_again(do, with_eve, now):
    do(plannings.drop_day, "quais", with_eve.revision, CHRISTMAS_EVE.day, now=now)
    assert free(do, CHRISTMAS_EVE.day, now)[-1] == "17:00"


def test_hours_of_an_exceptional_day_never_overlap(do, docks, now):
    wrong = replace(CHRISTMAS_EVE, openings=(Opening(480, 720, 2), Opening(700, 800, 2)))
    with pytest.raises(Invalid):
        do(plannings.save_day, "quais", do(plannings.read, "quais").revision, wrong, now=now)


def test_an_exceptional_day_that_is_not_there_can_be_neither_moved_nor_dropped(do, docks, now):
    revision = do(plannings.read, "quais").revision
    with pytest.raises(NotFound):
        do(plannings.drop_day, "quais", revision, date(2026, 12, 24), now=now)
    with pytest.raises(NotFound):
        do(plannings.save_day, "quais", revision, CHRISTMAS_EVE, instead_of=date(2026, 12, 25), now=now)


def test_the_effect_of_an_exceptional_day_is_told_first(do, docks, now):
    do(sample.booked, "2026-12-24 14:00", now=now)
    found = do(planning_previews.preview_days, "quais", now=now, put=CHRISTMAS_EVE)
    assert affected(found.sites) == [("Thu 14:00", 0, 0)]
    assert (found.capacity[CHRISTMAS_EVE.day].before, found.capacity[CHRISTMAS_EVE.day].after) == (40, 8)


def test_giving_a_date_its_week_back_has_an_effect_too(do, with_eve, now):
    found = do(planning_previews.preview_days, "quais", now=now, drop=CHRISTMAS_EVE.day)
    assert (found.capacity[CHRISTMAS_EVE.day].before, found.capacity[CHRISTMAS_EVE.day].after) == (8, 40)


def test_bookings_go_on_while_plannings_are_saved(do, docks, now, save):
    for number in range(3):
        save(name=f"Quais {number}")
        assert do(appointments.book, sample.wish("2026-12-07 08:00", number), now=now).start == paris(
            "2026-12-07 08:00"
        )


def book_or_save(number, revision, now):
    if number % 3:
        return appointments.book(sample.wish("2026-12-07 08:00", number), now=now) and "booked"
    return plannings.save("quais", revision, plan(name=f"Quais {number}"), now=now) or "saved"


def test_many_who_save_and_book_at_once_neither_wait_for_ever_nor_lose_anything(do, docks, now, processes):
    answers = processes(9, book_or_save, do(plannings.read, "quais").revision, now)
    assert Counter(answers) == {"booked": 6, "saved": 1, 409: 2}


# What the audit log says


@pytest.fixture
def told(do):
    """Read the audit log: who, what, before and after."""

    def rows():
        with reading() as session:
            return [
                (row.actor, row.action, row.key, row.site_id is not None, row.before, row.after)
                for row in session.scalars(select(Audit).order_by(Audit.id))
            ]

    return lambda: do(rows)


CLAIRE = Actor("claire@example.com", "staff", staff=True)


def test_a_saved_week_is_told_with_what_differs(do, docks, now, told):
    wanted = plan(name="Quais nord", week=without(1, MORNING))
    do(plannings.save, "quais", do(plannings.read, "quais").revision, wanted, now=now, by=CLAIRE)
    before = {"name": "Planning quais", "week, day 1": "08:00-12:00 x 6, 14:00-18:00 x 4"}
    after = {"name": "Quais nord", "week, day 1": "08:00-12:00 x 6"}
    assert told() == [("claire@example.com", "changed", "quais", True, before, after)]


def test_a_version_is_told_with_its_date(do, docks, now, told):
    monday = date(2026, 12, 14)
    wanted = plan(week={1: (MORNING,)}, applies_from=monday)
    do(plannings.save, "quais", do(plannings.read, "quais").revision, wanted, now=now, by=CLAIRE)
    do(plannings.drop_version, "quais", do(plannings.read, "quais").revision, monday, now=now, by=CLAIRE)
    hours = {"week 2026-12-14, day 1": "08:00-12:00 x 6"}
    nothing = {"week 2026-12-14, day 1": None}
    assert [row[4:] for row in told()] == [(nothing, hours), (hours, nothing)]


def test_a_new_planning_is_told_and_one_of_several_sites_is_for_those_who_see_all(do, docks, now, told):
    do(sample.site, key="lyon")
    do(plannings.create, "comptoir", plan(sites=("bordeaux", "lyon")), now=now, by=CLAIRE)
    ((actor, action, key, of_a_site, _before, after),) = told()
    assert (actor, action, key, of_a_site) == ("claire@example.com", "created", "comptoir", False)
    assert (after["sites"], after["week, day 5"]) == (["bordeaux", "lyon"], "08:00-12:00 x 6, 14:00-18:00 x 4")


def test_exceptional_days_are_told(do, with_eve, now, told):
    do(plannings.drop_day, "quais", with_eve.revision, CHRISTMAS_EVE.day, now=now, by=CLAIRE)
    day = {"2026-12-24": "08:00-12:00 x 2 (Inventaire)"}
    assert [row[4:] for row in told()] == [({"2026-12-24": None}, day), (day, {"2026-12-24": None})]


def test_saving_what_is_there_already_is_no_news(save, docks, told):
    save()
    assert told() == []


def test_a_refused_change_is_not_told(do, docks, now, told):
    with pytest.raises(StateChanged):
        do(plannings.save, "quais", "another revision", plan(name="Quais nord"), now=now, by=CLAIRE)
    assert told() == []


# Rules of its own


def test_rules_of_its_own_come_before_the_sites_and_others_follow_it(do, now, told):
    do(sample.site, policy={"min_notice": "2d", "max_days": 30})
    do(sample.planning, policy={"overdue": 30})
    revision = do(plannings.read, "quais").revision
    do(plannings.save_rules, "quais", revision, {"max_days": 5, "reminders": []}, now=now, by=CLAIRE)
    policy = do(calendars.public_day, "bordeaux", "quais", MONDAY, now=now).bookable.policy
    assert (policy.max_days, str(policy.min_notice), policy.reminders) == (5, "2d", ())
    sheet = do(plannings.read, "quais")
    assert (sheet.rules, sheet.policy["overdue"]) == ({"max_days": 5, "reminders": []}, 30)
    assert told()[0][4:] == ({"max_days": None, "reminders": None}, {"max_days": 5, "reminders": []})


def test_a_rule_that_is_taken_back_follows_the_site_again(do, docks, now):
    for rules in ({"max_days": 5, "undo": 10}, {"undo": 10}):
        do(plannings.save_rules, "quais", do(plannings.read, "quais").revision, rules, now=now)
    assert do(plannings.read, "quais").rules == {"undo": 10}


@pytest.mark.parametrize("wrong", [{"max_days": -1}, {"min_notice": "soon"}, {"nonsense": 1}])
def test_a_rule_that_means_nothing_is_refused(do, docks, now, wrong):
    with pytest.raises(Invalid):
        do(plannings.save_rules, "quais", do(plannings.read, "quais").revision, wrong, now=now)


def test_rules_that_somebody_else_saved_meanwhile_are_not_overwritten(do, docks, now):
    with pytest.raises(StateChanged):
        do(plannings.save_rules, "quais", "another revision", {"max_days": 5}, now=now)
