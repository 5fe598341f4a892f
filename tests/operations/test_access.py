"""Who may book: patterns of addresses, and existing customers only."""

from __future__ import annotations

import pytest

from portal.domain.errors import LimitReached, NotEligible
from portal.operations import appointments
from portal.operations.actors import CUSTOMER, SYSTEM, Actor
from portal.operations.wishes import Contact, Wish
from tests import sample
from tests.sample import paris

MONDAY = "2026-12-07 08:00"
PROGRAM = Actor("customer", "api")


def refused(do, now, **options):
    with pytest.raises(NotEligible) as refusal:
        do(sample.booked, MONDAY, now=now, **options)
    return refusal.value.values["problem"]


@pytest.fixture
def patterns(do):
    do(sample.docks, policy={"email_patterns": ["*@acme.fr", r"/.+@apex\.(fr|eu)/"]})


def of_link(do, now, email, token):
    wish = Wish(paris(MONDAY), Contact(email, "Achats"), CUSTOMER, token=token)
    return do(appointments.book, wish, now=now)


def book(do, now, email, actor=sample.GUEST):
    contact = Contact(email, "Camille Roy")
    wish = Wish(paris(MONDAY), contact, actor, site="bordeaux", planning="quais")
    return do(appointments.book, wish, now=now)


def test_an_address_that_fits_a_pattern_books(do, patterns, now):
    assert book(do, now, "achats@acme.fr")
    assert book(do, now, "achats@apex.eu")


@pytest.mark.parametrize("actor", [sample.GUEST, PROGRAM])
def test_another_address_is_refused_openly(do, patterns, now, actor):
    with pytest.raises(NotEligible) as refusal:
        book(do, now, "achats@acme.fr.example.com", actor)
    assert refusal.value.values == {"problem": "address", "phone": "05 56 00 10 42"}


def test_staff_is_bound_by_no_pattern(do, patterns, now):
    assert book(do, now, "somebody@example.com", SYSTEM)


def test_an_address_that_the_order_names_is_bound_by_no_pattern(do, patterns, now):
    do(sample.order)
    assert of_link(do, now, "achats@example.com", do(sample.link))


def test_an_address_typed_beside_a_link_is_bound_by_the_patterns(do, patterns, now):
    do(sample.order, email=None)
    token = do(sample.link)
    with pytest.raises(NotEligible):
        of_link(do, now, "somebody@example.com", token)
    assert of_link(do, now, "somebody@acme.fr", token)


def test_a_planning_may_have_patterns_of_its_own(do, now):
    do(sample.site, policy={"email_patterns": ["*@acme.fr"]})
    do(sample.planning, policy={"email_patterns": []})
    assert do(sample.booked, MONDAY, now=now)


@pytest.mark.parametrize("actor", [sample.GUEST, PROGRAM])
def test_where_only_customers_book_a_stranger_and_a_customer_are_refused_alike(do, now, actor):
    do(sample.docks, policy={"who": "existing"})
    do(sample.order, email="chauffeur0@example.com")
    assert refused(do, now, actor=actor) == refused(do, now, actor=actor, number=1) == "customers_only"


def test_where_only_customers_book_a_link_is_an_admission(do, now):
    do(sample.docks, policy={"who": "existing"})
    do(sample.order)
    assert of_link(do, now, "achats@example.com", do(sample.link))


def test_where_only_customers_book_staff_books_for_anybody(do, now):
    do(sample.docks, policy={"who": "existing"})
    assert do(sample.booked, MONDAY, now=now, actor=SYSTEM)


def test_a_refusal_takes_no_place(do, now):
    do(sample.docks, policy={"email_patterns": ["*@acme.fr"]}, week={1: ((480, 540, 1),)})
    refused(do, now)
    assert book(do, now, "achats@acme.fr")


def test_patterns_and_limits_both_hold(do, now):
    do(sample.docks, policy={"email_patterns": ["*@acme.fr"], "max_per_day": 1})
    book(do, now, "achats@acme.fr")
    with pytest.raises(LimitReached):
        book(do, now, "achats@acme.fr")
