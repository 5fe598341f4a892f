"""Sites in the browser: where they are, and closures that are looked at first."""

from __future__ import annotations

import re
from datetime import date

import pytest

from portal.operations import sites
from tests import sample, staff
from tests.admin.conftest import form_of

PAGE = "/admin/sites/bordeaux"
CLOSE = f"{PAGE}/add/closure"


def field(response, name):
    found = re.search(rf'<input[^>]* id="{name}"[^>]* value="([^"]*)"', response.text)
    return found[1] if found else None


def test_the_list_names_every_site(manager, docks):
    text = manager.get("/admin/sites/").text
    assert "12 quai des Chartrons" in text
    assert "Planning quais" in text


def test_the_list_costs_the_same_however_long_it_is(manager, do, statements):
    for number in range(6):
        do(sample.site, key=f"site-{number}")
    with statements(at_most=6):  # the session, the company's name, and four for the list
        assert manager.get("/admin/sites/").text.count("<h2>") == 6


def test_many_sites_are_searched_and_paged(manager, do):
    for number in range(53):
        do(sample.site, key=f"site-{number:02}")
    first = manager.get("/admin/sites/").text
    assert (first.count("<h2>"), "Page 1 of 2" in first) == (50, True)
    assert manager.get("/admin/sites/?page=9").text.count("<h2>") == 3
    assert manager.get("/admin/sites/?q=SITE-07").text.count("<h2>") == 1
    assert "No site matches." in manager.get("/admin/sites/?q=Nîmes").text


def test_a_site_is_saved(manager, docks, send, do):
    saved = send(manager, PAGE, name="Bordeaux Nord")
    assert (saved.status_code, saved.location) == (303, PAGE)
    assert "The site is saved." in manager.get(PAGE).text
    assert do(sites.read, "bordeaux").name == "Bordeaux Nord"


def test_the_rules_of_booking_stay_when_the_site_is_saved(manager, send, do):
    do(sample.site, policy={"max_days": 30})
    send(manager, PAGE, name="Bordeaux Nord")
    assert do(sites.read, "bordeaux").policy == {"max_days": 30}


def test_the_page_leads_to_how_the_site_is_booked(manager, viewer, docks):
    for client in (manager, viewer):
        assert f'href="{PAGE}/process"' in client.get(PAGE).text


def test_coordinates_may_have_a_comma(manager, docks, send, do):
    send(manager, PAGE, latitude="44,85", longitude="-0.57")
    assert (do(sites.read, "bordeaux").latitude, do(sites.read, "bordeaux").longitude) == (44.85, -0.57)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("name", "", "Enter a name."),
        ("timezone", "Bordeaux", "This is not a known time zone."),
        ("email", "quais", "Enter an e-mail address"),
        ("latitude", "91", "Enter a number from -90 to 90."),
        ("latitude", "north", "Enter a number."),
        ("latitude", "44", "Enter both latitude and longitude, or neither."),
        ("holidays", "france", "Write a country such as FR"),
        ("phone", "0" * 41, "Shorten this number."),
    ],
)
def test_what_is_wrong_is_told_and_nothing_typed_is_lost(manager, docks, send, do, name, value, text):
    before = do(sites.read, "bordeaux")
    refused = send(manager, PAGE, address="Quai neuf", **{name: value})
    assert refused.status_code == 422
    assert text in refused.text
    assert field(refused, "address") == "Quai neuf"
    assert do(sites.read, "bordeaux") == before


def test_somebody_elses_change_is_told_and_ones_own_kept(manager, docks, send, do):
    mine = form_of(manager.get(PAGE), PAGE)
    send(manager, PAGE, phone="05 56 00 00 00")
    refused = manager.post(PAGE, data={**mine, "address": "Quai neuf"})
    assert refused.status_code == 409
    assert "Telephone: saved is “05 56 00 00 00”, yours is “05 56 00 10 42”." in refused.text
    assert field(refused, "address") == "Quai neuf"
    assert manager.post(PAGE, data=form_of(refused, PAGE)).status_code == 303


def test_a_site_is_made(manager, docks, send, do):
    made = send(manager, "/admin/add/site", name="Lyon", key="lyon", holidays="fr")
    assert made.location == "/admin/sites/lyon"
    assert do(sites.read, "lyon").holidays == "FR"


@pytest.mark.parametrize("key", ["bordeaux", "Lyon", "planning", "a/b", ""])
def test_a_key_is_free_and_fits_into_an_address(manager, docks, send, key):
    assert send(manager, "/admin/add/site", name="Lyon", key=key).status_code == 422


