"""Services in the hands of the staff: listed, made, changed row by row, saved when what it means was seen."""

from __future__ import annotations

import re

import pytest

from portal.domain.matching import Requirement
from portal.extensions import reading, transaction
from portal.models import OutboxMessage, Skill
from portal.operations import appointments, service_groups, services
from tests import sample
from tests.admin.conftest import form_of
from tests.admin.test_foreign_sites import limited
from tests.backends import NOW

PAGE = "/admin/services/evaluation"
NEW = "/admin/add/service"
LIST = "/admin/services/"
GROUPS = "/admin/service-groups/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def agency(do) -> None:
    do(sample.agency)

    def skills() -> None:
        with transaction() as session:
            session.add(Skill(key="evaluation", name={"fr": "Évaluation", "en": "Valuation"}))

    do(skills)


def plan(do, key: str = "evaluation") -> services.Plan:
    return services.plan_of(do(services.read, key))


def words(response) -> str:
    return re.sub(r"(?:<[^>]*>|\s)+", " ", response.text)


def booked(do) -> None:
    do(appointments.book, sample.wish("2026-12-07 09:00", service="evaluation"), now=NOW)


# The list


def test_the_list_says_what_each_takes_and_needs(manager, agency, do, send):
    booked(do)
    rows = {"needs-0-skills-0-skill": "evaluation", "needs-0-skills-0-level": "2"}
    asked = send(manager, PAGE, save="1", _more=rows)
    assert manager.post(PAGE, data={**form_of(asked, PAGE), "save": "1"}).status_code == 303
    text = words(manager.get(LIST))
    assert "Property valuation" in text
    assert "1 hour · In person" in text
    assert "Needs: 1 person (Valuation from level 2 on)" in text
    assert "1 appointment to come" in text


def test_the_list_is_searched_and_filtered(manager, agency, do):
    do(service_groups.create, "ventes", {"fr": "Ventes"}, now=NOW)
    assert "Property valuation" in manager.get(f"{LIST}?q=VALUATION&site=bordeaux&group=-&active=yes").text
    for query in ("q=nothing", "group=ventes", "active=no"):
        assert "No service matches." in manager.get(f"{LIST}?{query}").text


def test_the_list_costs_the_same_however_long_it_is(manager, agency, do, statements):
    for number in range(5):
        do(sample.service, f"visite-{number}")
    manager.get(LIST)
    with statements(at_most=10):
        manager.get(LIST)


def test_without_any_it_says_what_to_do(manager, do):
    do(sample.site)
    assert "No service yet." in manager.get(LIST).text


# Making and changing


def test_a_service_is_made_and_says_who_fits(manager, agency, send, do):
    made = send(manager, NEW, name_fr="Visite", name_en="Viewing", key="visite", planning="bureau", save="1")
    assert (made.status_code, made.location) == (303, "/admin/services/visite")
    assert plan(do, "visite").name == {"fr": "Visite", "en": "Viewing"}
    assert plan(do, "visite").sites == ("bordeaux",)
    assert "nobody and nothing but a place in the planning" in manager.get("/admin/services/visite").text


def test_every_field_comes_back_as_it_was_saved(manager, agency, send, do):
    do(service_groups.create, "ventes", {"fr": "Ventes"}, now=NOW)
    given = {
        "name_fr": "Estimation",
        "price_fr": "dès 90 €",
        "description_en": "An hour.",
        "instructions_fr": "Sonnez.",
        "group": "ventes",
        "mode": "video",
        "planning": "bureau",
        "minutes": "45",
        "step": "15",
        "buffer_before": "5",
        "buffer_after": "10",
        "kinds": ["customer", "supplier"],
        "guests": None,
        "quantity": "y",
        "unit": "night",
        "since": "16:00",
        "until": "10:30",
    }
    rows = {
        "needs-0-count": "2",
        "needs-0-skills-0-skill": "evaluation",
        "needs-0-skills-0-level": "3",
        "needs-0-features": "anglais, permis",
        "needs-0-optional": "y",
    }
    assert send(manager, PAGE, save="1", _more=rows, **given).status_code == 303
    saved = plan(do)
    assert saved.requires == (
        Requirement("staff", 2, {"evaluation": 3}, None, frozenset({"anglais", "permis"}), optional=True),
    )
    assert saved.reservation.as_mapping() == {"quantity": True, "unit": "night", "from": "16:00", "until": "10:30"}
    assert (saved.kinds, saved.guests, saved.group) == (("customer", "supplier"), False, "ventes")
    assert send(manager, PAGE, save="1").status_code == 303
    assert plan(do) == saved


