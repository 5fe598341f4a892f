"""Appointments in the hands of the staff: seen, edited, cancelled, moved, booked for somebody on the telephone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.domain.lifecycle import Status
from portal.domain.retry import Failure
from portal.extensions import transaction
from portal.models import Appointment
from portal.operations import cards, outbox, staff_calendars
from portal.operations.actors import CUSTOMER
from portal.operations.appointment_lists import Filter, find_appointments
from portal.operations.staff_calendars import Subject
from tests import sample, staff
from tests.admin.conftest import form_of

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
PHONE = "/admin/add/appointment"
PICK = f"{PHONE}/bordeaux/quais"
DETAILS = f"{PICK}/details"
EIGHT_THIRTY = "start=2026-12-08T08:30:00%2B01:00"
TEN = "start=2026-12-08T10:00:00%2B01:00"


@pytest.fixture
def booked(do, now, docks):
    """Book Tuesday 8 December, 8:30, with an order's link."""
    do(sample.order)
    wished = {"token": do(sample.link), "site": None, "planning": None, "actor": CUSTOMER}
    return do(sample.booked, "2026-12-08 08:30", now=now, **wished)


@pytest.fixture
def at(booked):
    return f"/admin/appointments/{booked.public_id}"


@pytest.fixture
def card(do, booked):
    return lambda: do(cards.by_public_id, booked.public_id)


@pytest.fixture
def full(do, now, docks):
    """Take all six places of Tuesday 8 December, 10:00."""
    for number in range(6):
        do(sample.booked, "2026-12-08 10:00", now=now, number=number)


def made(do):
    return [one for one in do(find_appointments, Filter()).appointments if one.source == "staff"]


# The page


def test_the_page_says_what_when_who_and_what_was_mailed(manager, booked, at):
    text = manager.get(at).text
    for shown in (
        "Tuesday 8 December 2026", "8:30 to 9:30", "Paris time (UTC+1)", "Chauffeur 0", "chauffeur0@example.com",
        "CMD-1042", "Planning quais", "Confirmed", "in 7 days", "Booked", "the customer, by a link", "Confirmation",
        "Notice to the site", "About to leave",
    ):  # fmt: skip
        assert shown in text, shown


def test_an_unknown_appointment_is_not_found(manager, docks):
    for action in ("", "/edit", "/cancel", "/move"):
        assert manager.get(f"/admin/appointments/{'0' * 32}{action}").status_code == 404


def test_the_page_asks_a_fixed_number_of_questions(manager, at, send, statements):
    manager.get(at)
    with statements(at_most=8) as few:
        manager.get(at)
    for number in range(5):
        send(manager, f"{at}/edit", name=f"Name {number}")
    manager.get(at)
    with statements() as many:
        manager.get(at)
    assert len(many) == len(few)


def test_a_mail_that_was_refused_is_seen_and_sent_again(manager, do, now, at, send):
    for message in do(outbox.claim, now=now, real_now=REAL):
        do(outbox.settle, message, now=now, real_now=REAL, failure=Failure.RECIPIENT_REFUSED, reason="550 No such box")
    page = manager.get(at)
    assert "550 No such box" in page.text
    again = re.findall(rf"{at}/mails/\d+/again", page.text)[0]
    assert send(manager, at, again).location == at
    assert "About to leave" in manager.get(at).text


def test_a_mail_of_another_appointment_is_not_found(manager, at):
    values = form_of(manager.get(at), "/admin/language")
    assert manager.post(f"{at}/mails/999999999/again", data=values).status_code == 404


# Details


def test_details_are_edited_and_the_history_says_so(manager, at, card, send):
    edited = send(manager, f"{at}/edit", name="Dominique Roy", phone="05 56 00 00 00")
    assert edited.location == at
    assert (card().name, card().phone) == ("Dominique Roy", "05 56 00 00 00")
    text = manager.get(at).text
    assert "Name: “Chauffeur 0” became “Dominique Roy”." in text
    assert "manager@example.com" in text


def test_details_without_a_name_are_refused_and_kept(manager, at, send):
    refused = send(manager, f"{at}/edit", name="", phone="0102030405")
    assert refused.status_code == 422
    assert "<title>Error" in refused.text
    assert form_of(refused, f"{at}/edit")["phone"] == ["0102030405"]


