"""One appointment in the hands of the one who booked it."""

from __future__ import annotations

import io

import icalendar
import pytest
import segno

from portal.operations import appointments, cards
from portal.operations.actors import GUEST
from tests import sample
from tests.booking.pages import PLANNING

NEW = "start=2026-12-10T10:00:00%2B01:00"


@pytest.fixture
def url(booked):
    return f"/a/{booked.token}"


def card(do, booked):
    return do(cards.by_token, booked.token)


def test_the_page_says_what_when_where_and_what_next(portal, url, do, booked):
    page = portal.open(url)
    reference = card(do, booked).reference
    for told in (
        "Rendez-vous confirmé",
        "Mardi 8 décembre 2026 de 8 h 30 à 9 h 30",
        "Heure de Paris (UTC+1)",
        "12 quai des Chartrons, 33000 Bordeaux",
        reference,
        "Un rappel vous est envoyé le lundi 7 décembre.",
        "Les détails sont envoyés à chauffeur0@example.com.",
    ):
        assert told in page.text
    assert "openstreetmap.org" in page.link("Voir sur la carte")
    assert f'aria-label="Code QR de la référence {reference}"' in page.source


def test_the_code_for_the_gate_holds_the_reference_and_no_token(portal, url, do, booked):
    code = segno.make(f"http://localhost/admin/gate/{card(do, booked).reference}", error="m", micro=False, mask=2)
    drawn = code.svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None)
    assert drawn.removeprefix("<svg ") in portal.open(url).source


def test_the_calendar_file_is_that_of_the_mails(portal, url, booked):
    answer = portal.open(f"{url}/invite.ics").response
    assert answer.mimetype == "text/calendar"
    event = icalendar.Calendar.from_ical(io.BytesIO(answer.data).read()).walk("VEVENT")[0]
    assert (event["UID"], event["SEQUENCE"]) == (booked.public_id, 0)
    assert event.decoded("DTSTART") == sample.paris("2026-12-08 08:30")


def test_details_can_be_corrected(portal, url, do, booked):
    form = portal.open(f"{url}/edit")
    assert form.form.values["name"] == "Chauffeur 0"
    page = portal.follow(form.send(name="Dominique", phone="05 56", comment="Hayon <b>"))
    assert "Dominique" in page.text
    assert "Hayon &lt;b&gt;" in page.source
    assert card(do, booked).start == booked.start


def test_a_wrong_correction_keeps_what_was_typed(portal, url):
    page = portal.open(f"{url}/edit").send(name="", comment="Hayon")
    assert page.status == 422
    assert page.title.startswith("Erreur")
    assert page.form.values["comment"] == "Hayon"


def test_a_move_shows_free_days_then_the_old_and_the_new_time(portal, url):
    page = portal.open(f"{url}/reschedule?day=2026-12-10")
    assert "Ce créneau reste le vôtre" in page.text
    step = portal.open(page.slot("10 h"))
    assert "ActuelMardi 8 décembre 2026 de 8 h 30 à 9 h 30" in step.text
    assert "Nouveau" in step.text


def test_a_move_moves(portal, url, do, booked):
    page = portal.follow(portal.open(f"{url}/reschedule?{NEW}").send())
    assert "Jeudi 10 décembre 2026 de 10 h à 11 h" in page.text
    assert card(do, booked).sequence == 1


def test_moving_twice_by_a_double_click_moves_once(portal, url, do, booked):
    form = portal.open(f"{url}/reschedule?{NEW}")
    assert [form.send().status, form.send().status] == [303, 303]
    assert card(do, booked).sequence == 1


def test_a_new_time_that_is_lost_offers_the_three_nearest(portal, url, do, now, booked):
    form = portal.open(f"{url}/reschedule?{NEW}")
    for number in range(6):
        do(sample.booked, "2026-12-10 10:00", now=now, number=number)
    page = form.send()
    assert page.status == 409
    assert "Votre rendez-vous n’a pas bougé." in page.text
    assert page.source.count('type="radio"') == 3
    assert page.send().status == 303
    assert card(do, booked).start != booked.start


