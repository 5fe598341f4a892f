"""Why a slot is not offered: every start of a day, with its reasons in words."""

from __future__ import annotations

import re

import pytest

from tests import sample

QUAIS = "/admin/explain?site=bordeaux&planning=quais"


def verdicts(page) -> dict[str, tuple[str, str, str]]:
    """Read the table: offered, places left and reasons, by start."""
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", page.text)
    return {
        start: tuple(re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", cells))
        for start, cells in rows
    }


def test_every_start_says_whether_it_is_offered(manager, docks):
    found = verdicts(manager.get(f"{QUAIS}&day=2026-12-07"))
    assert found["8:00"] == ("Yes", "6", "")
    assert found["11:30"][0] == "No"
    assert "would not end before closing time" in found["11:30"][2]


def test_a_full_start_says_so(manager, docks, do, now):
    for number in range(4):
        do(sample.booked, "2026-12-07 14:00", now=now, number=number)
    assert verdicts(manager.get(f"{QUAIS}&day=2026-12-07"))["14:00"] == ("No", "0", "Full.")


def test_customers_meet_the_notice_and_staff_does_not(manager, do):
    do(sample.site, policy={"min_notice": "2d"})
    do(sample.planning)
    assert "more notice is needed" in verdicts(manager.get(f"{QUAIS}&day=2026-12-02"))["8:00"][2]
    assert verdicts(manager.get(f"{QUAIS}&day=2026-12-02&rules=staff"))["8:00"][0] == "Yes"


def test_one_time_is_judged_on_the_grid_or_not(manager, docks):
    text = manager.get(f"{QUAIS}&day=2026-12-07&at=8h15").text
    assert "8:15 to 9:15" in text
    assert "Appointments do not begin at this time." in text
    assert "This start is offered, with 6 places." in manager.get(f"{QUAIS}&day=2026-12-07&at=0830").text


def test_a_time_that_is_none_is_told(manager, docks):
    assert "“noon” is no time of day." in manager.get(f"{QUAIS}&at=noon").text


def test_a_closed_day_says_why(manager, do):
    do(sample.docks, closed_days=[sample.datetime(2026, 12, 24).date()])
    text = manager.get(f"{QUAIS}&day=2026-12-24").text
    assert "Exceptional day: closed." in text


def test_a_day_without_hours_is_no_empty_table(manager, docks):
    assert "Nothing begins on this day" in manager.get(f"{QUAIS}&day=2026-12-06").text


def test_the_choice_of_the_form_becomes_an_address_to_share(manager, docks):
    asked = manager.get("/admin/explain?place=bordeaux/quais&day=2026-12-07&at=&rules=")
    assert asked.location == "/admin/explain?site=bordeaux&planning=quais&day=2026-12-07"


@pytest.mark.parametrize("query", ["site=nowhere", "site=bordeaux&planning=nothing", "planning=nothing"])
def test_what_is_not_there_is_not_found(manager, docks, query):
    assert manager.get(f"/admin/explain?{query}").status_code == 404


def test_without_a_planning_it_says_what_to_make(manager):
    assert "make a site and a planning first" in manager.get("/admin/explain").text


def test_it_costs_the_same_whatever_is_booked(manager, docks, do, now, statements):
    manager.get(f"{QUAIS}&day=2026-12-07")
    for number in range(4):
        do(sample.booked, "2026-12-07 14:00", now=now, number=number)
    with statements(at_most=5):
        manager.get(f"{QUAIS}&day=2026-12-07")