# Cancelling


def test_a_cancellation_can_be_taken_back_for_a_while(manager, at, card, send):
    send(manager, f"{at}/cancel", when="undo")
    assert card().status is Status.CANCELLED
    assert "The place is kept until 9:05" in manager.get(at).text
    assert send(manager, at, f"{at}/undo?of=cancelled&next={at}").location == at
    assert card().status is Status.CONFIRMED


def test_a_cancellation_at_once_frees_the_place_at_once(manager, at, card, send):
    send(manager, f"{at}/cancel", when="now")
    assert card().status is Status.CANCELLED
    assert card().undo_until is None
    assert f"{at}/undo" not in manager.get(at).text


def test_the_second_click_of_a_cancellation_does_nothing(manager, at, send):
    values = form_of(manager.get(f"{at}/cancel"), f"{at}/cancel")
    for _ in range(2):
        assert manager.post(f"{at}/cancel", data=values).location == at


def test_a_cancellation_that_says_neither_is_refused(manager, at, send, card):
    assert send(manager, f"{at}/cancel", when="maybe").status_code == 422
    assert card().status is Status.CONFIRMED


# Moving


def test_an_appointment_is_moved_to_a_free_time(manager, at, card, send):
    page = manager.get(f"{at}/move")
    assert "Thursday 10 December, 14 free slots" in page.text
    moved = send(manager, f"{at}/move?start=2026-12-10T10:00:00%2B01:00")
    assert moved.location == at
    assert card().start == sample.paris("2026-12-10 10:00")
    told = manager.get(at)
    assert "from Tuesday 8 December 2026 at 8:30 to Thursday 10 December 2026 at 10:00" in told.text
    back = f"{at}/move/back?start=2026-12-08T08:30:00%2B01:00"
    assert manager.post(back, data=form_of(told, back)).location == at
    assert card().start == sample.paris("2026-12-08 08:30")


def test_the_own_time_is_not_called_the_first_free_one(manager, at, clock):
    clock.set(sample.paris("2026-12-08 07:50"))
    assert "First free slot:" in manager.get(f"{at}/move").text
    clock.set(sample.paris("2026-12-08 08:10"))
    assert "First free slot:" not in manager.get(f"{at}/move").text


def test_staff_is_bound_by_hours_and_capacity_alone(manager, do, now, send):
    do(sample.site, policy={"min_notice": 14 * 24 * 60, "max_days": 20})
    do(sample.planning)
    assert "Tuesday 1 December, 12 free slots (today)" in manager.get(PICK).text
    assert send(manager, f"{DETAILS}?start=2027-06-01T10:00:00%2B02:00", DETAILS, name="Ana").status_code == 303


def test_a_full_time_is_not_given_to_an_agent(agent, at, full, card):
    page = agent.get(f"{at}/move?on=2026-12-08&at=10:00")
    assert page.status_code == 200
    assert "Full." in page.text
    assert "overbook" not in page.text
    values = {**form_of(page, f"{at}/move"), "start": "2026-12-08T10:00:00+01:00", "reason": "because"}
    assert agent.post(f"{at}/move", data=values).status_code == 409
    assert card().start == sample.paris("2026-12-08 08:30")


def test_a_manager_overbooks_with_a_reason_that_is_kept(manager, at, full, card):
    page = manager.get(f"{at}/move?on=2026-12-08&at=10:00")
    values = {**form_of(page, f"{at}/move"), "start": "2026-12-08T10:00:00+01:00"}
    refused = manager.post(f"{at}/move", data=values)
    assert refused.status_code == 422
    assert 'href="#reason"' in refused.text
    given = {**values, **form_of(refused, f"{at}/move"), "reason": "Perishable goods"}
    assert manager.post(f"{at}/move", data=given).location == at
    assert (card().start, card().overbook_reason) == (sample.paris("2026-12-08 10:00"), "Perishable goods")
    assert "Overbooked: Perishable goods" in manager.get(at).text


def test_a_reason_given_for_a_free_time_overbooks_nothing(manager, at, send, card):
    send(manager, f"{at}/move?{TEN}", f"{at}/move", reason="Just in case")
    assert (card().start, card().overbook_reason) == (sample.paris("2026-12-08 10:00"), "")