def test_a_full_hour_may_be_taken_by_the_one_who_moves_within_it(portal, url, do, now):
    for number in range(1, 6):
        do(sample.booked, "2026-12-08 08:30", now=now, number=number)
    assert portal.open(f"{url}/reschedule?start=2026-12-08T09:00:00%2B01:00").send().status == 303


def test_cancelling_asks_once_and_can_be_taken_back(portal, url, do, booked):
    question = portal.open(f"{url}/cancel")
    assert "Vous avez 5 minutes" in question.text
    assert card(do, booked).status == "confirmed"
    page = portal.follow(question.send())
    assert "Rendez-vous annulé" in page.title
    assert "Votre place est gardée jusqu’à 9 h 05." in page.text
    assert "Rendez-vous confirmé" in portal.follow(page.send()).title


def test_cancelling_twice_is_cancelling_once(portal, url):
    question = portal.open(f"{url}/cancel")
    assert [question.send().status, question.send().status] == [303, 303]
    assert portal.open(f"{url}/cancel").status == 303


def test_after_the_undo_a_cancellation_stands(portal, url, clock):
    page = portal.follow(portal.open(f"{url}/cancel").send())
    clock.ahead(minutes=6)
    assert page.send().status == 409
    assert portal.open(f"{url}/undo").status == 409
    after = portal.open(url)
    assert "Votre place est libre pour d’autres." in after.text
    assert not after.forms


def test_an_undo_without_a_cancellation_changes_nothing(portal, url):
    assert portal.open(f"{url}/undo").status == 303
    assert portal.post(f"{url}/undo", {}).status == 303


def test_the_own_time_is_not_called_the_first_free_one(portal, url, clock):
    clock.set(sample.paris("2026-12-08 07:50"))
    assert "Premier créneau libre : mardi 8 décembre à 8 h" in portal.open(f"{url}/reschedule").text
    clock.set(sample.paris("2026-12-08 08:10"))
    page = portal.open(f"{url}/reschedule")
    assert "Premier créneau libre" not in page.text
    assert page.slot("9 h")


@pytest.mark.parametrize("action", ["reschedule", "cancel"])
def test_inside_the_cut_off_the_page_says_whom_to_call(portal, do, now, clock, action):
    do(sample.docks, policy={"change_notice": "24h"})
    booked = do(sample.booked, "2026-12-08 08:30", now=now)
    page = portal.open(f"/a/{booked.token}")
    assert "jusqu’au lundi 7 décembre à 8 h 30" in page.text
    clock.set(sample.paris("2026-12-07 09:00"))
    page = portal.open(f"/a/{booked.token}")
    assert "Il est trop tard pour le déplacer ou l’annuler ici." in page.text
    assert "Déplacer" not in page.text
    refused = portal.open(f"/a/{booked.token}/{action}?lang=fr")
    assert refused.status == 422
    assert "05 56 00 10 42" in refused.text


def test_a_past_appointment_can_only_be_seen(portal, url, clock):
    clock.ahead(days=20)
    page = portal.open(url)
    assert "Rendez-vous passé" in page.title
    assert not page.forms
    assert {portal.open(f"{url}/{action}").status for action in ("edit", "reschedule", "cancel")} == {409, 422}


def test_a_booking_link_does_not_open_an_appointment(portal, link, booked):
    assert portal.open(f"/a/{link}").status == 404
    assert portal.open(f"/b/{booked.token}").status == 404


def test_one_who_cancelled_may_book_the_same_hour_again(portal, url, do, booked, now):
    do(appointments.cancel, booked.public_id, GUEST, now=now, undo=False)
    assert portal.open(f"{PLANNING}/details?start=2026-12-08T08:30:00%2B01:00").status == 200


def test_another_zone_is_shown_beside_the_sites(portal, url):
    assert "heure de New York (UTC−5)" in portal.open(f"{url}?tz=America/New_York").text