def test_rows_come_and_go_by_buttons_and_nothing_typed_is_lost(manager, agency, send):
    page = send(manager, PAGE, press="add-room", name_fr="Estimée", minutes="x")
    assert page.status_code == 200
    shown = form_of(page, PAGE)
    assert (shown["name_fr"], shown["minutes"]) == (["Estimée"], ["x"])
    assert (shown["needs-0-kind"], shown["needs-1-kind"]) == (["staff"], ["room"])
    shown = form_of(manager.post(PAGE, data={**shown, "needs-1-persons": "4", "press": "skill-0"}), PAGE)
    assert {"needs-0-skills-1-level", "needs-1-persons"} <= set(shown)
    shown = form_of(manager.post(PAGE, data={**shown, "press": "clear-0"}), PAGE)
    assert (shown["needs-0-kind"], shown["needs-0-persons"], shown["name_fr"]) == (["room"], ["4"], ["Estimée"])
    assert "needs-1-kind" not in shown


def test_no_more_rows_than_can_be_are_added(manager, agency, send):
    shown = form_of(manager.get(PAGE), PAGE)
    for _number in range(10):
        shown = form_of(manager.post(PAGE, data={**shown, "press": "add-asset"}), PAGE)
    assert "needs-7-kind" in shown
    assert "needs-8-kind" not in shown
    assert manager.post(PAGE, data={**shown, "press": "clear-99"}).status_code == 200
    assert manager.post(PAGE, data={**shown, "press": "add-ship"}).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"name_fr": ""}, "Enter a name."),
        ({"minutes": "0"}, "Enter a number of minutes from 1 to 1440."),
        ({"buffer_after": ""}, "Enter a whole number."),
        ({"sites": None}, "Choose at least one site."),
        ({"sites": "lyon"}, "Choose one of the values offered."),
        ({"planning": "nowhere"}, "Choose one of the values offered."),
        ({"mode": "smoke"}, "Choose one of the values offered."),
        ({"since": "soon"}, "Enter a time as hours and minutes."),
        ({"needs-0-count": "99"}, "Need 1: Enter a number from 1 to 20."),
        ({"needs-0-kind": "ship"}, "Need 1: Choose one of the values offered."),
        ({"needs-0-features": "x" * 90}, "Need 1: Shorten this text."),
        (
            {"needs-0-skills-0-skill": "evaluation", "needs-0-skills-0-level": "11"},
            "Need 1: Enter a number from 0 to 10.",
        ),
        ({"needs-0-kind": None, "needs-0-count": None}, "Say what it needs"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_nothing_is_saved(manager, agency, do, wrong, text):
    before = plan(do)
    values = {**form_of(manager.get(PAGE), PAGE), "price_fr": "dès 80 €", "save": "1", **wrong}
    if text == "Say what it needs":
        values = {name: value for name, value in values.items() if not name.startswith("needs-")}
    refused = manager.post(PAGE, data={name: value for name, value in values.items() if value is not None})
    assert refused.status_code == 422
    assert text in refused.text
    assert form_of(refused, PAGE)["price_fr"] == ["dès 80 €"]
    assert plan(do) == before


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("evaluation", "Another service has this key."),
        ("planning", "This word is taken."),
        ("A b", "Use small letters, digits and hyphens only."),
    ],
)
def test_a_key_must_be_free(manager, agency, send, key, text):
    refused = send(manager, NEW, name_fr="Visite", key=key, planning="bureau", save="1")
    assert refused.status_code == 422
    assert text in refused.text


