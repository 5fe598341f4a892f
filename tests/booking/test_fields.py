"""A customer is asked for the plate and the pallets: booking, by guest and by link, correcting, reading it again."""

from __future__ import annotations

import re

import pytest

from portal.operations import cards
from portal.operations.actors import Actor
from tests import sample
from tests.booking.pages import PLANNING

START = "start=2026-12-08T08:30:00%2B01:00&lang=fr"
PERSON = {"email": "camille@example.com", "name": "Camille Roy"}
ANSWERS = {"q_plate": "AB-123-CD", "q_pallets": "12", "q_lorry": "semi", "q_carrier": "Vidal"}
STAFF = Actor("claire@example.com", "staff", staff=True)


@pytest.fixture
def docks(do) -> None:
    do(sample.docks, fields=sample.QUESTIONS)


@pytest.fixture
def form(portal, docks):
    return portal.open(f"{PLANNING}/details?{START}")


@pytest.fixture
def booked(docks, do, now):
    given = {"plate": "AB-123-CD", "pallets": 12, "lift": True, "notes": "Quai 3\nhayon"}
    return do(sample.booked, "2026-12-08 08:30", now=now, fields=given)


def answers(do, page) -> dict:
    return dict(do(cards.by_token, page.response.headers["Location"].split("/a/")[1].split("?")[0]).fields)


def facts(page) -> list[str]:
    pairs = re.findall(r"<dt>(?:<svg.*?</svg>)?(.*?)</dt><dd>(.*?)</dd>", page.source, re.DOTALL)
    return [f"{label}: {re.sub('<.*?>', '', text).strip()}" for label, text in pairs]


def test_the_form_asks_in_the_language_of_the_page(form, portal):
    assert "Plaque Par exemple AB-123-CD. Palettes (facultatif)" in form.text
    assert "Plate Such as AB-123-CD. Pallets (optional)" in portal.open(f"{PLANNING}/details?{START[:-2]}en").text


def test_a_guest_answers(form, do):
    assert answers(do, form.send(**PERSON, **ANSWERS)) == {
        "plate": "AB-123-CD",
        "pallets": 12,
        "carrier": "Vidal",
        "lorry": "semi",
    }


def test_what_is_wrong_is_told_on_top_and_nothing_typed_is_lost(form, do):
    page = form.send(**PERSON, **{**ANSWERS, "q_plate": "AB 123", "q_pallets": "99"})
    assert page.status == 422
    assert page.title.startswith("Erreur")
    assert "Il y a 2 points à corriger Plaque : respectez la forme demandée." in page.text
    assert 'href="#q_plate"' in page.source
    assert 'aria-describedby="q_plate-hint q_plate-error"' in page.source
    assert page.form.values["q_plate"] == "AB 123"
    assert page.form.values["q_carrier"] == "Vidal"
    assert page.form.values["name"] == "Camille Roy"
    assert '<option selected value="semi">' in page.source


def test_what_is_required_is_asked_for(form):
    page = form.send(**PERSON)
    assert page.status == 422
    assert "Répondez à « Plaque »." in page.text


def test_a_link_asks_too(portal, docks, do):
    do(sample.order)
    token = do(sample.link)
    page = portal.open(f"/b/{token}/details?{START}")
    assert page.send().status == 422
    assert answers(do, page.send(**ANSWERS))["plate"] == "AB-123-CD"


def test_a_slot_that_went_meanwhile_keeps_the_answers(form, do, now):
    for number in range(6):
        do(sample.booked, "2026-12-08 08:30", now=now, number=number, fields={"plate": "AB-123-CD"})
    page = form.send(**PERSON, **ANSWERS)
    assert page.status == 409
    assert page.form.values["q_plate"] == "AB-123-CD"


def test_a_double_click_with_the_same_answers_is_one_booking(form):
    first, second = (form.send(**PERSON, **ANSWERS).response.headers["Location"] for _ in range(2))
    assert first == second


def test_the_appointment_shows_the_answers(portal, booked):
    page = portal.open(f"/a/{booked.token}?lang=fr")
    assert facts(page)[-5:-1] == ["Plaque: AB-123-CD", "Palettes: 12", "Hayon: Oui", "Accès: Quai 3\nhayon"]
    assert "Tail lift: Yes" in facts(portal.open(f"/a/{booked.token}?lang=en"))


def test_the_answers_can_be_corrected(portal, booked, do):
    page = portal.open(f"/a/{booked.token}/edit?lang=fr")
    assert (page.form.values["q_plate"], page.form.values["q_pallets"], page.form.values["q_lift"]) == (
        "AB-123-CD",
        "12",
        "yes",
    )
    assert page.send(q_plate="EF-456-GH", q_pallets="", q_lift="no").status == 303
    assert do(cards.by_public_id, booked.public_id).fields == {
        "plate": "EF-456-GH",
        "lift": False,
        "notes": "Quai 3\nhayon",
    }


def test_a_correction_that_is_wrong_is_shown_again(portal, booked):
    page = portal.open(f"/a/{booked.token}/edit?lang=fr").send(q_plate="?")
    assert page.status == 422
    assert page.form.values["q_plate"] == "?"


def test_who_was_booked_by_telephone_is_asked_when_correcting(portal, docks, do, now):
    booked = do(sample.booked, "2026-12-08 08:30", now=now, actor=STAFF)
    page = portal.open(f"/a/{booked.token}/edit?lang=fr")
    assert page.send(phone="06").status == 422
    assert page.send(phone="06", q_plate="AB-123-CD").status == 303


def test_a_question_asked_no_more_is_not_lost_by_a_correction(portal, booked, do):
    do(sample.ask, [sample.PALLETS], former=[sample.PLATE, sample.NOTES, sample.LIFT])
    page = portal.open(f"/a/{booked.token}/edit?lang=fr")
    assert "q_plate" not in page.form.values
    assert page.send(q_pallets="13").status == 303
    assert {"Palettes: 13", "Plaque: AB-123-CD"} <= set(facts(portal.open(f"/a/{booked.token}?lang=fr")))


def test_markup_in_words_and_answers_is_only_text(portal, do, now):
    evil = {**sample.CARRIER, "label": {"fr": "<b>Qui</b>"}, "help": {"fr": "<i>aide</i>"}}
    do(sample.docks, fields=[evil])
    page = portal.open(f"{PLANNING}/details?{START}")
    assert "<b>Qui</b>" in page.text
    booked = do(sample.booked, "2026-12-08 08:30", now=now, fields={"carrier": "<script>alert(1)</script>"})
    assert "<script>alert(1)</script>" in portal.open(f"/a/{booked.token}?lang=fr").text


ODD = [
    "\x00",
    "\ud800",
    "\u202e",
    "'\"><svg onload=alert(1)>",
    "9" * 400,
    "-0",
    "٣",
    "2026-13-45",
    "yes\r\nno",
    "é" * 5000,
]


@pytest.mark.on_both
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_nothing_that_is_typed_breaks_the_page(form, text):
    names = [name for name in form.form.values if name.startswith("q_")]
    sent = text.encode("utf-8", "surrogatepass")
    assert form.send(**PERSON, **dict.fromkeys(names, sent)).status in (303, 400, 422)
