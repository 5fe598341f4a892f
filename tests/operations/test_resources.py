"""People, rooms and equipment: made, changed and retired, and what that does to the appointments that have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from portal.domain.errors import Invalid, NotFound, SlotNotOffered, SlotTaken, StateChanged
from portal.domain.openings import Opening
from portal.extensions import reading
from portal.models import Audit, Pool
from portal.operations import (
    absences,
    appointments,
    planning_previews,
    plannings,
    regions,
    resource_effects,
    resource_list,
    resources,
    sites,
    skills,
)
from portal.operations.resource_effects import Away, Effects
from portal.operations.resource_list import Wanted
from portal.operations.resources import Plan
from portal.operations.scopes import EVERYWHERE, Scope
from portal.operations.wishes import Booked
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
LEA = Plan(name="Léa Martin", timezone="Europe/Paris", sites=("bordeaux",), plannings=("bureau",))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def book(start: str, number: int = 0, **options: Any) -> Booked:
    return appointments.book(sample.wish(start, number, service="evaluation", **options), now=NOW)


def revised(key: str, **changes: Any) -> None:
    sheet = resources.read(key)
    resources.save(key, sheet.revision, replace(sheet.plan, **changes), now=NOW)


def effects(key: str, **changes: Any) -> list[tuple[str, str]]:
    sheet = resources.read(key)
    return named(resource_effects.of_plan(sheet, replace(sheet.plan, **changes), now=NOW))


def named(found: Effects) -> list[tuple[str, str]]:
    return [(f"{one.appointment.start.astimezone(sample.PARIS):%d %H:%M}", one.why.value) for one in found.affected]


def audited(kind: str = "resource") -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    with reading() as session:
        rows = session.execute(select(Audit).where(Audit.kind == kind).order_by(Audit.id)).scalars()
        return [(row.action, row.before, row.after) for row in rows]


# Made, changed, retired


def test_a_person_is_made_with_a_pool_and_can_be_booked(do):
    do(sample.agency, people=[])
    do(skills.add, "evaluation", {"fr": "Évaluation"}, now=NOW)
    do(resources.create, "lea", "staff", replace(LEA, skills={"evaluation": 3}), now=NOW)
    do(book, "2026-12-07 09:00")
    with pytest.raises(SlotTaken):
        do(book, "2026-12-07 09:00", 1)
    assert do(resources.read, "lea").plan == replace(LEA, skills={"evaluation": 3})


def pools() -> int:
    with reading() as session:
        return len(session.scalars(select(Pool.id).where(Pool.resource_id.is_not(None))).all())


def test_every_resource_has_one_pool(do):
    do(sample.site)
    do(resources.create, "salle", "room", Plan("Salle", "Europe/Paris", ("bordeaux",), persons=4), now=NOW)
    do(revised, "salle", persons=6)
    assert do(pools) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"timezone": "Bordeaux"}, "timezone"),
        ({"sites": ("nowhere",)}, "sites"),
        ({"plannings": ("nowhere",)}, "plannings"),
        ({"skills": {"piano": 3}}, "skills"),
        ({"skills": {"evaluation": 11}}, "skills.evaluation"),
        ({"persons": 0}, "persons"),
        ({"max_per_day": 0}, "max_per_day"),
        ({"colour": "red"}, "colour"),
        ({"features": tuple(map(str, range(31)))}, "features"),
    ],
)
def test_what_makes_no_sense_is_refused(do, changes, field):
    do(sample.agency, people=[])
    with pytest.raises(Invalid) as refused:
        do(resources.create, "lea", "staff", replace(LEA, **changes), now=NOW)
    assert refused.value.values["field"] == field
    with pytest.raises(NotFound):
        do(resources.read, "lea")


def test_a_key_is_taken_once_and_a_kind_is_one_of_three(do):
    do(sample.agency)
    with pytest.raises(Invalid, match="exists"):
        do(resources.create, "lea", "staff", LEA, now=NOW)
    with pytest.raises(Invalid, match="not_a_choice"):
        do(resources.create, "robot", "robot", LEA, now=NOW)


def test_a_page_that_is_out_of_date_writes_nothing(do):
    do(sample.agency)
    before = do(resources.read, "lea")
    do(revised, "lea", name="Léa Martin")
    with pytest.raises(StateChanged):
        do(resources.save, "lea", before.revision, replace(before.plan, name="Autre"), now=NOW)
    with pytest.raises(NotFound):
        do(resources.save, "nobody", before.revision, before.plan, now=NOW)
    assert do(resources.read, "lea").name == "Léa Martin"


def test_who_is_retired_keeps_what_is_booked_and_gets_nothing_more(do):
    do(sample.agency, people=["lea"])
    do(book, "2026-12-07 09:00")
    sheet = do(resources.read, "lea")
    assert named(do(resource_effects.coming, sheet, now=NOW)) == [("07 09:00", "retired")]
    do(resources.activate, sheet, sheet.revision, False, now=NOW)
    with pytest.raises(SlotNotOffered):
        do(book, "2026-12-07 11:00", 1)
    sheet = do(resources.read, "lea")
    assert do(resource_effects.coming, sheet, now=NOW).count == 1
    do(resources.activate, sheet, sheet.revision, True, now=NOW)
    do(book, "2026-12-07 11:00", 1)


def test_changes_are_written_down_and_saying_the_same_is_none(do):
    do(sample.agency)
    do(revised, "lea", max_per_day=4)
    do(revised, "lea", max_per_day=4)
    assert do(audited) == [("changed", {"max_per_day": None}, {"max_per_day": 4})]


# What it does to appointments


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"active": False}, "retired"),
        ({"sites": ("lyon",)}, "site"),
        ({"skills": {}}, "unfit"),
        ({"skills": {"evaluation": 1}}, "unfit"),
        ({"plannings": ()}, "hours"),
        ({"plannings": ("matin",)}, "hours"),
    ],
)
def test_what_a_change_leaves_without_room_is_told(do, changes, why):
    do(sample.agency, people=["lea"], requires=[{"kind": "staff", "skills": {"evaluation": 3}}])
    do(sample.site, key="lyon")
    do(sample.planning, key="matin", week={1: ((540, 600, 1),)})
    do(book, "2026-12-07 14:00")
    assert do(effects, "lea", **changes) == [("07 14:00", why)]
    assert do(effects, "lea", name="Léa Martin", skills={"evaluation": 3}) == []


def test_fewer_at_once_are_too_many_afterwards(do):
    do(sample.agency, people=[])
    do(sample.planning, key="deux", week={1: ((540, 720, 2),)})
    do(sample.resource, "lea", plannings=("deux",))
    do(book, "2026-12-07 09:00")
    do(book, "2026-12-07 09:30", 1)
    do(book, "2026-12-07 11:00", 2)
    assert do(effects, "lea", plannings=("bureau",)) == [("07 09:00", "hours"), ("07 09:30", "hours")]


def test_fewer_in_a_day_are_too_many_on_days_with_more(do):
    do(sample.agency, people=["lea"])
    for number, start in enumerate(("07 09:00", "07 14:00", "08 09:00")):
        do(book, f"2026-12-{start}", number)
    assert do(effects, "lea", max_per_day=2) == []
    assert do(effects, "lea", max_per_day=1) == [("07 09:00", "many"), ("07 14:00", "many")]
    sheet = do(resources.read, "lea")
    fewer = replace(sheet.plan, max_per_day=1)
    at_noon = do(resource_effects.of_plan, sheet, fewer, now=paris("2026-12-07 12:00"))
    assert named(at_noon) == [("07 14:00", "many")]


def test_another_zone_moves_absences(do):
    do(sample.agency, people=[])
    do(sample.resource, "lea", plannings=("bureau",), absences=[("2026-12-07T09:00", "2026-12-07T10:00")])
    do(book, "2026-12-07 10:00")
    assert do(effects, "lea", timezone="Europe/London") == [("07 10:00", "absent")]


def test_an_absence_over_an_appointment_is_told_and_cancels_nothing(do):
    do(sample.agency, people=["lea"], buffer_after=30)
    do(book, "2026-12-07 09:00")
    sheet = do(resources.read, "lea")
    touching, in_buffer = (
        Away(local("2026-12-07T10:30"), local("2026-12-07T12:00")),
        Away(local("2026-12-07T10:15"), local("2026-12-07T12:00"), "Dentiste"),
    )
    assert do(absences.preview, sheet, touching, now=NOW).count == 0
    assert named(do(absences.preview, sheet, in_buffer, now=NOW)) == [("07 09:00", "absent")]
    do(absences.add, "lea", sheet.revision, in_buffer, now=NOW)
    with pytest.raises(SlotNotOffered):
        do(book, "2026-12-07 11:00", 1)
    assert do(audited)[-1] == (
        "changed",
        {"absence": None},
        {"absence": "2026-12-07 10:15 – 2026-12-07 12:00 (Dentiste)"},
    )


def test_an_absence_is_changed_and_deleted(do):
    do(sample.agency, people=[])
    do(sample.resource, "lea", plannings=("bureau",), absences=[("2026-12-07T09:00", "2026-12-07T12:00")])
    sheet = do(resources.read, "lea")
    (line,) = do(absences.listing, sheet, now=NOW).lines
    wanted = Away(local("2026-12-08T09:00"), local("2026-12-08T12:00"), "Congés")
    do(absences.change, "lea", sheet.revision, line.id, wanted, now=NOW)
    do(book, "2026-12-07 09:00")
    with pytest.raises(StateChanged):
        do(absences.drop, "lea", sheet.revision, line.id, now=NOW)
    do(absences.drop, "lea", do(resources.read, "lea").revision, line.id, now=NOW)
    assert do(absences.listing, sheet, now=NOW).lines == []
    with pytest.raises(NotFound):
        do(absences.drop, "lea", do(resources.read, "lea").revision, line.id, now=NOW)
    assert len(do(audited)) == 2


def test_an_absence_ends_after_it_begins(do):
    do(sample.agency, people=["lea"])
    backwards = Away(local("2026-12-07T09:00"), local("2026-12-07T09:00"))
    with pytest.raises(Invalid, match="bounds"):
        do(absences.add, "lea", do(resources.read, "lea").revision, backwards, now=NOW)


def test_absences_are_listed_by_page_to_come_and_past(do, statements):
    do(sample.agency, people=[])
    away = [
        (f"2026-{month:02}-{day:02}T09:00", f"2026-{month:02}-{day:02}T10:00")
        for month in (11, 12)
        for day in range(1, 31)
    ]
    do(
        sample.resource,
        "lea",
        absences=[*away, *((f"2027-01-{day:02}T09:00", f"2027-01-{day:02}T10:00") for day in range(1, 29))],
    )
    sheet = do(resources.read, "lea")
    with statements(at_most=2):
        first = do(absences.listing, sheet, now=NOW)
    assert (first.found, first.pages, len(first.lines)) == (58, 2, 40)
    assert first.lines[0].start == local("2026-12-01T09:00")
    assert do(absences.listing, sheet, now=NOW, page=9).lines[-1].start == local("2027-01-28T09:00")
    past = do(absences.listing, sheet, now=NOW, past=True)
    assert (past.found, past.lines[0].start) == (30, local("2026-11-30T09:00"))


# The hours of a planning


def previewed(key: str, **changes: Any) -> list[tuple[int, list[str]]]:
    sheet = plannings.read(key)
    asked = {"week": sheet.in_force(NOW).week, "active": True, **changes}
    plan = plannings.Plan(sheet.name, sheet.timezone, sheet.sites, sheet.kinds, sheet.guests, 60, 30, **asked)
    found = planning_previews.preview(sheet, plan, plannings.all_sites(), now=NOW)
    return [
        (one.count, [f"{each.appointment.start.astimezone(sample.PARIS):%d %H:%M}" for each in one.affected])
        for one in found
    ]


MORNING = {1: (Opening(540, 720, 1),)}


def test_other_hours_of_a_planning_tell_whom_its_people_were_to_receive(do):
    do(sample.agency)
    do(book, "2026-12-07 09:00")
    do(book, "2026-12-07 14:00", 1)
    assert do(previewed, "bureau") == [(0, [])]
    assert do(previewed, "bureau", week=MORNING) == [(1, ["07 14:00"])]
    assert do(previewed, "bureau", active=False) == [(2, ["07 09:00", "07 14:00"])]
    closed = plannings.Exceptional(date(2026, 12, 7), "", ())
    assert [one.count for one in do(planning_previews.preview_days, "bureau", put=closed, now=NOW).sites] == [2]


def test_who_has_hours_from_elsewhere_too_keeps_them(do):
    do(sample.agency, people=[])
    do(sample.planning, key="soir", week={1: ((840, 1080, 1),)})
    do(sample.resource, "lea", plannings=("bureau", "soir"))
    do(sample.resource, "salle", "room", plannings=("bureau",))
    do(book, "2026-12-07 14:00")
    assert do(previewed, "bureau", week=MORNING) == [(0, [])]
    assert do(previewed, "soir", week={}) == [(0, [])]


def test_what_does_not_fit_already_is_no_news(do):
    do(sample.agency, people=["lea"])
    do(book, "2026-12-07 14:00")
    away = Away(local("2026-12-07T14:00"), local("2026-12-07T15:00"))
    do(absences.add, "lea", do(resources.read, "lea").revision, away, now=NOW)
    assert do(previewed, "bureau", week=MORNING) == [(0, [])]


def test_an_appointment_that_takes_a_place_there_too_is_told_once(do):
    do(sample.agency, planning="bureau")
    do(book, "2026-12-07 14:00")
    assert do(previewed, "bureau", week=MORNING) == [(1, ["07 14:00"])]


def test_a_preview_costs_the_same_however_many_people_there_are(do, statements):
    do(sample.agency, people=[f"p{number}" for number in range(12)])
    for number in range(12):
        do(book, "2026-12-07 14:00", number)
    sheet = do(plannings.read, "bureau")
    with statements(at_most=13):
        found = do(previewed, "bureau", week=MORNING)
    assert (found[0][0], len(found[0][1]), sheet.key) == (12, 12, "bureau")


# Lists


def test_the_list_is_filtered_within_the_sites_of_whoever_asks(do):
    do(sample.agency)
    do(sample.site, key="lyon")
    do(sample.resource, "salle", "room", sites=("lyon",), persons=4)
    do(sample.resource, "ancien", active=False)
    lyon = Scope(frozenset({do(sites.read, "lyon").id}))

    def keys(scope: Scope = EVERYWHERE, **wanted: Any) -> list[str]:
        return [one.key for one in do(resource_list.overview, now=NOW, scope=scope, wanted=Wanted(**wanted)).lines]

    assert keys() == ["jean", "lea", "ryan", "salle"]
    assert keys(scope=lyon) == ["salle"]
    assert keys(text="SALL") == ["salle"]
    assert keys(kind="room") == ["salle"]
    assert keys(site="bordeaux") == ["jean", "lea", "ryan"]
    assert keys(retired=True) == ["ancien"]
    assert [one.key for one in do(resource_list.listed, kind="staff", site="bordeaux", also=["ancien"])] == [
        "ancien",
        "jean",
        "lea",
        "ryan",
    ]


def test_the_list_costs_the_same_however_long_it_is(do, statements):
    do(sample.agency, people=[f"p{number}" for number in range(45)])
    do(book, "2026-12-07 09:00")
    with statements(at_most=7):
        page = do(resource_list.overview, now=NOW)
    assert (page.found, page.pages, len(page.lines)) == (45, 2, 40)
    assert page.lines[0].booked == 1


def test_the_list_tells_who_is_away_and_who_has_no_hours(do):
    do(sample.agency, people=[])
    do(sample.resource, "lea", plannings=("bureau",), absences=[("2026-12-01T08:00", "2026-12-03T00:00")])
    do(sample.resource, "zoe")
    lea, zoe = do(resource_list.overview, now=NOW).lines
    assert (lea.away_until, lea.open) == (local("2026-12-03T00:00"), True)
    assert (zoe.away_until, zoe.open) == (None, False)


# Skills


def test_a_skill_goes_only_when_nobody_has_it(do):
    do(sample.agency, requires=[{"kind": "staff", "skills": {"evaluation": 1}}])
    assert [(one.key, one.people, one.services, one.named("fr")) for one in do(skills.listed)] == [
        ("evaluation", 3, 1, "evaluation")
    ]
    read = do(skills.find, "evaluation").revision
    do(skills.rename, "evaluation", read, {"fr": "Évaluation", "en": "Valuation"}, now=NOW)
    do(skills.add, "piano", {"fr": "Piano", "en": ""}, now=NOW)
    with pytest.raises(Invalid, match="in_use"):
        do(skills.drop, "evaluation", now=NOW)
    do(skills.drop, "piano", now=NOW)
    assert [one.named("en") for one in do(skills.listed)] == ["Valuation"]
    assert [action for action, _before, _after in do(audited, "skill")] == ["changed", "created", "removed"]


@pytest.mark.parametrize(
    ("key", "names"), [("evaluation", {"fr": "É"}), ("piano", {"fr": " "}), ("p", {"fr": "x" * 121})]
)
def test_a_skill_needs_a_key_of_its_own_and_words(do, key, names):
    do(skills.add, "evaluation", {"fr": "Évaluation"}, now=NOW)
    with pytest.raises(Invalid):
        do(skills.add, key, names, now=NOW)


def test_a_skill_that_nobody_knows_is_not_found(do):
    for act in (lambda: do(skills.rename, "x", "", {"fr": "X"}, now=NOW), lambda: do(skills.drop, "x", now=NOW)):
        with pytest.raises(NotFound):
            act()


# Regions


def tree() -> list[tuple[str, int]]:
    return [(one.key, one.depth) for one in regions.listed()]


def test_regions_form_a_tree_that_never_turns_on_itself(do):
    do(regions.add, "aquitaine", "Nouvelle-Aquitaine", now=NOW)
    do(regions.add, "gironde", "Gironde", "aquitaine", now=NOW)
    do(regions.add, "landes", "Landes", "aquitaine", now=NOW)
    do(regions.add, "bassin", "Bassin d’Arcachon", "gironde", now=NOW)
    assert do(tree) == [("aquitaine", 0), ("gironde", 1), ("bassin", 2), ("landes", 1)]
    read = do(regions.find, "gironde").revision
    for parent in ("gironde", "bassin", "nowhere"):
        with pytest.raises(Invalid):
            do(regions.change, "gironde", read, "Gironde", parent, now=NOW)
    do(regions.change, "gironde", read, "La Gironde", None, now=NOW)
    assert do(tree) == [("gironde", 0), ("bassin", 1), ("aquitaine", 0), ("landes", 1)]
    assert [one.key for one in do(regions.possible_parents, "gironde")] == ["aquitaine", "landes"]


def test_a_region_goes_only_when_it_is_empty(do):
    do(sample.site)
    do(regions.add, "aquitaine", "Nouvelle-Aquitaine", now=NOW)
    do(regions.add, "gironde", "Gironde", "aquitaine", now=NOW)
    sheet = do(sites.read, "bordeaux")
    plan = sites.Plan(sheet.name, sheet.timezone, region="gironde")
    do(sites.save, "bordeaux", sheet.revision, plan, now=NOW)
    assert do(sites.read, "bordeaux").region == "gironde"
    assert do(audited, "site")[-1][2]["region"] == "gironde"
    for key in ("aquitaine", "gironde"):
        with pytest.raises(Invalid, match="in_use"):
            do(regions.drop, key, now=NOW)
    do(sites.save, "bordeaux", do(sites.read, "bordeaux").revision, replace(plan, region=None), now=NOW)
    do(regions.drop, "gironde", now=NOW)
    do(regions.drop, "aquitaine", now=NOW)
    assert do(tree) == []


def test_a_site_lies_in_a_region_that_there_is(do):
    do(sample.site)
    sheet = do(sites.read, "bordeaux")
    with pytest.raises(Invalid, match="unknown"):
        do(sites.save, "bordeaux", sheet.revision, sites.Plan(sheet.name, sheet.timezone, region="x"), now=NOW)


def test_regions_lie_six_deep_at_most(do):
    above = None
    for number in range(6):
        do(regions.add, f"r{number}", f"R{number}", above, now=NOW)
        above = f"r{number}"
    with pytest.raises(Invalid, match="too_deep"):
        do(regions.add, "r6", "R6", above, now=NOW)
