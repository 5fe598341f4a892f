"""The examples in the docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import portal.domain

MODULES = [module.name for module in pkgutil.iter_modules(portal.domain.__path__, "portal.domain.")]
TEACHING = [
    "access",
    "answers",
    "distribution",
    "durations",
    "fields",
    "lifecycle",
    "mail_texts",
    "matching",
    "nearness",
    "notices",
    "openings",
    "policy",
    "retry",
    "slots",
    "steps",
    "window",
    "zones",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", TEACHING)
def test_modules_that_teach_have_examples(name):
    assert doctest.testmod(importlib.import_module(f"portal.domain.{name}")).attempted > 0
