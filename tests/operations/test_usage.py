"""What looking leaves behind: last uses and demand, noted in memory and written by a timer."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta

import flask_migrate
import pytest
from sqlalchemy import select

from portal.extensions import reading
from portal.models import Demand, UserSession
from portal.operations import calendars, usage
from portal.operations.actors import Actor
from portal.server import Scribe
from tests import asking, sample, staff

ONE_DOCK = {1: ((480, 600, 1),), 2: ((480, 600, 1),)}
MONDAY, TUESDAY = date(2026, 12, 7), date(2026, 12, 8)
PAGE = "/book/bordeaux/planning/quais"
STAFF = Actor("claire@example.com", "staff", staff=True)


@pytest.fixture(autouse=True)
def _nothing_noted(do):
    """Throw away what earlier tests noted: on an empty database it belongs to nobody."""
    do(usage.write)


@pytest.fixture
def dock(do, now):
    """Make one dock on Mondays and Tuesdays, 8:00-10:00, full on Monday 7 December."""
    do(sample.site)
    do(sample.planning, week=ONE_DOCK, step_minutes=60)
    for number, hour in enumerate(("08:00", "09:00")):
        do(sample.booked, f"2026-12-07 {hour}", now=now, number=number)


@pytest.fixture
def demand(do):
    """Write down what was noted, and read it: (looked, refused) by day."""

    def read():
        do(usage.write)
        with reading() as session:
            asked = select(Demand.day, Demand.looked, Demand.refused).where(Demand.looked > 0)
            return {row.day: (row.looked, row.refused) for row in session.execute(asked.order_by(Demand.day))}

    return lambda: do(read)


def test_a_full_day_that_somebody_asks_for_is_refused(dock, client, demand):
    client.get(f"{PAGE}?day=2026-12-07")
    assert demand() == {MONDAY: (1, 1)}


def test_a_free_day_that_somebody_asks_for_is_looked_at(dock, client, demand):
    client.get(f"{PAGE}?day=2026-12-08", headers={"HX-Request": "true"})
    assert demand() == {TUESDAY: (1, 0)}


def test_a_month_looks_at_each_day_that_is_open_and_within_the_window(dock, client, demand):
    client.get(f"{PAGE}?month=2026-12")
    found = demand()
    assert found.pop(MONDAY) == (1, 1)
    assert set(found.values()) == {(1, 0)}
    assert [day.day for day in found] == [1, 8, 14, 15, 21, 22, 28, 29]


def test_looks_add_up_over_writings(dock, client, demand):
    for _ in range(2):
        client.get(f"{PAGE}?day=2026-12-07")
        demand()
    assert demand() == {MONDAY: (2, 2)}


@pytest.mark.parametrize("day", ["2026-12-06", "2026-11-30", "2027-06-07"])
def test_a_day_that_is_closed_past_or_too_far_is_no_demand(dock, client, demand, day):
    client.get(f"{PAGE}?day={day}")
    assert demand() == {}


def test_a_day_that_is_too_soon_is_no_demand(do, client, demand, now):
    do(sample.site, policy={"min_notice": "10d"})
    do(sample.planning, week=ONE_DOCK)
    client.get(f"{PAGE}?day=2026-12-07")
    assert demand() == {}


def test_a_link_looks_too_and_not_once_its_limit_is_reached(dock, do, client, demand, now):
    do(sample.order)
    token = do(sample.link, max_active=1)
    client.get(f"/b/{token}?day=2026-12-07")
    assert demand() == {MONDAY: (1, 1)}
    do(sample.booked, "2026-12-08 08:00", now=now, token=token, site=None, planning=None)
    client.get(f"/b/{token}?day=2026-12-07")
    assert demand() == {MONDAY: (1, 1)}


def test_a_link_is_refused_only_on_its_own_days(dock, do, client, demand):
    do(sample.order)
    token = do(sample.link, first_day=TUESDAY)
    client.get(f"/b/{token}?day=2026-12-07")
    assert demand() == {}


def test_the_api_looks_at_each_day_of_the_range(dock, client, demand):
    client.get("/api/v1/slots?site=bordeaux&planning=quais&from=2026-12-07&to=2026-12-08")
    assert demand() == {MONDAY: (1, 1), TUESDAY: (1, 0)}


def test_who_moves_an_appointment_looks_too(dock, do, client, demand, now):
    booked = do(sample.booked, "2026-12-08 08:00", now=now, number=5)
    client.get(f"/a/{booked.token}/reschedule?day=2026-12-07", headers={"HX-Request": "true"})
    assert demand() == {MONDAY: (1, 1)}


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_robots_and_pages_fetched_ahead_are_nobody(dock, client, demand, headers):
    client.get(f"{PAGE}?day=2026-12-07", headers=headers)
    assert demand() == {}


def test_a_head_is_nobody(dock, client, demand):
    client.head(f"{PAGE}?day=2026-12-07")
    assert demand() == {}


def test_the_staff_and_explanations_are_no_demand(dock, app, do, demand, now):
    browser = staff.logged_in(app, "agent")
    do(usage.write)
    assert browser.get("/admin/explain?site=bordeaux&planning=quais&day=2026-12-07").status_code == 200
    do(calendars.public_day, "bordeaux", "quais", MONDAY, now=now)
    assert demand() == {}


def test_a_look_asks_the_database_nothing_more_and_writes_nothing(dock, client, statements, no_writes):
    client.get(f"{PAGE}?month=2026-12")
    with statements() as counted, no_writes():
        client.get(f"{PAGE}?month=2026-12")
    with statements() as uncounted:
        client.get(f"{PAGE}?month=2026-12", headers={"User-Agent": "Googlebot/2.1"})
    assert len(counted) == len(uncounted)


def test_a_last_use_only_moves_forward(app, do):
    staff.logged_in(app, "agent")
    late, early = datetime(2026, 12, 1, 9, tzinfo=UTC), datetime(2026, 12, 1, 8, tzinfo=UTC)

    def seen():
        with reading() as session:
            return session.scalars(select(UserSession.last_seen_at)).one()

    def number():
        with reading() as session:
            return session.scalars(select(UserSession.id)).one()

    for moment in (late, early):
        usage.note_use("session", do(number), moment)
        do(usage.write)
    assert do(seen) == late


# The timer


def test_a_process_writes_every_while_and_once_when_it_ends(dock, app, client, do):
    def written():
        with reading() as session:
            return session.scalar(select(Demand.looked).where(Demand.day == MONDAY)) or 0

    scribe = Scribe(app, seconds=0.05)
    scribe.begin()
    client.get(f"{PAGE}?day=2026-12-07")
    _wait_until(lambda: do(written) == 1)
    scribe.end()
    last = Scribe(app, seconds=3600)
    last.begin()
    client.get(f"{PAGE}?day=2026-12-07")
    last.end()
    assert do(written) == 2


def test_what_a_failing_database_does_not_take_is_written_when_it_is_back(tmp_path, make_app, caplog):
    broken = make_app(database_url=f"sqlite:///{tmp_path}/without_tables/portal.sqlite3")
    usage.note_use("link", 1, datetime(2026, 12, 1, tzinfo=UTC))
    with caplog.at_level(logging.WARNING):
        scribe = Scribe(broken)
        scribe.begin()
        scribe.end()
    assert "could not be written" in caplog.text
    with broken.app_context():
        flask_migrate.upgrade()
        assert usage.write() == 1


def test_the_server_writes_down_what_it_noted_when_it_ends(dock, serve, do):
    served = serve(workers=2)
    for _ in range(4):
        answer = asking.get(f"{served.url}{PAGE}", params={"day": "2026-12-07"})
        assert answer.status_code == 200
    served.child.stop()

    def looked():
        with reading() as session:
            return session.execute(select(Demand.looked, Demand.refused)).one()

    assert tuple(do(looked)) == (4, 4)


def _wait_until(true, seconds=10):
    last = datetime.now(UTC) + timedelta(seconds=seconds)
    while not true():
        assert datetime.now(UTC) < last
