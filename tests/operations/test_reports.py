"""Reports: examples reckoned by hand, the same on both databases, and sums that never depend on how they are cut."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from portal.domain.zones import days
from portal.extensions import reading, transaction
from portal.models import Appointment, Site
from portal.operations import appointments, periods, reports, sites
from portal.operations.actors import GUEST, Actor
from portal.operations.figures import Figures, total
from portal.operations.periods import Period
from portal.operations.reports import Wanted, period_of
from portal.operations.scopes import Scope
from tests import sample
from tests.operations.test_planning_list import refuse, retire

STAFF = Actor("claire@example.com", "staff", staff=True)
TODAY = date(2026, 12, 1)
EARLY = sample.paris("2026-10-01 09:00")
NOVEMBER = Wanted(date(2026, 11, 2), date(2026, 11, 29))
WEEK_HOURS = 5 * (4 * 6 + 4 * 4)  # of the sample's planning: open hours times slots


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def report(do, now):
    def read(wanted=NOVEMBER, **given):
        return do(reports.read, now=now, today=TODAY, wanted=wanted, **given)

    return read


@pytest.fixture
def book(do):
    """Book a start, so many days and hours before it."""

    def booked(start, number=0, days=0, hours=0, **options):
        when = sample.paris(start) - timedelta(days=days, hours=hours)
        return do(sample.booked, start, now=when, number=number, **options)

    return booked


@pytest.fixture
def november(do, docks, book):
    """Book four in November: one was cancelled, one did not come."""
    book("2026-11-02 08:00", 1, days=1)
    book("2026-11-10 14:00", 2, days=5, hours=3)
    gone = book("2026-11-11 08:00", 3, days=9)
    do(appointments.cancel, gone.public_id, GUEST, now=sample.paris("2026-11-03 08:00"), undo=False)
    missed = book("2026-11-27 17:00", 4, days=10)
    do(set_status, missed.public_id, "no_show")
    book("2026-11-30 08:00", 5, days=1)  # not in November's weeks


def set_status(public_id, status):
    with transaction() as session:
        session.execute(update(Appointment).where(Appointment.public_id == public_id).values(status=status))


def test_a_month_reckoned_by_hand(do, november, report):
    do(refuse, date(2026, 11, 2), 2)
    do(refuse, date(2026, 11, 30), 9)
    whole = report().whole
    assert (whole.bookings, whole.cancelled, whole.no_shows, whole.refused) == (3, 1, 1, 2)
    assert (whole.booked_seconds, whole.open_seconds) == (3 * 3600, 4 * WEEK_HOURS * 3600)
    assert (whole.fill, whole.lead) == (3 / (4 * WEEK_HOURS), 5.0)


def test_weeks_reckoned_by_hand(november, report):
    found = report()
    assert [part.first.day for part in found.parts] == [2, 9, 16, 23]
    assert [one.bookings for one in found.by_part] == [1, 1, 0, 1]
    assert [one.cancelled for one in found.by_part] == [0, 1, 0, 0]
    assert [one.lead for one in found.by_part] == [1.0, 5.0, None, 10.0]
    assert [one.open_seconds for one in found.by_part] == [WEEK_HOURS * 3600] * 4


def test_the_period_before_is_as_long_and_ends_where_this_one_begins(november, report, book):
    book("2026-10-05 08:00", 6, days=1)
    book("2026-10-04 08:00", 7, days=1, actor=STAFF, overbook="dimanche")
    found = report()
    assert (found.before, found.earlier.bookings) == (Period(date(2026, 10, 5), date(2026, 11, 1)), 1)


def test_an_even_number_of_bookings_has_the_mean_of_the_middle_two(docks, book, report):
    for number, before in enumerate((1, 4, 7, 30)):
        book("2026-11-02 08:00", number, days=before)
    assert report().whole.lead == 5.5


def test_a_booking_made_at_its_very_start_has_no_lead(do, docks, book, report):
    book("2026-11-02 08:00", hours=1)
    assert report().whole.lead == 0.0


def test_closed_days_were_not_open(do, docks, now, report):
    do(sites.close, "bordeaux", date(2026, 11, 2), date(2026, 11, 6), now=now)
    assert [one.open_seconds for one in report().by_part] == [0, *[WEEK_HOURS * 3600] * 3]
    assert report().by_part[0].fill is None


def test_an_overbooked_week_is_fuller_than_full(do, now, report):
    do(sample.site)
    do(sample.planning, week={1: ((480, 540, 1),)}, step_minutes=60)
    for number in range(2):
        do(
            sample.booked,
            "2026-11-02 08:00",
            now=EARLY,
            number=number,
            actor=STAFF,
            **({"overbook": "frais"} if number else {}),
        )
    assert report().by_part[0].fill == 2.0


def test_a_night_over_the_end_of_a_week_is_parted_at_midnight(do, now, report):
    do(sample.site)
    do(sample.planning, week={7: ((1380, 1440, 1),), 1: ((0, 120, 1),)}, slot_minutes=120, step_minutes=60)
    do(sample.booked, "2026-11-08 23:00", now=EARLY)
    found = report()
    assert [one.booked_seconds // 60 for one in found.by_part] == [60, 60, 0, 0]
    assert [one.bookings for one in found.by_part] == [1, 0, 0, 0]


def test_the_clock_change_makes_a_night_longer_or_shorter(do, now, report):
    do(sample.site)
    do(sample.planning, week={7: ((0, 360, 1),)})
    autumn, spring = Wanted(date(2026, 10, 19), date(2026, 10, 25)), Wanted(date(2027, 3, 22), date(2027, 3, 28))
    assert [report(wanted).whole.open_seconds // 3600 for wanted in (autumn, spring)] == [7, 5]


def test_each_site_has_its_own_midnight(do, now, report):
    do(sample.site)
    do(sample.site, key="reunion")
    do(move_to, "reunion", "Indian/Reunion")
    do(sample.planning, sites=("bordeaux", "reunion"), week=dict.fromkeys(range(1, 8), ((0, 1440, 1),)))
    for site in ("bordeaux", "reunion"):
        do(sample.booked, "2026-11-08 22:00", now=EARLY, site=site)
    first, second = (report(Wanted(*bounds)) for bounds in ((MONDAYS[0], SUNDAYS[0]), (MONDAYS[1], SUNDAYS[1])))
    assert {one.site.name: one.figures.bookings for one in first.by_site} == {"Bordeaux": 1, "Reunion": 0}
    assert {one.site.name: one.figures.bookings for one in second.by_site} == {"Bordeaux": 0, "Reunion": 1}


MONDAYS, SUNDAYS = (date(2026, 11, 2), date(2026, 11, 9)), (date(2026, 11, 8), date(2026, 11, 15))


def move_to(key, timezone):
    with transaction() as session:
        session.execute(update(Site).where(Site.key == key).values(timezone=timezone))


def test_site_planning_and_step_narrow_the_report(do, november, report):
    do(sample.site, key="lyon")
    do(sample.planning, key="comptoir", sites=("lyon",))
    do(sample.booked, "2026-11-02 08:00", now=EARLY, site="lyon", planning="comptoir", number=8)
    assert report().whole.bookings == 4
    assert report(Wanted(NOVEMBER.first, NOVEMBER.last, site="lyon")).whole.bookings == 1
    assert report(Wanted(NOVEMBER.first, NOVEMBER.last, planning="quais")).whole.bookings == 3
    assert report(Wanted(NOVEMBER.first, NOVEMBER.last, site="nowhere")).lines == []
    months = report(Wanted(date(2026, 10, 15), date(2026, 11, 29), step="month"))
    assert [part.first for part in months.parts] == [date(2026, 10, 15), date(2026, 11, 1)]


def test_a_planning_out_of_use_counts_with_its_bookings_alone(do, november, report):
    do(retire, "quais")
    (line,) = report().lines
    assert (line.figures.bookings, line.figures.booked_seconds, line.figures.open_seconds) == (3, 0, 0)
    assert report(Wanted(date(2026, 9, 1), date(2026, 9, 2))).lines == []


def test_one_sees_ones_own_sites_alone(do, november, report):
    do(sample.site, key="lyon")
    do(sample.planning, key="comptoir", sites=("lyon", "bordeaux"))

    def lyon():
        with reading() as session:
            return frozenset(session.scalars(select(Site.id).where(Site.key == "lyon")))

    found = report(scope=Scope(do(lyon)))
    assert ([line.pool.item.key for line in found.lines], found.whole.bookings) == (["comptoir"], 0)
    assert (found.sites, found.plannings) == ({"lyon": "Lyon"}, {"comptoir": "Planning comptoir"})


def test_it_costs_the_same_whatever_was_booked(do, docks, report, statements, now):
    do(sample.planning, key="comptoir")
    report()
    for number in range(6):
        do(sample.booked, "2026-11-02 08:00", now=EARLY, number=number)
    with statements(at_most=4):
        report()


@pytest.mark.parametrize("seed", range(3))
def test_the_parts_add_up_to_the_whole_however_it_is_cut(do, docks, report, seed):
    chance = random.Random(seed)
    for number in range(25):
        day = chance.choice([day for day in days(date(2026, 10, 5), date(2026, 11, 27)) if day.isoweekday() < 6])
        hour = chance.choice(("08:00", "08:30", "11:00", "14:00", "17:00"))
        booked = do(sample.booked, f"{day} {hour}", now=EARLY - timedelta(days=chance.randrange(9)), number=number)
        if chance.random() < 0.3:
            do(appointments.cancel, booked.public_id, GUEST, now=EARLY, undo=False)
    first, last = date(2026, 10, 7), date(2026, 11, 25)
    weeks, months = (report(Wanted(first, last, step)) for step in ("week", "month"))
    singles = total(report(Wanted(day, day)).whole for day in days(first, last))
    assert weeks.whole == months.whole == singles == total(weeks.by_part)
    assert total(one.figures for one in weeks.by_site) == weeks.whole
    assert all(0 <= (one.fill or 0) <= 1 for one in (*weeks.by_part, *months.by_part, weeks.whole))


# The period


@pytest.mark.parametrize(
    ("wanted", "period"),
    [
        (Wanted(), (date(2026, 10, 5), date(2026, 11, 29))),
        (Wanted(last=date(2026, 11, 29)), (date(2026, 10, 5), date(2026, 11, 29))),
        (Wanted(first=date(2026, 11, 5)), (date(2026, 11, 5), date(2026, 11, 29))),
        (Wanted(first=date(2027, 1, 5)), (date(2027, 1, 5), date(2027, 1, 5))),
        (Wanted(date(2026, 11, 5), date(2026, 11, 2)), (date(2026, 11, 2), date(2026, 11, 5))),
        (Wanted(date(1970, 1, 1), date(2026, 11, 2)), (date(2025, 10, 28), date(2026, 11, 2))),
    ],
)
def test_a_period_is_what_was_asked_for_and_a_year_at_most(wanted, period):
    assert period_of(wanted, TODAY) == Period(*period)


def test_a_period_is_parted_without_gap_or_overlap():
    whole = Period(date(2025, 12, 29), date(2027, 1, 3))
    for parts in (periods.weeks(whole), periods.months(whole)):
        assert [day for part in parts for day in days(part.first, part.last)] == list(days(whole.first, whole.last))
    assert (len(periods.weeks(whole)), len(periods.months(whole))) == (53, 14)


def test_nothing_adds_nothing():
    one = Figures(bookings=2, refused=1)
    assert one + Figures() == one
    assert Figures().nothing
