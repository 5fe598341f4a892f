"""Reports on services and on those who serve: bookings, refused demand, and how full the hours of people were."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from portal.domain.lifecycle import Status
from portal.operations import appointments, marks, reports
from portal.operations.actors import GUEST, Actor
from portal.operations.reports import Wanted
from tests import sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
MADE = paris("2026-12-01 08:00")
TODAY = date(2026, 12, 14)
WEEK = Wanted(date(2026, 12, 7), date(2026, 12, 13))
A_WEEK_OF_WORK = 5 * 7 * 60  # minutes of the sample's office hours


def book(start: str, number: int = 0, **options: Any) -> str:
    given = {"service": "evaluation", "resources": ("jean",), **options}
    return appointments.book(sample.wish(start, number, **given), now=MADE).public_id


@pytest.fixture
def report(do):
    def read(wanted=WEEK):
        return do(reports.read, now=paris("2026-12-14 08:00"), today=TODAY, wanted=wanted)

    return read


@pytest.fixture
def week(do):
    """Make a week of four: two by Jean, of whom one did not come; one by Ryan; one cancelled; a lorry beside."""
    do(sample.agency)
    do(sample.planning)
    do(book, "2026-12-07 09:00")
    missing = do(book, "2026-12-08 14:00", 1)
    do(book, "2026-12-09 09:00", 2, resources=("ryan",))
    gone = do(book, "2026-12-10 09:00", 3, resources=("lea",))
    do(appointments.cancel, gone, GUEST, now=MADE, undo=False)
    do(marks.mark, missing, Status.NO_SHOW, STAFF, now=paris("2026-12-08 14:30"))
    do(sample.booked, "2026-12-07 08:00", now=MADE, number=4)


def test_a_service_has_a_line_beside_the_plannings_and_no_fill_rate(week, report):
    found = report()
    lines = {line.pool.item.key: line.figures for line in found.lines}
    assert list(lines) == ["quais", "evaluation"]
    served = lines["evaluation"]
    assert (served.bookings, served.cancelled, served.no_shows, served.fill) == (3, 1, 1, None)
    assert lines["quais"].bookings == 1
    assert found.whole.bookings == 4


def test_hours_that_a_planning_only_gives_to_people_are_not_those_of_the_site(do, week, report):
    docks = 5 * (4 * 6 + 4 * 4) * 3600
    found = report()
    assert (found.whole.open_seconds, found.whole.fill) == (docks, 3600 / docks)
    assert report(Wanted(WEEK.first, WEEK.last, planning="bureau")).lines == []
    do(sample.service, "visite", planning="bureau")  # now it has places, too
    assert report().whole.open_seconds == docks + A_WEEK_OF_WORK * 60


def test_people_have_their_appointments_and_the_share_of_their_hours_without_those_who_did_not_come(week, report):
    people = {one.key: (one.appointments, one.booked_minutes, one.open_minutes) for one in report().people}
    assert people == {"jean": (2, 60, A_WEEK_OF_WORK), "ryan": (1, 60, A_WEEK_OF_WORK)}
    (jean, _ryan) = report().people
    assert jean.fill == 60 / A_WEEK_OF_WORK


def test_the_share_of_a_persons_hours_counts_all_that_they_have_whatever_is_asked_for(do, week, report):
    do(sample.site, key="lyon")
    do(sample.resource, "tom", sites=("bordeaux", "lyon"), plannings=("bureau",))
    do(sample.service, "visite", sites=("lyon",))
    do(book, "2026-12-11 09:00", 5, resources=("tom",))
    do(book, "2026-12-11 14:00", 5, service="visite", site="lyon", resources=("tom",), actor=STAFF)
    tom = report(Wanted(WEEK.first, WEEK.last, service="evaluation")).people[-1]
    assert (tom.appointments, tom.booked_minutes, tom.fill) == (1, 60, 120 / A_WEEK_OF_WORK)


def test_whoever_was_away_had_fewer_hours(do, report):
    do(sample.agency, people=())
    do(sample.resource, "jean", plannings=("bureau",), absences=[("2026-12-08T00:00", "2026-12-09T00:00")])
    do(book, "2026-12-07 09:00")
    (jean,) = report().people
    assert jean.open_minutes == 4 * 7 * 60


@pytest.mark.parametrize(
    ("wanted", "keys", "people"),
    [
        ({"service": "evaluation"}, ["evaluation"], 2),
        ({"planning": "quais"}, ["quais"], 0),
        ({"service": "nothing"}, [], 0),
    ],
)
def test_one_service_or_one_planning_may_be_chosen(week, report, wanted, keys, people):
    found = report(Wanted(WEEK.first, WEEK.last, **wanted))
    assert [line.pool.item.key for line in found.lines] == keys
    assert len(found.people) == people
    assert (list(found.plannings), list(found.services)) == (["bureau", "quais"], ["evaluation"])


def test_a_retired_service_keeps_its_bookings(do, week, report):
    do(sample.retire_service)
    assert {line.pool.item.key: line.figures.bookings for line in report().lines}["evaluation"] == 3
    do(sample.service, "advice", name={"fr": "Conseil"})
    do(sample.retire_service, "advice")
    assert "advice" not in {line.pool.item.key for line in report().lines}


def test_a_report_costs_the_same_however_many_serve(do, week, report, statements):
    report()
    with statements() as few:
        report()
    do(book, "2026-12-10 14:00", 5, resources=("lea",))
    do(book, "2026-12-11 14:00", 6, resources=("lea",))
    report()
    with statements() as more:
        report()
    assert len(few) == len(more)
