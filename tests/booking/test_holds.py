"""Choosing a slot keeps its place while the form is open, where the policy says so: all without scripts."""

from __future__ import annotations

import pytest

from portal.extensions import reading
from portal.models import Allocation, Appointment
from portal.operations import cards
from tests import sample
from tests.booking.pages import PLANNING
from tests.sample import paris

TUESDAY = f"{PLANNING}?lang=fr&day=2026-12-08"
CHAUFFEUR = {"email": "chauffeur@example.com", "name": "Camille Roy"}
ONE_PLACE = dict.fromkeys(range(1, 6), ((480, 720, 1),))
LOST = "Ce créneau vient d’être pris"


@pytest.fixture
def docks(do):
    do(sample.docks, policy={"hold": 10}, week=ONE_PLACE)


@pytest.fixture
def kept(portal, docks):
    """Choose Tuesday, 8 o'clock, and come to the form."""
    return portal.follow(portal.open(TUESDAY).press("8 h"))


def held():
    with reading() as session:
        rows = session.query(Allocation.starts_at, Allocation.taken_until).filter_by(role="held").all()
        return [tuple(row) for row in rows]


def count():
    with reading() as session:
        return session.query(Appointment).count()


def free_hours(page):
    return [
        " ".join(one.name.split())[:6] for one in page.buttons if "start" in one.adds and "décembre" not in one.name
    ]


def test_looking_holds_nothing(portal, docks, no_writes):
    with no_writes():
        for url in (TUESDAY, f"{PLANNING}/details?start=2026-12-08T08:00:00%2B01:00", f"{PLANNING}/hold"):
            portal.open(url)
            portal.open(url)


def test_choosing_a_slot_keeps_its_place_and_says_until_when(portal, kept, do, clock):
    assert kept.status == 200
    assert "Votre place est gardée jusqu’à 9 h 10." in kept.text
    assert do(held) == [(paris("2026-12-08 08:00"), clock.now.replace(minute=10))]
    assert "8 h 30" in portal.open(TUESDAY).text
    assert [one for one in free_hours(portal.open(TUESDAY)) if one.startswith("8 h")] == []


def test_a_reload_and_back_hold_no_more(portal, kept, do):
    url = kept.response.request.full_path
    portal.open(url)
    portal.open(url)
    assert len(do(held)) == 1


def test_the_form_books_what_it_kept(portal, kept, do):
    page = portal.follow(kept.send(**CHAUFFEUR))
    assert "Rendez-vous confirmé" in page.title
    assert (do(held), do(count)) == ([], 1)
    assert do(cards.by_token, page.response.request.path.split("/")[2]).start == paris("2026-12-08 08:00")


def test_a_double_click_on_a_slot_keeps_one_place(portal, docks, do):
    page = portal.open(TUESDAY)
    first, second = page.press("8 h"), page.press("8 h")
    assert first.response.headers["Location"] == second.response.headers["Location"]
    assert len(do(held)) == 1


def test_another_slot_of_the_same_page_replaces_the_first(portal, docks, do):
    page = portal.open(TUESDAY)
    page.press("8 h")
    page.press("10 h")
    assert [start for start, _until in do(held)] == [paris("2026-12-08 10:00")]


def test_choosing_another_time_gives_the_place_back_only_when_one_is_chosen(portal, kept, do):
    days = portal.open(kept.link("Choisir un autre créneau"))
    assert any(hour.startswith("8 h") for hour in free_hours(days))  # to its own form it is free
    portal.follow(days.press("10 h"))
    assert [start for start, _until in do(held)] == [paris("2026-12-08 10:00")]


def test_it_is_kept_longer_and_nothing_typed_is_lost(portal, kept, do, clock):
    clock.ahead(minutes=8)
    longer = kept.press("Garder ma place plus longtemps", name="Camille", comment="Camion")
    assert longer.status == 200
    assert "jusqu’à 9 h 18" in longer.text
    assert (longer.form.values["name"], longer.form.values["comment"]) == ("Camille", "Camion")
    assert "à corriger" not in longer.text
    assert len(do(held)) == 1
    clock.ahead(minutes=9)
    assert "Rendez-vous confirmé" in portal.follow(longer.send(**CHAUFFEUR)).title


def test_enter_in_a_field_books_and_does_not_keep(kept):
    first = next(one for one in kept.buttons if one.form is kept.form)
    assert first.adds == {}


def test_past_its_time_it_says_so_and_can_be_kept_again(portal, kept, do, clock):
    clock.ahead(minutes=10)
    page = portal.open(kept.response.request.full_path)
    assert "Votre place n’est pas encore gardée." in page.text
    again = page.press("Garder ma place pendant 10 minutes")
    assert "jusqu’à 9 h 20" in again.text


def test_past_its_time_the_booking_goes_on_while_the_place_is_free(portal, kept, clock):
    clock.ahead(minutes=10)
    assert "Rendez-vous confirmé" in portal.follow(kept.send(**CHAUFFEUR)).title


