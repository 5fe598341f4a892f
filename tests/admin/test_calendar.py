"""The calendar: numbers that are those of the booking, links that lead on, and what each role may."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from portal.extensions import transaction
from portal.models import Site, User, UserSite
from portal.operations.actors import Actor
from tests import full_week, sample, staff
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
WEEK = "/admin/calendar?day=2026-12-07"
DAY = f"{WEEK}&view=day"
HALF = "/admin/calendar?at=2026-12-07T08:30:00%2B01:00"
ALWAYS = dict.fromkeys(range(1, 8), ((0, 1440, 2),))


def cell(page, name: str) -> tuple[str, str]:
    """Read a box of the table or the day by its words: its number, and its word where it has one."""
    number = re.compile(
        rf'<span class="vh">{name}, </span><span class="num">(.*?)</span>(?: <span class="cal-word">(.*?)</span>)?</a>'
    )
    found = number.search(unescape(page.text))
    assert found is not None, name
    return found[1].replace('<span class="slash">/</span>', " / "), found[2] or ""


def booking(page) -> list[str]:
    """Read the starts that the page offers to book."""
    return re.findall(r'class="cal-add" href="[^"]*\?start=([^"]*)"', page.text)


def visits(page) -> list[str]:
    """Read the names of those who are listed."""
    return re.findall(r'<div class="line-main"><strong><a [^>]*>(.*?)</a>', page.text)


def hrefs(page) -> set[str]:
    """Read where the page leads."""
    return {unescape(url) for url in re.findall(r'href="([^"]*)"', page.text)}


@pytest.fixture
def busy(do, docks, now):
    """Fill 8:30 to 9:30 of Monday 7 December, and take two places at 10:00, one of them for an order."""
    do(sample.order)
    for number in range(6):
        do(sample.booked, "2026-12-07 08:30", now=now, number=number)
    do(sample.booked, "2026-12-07 10:00", now=now, number=7)
    do(sample.booked, "2026-12-07 10:00", now=now, number=8, actor=STAFF, order="CMD-1042")


def test_a_week_shows_taken_places_and_places(manager, busy):
    page = manager.get(WEEK)
    assert cell(page, "Monday 7 December, 8:00") == ("0 / 6", "")
    assert cell(page, "Monday 7 December, 9:00") == ("6 / 6", "full")
    assert cell(page, "Monday 7 December, 10:30") == ("2 / 6", "")
    assert cell(page, "Friday 11 December, 17:30") == ("0 / 4", "")
    assert "Week of 7 to 13 December 2026" in page.text
    assert "Closed from 12:00 to 14:00" in page.text
    assert "8 of 40" in page.text


def test_more_than_there_are_places_is_said_in_words(manager, busy, do, now):
    do(sample.booked, "2026-12-07 08:30", now=now, number=20, actor=STAFF, overbook="Urgent")
    do(sample.booked, "2026-12-07 12:30", now=now, number=21, actor=STAFF, overbook="Urgent")
    page = manager.get(WEEK)
    assert cell(page, "Monday 7 December, 8:30") == ("7 / 6", "over")
    assert cell(page, "Monday 7 December, 12:30") == ("1 / 0", "closed")
    assert "7 places taken of 6: over capacity." in manager.get(HALF).text
    noon = manager.get("/admin/calendar?at=2026-12-07T12:30:00%2B01:00")
    assert "1 place taken outside the hours." in noon.text


def test_a_free_place_leads_to_the_form_that_books_it(agent, busy):
    page = agent.get(WEEK)
    assert "2026-12-07T09:30:00%2B01:00" in booking(page)
    assert "2026-12-07T08:30:00%2B01:00" not in booking(page)
    form = agent.get("/admin/add/appointment/bordeaux/quais/details?start=2026-12-07T09:30:00%2B01:00")
    assert (form.status_code, "9:30" in form.text) == (200, True)


def test_who_only_looks_finds_nothing_to_press(viewer, busy):
    for url in (WEEK, DAY, HALF):
        page = viewer.get(url)
        assert page.status_code == 200
        for forbidden in ("cal-add", "data-drop", "data-move", "/add/", "/move"):
            assert forbidden not in page.text, (url, forbidden)


def test_an_agent_does_not_overbook(agent, manager, busy):
    assert "Overbook, with a reason" not in agent.get(HALF).text
    assert "Overbook, with a reason" in manager.get(HALF).text


def test_a_day_names_who_begins_in_each_half_hour(manager, busy):
    page = manager.get(DAY)
    assert visits(page) == [f"Chauffeur {number}" for number in (0, 1, 2, 3, 4, 5, 7, 8)]
    assert "CMD-1042\u00a0· 36 palettes" in page.text
    assert "8 appointments, of 40 possible" in page.text
    assert "<title>Monday 7 December 2026" in page.text


def test_a_half_hour_names_all_who_are_there(manager, busy):
    page = manager.get(HALF)
    assert visits(page) == [f"Chauffeur {number}" for number in range(6)]
    assert "6 places taken of 6: full." in page.text
    assert "Next free: 9:30" in page.text
    assert "8:30 to 9:30" in page.text


def test_an_appointment_is_opened_and_moved_by_links(manager, busy):
    text = manager.get(HALF).text
    (first, *_others) = re.findall(r'data-move="(/admin/appointments/\w+/move)"', text)
    assert f'<a class="cal-move" href="{first}">' in text
    page = manager.get(first, query_string={"start": "2026-12-07T09:30:00+01:00"})
    assert (page.status_code, "9:30" in page.text) == (200, True)


def test_a_crowded_hour_stays_readable(manager, docks, do):
    do(full_week.fill, [paris("2026-12-07 08:00")], 600)
    page = manager.get(DAY)
    assert len(visits(page)) == 6
    assert "and 594 more" in page.text
    there = manager.get(HALF)
    assert (len(visits(there)), "Page 1 of 12" in there.text) == (50, True)
    last = manager.get(f"{HALF}&page=12")
    assert visits(last)[-1] == "Camion 0599"


def test_closed_exceptional_and_public_holidays_are_said(manager, docks, do):
    do(full_week.observe, "FR")
    do(full_week.close, date(2026, 12, 21), "Inventaire")
    do(full_week.exceptional, date(2026, 12, 24), "Demi-journée")
    text = unescape(manager.get("/admin/calendar?day=2026-12-22").text)
    for said in ("Closed: Inventaire", "Exceptional day: Demi-journée", "Public holiday: Noël"):
        assert said in text


def test_a_weekend_without_hours_is_left_out_until_asked_for(manager, docks):
    page = manager.get(WEEK)
    assert "Saturday 12 December, Sunday 13 December: closed." in page.text
    assert page.text.count('<th scope="col"') == 5
    whole = manager.get(f"{WEEK}&whole=1")
    assert whole.text.count('<th scope="col"') == 7
    after = re.search(r'href="([^"]*)"[^>]*id="cal-after"', whole.text)
    assert "whole=1" in after[1]  # until it is asked for no more
    (fewer,) = re.findall(r'href="([^"]*)"[^>]*>Show opening days only', whole.text)
    assert manager.get(unescape(fewer)).text.count('<th scope="col"') == 5
    assert manager.get("/admin/calendar?day=2026-12-13").text.count('<th scope="col"') == 6


def test_the_other_weeks_and_months_are_a_link_away(manager, docks):
    text = unescape(manager.get(WEEK).text)
    for day in ("2026-11-30", "2026-12-14", "2026-09-01", "2027-08-01"):
        assert f'href="/admin/calendar?site=bordeaux&planning=quais&day={day}"' in text
    text = unescape(manager.get(DAY).text)
    assert 'href="/admin/calendar?site=bordeaux&planning=quais&view=day&day=2026-12-08"' in text


def test_a_day_leads_on_to_its_list_its_sheet_and_its_hours(manager, viewer, docks, do):
    do(full_week.exceptional, date(2026, 12, 10), "Demi-journée", (480, 720, 2))
    links = {
        "/admin/appointments/?from=2026-12-07&to=2026-12-07&site=bordeaux&planning=quais",
        "/admin/sheet?day=2026-12-07&site=bordeaux&planning=quais",
        "/admin/explain?day=2026-12-07&site=bordeaux&planning=quais&rules=staff",
        "/admin/plannings/quais",
    }
    changes = {"/admin/plannings/quais/add/day?day=2026-12-07", "/admin/sites/bordeaux/add/closure"}
    shown = hrefs(manager.get(WEEK))
    assert links | changes <= shown
    assert all(manager.get(link).status_code == 200 for link in links | changes)
    assert (links <= hrefs(viewer.get(WEEK)), changes & hrefs(viewer.get(WEEK))) == (True, set())
    assert "/admin/plannings/quais/days/2026-12-10" in hrefs(manager.get("/admin/calendar?day=2026-12-10"))


def test_no_two_parts_of_a_page_have_one_name(manager, busy):
    for url in (WEEK, DAY, HALF, f"{HALF}&view=day"):
        ids = re.findall(r' id="([^"]+)"', manager.get(url).text)
        assert len(ids) == len(set(ids)), url


def test_a_planning_is_chosen_by_one_field(manager, docks, do):
    do(sample.planning, key="comptoir")
    answer = manager.get("/admin/calendar?place=bordeaux/quais&day=2026-12-07&view=day")
    assert answer.location == "/admin/calendar?site=bordeaux&planning=quais&view=day&day=2026-12-07"
    assert '<option value="bordeaux/quais" selected>' in manager.get(answer.location).text


def test_htmx_gets_the_calendar_alone(manager, docks):
    page = manager.get(WEEK, headers={"HX-Request": "true"})
    assert page.text.lstrip().startswith("<title>")
    assert ('id="calendar"' in page.text, "<html" in page.text) == (True, False)
    assert "HX-Request" in page.headers["Vary"]


def test_now_and_what_is_past_are_marked(manager, docks):
    page = manager.get("/admin/calendar?view=day")  # Tuesday 1 December, 9:00
    assert manager.get("/admin/calendar").text.count('aria-current="time"') == 1
    assert re.findall(r'class="cal-hour (past|) ?(now|)', page.text)[:3] == [("past", ""), ("past", ""), ("", "now")]
    assert booking(page)[0] == "2026-12-01T09:00:00%2B01:00"


@pytest.mark.parametrize(
    ("day", "hours", "there", "absent"),
    [
        ("2027-10-31", "25", ["2:00 (UTC+2)", "2:30 (UTC+2)", "2:00 (UTC+1)", "2:30 (UTC+1)", "3:00"], []),
        ("2027-03-28", "23", ["1:30", "3:00"], ["2:00", "2:30"]),
    ],
)
def test_the_clock_changes(manager, do, day, hours, there, absent):
    do(sample.site)
    do(sample.planning, week=ALWAYS)
    for view in ("week", "day"):
        page = manager.get(f"/admin/calendar?day={day}&view={view}")
        assert f"The clock changes: this day has {hours} hours" in page.text
        named = date.fromisoformat(day).strftime("%A %-d %B")
        for clock in there:
            assert cell(page, re.escape(f"{named}, {clock}")) == ("0 / 2", "")
        for clock in absent:
            assert f"{named}, {clock}, " not in page.text


def test_the_second_of_two_hours_is_booked_as_such(manager, do):
    do(sample.site)
    do(sample.planning, week=ALWAYS)
    starts = booking(manager.get("/admin/calendar?day=2027-10-31&view=day"))
    assert starts[4:8] == [
        f"2027-10-31T{clock}" for clock in
        ("02:00:00%2B02:00", "02:30:00%2B02:00", "02:00:00%2B01:00", "02:30:00%2B01:00")
    ]  # fmt: skip


def test_a_foreign_site_is_not_there(app, do, docks):
    do(sample.site, key="lyon")
    do(sample.planning, key="lyon", sites=("lyon",))
    client = lyonnais(app)
    page = client.get("/admin/calendar")
    assert ("Planning lyon" in page.text, "Bordeaux" in page.text) == (True, False)
    assert client.get("/admin/calendar?site=bordeaux").status_code == 404
    assert client.get("/admin/calendar?site=bordeaux&planning=quais&at=2026-12-07T08:30:00Z").status_code == 404


def lyonnais(app) -> FlaskClient:
    """Log in somebody who works for Lyon alone."""
    client = staff.logged_in(app, "manager", "en")
    with app.app_context(), transaction() as session:
        user = session.query(User).filter_by(email="manager@example.com").one()
        user.every_site = False
        session.add(UserSite(user_id=user.id, site_id=session.query(Site).filter_by(key="lyon").one().id))
    return client


def test_without_a_planning_the_way_to_the_first_is_shown(manager, viewer):
    assert "/admin/add/planning" in manager.get("/admin/calendar").text
    assert "/admin/add/planning" not in viewer.get("/admin/calendar").text


@pytest.mark.on_both
@pytest.mark.parametrize(
    "query",
    [
        "day=tomorrow&at=now&page=x&view=y",
        "day=1970-01-01",
        "day=2999-12-31",
        "at=1970-01-01T00:00:00Z",
        "page=-5&at=2026-12-07T08:30:00%2B01:00",
        "page=99999999999999999999&at=2026-12-07T08:30:00%2B01:00",
        "planning=%00&day=%00&at=%00",
        "at=2026-12-07T08:30:00Z&day=2026-12-09",
    ],
)
def test_an_odd_address_is_answered(manager, busy, query):
    assert manager.get(f"/admin/calendar?{query}").status_code == 200


@pytest.mark.parametrize("url", [WEEK, DAY, HALF, f"{HALF}&view=day"])
def test_it_asks_the_same_of_the_database_whatever_is_booked(manager, docks, do, statements, url):
    manager.get(url)
    with statements(at_most=12) as few:
        manager.get(url)
    starts = [paris("2026-12-07 08:00") + timedelta(hours=hour) for hour in range(4)]
    do(full_week.fill, starts, 2500)
    manager.get(url)  # who was seen is written down now and then
    with statements(at_most=12) as many:
        manager.get(url)
    assert len(few) == len(many)


def test_looking_writes_nothing(manager, busy, no_writes):
    with no_writes():
        for url in (WEEK, DAY, HALF):
            assert manager.get(url).status_code == 200
