"""The first page: who is expected on a day, where they stand, and what somebody should look at."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from portal.clock import real_now
from portal.domain.lifecycle import Status
from portal.extensions import transaction
from portal.models import Appointment, OutboxMessage
from portal.operations import appointments, marks, outbox, today
from portal.operations.actors import Actor
from tests import sample, staff
from tests.admin.conftest import form_of
from tests.backends import NOW

STAFF = Actor("claire@example.com", "staff", staff=True)


@pytest.fixture
def morning(do, docks, clock):
    """Give 9:30 of a day: one is done, one here, one late, one to come, one did not come, one called off."""
    do(sample.order)
    before = clock.now - timedelta(days=1)
    hours = {1: "08:00", 2: "09:00", 3: "10:00", 4: "11:00", 5: "09:00", 6: "08:30"}
    made = {
        number: do(sample.booked, f"2026-12-01 {hour}", now=before, number=number).public_id
        for number, hour in hours.items()
        if number != 3
    }
    do(sample.booked, "2026-12-01 10:00", now=before, number=3, actor=STAFF, order="CMD-1042")
    do(appointments.cancel, made[4], STAFF, now=before, undo=False)
    for number, status, at in (
        (1, Status.ARRIVED, "07:55"),
        (1, Status.COMPLETED, "08:50"),
        (2, Status.ARRIVED, "09:10"),
        (6, Status.NO_SHOW, "09:20"),
    ):
        do(marks.mark, made[number], status, STAFF, now=sample.paris(f"2026-12-01 {at}"))
    clock.set(sample.paris("2026-12-01 09:30"))
    return made


def groups(page) -> dict[str, list[str]]:
    """Read the names under each heading."""
    found = {}
    for part in page.text.split('<section class="card flush"')[1:]:
        title = re.search(r"<h2[^>]*>(.*?) <span", part)
        if title is not None:
            found[title[1]] = re.findall(r"<strong><a [^>]*>(.*?)</a>", part)
    return found


def test_the_day_is_parted_by_where_appointments_stand(manager, morning):
    assert groups(manager.get("/admin/")) == {
        "Next arrivals": ["Chauffeur 3"],
        "Late": ["Chauffeur 5"],
        "On site": ["Chauffeur 2"],
        "Done": ["Chauffeur 1"],
        "Missing": ["Chauffeur 6"],
        "Called off": ["Chauffeur 4"],
    }


def test_a_planning_counts_who_stands_where(manager, morning):
    text = manager.get("/admin/").text
    counts = re.findall(r"<dt>(?:<i [^>]*></i>)?(.*?)</dt><dd>(\d+)</dd>", text)
    assert counts == [
        ("Expected", "1"), ("On site", "1"), ("Late", "1"), ("Done", "1"), ("Missing", "1"), ("Called off", "1")
    ]  # fmt: skip


def test_each_says_how_soon_how_late_or_since_when(manager, morning):
    text = manager.get("/admin/").text
    for shown in ("in 30 min", "Late by 30 min", "since 9:10", "noted at 8:50", "noted at 9:20"):
        assert shown in text


def test_an_appointment_says_its_order_and_how_soon_it_is(manager, morning):
    assert "Delivery CMD-1042\u00a0· 36 palettes\u00a0· Planning quais" in manager.get("/admin/").text


def test_a_planning_says_how_full_its_day_is(manager, morning):
    assert "5 of 40 possible" in manager.get("/admin/").text


def test_another_day_is_one_link_away(manager, morning):
    page = manager.get("/admin/?day=2026-12-02")
    assert 'href="/admin/?day=2026-12-03" rel="next"' in page.text
    assert groups(page) == {}
    assert "No appointment on this day." in page.text


def test_a_closed_day_says_why(manager, docks):
    assert "Closed on this day of the week." in manager.get("/admin/?day=2026-12-06").text


@pytest.mark.parametrize("day", ["", "tomorrow", "2026-02-30", "9999-99-99"])
def test_a_day_that_is_none_is_today(manager, morning, day):
    assert "<title>Today" in manager.get(f"/admin/?day={day}").text


def test_sites_are_looked_at_one_by_one_or_together(manager, morning, do, now):
    do(sample.site, key="lyon")
    do(sample.planning, key="lyon", sites=("lyon",))
    do(sample.booked, "2026-12-01 15:00", now=now, site="lyon", planning="lyon", number=9)
    assert groups(manager.get("/admin/?site=lyon")) == {"Next arrivals": ["Chauffeur 9"]}
    for address in ("/admin/", "/admin/?site=nowhere", "/admin/?planning=nothing&page=x&stand=y"):
        assert groups(manager.get(address))["Next arrivals"] == ["Chauffeur 3", "Chauffeur 9"]
    assert 'href="/admin/?site=lyon&amp;planning=lyon"' in manager.get("/admin/").text
    assert groups(manager.get("/admin/?planning=lyon")) == {"Next arrivals": ["Chauffeur 9"]}


def test_of_very_many_sites_one_is_chosen_from_a_list_and_what_is_empty_stands_folded(manager, morning, do):
    for number in range(12):
        do(sample.site, key=f"site-{number}")
        do(sample.planning, key=f"zone-{number}", sites=(f"site-{number}",))
    text = manager.get("/admin/").text
    assert 'name="site"' in text
    folded = text[text.index('id="unbooked"') :]
    assert [f"Planning zone-{number}<" in folded for number in range(12)] == [True] * 12
    assert 'id="planning-1"' in text[: text.index('id="unbooked"')]
    assert 'value="site-3" selected' in manager.get("/admin/?site=site-3").text


def test_nothing_at_all_says_where_to_begin(manager):
    page = manager.get("/admin/")
    assert "No site yet: begin with one." in page.text
    assert 'href="/admin/add/site"' in page.text


def test_the_page_costs_the_same_however_full_the_day_is(manager, morning, do, now, statements):
    manager.get("/admin/")
    with statements(at_most=12) as few:  # the session, the name, 2 plannings, 4 the day, requests, 4 mails
        manager.get("/admin/")
    for number in range(10, 14):
        do(sample.booked, "2026-12-01 14:00", now=now, number=number)
    with statements() as many:
        manager.get("/admin/")
    assert len(many) == len(few)


def test_nobody_is_lost_on_a_crowded_day(manager, do, docks, now, monkeypatch):
    monkeypatch.setattr(today, "PAGE", 10)
    for number in range(12):
        do(sample.booked, f"2026-12-01 {10 + number // 6}:00", now=now, number=number)
    page = manager.get("/admin/")
    assert len(groups(page)["Next arrivals"]) == 8
    assert "Show all 12" in page.text
    assert 'href="/admin/?stand=expected"' in page.text
    every = [name for n in (1, 2) for name in groups(manager.get(f"/admin/?stand=expected&page={n}"))["Next arrivals"]]
    assert every == [f"Chauffeur {number}" for number in range(12)]


def test_a_past_day_asks_for_what_was_not_noted(manager, morning, clock):
    clock.ahead(days=1)
    found = groups(manager.get("/admin/?day=2026-12-01"))
    assert sorted(found["Nothing noted"]) == ["Chauffeur 3", "Chauffeur 5"]
    assert "Late" not in found


def test_nobody_arrives_on_a_day_to_come(manager, do, docks, now):
    do(sample.booked, "2026-12-02 10:00", now=now)
    page = manager.get("/admin/?day=2026-12-02")
    assert groups(page) == {"Expected": ["Chauffeur 0"]}
    assert "/arrive" not in page.text


def test_the_day_alone_is_sent_to_a_page_that_reads_it_again(manager, morning):
    found = manager.get("/admin/?day=2026-12-01", headers={"HX-Request": "true"})
    assert found.text.lstrip().startswith('<div  id="today"')
    assert 'hx-get="/admin/?day=2026-12-01"' in found.text
    assert 'id="today-lead" hx-swap-oob="true"' in found.text
    assert "data-live" in found.text
    assert "data-live" not in manager.get("/admin/?day=2026-12-02").text


def test_a_page_that_reads_the_day_again_is_sent_to_the_login_when_the_session_ends(client, docks):
    answer = client.get("/admin/", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/admin/?day=x"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/admin/login?next=/admin/?day%3Dx")


# One click


def press(client, page, act, name=None):
    """Press a button as a browser without scripts does: the first of the page, or that of somebody's line."""
    lines = re.findall(r"<li>.*?</li>", page.text, re.DOTALL) if name else [page.text]
    line = next(line for line in lines if not name or f">{name}</a>" in line)
    url = unescape(re.search(rf'action="([^"]*/{act}[^"]*)"', line)[1])
    return client.post(url, data=form_of(page, url))


