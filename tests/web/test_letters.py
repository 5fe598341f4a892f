"""Which answers a customer's mail repeats: never a text that a stranger may have written to somebody else."""

from __future__ import annotations

import pytest

from portal.operations import cards
from portal.operations.actors import CUSTOMER, Actor
from portal.web.letters import visit_of
from tests import sample

GIVEN = {"plate": "AB-123-CD", "pallets": 12, "carrier": "BUY NOW", "lorry": "van", "notes": "BUY\nNOW"}
ALL = (
    ("Plaque", "AB-123-CD"),
    ("Palettes", "12"),
    ("Transporteur", "BUY NOW"),
    ("Véhicule", "Fourgon"),
    ("Accès", "BUY\nNOW"),
)
BOUND = tuple(pair for pair in ALL if pair[0] not in ("Transporteur", "Accès"))


@pytest.fixture
def told(do, now):
    def read(**wish):
        booked = do(sample.booked, "2026-12-08 08:30", now=now, fields=GIVEN, **wish)
        return do(visit_of, do(cards.by_public_id, booked.public_id), "fr")

    return read


@pytest.fixture(autouse=True)
def docks(do) -> None:
    do(sample.docks, fields=sample.QUESTIONS)


def test_a_guest_s_free_texts_go_to_the_site_alone(told):
    assert (told().answers, told().repeated) == (ALL, BOUND)


def test_a_program_without_a_key_is_a_stranger_too(told):
    assert told(actor=Actor("customer", "api")).repeated == BOUND


def test_who_has_a_link_reads_all_answers_again(told, do):
    do(sample.order)
    visit = told(token=do(sample.link), site=None, planning=None, actor=CUSTOMER)
    assert visit.repeated == visit.answers == ALL


def test_who_was_booked_by_the_staff_reads_all_answers_again(told):
    assert told(actor=Actor("claire@example.com", "staff", staff=True)).repeated == ALL
