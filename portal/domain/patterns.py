"""Patterns that people write: matched by RE2, in time that grows with the text alone and in memory that is bounded."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

MEMORY = 1 << 20  # bytes that a compiled pattern may take


def readable(pattern: str) -> bool:
    """Tell whether RE2 can read a pattern, and match it within the memory that it is given."""
    try:
        _compiled(pattern)
    except re2.error:
        return False
    return True


def fits(pattern: str, text: str) -> bool:
    """Tell whether all of a text fits a readable pattern."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors, options.max_mem = False, MEMORY
    return re2.compile(pattern, options)
