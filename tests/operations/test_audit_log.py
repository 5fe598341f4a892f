"""The audit log: two histories as one list, newest first, page by page, for those whom a site concerns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from portal.extensions import reading, transaction
from portal.models import Appointment, Audit, Event, Site
from portal.operations import appointments, audit, audit_log, sites
from portal.operations.actors import CUSTOMER, SYSTEM, Actor
from portal.operations.audit_log import Search, place_of
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.wishes import Details
from tests import sample

CLAIRE = Actor("claire@example.com", "staff", staff=True)
ROBOT = Actor("key:erp", "api", staff=True)


def record(now, number=0, by=CLAIRE, action="changed", kind="site", **told):
    with transaction() as session:
        audit.record(session, by, action, kind, told.pop("key", f"key-{number}"), now, **told)


def found(search=None, scope=EVERYWHERE, **options):
    return audit_log.listing(search or Search(), scope=scope, **options)


def shown(page):
    return [(line.actor, line.action, line.kind) for line in page.lines]


def test_changes_of_appointments_by_staff_stand_beside_the_others(do, now):
    do(sample.docks)
    booked = do(sample.booked, "2026-12-07 09:00", now=now)  # a guest: nobody's change of the staff
    do(
        appointments.edit,
        booked.public_id,
        Details("Jeanne", "", ""),
        CLAIRE,
        now=now + timedelta(hours=1),
    )
    do(record, now + timedelta(minutes=30))
    do(appointments.cancel, booked.public_id, ROBOT, now=now + timedelta(hours=2))
    assert shown(do(found)) == [
        ("key:erp", "cancelled", "appointment"),
        ("claire@example.com", "edited", "appointment"),
        ("claire@example.com", "changed", "site"),
    ]


def test_what_customers_do_is_no_change_of_the_staff(do, now):
    do(sample.docks)
    booked = do(sample.booked, "2026-12-07 09:00", now=now)
    do(appointments.cancel, booked.public_id, CUSTOMER, now=now)
    assert do(found).lines == []


@pytest.mark.parametrize(
    ("search", "keys"),
    [
        (Search(text="quai"), ["key-2"]),
        (Search(text="chartrons"), ["key-1"]),
        (Search(text="Chartrons é"), ["key-1"]),
        (Search(text="100 %"), []),
        (Search(who="ERP"), ["key-3"]),
        (Search(kind="planning"), ["key-2"]),
        (Search(action="removed"), ["key-2"]),
        (Search(kind="appointment"), []),
        (Search(kind="site", action="created"), ["key-3"]),
    ],
)
def test_a_search_narrows_the_list(do, now, search, keys):
    do(record, now, 1, after={"address": "12 cours des Chartrons élargi"})
    do(record, now, 2, action="removed", kind="planning", label="Quais")
    do(record, now, 3, by=ROBOT, action="created")
    assert [line.key for line in do(found, search).lines] == keys


def test_days_narrow_the_list(do, now):
    for days in range(4):
        do(record, now - timedelta(days=days), days)
    search = Search(since=now - timedelta(days=2), until=now)
    assert [line.key for line in do(found, search).lines] == ["key-1", "key-2"]


def fill(now):
    """Write the same instants in both histories, several times each."""
    sample.docks()
    sample.booked("2026-12-07 09:00", now=now)
    with transaction() as session:
        number = session.query(Appointment).one().id
        connection = session.connection()
        connection.execute(insert(Event), [event(now, number, minutes // 5) for minutes in range(23)])
        connection.execute(insert(Audit), [change(now, minutes // 5) for minutes in range(23)])


def event(now, appointment, minutes):
    at = now + timedelta(minutes=minutes)
    return {
        "appointment_id": appointment,
        "kind": "noted",
        "at": at,
        "actor": "x",
        "origin": "staff",
        "before": {},
        "after": {},
        "holds": [],
    }


def change(now, minutes):
    at = now + timedelta(minutes=minutes)
    row = {"at": at, "actor": "x", "origin": "staff", "action": "changed", "kind": "site", "key": "k", "label": ""}
    return {**row, "before": {}, "after": {}}


@pytest.mark.parametrize("size", [1, 2, 7, 45, 46, 100])
def test_pages_follow_each_other_without_a_gap_or_a_repetition(do, now, size):
    do(fill, now)
    lines, cursor = [], None
    while True:
        page = do(found, after=cursor, size=size)
        lines += page.lines
        if (cursor := page.next) is None:
            break
    assert len({(line.source, line.id) for line in lines}) == len(lines) == 46
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)


def test_everything_is_the_same_list(do, now):
    do(fill, now)
    assert len(do(lambda: list(audit_log.everything(Search(), scope=EVERYWHERE)))) == 46


@pytest.mark.on_both
@pytest.mark.parametrize("cursor", ["", "1", "soon.1.2", "1.2.3.4", "-1.0.1", "9" * 30 + ".1.1", "٣.1.1", "1..2"])
def test_a_cursor_that_is_none_of_ours_begins_the_list_again(do, now, cursor):
    do(record, now)
    assert place_of(cursor) is None
    assert len(do(found, after=cursor).lines) == 1


def test_a_page_costs_two_statements_wherever_it_is(do, now, statements):
    do(fill, now)
    cursor = do(found, size=40).next
    with statements(at_most=2):
        assert len(do(found, after=cursor, size=5).lines) == 5


def site_ids():
    with reading() as session:
        return {site.key: site.id for site in session.query(Site)}


def test_changes_concern_those_who_work_for_the_site(do, now):
    do(sample.docks)
    do(sample.site, key="lyon")
    ids = do(site_ids)
    do(sites.close, "bordeaux", now.date(), now.date(), now=now, by=CLAIRE)
    do(sites.close, "lyon", now.date(), now.date(), now=now, by=CLAIRE)
    do(record, now, by=SYSTEM)
    booked = do(sample.booked, "2026-12-07 09:00", now=now)
    do(appointments.cancel, booked.public_id, CLAIRE, now=now)
    assert {line.key for line in do(found, scope=Scope(frozenset({ids["lyon"]}))).lines} == {"lyon"}
    assert len(do(found, scope=Scope(frozenset({ids["bordeaux"]}))).lines) == 2
    assert len(do(found).lines) == 4
