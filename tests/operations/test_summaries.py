"""The summary of a site's day: at its hour, once, with what is true then; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.lifecycle import Status
from portal.extensions import reading, transaction
from portal.models import OutboxMessage, Site
from portal.operations import appointments, letters, marks, outbox, summaries
from portal.operations.actors import GUEST
from portal.operations.keepsakes import new_revision
from portal.operations.letters import Stale
from portal.operations.wishes import Move
from portal.web import letters as web_letters
from tests import sample
from tests.operations.test_audit_log import CLAIRE
from tests.operations.test_notices import ask_first, tell
from tests.sample import paris

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SEVEN = paris("2026-12-07 07:00")
EVERY_DAY = dict.fromkeys(range(1, 8), ((0, 1440, 6),))


@pytest.fixture
def docks(do):
    do(sample.site)
    do(sample.planning, week=EVERY_DAY)
    do(tell, summary="07:00")


@pytest.fixture
def derive(do):
    return lambda at: do(summaries.derive, at)


@pytest.fixture
def read(do):
    """Claim the summaries that may leave and read them, by the key of their site."""

    def take(at):
        messages = [one for one in do(outbox.claim, now=at, real_now=REAL, batch=500) if one.kind == "site_summary"]
        return [one if isinstance(one, Stale) else one.summary for one in do(letters.read, messages, now=at)]

    return take


def book(do, now, *starts):
    return [do(sample.booked, start, now=now, number=number) for number, start in enumerate(starts)]


# When


def test_a_summary_leaves_at_its_hour_and_only_once(docks, derive):
    assert derive(SEVEN - SECOND) == 0
    assert derive(SEVEN) == 1
    assert derive(SEVEN + timedelta(hours=3)) == 0


def test_a_late_worker_still_tells_of_the_day_but_not_of_the_day_before(docks, derive, do, read):
    assert derive(paris("2026-12-07 23:59")) == 1
    assert derive(paris("2026-12-08 06:59")) == 0


def test_every_day_has_its_own(docks, derive):
    assert [derive(SEVEN + timedelta(days=day)) for day in range(3)] == [1, 1, 1]


def test_a_clock_set_back_sends_no_second_one(docks, derive):
    assert derive(SEVEN + timedelta(days=1)) == 1
    assert derive(SEVEN) == 1
    assert derive(SEVEN + timedelta(days=1)) == 0
    assert derive(SEVEN) == 0


@pytest.mark.parametrize(
    ("hour", "day", "moment"),
    [
        ("02:30", "2027-03-28", "2027-03-28T03:00:00+02:00"),  # the clock jumps over half past two
        ("02:30", "2027-10-31", "2027-10-31T02:30:00+02:00"),  # of two, the first
        ("07:00", "2027-03-28", "2027-03-28T07:00:00+02:00"),
        ("07:00", "2027-10-31", "2027-10-31T07:00:00+01:00"),
    ],
)
def test_the_hour_is_that_of_the_sites_clock_when_it_changes(do, docks, derive, hour, day, moment):
    do(tell, summary=hour)
    at = datetime.fromisoformat(moment).astimezone(UTC)
    assert derive(at - SECOND) == 0
    assert derive(at) == 1
    assert derive(at + timedelta(hours=1)) == 0


def test_a_site_elsewhere_goes_by_its_own_clock(do, docks, derive):
    def to_reunion():
        with transaction() as session:
            row = session.query(Site).one()
            row.timezone, row.revision = "Indian/Reunion", new_revision()

    do(to_reunion)
    assert derive(paris("2026-12-07 04:00") - SECOND) == 0
    assert derive(paris("2026-12-07 04:00")) == 1


def test_who_asks_for_none_gets_none(do, derive):
    do(sample.docks)
    assert derive(SEVEN) == 0


def test_a_site_without_address_or_out_of_use_gets_none(do, derive):
    do(sample.site, email=None)
    do(sample.site, key="lyon")
    do(tell, summary="07:00")

    def retire():
        with transaction() as session:
            session.query(Site).filter_by(key="lyon").one().active = False

    do(retire)
    assert derive(SEVEN) == 0


def derive_now(_number, at):
    """Derive as one of several workers would."""
    return summaries.derive(at)


def test_several_workers_queue_one(do, docks, processes):
    processes(3, derive_now, at=SEVEN)

    def count():
        with reading() as session:
            return session.query(OutboxMessage).filter_by(kind="site_summary").count()

    assert do(count) == 1


def test_deriving_asks_little_however_many_sites_there_are(do, docks, derive, statements):
    for number in range(5):
        do(sample.site, key=f"lyon{number}")
    do(tell, summary="07:00")
    derive(SEVEN)
    with statements(at_most=2):
        assert derive(SEVEN + SECOND) == 0


# What


def test_it_tells_who_comes_that_day_in_order(do, docks, derive, read, now):
    book(do, now, "2026-12-07 14:00", "2026-12-07 08:30", "2026-12-08 00:00", "2026-12-07 00:00", "2026-12-06 23:00")
    derive(SEVEN)
    (summary,) = read(SEVEN)
    assert [card.name for card in summary.visits] == ["Chauffeur 3", "Chauffeur 1", "Chauffeur 0"]
    assert (summary.site.key, summary.day.isoformat(), summary.more, summary.requests) == (
        "bordeaux",
        "2026-12-07",
        0,
        (),
    )


def test_it_says_what_is_true_when_it_leaves(do, docks, derive, read, now):
    stays, moves, goes = book(do, now, "2026-12-07 08:00", "2026-12-07 09:00", "2026-12-07 10:00")
    derive(SEVEN)
    do(appointments.move, Move(moves.public_id, paris("2026-12-09 09:00"), GUEST), now=SEVEN)
    do(appointments.cancel, goes.public_id, GUEST, now=SEVEN, undo=False)
    (summary,) = read(SEVEN)
    assert [card.public_id for card in summary.visits] == [stays.public_id]


def test_who_is_marked_already_is_told_too(do, docks, derive, read, now):
    (early,) = book(do, now, "2026-12-07 01:00")
    do(marks.mark, early.public_id, Status.COMPLETED, CLAIRE, now=paris("2026-12-07 02:00"))
    derive(SEVEN)
    assert [card.status for card in read(SEVEN)[0].visits] == [Status.COMPLETED]


def test_it_tells_what_waits_for_an_answer_the_most_urgent_first(do, docks, derive, read, now):
    (moving,) = book(do, now, "2026-12-14 08:00")
    do(ask_first)
    first, then, last = (SEVEN - timedelta(minutes=minutes) for minutes in (90, 60, 30))
    do(sample.booked, "2026-12-11 08:00", now=last, number=7)
    do(sample.booked, "2026-12-12 08:00", now=first, number=8)
    do(appointments.move, Move(moving.public_id, paris("2026-12-13 08:00"), GUEST), now=then)
    derive(SEVEN)
    (summary,) = read(SEVEN)
    assert [(card.name, card.wanted is not None) for card in summary.requests] == [
        ("Chauffeur 8", False),
        ("Chauffeur 0", True),
        ("Chauffeur 7", False),
    ]


def test_a_request_that_people_answer_leads_the_site_to_the_appointment_and_names_them(do, derive):
    do(sample.agency, policy={"validation": "staff"})
    do(tell, summary="07:00")
    wish = {"service": "evaluation", "resources": ("lea",)}
    asked = do(sample.booked, "2026-12-08 09:00", now=SEVEN - timedelta(hours=1), **wish)
    for whose in (("Lea",), ()):
        derive(SEVEN)
        messages = [one for one in do(outbox.claim, now=SEVEN, real_now=REAL, batch=500) if one.kind == "site_summary"]
        (content,) = do(letters.read, messages, now=SEVEN)
        summary = do(web_letters.letter_of, messages[0], content, SEVEN).summary
        ((visit, waiting),) = summary.requests
        assert (visit.public_id, waiting.people, bool(waiting.token)) == (asked.public_id, whose, not whose)
        do(forget_summaries)
        do(ask_first)


def forget_summaries():
    with transaction() as session:
        session.query(OutboxMessage).filter_by(kind="site_summary").delete()


def test_it_counts_the_mails_of_the_site_that_did_not_arrive(do, docks, derive, read, now):
    book(do, now, "2026-12-10 08:00")

    def fail():
        with transaction() as session:
            session.query(OutboxMessage).filter_by(kind="confirmation").one().state = "failed"

    do(fail)
    derive(SEVEN)
    (summary,) = read(SEVEN)
    assert (summary.troubles, summary.visits) == (1, ())


def test_a_day_with_nothing_to_tell_sends_nothing(docks, derive, read):
    derive(SEVEN)
    assert read(SEVEN) == [Stale("nothing_to_tell")]


def test_a_summary_that_waited_too_long_is_dropped(do, docks, derive, read, now):
    book(do, now, "2026-12-07 08:00")
    derive(SEVEN)
    assert read(paris("2026-12-08 00:00")) == [Stale("day_over")]


def test_a_summary_that_nobody_wants_any_more_is_dropped(do, docks, derive, read, now):
    book(do, now, "2026-12-07 08:00")
    derive(SEVEN)
    do(tell)
    assert read(SEVEN) == [Stale("switched_off")]


def test_a_very_full_day_lists_the_first_and_counts_the_rest(do, docks, derive, read, now, monkeypatch):
    monkeypatch.setattr(summaries, "MOST", 2)
    book(do, now, "2026-12-07 08:00", "2026-12-07 09:00", "2026-12-07 10:00")
    derive(SEVEN)
    (summary,) = read(SEVEN)
    assert (len(summary.visits), summary.more) == (2, 1)


def test_a_site_hears_nothing_of_another(do, docks, derive, read, now):
    do(sample.site, key="lyon")
    do(sample.planning, key="bureau", sites=("lyon",), week=EVERY_DAY)
    do(tell, summary="07:00")
    do(sample.booked, "2026-12-07 08:00", now=now)
    do(sample.booked, "2026-12-07 09:00", now=now, number=1, site="lyon", planning="bureau")
    derive(SEVEN)
    told = {summary.site.key: [card.name for card in summary.visits] for summary in read(SEVEN)}
    assert told == {"bordeaux": ["Chauffeur 0"], "lyon": ["Chauffeur 1"]}


def test_reading_summaries_takes_few_statements_however_many_there_are(do, docks, derive, now, statements):
    for number in range(4):
        do(sample.site, key=f"lyon{number}")
    do(tell, summary="07:00")
    book(do, now, "2026-12-07 08:00", "2026-12-07 09:00")
    derive(SEVEN)
    messages = do(outbox.claim, now=SEVEN, real_now=REAL)
    do(letters.read, messages, now=SEVEN)
    summed = [one for one in messages if one.kind == "site_summary"]
    with statements(at_most=5):
        assert len(do(letters.read, summed, now=SEVEN)) == 5