def test_a_move_takes_the_nearest_time_instead(manager, at, full, card):
    page = manager.get(f"{at}/move?on=2026-12-08&at=10:00")
    values = form_of(page, f"{at}/move")
    assert manager.post(f"{at}/move", data=values).location == at
    assert card().start == sample.paris("2026-12-08 08:30" if "08:30" in values["start"][0] else "2026-12-08 09:00")


def test_what_is_cancelled_does_not_move(manager, at, send):
    send(manager, f"{at}/cancel", when="now")
    assert manager.get(f"{at}/move").status_code == 409


def test_a_day_alone_is_sent_to_a_page_that_asks_for_it(manager, at):
    found = manager.get(f"{at}/move?day=2026-12-10", headers={"HX-Request": "true"})
    assert found.text.lstrip().startswith("<section")
    assert "Thursday 10 December" in found.text


# On the telephone


def test_one_planning_is_not_asked_for(manager, docks):
    assert manager.get(f"{PHONE}/").location == PICK


def test_several_plannings_are_asked_for(manager, do, docks):
    do(sample.planning, key="comptoir", kinds=("customer",))
    text = manager.get(f"{PHONE}/").text
    assert "Planning comptoir" in text
    assert PICK in text


def test_an_order_leads_to_the_planning_that_serves_it(manager, do, docks):
    do(sample.planning, key="comptoir", kinds=("customer",))
    do(sample.order)
    do(sample.order, "C-1", kind="customer")
    assert manager.get(f"{PHONE}/?order=CMD-1042").location == f"{PICK}?order=CMD-1042"
    assert "Planning comptoir" in manager.get(f"{PHONE}/?order=C-1").text


def test_an_unknown_order_is_said_and_can_be_typed_again(manager, docks):
    page = manager.get(f"{PHONE}/?order=nothing")
    assert page.status_code == 404
    assert "No order has this reference" in page.text
    assert 'value="nothing"' in page.text


def test_free_places_come_first_and_nothing_past(manager, clock, docks):
    clock.ahead(hours=7)
    text = manager.get(PICK).text
    assert "Tuesday 1 December, 3 free slots (today)" in text
    assert "Tuesday 1 December at 16:00" in text
    clock.ahead(hours=4)
    assert "Wednesday 2 December at 8:00" in manager.get(PICK).text


def test_a_time_that_cannot_be_read_is_asked_for_again(manager, docks):
    back = manager.get(f"{DETAILS}?on=2026-12-08&at=soon")
    assert parse_qs(urlsplit(back.location).query) == {"on": ["2026-12-08"], "at": ["soon"]}
    text = manager.get(back.location).text
    assert "Enter a day and a time." in text
    assert 'value="2026-12-08"' in text


def test_a_customer_without_address_is_booked(manager, do, docks, send):
    booked = send(manager, f"{DETAILS}?{EIGHT_THIRTY}", DETAILS, name="Ana Roux", phone="05 56 00 00 00", email="")
    [card] = made(do)
    assert booked.location == f"/admin/appointments/{card.public_id}"
    assert (card.name, card.email, card.start) == ("Ana Roux", None, sample.paris("2026-12-08 08:30"))
    page = manager.get(booked.location).text
    assert "none: no e-mail is sent" in page
    assert "manager@example.com" in page


def test_an_order_fills_in_who_comes(manager, do, docks):
    do(sample.order)
    path = f"{DETAILS}?order=CMD-1042"
    page = manager.get(f"{path}&{EIGHT_THIRTY}")
    values = form_of(page, path)
    assert (values["name"], values["email"]) == (["Emballages Vidal"], ["achats@example.com"])
    assert manager.post(path, data=values).status_code == 303
    [card] = made(do)
    assert (card.order, card.email, card.locale) == ("CMD-1042", "achats@example.com", "fr")


def test_a_double_click_books_once(agent, do, docks):
    values = {**form_of(agent.get(f"{DETAILS}?{EIGHT_THIRTY}"), DETAILS), "name": "Ana"}
    answers = {agent.post(DETAILS, data=values).location for _ in range(3)}
    assert answers == {f"/admin/appointments/{made(do)[0].public_id}"}
    assert len(made(do)) == 1


