"""Real processes that act at the same moment on a real database."""

from __future__ import annotations

import multiprocessing
import queue
import time
import traceback
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from typing import Any

from portal.app import create_app
from portal.config import Settings
from portal.domain.errors import Refusal
from tests.patience import PATIENCE

Work = Callable[..., Any]

# A process of its own imports the portal once, and each child is a copy of it: no child shares a connection.
context: ForkServerContext = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["portal.cli", "tests.forked"])


def crowd(
    settings: Settings, count: int, work: Work, *args: Any, prepare: Work | None = None, **kwargs: Any
) -> list[Any]:
    """Call ``work(number, *args, **kwargs)`` in ``count`` processes at once and give their answers by number.

    ``work`` must be a function of a module. It runs inside an application context of its process's own application.
    A refusal that it raises is answered as its HTTP status; any other error fails the test with its traceback.
    ``prepare(app)`` runs in each process first: the negative controls break something there.
    """
    ready = context.Barrier(count)
    answers: Any = context.Queue()
    children = [
        context.Process(target=_act, args=(settings, ready, answers, number, work, args, kwargs, prepare), daemon=True)
        for number in range(count)
    ]
    for child in children:
        child.start()
    try:
        return _collect(answers, count)
    finally:
        for child in children:
            child.join(30)
            if child.is_alive():
                child.kill()
                child.join(30)
        answers.close()


def _act(
    settings: Settings, ready: Any, answers: Any, number: int, work: Work, args: Any, kwargs: Any, prepare: Work | None
) -> None:
    try:
        app = create_app(settings)
        if prepare is not None:
            prepare(app)
        ready.wait(PATIENCE)
        with app.app_context():
            answers.put((number, "answer", work(number, *args, **kwargs)))
    except Refusal as refusal:
        answers.put((number, "answer", refusal.status))
    except BaseException:  # noqa: BLE001 - the parent fails the test with it
        ready.abort()  # or the others wait for us in vain
        answers.put((number, "error", traceback.format_exc()))


def _collect(answers: Any, count: int) -> list[Any]:
    given: dict[int, Any] = {}
    last = time.monotonic() + PATIENCE
    while len(given) < count:
        try:
            number, kind, answer = answers.get(timeout=max(0.01, last - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"only {len(given)} of {count} processes answered within {PATIENCE} s") from None
        if kind == "error" and "BrokenBarrierError" not in answer.strip().rsplit("\n", 1)[-1]:
            raise AssertionError(f"process {number} failed:\n{answer}")
        given[number] = answer
    return [given[number] for number in range(count)]
