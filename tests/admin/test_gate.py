"""The gate: the code leads here, and the card says at a glance who stands there and whether they are expected."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.operations import appointments, cards, users
from portal.operations.actors import GUEST
from tests import sample, staff
from tests.admin.conftest import form_of


@pytest.fixture
def booked(do, now, docks):
    """Book Tuesday 1 December, 14:00 to 15:00."""
    return do(sample.booked, "2026-12-01 14:00", now=now)


@pytest.fixture
def reference(do, booked):
    return do(cards.by_public_id, booked.public_id).reference


@pytest.fixture
def at(reference):
    return f"/admin/gate/{reference}"


@pytest.mark.parametrize(
    ("clock_says", "title", "text"),
    [
        ("2026-12-01 09:00", "Early by 5 h", "Expected at 14:00."),
        ("2026-12-01 13:15", "Early by 45 min", "Expected at 14:00."),
        ("2026-12-01 13:40", "On time", "Expected at 14:00."),
        ("2026-12-01 14:05", "On time", "Expected at 14:00."),
        ("2026-12-01 14:20", "Late by 20 min", "Expected at 14:00."),
        ("2026-12-01 16:05", "Late by 2 h 05", "The appointment ended at 15:00."),
        ("2026-11-30 14:00", "Not today", "Expected tomorrow at 14:00."),
        ("2026-11-20 14:00", "Not today", "Expected Tuesday 1 December 2026 at 14:00."),
        ("2026-12-02 08:00", "Not today", "Was expected yesterday at 14:00."),
    ],
)
def test_the_card_compares_with_the_clock(agent, clock, at, clock_says, title, text):
    clock.set(sample.paris(clock_says))
    page = agent.get(at).text
    assert f"<h1>{title}</h1>" in page
    assert text in page


def test_a_night_that_began_yesterday_is_not_another_day(agent, do, now, clock):
    do(sample.site)
    do(sample.planning, week=dict.fromkeys(range(1, 8), ((0, 1440, 2),)))
    booked = do(sample.booked, "2026-12-01 23:30", now=now)
    clock.set(sample.paris("2026-12-02 00:10"))
    page = agent.get(f"/admin/gate/{do(cards.by_public_id, booked.public_id).reference}").text
    assert "Late by 40 min" in page


@pytest.mark.parametrize("write", [str.lower, str.upper, lambda text: text.replace("-", ""), lambda text: f" {text} "])
def test_the_reference_is_typed_in_any_way(agent, reference, write):
    answer = agent.get("/admin/gate/", query_string={"reference": write(reference)}, follow_redirects=True)
    assert answer.status_code == 200
    assert reference in answer.text


def test_the_card_says_who_and_for_what(agent, do, now, docks):
    do(sample.order)
    wished = {"token": do(sample.link), "site": None, "planning": None}
    booked = do(sample.booked, "2026-12-01 14:00", now=now, **wished)
    page = agent.get(f"/admin/gate/{do(cards.by_public_id, booked.public_id).reference}").text
    for shown in ("Chauffeur 0", "CMD-1042", "36 palettes", "Planning quais", "14:00 to 15:00"):
        assert shown in page
    assert f"/admin/appointments/{booked.public_id}" in page


def test_a_cancelled_one_is_not_let_in(agent, do, now, booked, at):
    do(appointments.cancel, booked.public_id, GUEST, now=now)
    page = agent.get(at).text
    assert "<h1>Cancelled</h1>" in page
    assert "Nobody is expected any more." in page


@pytest.mark.on_both
@pytest.mark.parametrize("typed", ["AB12", "------", "?", "é", "\0", "ZZZZ-ZZZZ", "x" * 500])
def test_an_unknown_reference_is_typed_again(agent, docks, typed):
    answer = agent.get("/admin/gate/", query_string={"reference": typed}, follow_redirects=True)
    assert answer.status_code in (200, 404)
    assert "No appointment has this reference" in answer.text
    assert 'name="reference"' in answer.text


def test_the_gate_without_a_reference_asks_for_one(agent, docks):
    assert "Scan the code" in agent.get("/admin/gate/").text


def test_a_login_in_between_leads_back_to_the_gate(client, do, now, at):
    do(users.add, "porte@example.com", "sept quais et une grue", role="agent", now=now)
    asked = client.get(at)
    assert asked.status_code == 303
    assert parse_qs(urlsplit(asked.location).query)["next"] == [at]
    values = {**form_of(client.get(asked.location), "/admin/login"), "email": "porte@example.com"}
    entered = client.post("/admin/login", data={**values, "password": "sept quais et une grue"})
    assert entered.location == at


def press(client, path, act):
    """Press a button of the gate as a browser does."""
    page = client.get(path)
    (action,) = {one for one in re.findall(r'action="([^"]+)"', page.text) if f"/{act}?" in one}
    return client.post(unescape(action), data=form_of(page, unescape(action)))


def test_one_press_lets_somebody_in_and_one_takes_it_back(agent, clock, at):
    clock.set(sample.paris("2026-12-01 13:55"))
    assert press(agent, at, "arrive").location == at
    page = agent.get(at).text
    assert "<h1>Arrived</h1>" in page
    assert "Noted today at 13:55. Expected at 14:00." in page
    assert "Chauffeur 0: arrived." in page
    assert "Next arrival" in page
    assert press(agent, at, "undo").location == at
    assert "<h1>On time</h1>" in agent.get(at).text


@pytest.mark.parametrize(
    ("acts", "title", "offered"),
    [
        ([], "Late by 20 min", {"arrive", "complete", "no-show"}),
        (["arrive"], "Arrived", {"complete", "undo"}),
        (["arrive", "complete"], "Completed", {"undo"}),
        (["no-show"], "Did not come", {"undo"}),
    ],
)
def test_the_gate_offers_what_may_follow(agent, clock, at, acts, title, offered):
    clock.set(sample.paris("2026-12-01 14:20"))
    for act in acts:
        press(agent, at, act)
    page = agent.get(at).text
    assert f"<h1>{title}</h1>" in page
    assert set(re.findall(r'action="/admin/appointments/\w+/([\w-]+)\?', page)) == offered


def test_before_the_start_somebody_can_only_arrive(agent, at):
    page = agent.get(at).text
    assert "/arrive?" in page
    for later in ("/complete?", "/no-show?", "/undo?"):
        assert later not in page


def test_a_viewer_presses_nothing(viewer, at):
    assert "/arrive?" not in viewer.get(at).text


def test_the_gate_of_another_site_knows_nobody(agent, do, at, reference):
    do(sample.site, key="lyon")
    do(staff.works_for, "agent", "lyon")
    assert agent.get(at).status_code == 404
    do(staff.works_for, "agent", "bordeaux")
    assert agent.get(at).status_code == 200


def test_the_gate_reads_and_nothing_more(viewer, at, no_writes, statements):
    viewer.get(at)
    with no_writes(), statements(at_most=4):
        assert viewer.get(at).status_code == 200


def test_it_names_who_serves_and_what_is_reserved(viewer, do, now):
    do(sample.agency, people=("jean",), requires=[{"kind": "staff"}, {"kind": "room"}])
    do(sample.resource, "salon", "room")
    booked = do(sample.booked, "2026-12-07 09:00", now=now, service="evaluation")
    page = viewer.get(f"/admin/gate/{do(cards.by_public_id, booked.public_id).reference}").text
    assert ("<strong>Jean</strong>" in page, "Salon" in page) == (True, True)