@pytest.mark.parametrize(
    ("act", "said", "group"),
    [
        ("complete", "Chauffeur 2: completed.", "Done"),
        ("no-show", "Chauffeur 5: did not come.", "Missing"),
        ("arrive", "Chauffeur 3: arrived.", "On site"),
    ],
)
def test_one_click_marks_and_one_takes_it_back(agent, morning, act, said, group):
    address = "/admin/?site=bordeaux"
    before = groups(agent.get(address))
    name = said.partition(":")[0]
    answer = press(agent, agent.get(address), act, name)
    assert answer.location == address
    page = agent.get(address)
    assert said in page.text
    assert name in groups(page)[group]
    assert press(agent, page, "undo").location == address  # the first on the page stands beside what was said
    page = agent.get(address)
    assert f"{name}: undone." in page.text
    assert groups(page) == before


def test_a_second_click_says_nothing_more(agent, morning):
    page = agent.get("/admin/")
    assert [press(agent, page, "arrive", "Chauffeur 5").status_code for _ in range(2)] == [303, 303]
    assert agent.get("/admin/").text.count("Chauffeur 5: arrived.") == 1


def test_two_agents_who_mark_otherwise_are_told(agent, morning):
    page = agent.get("/admin/")
    assert press(agent, page, "complete", "Chauffeur 5").status_code == 303
    refused = press(agent, page, "no-show", "Chauffeur 5")
    assert refused.status_code == 409
    assert "has changed meanwhile" in refused.text


