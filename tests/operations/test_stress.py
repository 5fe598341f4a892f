"""The race of ``creneau stress`` sells exactly what there is, and leaves no trace."""

from __future__ import annotations

from pickle import PicklingError

import pytest
from sqlalchemy import func, select

from portal.app import create_app
from portal.extensions import Model, reading
from portal.operations import integrity, stress
from tests import sample
from tests.backends import NOW


def rows() -> dict[str, int]:
    with reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Model.metadata.sorted_tables
        }


def test_a_race_sells_every_place_once_and_leaves_no_trace(do):
    do(sample.docks)
    before = do(rows)
    outcome = do(stress.race, 10, 3, create_app, now=NOW)
    assert (outcome.sold, outcome.refused, outcome.stored, outcome.errors) == (3, 7, 3, ())
    assert outcome.exact
    assert do(rows) == before
    assert do(integrity.check, NOW) == integrity.Report((), ())


def test_a_race_with_room_for_all_refuses_nobody(do):
    outcome = do(stress.race, 2, 5, create_app, now=NOW)
    assert (outcome.sold, outcome.exact) == (2, True)


def test_a_race_that_breaks_is_cleaned_up(do):
    before = do(rows)
    with pytest.raises((AttributeError, PicklingError)):
        do(stress.race, 2, 1, lambda settings: settings.nothing, now=NOW)  # cannot even be sent to a process
    assert do(rows) == before


@pytest.mark.parametrize(("sold", "stored", "errors"), [(7, 7, ()), (5, 5, ()), (6, 7, ()), (6, 6, ("busy x 1",))])
def test_anything_but_exact_is_told(sold, stored, errors):
    assert not stress.Outcome(50, 6, sold, 50 - sold, stored, errors).exact


def test_what_goes_wrong_is_named(do):
    assert do(stress._booked, None, NOW) == "AttributeError"
    assert do(stress._booked, sample.wish("2026-12-07 08:00"), NOW) == "not_found"
