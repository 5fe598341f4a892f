"""Calendars of people, rooms and services: what each role finds there, and where it leads."""

from __future__ import annotations

import re
from html import unescape
from itertools import product

import pytest
from flask.testing import FlaskClient

from portal.extensions import transaction
from portal.models import Site, User, UserSite
from portal.operations.actors import Actor
from tests import full_week, sample, staff
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
TEAM = "/admin/calendar?site=bordeaux&view=team&day=2026-12-07"
JEAN = "/admin/calendar?resource=jean&day=2026-12-07"
SERVICE = "/admin/calendar?site=bordeaux&service=evaluation&day=2026-12-07"
PAGES = (TEAM, f"{TEAM}&service=evaluation&kind=staff", JEAN, f"{JEAN}&view=day", f"{JEAN}&service=evaluation", SERVICE)
DETAILS = "/admin/add/service-appointment/evaluation/bordeaux/details"


@pytest.fixture
def agency(do, now) -> None:
    """Make the agency with two people and a room; one appointment with both, one of each."""
    do(sample.agency, people=("jean",), buffer_after=15)
    do(sample.resource, "ryan", plannings=("bureau",), skills={"evaluation": 5}, colour="#2a7dc6")
    do(sample.resource, "salle", "room", name="Salle 4")
    both = {"service": "evaluation", "resources": ("jean", "ryan"), "actor": STAFF}
    do(sample.booked, "2026-12-07 09:00", now=now, number=1, **both)
    do(sample.booked, "2026-12-07 14:00", now=now, number=2, service="evaluation", resources=("ryan",))


def columns(page) -> dict[str, str]:
    """Read what stands under each heading."""
    parts = re.findall(r"<section class=\"tl-column.*?</section>", page.text, re.DOTALL)
    return {unescape(re.search(r"<h2[^>]*><a[^>]*>(.*?)</a>", part)[1]): part for part in parts}


def visits(part: str) -> list[str]:
    return re.findall(r"<strong><a [^>]*>(.*?)</a></strong>", part)


def said(part: str) -> list[str]:
    """Read the stretches: their times and words."""
    found = re.findall(r'<span class="tl-text">([^<]*)</span><span class="tl-time">([^<]*)</span>', part)
    return [text + time for text, time in found]


def bookings(part: str) -> list[str]:
    """Read where the free starts lead."""
    return [unescape(url) for url in re.findall(r'<li class="tl-start[^>]*><a href="([^"]*)"', part)]


def test_everybody_at_a_site_has_a_column(manager, agency):
    page = manager.get(TEAM)
    found = columns(page)
    assert list(found) == ["Jean", "Ryan", "Salle 4"]
    assert [visits(part) for part in found.values()] == [["Chauffeur 1"], ["Chauffeur 1", "Chauffeur 2"], []]
    assert "<span>Ryan</span>" in found["Jean"].replace(swatch(found["Jean"]), "")
    assert 'fill="#2a7dc6"' in found["Ryan"]
    assert said(found["Jean"]) == [
        "Kept free before and after, 10:00 to 10:15",
        "Free, 10:15 until 12:00",
        "Closed, 12:00 until 14:00",
        "Free, 14:00 until 18:00",
    ]
    assert "<title>Monday 7 December 2026" in page.text


def swatch(part: str) -> str:
    found = re.search(r"<svg class=\"swatch\".*?</svg>", part)
    return found[0] if found else ""


def test_a_free_time_leads_to_the_form_that_books_it(agent, agency):
    jean = columns(agent.get(TEAM))["Jean"]
    url = bookings(jean)[0]
    assert url == f"{DETAILS}?with=jean&start=2026-12-07T10:15:00%2B01:00"
    form = agent.get(bookings(columns(agent.get(f"{TEAM}&service=evaluation"))["Jean"])[0])
    assert (form.status_code, "10:30" in form.text, "Jean" in form.text) == (200, True, True)


def test_a_gap_that_is_too_short_for_any_service_is_not_offered(agent, agency, do, now):
    do(sample.booked, "2026-12-07 10:30", now=now, number=3, service="evaluation", resources=("jean",), actor=STAFF)
    jean = columns(agent.get(TEAM))["Jean"]
    assert "Free, 10:15 until 10:30" in said(jean)
    assert bookings(jean)[0].endswith("start=2026-12-07T14:00:00%2B01:00")  # until 12:00 there is no whole hour


