"""How the hours of a planning are used: examples reckoned by hand, also on days when the clock changes."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from portal.domain.errors import NotFound
from portal.extensions import reading
from portal.models import Site
from portal.operations import appointments, heat, sites
from portal.operations.actors import GUEST, Actor
from portal.operations.heat import Cell
from portal.operations.scopes import Scope
from tests import sample
from tests.operations.test_planning_list import refuse

STAFF = Actor("claire@example.com", "staff", staff=True)
MONDAY, TUESDAY = 1, 2


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def use(do, now):
    def shown(key="quais", **given):
        return do(heat.use, key, now=now, **given)

    return shown


def test_a_half_hour_has_what_is_booked_and_its_slots(do, docks, now, use):
    for number in range(3):
        do(sample.booked, "2026-12-07 08:30", now=now, number=number)
    found = use(week=date(2026, 12, 9)).map
    assert [
        (found.cell(minute, MONDAY).booked, found.cell(minute, MONDAY).slots) for minute in (480, 510, 540, 570)
    ] == [
        (0, 6),
        (3, 6),
        (3, 6),
        (0, 6),
    ]
    assert (found.cell(840, MONDAY).slots, found.cell(720, MONDAY).nothing) == (4, True)
    assert (found.minutes[0], found.minutes[-1], found.weekdays) == (480, 1050, [1, 2, 3, 4, 5])


def test_the_share_of_the_whole_week_is_booked_time_of_open_time(do, docks, now, use):
    do(sample.booked, "2026-12-07 08:00", now=now)
    whole = use(week=date(2026, 12, 7)).map.whole
    assert whole.share == 1 / (5 * (4 * 6 + 4 * 4))


def test_less_than_a_half_hour_counts_for_what_it_is(do, now, use):
    do(sample.site)
    do(sample.planning, week={1: ((495, 600, 2),)}, slot_minutes=15, step_minutes=15)
    do(sample.booked, "2026-12-07 08:15", now=now)
    cell = use(week=date(2026, 12, 7)).map.cell(480, MONDAY)
    assert (cell.slots, cell.booked, cell.share) == (1, 0.5, 0.5)


def test_this_week_is_shown_when_none_is_asked_for(docks, use):
    assert use().week.first == date(2026, 11, 30)


def test_the_mean_is_that_of_the_eight_whole_weeks_before_this_one(do, docks, now, use):
    for weeks in range(2):
        start = ("2026-11-23 08:00", "2026-10-05 08:00")[weeks]
        do(sample.booked, start, now=sample.paris("2026-10-01 09:00"), number=weeks)
    do(sample.booked, "2026-12-02 08:00", now=now, number=9)
    found = use(mean=True)
    assert (found.past.first, found.past.last) == (date(2026, 10, 5), date(2026, 11, 29))
    assert (found.map.cell(480, MONDAY).booked, found.map.cell(480, MONDAY).slots) == (0.25, 6)
    assert found.map.cell(480, 3).booked == 0


def test_a_closed_day_makes_the_mean_smaller(do, docks, now, use):
    do(sites.close, "bordeaux", date(2026, 11, 2), date(2026, 11, 3), now=now)
    found = use(mean=True).map
    assert (found.cell(480, MONDAY).slots, found.cell(480, 3).slots) == (6 * 7 / 8, 6)
    assert use(week=date(2026, 11, 2)).map.cell(480, MONDAY).nothing


NIGHT = {7: ((0, 360, 2),)}


@pytest.fixture
def night(do):
    do(sample.site)
    do(sample.planning, week=NIGHT, slot_minutes=30)


def test_an_hour_that_the_clock_skips_is_not_there(night, use):
    found = use(week=date(2027, 3, 28)).map
    assert [found.cell(minute, 7).slots for minute in (60, 90, 120, 150, 180)] == [2, 2, 0, 0, 2]
    assert found.whole.open == 5 * 3600 * 2


def test_an_hour_that_the_clock_repeats_counts_twice_and_shows_its_mean(do, night, now, use):
    do(sample.booked, "2026-10-25 02:00", now=sample.paris("2026-10-01 09:00"))
    found = use(week=date(2026, 10, 25)).map
    cell = found.cell(120, 7)
    assert (cell.slots, cell.booked, cell.length) == (2, 0.5, 3600)
    assert found.whole.open == 7 * 3600 * 2


def test_an_overbooked_half_hour_is_more_than_full(do, docks, now, use):
    for number in range(7):
        do(
            sample.booked,
            "2026-12-07 08:00",
            now=now,
            number=number,
            actor=STAFF,
            **({"overbook": "frais"} if number == 6 else {}),
        )
    assert use(week=date(2026, 12, 7)).map.cell(480, MONDAY).share == 7 / 6


def test_what_was_booked_and_refused_is_told_by_week(do, docks, now, use):
    before = sample.paris("2026-10-01 09:00")
    first = do(sample.booked, "2026-11-23 08:00", now=before)
    do(appointments.cancel, first.public_id, GUEST, now=before, undo=False)
    do(sample.booked, "2026-11-27 08:00", now=before, number=1)
    do(sample.booked, "2026-10-05 08:00", now=before, number=2)
    do(refuse, date(2026, 11, 29), 4)
    do(refuse, date(2026, 11, 30), 5)
    weeks = use().weeks
    assert [one.week.first for one in weeks][::7] == [date(2026, 10, 5), date(2026, 11, 23)]
    assert [one.figures.bookings for one in weeks] == [1, 0, 0, 0, 0, 0, 0, 1]
    assert [one.figures.refused for one in weeks] == [0, 0, 0, 0, 0, 0, 0, 4]


def test_each_site_is_shown_by_itself(do, docks, now, use):
    do(sample.site, key="lyon")
    do(sample.planning, key="commun", sites=("bordeaux", "lyon"))
    do(sample.booked, "2026-12-07 08:00", now=now, planning="commun", site="lyon")
    week = date(2026, 12, 7)
    assert use("commun", week=week).map.cell(480, MONDAY).booked == 0
    assert use("commun", week=week, site="lyon").map.cell(480, MONDAY).booked == 1
    assert [site.key for site in use("commun").sites] == ["bordeaux", "lyon"]


def test_sites_of_others_are_not_there(do, docks, now, use):
    do(sample.site, key="lyon")
    do(sample.planning, key="commun", sites=("bordeaux", "lyon"))

    def lyon():
        with reading() as session:
            return frozenset(session.scalars(select(Site.id).where(Site.key == "lyon")))

    mine = Scope(do(lyon))
    assert [site.key for site in use("commun", scope=mine, site="bordeaux").sites] == ["lyon"]
    for key in ("quais", "nothing"):
        with pytest.raises(NotFound):
            use(key, scope=mine)


@pytest.mark.parametrize("mean", [False, True])
def test_it_costs_the_same_whatever_is_booked(do, docks, now, use, statements, mean):
    use(mean=mean)
    for number in range(6):
        do(sample.booked, "2026-12-02 08:00", now=now, number=number)
    with statements(at_most=5):
        use(mean=mean)


def test_halves_of_one_weekday_add_up():
    assert Cell(3600, 1800, 1800) + Cell(0, 0, 1800) == Cell(3600, 1800, 3600)