def test_a_copy_begins_like_the_other_one(manager, agency):
    shown = form_of(manager.get(f"{NEW}?like=evaluation"), NEW)
    assert (shown["needs-0-kind"], shown["minutes"], shown["sites"]) == (["staff"], ["60"], ["bordeaux"])


# Before saving


def test_a_longer_service_says_first_how_many_keep_theirs(manager, agency, send, do):
    booked(do)
    asked = send(manager, PAGE, minutes="90", buffer_after="30", save="1")
    assert asked.status_code == 422
    assert "1 appointment to come keeps its length and the time around it." in asked.text
    assert "Chauffeur 0" in asked.text
    assert plan(do).minutes == 60
    assert manager.post(PAGE, data={**form_of(asked, PAGE), "save": "1"}).status_code == 303
    assert plan(do).minutes == 90


def test_who_types_sees_who_fits_at_once(manager, agency, do):
    values = {**form_of(manager.get(PAGE), PAGE), "needs-0-skills-0-skill": "evaluation", "needs-0-skills-0-level": "6"}
    live = manager.post(PAGE, data=values, headers=HTMX)
    assert live.status_code == 200
    assert live.text.lstrip().startswith('<aside class="panel stack" id="panel"')
    assert "1 person (Valuation from level 6 on)" in live.text
    assert "Nobody can do this here." in live.text
    fine = manager.post(PAGE, data={**values, "needs-0-skills-0-level": "5"}, headers=HTMX)
    assert "Jean, Lea, Ryan" in fine.text
    assert "Nobody can do this here." not in fine.text


def test_people_without_hours_and_plannings_elsewhere_are_warned_of(manager, agency, do, send):
    do(sample.site, key="lyon")
    do(sample.resource, "paul", sites=("lyon",))
    text = words(send(manager, PAGE, sites=["lyon"], planning="bureau"))
    assert "Those who could have no opening hours: give them a planning." in text
    assert "Paul has no opening hours." in text
    assert "The planning “Planning bureau” does not apply to this site." in text
    assert "2 pieces" not in text
    assert "Needs 2, and 1 fit." in words(send(manager, PAGE, sites=["lyon"], _more={"needs-0-count": "2"}))


def test_who_saves_after_somebody_else_sees_what_differs(manager, agency, send, do):
    mine = form_of(manager.get(PAGE), PAGE)
    send(manager, PAGE, minutes="90", save="1", press="", _more={"needs-0-count": "2"})
    refused = manager.post(PAGE, data={**mine, "price_fr": "80 €", "save": "1"})
    assert refused.status_code == 409
    text = words(refused)
    assert "Length (minutes): saved is “90”, yours is “60”." in text
    assert "What it needs: saved is “2 people”, yours is “1 person”." in text
    assert manager.post(PAGE, data={**form_of(refused, PAGE), "save": "1"}).status_code == 303
    assert (plan(do).minutes, plan(do).price) == (60, {"fr": "80 €"})


# Rules and questions


def test_own_rules_of_a_service_are_saved_told_and_given_back(manager, agency, send, do):
    rules = f"{PAGE}/rules"
    given = {
        "modes_first": "staff_service",
        "modes_others": ["service", "service_staff"],
        "distribution_rule": "fair",
        "distribution_days": "7",
        "max_per_day": "1",
    }
    assert send(manager, rules, save="1", **given).location == f"{PAGE}#rules"
    assert do(services.read, "evaluation").policy == {
        "modes": ["staff_service", "service", "service_staff"],
        "distribution": {"rule": "fair", "days": 7},
        "max_per_day": 1,
    }
    page = words(manager.get(PAGE))
    assert "Customers choose first the person, then the service" in page
    assert "Who is given an appointment who has the fewest appointments" in page
    text = words(manager.get(rules))
    assert "It goes to the one with the fewest appointments within 7 days before or after." in text
    assert "The site says: Bordeaux : whose time is booked least." in text
    assert send(manager, rules, save="1").status_code == 303
    assert do(services.read, "evaluation").policy["modes"] == ["staff_service", "service", "service_staff"]
    emptied = {**dict.fromkeys(given, ""), "modes_others": None}
    assert send(manager, rules, save="1", **emptied).status_code == 303
    assert do(services.read, "evaluation").policy == {}


