"""Why a slot is not offered: every start of a day, with its reasons in words."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest

from tests import sample
from tests.admin.test_foreign_sites import limited

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


def words(page) -> str:
    return re.sub(r"[\s\u00a0]+", " ", unescape(re.sub(r"<[^>]*>", " ", page.text)))


def test_the_rules_stand_beside_the_reasons(manager, do):
    do(sample.site, policy={"min_notice": "2d", "validation": "manager", "cooling_off": 60, "hold": 10})
    do(sample.planning)
    text = words(manager.get(f"{QUAIS}&day=2026-12-07"))
    assert "Earliest: Thursday 3 December at 9:00, because 2 days of notice are needed." in text
    assert "A manager accepts or declines each booking of the public." in text
    assert "A time is kept for 10 minutes while the form is filled in." in text
    assert "A freed place is kept for those who wait for 1 hour" in text


def test_a_person_is_judged_by_patterns_and_limits(manager, do, now):
    do(sample.site, policy={"email_patterns": ["*@acme.fr", "*@example.com"], "max_per_week": 1})
    do(sample.planning)
    do(sample.booked, "2026-12-08 08:00", now=now)
    someone = manager.get(f"{QUAIS}&day=2026-12-07&email=Chauffeur0@Example.com")
    assert verdicts(someone)["8:00"][2] == "This customer has 1 appointment that week; the limit is 1."
    text = words(someone)
    assert "chauffeur0@example.com fits *@example.com. It is no customer’s yet." in text
    assert "At most 1 appointment a week, from Monday to Sunday. 1 that week." in text
    stranger = verdicts(manager.get(f"{QUAIS}&day=2026-12-07&email=a@apex.fr"))
    assert stranger["8:00"][2] == "No pattern admits this address."


def test_an_address_that_is_none_is_told_beside_its_field(manager, docks):
    page = manager.get(f"{QUAIS}&email=achats&order=")
    assert page.status_code == 422
    assert re.search(r'id="email-error">.*?Enter an e-mail address', page.text, re.DOTALL)
    assert 'value="achats"' in page.text


def test_the_link_of_an_order_is_judged_by_its_days(manager, docks, do):
    do(sample.order)
    do(sample.link, first_day=date(2026, 12, 8), last_day=date(2026, 12, 9), max_active=2)
    page = manager.get("/admin/explain?order=CMD-1042&day=2026-12-07")
    assert verdicts(page)["8:00"][2] == "Outside the days of this link."
    assert "It books from Tuesday 8 December 2026 to Wednesday 9 December 2026. At most 2 to come." in words(page)
    assert "achats@example.com is named by the order, so no pattern binds it." in words(page)
    assert verdicts(manager.get("/admin/explain?order=CMD-1042&day=2026-12-08"))["8:00"][0] == "Yes"


def test_the_planning_of_the_form_gives_way_to_the_one_that_serves_the_order(manager, docks, do):
    do(sample.site, key="lyon")
    do(sample.planning, key="bureau", sites=("lyon",))
    do(sample.order)
    do(sample.link)
    page = manager.get("/admin/explain?site=lyon&planning=bureau&order=CMD-1042&day=2026-12-07")
    assert 'value="bordeaux/quais" selected' in page.text


def test_an_order_without_a_link_says_so_beside_its_field(manager, docks, do):
    do(sample.order)
    page = manager.get(f"{QUAIS}&order=CMD-1042")
    assert page.status_code == 422
    assert re.search(r'id="order-error">.*?has a booking link that can be used', page.text, re.DOTALL)


def test_an_order_of_others_sites_is_as_if_it_were_not_there(app, docks, do):
    do(sample.order)
    do(sample.link)
    do(sample.site, key="lyon")
    do(sample.planning, key="bureau", sites=("lyon",))
    page = limited(app, "viewer").get("/admin/explain?order=CMD-1042")
    assert (page.status_code, "Emballages" in page.text, "achats@" in page.text) == (422, False, False)


def test_every_link_and_planning_leads_here(manager, docks, do):
    do(sample.order)
    do(sample.link)
    number = re.search(
        r'href="(/admin/explain\?order=CMD-1042&amp;link=\d+)"', manager.get("/admin/orders/CMD-1042").text
    )
    assert manager.get(unescape(number[1])).status_code == 200
    assert "/admin/explain?planning=quais" in manager.get("/admin/plannings/").text
    assert "/admin/explain?site=bordeaux&amp;planning=quais" in manager.get("/admin/plannings/quais").text


def test_what_is_asked_goes_along_to_the_next_day(manager, docks):
    page = manager.get(f"{QUAIS}&day=2026-12-07&email=a@acme.fr&at=0830")
    assert (
        "/admin/explain?site=bordeaux&amp;planning=quais&amp;email=a@acme.fr&amp;day=2026-12-08&amp;at=0830"
        in page.text
    )


def test_without_a_planning_it_says_what_to_make(manager):
    assert "make a site and a planning first" in manager.get("/admin/explain").text


def test_it_costs_the_same_whatever_is_booked(manager, docks, do, now, statements):
    manager.get(f"{QUAIS}&day=2026-12-07")
    for number in range(4):
        do(sample.booked, "2026-12-07 14:00", now=now, number=number)
    with statements(at_most=5):  # the session, the company's name, the plannings, the one, and what is taken
        manager.get(f"{QUAIS}&day=2026-12-07")


# Services

VALUATION = "/admin/explain?site=bordeaux&service=evaluation&day=2026-12-07"


@pytest.fixture
def agency(do, now) -> None:
    """Make an agency: Jean is booked on Monday at ten, Léa is away in the morning, Ryan is free; and a room."""
    needs = ({"kind": "staff"}, {"kind": "room", "optional": True})
    do(sample.agency, people=("jean", "ryan"), requires=needs, buffer_after=15, kinds=("supplier",))
    do(sample.resource, "lea", plannings=("bureau",), absences=[("2026-12-07T08:00", "2026-12-07T12:00")])
    do(sample.resource, "salon", "room")
    do(sample.booked, "2026-12-07 10:00", now=now, service="evaluation", people=("jean",))


def contenders(page) -> dict[str, tuple[str, str, str]]:
    table = re.search(r"Who could serve at.*?</table>", page.text, re.DOTALL)
    rows = re.findall(r"<tr><th scope=\"row\"><a[^>]*>(.*?)</a>(.*?)</tr>", table[0] if table else "")
    return {name: tuple(words_of(cell) for cell in re.findall(r"<td>(.*?)</td>", cells)) for name, cells in rows}


def words_of(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", text))).replace("\u00a0", " ").strip()


def test_each_start_of_a_service_names_who_could_serve(manager, agency):
    found = verdicts(manager.get(VALUATION))
    assert found["9:00"] == found["10:00"] == ("Yes", "1", "Ryan")
    assert found["14:00"] == ("Yes", "3", "Jean, Ryan, Lea")
    assert found["11:30"][2].startswith("Outside opening hours")


def test_a_chosen_start_says_what_is_in_the_way_of_each(manager, agency):
    found = contenders(manager.get(f"{VALUATION}&at=10:00"))
    taken = re.compile(r"Taken by [A-Z0-9]{4}-[A-Z0-9]{4}\.")
    assert list(found) == ["Ryan", "Jean", "Lea", "Salon"]
    assert found["Ryan"] == ("Yes", "Person", "")
    assert found["Lea"] == ("No", "Person", "Absent: Congés.")
    assert found["Jean"][:2] == ("No", "Person")
    assert taken.fullmatch(found["Jean"][2])
    assert found["Salon"][:2] == ("No", "Room if one is free")


def test_a_person_can_be_asked_for(manager, agency):
    page = manager.get(f"{VALUATION}&staff=lea&at=10:00")
    assert "Absences leave too few people, rooms or equipment." in words(page)
    assert '<option value="lea" selected>' in page.text
    assert "staff=lea" in re.search(r'href="([^"]*)" rel="next"', page.text)[1]


def test_a_person_who_cannot_serve_is_told_beside_the_field(manager, agency, do):
    do(sample.resource, "alice", "room")
    page = manager.get(f"{VALUATION}&staff=alice")
    assert page.status_code == 422
    assert re.search(r'id="staff-error">.*?cannot be chosen for this service', page.text, re.DOTALL)


def test_the_rules_of_a_service_say_what_it_needs(manager, agency):
    text = words(manager.get(VALUATION))
    assert "1 hour, and 15 minutes around it; a start every 30 min" in text
    assert "Needs 1 person" in text


def test_plannings_and_services_stand_in_the_same_choice(manager, agency):
    page = manager.get(VALUATION)
    assert re.findall(r'<optgroup label="(.*?)">', page.text) == ["Plannings", "Services"]
    assert '<option value="bordeaux/service/evaluation" selected>Property valuation, Bordeaux</option>' in page.text
    asked = manager.get("/admin/explain?place=bordeaux/service/evaluation&day=2026-12-07&staff=jean")
    assert asked.location == "/admin/explain?site=bordeaux&service=evaluation&staff=jean&day=2026-12-07"


def test_every_service_leads_here(manager, agency):
    assert 'href="/admin/explain?service=evaluation"' in manager.get("/admin/services/evaluation").text
    assert manager.get("/admin/explain?service=evaluation").status_code == 200


def test_a_day_on_which_nobody_works_says_so(manager, agency):
    text = manager.get("/admin/explain?site=bordeaux&service=evaluation&day=2026-12-06").text
    assert "nobody who could serve has hours then" in text


def test_the_link_of_an_order_is_judged_for_the_service_that_is_chosen(manager, agency, do):
    do(sample.planning)
    do(sample.order)
    do(sample.link)
    page = manager.get(f"{VALUATION}&order=CMD-1042")
    assert 'value="bordeaux/service/evaluation" selected' in page.text
    assert verdicts(page)["10:00"][0] == "Yes"


def test_appointments_at_others_sites_have_no_name(app, agency, do, now):
    do(sample.site, key="lyon")
    do(sample.resource, "mia", plannings=("bureau",), sites=("bordeaux", "lyon"))
    do(sample.service, "conseil", sites=("lyon",))
    do(sample.booked, "2026-12-07 11:00", now=now, service="evaluation", people=("mia",))
    viewer = limited(app, "viewer")
    asked = "/admin/explain?site=lyon&service=conseil&day=2026-12-07&at=11:00"
    assert contenders(viewer.get(asked))["Mia"][2] == "Taken at another site."
    assert viewer.get(VALUATION).status_code == 404


def test_a_service_costs_the_same_whoever_is_booked(manager, agency, do, now, statements):
    manager.get(f"{VALUATION}&at=10:00")
    do(sample.booked, "2026-12-07 10:00", now=now, service="evaluation")
    with statements(at_most=13):
        manager.get(f"{VALUATION}&at=10:00")
