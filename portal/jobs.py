"""Every scheduled job on one page. Any number of workers may run them at once: each takes only what nobody holds.

The scheduler keeps its jobs in memory and counts intervals in UTC; what there is to do stands in the database alone,
so nothing is lost when a worker ends and nothing is done twice when two run.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from portal import clock
from portal.delivery import letters as delivery
from portal.delivery.mail import Carrier, Refused
from portal.delivery.mailbox import carrier
from portal.domain.errors import Busy, OutsideWindow, Refusal, SlotNotOffered, SlotTaken
from portal.domain.retry import Failure
from portal.extensions import settings
from portal.operations import (
    appointments,
    batch_work,
    cards,
    imports,
    lapses,
    letters,
    offers,
    outbox,
    reminders,
    retention,
    sessions,
    summaries,
    validation,
    waiting,
)
from portal.operations.batch_work import Line, Outcome, Turn
from portal.operations.outbox import Message
from portal.operations.wishes import Move
from portal.web.mail_samples import queued

log = logging.getLogger(__name__)

Stop = Callable[[], bool]
MARGIN = timedelta(minutes=1)
"""How much of a lease must be left to begin with a mail: longer than a server may take for one."""


def send_due(now: datetime, stop: Stop = lambda: False) -> int:
    """Send what may leave, batch after batch over one connection, and count what the server took."""
    sent = 0
    with carrier(settings()) as postman:
        while not stop() and (messages := outbox.claim(now=now, real_now=clock.real_now())):
            round_ = _Round(postman, messages, now, stop)
            round_.run()
            sent += round_.sent
            if round_.halted:
                break
    return sent


def remind(now: datetime) -> int:
    """Queue the reminders whose moment has come."""
    return reminders.derive(now)


def summarise(now: datetime) -> int:
    """Queue the summaries of the day at the sites whose hour has come."""
    return summaries.derive(now)


def expire_requests(now: datetime) -> int:
    """Give back the places of requests that nobody answered in time, and tell both sides."""
    return validation.expire(now)


def announce_freed(now: datetime) -> int:
    """Say in the history which places the end of an undo has freed."""
    return lapses.announce(now)


def offer_freed(now: datetime, stop: Stop = lambda: False) -> int:
    """Offer freed places to those who wait for one, end the waiting for days that have passed; count the offers."""
    waiting.end_over(now)
    return offers.advance(now, stop)


def purge(now: datetime) -> retention.Purged:
    """Anonymise what is past its time, and forget logins that are long over."""
    sessions.forget_old(clock.real_now())
    return retention.purge(now=now)


def forget_uploads(now: datetime) -> int:
    """Delete the files of orders that nobody decided upon."""
    return imports.forget_old(now)


def change_days(now: datetime, stop: Stop = lambda: False) -> int:
    """Cancel or move what the staff asked for together, one after the other, and count the lines."""
    changed = 0
    while not stop() and (turn := batch_work.claim(real_now=clock.real_now())) is not None:
        for line in turn.lines:
            if stop() or not _change(turn, line, now):
                batch_work.release(turn)
                return changed
            changed += 1
    return changed


def beat() -> None:
    """Leave a sign of life, for the staff's page and for monitoring."""
    outbox.beat(f"worker:{socket.gethostname()}:{os.getpid()}"[:60], clock.real_now())


@dataclass(frozen=True, slots=True)
class Done:
    """What one round of all jobs did."""

    reminders: int
    summaries: int
    expired: int
    freed: int
    offered: int
    sent: int
    changed: int


def once(now: datetime) -> Done:
    """Do everything that is due, then end. Call inside an application context."""
    beat()
    purge(now)
    forget_uploads(now)
    return Done(
        expired=expire_requests(now),
        reminders=remind(now),
        summaries=summarise(now),
        freed=announce_freed(now),
        offered=offer_freed(now),
        changed=change_days(now),
        sent=send_due(now),
    )


def start(app: Flask, stopping: threading.Event) -> BackgroundScheduler:
    """Start the jobs in threads of this process; ``stopping`` lets the one that sends end between two mails."""
    jobs: Sequence[tuple[Callable[[], object], int]] = (
        (lambda: send_due(clock.now(), stopping.is_set), 2),
        (lambda: change_days(clock.now(), stopping.is_set), 2),
        (lambda: remind(clock.now()), 60),
        (lambda: summarise(clock.now()), 60),
        (lambda: expire_requests(clock.now()), 15),
        (lambda: announce_freed(clock.now()), 15),
        (lambda: offer_freed(clock.now(), stopping.is_set), 5),
        (beat, 30),
        (lambda: purge(clock.now()), 24 * 3600),
        (lambda: forget_uploads(clock.now()), 3600),
    )
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job, seconds in jobs:
        scheduler.add_job(_within(app, job), "interval", seconds=seconds, next_run_time=clock.real_now())
    # Who mended a refused login starts the worker anew: the queue is not to pause for what was.
    scheduler.add_job(_within(app, outbox.resume))
    scheduler.start()
    return scheduler


