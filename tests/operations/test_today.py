"""A day of appointments: of one site or all, each by its own clock, with what is no longer in use."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.domain.openings import Why
from portal.extensions import transaction
from portal.models import Pool, Site
from portal.operations import appointments, cards, today
from portal.operations.actors import Actor
from portal.operations.bookables import new_revision
from tests import sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
TUESDAY = date(2026, 12, 1)


@pytest.fixture
def docks(do):
    do(sample.docks)


def names(found) -> list[str]:
    return [card.name for card in found.appointments]


def test_a_day_is_that_of_the_site(do, docks, now):
    do(sample.booked, "2026-12-01 17:00", now=now, number=1)
    do(sample.booked, "2026-12-02 08:00", now=now, number=2)
    assert names(do(today.read, now=now)) == ["Chauffeur 1"]
    assert names(do(today.read, now=now, day=date(2026, 12, 2))) == ["Chauffeur 2"]


def test_each_site_has_its_own_midnight(do, docks, app, now):
    do(sample.site, key="auckland")
    with app.app_context(), transaction() as session:
        session.query(Site).filter_by(key="auckland").update(
            {"timezone": "Pacific/Auckland", "revision": new_revision()}
        )
    do(sample.planning, key="night", sites=("auckland",), week=dict.fromkeys(range(1, 8), ((0, 1440, 9),)))
    do(sample.booked, "2026-12-01 14:00", now=now, site="auckland", planning="night", number=5)  # 2:00 on the 2nd there
    assert names(do(today.read, now=now, day=TUESDAY)) == []
    assert names(do(today.read, now=now, day=date(2026, 12, 2), site="auckland")) == ["Chauffeur 5"]


def test_a_planning_counts_what_is_possible_that_day(do, docks, now):
    (part,) = do(today.read, now=now).parts
    assert (part.possible, part.closed) == (40, None)
    (part,) = do(today.read, now=now, day=date(2026, 12, 6)).parts
    assert (part.possible, part.closed.why) == (0, Why.WEEK)


def test_who_is_expected_where_nothing_is_served_any_more_is_not_forgotten(do, docks, app, now):
    do(sample.booked, "2026-12-01 17:00", now=now)
    do(sample.planning, key="comptoir")
    with app.app_context(), transaction() as session:
        session.query(Pool).filter(Pool.longest_minutes > 0).update({"active": False})
    found = do(today.read, now=now)
    assert (len(found.parts), names(found)) == (1, ["Chauffeur 0"])


def test_without_a_site_there_is_a_day_all_the_same(do, now):
    found = do(today.read, now=now)
    assert (found.day, found.sites, names(found)) == (TUESDAY, [], [])


@pytest.mark.parametrize(
    ("minutes", "stands"), [(-1, "coming"), (0, "here"), (59, "here"), (60, "past"), (600, "past")]
)
def test_an_appointment_stands_where_the_clock_says(do, docks, now, minutes, stands):
    booked = do(sample.booked, "2026-12-01 14:00", now=now)
    card = do(cards.by_public_id, booked.public_id)
    assert today.expected_at(card, paris("2026-12-01 14:00") + timedelta(minutes=minutes)) == stands


def test_nobody_comes_to_a_cancelled_appointment(do, docks, now):
    booked = do(sample.booked, "2026-12-01 14:00", now=now)
    do(appointments.cancel, booked.public_id, STAFF, now=now)
    assert today.expected_at(do(cards.by_public_id, booked.public_id), now) == "gone"
