"""One engine: around the bound of each rule the page, the booking, the API and the explanation say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest

from portal.domain.slots import Reason
from portal.operations import appointments
from portal.operations.actors import CUSTOMER
from tests import sample
from tests.engine import OPEN, STAFF, Engine, agreed
from tests.sample import paris

pytestmark = pytest.mark.on_both

BUYER = "achats@example.com"  # the address of the order
ALL_DAY = ((0, 1440, 6),)
EVERY_DAY = dict.fromkeys(range(1, 8), ((8 * 60, 18 * 60, 6),))
NIGHTS = dict.fromkeys(range(1, 8), ALL_DAY)


@dataclass(frozen=True)
class Case:
    """A rule with its bound: what each start around it is, asked at ``now`` (Paris), by a guest or by an order's link.

    ``had`` are the starts that the order's customer has booked before, ``cancelled`` those that were given up.
    """

    rule: str
    now: str
    starts: Mapping[str, Reason | None]
    policy: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Any] = field(default_factory=dict)  # of the planning
    week: Mapping[int, Sequence[tuple[int, int, int]]] = field(default_factory=lambda: EVERY_DAY)
    holidays: str | None = None
    closures: Sequence[tuple[date, date]] = ()
    link: Mapping[str, Any] | None = None
    had: Sequence[str] = ()
    cancelled: Sequence[str] = ()


WINDOW = [
    Case(
        "a notice of 24 hours is elapsed time, over the spring change too",
        "2027-03-27 10:30",
        {"2027-03-28 11:00": Reason.NOTICE, "2027-03-28 11:30": OPEN, "2027-03-28 12:00": OPEN},
        {"min_notice": "24h"},
    ),
    Case(
        "a notice of 24 hours is elapsed time, over the autumn change too",
        "2027-10-30 10:30",
        {"2027-10-31 09:00": Reason.NOTICE, "2027-10-31 09:30": OPEN, "2027-10-31 10:00": OPEN},
        {"min_notice": "24h"},
    ),
    Case(
        "a notice of one day keeps the wall time",
        "2027-03-27 10:30",
        {"2027-03-28 10:00": Reason.NOTICE, "2027-03-28 10:30": OPEN, "2027-03-28 11:00": OPEN},
        {"min_notice": "1d"},
    ),
    Case(
        "two working days before Easter in France",
        "2027-03-25 10:00",
        {"2027-03-30 09:30": Reason.NOTICE, "2027-03-30 10:00": OPEN, "2027-03-30 10:30": OPEN},
        {"min_notice": "2d", "business_days": True},
        week=sample.WORKING_WEEK,
        holidays="FR",
    ),
    Case(
        "two working days before Easter in Moselle, where Good Friday is a holiday",
        "2027-03-25 10:00",
        {"2027-03-31 09:30": Reason.NOTICE, "2027-03-31 10:00": OPEN, "2027-03-31 10:30": OPEN},
        {"min_notice": "2d", "business_days": True},
        week=sample.WORKING_WEEK,
        holidays="FR-57",
    ),
    Case(
        "a closure of the site is no working day",
        "2026-12-03 09:00",
        {"2026-12-08 08:30": Reason.NOTICE, "2026-12-08 09:00": OPEN, "2026-12-04 10:00": Reason.CLOSED},
        {"min_notice": "2d", "business_days": True},
        week=sample.WORKING_WEEK,
        closures=[(date(2026, 12, 4), date(2026, 12, 4))],
    ),
    Case(
        "working hours asked on a closed day begin at the next open midnight",
        "2026-12-06 15:00",
        {"2026-12-07 08:30": Reason.NOTICE, "2026-12-07 09:00": OPEN, "2026-12-07 09:30": OPEN},
        {"min_notice": "9h", "business_days": True},
        week=sample.WORKING_WEEK,
    ),
    Case(
        "a notice of the planning comes before the site's",
        "2026-12-01 09:00",
        {"2026-12-01 09:30": Reason.NOTICE, "2026-12-01 10:00": OPEN, "2026-12-01 10:30": OPEN},
        {"min_notice": "30d"},
        {"min_notice": 60},
    ),
    Case(
        "the last day of the horizon is included",
        "2026-12-01 09:00",
        {"2026-12-08 17:00": OPEN, "2026-12-09 08:00": Reason.HORIZON},
        {"max_days": 7},
    ),
    Case(
        "the horizon counts calendar days, over the autumn change too",
        "2027-10-30 23:30",
        {"2027-10-31 23:00": OPEN, "2027-11-01 00:00": Reason.HORIZON},
        {"max_days": 1},
        week=NIGHTS,
    ),
    Case(
        "what has begun is past",
        "2026-12-07 08:30",
        {"2026-12-07 08:00": Reason.PAST, "2026-12-07 08:30": OPEN, "2026-12-07 09:00": OPEN},
    ),
    Case(
        "hours and steps",
        "2026-12-01 09:00",
        {"2026-12-07 11:00": OPEN, "2026-12-07 11:30": Reason.BREAK, "2026-12-07 10:45": Reason.OFF_GRID},
        week=sample.WORKING_WEEK,
    ),
]
LINKS = [
    Case(
        "a link books its first and last day and none beside",
        "2026-12-01 09:00",
        {
            "2026-12-08 17:00": Reason.NOT_ELIGIBLE,
            "2026-12-09 08:00": OPEN,
            "2026-12-10 17:00": OPEN,
            "2026-12-11 08:00": Reason.NOT_ELIGIBLE,
        },
        link={"first_day": date(2026, 12, 9), "last_day": date(2026, 12, 10)},
    ),
    Case(
        "a link is bound by the notice, too",
        "2027-03-27 10:30",
        {"2027-03-28 11:00": Reason.NOTICE, "2027-03-28 11:30": OPEN},
        {"min_notice": "24h"},
        link={},
    ),
    Case(
        "one a day: the day that has one is over, others are not",
        "2026-12-01 09:00",
        {"2026-12-06 08:00": OPEN, "2026-12-07 12:00": Reason.LIMIT, "2026-12-08 08:00": OPEN},
        {"max_per_day": 1},
        link={},
        had=["2026-12-07 08:00"],
    ),
    Case(
        "two a day: one is not enough",
        "2026-12-01 09:00",
        {"2026-12-07 12:00": OPEN},
        {"max_per_day": 2},
        link={},
        had=["2026-12-07 08:00"],
    ),
    Case(
        "what was cancelled and cannot be undone any more does not count",
        "2026-12-01 09:00",
        {"2026-12-07 12:00": OPEN},
        {"max_per_day": 1},
        link={},
        cancelled=["2026-12-07 08:00"],
    ),
    Case(
        "weeks begin on Monday at the site's midnight, over the spring change too",
        "2027-03-01 09:00",
        {"2027-03-28 12:00": Reason.LIMIT, "2027-03-29 00:30": OPEN, "2027-03-21 23:00": OPEN},
        {"max_per_week": 1},
        week=NIGHTS,
        link={},
        had=["2027-03-28 23:30"],
    ),
    Case(
        "the last days of a year and the first of the next are one week",
        "2026-12-01 09:00",
        {"2026-12-27 08:00": OPEN, "2027-01-01 08:00": Reason.LIMIT, "2027-01-04 08:00": OPEN},
        {"max_per_week": 1},
        link={},
        had=["2026-12-31 08:00"],
    ),
    Case(
        "the limit of the planning comes before the site's",
        "2026-12-01 09:00",
        {"2026-12-07 12:00": OPEN},
        {"max_per_day": 1},
        {"max_per_day": 2},
        link={},
        had=["2026-12-07 08:00"],
    ),
]


@pytest.fixture
def engine(do, client, clock) -> Callable[[Case], Engine]:
    """Set a case up and give what answers it."""

    def made(case: Case) -> Engine:
        do(_set_up, case)
        clock.set(paris(case.now))
        token = do(sample.link, **case.link) if case.link is not None else None
        return Engine(do, client, clock, token)

    return made


def _set_up(case: Case) -> None:
    sample.site(policy=case.policy, closures=case.closures)
    sample.planning(week=case.week, policy=case.own)
    sample.order()
    with sample.transaction() as session:
        session.query(sample.Site).one().holidays = case.holidays
    for start in (*case.had, *case.cancelled):
        wish = sample.wish(start, actor=STAFF)
        mine = replace(wish, contact=replace(wish.contact, email=BUYER))
        booked = appointments.book(mine, now=paris(case.now))
        if start in case.cancelled:
            appointments.cancel(booked.public_id, STAFF, now=paris(case.now), undo=False)


@pytest.mark.parametrize("case", [*WINDOW, *LINKS], ids=lambda case: case.rule)
def test_all_four_say_the_same_at_every_bound(engine, case):
    agreed(engine(case), case.starts)


ADMITTED = Case("patterns", "2026-12-01 09:00", {}, {"email_patterns": ["*@acme.fr", r"/.+@(apex|zenith)\.fr/"]})


@pytest.mark.parametrize(
    ("email", "admitted"),
    [
        ("achats@acme.fr", True),
        ("Achats@ACME.fr", True),
        ("achats+quai@acme.fr", True),
        ("quai@zenith.fr", True),
        ("achats@acme.fr.example.com", False),
        ("achats@example.com", False),
        ("quai@apex.com", False),
    ],
)
def test_a_pattern_admits_an_address_everywhere_or_nowhere(engine, email, admitted):
    asked, start = engine(ADMITTED), "2026-12-07 08:00"
    assert asked.explained(start, email.casefold()) == (None if admitted else Reason.NOT_ELIGIBLE)
    assert asked.booked_on_the_page(start, email) == (303 if admitted else 403)
    assert asked.booked_by_the_api(start, email) == ((201, "") if admitted else (403, "not_eligible"))


@pytest.mark.parametrize(
    ("most", "had", "reason"), [(1, 0, None), (1, 1, Reason.LIMIT), (2, 1, None), (2, 2, Reason.LIMIT)]
)
@pytest.mark.parametrize("rule", ["max_per_day", "max_per_week"])
def test_a_guest_meets_the_limits_with_the_address_that_is_typed(engine, do, rule, most, had, reason):
    starts = (
        ["2026-12-07 08:00", "2026-12-07 10:00"] if rule == "max_per_day" else ["2026-12-08 08:00", "2026-12-13 08:00"]
    )
    asked = engine(Case(rule, "2026-12-01 09:00", {}, {rule: most}, had=starts[:had]))
    start = "2026-12-07 14:00"
    assert asked.explained(start, BUYER) == reason
    assert asked.shown(start)
    assert asked.booked_on_the_page(start, BUYER) == (422 if reason else 303)
    assert asked.booked_by_the_api(start, BUYER) == ((422, "limit_reached") if reason else (201, ""))


def test_the_last_place_is_full_everywhere(engine, do, now):
    asked = engine(Case("capacity", "2026-12-01 09:00", {}, week=dict.fromkeys(range(1, 8), ((480, 1080, 2),))))
    start = "2026-12-07 08:00"
    for number, reason in ((0, None), (1, Reason.FULL)):
        do(sample.booked, start, now=now, number=number)
        assert asked.explained(start) == reason
        assert asked.shown(start) is asked.listed(start) is (reason is None)
        assert asked.booked_on_the_page(start) == (409 if reason else 303)
        assert asked.booked_by_the_api(start) == ((409, "slot_taken") if reason else (201, ""))


def test_a_link_whose_appointments_are_used_up_books_nothing(engine, do, now):
    asked = engine(Case("max_active", "2026-12-01 09:00", {}, link={"max_active": 1}))
    wish = sample.wish("2026-12-08 08:00", token=asked.token, site=None, planning=None, actor=CUSTOMER)
    do(appointments.book, wish, now=now)
    assert asked.explained("2026-12-09 08:00") == Reason.LIMIT
    assert not asked.shown("2026-12-09 08:00")
    assert asked.booked_on_the_page("2026-12-09 08:00") == 422
    assert asked.booked_by_the_api("2026-12-09 08:00") == (422, "limit_reached")