def run(app: Flask) -> None:
    """Work until SIGTERM or SIGINT, then finish the mail in hand and end."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: stopping.set())
    scheduler = start(app, stopping)
    log.info("worker started")
    stopping.wait()
    scheduler.shutdown(wait=True)
    log.info("worker ended")


def _within(app: Flask, job: Callable[[], object]) -> Callable[[], None]:
    def do() -> None:
        with app.app_context():
            job()

    return do


def _change(turn: Turn, line: Line, now: datetime) -> bool:
    """Do one line and write down what became of it; False when the batch is no longer ours to go on with."""
    try:
        outcome = _outcome(turn, line, now)
    except Busy:
        return False
    except Refusal as refusal:
        outcome = Outcome.of(refusal)
    return batch_work.settle(turn, line, outcome, now=now, real_now=clock.real_now())


def _outcome(turn: Turn, line: Line, now: datetime) -> Outcome:
    """Cancel or move an appointment, unless that is done already."""
    card = cards.by_public_id(line.appointment)
    if (known := batch_work.known(turn.plan, card)) is not None:
        return known
    if turn.plan.to is None:
        appointments.cancel(card.public_id, turn.by, now=now, undo=False, because=turn.because)
        return Outcome.done()
    lost: Refusal | None = None
    for start in batch_work.starts(turn.plan, line, card, now=now):
        try:
            appointments.move(Move(card.public_id, start, turn.by, because=turn.because), now=now)
        except (SlotTaken, SlotNotOffered, OutsideWindow) as refusal:
            lost = lost or refusal
        else:
            return Outcome.done(start)
    return Outcome.of(lost) if lost else batch_work.too_late()


class _Round:
    """A claimed batch on its way out. ``halted``: the server, or the time left, says to stop."""

    def __init__(self, postman: Carrier, messages: Sequence[Message], now: datetime, stop: Stop) -> None:
        self._postman = postman
        self._messages = messages
        self._now = now
        self._stop = stop
        self.sent = 0
        self.halted = False

    def run(self) -> None:
        """Send one after the other; what was not begun goes back untried."""
        readings = _readings(self._messages, self._now)
        for place, (message, reading) in enumerate(zip(self._messages, readings, strict=True)):
            if self.halted or self._stop() or message.leased_until - clock.real_now() < MARGIN:
                outbox.release(self._messages[place:])
                return
            self._send(message, reading)

    def _send(self, message: Message, reading: letters.Reading | Refused) -> None:
        if isinstance(reading, letters.Stale):
            outbox.drop(message, reading.why)
        elif isinstance(reading, letters.Early):
            outbox.postpone(message, reading.until)
        else:
            refused = reading if isinstance(reading, Refused) else self._hand_over(message, reading)
            self._settle(message, refused)

    def _hand_over(self, message: Message, content: letters.Content) -> Refused | None:
        try:
            mail = delivery.compose(queued(message, content, self._now), settings())
        except Exception as error:  # noqa: BLE001 - a broken template must not keep the others from leaving
            return _parked(message, error)
        return self._postman.deliver(mail)

    def _settle(self, message: Message, refused: Refused | None) -> None:
        if refused is None:
            outbox.settle(message, now=self._now, real_now=clock.real_now())
            self.sent += 1
            return
        log.warning("a mail did not leave", extra={"code": refused.failure.value})
        outbox.settle(message, now=self._now, real_now=clock.real_now(), failure=refused.failure, reason=refused.reason)
        self.halted = refused.stop


def _readings(messages: Sequence[Message], now: datetime) -> Sequence[letters.Reading | Refused]:
    """Read a batch; where one message cannot be read, read each by itself, so that only that one is parked."""
    try:
        return letters.read(messages, now=now)
    except (Refusal, AttributeError, LookupError, TypeError, ValueError) as error:
        if len(messages) == 1:
            return [_parked(messages[0], error)]
        return [_readings([message], now)[0] for message in messages]


def _parked(message: Message, error: Exception) -> Refused:
    """Park a message with its error. The log names the kind of error only: its text may quote an address."""
    log.error("a mail cannot be written", extra={"code": message.kind, "error": type(error).__name__})
    return Refused(Failure.TEMPLATE, f"{type(error).__name__}: {error}"[:300])
