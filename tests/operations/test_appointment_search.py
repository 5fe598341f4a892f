"""The staff's list of appointments: what is found, in which order, and at what cost."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, text

from portal.domain.lifecycle import Status
from portal.extensions import reading, transaction
from portal.models import Appointment, Planning, Site
from portal.operations import appointment_search, appointments
from portal.operations.actors import Actor
from portal.operations.appointment_search import SORTS, Wanted
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.wishes import Contact, Wish
from tests import sample, sql

STAFF = Actor("anne@example.com", "staff", staff=True)


@pytest.fixture
def docks(do):
    do(sample.docks)
    do(sample.order)


@pytest.fixture
def find(do):
    """Give the names found, in their order."""

    def names(scope=EVERYWHERE, page=1, size=50, **wanted):
        found = do(appointment_search.search, Wanted(**wanted), scope=scope, page=page, size=size)
        return [card.name for card in found.appointments]

    return names


def book(do, now, start, name, email=None, phone="", **options):
    contact = Contact(email=email, name=name, phone=phone)
    given = {"site": "bordeaux", "planning": "quais", "actor": STAFF, **options}
    return do(appointments.book, Wish(start=sample.paris(start), contact=contact, **given), now=now)


def many(count, at="2026-12-08 08:00"):
    """Write many appointments straight into the table."""
    start = sample.paris(at)
    with transaction() as session:
        site, planning = session.query(Site.id).first()[0], session.query(Planning.id).first()[0]
        rows = [
            {
                "public_id": f"{number:032d}",
                "reference": f"R{number:07d}",
                "site_id": site,
                "planning_id": planning,
                "status": "confirmed",
                "starts_at": start + timedelta(minutes=number),
                "ends_at": start + timedelta(minutes=number + 60),
                "timezone": "Europe/Paris",
                "local_start": (start + timedelta(hours=1, minutes=number)).strftime("%Y-%m-%dT%H:%M"),
                "name": f"Client {number % 97:03d}",
                "locale": "fr",
                "source": "staff",
                "created_at": sample.MADE,
                "updated_at": sample.MADE,
            }
            for number in range(count)
        ]
        session.execute(insert(Appointment), rows)
        sql.grown(session)


@pytest.mark.parametrize(
    "said",
    ["vidal", "ACHATS@", "06 12 34", "0612345678", "+33612345678", "12.34.56", "cmd-10", "reference", "no dash"],
)
def test_what_people_say_is_found(do, now, docks, find, said):
    book(do, now, "2026-12-08 08:00", "Vidal", "achats@example.com", "06 12 34 56 78", order="CMD-1042")
    book(do, now, "2026-12-08 09:00", "Bois", "bois@example.com", "05 00 00 00 00")
    reference = do(appointment_search.search, Wanted(text="vidal")).appointments[0].reference
    said = {"reference": reference.lower(), "no dash": reference.replace("-", "")}.get(said, said)
    assert find(text=said) == ["Vidal"]


@pytest.mark.parametrize("said", ["%", "_", "\\", "nobody", "'", "99 99 99 99"])
def test_signs_that_steer_a_search_are_letters_here(do, now, docks, find, said):
    book(do, now, "2026-12-08 08:00", "Vidal", phone="06 12 34 56 78")
    assert find(text=said) == []


def test_a_day_is_the_one_on_the_clock_of_the_site(do, now, docks, find):
    for start, name in (("2026-12-08 23:30", "late"), ("2026-12-09 00:30", "early")):
        book(do, now, start, name, overbook="night shift")
    assert find(first=date(2026, 12, 8), last=date(2026, 12, 8)) == ["late"]
    assert find(first=date(2026, 12, 9), last=date(2026, 12, 9)) == ["early"]


def test_filters_add_up(do, now, docks, find):
    book(do, now, "2026-12-08 08:00", "staff")
    gone = do(sample.booked, "2026-12-08 09:00", now=now)
    do(appointments.cancel, gone.public_id, STAFF, now=now)
    assert find(status=Status.CANCELLED, source="guest", site="bordeaux", planning="quais") == ["Chauffeur 0"]
    assert find(status=Status.CANCELLED, source="staff") == find(site="lyon") == find(planning="bureau") == []


@pytest.mark.parametrize("sort", SORTS)
def test_every_column_sorts_both_ways_and_no_page_repeats_the_one_before(do, now, docks, sort):
    do(many, 23)

    def pages(descending):
        wanted = Wanted(sort=sort, descending=descending)
        found = [do(appointment_search.search, wanted, page=page, size=10) for page in (1, 2, 3)]
        return [card.id for one in found for card in one.appointments]

    assert len(set(pages(False))) == 23
    assert pages(True) == list(reversed(pages(False)))


def test_the_order_is_by_name_whatever_its_letters(do, now, docks, find):
    for hour, name in ((8, "bois"), (9, "Aciers"), (10, "Zinc")):
        book(do, now, f"2026-12-08 {hour:02d}:00", name)
    assert find(sort="name") == ["Aciers", "bois", "Zinc"]


def test_a_page_beyond_the_last_is_the_last(do, docks):
    do(many, 12)
    found = do(appointment_search.search, Wanted(), page=99, size=10)
    assert (found.page, found.pages, found.total, len(found.appointments)) == (2, 2, 12, 2)


def test_another_site_is_nowhere(do, now, docks, find):
    do(sample.site, key="lyon")
    do(sample.planning, key="bureau", sites=("lyon",))
    book(do, now, "2026-12-08 08:00", "Bordeaux")
    made = book(do, now, "2026-12-08 08:00", "Lyon", site="lyon", planning="bureau")
    lyon = do(appointment_search.search, Wanted(text="Lyon")).appointments[0].site.id
    only = Scope(frozenset({lyon}))
    assert find(scope=only) == ["Lyon"]
    assert [card.public_id for card in do(every, Wanted(), only)] == [made.public_id]
    assert do(appointment_search.choices, scope=only).sites == [("lyon", "Lyon")]
    assert do(appointment_search.choices, scope=only).plannings == [("bureau", "Planning bureau")]


def every(wanted, scope=EVERYWHERE):
    return [card for card, _having in appointment_search.every(wanted, scope=scope)]


def test_a_file_holds_what_the_pages_show_in_their_order(do, docks):
    do(many, 1203)
    wanted = Wanted(sort="name", descending=True)
    pages = [do(appointment_search.search, wanted, page=page, size=500) for page in (1, 2, 3)]
    assert [card.id for card in do(every, wanted)] == [card.id for page in pages for card in page.appointments]


def test_a_page_of_ten_thousand_asks_twice(do, docks, statements):
    do(many, 10_000)
    do(appointment_search.search, Wanted(text="Client"))  # now site and planning are known
    with statements(at_most=2):
        found = do(appointment_search.search, Wanted(first=date(2026, 12, 1), text="client 012"))
    assert found.total == 103


def test_the_first_view_finds_its_rows_by_an_index(do, docks, app):
    do(many, 10_000, "2025-12-08 08:00")
    with app.app_context(), reading() as session:
        session.execute(text("ANALYZE appointment"))  # else the plan depends on whether the server did it meanwhile
        on_sqlite = session.get_bind().dialect.name == "sqlite"
        plan = "EXPLAIN QUERY PLAN" if on_sqlite else "EXPLAIN"
        query = "SELECT id FROM appointment WHERE starts_at >= '2026-12-01 00:00:00' AND local_start >= '2026-12-01'"
        told = "\n".join(str(row) for row in session.execute(text(f"{plan} {query} ORDER BY starts_at, id LIMIT 50")))
    assert "ix_appointment_starts_at" in told
