"""The clock of the machine is set back, or forward, by an hour or a day: no mail leaves twice, and none is missed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from portal import jobs
from portal.config import frozen
from portal.operations import appointments
from tests.faults.dock import MONDAY, at, guest

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EIGHT = at(8 * 60, MONDAY)
REMINDED = EIGHT - DAY  # the default policy reminds a day ahead


@pytest.fixture
def work(make_app, smtp):
    """Do all jobs at an instant of the portal's clock."""
    app = make_app(mail_server="127.0.0.1", mail_port=smtp.port)

    def once(instant):
        app.config["SETTINGS"] = frozen(app.config["SETTINGS"], instant)
        with app.app_context():
            jobs.once(instant)

    return once


@pytest.mark.parametrize("jump", [-DAY, -HOUR, HOUR, DAY], ids=["a day back", "an hour back", "an hour on", "a day on"])
@pytest.mark.parametrize("when", ["at the booking", "at the reminder"])
def test_a_clock_that_jumps_sends_nothing_twice_and_misses_nothing(open_dock, work, smtp, do, now, jump, when):
    open_dock(slots=6)
    for number in range(3):
        do(appointments.book, guest(at(8 * 60 + 60 * number), number), now=now)
    turning = now if when == "at the booking" else REMINDED
    for instant in (now, turning, turning + jump, turning, turning + HOUR, REMINDED, REMINDED + 3 * HOUR):
        work(instant)
    sent = Counter((letter.to[0], str(letter.message["Message-ID"])) for letter in smtp.letters)
    assert set(sent.values()) == {1}
    assert Counter(address for address, _ in sent) == {f"client{number}@example.com": 2 for number in range(3)}


def test_a_booking_made_while_the_clock_was_ahead_is_confirmed_when_it_is_right_again(open_dock, work, smtp, do, now):
    open_dock(slots=6)
    do(appointments.book, guest(EIGHT), now=now + HOUR)
    work(now)
    work(now + HOUR)
    assert len(smtp.letters) == 1
