"""Which page of a list the address asks for."""

from __future__ import annotations

from math import ceil

from flask import request

SIZE = 50  # lines of a page
DIGITS = 6  # of a page's number


def page_number() -> int:
    """Read the number of the page; what is none is the first."""
    text = request.args.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= DIGITS else 1


def pages_of(total: int) -> int:
    """Count the pages of so many lines."""
    return ceil(total / SIZE)
