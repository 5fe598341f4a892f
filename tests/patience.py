"""How long tests wait for other processes: until what they wait for is there. Only what hangs takes it all."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 120.0  # seconds: the machine may be busy with other things
STEP = 0.02

T = TypeVar("T")


def until(look: Callable[[], T], told: Callable[[], str] = str) -> T:
    """Look until something true is seen, and give it; ``told`` says what there is to say where nothing comes."""
    last = time.monotonic() + PATIENCE
    while not (seen := look()):
        if time.monotonic() > last:
            raise TimeoutError(f"nothing in {PATIENCE:.0f} s {told()}")
        time.sleep(STEP)
    return seen
