"""The editor of the week: nothing typed is lost, and what a change does is seen before it is saved."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select

from portal.domain.openings import Opening
from portal.extensions import reading, transaction
from portal.models import Audit, Site, User, UserSite
from portal.operations import plannings
from tests import sample, staff
from tests.admin.conftest import form_of

PAGE = "/admin/plannings/quais"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def press(manager, docks):
    """Press a button of the editor: ``press(add="1")``; names with other signs go in ``more``."""

    def pressed(more=None, **changed):
        values = {**form_of(manager.get(PAGE), PAGE), **changed, **(more or {})}
        return manager.post(PAGE, data={name: value for name, value in values.items() if value is not None})

    return pressed


def read(do):
    return do(plannings.read, "quais")


def week(do, now):
    return read(do).in_force(now).week


def field(response, name):
    found = re.search(rf'<input id="{name}"[^>]* value="([^"]*)"', response.text)
    return found[1] if found else None


def heading(response):
    return re.search(r"<title>(.*?) –", response.text)[1]


def test_the_list_names_every_planning(manager, docks):
    text = manager.get("/admin/plannings/").text
    assert "Planning quais" in text
    assert '<b class="num">0</b> booked of 200 possible this week' in text


def test_the_list_costs_the_same_however_long_it_is(manager, do, statements):
    do(sample.site)
    for number in range(6):
        do(sample.planning, key=f"planning-{number}")
    manager.get("/admin/plannings/")
    with statements(at_most=8):  # the session, the company, and six for the list
        assert manager.get("/admin/plannings/").text.count('class="planning"') == 6


def test_the_list_is_searched_and_narrowed_to_a_site(manager, docks, do):
    do(sample.site, key="lyon")
    do(sample.planning, key="comptoir", sites=("lyon",))
    for query in ("q=compt", "site=lyon", "q=comptoir&site=lyon&page=7"):
        text = manager.get(f"/admin/plannings/?{query}").text
        assert ("Planning comptoir" in text, "Planning quais" in text) == (True, False), query
    assert "No planning matches." in manager.get("/admin/plannings/?q=nothing").text


@pytest.mark.on_both
@pytest.mark.parametrize("query", ["page=0", "page=-3", "page=x", "site=%00", "q=" + "x" * 500, "site=nowhere"])
def test_no_query_breaks_the_list(manager, docks, query):
    assert manager.get(f"/admin/plannings/?{query}").status_code == 200


def test_an_empty_list_says_what_to_do_next(manager, viewer):
    assert "New planning" in manager.get("/admin/plannings/").text
    assert "No planning yet." in viewer.get("/admin/plannings/").text


def test_plannings_out_of_use_are_folded(manager, docks, send):
    send(manager, PAGE, active=None, save="1")
    text = manager.get("/admin/plannings/").text
    assert re.search(r"<details.*Not in use.*Planning quais.*</details>", text, re.DOTALL)


def test_the_editor_shows_the_week_as_it_is(manager, docks):
    page = manager.get(PAGE)
    assert [field(page, f"d1-{row}-{part}") for row in (0, 1) for part in ("start", "end", "slots")] == [
        "08:00",
        "12:00",
        "6",
        "14:00",
        "18:00",
        "4",
    ]
    assert "24 possible" in page.text
    assert "<b>200</b> possible a week, per site" in page.text


def test_an_unknown_planning_is_not_found(manager, docks):
    assert manager.get("/admin/plannings/nothing").status_code == 404


@pytest.mark.parametrize(("minutes", "label"), [(60, "Slots per hour"), (30, "At the same time")])
def test_the_number_of_slots_is_named_by_what_it_means(do, manager, minutes, label):
    do(sample.docks, slot_minutes=minutes)
    assert f'">{label}</label>' in manager.get(PAGE).text


def test_the_editor_costs_the_same_whatever_is_booked(do, manager, docks, now, statements):
    manager.get(PAGE)
    for number in range(4):
        do(sample.booked, "2026-12-02 08:00", now=now, number=number)
    with statements(at_most=10):
        manager.get(PAGE)


# Saving


def test_a_saved_week_is_told_and_shown(press, manager, do, now):
    saved = press(save="1", name="Quais nord", more={"d3-1-end": "16:00"})
    assert (saved.status_code, saved.location) == (303, PAGE)
    assert "The week is saved." in manager.get(saved.location).text
    assert (read(do).name, week(do, now)[3][1]) == ("Quais nord", Opening(840, 960, 4))


def test_a_week_from_a_date_on_is_a_version(press, manager, do):
    saved = press(save="1", applies_from="2026-12-14", more={"d1-1-start": "", "d1-1-end": ""})
    assert saved.location == f"{PAGE}?version=2026-12-14"
    assert [one.applies_from for one in read(do).schedule.versions] == [None, date(2026, 12, 14)]
    assert "It applies from Monday 14 December 2026" in manager.get(saved.location).text


def test_times_are_understood_as_people_write_them(press, do, now):
    press(save="1", more={"d1-0-start": "7", "d1-0-end": "11 h 30", "d1-1-start": "1230", "d1-1-end": "24:00"})
    assert week(do, now)[1] == (Opening(420, 690, 6), Opening(750, 1440, 4))


def test_a_day_whose_switch_is_off_is_closed(press, do, now):
    press(save="1", open=["1", "2", "4", "5"])
    assert 3 not in week(do, now)


def test_an_overlap_is_told_beside_its_interval_with_both_named(press, do, now):
    refused = press(save="1", more={"d5-1-start": "11:30", "d5-1-end": "16:30"}, name="Quais nord")
    assert refused.status_code == 422
    assert "11:30–16:30 overlaps 08:00–12:00. Begin at 12:00 or later" in refused.text
    assert 'href="#d5-1-start">Friday: 11:30–16:30 overlaps' in refused.text
    assert heading(refused) == "Error: Planning quais"
    assert (field(refused, "d5-1-start"), field(refused, "name")) == ("11:30", "Quais nord")
    assert week(do, now)[5][1] == Opening(840, 1080, 4)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"d1-0-start": "eight"}, "Write times such as 08:30"),
        ({"d1-0-end": "24:30"}, "Write times such as 08:30"),
        ({"d1-0-end": "08:00"}, "The end must come after the start."),
        ({"d1-0-slots": "0"}, "1 or more"),
        ({"d1-0-slots": "²"}, "1 or more"),
        ({"d1-0-slots": ""}, "1 or more"),
        ({"d1-0-end": ""}, "Write times such as 08:30"),
        ({"slot_minutes": "0"}, "Enter a number of minutes from 1 to 1440."),
        ({"slot_minutes": "an hour"}, "Enter a whole number."),
        ({"timezone": "Bordeaux"}, "This is not a known time zone."),
        ({"name": " "}, "Enter a name."),
        ({"sites": None}, "Choose at least one site."),
        ({"sites": ["nowhere"]}, "Choose one of the values offered."),
        ({"applies_from": "tomorrow"}, "Enter a date"),
        ({"applies_from": "2026-11-30"}, "What is past stays"),
        ({"open": ["1", "2", "3", "4", "5", "6"]}, "Add an interval, or close this day."),
    ],
)
def test_what_is_wrong_is_told_and_nothing_typed_is_lost(press, do, wrong, text):
    before = read(do).revision
    refused = press(save="1", more={"d2-0-start": "07:15", **wrong})
    assert refused.status_code == 422
    assert text in refused.text
    assert field(refused, "d2-0-start") == "07:15"
    assert read(do).revision == before


def test_an_interval_that_was_never_filled_in_is_none(press, do, now):
    press(save="1", more={"d1-2-start": "", "d1-2-end": "", "d1-2-slots": "4"})
    assert len(week(do, now)[1]) == 2


def test_a_site_out_of_use_stays_served(press, manager, do, app):
    with app.app_context(), transaction() as session:
        session.query(Site).update({"active": False})
    press(save="1", name="Quais nord")
    assert (read(do).name, read(do).sites) == ("Quais nord", ("bordeaux",))


# Buttons, as they work without scripts


def test_plus_adds_an_interval_after_the_last_one(press, do, now):
    page = press(add="1", more={"d1-1-end": "17:30"})
    assert page.status_code == 200
    assert [field(page, f"d1-2-{part}") for part in ("start", "end", "slots")] == ["17:30", "", "4"]
    assert "The week is not saved" not in page.text
    assert len(week(do, now)[1]) == 2


def test_plus_opens_a_closed_day(press):
    page = press(add="6")
    assert form_of(page, PAGE)["open"] == ["1", "2", "3", "4", "5", "6"]


def test_clear_takes_an_interval_away_and_closes_a_day_without_any(press):
    page = press(clear="1-0")
    assert (field(page, "d1-0-start"), field(page, "d1-1-start")) == ("14:00", None)
    assert (
        "1"
        not in form_of(press(clear="1-0", more={"d1-1-start": None, "d1-1-end": None, "d1-1-slots": None}), PAGE)[
            "open"
        ]
    )


def test_a_day_is_copied_to_others_as_it_was_typed(press):
    page = press(copy="1", more={"to-1": ["2", "6"], "d1-0-start": "7:45"})
    assert [field(page, f"d{day}-0-start") for day in (1, 2, 3, 6)] == ["7:45", "7:45", "08:00", "7:45"]


def test_opening_a_day_gives_room_to_type(press):
    page = press(count="1", open=["1", "7"])
    assert field(page, "d7-0-slots") == "1"


@pytest.mark.parametrize("button", [{"add": "8"}, {"add": "x"}, {"clear": "1-99"}, {"clear": "x-1"}, {"copy": "1"}])
def test_a_button_that_means_nothing_changes_nothing(press, button):
    page = press(**button)
    assert (page.status_code, field(page, "d1-1-start")) == (200, "14:00")


def test_a_day_has_no_more_rows_than_can_be_read(press):
    many = {
        f"d1-{row}-{part}": value
        for row in range(200)
        for part, value in (("start", "8"), ("end", "9"), ("slots", "1"))
    }
    assert press(add="1", more=many).text.count('id="d1-') < 24 * 6


# The effect of a change


@pytest.fixture
def appointment(do, docks, now):
    return do(sample.booked, "2026-12-09 14:30", now=now)


def test_what_no_longer_fits_is_shown_before_it_is_saved(appointment, press, do, now):
    refused = press(save="1", more={"d3-1-end": "15:00"})
    assert refused.status_code == 422
    assert "1 appointment no longer fits" in refused.text
    assert "Wednesday 9 December, 14:30" in refused.text
    assert week(do, now)[3][1].end == 1080


def test_a_planning_that_is_retired_names_all_that_it_has(appointment, manager, do):
    shown = {name: value for name, value in form_of(manager.get(PAGE), PAGE).items() if name != "active"}
    refused = manager.post(PAGE, data={**shown, "save": "1"})
    assert (refused.status_code, "1 appointment no longer fits" in refused.text) == (422, True)


def test_other_slots_name_those_that_keep_their_length(appointment, manager, press, do):
    refused = press(save="1", more={"slot_minutes": "45"})
    assert (refused.status_code, "1 appointment to come keeps its length." in refused.text) == (422, True)
    assert "Wednesday 9 December, 14:30" in refused.text
    assert manager.post(PAGE, data={**form_of(refused, PAGE), "save": "1"}).status_code == 303
    assert do(plannings.read, "quais").schedule.slot_minutes == 45


def test_what_was_seen_is_saved(appointment, manager, press, do, now):
    shown = form_of(press(save="1", more={"d3-1-end": "15:00"}), PAGE)
    assert manager.post(PAGE, data={**shown, "save": "1"}).status_code == 303
    assert week(do, now)[3][1].end == 900


def test_what_changed_since_it_was_seen_is_shown_again(appointment, manager, press, do, now):
    shown = form_of(press(save="1", more={"d3-1-end": "15:00"}), PAGE)
    do(sample.booked, "2026-12-09 16:00", now=now, number=1)
    again = manager.post(PAGE, data={**shown, "save": "1"})
    assert (again.status_code, "2 appointments no longer fit" in again.text) == (422, True)


def test_what_cannot_be_read_yet_is_left_out_and_said(press):
    text = press(count="1", more={"d1-0-end": "noon"}).text
    assert "Intervals that cannot be read yet are left out of this." in text


def test_capacity_before_and_after_stands_beside_the_week(press):
    text = press(count="1", open=["1", "2", "3", "4"]).text
    assert re.search(
        r"Friday</th><td class=\"num\">40</td><td class=\"num\">0</td><td class=\"num delta down\">−40", text
    )


def test_somebody_elses_change_is_told_and_ones_own_kept(press, manager, do, now):
    mine = form_of(manager.get(PAGE), PAGE)
    press(save="1", more={"d1-0-slots": "9"})
    refused = manager.post(PAGE, data={**mine, "d2-0-slots": "3", "save": "1"})
    assert refused.status_code == 409
    assert (
        "Monday: saved is “08:00–12:00\u00a0×\u00a09, 14:00–18:00\u00a0×\u00a04”, yours is “08:00–12:00\u00a0×\u00a06"
        in refused.text
    )
    assert field(refused, "d2-0-slots") == "3"
    assert manager.post(PAGE, data={**form_of(refused, PAGE), "save": "1"}).status_code == 303
    assert (week(do, now)[1][0].slots, week(do, now)[2][0].slots) == (6, 3)


# With htmx


def test_htmx_gets_what_is_counted_and_no_field_that_is_being_typed_in(manager, docks):
    values = {**form_of(manager.get(PAGE), PAGE), "d1-0-end": "10:00"}
    live = manager.post(PAGE, data=values, headers=HTMX)
    assert live.status_code == 200
    assert '<span class="possible" id="d1-0-possible" hx-swap-oob="true">12 possible</span>' in live.text
    assert "<html" not in live.text
    assert 'id="d1-0-end"' not in live.text
    assert "HX-Request" in live.headers["Vary"]


def test_htmx_gets_the_day_whose_button_was_pressed(manager, docks):
    live = manager.post(PAGE, data={**form_of(manager.get(PAGE), PAGE), "add": "2"}, headers=HTMX)
    assert 'id="d2-2-start"' in live.text
    assert 'id="d1-0-start"' not in live.text


# Versions, new plannings, exceptional days


def test_another_version_is_opened_by_its_date(press, manager):
    press(save="1", applies_from="2026-12-14", more={"d1-0-start": "09:00"})
    assert field(manager.get(PAGE), "d1-0-start") == "08:00"
    assert field(manager.get(f"{PAGE}?version=2026-12-14"), "d1-0-start") == "09:00"


def test_a_version_to_come_is_deleted_after_asking(press, manager, send, do):
    press(save="1", applies_from="2026-12-14")
    path = f"{PAGE}/versions/2026-12-14/delete"
    assert "Delete this version of the week?" in manager.get(path).text
    assert send(manager, path).status_code == 303
    assert len(read(do).schedule.versions) == 1


@pytest.mark.parametrize("day", ["2026-12-01", "2026-12-15", "monday"])
def test_no_other_version_can_be_deleted(manager, docks, day):
    assert manager.get(f"{PAGE}/versions/{day}/delete").status_code == 404


def test_a_planning_is_made(manager, docks, send, do, now):
    saved = send(manager, "/admin/add/planning", name="Comptoir", key="comptoir", sites=["bordeaux"], save="1")
    assert saved.location == "/admin/plannings/comptoir"
    assert do(plannings.read, "comptoir").in_force(now).week[5] == (Opening(480, 720, 1), Opening(840, 1080, 1))


@pytest.mark.parametrize("key", ["quais", "Comptoir", "a b", "planning", "", "x" * 61])
def test_a_key_is_free_and_fits_into_an_address(manager, docks, send, key):
    refused = send(manager, "/admin/add/planning", name="Comptoir", key=key, sites=["bordeaux"], save="1")
    assert refused.status_code == 422
    assert field(refused, "name") == "Comptoir"


def test_a_planning_can_begin_like_another(manager, docks):
    assert field(manager.get("/admin/add/planning?like=quais"), "d1-0-slots") == "6"


def test_an_exceptional_day_is_added_changed_and_deleted(manager, docks, send, do, now):
    add = f"{PAGE}/add/day"
    hours = {"d1-0-start": "8", "d1-0-end": "12", "d1-0-slots": "2", "open": "1", "save": "1"}
    assert send(manager, add, day="2026-12-24", label="Inventaire", _more=hours).location == f"{PAGE}#days"
    assert read(do).exceptions[0].openings == (Opening(480, 720, 2),)
    assert "Thursday 24 December 2026" in manager.get(PAGE).text
    day = f"{PAGE}/days/2026-12-24"
    assert send(manager, day, open=None, save="1").status_code == 303
    assert read(do).exceptions[0].openings == ()
    assert send(manager, f"{day}/delete").status_code == 303
    assert read(do).exceptions == ()


def test_an_exceptional_day_warns_before_it_is_saved(appointment, manager, send, do):
    add = f"{PAGE}/add/day"
    refused = send(manager, add, day="2026-12-09", save="1", open=None)
    assert (refused.status_code, "1 appointment no longer fits" in refused.text) == (422, True)
    assert manager.post(add, data={**form_of(refused, add), "save": "1"}).status_code == 303


@pytest.mark.parametrize(
    ("day", "text"), [("", "Enter a date."), ("2026-12-24", "This date has its exceptional day already.")]
)
def test_an_exceptional_day_has_a_date_of_its_own(manager, docks, send, day, text):
    add = f"{PAGE}/add/day"
    send(manager, add, day="2026-12-24", open=None, save="1")
    refused = send(manager, add, day=day, label="Réveillon", open=None, save="1")
    assert (refused.status_code, text in refused.text, "Réveillon" in refused.text) == (422, True, True)


@pytest.mark.parametrize("day", ["2026-12-25", "x", "2026-13-01"])
def test_an_exceptional_day_that_is_none_is_not_found(manager, docks, day):
    assert manager.get(f"{PAGE}/days/{day}").status_code == 404


def test_a_viewer_sees_the_week_and_cannot_change_it(viewer, docks, do):
    page = viewer.get(PAGE)
    assert "<fieldset disabled>" in page.text
    for name in ("Save the week", "Add an interval", "Clear", "Before saving"):
        assert name not in page.text
    assert "week=2026-12-07" in page.text
    assert "7 December" in viewer.get(f"{PAGE}?week=2026-12-07&site=bordeaux").text
    assert viewer.post(PAGE, data={**form_of(page, PAGE), "save": "1"}).status_code == 404


# Whose they are


@pytest.fixture
def lyon_only(app, do, docks):
    """Give the browser of a manager of Lyon, where one of two plannings serves, the other shared with Bordeaux."""
    do(sample.site, key="lyon")
    do(sample.planning, key="comptoir", sites=("lyon",))
    do(sample.planning, key="commun", sites=("bordeaux", "lyon"))
    client = staff.logged_in(app, "manager", "en")
    do(limit_to, "manager@example.com", "lyon")
    return client


def limit_to(email, *keys):
    with transaction() as session:
        user = session.query(User).filter_by(email=email).one()
        user.every_site = False
        session.add_all(
            UserSite(user_id=user.id, site_id=session.query(Site).filter_by(key=key).one().id) for key in keys
        )


def test_one_sees_plannings_of_which_one_site_is_ones_own(lyon_only):
    text = lyon_only.get("/admin/plannings/").text
    assert [name in text for name in ("Planning comptoir", "Planning commun", "Planning quais")] == [True, True, False]
    assert "Bordeaux" not in text


@pytest.mark.parametrize(("key", "status"), [("comptoir", 200), ("commun", 200), ("quais", 404)])
def test_a_planning_of_others_is_not_there(lyon_only, key, status):
    assert lyon_only.get(f"/admin/plannings/{key}").status_code == status
    assert lyon_only.get(f"/admin/plannings/{key}/use").status_code == status


@pytest.mark.parametrize("path", ["", "/rules", "/add/day"])
@pytest.mark.parametrize(("key", "status"), [("comptoir", 422), ("commun", 404), ("quais", 404)])
def test_a_planning_is_changed_by_those_whose_sites_are_all_its_own(lyon_only, key, status, path):
    token = form_of(lyon_only.get("/admin/plannings/comptoir"), "/admin/plannings/comptoir")["csrf_token"][0]
    nonsense = {"csrf_token": token, "save": "1", "name": "", "max_days": "x"}
    assert lyon_only.post(f"/admin/plannings/{key}{path}", data=nonsense).status_code == status


def test_a_planning_that_is_shared_is_shown_without_the_other_site(lyon_only, do, now):
    do(sample.booked, "2026-12-02 08:00", now=now, planning="commun")
    text = lyon_only.get("/admin/plannings/commun").text
    assert ("Save the week" in text, "Bordeaux" in text, "Chauffeur" in text) == (False, False, False)


def test_a_planning_is_made_for_ones_own_sites(lyon_only):
    choices = lyon_only.get("/admin/add/planning").text
    assert ("Lyon" in choices, "Bordeaux" in choices) == (True, False)
    assert lyon_only.get("/admin/add/planning?like=quais").status_code == 404


# Rules of its own


RULES = f"{PAGE}/rules"


def test_rules_of_its_own_are_typed_shown_and_taken_back(manager, docks, send, do):
    given = {
        "min_notice": "12 h", "max_days": "100", "business_days": "no", "reminders": "0", "email_patterns": "*",
        "max_per_day": "0", "who": "existing", "earlier_enabled": "no", "earlier_turn": "3 h", "hold": "10 min",
    }  # fmt: skip
    saved = seen(manager, send(manager, RULES, save="1", **given))
    assert (saved.status_code, saved.location) == (303, f"{PAGE}#rules")
    assert read(do).rules == {
        "min_notice": "12h", "business_days": False, "max_days": 100, "reminders": [], "email_patterns": ["*"],
        "max_per_day": None, "who": "existing", "earlier_slots": {"enabled": False, "turn": 180}, "hold": 10,
    }  # fmt: skip
    shown = form_of(manager.get(RULES), RULES)
    assert {name: shown[name][0] for name in given} == given
    page = manager.get(PAGE).text
    assert re.search(r"How far ahead \(days\)</span></div><strong>100 d</strong>", page)
    assert seen(manager, send(manager, RULES, save="1", **dict.fromkeys(given, ""))).status_code == 303
    assert read(do).rules == {}


def seen(client, asked):
    """Press "save" again where the page first shows what the rules take away."""
    assert "Not saved yet" in asked.text
    return client.post(RULES, data={**form_of(asked, RULES), "save": "1"})


def test_an_empty_rule_says_what_the_sites_say(manager, do):
    do(sample.site, policy={"max_days": 30})
    do(sample.site, key="lyon")
    do(sample.planning, sites=("bordeaux", "lyon"))
    assert "Empty: as the site (Bordeaux\u00a0: 30 d · Lyon\u00a0: 90 d)." in manager.get(RULES).text


def test_rules_of_a_planning_say_what_they_come_to_at_each_site(manager, do, send):
    do(sample.site, policy={"max_days": 30, "max_per_week": 4})
    do(sample.site, key="lyon")
    do(sample.planning, sites=("bordeaux", "lyon"))
    text = send(manager, RULES, look="1", min_notice="2 d").text
    assert "<h2>Bordeaux</h2>" in text
    assert "<h2>Lyon</h2>" in text
    assert text.count("Earliest: Thursday 3 December at 9:00") == 2
    assert "At most 4 appointments a week" in text


def test_rules_of_a_planning_that_is_not_in_use_can_be_seen(manager, docks, do, send):
    send(manager, PAGE, active=None, save="1")
    assert manager.get(RULES).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"min_notice": "soon"}, {"max_days": "-1"}, {"undo": "2000"}, {"reminders": "24 h, 24 h"}, {"max_days": "x"}],
)
def test_a_rule_that_means_nothing_is_told_and_nothing_typed_is_lost(manager, docks, send, do, wrong):
    refused = send(manager, RULES, change_notice="2 d", save="1", **{"undo": "7", **wrong})
    assert refused.status_code == 422
    shown = form_of(refused, RULES)
    assert {name: shown[name] for name in ("change_notice", *wrong)} == {"change_notice": ["2 d"], **_listed(wrong)}
    assert read(do).rules == {}


def _listed(values):
    return {name: [value] for name, value in values.items()}


def test_rules_that_somebody_else_saved_are_not_overwritten_unseen(manager, docks, send, do, now):
    mine = form_of(manager.get(RULES), RULES)
    do(plannings.save_rules, "quais", read(do).revision, {"max_days": 5, "who": "existing"}, now=now)
    refused = manager.post(RULES, data={**mine, "max_days": "10", "save": "1"})
    assert refused.status_code == 409
    assert "How far ahead (days): saved is “5”, yours is “10”." in refused.text
    assert "Who may book: saved is “Existing customers only”, yours is “As the site”." in refused.text
    assert manager.post(RULES, data={**form_of(refused, RULES), "save": "1"}).status_code == 303
    assert read(do).rules == {"max_days": 10}


def test_the_audit_log_names_who_changed_the_rules(manager, docks, send, do):
    send(manager, RULES, max_days="100", save="1")

    def told():
        with reading() as session:
            return session.execute(select(Audit.actor, Audit.kind, Audit.after)).one()

    assert tuple(do(told)) == ("manager@example.com", "planning", {"max_days": 100})