def test_where_several_services_are_possible_it_asks_which(agent, agency, do):
    do(sample.service, "conseil", name={"en": "Advice", "fr": "Conseil"}, minutes=30)
    url = bookings(columns(agent.get(TEAM))["Jean"])[1]
    assert "who=jean" in url
    page = agent.get(url)
    assert "Monday 7 December 2026 at 10:30, Jean" in page.text
    links = [unescape(one) for one in re.findall(r'<div class="line-main"><strong><a href="([^"]*)"', page.text)]
    assert links == [
        f"/admin/add/service-appointment/{key}/bordeaux/details?with=jean&start=2026-12-07T10:30:00%2B01:00"
        for key in ("conseil", "evaluation")
    ]
    assert agent.get(links[1]).status_code == 200


def test_a_week_of_one_person_and_one_of_a_service(manager, agency):
    week = columns(manager.get(JEAN))
    assert list(week)[:2] == ["Monday 7 December", "Tuesday 8 December"]
    assert [visits(part) for part in week.values()] == [["Chauffeur 1"], [], [], [], []]
    assert list(columns(manager.get(f"{JEAN}&view=day"))) == ["Monday 7 December"]
    service = columns(manager.get(SERVICE))["Monday 7 December"]
    assert visits(service) == ["Chauffeur 1", "Chauffeur 2"]
    assert bookings(service)[0] == f"{DETAILS}?start=2026-12-07T10:30:00%2B01:00"


def test_kinds_and_services_narrow_down_and_stay_in_the_addresses(manager, agency):
    page = manager.get(f"{TEAM}&kind=room&service=evaluation")
    assert list(columns(page)) == ["Salle 4"]
    after = unescape(
        re.search(r'id="cal-after"', page.text) and re.findall(r'href="([^"]*)"[^>]*id="cal-after"', page.text)[0]
    )
    for kept in ("view=team", "kind=room", "service=evaluation", "site=bordeaux", "day=2026-12-08"):
        assert kept in after


def test_who_only_looks_finds_nothing_to_press(viewer, agency):
    for url in PAGES:
        text = viewer.get(url).text
        for forbidden in ("tl-start", "data-drop", "data-move", "/add/", "/move"):
            assert forbidden not in text, (url, forbidden)


def test_an_appointment_is_opened_and_moved_by_links(manager, agency):
    jean = columns(manager.get(TEAM))["Jean"]
    (move,) = re.findall(r'data-move="(/admin/appointments/\w+/move)"', jean)
    assert f'<a class="cal-move" href="{move}">' in jean
    assert manager.get(move, query_string={"start": "2026-12-07T11:00:00+01:00"}).status_code == 200


def test_every_calendar_is_chosen_by_one_field(manager, agency):
    for place, address in {
        "resource:jean": "resource=jean",
        "team:bordeaux": "site=bordeaux&view=team",
        "service:bordeaux/evaluation": "site=bordeaux&service=evaluation",
    }.items():
        answer = manager.get(f"/admin/calendar?place={place}&day=2026-12-07")
        assert sorted(answer.location.partition("?")[2].split("&")) == sorted(f"{address}&day=2026-12-07".split("&"))
        assert f'<option value="{place}" selected>' in manager.get(answer.location).text


def test_another_day_or_another_one_keeps_what_narrows_it(manager, agency):
    page = manager.get(f"{TEAM}&kind=staff&service=evaluation&whole=1")
    hidden = dict(re.findall(r'<input type="hidden" name="(service|kind|whole)" value="([^"]*)">', page.text))
    assert hidden == {"service": "evaluation", "kind": "staff", "whole": "1"}
    query = "&".join(f"{name}={value}" for name, value in hidden.items())
    for place, kept in {
        "team:bordeaux": {"kind=staff", "service=evaluation", "whole=1"},
        "resource:jean": {"service=evaluation", "whole=1"},
        "service:bordeaux/evaluation": {"whole=1"},
    }.items():
        found = (
            manager.get(f"/admin/calendar?place={place}&day=2026-12-08&{query}").location.partition("?")[2].split("&")
        )
        assert kept <= set(found), place


def test_the_present_is_marked_on_its_day_alone(manager, agency):
    today = TEAM.replace("2026-12-07", "2026-12-01")
    assert '<li class="tl-now h0 m0 ' in manager.get(today).text  # it is nine, and the day begins at nine
    assert "tl-now" not in manager.get(TEAM).text


def test_a_night_adds_its_evening_and_its_morning_to_the_hours_of_others(manager, agency, do, now):
    do(sample.service, "nuit", requires=({"kind": "room"},), minutes=15 * 60)
    do(sample.booked, "2026-12-06 20:00", now=now, number=3, service="nuit", resources=("salle",), actor=STAFF)
    do(sample.booked, "2026-12-07 19:00", now=now, number=4, service="nuit", resources=("salle",), actor=STAFF)
    assert clock_lines(manager.get(TEAM)) == [f"{hour}:00" for hour in range(9, 20)]


def clock_lines(page) -> list[str]:
    return re.findall(r'<li class="[^"]*">(\d+:00)</li>', page.text)