def test_a_planning_knows_no_rule_of_who_serves(manager, agency):
    assert "distribution_rule" not in manager.get("/admin/plannings/bureau/rules").text


def test_questions_are_written_by_the_editor_of_plannings(manager, agency, send, do):
    add = f"{PAGE}/add/field?type=number"
    made = send(manager, add, _action=add, label_fr="Surface", label_en="Surface", lowest="1")
    assert made.location == f"{PAGE}/fields"
    assert [one.key for one in do(services.read, "evaluation").card.questions] == ["surface"]
    page = manager.get(f"{PAGE}/fields")
    assert "Surface" in page.text
    assert 'href="/admin/services/evaluation/fields/surface"' in page.text
    removed = send(manager, f"{PAGE}/fields/surface/delete")
    assert removed.status_code == 303
    card = do(services.read, "evaluation").card
    assert ([one.key for one in card.questions], [one.key for one in card.ever_asked]) == ([], ["surface"])


# Groups


def test_groups_are_made_named_ordered_and_deleted(manager, agency, send, do):
    for key in ("ventes", "conseil"):
        made = send(manager, "/admin/add/service-group", key=key, name_fr=key.capitalize(), name_en=f"{key} (en)")
        assert made.location == GROUPS
    assert send(manager, "/admin/service-groups/conseil", name_en="Advice").location == GROUPS
    assert send(manager, GROUPS, _action="/admin/service-groups/conseil/move", to="up").location == GROUPS
    assert [one.named("en") for one in do(service_groups.all_groups)] == ["Advice", "ventes (en)"]
    assert send(manager, "/admin/service-groups/ventes/delete").location == GROUPS
    send(manager, PAGE, group="conseil", save="1")
    assert "1 service" in words(manager.get(GROUPS))
    assert manager.get("/admin/service-groups/conseil/delete").status_code == 404
    refused = send(manager, "/admin/add/service-group", key="conseil", name_fr="Autre")
    assert (refused.status_code, "Another group has this key." in refused.text) == (422, True)
    nameless = send(manager, "/admin/service-groups/conseil", name_fr="")
    assert (nameless.status_code, "Enter a name." in nameless.text) == (422, True)


# Who sees it


def test_a_viewer_looks_and_changes_nothing(viewer, agency):
    text = viewer.get(PAGE).text
    assert ("<fieldset disabled" in text, "Save the service" in text, "Add people" in text) == (True, False, False)


def test_what_is_shared_with_another_site_is_seen_and_not_changed(app, agency, do, no_writes):
    do(sample.site, key="lyon")
    do(sample.service, "visite", sites=("bordeaux", "lyon"))
    client = limited(app, "manager")
    assert client.get(PAGE).status_code == 404
    assert "<fieldset disabled" in client.get("/admin/services/visite").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/admin/account").text)[1]
    with no_writes():
        for path in ("", "/rules", "/fields/x/move"):
            answer = client.post(f"/admin/services/visite{path}", data={"csrf_token": token, "save": "1"})
            assert answer.status_code == 404
    assert client.get("/admin/add/service-group").status_code == 404


# Booking links

LINKS = f"{PAGE}/links/"


