"""Services and people on the pages of the staff: the day, its sheet, the list and its file, requests, reports."""

from __future__ import annotations

import csv
import io

import pytest

from portal.operations import appointments
from portal.operations.actors import Actor
from tests import sample

STAFF = Actor("claire@example.com", "staff", staff=True)
DAY = "/admin/?day=2026-12-07"


@pytest.fixture
def agency(do, now):
    """Make an agency where Jean has one appointment on Monday, Ryan another, with a room each."""
    do(sample.agency, requires=[{"kind": "staff"}, {"kind": "room"}])
    do(sample.resource, "salle", "room", name="Salle Garonne", plannings=("bureau",))
    for number, (hour, person) in enumerate((("09:00", "jean"), ("10:00", "ryan"))):
        wish = sample.wish(f"2026-12-07 {hour}", number, service="evaluation", resources=(person,))
        do(appointments.book, wish, now=now)


def test_the_day_says_whom_and_what_each_has_and_leads_to_each(manager, agency):
    page = manager.get(f"{DAY}&lang=fr").text
    assert "Évaluation de bien" in page
    assert "Jean" in page
    assert "Salle Garonne" in page
    assert "staff=jean" in page
    assert "service=evaluation" in page


@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [("staff=jean", "Chauffeur 0", "Chauffeur 1"), ("service=evaluation", "Chauffeur 1", "Nobody.")],
)
def test_the_day_and_its_sheet_are_of_a_person_or_a_service(manager, agency, query, seen, unseen):
    for page in (manager.get(f"{DAY}&{query}").text, manager.get(f"/admin/sheet?day=2026-12-07&{query}").text):
        assert seen in page
        assert unseen not in page


def test_the_form_of_the_day_keeps_who_is_looked_at(manager, agency):
    page = manager.get(f"{DAY}&staff=jean").text
    assert '<input type="hidden" name="staff" value="jean">' in page


def test_the_sheet_names_people_and_rooms(manager, agency):
    assert "Jean, Salle Garonne" in manager.get("/admin/sheet?day=2026-12-07").text


def test_the_list_is_filtered_by_service_and_person_and_says_with_whom(manager, agency):
    page = manager.get("/admin/appointments/?staff=ryan&service=evaluation").text
    assert "Chauffeur 1" in page
    assert "Chauffeur 0" not in page
    assert "With Ryan" in page
    assert '<option value="ryan" selected>' in page
    assert '<option value="evaluation" selected>' in page


def test_the_file_has_columns_of_service_people_and_rooms(manager, agency):
    answer = manager.get("/admin/appointments/export/csv?staff=jean&lang=en")
    heads, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    told = [dict(zip(heads, row, strict=True)) for row in rows]
    assert [(one["Planning"], one["Service"], one["People"], one["Rooms and equipment"]) for one in told] == [
        ("", "Property valuation", "Jean", "Salle Garonne")
    ]


def test_requests_say_whose_answer_they_wait_for(manager, do, now):
    do(sample.agency, policy={"validation": "staff"})
    do(appointments.book, sample.wish("2026-12-07 09:00", service="evaluation", resources=("jean",)), now=now)
    page = manager.get("/admin/requests?service=evaluation").text
    assert "Waits for the answer of Jean." in page
    assert "Property valuation (1)" in page


def test_a_report_has_a_line_of_the_service_and_one_of_each_person(manager, agency):
    page = manager.get("/admin/reports/?from=2026-12-07&to=2026-12-13&service=evaluation").text
    assert "Property valuation" in page
    assert "By person" in page
    assert page.count('data-label="Booked hours">1<') == 2


def test_a_file_of_the_report_leaves_open_what_a_service_has_not(manager, agency):
    answer = manager.get("/admin/reports/export.csv?from=2026-12-07&to=2026-12-13&service=evaluation")
    (_heads, row) = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert row[2:8] == ["Bordeaux", "", "Property valuation", "", "", ""]
    assert row[8] == "2"


@pytest.mark.parametrize("path", [DAY, "/admin/appointments/?from=", "/admin/requests?", "/admin/reports/?"])
def test_what_nobody_knows_filters_nothing_or_all_and_breaks_nothing(manager, agency, path):
    for query in ("staff=nobody", "service=nothing", "staff=%00", "service=&staff="):
        assert manager.get(f"{path}&{query}").status_code == 200
