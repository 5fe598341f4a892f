"""Processes that the tests start: each is ended by its own number, even when pytest itself is killed."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

LISTENING = (10_000, 32_000)  # below those that the system gives away by itself
LUCK = random.SystemRandom()  # the tests' own is sown anew before each of them, alike in all their processes
# Waits for its input to close, which it does when pytest ends in whatever way, then ends the process it guards.
GUARD = 'cat >/dev/null; kill -s "$1" "$2"'


def free_port() -> int:
    """Find a port of this machine that nobody listens on, nor is given to connections that go out."""
    while True:
        port = LUCK.randrange(*LISTENING)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Child:
    """A process started by a test, with its output in a file and a guard that outlives pytest."""

    def __init__(self, argv: Sequence[str | Path], *, log: Path, farewell: signal.Signals, **options: Any) -> None:
        self.log = log
        self.farewell = farewell
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for pytest, which then ends us in order
                **options,
            )
        self.guard = subprocess.Popen(
            ["sh", "-c", GUARD, "guard", farewell.name.removeprefix("SIG"), str(self.pid)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def said(self) -> str:
        """Give what it wrote so far, for the message of a failing test."""
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> int:
        """End it in order, by force when it does not; give its exit status. It may have ended before."""
        self._dismiss_guard()
        if self.alive:
            self.process.send_signal(self.farewell)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.process.args!r} did not end:\n{self.said()}") from None

    def kill(self) -> None:
        """End it and all its descendants at once, as a power cut would."""
        self._dismiss_guard()
        for pid in [self.pid, *descendants(self.pid)] if self.alive else []:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it was quicker
        self.process.wait(PATIENCE)

    def _dismiss_guard(self) -> None:
        self.guard.kill()
        self.guard.wait(PATIENCE)
        if self.guard.stdin is not None:
            self.guard.stdin.close()


def descendants(pid: int) -> list[int]:
    """List the processes below ``pid``, nearest first."""
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return children + [below for child in children for below in descendants(child)]
