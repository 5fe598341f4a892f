"""Contrast as WCAG counts it, and shades that can be read wherever the pages use them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.domain import colours
from portal.domain.colours import DARK, ENOUGH, LIGHT, PALETTE, contrast, readable, shades, visible, weakest
from portal.domain.errors import Invalid

SHEET = Path(__file__).parent.parent.parent / "portal/static/portal.css"
any_colour = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21),
        ("#ffffff", "#ffffff", 1),
        ("#777777", "#ffffff", 4.48),  # the best known grey that fails
        ("#767676", "#ffffff", 4.54),  # and the one that passes
        ("#ff0000", "#ffffff", 4.0),
        ("#00ff00", "#ffffff", 1.37),
        ("#0000ff", "#ffffff", 8.59),
        ("#ff0000", "#00ff00", 2.91),
        ("#0000ff", "#ffff00", 8.0),
    ],
)
def test_contrast_is_what_wcag_says(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


@given(any_colour, any_colour)
def test_contrast_has_no_direction_and_stays_within_its_bounds(one, other):
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21.0001


@given(any_colour)
def test_all_that_is_made_of_a_readable_colour_can_be_read(accent):
    assume(readable(accent))
    for shade, surfaces in zip(shades(accent), (LIGHT, DARK), strict=True):
        assert weakest(shade.accent, surfaces) >= ENOUGH
        assert weakest(shade.hover, surfaces) >= ENOUGH
        assert contrast(shade.accent, shade.soft) >= ENOUGH
        assert contrast(shade.on, shade.accent) >= ENOUGH
        assert contrast(shade.on, shade.hover) >= ENOUGH


@pytest.mark.parametrize(
    ("colour", "good"), [("#a1241c", True), ("#2b4590", True), ("#ffcc00", False), ("#767676", False)]
)
def test_a_colour_must_be_readable_on_the_darkest_of_the_light_surfaces(colour, good):
    assert readable(colour) is good


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "a1241c", "#a1241c;}", "url(#a1241c)", "#a1241c\n;"])
def test_what_is_no_colour_is_refused(text):
    with pytest.raises(Invalid):
        colours.read(text)


def test_the_surfaces_are_those_of_the_sheet():
    sheet = SHEET.read_text(encoding="utf-8")
    found = [re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", sheet) for name in ("surface", "paper", "sunken")]
    light, dark = zip(*((pair[1].replace("#fff", "#ffffff"), pair[2]) for pair in found if pair), strict=True)
    assert (light, dark) == (LIGHT, DARK)


@pytest.mark.parametrize("name", PALETTE)
def test_marks_can_be_seen_on_every_page(name):
    assert visible(PALETTE[name])


def test_a_mark_may_be_too_pale_or_too_dark():
    assert not visible("#ffcc00")
    assert not visible("#2b4590")