def test_a_link_is_made_copied_scanned_and_revoked(manager, agency, send, do, client):
    made = send(manager, LINKS, max_active="2", last_day="2026-12-20")
    assert made.location == LINKS
    page = manager.get(LINKS)
    assert "at most 2 appointments to come" in page.text
    url = re.search(r'value="(http[^"]+/b/[^"]+)" readonly', page.text)[1]
    assert client.get(url.partition("localhost")[2] + "?lang=en").status_code == 200
    number = re.search(r"links/(\d+)/revoke", page.text)[1]
    assert "<svg" in manager.get(f"{LINKS}{number}/code").text
    assert send(manager, f"{LINKS}{number}/revoke").location == LINKS
    assert "Revoked" in manager.get(LINKS).text
    assert manager.get(f"{LINKS}{number}/code").status_code == 404
    assert client.get(url.partition("localhost")[2]).status_code == 404
    assert manager.get(f"{LINKS}{number}/revoke").status_code == 303


def test_a_link_is_mailed_and_mailed_again_to_typed_addresses(manager, agency, send, do):
    nobody = send(manager, LINKS, send="1", max_active="3")
    assert (nobody.status_code, "Enter the e-mail address" in nobody.text) == (422, True)
    assert 'value="3"' in nobody.text
    assert send(manager, LINKS, send="1", email="Zoe@Example.com", locale="en").status_code == 303
    page = manager.get(LINKS).text
    assert "The link is on its way to zoe@example.com." in page
    again = re.search(r'href="([^"]+/links/\d+/send)"', page)[1]
    assert send(manager, again, email="x").status_code == 422
    values = form_of(manager.get(again), again)
    assert values["email"] == ["zoe@example.com"]
    for _time in range(2):
        assert manager.post(again, data={**values, "email": "max@example.com"}).location == f"{LINKS}#links"
    assert do(recipients) == [("zoe@example.com", "en"), ("max@example.com", "en")]
    assert "max@example.com" in manager.get(LINKS).text
    assert send(manager, again.replace("/send", "/revoke")).status_code == 303
    assert manager.get(again).status_code == 404


def recipients():
    with reading() as session:
        mails = session.query(OutboxMessage).filter_by(kind="service_invitation").order_by(OutboxMessage.id)
        return [(mail.recipient, mail.locale) for mail in mails]


def test_sending_the_same_form_twice_makes_one_link(manager, agency):
    values = form_of(manager.get(LINKS), LINKS)
    for _time in range(2):
        assert manager.post(LINKS, data=values).status_code == 303
    assert manager.get(LINKS).text.count("/revoke") == 1


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"site": "lyon"}, "Choose one of the values offered."),
        ({"last_day": "2026-11-01"}, "This day is over."),
        ({"first_day": "2026-12-09", "last_day": "2026-12-08"}, "The last day comes before the first."),
        ({"max_active": "0"}, "Enter a number from 1 to 1000."),
    ],
)
def test_a_link_that_opens_nothing_is_not_made(manager, agency, send, wrong, text):
    refused = send(manager, LINKS, **wrong)
    assert (refused.status_code, text in refused.text) == (422, True)
    assert "No link yet." in manager.get(LINKS).text


def test_a_viewer_sees_no_address_of_a_link(manager, viewer, agency, send):
    send(manager, LINKS)
    text = viewer.get(LINKS).text
    assert ("Usable" in text, "/b/" in text, "Make a link" in text) == (True, False, False)


def test_links_cost_the_same_however_many_there_are(manager, agency, send, statements):
    for _number in range(4):
        send(manager, LINKS)
        send(manager, LINKS, send="1", email="zoe@example.com")
    with statements(at_most=11):
        manager.get(LINKS)


def test_an_order_that_only_a_service_is_for_has_something_to_book(manager, do):
    do(sample.agency, kinds=["supplier"])
    do(sample.order)
    page = manager.get("/admin/orders/CMD-1042").text
    assert "a link would show nothing to book" not in page
    assert "/admin/explain?site=bordeaux&amp;service=evaluation" in page