def test_past_its_time_and_sold_the_nearest_times_are_offered(portal, kept, do, clock):
    do(sample.booked, "2026-12-08 08:00", now=clock.ahead(minutes=10))
    for page in (kept.send(**CHAUFFEUR), kept.press("Garder ma place plus longtemps", **CHAUFFEUR)):
        assert page.status == 409
        assert LOST in page.text
        assert "Créneaux libres les plus proches" in page.text
        assert page.form.values["name"] == "Camille Roy"


def test_a_slot_that_is_lost_before_it_is_chosen_shows_the_nearest_times(portal, docks, do, now):
    page = portal.open(TUESDAY)
    do(sample.booked, "2026-12-08 08:00", now=now)
    lost = portal.follow(page.press("8 h"))
    assert lost.status == 409
    assert "hold=" not in lost.response.request.full_path
    assert do(held) == []


def test_the_first_free_time_is_a_button_too(portal, docks, do):
    page = portal.open(f"{PLANNING}?lang=fr")
    assert "jusqu’à" in portal.follow(page.press("mardi 1er décembre à 9")).text


def test_a_day_that_htmx_asks_for_has_buttons_of_the_page_s_form(portal, docks):
    page = portal.fragment(TUESDAY)
    assert page.buttons
    assert {one.of for one in page.buttons} == {"keep"}
    assert page.forms == []


def test_where_nothing_is_kept_slots_are_links(portal, do):
    do(sample.docks)
    page = portal.open(TUESDAY)
    assert page.slot("8 h")
    assert [one for one in page.buttons if "start" in one.adds] == []
    assert "gardée" not in portal.open(page.slot("8 h")).text


def test_the_pages_of_a_hold_are_kept_by_nobody(kept):
    assert kept.response.headers["Cache-Control"] == "no-store"
    assert kept.response.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_an_unsigned_choice_keeps_nothing_and_still_goes_on(portal, docks, do):
    answer = portal.post(f"{PLANNING}/hold?lang=fr", {"start": "2026-12-08T08:00:00+01:00"})
    assert portal.follow(answer).status == 200
    assert do(held) == []


def test_a_robot_that_fills_in_everything_keeps_nothing(portal, docks, do):
    portal.open(TUESDAY).press("8 h", website="https://evil.example")
    assert do(held) == []


@pytest.mark.parametrize("start", ["", "x", "2026-12-08T08:30", "9999-12-31T23:59:59-23:00"])
def test_an_unreadable_start_goes_back_to_the_days(portal, docks, do, start):
    page = portal.open(TUESDAY)
    form = next(one for one in page.forms if one.id == "keep")
    answer = portal.post(form.action, {**form.values, "start": start})
    assert answer.response.headers["Location"].startswith(PLANNING)
    assert do(held) == []


@pytest.mark.on_both
@pytest.mark.parametrize("hold", ["x", "A" * 54, "%00", "é"])
def test_an_address_with_a_forged_hold_is_as_one_without(portal, docks, hold):
    page = portal.open(f"{PLANNING}/details?start=2026-12-08T08:00:00%2B01:00&lang=fr&hold={hold}")
    assert page.status == 200
    assert "Votre place n’est pas encore gardée." in page.text


def test_one_visitor_holds_so_many_an_hour(make_app, docks, do):
    client = make_app(ratelimit_public="100000 per minute").test_client()
    answers = []
    for number in range(61):
        page = client.get(TUESDAY).text
        token = page.split('name="token" value="')[1].split('"')[0]
        sent = {"token": token, "start": "2026-12-08T08:00:00+01:00", "website": ""}
        forged = f"?hold={'A' * 54}" if number % 2 else ""
        answers.append(client.post(f"{PLANNING}/hold{forged}", data=sent).status_code)
    assert answers == [303] * 60 + [429]


def test_an_unknown_planning_holds_nothing(portal, docks):
    assert portal.post("/book/bordeaux/planning/nowhere/hold", {"start": "2026-12-08T08:00:00+01:00"}).status == 404


# Links


@pytest.fixture
def link(docks, do):
    do(sample.order)
    return str(do(sample.link))


def test_a_link_keeps_places_too(portal, link, do):
    page = portal.follow(portal.open(f"/b/{link}?lang=fr&day=2026-12-08").press("8 h"))
    assert "Votre place est gardée jusqu’à 9 h 10." in page.text
    days = portal.open(page.link("Choisir un autre créneau"))
    assert any(hour.startswith("8 h") for hour in free_hours(days))
    confirmed = portal.follow(page.send())
    assert "Rendez-vous confirmé" in confirmed.title
    assert (do(held), do(count)) == ([], 1)


def test_a_link_keeps_a_place_longer(portal, link, do, clock):
    page = portal.follow(portal.open(f"/b/{link}?lang=fr&day=2026-12-08").press("8 h"))
    clock.ahead(minutes=5)
    assert "jusqu’à 9 h 15" in page.press("Garder ma place plus longtemps").text
    assert len(do(held)) == 1


def test_a_link_that_opens_nothing_holds_nothing(portal, docks, do):
    assert portal.post("/b/x/hold", {"start": "2026-12-08T08:00:00+01:00"}).status == 404