def test_who_has_no_hours_is_said_to_have_none(manager, agency, do):
    do(sample.resource, "marc")
    assert "Nothing is open, and nobody comes." in manager.get("/admin/calendar?resource=marc").text
    assert "Nothing is open" not in manager.get(JEAN).text


def test_what_is_booked_can_be_handed_over_by_a_link(manager, viewer, agency):
    found = columns(manager.get(TEAM))
    (jean,) = re.findall(r'href="(/admin/appointments/\w+/reassign\?of=jean)"', found["Jean"])
    assert 'data-lane="jean"' in found["Jean"]
    assert manager.get(jean).status_code == 200
    assert "reassign" not in viewer.get(TEAM).text


def test_what_is_not_within_ones_sites_is_not_there(app, agency, do):
    do(sample.site, key="lyon")
    do(sample.resource, "marc", sites=("lyon",))
    client = lyonnais(app)
    assert list(columns(client.get("/admin/calendar?view=team"))) == ["Marc"]
    for url in PAGES:
        assert client.get(url).status_code == 404, url


def lyonnais(app) -> FlaskClient:
    """Log in somebody who works for Lyon alone."""
    client = staff.logged_in(app, "manager", "en")
    with app.app_context(), transaction() as session:
        user = session.query(User).filter_by(email="manager@example.com").one()
        user.every_site = False
        session.add(UserSite(user_id=user.id, site_id=session.query(Site).filter_by(key="lyon").one().id))
    return client


def test_without_a_planning_the_people_are_shown(manager, do):
    do(sample.site)
    do(sample.resource, "jean")
    assert list(columns(manager.get("/admin/calendar"))) == ["Jean"]


def test_no_two_parts_of_a_page_have_one_name(manager, agency):
    for url in PAGES:
        ids = re.findall(r' id="([^"]+)"', manager.get(url).text)
        assert len(ids) == len(set(ids)), url


def test_htmx_gets_the_calendar_alone(manager, agency):
    page = manager.get(TEAM, headers={"HX-Request": "true"})
    assert ('id="calendar"' in page.text, "<html" in page.text) == (True, False)


@pytest.mark.parametrize("day", ["2026-10-25", "2027-03-28", "1970-01-01", "2999-12-31", "tomorrow"])
def test_an_odd_day_is_answered(manager, agency, day):
    looked = (
        "site=bordeaux",
        "resource=salle",
        "resource=jean&service=nothing&site=nowhere",
        "resource=%00&at=x&who=y",
    )
    for url, view in product(looked, ("team", "week", "day")):
        query = f"{url}&day={day}&view={view}&kind=staff&kind=nothing&whole=1"
        assert manager.get(f"/admin/calendar?{query}").status_code == 200, query


@pytest.mark.parametrize("url", PAGES)
def test_it_asks_the_same_of_the_database_whatever_is_booked(manager, agency, do, statements, url):
    for _ in range(2):
        manager.get(url)
    with statements(at_most=17) as few:
        manager.get(url)
    do(full_week.fill, [paris("2026-12-07 15:00")], 100, "bureau")
    do(full_week.give_to, "jean")
    for number in range(20):
        do(sample.resource, f"agent-{number}", plannings=("bureau",), skills={"evaluation": 5})
    manager.get(url)
    with statements(at_most=17) as many:
        manager.get(url)
    assert len(few) == len(many)


def test_looking_writes_nothing(manager, agency, no_writes):
    with no_writes():
        for url in PAGES:
            assert manager.get(url).status_code == 200


# Links to subscribe with


def test_a_link_is_shown_copied_and_replaced(manager, client, agency):
    page = manager.get("/admin/feeds/")
    url = re.search(r'id="staff-jean" value="http://[^/]*(/feeds/[^"]*)"', page.text)[1]
    assert client.get(unescape(url)).status_code == 200
    asked = manager.get("/admin/feeds/resources/jean/renew")
    token = re.search(r'name="csrf_token" value="([^"]*)"', asked.text)[1]
    assert manager.post("/admin/feeds/resources/jean/renew", data={"csrf_token": token}).status_code == 303
    assert client.get(unescape(url)).status_code == 404
    assert "Jean has a new link" in manager.get("/admin/feeds/").text


def test_only_managers_see_links(agent, viewer, agency):
    for who in (agent, viewer):
        assert who.get("/admin/feeds/").status_code == 404


def test_a_new_link_stands_in_the_audit_log(admin, agency):
    token = re.search(r'name="csrf_token" value="([^"]*)"', admin.get("/admin/feeds/sites/bordeaux/renew").text)[1]
    admin.post("/admin/feeds/sites/bordeaux/renew", data={"csrf_token": token})
    assert "Calendar link" in admin.get("/admin/audit/").text