def test_a_double_click_on_the_last_place_books_once(manager, do, now, docks):
    values = {**form_of(manager.get(f"{DETAILS}?{TEN}"), DETAILS), "name": "Ana"}
    for number in range(5):
        do(sample.booked, "2026-12-08 10:00", now=now, number=number)
    assert [manager.post(DETAILS, data=values).status_code for _ in range(2)] == [303, 303]
    assert len(made(do)) == 1


def test_what_was_typed_wrongly_is_kept(manager, do, docks, send):
    refused = send(manager, f"{DETAILS}?{EIGHT_THIRTY}", DETAILS, name="", email="ana@", comment="Deux\ncamions")
    assert refused.status_code == 422
    assert 'href="#name"' in refused.text
    assert form_of(refused, DETAILS)["email"] == ["ana@"]
    assert "Deux\ncamions" in refused.text
    assert made(do) == []


def test_a_place_lost_meanwhile_costs_one_choice_and_no_typing(agent, do, now, docks, full):
    values = {"start": "2026-12-08T10:00:00+01:00", "name": "Ana"}
    token = form_of(agent.get(DETAILS + "?" + EIGHT_THIRTY), DETAILS)
    lost = agent.post(DETAILS, data={**token, **values})
    assert lost.status_code == 409
    assert "This time has just been taken." in lost.text
    kept = form_of(lost, DETAILS)
    assert kept["name"] == ["Ana"]
    assert agent.post(DETAILS, data=kept).status_code == 303


def test_a_manager_overbooks_outside_hours(manager, do, docks):
    page = manager.get(f"{DETAILS}?on=2026-12-13&at=11:00")  # a Sunday
    assert "Closed on that day." in page.text
    values = {**form_of(page, DETAILS), "start": "2026-12-13T11:00:00+01:00", "name": "Ana", "reason": "Inventory"}
    assert manager.post(DETAILS, data=values).status_code == 303
    assert made(do)[0].overbook_reason == "Inventory"


def test_unknown_plannings_and_orders_are_not_found(manager, docks):
    for path in (f"{PHONE}/lyon/quais", f"{PHONE}/bordeaux/nothing/details", f"{PICK}?order=nothing"):
        assert manager.get(path).status_code == 404


def test_the_month_asks_a_fixed_number_of_questions(manager, do, docks, statements, now):
    manager.get(PICK)
    with statements(at_most=8) as few:
        manager.get(PICK)
    for hour in range(8, 12):
        do(sample.booked, f"2026-12-08 {hour:02}:00", now=now)
    with statements() as many:
        manager.get(PICK)
    assert len(many) == len(few)


def test_past_starts_are_no_nearest_ones(do, now, docks, clock):
    closed = sample.paris("2026-12-06 10:00")
    found = do(staff_calendars.choice, Subject("bordeaux", "quais"), closed, now=sample.paris("2026-12-05 12:00"))
    assert [one.start for one in found.nearest] == [
        sample.paris(f"2026-12-07 {hour}") for hour in ("08:00", "08:30", "09:00")
    ]


# Marks and notes


def test_the_history_tells_marks_and_who_set_them(manager, at, send, clock, card):
    clock.set(sample.paris("2026-12-08 08:40"))
    for act in ("arrive", "complete"):
        send(manager, at, f"{at}/{act}?next={at}")
    page = manager.get(at).text
    assert "noted at 8:40" in page
    for status in ("completed", "arrived"):
        send(manager, at, f"{at}/undo?of={status}&next={at}")
    told = re.findall(r"<li><strong>(.*?)</strong>", manager.get(at).text)
    assert told == ["Arrival taken back", "Completion taken back", "Completed", "Arrived", "Booked"]
    assert card().status is Status.CONFIRMED


def test_what_is_cancelled_for_now_is_taken_back_from_the_word_that_says_so(manager, at, send, card):
    send(manager, f"{at}/cancel", when="undo")
    page = manager.get("/admin/")
    assert "The appointment is cancelled, for now." in page.text
    url = f"{at}/undo?of=cancelled&next={at}"
    for _ in range(2):
        assert manager.post(url, data=form_of(page, url)).location == at
    assert card().status is Status.CONFIRMED
    assert manager.get(at).text.count("The appointment is restored.") == 1