@pytest.mark.parametrize(
    "path", ["/admin/sites/nowhere", "/admin/sites/nowhere/add/closure", f"{PAGE}/closures/7/delete"]
)
def test_what_is_not_there_is_not_found(manager, docks, path):
    assert manager.get(path).status_code == 404


# Closures


def test_a_closure_is_added_and_deleted(manager, docks, send, do):
    closed = send(manager, CLOSE, first="2026-12-24", last="2026-12-26", label="Inventaire", save="1")
    assert closed.location == f"{PAGE}#closures"
    (closure,) = do(sites.read, "bordeaux").closures
    assert (closure.first, closure.last, closure.label) == (date(2026, 12, 24), date(2026, 12, 26), "Inventaire")
    page = manager.get(PAGE).text
    assert "Thursday 24 December 2026 to Saturday 26 December 2026 (Inventaire)" in page
    assert send(manager, f"{PAGE}/closures/{closure.id}/delete").status_code == 303
    assert do(sites.read, "bordeaux").closures == ()


def test_a_closure_without_an_end_is_one_day(manager, docks, send, do):
    send(manager, CLOSE, first="2026-12-24", save="1")
    assert do(sites.read, "bordeaux").closures[0].last == date(2026, 12, 24)


def test_who_is_expected_can_be_seen_without_closing(manager, docks, send, do):
    seen = send(manager, CLOSE, first="2026-12-24")
    assert (seen.status_code, "Nobody is expected then." in seen.text) == (200, True)
    assert do(sites.read, "bordeaux").closures == ()


def test_who_is_expected_is_shown_before_it_is_closed(manager, docks, send, do, now):
    do(sample.booked, "2026-12-24 09:00", now=now)
    refused = send(manager, CLOSE, first="2026-12-24", label="Inventaire", save="1")
    assert refused.status_code == 422
    assert "1 appointment is expected then" in refused.text
    assert "Chauffeur 0" in refused.text
    assert manager.post(CLOSE, data={**form_of(refused, CLOSE), "save": "1"}).status_code == 303


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ("", "", "Enter a date."),
        ("2026-12-24", "2026-12-23", "The last day comes before the first."),
        ("soon", "", "Enter a date"),
    ],
)
def test_a_closure_has_days(manager, docks, send, first, last, text):
    refused = send(manager, CLOSE, first=first, last=last, label="Inventaire", save="1")
    assert (refused.status_code, text in refused.text, field(refused, "label")) == (422, True, "Inventaire")


def test_a_viewer_sees_a_site_and_cannot_change_it(viewer, docks):
    page = viewer.get(PAGE)
    assert "Save the site" not in page.text
    assert viewer.post(PAGE, data=form_of(page, PAGE)).status_code == 404


# Another zone, other holidays, other people's sites


def test_another_zone_is_looked_at_before_it_is_saved(manager, docks, send, do, now):
    do(sample.booked, "2026-12-24 09:00", now=now)
    asked = send(manager, PAGE, timezone="Europe/London")
    assert asked.status_code == 422
    assert "1 appointment to come keeps its instant" in asked.text
    assert do(sites.read, "bordeaux").timezone == "Europe/Paris"
    assert manager.post(PAGE, data=form_of(asked, PAGE)).status_code == 303
    assert do(sites.read, "bordeaux").timezone == "Europe/London"


def test_holidays_name_who_is_expected_then(manager, docks, send, do, now):
    do(sample.booked, "2026-12-25 09:00", now=now)
    asked = send(manager, PAGE, holidays="FR")
    assert (asked.status_code, "1 appointment is on a day that will be closed." in asked.text) == (422, True)
    assert "Chauffeur 0" in asked.text
    assert manager.post(PAGE, data=form_of(asked, PAGE)).status_code == 303


def test_what_meets_nobody_is_saved_at_once(manager, docks, send):
    assert send(manager, PAGE, timezone="Europe/London", holidays="FR").status_code == 303


def test_an_unknown_calendar_is_refused_before_anybody_is_looked_for(manager, docks, send, do, now):
    do(sample.booked, "2026-12-25 09:00", now=now)
    assert send(manager, PAGE, holidays="XX", timezone="Europe/London").status_code == 422


def test_those_who_work_for_some_sites_see_these_and_make_none(app, do, docks):
    do(sample.site, key="lyon")
    client = staff.logged_in(app, "manager", "en")
    do(staff.works_for, "manager", "lyon")
    listed = client.get("/admin/sites/").text
    assert ("Lyon" in listed, "/sites/bordeaux" in listed, "New site" in listed) == (True, False, False)
    assert client.get("/admin/add/site").status_code == 404
    assert client.get(PAGE).status_code == 404
    assert client.get("/admin/sites/lyon").status_code == 200
