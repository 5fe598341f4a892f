"""The booking process of a site in the browser: every rule typed, understood, shown in words, seen, then saved."""

from __future__ import annotations

import re
from html import unescape

import pytest

from portal.domain.durations import Duration
from portal.domain.policy import Policy
from portal.operations import sites
from portal.operations.sites import RULES
from tests import sample, staff
from tests.admin.conftest import form_of

PAGE = "/admin/sites/bordeaux/process"
HTMX = {"HX-Request": "true"}
GIVEN = {
    "min_notice": "12 h",
    "business_days": "y",
    "max_days": "120",
    "change_notice": "1 d",
    "undo": "15 min",
    "who": "existing",
    "email_patterns": "*@acme.fr\n/.+@(apex|zenith)\\.fr/",
    "max_per_day": "1",
    "max_per_week": "3",
    "validation": "manager",
    "answer_within": "36 h",
    "hold": "10 min",
    "confirm_by_mail": "15 min",
    "earlier_enabled": "y",
    "earlier_hours": "72 h",
    "earlier_mode": "one_by_one",
    "earlier_turn": "3 h",
    "waiting_list": "y",
    "cooling_off": "2 h",
    "reminders": "24 h, 2 d",
}
RADIOS = ("who", "validation", "earlier_mode")
"""What is chosen among a few: a value that is none of them cannot be shown again."""

POLICY = {
    "min_notice": "12h",
    "business_days": True,
    "max_days": 120,
    "change_notice": "1d",
    "undo": 15,
    "who": "existing",
    "email_patterns": ["*@acme.fr", "/.+@(apex|zenith)\\.fr/"],
    "max_per_day": 1,
    "max_per_week": 3,
    "validation": "manager",
    "answer_within": "36h",
    "hold": 10,
    "confirm_by_mail": 15,
    "earlier_slots": {"hours": 72, "mode": "one_by_one", "turn": 180},
    "waiting_list": True,
    "cooling_off": 120,
    "reminders": ["24h", "2d"],
}


def policy(do):
    return do(sites.read, "bordeaux").policy


def words(response) -> str:
    """Read a page as a person does."""
    return re.sub(r"[\s\u00a0]+", " ", unescape(re.sub(r"<[^>]*>", " ", response.text)))


def again(client, asked):
    """Press "save" once more, as the page asks for."""
    assert (asked.status_code, "Not saved yet" in asked.text) == (422, True)
    return client.post(PAGE, data={**form_of(asked, PAGE), "save": "1"})


def test_every_rule_of_the_policy_has_its_field():
    assert set(POLICY) == set(RULES)
    later = {"overdue", "modes", "distribution"}
    assert set(RULES) | later == set(Policy.__slots__)


def test_every_rule_is_typed_saved_and_shown_as_it_was_typed(manager, docks, send, do):
    saved = again(manager, send(manager, PAGE, save="1", **GIVEN))
    assert (saved.status_code, saved.location) == (303, PAGE)
    assert policy(do) == POLICY
    page = manager.get(PAGE)
    assert "The booking process is saved." in page.text
    shown = form_of(page, PAGE)
    assert {name: shown[name][0] for name in GIVEN} == GIVEN


def test_rules_that_are_the_default_are_not_kept(manager, docks, send, do):
    assert send(manager, PAGE, save="1").status_code == 303
    assert policy(do) == {}


def test_nothing_is_saved_by_looking(manager, docks, send, do, no_writes):
    with no_writes():
        looked = send(manager, PAGE, look="1", max_per_week="2")
    assert looked.status_code == 200
    assert "At most 2 appointments a week, from Monday to Sunday." in looked.text
    assert form_of(looked, PAGE)["max_per_week"] == ["2"]
    assert policy(do) == {}


