"""A day of appointments: of one site or all, each by its own clock; who stands where, and nobody forgotten."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.domain.lifecycle import Status
from portal.domain.openings import Why
from portal.extensions import reading, transaction
from portal.models import Appointment, Pool, Site
from portal.operations import appointments, cards, day_sheets, marks, today
from portal.operations.actors import Actor
from portal.operations.keepsakes import new_revision
from portal.operations.scopes import Scope
from portal.operations.stands import Asked, Stand, stand_of
from tests import sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
TUESDAY, WEDNESDAY = date(2026, 12, 1), date(2026, 12, 2)


@pytest.fixture
def docks(do):
    do(sample.docks)


@pytest.fixture
def read(do, now):
    def read(asked: Asked | None = None, at=now, **options):
        return do(today.read, asked or Asked(), now=at, **options)

    return read


def names(found) -> list[str]:
    return [visit.card.name for group in found.groups for visit in group.visits]


def site_id(key: str) -> int:
    with reading() as session:
        return session.query(Site).filter_by(key=key).one().id


def test_a_day_is_that_of_the_site(do, docks, now, read):
    do(sample.booked, "2026-12-01 17:00", now=now, number=1)
    do(sample.booked, "2026-12-02 08:00", now=now, number=2)
    assert names(read()) == ["Chauffeur 1"]
    assert names(read(Asked(WEDNESDAY))) == ["Chauffeur 2"]


def test_each_site_has_its_own_midnight(do, docks, app, now, read):
    do(sample.site, key="auckland")
    with app.app_context(), transaction() as session:
        session.query(Site).filter_by(key="auckland").update(
            {"timezone": "Pacific/Auckland", "revision": new_revision()}
        )
    do(sample.planning, key="night", sites=("auckland",), week=dict.fromkeys(range(1, 8), ((0, 1440, 9),)))
    do(sample.booked, "2026-12-01 14:00", now=now, site="auckland", planning="night", number=5)  # 2:00 on the 2nd there
    assert names(read(Asked(TUESDAY))) == []
    assert names(read(Asked(WEDNESDAY, "auckland"))) == ["Chauffeur 5"]
    assert names(read(Asked(WEDNESDAY))) == ["Chauffeur 5"]


def test_a_planning_counts_what_is_possible_that_day(docks, read):
    (part,) = read().parts
    assert (part.possible, part.closed) == (40, None)
    (part,) = read(Asked(date(2026, 12, 6))).parts
    assert (part.possible, part.closed.why) == (0, Why.WEEK)


@pytest.mark.parametrize("gone", ["the planning alone", "every planning"])
def test_who_is_expected_where_nothing_is_served_any_more_is_not_forgotten(do, docks, app, now, read, gone):
    do(sample.booked, "2026-12-01 17:00", now=now)
    if gone == "the planning alone":
        do(sample.planning, key="comptoir")
    with app.app_context(), transaction() as session:
        session.query(Pool).filter(Pool.longest_minutes > 0).update({"active": False})
    found = read()
    assert (len(found.parts), names(found), found.count) == (gone == "the planning alone", ["Chauffeur 0"], 1)


def test_without_a_site_there_is_a_day_all_the_same(read):
    found = read()
    assert (found.frame.day, found.frame.sites, names(found)) == (TUESDAY, [], [])


@pytest.mark.parametrize(
    ("minutes", "stand"), [(-1, Stand.EXPECTED), (0, Stand.EXPECTED), (5, Stand.EXPECTED), (6, Stand.LATE)]
)
def test_who_has_not_come_is_late_after_five_minutes(do, docks, now, read, minutes, stand):
    booked = do(sample.booked, "2026-12-01 14:00", now=now)
    at = paris("2026-12-01 14:00") + timedelta(minutes=minutes)
    assert stand_of(do(cards.by_public_id, booked.public_id), at) is stand
    assert [group.stand for group in read(at=at).groups] == [stand]


def test_every_status_stands_somewhere_and_the_database_says_the_same(do, docks, app, now, read):
    for number, status in enumerate(Status):
        booked = do(sample.booked, f"2026-12-01 {10 + number // 6}:00", now=now)
        with app.app_context(), transaction() as session:
            session.query(Appointment).filter_by(public_id=booked.public_id).update(
                {"status": status.value, "name": status.value}
            )
    found = read()
    assert {group.stand: sorted(visit.card.status for visit in group.visits) for group in found.groups} == {
        Stand.EXPECTED: ["confirmed"],
        Stand.ARRIVED: ["arrived"],
        Stand.REQUESTED: ["requested"],
        Stand.COMPLETED: ["completed"],
        Stand.NO_SHOW: ["no_show"],
        Stand.GONE: ["cancelled", "declined", "expired"],
    }
    assert (found.count, found.totals[Stand.GONE]) == (5, 3)


def test_a_day_tells_since_when_somebody_is_here(do, docks, now, read):
    booked = do(sample.booked, "2026-12-01 14:00", now=now)
    at = paris("2026-12-01 13:50")
    do(marks.mark, booked.public_id, Status.ARRIVED, STAFF, now=at)
    (group,) = read(at=at).groups
    assert (group.stand, group.visits[0].since) == (Stand.ARRIVED, at)


def test_a_called_off_one_is_counted_apart(do, docks, now, read):
    booked = do(sample.booked, "2026-12-01 14:00", now=now)
    do(appointments.cancel, booked.public_id, STAFF, now=now)
    found = read()
    assert (found.parts[0].counts, found.count) == ({Stand.GONE: 1}, 0)


@pytest.fixture
def crowd(do, docks, now, monkeypatch):
    """Book six at 10:00 and six at 11:00, on pages of five."""
    monkeypatch.setattr(today, "PAGE", 5)
    monkeypatch.setattr(today, "FIRST", 3)
    monkeypatch.setattr(day_sheets, "MOST", 5)
    for number in range(12):
        do(sample.booked, f"2026-12-01 {10 + number // 6}:00", now=now, number=number)


def test_the_first_of_each_stand_come_first_and_all_on_pages(crowd, read):
    found = read()
    assert (names(found), found.groups[0].count) == (["Chauffeur 0", "Chauffeur 1", "Chauffeur 2"], 12)
    pages = [names(read(stand=Stand.EXPECTED, page=page)) for page in (1, 2, 3)]
    assert [name for page in pages for name in page] == [f"Chauffeur {number}" for number in range(12)]
    assert (read(stand=Stand.EXPECTED, page=99).page, read(stand=Stand.EXPECTED).pages) == (3, 3)
    assert read(stand=Stand.LATE).groups[0].visits == ()


def test_of_the_late_ones_the_last_is_the_first(crowd, read):
    assert names(read(at=paris("2026-12-01 12:00"))) == ["Chauffeur 6", "Chauffeur 7", "Chauffeur 8"]


def test_a_sheet_lists_everybody_on_pages_and_nobody_who_called_off(do, crowd, now):
    gone = do(sample.booked, "2026-12-01 14:00", now=now, number=99)
    do(appointments.cancel, gone.public_id, STAFF, now=now)
    pages = [do(day_sheets.read, Asked(), now=now, page=page) for page in (1, 2, 3)]
    listed = [card.name for page in pages for part in page.parts for card in part.appointments]
    assert (listed, pages[0].count, pages[0].pages) == ([f"Chauffeur {number}" for number in range(12)], 12, 3)


@pytest.fixture
def two_sites(do, docks, now):
    """Book one in Bordeaux and one in Lyon, where two plannings are."""
    do(sample.site, key="lyon")
    for key in ("lyon", "comptoir"):
        do(sample.planning, key=key, sites=("lyon",))
    do(sample.booked, "2026-12-01 15:00", now=now, number=1)
    do(sample.booked, "2026-12-01 16:00", now=now, site="lyon", planning="lyon", number=2)
    do(sample.booked, "2026-12-01 17:00", now=now, site="lyon", planning="comptoir", number=3)


def test_a_site_and_a_planning_are_looked_at_alone(two_sites, read):
    assert names(read(Asked(site="lyon"))) == ["Chauffeur 2", "Chauffeur 3"]
    found = read(Asked(planning="comptoir"))
    assert (names(found), [part.bookable.item.key for part in found.parts]) == (["Chauffeur 3"], ["comptoir"])
    assert names(read(Asked(site="nowhere", planning="nothing"))) == ["Chauffeur 1", "Chauffeur 2", "Chauffeur 3"]


def test_who_works_for_one_site_sees_no_other(do, two_sites, read, now):
    lyon = Scope(frozenset({do(site_id, "lyon")}))
    for asked in (Asked(), Asked(site="bordeaux"), Asked(planning="quais")):
        found = read(asked, scope=lyon)
        assert (names(found), [site.key for site in found.frame.sites]) == (["Chauffeur 2", "Chauffeur 3"], ["lyon"])
        sheet = do(day_sheets.read, asked, now=now, scope=lyon)
        assert [part.site.key for part in sheet.parts] == ["lyon", "lyon"]
    assert names(read(scope=Scope(frozenset()))) == []


def test_a_day_costs_the_same_however_full_it_is(do, docks, app, now, statements, read):
    do(sample.booked, "2026-12-01 14:00", now=now)
    read()
    with statements(at_most=5) as few:
        read()
    for number in range(1, 12):
        booked = do(sample.booked, f"2026-12-01 {(10, 11, 14, 15)[number % 4]}:00", now=now, number=number)
        do(marks.mark, booked.public_id, Status.ARRIVED, STAFF, now=now)
    with statements() as many:
        read()
    assert len(many) == len(few)
