"""Who is told of what: the table, its defaults, and what is kept of it."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import Invalid
from portal.domain.notices import CELLS, CHANGES, DEFAULTS, MAILS, NOTICES, Notices, Side, What, cell_of


def refused(given):
    with pytest.raises(Invalid) as refusal:
        Notices.of(given)
    return refusal.value.values["field"], refusal.value.values["problem"]


def test_a_site_that_says_nothing_tells_customers_all_but_their_absence():
    told = {what for what in What if Notices.of({}).wanted(Side.CUSTOMER, what)}
    assert told == set(What) - {What.NO_SHOW}


def test_a_site_that_says_nothing_is_told_what_changes_its_day():
    told = {what for what in What if Notices.of({}).wanted(Side.SITE, what)}
    assert told == {What.REQUESTED, What.CONFIRMED, What.CHANGED, What.CANCELLED}


def test_people_hear_of_what_changes_their_day_and_of_requests_that_were_declined():
    told = {what for what in What if Notices.of({}).wanted(Side.STAFF, what)}
    assert told == {What.REQUESTED, What.CONFIRMED, What.CHANGED, What.CANCELLED, What.DECLINED}


def test_nobody_sends_a_summary_unasked():
    assert Notices.of({}).summary is None


@pytest.mark.parametrize(("side", "what"), CELLS)
def test_a_cell_is_changed_by_itself(side, what):
    usual = (side, what) in DEFAULTS
    changed = Notices.of({side.value: {what.value: not usual}})
    assert {cell for cell in CELLS if changed.wanted(*cell) != Notices().wanted(*cell)} == {(side, what)}


@pytest.mark.parametrize(("side", "what"), CELLS)
def test_what_the_default_says_is_not_kept(side, what):
    assert Notices.of({side.value: {what.value: (side, what) in DEFAULTS}}).kept == {}


@given(
    st.frozensets(st.sampled_from(CELLS)), st.none() | st.times().map(lambda at: at.replace(second=0, microsecond=0))
)
def test_what_is_kept_says_the_same(on, summary):
    notices = Notices(on, summary)
    assert Notices.of(notices.kept) == notices


def test_a_summary_is_a_time_of_day():
    assert Notices.of({"summary": "07:30"}).summary == time(7, 30)
    assert Notices.of({"summary": None}) == Notices()


@pytest.mark.parametrize(
    ("given", "field", "problem"),
    [
        ([], "", "not_a_mapping"),
        ({"customers": {}}, "customers", "unknown_key"),
        ({"staff": {"earlier_slot": True}}, "staff.earlier_slot", "unknown_key"),
        ({"site": ["confirmed"]}, "site", "not_a_mapping"),
        ({"site": {"booked": True}}, "site.booked", "unknown_key"),
        ({"site": {1: True}}, "site.1", "unknown_key"),
        ({"site": {"confirmed": "yes"}}, "site.confirmed", "not_a_boolean"),
        ({"customer": {"no_show": 1}}, "customer.no_show", "not_a_boolean"),
        ({"summary": "7:00"}, "summary", "not_a_clock_time"),
        ({"summary": "24:00"}, "summary", "not_a_clock_time"),
        ({"summary": 420}, "summary", "not_a_clock_time"),
        ({"summary": "07:00\n"}, "summary", "not_a_clock_time"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(given, field, problem):
    assert refused(given) == (field, problem)


def test_every_cell_has_a_mail():
    cells = {*MAILS.values(), *((side, what) for side in NOTICES.values() for what in CHANGES.values())}
    assert cells == set(CELLS)


@pytest.mark.parametrize(
    "kind",
    [
        "find",
        "booking_invitation",
        "service_invitation",
        "user_invitation",
        "password_reset",
        "continuation",
        "confirm_address",
    ],
)
def test_what_was_asked_for_stands_in_no_cell(kind):
    assert cell_of(kind) is None
