"""Colours, whether they can be read (contrast as WCAG 2.2 counts it, 1.4.3), and the shades made of a company's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from portal.domain.errors import Invalid

Rgb = tuple[int, int, int]

ENOUGH = 4.5
"""The contrast that text of any size needs."""

COMFORTABLE = 7.0
HEX = re.compile(r"#[0-9a-f]{6}", re.ASCII)
BLACK, WHITE = "#000000", "#ffffff"
LIGHT = ("#ffffff", "#f7f6f3", "#f1efea")
"""The surfaces of light pages, as portal.css has them: cards, paper, what is sunken."""

DARK = ("#1c1e24", "#131418", "#17191e")
"""The same of dark pages."""

VISIBLE = 3.0
"""The contrast that a mark needs which is no text (WCAG 2.2, 1.4.11)."""

PALETTE = {
    "blue": "#2a7dc6",
    "teal": "#278683",
    "green": "#348942",
    "olive": "#7e7e2a",
    "orange": "#bb601b",
    "red": "#d6483d",
    "pink": "#c94592",
    "violet": "#9d5ec9",
    "indigo": "#6c6cda",
    "grey": "#707b89",
}
"""Marks of people, rooms and equipment: visible on light and on dark pages; a name always stands beside them."""


@dataclass(frozen=True, slots=True)
class Shades:
    """A colour on one kind of page: of links and buttons, when pointed at, text upon it, a soft ground, its border."""

    accent: str
    hover: str
    on: str
    soft: str
    line: str


def read(text: str, field: str = "accent") -> str:
    """Read a colour, in small letters. Raises Invalid.

    >>> read(" #A1241C ")
    '#a1241c'
    """
    colour = text.strip().lower()
    if not HEX.fullmatch(colour):
        raise Invalid(field=field, problem="not_a_colour", value=text)
    return colour


def parts(colour: str) -> Rgb:
    """Take a colour apart: red, green, blue, of 255.

    >>> parts("#ff8000")
    (255, 128, 0)
    """
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Give the relative luminance, from 0 (black) to 1 (white): WCAG 2.2, "relative luminance"."""
    red, green, blue = (_linear(part / 255) for part in parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours, from 1 (the same) to 21 (black on white).

    >>> round(contrast("#000000", "#ffffff"), 2), round(contrast("#777777", "#ffffff"), 2)
    (21.0, 4.48)
    """
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, other: str, share: float) -> str:
    """Mix ``share`` (0 to 1) of another colour into one.

    >>> mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    red, green, blue = (
        round(mine + (theirs - mine) * share) for mine, theirs in zip(parts(colour), parts(other), strict=True)
    )
    return f"#{red:02x}{green:02x}{blue:02x}"


def weakest(colour: str, surfaces: tuple[str, ...]) -> float:
    """Give the contrast with the surface on which a colour reads worst."""
    return min(contrast(colour, surface) for surface in surfaces)


def visible(colour: str) -> bool:
    """Tell whether a mark of this colour can be seen on every surface, light or dark."""
    return weakest(colour, (*LIGHT, *DARK)) >= VISIBLE


def readable(colour: str) -> bool:
    """Tell whether a colour can be read on every surface of a light page, and white letters upon it."""
    return weakest(colour, LIGHT) >= ENOUGH


@cache
def shades(accent: str) -> tuple[Shades, Shades]:
    """Make the shades of a readable colour for light and for dark pages: all text in them is readable."""
    return _light(accent), _dark(accent)


def _first(colour: str, other: str, shares: range, good: Callable[[str], bool]) -> str:
    """Give the first mixture, in percent of the other colour, that is good; the last one always is."""
    mixtures = (mixed(colour, other, share / 100) for share in shares)
    return next((mixture for mixture in mixtures if good(mixture)), other)


def _light(accent: str) -> Shades:
    soft = _first(accent, WHITE, range(90, 101), lambda ground: contrast(accent, ground) >= ENOUGH)
    return Shades(accent, mixed(accent, BLACK, 0.25), WHITE, soft, mixed(accent, WHITE, 0.7))


def _dark(accent: str) -> Shades:
    """Lighten a colour until it is easily read on dark pages."""
    light = _first(accent, WHITE, range(101), lambda shade: weakest(shade, DARK) >= COMFORTABLE)
    soft = _first(light, DARK[0], range(82, 101), lambda ground: contrast(light, ground) >= ENOUGH)
    on = _first(accent, BLACK, range(60, 101), lambda shade: contrast(light, shade) >= COMFORTABLE)
    return Shades(light, mixed(light, WHITE, 0.3), on, soft, mixed(light, DARK[0], 0.6))
