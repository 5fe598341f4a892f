"""Patterns of addresses: globs and expressions, as staff write them and as addresses meet them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.access import LONGEST, MOST_PATTERNS, matches, parse_pattern, read_patterns
from portal.domain.errors import Invalid
from portal.domain.policy import Policy, check_policy


def refused(value) -> tuple[str, str]:
    with pytest.raises(Invalid) as refusal:
        check_policy({"email_patterns": value}, "policy")
    return refusal.value.values["field"], refusal.value.values["problem"]


@pytest.mark.parametrize(
    ("pattern", "address", "fit"),
    [
        ("*@acme.fr", "achats@acme.fr", True),
        ("*@acme.fr", "ACHATS@Acme.FR", True),
        ("*@ACME.fr", "achats@acme.fr", True),
        ("*@acme.fr", "achats@acme-fr", False),
        ("*@acme.fr", "achats@acme.fr.evil.example", False),
        ("*@acme.fr", "achats@sub.acme.fr", False),
        ("*@*.acme.fr", "achats@sub.acme.fr", True),
        ("*acme.fr", "achats@notacme.fr", True),
        ("jean@acme.fr", "jean@acme.fr", True),
        ("jean@acme.fr", "jean+b@acme.fr", False),
        ("jean+?@acme.fr", "jean+b@acme.fr", True),
        ("jean+?@acme.fr", "jeann@acme.fr", False),
        ("?@acme.fr", "ab@acme.fr", False),
        ("*@société.fr", "achats@société.fr", True),
        ("*@SOCIÉTÉ.fr", "achats@société.fr", True),
        ("*", "anybody@example.com", True),
        (r"/.+@(acme|apex)\.fr/", "achats@apex.fr", True),
        (r"/.+@(acme|apex)\.fr/", "ACHATS@APEX.FR", True),
        (r"/.+@(acme|apex)\.fr/", "achats@apex.fr.evil.example", False),
        (r"/@acme\.fr/", "achats@acme.fr", False),
        (r"/a@acme\.fr|b@acme\.fr/", "b@acme.fr", True),
        (r"/a@acme\.fr|b@acme\.fr/", "B@ACME.FR", True),
        (r"/(?-i:a)@acme\.fr/", "A@acme.fr", False),
    ],
)
def test_a_pattern_is_held_against_the_whole_address(pattern, address, fit):
    assert matches([pattern], address) is fit


def test_any_of_several_may_fit():
    assert matches(["*@acme.fr", "*@apex.fr"], "a@apex.fr")
    assert not matches(["*@acme.fr", "*@apex.fr"], "a@third.fr")


def test_no_pattern_binds_nobody():
    assert matches([], "anybody@example.com")


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("/(/", "bad_pattern"),
        (r"/(a)\1@acme\.fr/", "bad_pattern"),
        ("/.+@acme.fr", "bad_pattern"),
        ("/", "bad_pattern"),
        ("//", "bad_pattern"),
        ("/((.{1000}){1000}){1000}/", "bad_pattern"),
        ("acme.fr", "fits_no_address"),
        ("", "fits_no_address"),
        ("   ", "fits_no_address"),
        ("*@acme.fr *@apex.fr", "fits_no_address"),
        ("*@acme\x00.fr", "unreadable"),
        ("*" * (LONGEST + 1), "too_long"),
        (3, "not_a_text"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused_by_its_place(pattern, problem):
    assert refused(["*@acme.fr", pattern]) == ("policy.email_patterns[1]", problem)


def test_too_many_patterns_are_refused():
    assert len(read_patterns("p", [f"{number}@acme.fr" for number in range(MOST_PATTERNS)])) == MOST_PATTERNS
    crowd = [f"{number}@acme.fr" for number in range(MOST_PATTERNS + 1)]
    assert refused(crowd) == (f"policy.email_patterns[{MOST_PATTERNS}]", "too_many")


def test_what_stands_around_a_pattern_is_taken_off():
    assert Policy.of({"email_patterns": ["  *@acme.fr "]}).email_patterns == ("*@acme.fr",)


@given(st.text(alphabet=st.characters(blacklist_characters="*?/ \n\r", blacklist_categories=("Cs", "Cc")), min_size=1))
def test_a_glob_without_wildcards_fits_itself_alone(text):
    assert matches([f"{text}@acme.fr"], f"{text}@acme.fr")
    assert not matches([f"{text}@acme.fr"], f"{text}x@acme.fr")


@given(st.text())
def test_any_text_is_a_pattern_or_refused(text):
    try:
        parse_pattern(text)
    except Invalid:
        return
    assert matches([text], "achats@acme.fr") in (True, False)
