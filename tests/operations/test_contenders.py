"""Who could serve a start of a service, and what keeps each of them from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.domain.errors import Invalid
from portal.domain.slots import Reason
from portal.operations import cards, explanations
from portal.operations.contenders import Taken, Why
from portal.operations.explanations import Question
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
MONDAY = paris("2026-12-07 12:00").date()
ASKED = Question(MONDAY, "bordeaux", service="evaluation", minute=600)
NEEDS = ({"kind": "staff", "skills": {"evaluation": 1}}, {"kind": "room", "optional": True})


def explained(**asked):
    return explanations.explain(replace(ASKED, **asked), now=NOW)


def why(**asked) -> dict[str, tuple[str, ...]]:
    return {one.card.key: tuple(map(str, one.why)) for one in explained(**asked).contenders}


def agency() -> None:
    """Make three people: Léa is away until noon, Paul works in the afternoon only; and a room."""
    sample.agency(people=("jean", "ryan"), requires=NEEDS, buffer_after=15)
    away = [("2026-12-07T08:00", "2026-12-07T10:30"), ("2026-12-07T10:30", "2026-12-07T12:00")]
    sample.resource("lea", plannings=("bureau",), skills={"evaluation": 5}, absences=away)
    afternoon = dict.fromkeys(range(1, 6), ((840, 1080, 1),))
    sample.planning(key="soir", guests=False, kinds=(), week=afternoon)
    sample.resource("paul", plannings=("soir",), skills={"evaluation": 5})
    sample.resource("notaire", plannings=("bureau",))
    sample.resource("salon", "room")


def test_everybody_who_fits_says_what_is_in_the_way(do):
    do(agency)
    booked = do(sample.booked, "2026-12-07 10:30", now=NOW, service="evaluation", people=("jean",))
    assert do(why) == {"jean": ("busy",), "ryan": (), "lea": ("absent",), "paul": ("shut",), "salon": ("busy",)}
    jean, ryan, lea, _paul, salon = do(explained).contenders
    reference, site_id = do(lambda: (cards.by_public_id(booked.public_id).reference, explained().bookable.site.id))
    assert jean.taken == salon.taken == (Taken(reference, site_id),)
    assert lea.labels == ("Congés",)
    assert (ryan.free, ryan.optional, salon.optional) == (True, False, True)


def test_buffers_are_in_the_way_too(do):
    do(agency)
    do(sample.booked, "2026-12-07 11:00", now=NOW, service="evaluation", people=("jean",))
    assert do(why)["jean"] == ("busy",)
    assert do(why, minute=585)["jean"] == ()


def test_a_full_day_is_told_where_nothing_else_is_in_the_way(do):
    do(sample.agency, people=("jean",))
    do(sample.resource, "ryan", plannings=("bureau",), skills={"evaluation": 5}, max_per_day=1)
    do(sample.booked, "2026-12-07 14:00", now=NOW, service="evaluation", people=("ryan",))
    assert do(why) == {"jean": (), "ryan": ("full_day",)}
    assert do(why, minute=840)["ryan"] == ("busy", "full_day")


def test_what_is_held_for_a_form_is_busy_without_a_name(do):
    do(sample.agency, people=("jean",), policy={"confirm_by_mail": 15})
    do(sample.booked, "2026-12-07 10:00", now=NOW, service="evaluation")
    (jean,) = do(explained).contenders
    assert (jean.why, jean.taken) == ((Why.BUSY,), ())


def test_each_start_names_who_could_be_given_it(do):
    do(agency)
    do(sample.booked, "2026-12-07 10:00", now=NOW, service="evaluation", people=("ryan",))
    found = do(explained)
    people = {one.start: [card.key for card in there] for one, there in zip(found.starts, found.people, strict=True)}
    assert people[paris("2026-12-07 10:00")] == ["jean"]
    assert people[paris("2026-12-07 14:00")] == ["jean", "ryan", "lea", "paul"]


def test_a_person_is_picked(do):
    do(agency)
    found = do(explained, people=("lea",))
    assert found.one.reasons == (Reason.RESOURCE_ABSENT,)
    assert [one.card.key for one in found.contenders if one.picked] == ["lea"]
    with pytest.raises(Invalid):
        do(explained, people=("notaire",))
    assert do(explained, people=("notaire",), staff=True).one.offered


def test_a_planning_has_no_contenders(do):
    do(sample.docks)
    found = do(explained, service=None, planning="quais")
    assert (found.contenders, set(found.people)) == ((), {()})


def test_an_explanation_costs_the_same_whoever_is_there(do, statements):
    do(agency)
    do(explained)
    do(sample.booked, "2026-12-07 10:00", now=NOW, service="evaluation", people=("jean",))
    with statements(at_most=9):
        do(explained)
