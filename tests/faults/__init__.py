"""Races, kills and outages with real processes: small counts in `./dev test`, the full ones in `./dev faults`."""

import os

FULL = os.environ.get("FAULTS") == "full"


def times(small: int, full: int) -> int:
    """Choose a count: small in every run of the tests, full when faults are what is looked for."""
    return full if FULL else small
