"""Why a start is offered or not: for a guest, for a person, for who holds a link, for the staff."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from portal.domain.errors import Invalid, LinkExpired, LinkUnknown, NotFound
from portal.domain.slots import Reason
from portal.operations import appointments, explanations
from portal.operations.actors import CUSTOMER
from portal.operations.explanations import Question
from tests import sample

MONDAY = date(2026, 12, 7)
ASKED = Question(MONDAY, "bordeaux", "quais")
BUYER = "achats@example.com"


@pytest.fixture
def explained(do, now):
    """Explain the Monday: ``explained(email="a@example.com")``."""
    return lambda **asked: do(explanations.explain, replace(ASKED, **asked), now=now)


def reasons(found) -> set[tuple[Reason, ...]]:
    return {start.reasons for start in found.starts}


def offered(found) -> int:
    return sum(start.offered for start in found.starts)


@pytest.fixture
def docks(do):
    do(sample.docks)


def site(do, **policy):
    do(sample.site, policy=policy)
    do(sample.planning)


def test_every_candidate_of_the_day_is_judged(docks, explained):
    found = explained()
    assert (len(found.starts), offered(found)) == (16, 14)
    assert (found.one, found.person, found.link, found.closed) == (None, None, None, None)


def test_one_start_is_judged_on_the_grid_or_not(docks, explained):
    assert explained(minute=8 * 60).one.offered
    assert explained(minute=8 * 60 + 10).one.reasons == (Reason.OFF_GRID,)


def test_a_closed_day_says_why(do, explained):
    do(sample.site, closures=[(MONDAY, MONDAY)])
    do(sample.planning)
    assert explained().closed.label == "Pont"


def test_staff_is_bound_by_hours_and_places_alone(do, explained):
    site(do, min_notice="30d", who="existing", email_patterns=["*@acme.fr"], max_per_day=1)
    assert offered(explained()) == 0
    assert offered(explained(staff=True, email=BUYER)) == 14


def test_an_address_that_no_pattern_admits_is_told_at_every_start(do, explained):
    site(do, email_patterns=["*@apex.fr", "*@acme.fr"])
    found = explained(email="a@example.com")
    assert (found.person.barred, found.person.pattern) == ("address", None)
    assert all(Reason.NOT_ELIGIBLE in start.reasons for start in found.starts)
    fitting = explained(email="a@acme.fr")
    assert (fitting.person.barred, fitting.person.pattern, offered(fitting)) == (None, "*@acme.fr", 14)


def test_only_customers_pass_where_only_they_may(do, explained):
    site(do, who="existing")
    do(sample.order)
    stranger, buyer = explained(email="a@example.com"), explained(email=BUYER)
    assert (stranger.person.barred, stranger.person.customer, offered(stranger)) == ("customers_only", False, 0)
    assert (buyer.person.barred, buyer.person.customer, offered(buyer)) == (None, True, 14)


def test_nobody_is_barred_who_did_not_say_who_asks(do, explained):
    site(do, who="existing", email_patterns=["*@acme.fr"], max_per_day=1)
    assert (explained().person, offered(explained())) == (None, 14)


def test_the_limits_of_a_person_are_counted(do, explained, now):
    site(do, max_per_day=1, max_per_week=3)
    do(sample.booked, "2026-12-07 08:00", now=now)
    do(sample.booked, "2026-12-09 08:00", now=now)
    found = explained(email=sample.contact().email)
    assert (found.person.count.on_day, found.person.count.in_week) == (1, 2)
    assert all(Reason.LIMIT in start.reasons for start in found.starts)
    assert offered(explained(email=sample.contact().email, day=date(2026, 12, 8))) == 14


def test_reasons_stand_in_their_order(do, explained, now):
    site(do, min_notice="10d", email_patterns=["*@acme.fr"], max_per_day=1, max_days=3)
    found = explained(email="a@example.com", minute=11 * 60 + 45)
    assert found.one.reasons == (
        Reason.BREAK, Reason.OFF_GRID, Reason.NOTICE, Reason.HORIZON, Reason.NOT_ELIGIBLE,
    )  # fmt: skip


# Links


@pytest.fixture
def link(docks, do):
    do(sample.order)
    return do(sample.link, first_day=date(2026, 12, 8), last_day=date(2026, 12, 9), max_active=1)


@pytest.mark.parametrize("named", ["token", "CMD-1042"])
def test_a_link_is_named_by_its_token_or_its_order(link, explained, named):
    found = explained(site=None, planning=None, link=link if named == "token" else named)
    assert (found.link.reference, found.person.email) == ("CMD-1042", BUYER)
    assert all(Reason.NOT_ELIGIBLE in start.reasons for start in found.starts)
    assert offered(explained(link=link, day=date(2026, 12, 8))) == 14


def test_the_newest_link_of_an_order_is_meant_or_that_of_a_number(link, do, explained):
    first = explained(link=link).link.id
    do(sample.link)
    assert explained(link="CMD-1042").link.id != first
    assert explained(link="CMD-1042", number=first).link.id == first


def test_a_link_that_is_full_says_so_at_every_start(link, do, explained, now):
    wish = sample.wish("2026-12-08 08:00", token=link, site=None, planning=None, actor=CUSTOMER)
    do(appointments.book, wish, now=now)
    found = explained(link=link, day=date(2026, 12, 9))
    assert (found.full, offered(found)) == (True, 0)
    assert offered(explained(link=link, day=date(2026, 12, 9), staff=True)) == 14
    assert all(Reason.LIMIT in start.reasons for start in found.starts)


def test_the_address_of_the_order_counts_before_the_one_that_was_asked_for(link, explained):
    assert explained(link=link, email="a@example.com").person.email == BUYER


def test_patterns_bind_no_address_that_the_order_names(do, explained):
    site(do, email_patterns=["*@acme.fr"], who="existing")
    do(sample.order)
    do(sample.order, "CMD-7", email=None)
    do(sample.link)
    do(sample.link, "CMD-7")
    assert explained(link="CMD-1042").person.barred is None
    assert explained(link="CMD-7", email="a@example.com").person.barred == "address"
    assert explained(link="CMD-7", email="a@acme.fr").person.barred is None


def test_what_is_not_there_is_refused(link, do, explained, now):
    with pytest.raises(NotFound):
        explained(site="lyon")
    with pytest.raises(NotFound):
        explained(site=None)
    with pytest.raises(LinkUnknown):
        explained(link="CMD-9")
    do(sample.planning, key="bureau", kinds=("customer",))
    with pytest.raises(NotFound):
        explained(link=link, planning="bureau")
    do(sample.planning, key="atelier")
    with pytest.raises(Invalid) as refused:
        explained(link=link, planning=None)
    assert [one["key"] for one in refused.value.values["plannings"]] == ["atelier", "quais"]
    old = do(sample.link, expires_at=now - timedelta(days=1))
    with pytest.raises(LinkExpired):
        explained(link=old)


def test_explaining_writes_nothing_and_costs_the_same(link, do, explained, now, statements, no_writes):
    explained(link=link)
    for number in range(3):
        do(sample.booked, "2026-12-07 08:00", now=now, number=number)
    with statements(at_most=8), no_writes():
        explained(link=link, minute=480)
