"""The examples in the docstrings are true."""

import doctest

import pytest

from portal.delivery import clean, mail, mime, smtp


@pytest.mark.parametrize("module", [clean, mail, mime, smtp], ids=lambda module: module.__name__)
def test_the_examples_are_true(module):
    result = doctest.testmod(module)
    assert (result.failed, result.attempted > 0) == (0, True)
