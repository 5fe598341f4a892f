"""The list of all plannings: this week's use, refused demand, filters, and whose they are."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, update

from portal.domain.openings import Opening
from portal.extensions import reading, transaction
from portal.models import Demand, Planning, Pool, Site
from portal.operations import appointments, planning_list, plannings, sites
from portal.operations.actors import GUEST
from portal.operations.planning_list import Wanted
from portal.operations.plannings import Exceptional
from portal.operations.scopes import Scope
from tests import sample


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def listed(do, now):
    def lines(**given):
        return do(planning_list.overview, now=now, **given).lines

    return lines


def refuse(day, looks, planning="quais", site="bordeaux"):
    """Write down looks that found nothing."""
    with transaction() as session:
        pool = select(Pool.id).join(Site).join(Planning).where(Site.key == site, Planning.key == planning)
        session.add(Demand(pool_id=session.scalars(pool).one(), day=day, looked=looks, refused=looks))


def retire(key):
    """Take a planning out of use."""
    with transaction() as session:
        session.execute(update(Planning).where(Planning.key == key).values(active=False))


def site_ids(*keys):
    with reading() as session:
        return frozenset(session.scalars(select(Site.id).where(Site.key.in_(keys))))


def test_this_week_goes_from_monday_to_sunday(do, docks, now, listed):
    for number, start in enumerate(("2026-12-02 08:00", "2026-12-04 17:00", "2026-12-07 08:00")):
        do(sample.booked, start, now=now, number=number)
    (line,) = listed()
    assert (line.name, line.sites, line.possible, line.booked) == ("Planning quais", ("Bordeaux",), 200, 2)


def test_who_has_the_hours_of_a_planning_that_nobody_books_is_counted(do, listed):
    do(sample.agency, people=("jean", "lea"))
    do(sample.planning)
    do(sample.resource, "quai", "asset", plannings=("quais",))
    assert [(line.key, line.gives_hours) for line in listed()] == [("bureau", 2), ("quais", None)]


def test_closed_and_exceptional_days_make_less_possible(do, docks, now, listed):
    do(sites.close, "bordeaux", date(2026, 12, 3), date(2026, 12, 3), now=now)
    day = Exceptional(date(2026, 12, 4), "Inventaire", (Opening(480, 600, 2),))
    do(plannings.save_day, "quais", do(plannings.read, "quais").revision, day, now=now)
    assert listed()[0].possible == 200 - 40 - 40 + 4


def test_sites_are_added_up(do, docks, listed):
    do(sample.site, key="lyon")
    do(sample.planning, key="comptoir", sites=("bordeaux", "lyon"))
    assert [(line.sites, line.possible) for line in listed()] == [(("Bordeaux", "Lyon"), 400), (("Bordeaux",), 200)]


def test_a_cancelled_appointment_counts_no_more(do, docks, now, listed):
    booked = do(sample.booked, "2026-12-02 08:00", now=now)
    do(appointments.cancel, booked.public_id, GUEST, now=now, undo=False)
    assert listed()[0].booked == 0


def test_refused_demand_counts_four_weeks_back_and_all_that_is_to_come(do, docks, listed):
    for day in (date(2026, 11, 1), date(2026, 11, 2), date(2026, 12, 24)):
        do(refuse, day, 3)
    assert listed()[0].refused == 6


def test_the_next_change_of_the_week_is_named(do, docks, now, listed):
    sheet = do(plannings.read, "quais")
    for monday in (date(2026, 12, 21), date(2026, 12, 14)):
        plan = plannings.Plan(
            name=sheet.name,
            timezone=sheet.timezone,
            sites=sheet.sites,
            kinds=sheet.kinds,
            guests=True,
            slot_minutes=60,
            step_minutes=30,
            week={},
            applies_from=monday,
        )
        do(plannings.save, "quais", do(plannings.read, "quais").revision, plan, now=now)
    assert listed()[0].next_version == date(2026, 12, 14)


def test_text_and_site_narrow_the_list(do, docks, listed):
    do(sample.site, key="lyon")
    do(sample.planning, key="comptoir", sites=("lyon",))
    assert [line.key for line in listed(wanted=Wanted(text="COMPT"))] == ["comptoir"]
    assert [line.key for line in listed(wanted=Wanted(site="lyon"))] == ["comptoir"]
    assert listed(wanted=Wanted(text="%")) == []


def test_those_out_of_use_come_last(do, docks, now):
    do(sample.planning, key="ancien")
    do(retire, "ancien")
    found = do(planning_list.overview, now=now)
    assert ([one.key for one in found.used], [one.key for one in found.archived]) == (["quais"], ["ancien"])


def test_one_sees_the_plannings_of_ones_own_sites_and_their_part_of_them(do, docks, listed):
    do(sample.site, key="lyon")
    do(sample.planning, key="comptoir", sites=("bordeaux", "lyon"))
    mine = Scope(do(site_ids, "lyon"))
    assert [(line.key, line.sites, line.possible) for line in listed(scope=mine)] == [("comptoir", ("Lyon",), 200)]


def test_the_list_costs_the_same_however_long_it_is(do, docks, now, statements):
    do(sample.site, key="lyon")
    for number in range(8):
        do(sample.planning, key=f"planning-{number}", sites=("bordeaux", "lyon"))
    with statements(at_most=11):  # of these, five are for hours that this process does not know yet
        assert len(do(planning_list.overview, now=now).lines) == 9
    with statements(at_most=6):
        do(planning_list.overview, now=now)


def test_a_long_list_has_pages(do, docks, now):
    for number in range(planning_list.PER_PAGE):
        do(sample.planning, key=f"planning-{number:03}")
    second = do(planning_list.overview, now=now, wanted=Wanted(page=2))
    assert ([line.key for line in second.lines], second.pages, second.found) == (["quais"], 2, 41)
    assert do(planning_list.overview, now=now, wanted=Wanted(page=99)).page == 2