def test_where_scripts_run_a_word_is_said_and_the_day_read_again(agent, morning):
    url = f"/admin/appointments/{morning[5]}/arrive?next=/admin/"
    values = form_of(agent.get("/admin/"), url)
    answers = [agent.post(url, data=values, headers={"HX-Request": "true"}) for _ in range(2)]
    assert [answer.headers["HX-Trigger"] for answer in answers] == ["refresh", "refresh"]
    assert "Chauffeur 5: arrived." in answers[0].text
    assert f"/admin/appointments/{morning[5]}/undo?of=arrived&amp;next=/admin/" in answers[0].text
    assert "Chauffeur 5" not in answers[1].text
    otherwise = agent.post(url.replace("arrive", "no-show"), data=values, headers={"HX-Request": "true"})
    assert (otherwise.status_code, "has changed meanwhile" in otherwise.text) == (200, True)


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example/admin/", "/book/bordeaux", ""])
def test_nobody_is_led_elsewhere(agent, morning, next_):
    values = form_of(agent.get("/admin/"), "/admin/language")
    answer = agent.post(f"/admin/appointments/{morning[5]}/arrive", query_string={"next": next_}, data=values)
    assert answer.location == f"/admin/appointments/{morning[5]}"


def test_requests_that_wait_for_an_answer_are_listed(app, manager, morning):
    with app.app_context(), transaction() as session:
        asked = {"status": "requested", "answer_by": sample.paris("2026-12-01 10:00")}
        session.query(Appointment).filter_by(name="Chauffeur 3").update(asked)
    text = manager.get("/admin/?day=2026-12-05").text
    assert "Requests to answer" in text
    assert "Tuesday 1 December, 10:00 · CMD-1042" in text
    assert "30 min left" in text


def test_mails_that_failed_are_named_with_a_way_to_their_appointment(app, manager, morning):
    with app.app_context(), transaction() as session:
        session.query(OutboxMessage).filter_by(recipient="chauffeur2@example.com").update(
            {"state": "failed", "error": "550 No such mailbox"}
        )
    page = manager.get("/admin/").text
    assert "Mails to look at" in page
    assert "550 No such mailbox" in page
    assert re.search(r'href="/admin/gate/[A-Z0-9-]{9}">chauffeur2@example.com', page)


def test_a_mail_that_has_only_an_order_leads_to_it(app, manager, do, docks):
    do(sample.order)
    with app.app_context(), transaction() as session:
        draft = outbox.Draft(
            "booking_invitation", "x", "quai@example.com", "fr", sample.MADE, order_id=sample.order_id()
        )
        outbox.enqueue(session, [draft], NOW)
        session.query(OutboxMessage).update({"state": "parked", "error": "template"})
    assert re.search(r'href="/admin/orders/CMD-1042">quai@example.com', manager.get("/admin/").text)


def test_a_silent_worker_is_told(manager, morning, do):
    assert "No mail is leaving" in manager.get("/admin/").text
    do(outbox.beat, "worker:1", real_now())
    assert "No mail is leaving" not in manager.get("/admin/").text


def test_who_may_only_look_is_offered_nothing_to_press(viewer, morning, no_writes):
    page = viewer.get("/admin/")
    for act in ("New appointment", "/arrive", "/complete", "/no-show", "/undo"):
        assert act not in page.text
    values = form_of(page, "/admin/language")
    with no_writes():
        for act in ("arrive", "complete", "no-show", "undo", "note"):
            assert viewer.post(f"/admin/appointments/{morning[5]}/{act}", data=values).status_code == 404


def test_who_works_for_another_site_finds_nobody_and_marks_nobody(app, agent, morning, do, no_writes):
    do(sample.site, key="lyon")
    do(staff.works_for, "agent", "lyon")
    page = agent.get("/admin/")
    assert "Chauffeur" not in page.text
    assert "Bordeaux" not in page.text
    values = form_of(page, "/admin/language")
    with no_writes():
        for act in ("arrive", "complete", "no-show", "undo", "note"):
            assert agent.post(f"/admin/appointments/{morning[5]}/{act}", data=values).status_code == 404


def test_reading_the_day_writes_nothing(manager, morning, no_writes):
    with no_writes():
        for address in ("/admin/", "/admin/?stand=late", "/admin/sheet"):
            assert manager.get(address).status_code == 200
            assert manager.get(address, headers={"HX-Request": "true"}).status_code == 200