def test_a_note_is_shown_with_author_and_time(manager, at, send, clock):
    clock.set(sample.paris("2026-12-08 08:40"))
    assert send(manager, at, f"{at}/note", text=" <b>Palette</b>\nabîmée ").location == at
    page = manager.get(at).text
    assert "&lt;b&gt;Palette&lt;/b&gt;\nabîmée</span>" in page
    assert re.search(r"8:40</time>, manager@example.com", page)


def test_a_note_sent_twice_is_kept_once(agent, at, do, booked):
    values = {**form_of(agent.get(at), f"{at}/note"), "text": "Quai 3"}
    assert [agent.post(f"{at}/note", data=values).status_code for _ in range(2)] == [303, 303]
    assert [line.kind for line in do(cards.history, booked.public_id)] == ["scheduled", "noted"]


@pytest.mark.parametrize(("text", "said"), [("", "Write the note."), ("x" * 2001, "Shorten this note.")])
def test_a_note_that_is_none_is_refused_and_kept_typed(agent, at, send, text, said):
    refused = send(agent, at, f"{at}/note", text=text)
    assert (refused.status_code, said in refused.text, 'href="#text"' in refused.text) == (422, True, True)
    assert form_of(refused, f"{at}/note").get("text", [""])[0].strip() == text


def test_customers_never_see_a_note(manager, client, at, send, booked):
    send(manager, at, f"{at}/note", text="Client difficile")
    page = client.get(f"/a/{booked.token}")
    assert (page.status_code, "Client difficile" in page.text) == (200, False)


def test_answers_of_the_customer_are_shown(manager, app, at, card):
    with app.app_context(), transaction() as session:
        session.query(Appointment).update({"fields": {"plaque": "AB-123-CD"}})
    for path in (at, f"/admin/gate/{card().reference}", "/admin/sheet?day=2026-12-08"):
        assert "AB-123-CD" in manager.get(path).text


def test_an_appointment_of_another_site_is_not_there(agent, do, at, card, no_writes):
    values = form_of(agent.get(at), f"{at}/note")
    do(sample.site, key="lyon")
    do(staff.works_for, "agent", "lyon")
    with no_writes():
        for action in ("", "/edit", "/cancel"):
            assert agent.get(f"{at}{action}").status_code == 404
        for action in ("edit", "cancel", "note", "arrive", "complete", "no-show", "undo", "mails/1/again"):
            assert agent.post(f"{at}/{action}", data={**values, "text": "x", "when": "now"}).status_code == 404


# Roles


def test_an_agent_books_moves_and_cancels(agent, at):
    page = agent.get(at).text
    for action in ("edit", "move", "cancel"):
        assert f"{at}/{action}" in page
        assert agent.get(f"{at}/{action}").status_code == 200


def test_a_viewer_reads_only(viewer, at, card):
    page = viewer.get(at)
    assert page.status_code == 200
    values = form_of(page, "/admin/language")
    for action in ("edit", "move", "cancel", "undo"):
        assert f"{at}/{action}" not in page.text
        assert viewer.post(f"{at}/{action}", data=values).status_code == 404
    for path in (f"{at}/edit", f"{at}/move", f"{at}/cancel", f"{PHONE}/", PICK, DETAILS):
        assert viewer.get(path).status_code == 404
    assert card().status is Status.CONFIRMED


@pytest.mark.parametrize("action", ["edit", "cancel", "undo", "move", "arrive", "complete", "no-show", "note"])
def test_a_post_without_its_token_changes_nothing(manager, at, action, no_writes):
    with no_writes():
        assert manager.post(f"{at}/{action}", data={"when": "now", "name": "X"}).status_code == 400


def test_reading_changes_nothing(manager, at, no_writes):
    with no_writes():
        for path in (at, f"{at}/edit", f"{at}/cancel", f"{at}/move", f"{PHONE}/", PICK, f"{DETAILS}?{TEN}"):
            assert manager.get(path).status_code in (200, 303)


def test_the_pages_speak_french_too(app, at):
    text = staff.logged_in(app, "admin", "fr").get(at).text
    for shown in (
        "Mardi 8 décembre 2026",
        "de 8\u00a0h\u00a030 à 9\u00a0h\u00a030",
        "Historique",
        "le client, par un lien",
    ):
        assert shown in text
