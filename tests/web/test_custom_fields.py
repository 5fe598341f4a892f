"""Questions on a form: made for their kind, read as they were typed, refused in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask_babel import force_locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import Form

from portal.domain.answers import check_answers
from portal.domain.fields import Kind, Option, Question, kept
from portal.web.custom_fields import answers_of, asking, wrong_text
from tests import sample

QUESTIONS = tuple(kept(one) for one in sample.QUESTIONS)
TYPED = {"q_plate": "AB-123-CD", "q_pallets": "1 2", "q_lorry": "semi", "q_lift": "no", "q_loaded": "2026-12-07"}


@pytest.fixture(autouse=True)
def french(app) -> Iterator[None]:
    with app.test_request_context("/"), force_locale("fr"):
        yield


def form(typed, questions=QUESTIONS, **options):
    return asking(Form, questions, **options)(MultiDict(typed))


def errors(typed, **options) -> dict[str, str]:
    made = form(typed, **options)
    made.validate()
    return {name: found[0] for name, found in made.errors.items()}


def test_what_was_typed_is_read_as_it_is_kept():
    made = form(TYPED)
    assert made.validate()
    assert answers_of(made) == {
        "plate": "AB-123-CD",
        "pallets": 12,
        "carrier": None,
        "lorry": "semi",
        "lift": False,
        "loaded": "2026-12-07",
        "notes": None,
    }


def test_the_fields_are_named_in_order_and_apart_from_the_form_s_own():
    assert form({}).asked == tuple(f"q_{one.key}" for one in QUESTIONS)


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("q_plate", "", "Répondez à « Plaque »."),
        ("q_plate", "AB 123 CD", "Plaque : respectez la forme demandée. Par exemple AB-123-CD."),
        ("q_pallets", "douze", "Saisissez un nombre entier pour « Palettes »."),
        ("q_pallets", "34", "Saisissez un nombre de 1 à 33 pour « Palettes »."),
        ("q_carrier", "x" * 201, "Raccourcissez « Transporteur »."),
        ("q_carrier", "a\x07b", "Retirez de « Transporteur » les caractères illisibles."),
        ("q_lorry", "boat", "Choisissez une des réponses à « Véhicule »."),
        ("q_lift", "maybe", "Choisissez une des réponses à « Hayon »."),
        ("q_loaded", "hier", "Saisissez une date pour « Chargé le »."),
    ],
)
def test_what_is_wrong_is_said_in_words(name, text, error):
    found = errors({**TYPED, name: text})
    assert {field: said.replace("\u00a0", " ") for field, said in found.items()} == {name: error}


def test_nothing_is_required_of_staff():
    assert errors({}, needed=False) == {}


def test_what_was_kept_may_stay_though_it_is_not_offered_any_more():
    lorry = Question("lorry", {"fr": "Véhicule"}, Kind.CHOICE, options=(Option("van", {"fr": "Fourgon"}),))
    made = form({"q_lorry": "semi"}, [lorry], kept={"lorry": "semi"})
    assert made.validate()
    assert answers_of(made) == {"lorry": "semi"}
    assert not form({"q_lorry": "semi"}, [lorry]).validate()


def test_a_form_that_was_answered_before_holds_the_answers():
    made = asking(Form, QUESTIONS, kept={"pallets": 12, "lift": True, "lorry": "van"})(None)
    assert (made["q_pallets"].data, made["q_lift"].data, made["q_lorry"].data) == ("12", "yes", "van")


@pytest.mark.parametrize(
    "problem", ["required", "pattern", "too_long", "out_of_range", "not_a_choice", "not_a_boolean"]
)
@pytest.mark.parametrize("one", QUESTIONS, ids=lambda one: one.key)
def test_every_problem_names_its_question(one, problem):
    assert one.label["fr"] in wrong_text(one, problem)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.dictionaries(st.sampled_from([f"q_{one.key}" for one in QUESTIONS]), st.text()))
def test_whatever_the_form_accepts_the_booking_accepts(typed):
    made = form(typed, needed=False)
    if made.validate():
        check_answers(QUESTIONS, answers_of(made), needed=False)
