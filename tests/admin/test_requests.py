"""Requests in the staff area: listed by their deadline, accepted and declined wherever one is shown, by managers."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from portal.domain.lifecycle import Status
from portal.extensions import transaction
from portal.models import Planning
from portal.operations import appointments, cards, validation
from portal.operations.actors import GUEST, Actor
from portal.operations.keepsakes import new_revision
from portal.operations.wishes import Move
from tests import sample
from tests.admin.conftest import form_of
from tests.booking.pages import HTMX
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
EIGHT, TEN = "2026-12-07 08:00", "2026-12-07 10:00"
LIST = "/admin/requests"


@pytest.fixture
def asked(do, now):
    """Ask for Monday 8:00; to be answered within two hours."""
    do(sample.docks, policy={"validation": "manager", "answer_within": "2h"})
    return do(sample.booked, EIGHT, now=now).public_id


@pytest.fixture
def moving(do, asked, now):
    """Accept that request, and ask for its move to 10:00."""
    do(validation.accept, asked, STAFF, now=now)
    do(appointments.move, Move(asked, paris(TEN), GUEST), now=now)
    return asked


@pytest.fixture
def gone(do, asked, now):
    """Take the place of that request away: somebody else is there, and the dock has one place less."""
    do(sample.booked, EIGHT, now=now, number=1, actor=STAFF)
    do(fill, 1)
    return asked


def fill(slots: int) -> None:
    with transaction() as session:
        planning = session.query(Planning).one()
        planning.revision = new_revision()
        for opening in planning.versions[0].openings:
            opening.slots = slots


def url(public_id: str, page: str = "") -> str:
    return f"/admin/appointments/{public_id}{page}"


def status(do, public_id: str) -> Status:
    return do(cards.by_public_id, public_id).status


def actions(text: str, act: str) -> list[str]:
    """List the forms and links that lead to an answer."""
    return re.findall(rf'(?:action|href)="(/admin/appointments/[0-9a-f]+/{act}[^"]*)"', unescape(text))


def text_of(answer) -> str:
    """Read what is to be read, on one line."""
    bare = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(answer.text)))
    return bare.replace(" ,", ",").replace(" .", ".")


# The list


def test_requests_are_listed_by_their_deadline(manager, asked, do, now):
    do(sample.booked, TEN, now=now - timedelta(minutes=30), number=1)
    page = manager.get(LIST)
    names = re.findall(r"<strong><a [^>]*>(.*?)</a>", page.text)
    assert names == ["Chauffeur 1", "Chauffeur 0"]
    assert "1 h 30 left" in text_of(page)
    assert "2 h left" in text_of(page)


def test_a_list_without_requests_says_so(manager, docks):
    assert "Nothing waits for an answer." in manager.get(LIST).text


def test_the_list_counts_and_filters_by_site_and_planning(manager, asked, do, now):
    do(sample.site, key="lyon")
    do(sample.planning, key="rampe", sites=("lyon",), policy={"validation": "manager"})
    do(sample.booked, EIGHT, now=now, number=1, site="lyon", planning="rampe")
    page = manager.get(LIST)
    assert "Bordeaux (1)" in page.text
    assert "Planning rampe (1)" in page.text
    for query, names in (
        ("site=lyon", ["Chauffeur 1"]),
        ("planning=quais", ["Chauffeur 0"]),
        ("site=x", []),
        ("page=9&site=", ["Chauffeur 0", "Chauffeur 1"]),
    ):
        assert re.findall(r"<strong><a [^>]*>(.*?)</a>", manager.get(f"{LIST}?{query}").text) == names


def test_the_list_has_pages(manager, do, now):
    do(sample.docks, policy={"validation": "manager"}, week={1: ((480, 720, 60),)})
    for number in range(51):
        do(sample.booked, EIGHT, now=now, number=number)
    page = manager.get(LIST)
    assert '<span class="count">51</span>' in page.text
    assert "Page 1 of 2" in text_of(page)
    assert len(actions(manager.get(f"{LIST}?page=2").text, "accept")) == 1


def test_the_list_costs_the_same_however_long_it_is(manager, asked, do, now, statements):
    manager.get(LIST)
    with statements(at_most=5) as few:  # the session, the name, the count, the page, the places
        manager.get(LIST)
    for number in range(1, 5):
        do(sample.booked, EIGHT, now=now, number=number)
    with statements(at_most=len(few)):
        manager.get(LIST)


def test_a_move_that_waits_shows_both_times(manager, moving):
    page = text_of(manager.get(LIST))
    assert "Move: Monday 7 December 2026, 8:00 to 9:00 → Monday 7 December 2026, 10:00 to 11:00" in page


def test_agents_and_viewers_see_requests_and_answer_none(agent, viewer, asked):
    for client in (agent, viewer):
        page = client.get(LIST)
        assert "Chauffeur 0" in page.text
        assert actions(page.text, "accept") == []
        for act in ("accept", "decline"):
            assert client.get(url(asked, f"/{act}")).status_code == 404
        assert actions(client.get(url(asked)).text, "accept") == []


# Accepting


def test_one_press_accepts_and_comes_back_to_the_list(manager, asked, do):
    (action,) = actions(manager.get(LIST).text, "accept")
    answer = manager.post(action, data=form_of(manager.get(LIST), action))
    assert (answer.status_code, answer.location) == (303, LIST)
    assert "Chauffeur 0: accepted." in manager.get(LIST).text
    assert status(do, asked) is Status.CONFIRMED


def test_the_history_says_who_accepted(manager, asked, send):
    send(manager, LIST, actions(manager.get(LIST).text, "accept")[0])
    told = text_of(manager.get(url(asked)))
    assert "Requested for Monday 7 December 2026 at 8:00" in told
    assert "Accepted Tuesday 1 December, 9:00, manager@example.com" in told


def test_where_scripts_run_the_page_stays_and_looks_again(manager, asked, do):
    (action, *_others) = actions(manager.get("/admin/").text, "accept")
    answer = manager.post(action, data=form_of(manager.get("/admin/"), action), headers=HTMX)
    assert answer.headers["HX-Trigger"] == "refresh"
    assert "Chauffeur 0: accepted." in answer.text
    assert status(do, asked) is Status.CONFIRMED


def test_a_double_click_says_nothing_twice(manager, asked):
    page = manager.get(LIST)
    (action,) = actions(page.text, "accept")
    values = form_of(page, action)
    manager.post(action, data=values)
    manager.get(LIST)
    assert manager.post(action, data=values).status_code == 303
    assert "accepted." not in manager.get(LIST).text


def test_who_comes_too_late_is_told(manager, asked, clock, do):
    page = manager.get(LIST)
    (action,) = actions(page.text, "accept")
    clock.ahead(hours=2)
    assert manager.post(action, data=form_of(page, action)).status_code == 409
    beside = manager.post(action, data=form_of(page, action), headers=HTMX)
    assert "This appointment has changed meanwhile." in beside.text
    assert manager.get(url(asked, "/accept")).status_code == 303
    assert status(do, asked) is Status.REQUESTED


def test_what_was_seen_is_what_is_accepted(manager, asked, do, now):
    page = manager.get(LIST)
    (action,) = actions(page.text, "accept")
    do(appointments.move, Move(asked, paris(TEN), GUEST), now=now)
    assert manager.post(action, data=form_of(page, action)).status_code == 409
    assert status(do, asked) is Status.REQUESTED


def test_a_place_that_is_gone_asks_for_a_reason(manager, gone, send, do):
    (action,) = actions(manager.get(LIST).text, "accept")
    answer = send(manager, LIST, action)
    assert answer.status_code == 409
    assert "All places of that time are taken by now." in answer.text
    without = manager.post(action, data=form_of(answer, action))
    assert without.status_code == 422
    assert "Say why this place is given although it is not free" in unescape(without.text)
    assert status(do, gone) is Status.REQUESTED


def test_a_manager_accepts_it_all_the_same_with_a_reason(manager, gone, send, do):
    answer = send(manager, url(gone, "/accept"), reason="Deuxième quai ouvert")
    assert (answer.status_code, status(do, gone)) == (303, Status.CONFIRMED)
    assert do(cards.by_public_id, gone).overbook_reason == "Deuxième quai ouvert"
    assert "Overbooked: Deuxième quai ouvert" in text_of(manager.get(url(gone)))


def test_a_reason_for_what_is_free_is_not_kept(manager, asked, send, do):
    page = manager.get(url(asked, "/accept"))
    manager.post(url(asked, "/accept"), data={**form_of(page, url(asked, "/accept")), "reason": "Pour rien"})
    assert do(cards.by_public_id, asked).overbook_reason == ""


def test_where_scripts_run_a_place_that_is_gone_leads_to_its_page(manager, gone):
    page = manager.get("/admin/")
    (action, *_others) = actions(page.text, "accept")
    answer = manager.post(action, data=form_of(page, action), headers=HTMX)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith(url(gone, "/accept"))


def test_a_reason_that_is_too_long_is_asked_again(manager, asked, send):
    for act, length in (("accept", 301), ("decline", 501)):
        answer = send(manager, url(asked, f"/{act}"), _more={"reason": "x" * length})
        assert answer.status_code == 422
        assert "<title>Error:" in answer.text


# Declining


def test_declining_asks_for_a_reason_once(manager, asked, send, do):
    (link,) = actions(manager.get(LIST).text, "decline")
    answer = send(manager, link, link, reason="Le quai est en travaux.")
    assert (answer.status_code, answer.location) == (303, LIST)
    assert "Chauffeur 0: declined." in manager.get(LIST).text
    assert status(do, asked) is Status.DECLINED
    assert "Reason: Le quai est en travaux." in text_of(manager.get(url(asked)))


def test_a_request_without_an_address_says_to_call(manager, asked, do):
    def forget():
        with transaction() as session:
            session.query(cards.Appointment).one().email = None

    do(forget)
    assert "There is no e-mail address: tell the customer yourself." in manager.get(url(asked, "/decline")).text


def test_looking_at_both_pages_changes_nothing(manager, asked, no_writes):
    manager.get(LIST)
    with no_writes():
        for _ in range(2):
            assert manager.get(url(asked, "/accept")).status_code == 200
            assert manager.get(url(asked, "/decline")).status_code == 200


# Elsewhere


def test_today_shows_the_first_of_them_with_both_answers(manager, asked, do, now):
    for number in range(1, 7):
        do(sample.booked, EIGHT if number < 6 else TEN, now=now, number=number)
    page = manager.get("/admin/")
    assert 'Requests to answer <span class="count">7</span>' in page.text
    assert len(actions(page.text, "accept")) == len(actions(page.text, "decline")) == 5
    assert 'id="all-requests" href="/admin/requests"' in page.text


def test_a_request_of_the_day_has_its_answers_on_its_line(manager, do, now):
    do(sample.docks, policy={"validation": "manager"})
    asked = do(sample.booked, "2026-12-01 15:00", now=now).public_id
    page = manager.get("/admin/")
    assert f'id="line-accept-{asked}"' in page.text
    assert f'id="accept-{asked}"' in page.text


def test_the_page_of_an_appointment_says_until_when_it_is_to_be_answered(manager, asked):
    page = text_of(manager.get(url(asked)))
    assert "Request to answer" in page
    assert "To be answered by Tuesday 1 December 2026 at 11:00." in page
    assert "0 of 6 places are taken by others at that time." in page


def test_an_agent_reads_there_that_a_manager_answers(agent, asked):
    assert "A manager answers it." in agent.get(url(asked)).text


def test_the_page_of_a_move_that_waits_says_both_times(manager, moving):
    page = text_of(manager.get(url(moving)))
    assert "Move to answer" in page
    assert "Asked for: Monday 7 December 2026, 10:00 to 11:00" in page
    assert "Move asked for to Monday 7 December 2026 at 10:00" in page


def test_the_history_of_moves_is_told_in_words(manager, moving, do, now):
    do(validation.decline, moving, STAFF, now=now, reason="Trop tard.")
    do(appointments.move, Move(moving, paris(TEN), GUEST), now=now)
    do(validation.accept, moving, Actor("mail:quais@example.com", "staff", staff=True), now=now)
    page = text_of(manager.get(url(moving)))
    assert "Move declined to Monday 7 December 2026 at 10:00 Reason: Trop tard." in page
    assert "Move accepted from Monday 7 December 2026 at 8:00 to Monday 7 December 2026 at 10:00" in page
    assert "quais@example.com, by the link in the mail" in page


def test_an_expired_request_says_so(manager, asked, do, now):
    do(validation.expire, now + timedelta(hours=2))
    page = text_of(manager.get(url(asked)))
    assert "Expired Tuesday 1 December, 9:00" not in page
    assert re.search(r"Expired Tuesday 1 December, 11:00, the portal", page)


def test_the_audit_log_names_answers(admin, asked, do, now):
    do(validation.decline, asked, Actor("mail:quais@example.com", "staff", staff=True), now=now, reason="Non.")
    page = text_of(admin.get("/admin/audit/"))
    assert "Declined" in page
    assert "quais@example.com, by the link in the mail" in page


def test_answers_are_found_in_the_audit_log_by_their_name(admin, asked, do, now):
    do(validation.accept, asked, STAFF, now=now)
    assert "Accepted" in admin.get("/admin/audit/?action=accepted").text
