"""Numbers as people read them in their language: "62 %", "3,5", "+12 %"."""

from __future__ import annotations

from babel.numbers import format_decimal, format_percent

from portal.i18n import current_locale

NOTHING = "–"


def decimal(number: float | None, digits: int = 1) -> str:
    """Write a number with so many decimals at most: "3,5", "4"; a dash for none."""
    if number is None:
        return NOTHING
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return str(format_decimal(round(number, digits), pattern, locale=current_locale()))


def percent(share: float | None, *, signed: bool = False) -> str:
    """Write a share: "62 %"; ``signed`` says by how much something grew: "+12 %", "−5 %"."""
    if share is None:
        return NOTHING
    text = str(
        format_percent(abs(share) if signed else share, "#,##0\u00a0%" if _french() else "#,##0%", current_locale())
    )
    return f"{'+' if round(share, 2) > 0 else '−' if round(share, 2) < 0 else '±'}{text}" if signed else text


def _french() -> bool:
    return current_locale() == "fr"
