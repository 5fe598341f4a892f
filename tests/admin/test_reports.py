"""The reports' pages and files, and the page of a planning's use."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import pytest

from portal.admin import charts, numbers
from portal.admin.charts import Column, Part
from portal.operations.actors import Actor
from tests import sample, staff
from tests.admin.test_plannings import limit_to
from tests.operations.test_planning_list import refuse

EARLY = sample.paris("2026-10-01 09:00")
STAFF = Actor("claire@example.com", "staff", staff=True)
NOVEMBER = "from=2026-11-02&to=2026-11-29"


@pytest.fixture
def november(do, docks):
    """Book twice, five and seven days before, and refuse four looks."""
    do(sample.booked, "2026-11-02 08:00", now=sample.paris("2026-10-28 08:00"))
    do(sample.booked, "2026-11-27 17:00", now=sample.paris("2026-11-20 17:00"), number=1)
    do(refuse, date(2026, 11, 3), 4)


def figures(text):
    """Read the large figures of the page."""
    return dict(re.findall(r"<dt>([^<]*)</dt><dd><b>([^<]*)</b>", text))


def test_the_figures_of_a_period_stand_on_top(manager, november):
    found = figures(manager.get(f"/admin/reports/?{NOVEMBER}").text)
    assert found == {
        "Fill rate": "0%",
        "Bookings": "2",
        "Cancellations": "0",
        "No-shows": "0",
        "Lead time (days)": "6",
        "Refused demand": "4",
    }


def test_every_chart_has_its_figures_in_a_table(manager, november):
    text = manager.get(f"/admin/reports/?{NOVEMBER}").text
    assert text.count('<svg class="columns"') == 3
    rows = re.findall(r'<th scope="row">(?:<[^>]*>)?([^<]*)', text)
    assert rows[:4] == [
        "2 November 2026",
        "9 November 2026",
        "16 November 2026",
        "23 November 2026",
    ]


def test_months_are_named(manager, november):
    text = manager.get("/admin/reports/?from=2026-10-01&to=2026-11-30&step=month").text
    assert ('<th scope="row">October 2026</th>' in text, '<th scope="row">November 2026</th>' in text) == (True, True)


def test_the_page_speaks_french(app, november):
    text = staff.logged_in(app, "manager", "fr").get(f"/admin/reports/?{NOVEMBER}").text
    assert figures(text)["Taux de remplissage"] == "0\u00a0%"
    assert '<th scope="row">2 novembre 2026</th>' in text


def test_without_plannings_the_page_says_what_to_do(manager):
    assert "There is nothing to report on" in manager.get("/admin/reports/").text


@pytest.mark.on_both
@pytest.mark.parametrize(
    "query",
    [
        "from=x&to=y",
        "from=2999-12-31&to=1970-01-01",
        "step=year",
        "site=nowhere",
        "site=%00&planning=%00",
        "from=2026-02-30",
    ],
)
def test_no_query_breaks_a_page(manager, docks, query):
    for path in ("/admin/reports/", "/admin/reports/export.csv", "/admin/plannings/quais/use"):
        assert manager.get(f"{path}?{query}").status_code == 200


def test_the_edge_of_time_breaks_nothing(manager, docks):
    for day in ("1970-01-01", "2999-12-31"):
        assert manager.get(f"/admin/reports/?from={day}&to={day}").status_code == 200
        for span in ("", "&span=mean"):
            assert manager.get(f"/admin/plannings/quais/use?week={day}{span}").status_code == 200


def test_a_file_has_a_row_for_each_planning_and_week(manager, november):
    answer = manager.get(f"/admin/reports/export.csv?{NOVEMBER}")
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert rows[0][:4] == ["From", "Until", "Site", "Planning"]
    assert rows[1][:4] == ["2026-11-02", "2026-11-08", "Bordeaux", "Planning quais"]
    assert rows[1][4:] == ["", "12000", "60", "0.005", "1", "0", "0", "5.0", "4"]
    assert len(rows) == 5


def test_a_spreadsheet_has_the_same(manager, november):
    answer = manager.get(f"/admin/reports/export.xlsx?{NOVEMBER}")
    assert (answer.status_code, answer.get_data()[:2]) == (200, b"PK")


def test_those_who_served_are_a_file_of_their_own(manager, do):
    do(sample.agency, people=["jean"])
    do(sample.booked, "2026-11-10 09:00", now=EARLY, service="evaluation")
    at = "/admin/reports/people.csv?from=2026-11-02&to=2026-11-15"
    assert at.replace("&", "&amp;") in manager.get(at.replace("people.csv", "")).text
    rows = list(csv.reader(io.StringIO(manager.get(at).get_data().decode("utf-8-sig"))))
    assert rows[0][2:5] == ["Person", "Appointments", "Booked minutes"]
    assert rows[1:] == [["2026-11-02", "2026-11-15", "Jean", "1", "60", "60", "4200", "0.0143"]]


def test_no_other_kind_of_file_is_there(manager, docks):
    assert manager.get("/admin/reports/export.pdf").status_code == 404


def test_a_report_costs_the_same_whatever_was_booked(manager, november, do, statements):
    manager.get(f"/admin/reports/?{NOVEMBER}")
    for number in range(5):
        do(sample.booked, "2026-11-05 08:00", now=EARLY, number=10 + number)
    with statements(at_most=8):  # the session, the company, its zone, and four for the report
        manager.get(f"/admin/reports/?{NOVEMBER}")


def test_one_reports_on_ones_own_sites(app, do, november):
    do(sample.site, key="lyon")
    do(sample.planning, key="commun", sites=("bordeaux", "lyon"))
    client = staff.logged_in(app, "viewer", "en")
    do(limit_to, "viewer@example.com", "lyon")
    for path in ("/admin/reports/", "/admin/reports/export.csv"):
        text = client.get(f"{path}?{NOVEMBER}").text
        assert ("Lyon" in text, "Bordeaux" in text, "Planning quais" in text) == (True, False, False)


# The use of a planning


USE = "/admin/plannings/quais/use"


def cells(text):
    """Read the map: what is booked of the slots, by row."""
    body = re.search(r'<table class="heat">.*?<tbody>(.*?)</tbody>', text, re.DOTALL)[1]
    rows = {}
    for row in body.split("</tr>"):
        if found := re.search(r'<th scope="row">([^<]*)</th>', row):
            rows[found[1]] = re.findall(r'<td class="([^"]*)">(?:<b>([^<]*)</b><span>/([^<]*)</span>)?', row)
    return rows


def test_the_map_says_booked_of_slots_by_half_hour(manager, docks, do, now):
    for number in range(3):
        do(sample.booked, "2026-12-07 08:00", now=now, number=number)
    found = cells(manager.get(f"{USE}?week=2026-12-07").text)
    assert found["8:00"][:2] == [("heat-2", "3", "6"), ("heat-0", "0", "6")]
    assert found["12:00"] == [("shut", "", "")] * 5
    assert list(found)[0::19] == ["8:00", "17:30"]


def test_what_is_full_or_too_full_says_so(manager, do, now):
    do(sample.site)
    do(sample.planning, week={1: ((480, 600, 1),)}, step_minutes=60)
    do(sample.booked, "2026-12-07 08:00", now=now)
    for number, reason in ((1, {}), (2, {"overbook": "frais"})):
        do(sample.booked, "2026-12-07 09:00", now=now, number=number, actor=STAFF, **reason)
    text = manager.get(f"{USE}?week=2026-12-07").text
    assert '<td class="heat-5"><b>1</b><span>/1</span><span class="vh"> full</span></td>' in text
    assert '<td class="heat-6"><b>2</b><span>/1</span><span class="vh"> too many</span></td>' in text


def test_the_mean_has_decimals_as_people_write_them(app, docks, do):
    do(sample.booked, "2026-11-23 08:00", now=EARLY)
    found = cells(staff.logged_in(app, "viewer", "fr").get(f"{USE}?span=mean").text)
    assert found["8\u00a0h"][0] == ("heat-1", "0,1", "6")


def test_demand_is_told_by_week_with_its_chart(manager, november):
    text = manager.get(USE).text
    assert '<svg class="columns"' in text
    assert re.search(r"Monday 2 November</a></th><td class=\"num\">1</td><td class=\"num\">4</td>", text)


def test_a_week_without_hours_says_so(manager, do):
    do(sample.site)
    do(sample.planning, week={})
    assert "Closed all week, and nobody expected." in manager.get(USE).text


@pytest.mark.parametrize("query", ["", "?span=mean"])
def test_the_page_costs_the_same_whatever_is_booked(manager, docks, do, now, statements, query):
    manager.get(USE + query)
    for number in range(6):
        do(sample.booked, "2026-12-02 08:00", now=now, number=number)
    with statements(at_most=8):
        manager.get(USE + query)


def test_it_is_reached_from_the_list_and_from_the_editor(viewer, docks):
    for path in ("/admin/plannings/", "/admin/plannings/quais"):
        assert f'href="{USE}' in viewer.get(path).text


def test_of_many_sites_those_with_the_most_bookings_are_shown(manager, do, now):
    keys = [f"quai-{number:02d}" for number in range(26)]
    for key in keys:
        do(sample.site, key=key)
    do(sample.planning, sites=keys)
    do(sample.booked, "2026-12-02 08:00", now=now, site="quai-25")
    page = manager.get("/admin/reports/?from=2026-11-30&to=2026-12-06").text
    shown = re.findall(r'<th scope="rowgroup">(.*?)</th>', page)
    assert shown == [*(key.capitalize() for key in keys[:24]), "Quai-25"]
    assert "The 25 sites with the most bookings, of 26" in page


# Charts and numbers


def test_bars_stand_on_the_axis_and_reach_their_number():
    drawn = charts.columns(
        [Column(date(2026, 11, 2), (Part(4, "a"), Part(2, "b"))), Column(date(2026, 11, 9), (Part(0, "a"),))]
    )
    assert [number for _y, number in drawn.numbers] == [0, 2, 4]
    assert [(bar.y, bar.y + bar.height) for bar in drawn.bars] == [(charts.TOP, charts.BOTTOM), (59, charts.BOTTOM)]


def test_stacked_bars_stand_upon_each_other():
    first, second = charts.columns([Column(date(2026, 11, 2), (Part(3, "a"), Part(1, "b")))], stacked=True).bars
    assert (first.y, second.y + second.height, second.y) == (second.y + second.height, first.y, charts.TOP)


def test_a_year_of_weeks_has_labels_that_can_be_read():
    drawn = charts.columns([Column(date(2026, 1, 1), (Part(1, "a"),))] * 53)
    assert len(drawn.labels) <= charts.MOST_LABELS
    assert all(bar.x >= charts.LEFT and bar.x + bar.width <= charts.WIDTH for bar in drawn.bars)


@pytest.mark.parametrize(
    ("share", "signed", "text"),
    [
        (0.624, False, "62%"),
        (None, False, "–"),
        (0.1, True, "+10%"),
        (-0.051, True, "−5%"),
        (0.001, True, "±0%"),
        (12.0, True, "+1,200%"),
    ],
)
def test_shares_are_written_as_people_read_them(app, share, signed, text):
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert numbers.percent(share, signed=signed) == text
