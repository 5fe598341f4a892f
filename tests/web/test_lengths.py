"""Lengths of time in words, in both languages."""

from __future__ import annotations

import doctest

import pytest
from flask import Flask
from flask_babel import force_locale

from portal.admin import rule_fields
from portal.domain.durations import parse_duration
from portal.web import lengths


@pytest.mark.parametrize("module", [lengths, rule_fields], ids=lambda module: module.__name__)
def test_the_examples_are_true(module):
    result = doctest.testmod(module)
    assert (result.failed, result.attempted > 0) == (0, True)


@pytest.fixture
def said(backends):
    """Say something in a language: ``said("fr", lengths.in_words, length)``."""
    app: Flask = backends["sqlite"].app

    def say(locale, words, *args, **named):
        with app.test_request_context(), force_locale(locale):
            return words(*args, **named).replace("\u00a0", " ")

    return say


@pytest.mark.parametrize(
    ("length", "english", "french"),
    [
        ("1min", "1 minute", "1 minute"),
        ("90min", "90 minutes", "90 minutes"),
        ("1h", "1 hour", "1 heure"),
        ("12h", "12 hours", "12 heures"),
        ("1d", "1 day", "1 jour"),
        ("2d", "2 days", "2 jours"),
    ],
)
def test_a_length_is_said(said, length, english, french):
    assert said("en", lengths.in_words, parse_duration(length)) == english
    assert said("fr", lengths.in_words, parse_duration(length)) == french


@pytest.mark.parametrize(
    ("length", "working", "english", "french"),
    [
        ("1d", True, "1 working day of notice is needed", "il faut 1 jour ouvré de délai"),
        ("2d", True, "2 working days of notice are needed", "il faut 2 jours ouvrés de délai"),
        ("2d", False, "2 days of notice are needed", "il faut 2 jours de délai"),
        ("12h", False, "12 hours of notice are needed", "il faut 12 heures de délai"),
        ("1h", True, "1 hour of notice on an open day is needed", "il faut 1 heure de délai pendant les jours ouverts"),
        (
            "30min",
            True,
            "30 minutes of notice on open days are needed",
            "il faut 30 minutes de délai pendant les jours ouverts",
        ),
    ],
)
def test_a_notice_is_said(said, length, working, english, french):
    assert said("en", lengths.notice_in_words, parse_duration(length), working=working) == english
    assert said("fr", lengths.notice_in_words, parse_duration(length), working=working) == french


@pytest.mark.parametrize(
    ("texts", "english", "french"),
    [(["a"], "a", "a"), (["a", "b"], "a and b", "a et b"), (["a", "b", "c"], "a, b and c", "a, b et c")],
)
def test_several_are_listed_in_a_sentence(said, texts, english, french):
    assert said("en", lengths.listed, texts) == english
    assert said("fr", lengths.listed, texts) == french