def test_lengths_are_understood_in_both_languages_as_they_are_written(app, docks, send, do):
    french = staff.logged_in(app, locale="fr")
    typed = {"change_notice": "2 jours", "undo": "30 minutes", "hold": "1 heure", "answer_within": "3 j"}
    assert send(french, PAGE, save="1", **typed).status_code == 303
    assert send(french, PAGE, save="1").status_code == 303  # as the page wrote it, no-break spaces and all
    rules = do(sites.read, "bordeaux").rules
    assert (rules.change_notice, rules.undo, rules.hold) == (Duration(2, "d"), 30, 60)
    assert rules.answer_within == Duration(3, "d")


def test_an_empty_field_means_none_of_it(manager, do, send):
    do(sample.site, policy={"hold": 10, "max_per_day": 1, "email_patterns": ["*@acme.fr"], "reminders": ["2d"]})
    empty = dict.fromkeys(("hold", "max_per_day", "email_patterns", "reminders", "undo"), "")
    send(manager, PAGE, save="1", **empty)
    assert policy(do) == {"undo": 0, "reminders": []}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("min_notice", "soon", "Write a length of time such as 30 min, 12 h or 2 d (days)."),
        ("min_notice", "99999 d", "Write a length of time such as 30 min, 12 h or 2 d (days)."),
        ("max_days", "", "Enter a number of days."),
        ("max_days", "12 h", "Enter a number of days."),
        ("max_days", "3661", "Enter a value from 0 d to 3660 d."),
        ("change_notice", "-1 d", "Write a length of time"),
        ("undo", "25 h", "Enter a value from 0 min to 24 h."),
        ("who", "nobody", "Choose one of the values offered."),
        ("who", None, "Choose one of the values offered."),
        ("email_patterns", "*@acme.fr\n\nacme.fr", "Line 3: no address looks like “acme.fr”."),
        ("email_patterns", "/(/\n/.+@a.fr", "Line 1: “/(/” cannot be read."),
        ("email_patterns", "*@a.fr\n*@a.fr", "A pattern is there twice."),
        ("email_patterns", "\n".join(f"*@a{number}.fr" for number in range(51)), "At most 50 patterns can be kept."),
        ("email_patterns", "*@" + "a" * 200, "Line 1 cannot be read."),
        ("max_per_day", "1001", "Enter a value from 1 to 1000."),
        ("max_per_week", "one", "Enter a whole number."),
        ("validation", "nobody", "Choose one of the values offered."),
        ("answer_within", "", "Write a length of time"),
        ("answer_within", "0", "Write a length of time"),
        ("hold", "8 d", "Enter a value from 0 min to 7 d."),
        ("confirm_by_mail", "x", "Write a length of time such as 30 min or 2 h."),
        ("earlier_hours", "90 min", "Write a number of hours, such as 48 h."),
        ("earlier_hours", "9000", "Enter a value from 0 h to 8760 h."),
        ("earlier_mode", "nobody", "Choose one of the values offered."),
        ("earlier_turn", "0", "Enter a value from 1 min to 7 d."),
        ("earlier_turn", "", "Write a length of time such as 30 min or 2 h."),
        ("cooling_off", "8 d", "Enter a value from 0 min to 7 d."),
        ("reminders", "24 h, 24 h", "Write lengths of time apart by commas, each once"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(manager, docks, send, do, name, value, text):
    refused = send(manager, PAGE, save="1", **{"samples": "a@acme.fr", "max_per_day": "2", name: value})
    assert refused.status_code == 422
    beside = re.search(rf'id="{name}-error">.*?</p>', refused.text, re.DOTALL)
    assert text in unescape(beside[0])
    shown = form_of(refused, PAGE)
    assert (shown["samples"], shown["max_per_day"] if name != "max_per_day" else ["2"]) == (["a@acme.fr"], ["2"])
    assert name in RADIOS or shown[name] == [value]
    assert policy(do) == {}


def test_what_two_saved_at_once_is_told_in_words(manager, docks, send, do, now):
    mine = form_of(manager.get(PAGE), PAGE)
    send(manager, PAGE, save="1", validation="manager", hold="10 min")
    refused = manager.post(PAGE, data={**mine, "max_per_day": "2", "save": "1"})
    assert refused.status_code == 409
    text = words(refused)
    assert "Bookings are confirmed: saved is “Once a manager has accepted them”, yours is “At once”." in text
    assert "Keep the chosen time while the form is open: saved is “10 min”, yours is “0 min”." in text
    assert manager.post(PAGE, data={**form_of(refused, PAGE), "save": "1"}).status_code == 303
    assert policy(do) == {"max_per_day": 2}


def test_the_audit_log_says_who_changed_which_rule(manager, admin, docks, send):
    send(manager, PAGE, save="1", earlier_enabled=None, max_per_day="2", validation="manager")
    text = words(admin.get("/admin/audit/"))
    assert "manager@example.com" in text
    assert "Appointments a day 2" in text
    assert "Offers of freed places – in use no" in text
    assert "Bookings are confirmed Once a manager has accepted them" in text


# What the rules come to


def test_the_page_says_what_the_rules_come_to_now(manager, do):
    do(sample.site, policy={"min_notice": "2d", "business_days": True, "max_days": 30})
    do(sample.planning)
    text = words(manager.get(PAGE))
    assert "Earliest: Thursday 3 December at 9:00, because 2 working days of notice are needed." in text
    assert "Last day: Thursday 31 December 2026." in text


def test_a_change_that_takes_something_away_is_shown_before_it_is_saved(manager, docks, send, do):
    asked = send(manager, PAGE, save="1", max_days="10")
    assert "Less can be booked than now" in asked.text
    assert "Until now: Earliest: at once. Last day: Monday 1 March 2027." in words(asked)
    assert policy(do) == {}
    assert again(manager, asked).status_code == 303
    assert policy(do) == {"max_days": 10}


def test_what_was_seen_is_no_leave_for_something_else(manager, docks, send, do):
    asked = send(manager, PAGE, save="1", max_days="10")
    other = manager.post(PAGE, data={**form_of(asked, PAGE), "save": "1", "max_days": "5"})
    assert (other.status_code, policy(do)) == (422, {})


def test_a_script_shows_it_while_it_is_typed_and_one_press_saves(manager, docks, send, do):
    values = {**form_of(manager.get(PAGE), PAGE), "max_days": "10"}
    live = manager.post(PAGE, data=values, headers=HTMX)
    assert live.text.startswith('<div class="stack" id="result"')
    assert "<html" not in live.text
    seen = re.search(r'name="seen" value="(\w+)"', live.text)[1]
    assert manager.post(PAGE, data={**values, "seen": seen, "save": "1"}).status_code == 303
    assert policy(do) == {"max_days": 10}


def test_a_script_tells_of_a_wrong_pattern_where_addresses_are_tried(manager, docks):
    values = {**form_of(manager.get(PAGE), PAGE), "email_patterns": "acme.fr", "samples": "a@acme.fr"}
    live = manager.post(PAGE, data=values, headers=HTMX)
    assert live.status_code == 422
    tried = live.text[live.text.index('id="tried"') :]
    assert "Line 1: no address looks like “acme.fr”." in tried
    assert manager.post(PAGE, data=values).text.count("Line 1: no address") == 2  # on top, and beside the field


def test_a_rule_that_is_wrong_leaves_what_the_others_come_to(manager, do, send):
    do(sample.site, policy={"earlier_slots": {"hours": 72}})
    do(sample.planning)
    text = words(send(manager, PAGE, save="1", earlier_hours="x", max_per_day="4"))
    assert "At most 4 appointments a day." in text
    assert "at least 72 hours away" in text


def test_plannings_that_differ_are_told_apart_after_those_that_follow_the_site(manager, docks, do):
    do(sample.planning, key="atelier", policy={"min_notice": "1d", "max_per_day": 2})
    do(sample.planning, key="zone")
    text = words(manager.get(PAGE))
    follows, differs = text.index("Planning quais and Planning zone"), text.index("Planning atelier")
    assert follows < differs
    assert "At most 2 appointments a day." in text[differs:]
    assert text.count("Bookings are confirmed at once.") == 1


def test_a_site_without_planning_has_rules_in_words(manager, do):
    do(sample.site)
    text = words(manager.get(PAGE))
    assert "No planning applies to this site yet." in text
    assert "Bookings are confirmed at once." in text


def test_where_nothing_opens_it_says_so(manager, do):
    do(sample.site, policy={"min_notice": "1d", "business_days": True})
    do(sample.planning, week={})
    assert "no day within a year is open" in manager.get(PAGE).text


def test_the_page_costs_the_same_however_many_plannings_there_are(manager, docks, do, statements):
    for number in range(5):
        do(sample.planning, key=f"quai-{number}")
        do(sample.service, f"visite-{number}")
    manager.get(PAGE)
    with statements(at_most=6):
        manager.get(PAGE)


# Patterns tried


def tries(response) -> dict[str, str]:
    found = re.findall(r'<li><span class="break">(.*?)</span>(.*?)</li>', response.text, re.DOTALL)
    return {address: re.sub(r"(?:<[^>]*>|\s)+", " ", verdict).strip() for address, verdict in found}


def test_addresses_are_tried_before_anything_is_saved(manager, docks, send, do):
    samples = "Achats@ACME.fr, quai@apex.fr\nvoisin@example.com; voisin"
    tried = send(manager, PAGE, _more={"try": "1"}, email_patterns=GIVEN["email_patterns"], samples=samples)
    assert tried.status_code == 200
    assert tries(tried) == {
        "Achats@ACME.fr": "Admitted by *@acme.fr",
        "quai@apex.fr": "Admitted by /.+@(apex|zenith)\\.fr/",
        "voisin@example.com": "Not admitted",
        "voisin": "No address",
    }
    assert policy(do) == {}


def test_without_patterns_every_address_is_admitted(manager, docks, send):
    assert tries(send(manager, PAGE, samples="a@example.com")) == {"a@example.com": "Admitted all are"}


def test_a_wrong_pattern_is_explained_and_the_others_are_tried(manager, docks, send):
    tried = send(manager, PAGE, email_patterns="acme.fr\n*@acme.fr", samples="a@acme.fr")
    assert tried.status_code == 422
    assert "Line 1: no address looks like “acme.fr”." in tried.text
    assert tries(tried) == {"a@acme.fr": "Admitted by *@acme.fr"}


def test_no_more_addresses_are_tried_than_anybody_types(manager, docks, send):
    samples = " ".join(f"a{number}@example.com" for number in range(300))
    assert len(tries(send(manager, PAGE, samples=samples))) == 50


# Who sees it


def test_a_viewer_looks_and_changes_nothing(viewer, docks):
    text = viewer.get(PAGE).text
    assert ("<fieldset disabled" in text, "Save the process" in text) == (True, False)


def test_an_unknown_site_is_not_found(manager, docks):
    assert manager.get("/admin/sites/nowhere/process").status_code == 404


def test_who_serves_is_a_rule_of_the_site_said_in_words(manager, do, send):
    do(sample.agency)
    given = {"modes_first": "staff_service", "modes_others": ["service"], "distribution_rule": "history"}
    asked = send(manager, PAGE, save="1", distribution_period="week", distribution_days="14", **given)
    assert asked.status_code == 303
    saved = {"modes": ["staff_service", "service"], "distribution": {"rule": "history", "period": "week", "days": 14}}
    assert policy(do) == saved
    text = words(manager.get(PAGE))
    assert "Customers choose the person, then the service." in text
    assert "A link may ask for: the service; the person is given." in text
    assert "the one who served the customer last, within 14 days before or after, if free; else to the one" in text
    assert send(manager, PAGE, save="1").status_code == 303
    assert policy(do) == saved
    refused = send(manager, PAGE, save="1", distribution_rule="random", distribution_days="x")
    assert refused.status_code == 422
    assert "Enter a number of days." in refused.text
