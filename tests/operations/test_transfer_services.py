"""People, rooms, equipment and services in the configuration file: loaded in any order, exported, told when wrong."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.extensions import reading
from portal.models import Absence, Allocation, Pool, Resource, Service, Skill
from portal.operations import availability, bookables, integrity, resource_cards, transfer
from portal.operations.actors import Actor
from tests import sample
from tests.backends import NOW
from tests.operations.test_transfer import clock, configurations, days, keys, names, policies, zones

STAFF = Actor("claire@example.com", "staff", staff=True)
MONDAY = sample.paris("2026-12-07 12:00").date()
FILE = """\
organisation: {name: Agence Dupont, locale: fr, timezone: Europe/Paris}
services:
  - key: evaluation
    name: {fr: Évaluation de bien, en: Property valuation}
    description: {fr: "Chez vous.\\nSans engagement."}
    price: {fr: Gratuit, en: Free}
    group: vente
    sites: [bordeaux]
    planning: null
    minutes: 60
    step: 30
    buffer_before: 0
    buffer_after: 15
    requires: [{kind: staff, skills: {evaluation: 1}}, {kind: room, persons: 2, optional: true}]
    reservation: {quantity: false, iterations: false}
    mode: in_person
    instructions: {fr: "", en: ""}
    fields: [{key: area, label: {fr: Surface}, type: number}]
    policy: {min_notice: 0}
    kinds: [customer]
    guests: true
  - key: gite
    name: {fr: Gîte}
    sites: [bordeaux]
    requires: [{kind: room, features: [lit]}]
    reservation: {quantity: true, iterations: true, unit: night, from: "16:00", until: "10:00"}
groups: [{key: vente, name: {fr: Vente, en: Sale}, position: 2}]
resources:
  - key: jean
    kind: staff
    name: Jean
    email: Jean@Example.com
    sites: [bordeaux]
    skills: {evaluation: 5, negociation: 0}
    plannings: [bureau]
    absences: [{from: "2026-12-24T12:00", to: 2026-12-26, label: Congés}, {from: "2026-12-08T09:00", to: "2026-12-08T10:00", uid: a@b}]
    max_per_day: 6
    colour: "#1b5e20"
  - {key: salon, kind: room, name: Salon, sites: [bordeaux], persons: 4, features: [lit, écran]}
skills: [{key: evaluation, name: {fr: Évaluation, en: Valuation}}]
plannings:
  - key: bureau
    name: Bureau
    sites: [bordeaux]
    kinds: []
    versions:
      - week:
          mon: [{start: "14:00", end: "18:00", slots: 1}, {start: "09:00", end: "12:00", slots: 1, services: [evaluation]}]
    exceptions: [{date: 2026-12-14, openings: [{start: "09:00", end: "10:00", slots: 1, services: [gite, evaluation]}]}]
sites: [{key: bordeaux, name: Bordeaux, region: gironde, latitude: 44.85, longitude: -0.57}]
regions: [{key: gironde, name: Gironde, parent: aquitaine}, {key: aquitaine, name: Nouvelle-Aquitaine}]
"""  # noqa: E501 - an absence a line would hide the rest


def load(do, text: str, **options) -> list[str]:
    return do(transfer.load, text, now=NOW, **options)


def refused(do, text: str) -> list[str]:
    with pytest.raises(transfer.BadConfiguration) as refusal:
        load(do, text)
    return list(refusal.value.errors)


def offered(service: str = "evaluation") -> list[str]:
    with reading() as session:
        bookable = bookables.find(session, "bordeaux", None, service=service)
        found = availability.search(session, bookable, MONDAY, MONDAY, now=NOW).offered
        return [f"{start.start.astimezone(bookable.zone):%H:%M}" for start in found]


def state() -> list[Any]:
    with reading() as session:
        return [*session.scalars(select(Resource.revision)), *session.scalars(select(Service.revision))]


def count(table) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def book(do, start: str = "2026-12-07 09:00", **options) -> str:
    booked = do(sample.booked, start, now=NOW, actor=STAFF, service=options.pop("service", "evaluation"), **options)
    return booked.public_id


def test_a_file_makes_all_it_names_whatever_comes_first(do):
    assert load(do, FILE) == [
        "+ organisation", "+ regions.gironde", "+ regions.aquitaine", "+ sites.bordeaux", "+ plannings.bureau",
        "+ skills.evaluation", "+ skills.negociation", "+ resources.jean", "+ resources.salon", "+ groups.vente",
        "+ services.evaluation", "+ services.gite",
    ]  # fmt: skip
    assert do(offered)[:5] == ["09:00", "09:30", "10:00", "10:30", "11:00"]
    assert do(integrity.check, NOW).breaches == ()
    assert do(sample.booked, "2026-12-07 09:00", now=NOW, service="evaluation").status == "confirmed"
    assert do(count, Allocation) == 3  # Jean, the room that is free, and the service itself
    with_absences = do(cards)["jean"]
    assert [one.label for one in with_absences.absences] == ["", "Congés"]
    assert (with_absences.email, with_absences.candidate.skills) == (
        "jean@example.com",
        {"evaluation": 5, "negociation": 0},
    )


def cards() -> dict[str, Any]:
    with reading() as session:
        ids = session.scalars(select(Resource.id)).all()
        return {one.card.key: one.card for one in resource_cards.by_ids(session, ids)}


def test_the_same_file_and_its_export_change_nothing(do):
    load(do, FILE)
    before, exported = do(state), do(transfer.export)
    assert load(do, FILE) == load(do, exported) == load(do, exported, dry_run=True) == []
    assert (do(state), do(transfer.export)) == (before, exported)


def test_an_export_is_what_a_person_would_write(do):
    load(do, FILE)
    exported = do(transfer.export)
    for line in (
        '- {start: "09:00", end: "12:00", slots: 1, services: [evaluation]}',
        '- {from: "2026-12-08T09:00", to: "2026-12-08T10:00", uid: a@b}',
        '- {from: "2026-12-24T12:00", to: "2026-12-26T00:00", label: Congés}',
        "- {kind: staff, skills: {evaluation: 1}}",
        "- {kind: room, persons: 2, optional: true}",
        "- {key: gironde, name: Gironde, parent: aquitaine}",
        "- {key: negociation, name: {fr: negociation}}",
        "- {key: vente, name: {en: Sale, fr: Vente}, position: 2}",
    ):
        assert line in exported


def test_an_export_brings_an_empty_database_to_the_same_state(backend, do):
    load(do, FILE)
    exported = do(transfer.export)
    backend.clean()
    load(do, exported)
    assert do(transfer.export) == exported


def test_a_skill_that_nobody_named_is_called_by_its_key(do):
    load(do, FILE.replace("skills: [{key: evaluation, name: {fr: Évaluation, en: Valuation}}]\n", ""))
    with_names = "skills: [{key: evaluation, name: {fr: Expertise}}]"
    assert load(do, with_names) == ['~ skills.evaluation.name.fr: "evaluation" -> "Expertise"']
    assert do(count, Skill) == 2


def test_a_dry_run_tells_what_differs(do, no_writes):
    load(do, FILE)
    changed = (
        FILE.replace("evaluation: 5", " evaluation: 4")
        .replace("slots: 1, services: [evaluation]", "slots: 1, services: [gite]")
        .replace("{kind: room, persons: 2", "{kind: room, persons: 3")
        .replace("label: Congés", "label: Formation")
        .replace("region: gironde", "region: aquitaine")
    )
    hours = "09:00-12:00 x 1 for %s, 14:00-18:00 x 1"
    with no_writes():
        said = load(do, changed, dry_run=True)
    assert said == [
        '~ sites.bordeaux.region: "gironde" -> "aquitaine"',
        f"~ plannings.bureau.versions[].week.mon: {hours % 'evaluation'} -> {hours % 'gite'}",
        '~ resources.jean.absences[2026-12-24T12:00].label: "Congés" -> "Formation"',
        "~ resources.jean.skills.evaluation: 5 -> 4",
        "~ services.evaluation.requires[1].persons: 2 -> 3",
    ]


def test_lists_are_replaced_whole_and_what_is_left_out_stays(do):
    load(do, FILE)
    load(do, 'resources: [{key: jean, absences: [{from: "2026-12-08T09:00", to: "2026-12-08T11:00", uid: a@b}]}]')
    load(do, "services: [{key: evaluation, sites: [], requires: [{kind: staff}]}]")
    exported = do(transfer.export)
    assert do(count, Absence) == 1
    assert "max_per_day: 6" in exported
    assert "buffer_after: 15" in exported
    assert "persons: 2" not in exported
    assert do(in_use) == {"gite": True, "evaluation": False}


def in_use() -> dict[str, bool]:
    with reading() as session:
        query = select(Service.key, Pool.active).join(Pool, Pool.service_id == Service.id)
        return {row.key: row.active for row in session.execute(query)}


def test_who_and_what_is_retired_keeps_what_is_booked(do):
    load(do, FILE)
    book(do)
    said = load(do, "resources: [{key: jean, active: false}]\nservices: [{key: gite, active: false}]")
    assert said[:2] == ["~ resources.jean.active: true -> false", "~ services.gite.active: true -> false"]
    assert do(count, Allocation) == 3
    assert do(offered) == []
    assert do(integrity.check, NOW).breaches == ()


def monday(services: str) -> str:
    """Reserve the hours of a Monday morning, the only ones."""
    hours = f"{{start: '09:00', end: '12:00', slots: 1, services: [{services}]}}"
    return f"plannings: [{{key: bureau, versions: [{{week: {{mon: [{hours}]}}}}]}}]"


AWAY = "resources: [{key: jean, timezone: %s, absences: [{from: '2026-12-07T%s', to: '2026-12-07T12:00'}]}]"


@pytest.mark.parametrize(
    ("change", "who"),
    [
        ('resources: [{key: jean, absences: [{from: "2026-12-07T10:00", to: "2026-12-07T10:10"}]}]', "jean"),
        ("resources: [{key: jean, skills: {}}]", "jean"),
        ("resources: [{key: jean, sites: []}]", "jean"),
        ("resources: [{key: jean, active: false}]", "jean"),
        ("resources: [{key: jean, plannings: []}]", "jean"),
        (AWAY % ("America/New_York", "04:14"), "jean"),
        (AWAY % ("Europe/Paris", "10:14"), "jean"),
        ("resources: [{key: salon, persons: 1}]", "salon"),
        ("plannings: [{key: bureau, active: false}]", "jean"),
        ("plannings: [{key: bureau, versions: []}]", "jean"),
        (monday("gite"), "jean"),
        ("sites: [{key: bordeaux, closures: [{from: 2026-12-07}]}]", "jean"),
    ],
)  # fmt: skip
def test_appointments_that_no_longer_fit_their_people_are_named_before_and_when_it_is_done(do, change, who):
    load(do, FILE)
    book(do)
    for dry_run in (True, False):
        said = [line for line in load(do, change, dry_run=dry_run) if line[0] == "!"]
        pattern = rf"! {who} at bordeaux, 2026-12-07 09:00: appointment [\w-]{{9}} no longer fits"
        assert any(re.fullmatch(pattern, line) for line in said), said
    assert load(do, change) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("services: [{key: evaluation, minutes: 90}]", " evaluation: keeps its length and the time around it"),
        ("services: [{key: evaluation, buffer_after: 0}]", " evaluation: keeps its length and the time around it"),
        (
            "services: [{key: evaluation, requires: [{kind: staff, count: 2}], mode: phone}]",
            " evaluation: keeps the people, rooms and equipment that it has and is held in another way than was said",
        ),
        ("services: [{key: evaluation, sites: []}]", " evaluation: stays, and no other can be booked there"),
        ("services: [{key: evaluation, active: false}]", " evaluation: stays, and no other can be booked there"),
        ("sites: [{key: bordeaux, timezone: Europe/London}]", ": keeps its instant, and is shown on another clock"),
        ("sites: [{key: bordeaux, active: false}]", ": stays, and no other can be booked there"),
        ("services: [{key: evaluation, step: 15, guests: false, price: {fr: 10 €}}]", None),
    ],
)
def test_appointments_that_stay_otherwise_than_the_rest_is_to_be_are_named_with_why(do, change, said):
    load(do, FILE)
    book(do)
    for dry_run in (True, False):
        found = [line for line in load(do, change, dry_run=dry_run) if line[0] == "!"]
        told = [re.sub(r"( at)? bordeaux, 2026-12-07 09:00: appointment [\w-]{9}", ":", line) for line in found]
        assert told == ([f"!{said}"] if said else [])


def test_fewer_appointments_in_a_day_name_those_of_fuller_days(do):
    load(do, FILE)
    book(do)
    assert load(do, "resources: [{key: jean, max_per_day: 2}]") == ["~ resources.jean.max_per_day: 6 -> 2"]
    book(do, "2026-12-07 14:00", number=1)
    _done, *said = load(do, "resources: [{key: jean, max_per_day: 1}]")
    assert [re.sub("appointment [^ ]+ ", "", line) for line in said] == [
        "! jean at bordeaux, 2026-12-07 09:00: no longer fits",
        "! jean at bordeaux, 2026-12-07 14:00: no longer fits",
    ]


def test_appointments_that_still_fit_are_not_named(do):
    load(do, FILE)
    book(do)
    for change in (
        AWAY % ("Europe/Paris", "10:15"),
        "resources: [{key: jean, skills: {evaluation: 1}, max_per_day: 1}]",
        "plannings: [{key: bureau, versions: [{week: {mon: [{start: '09:00', end: '10:00', slots: 1}]}}]}]",
        "resources: [{key: salon, persons: 2}]",
    ):
        assert [line for line in load(do, change) if line[0] == "!"] == []


def test_hours_of_a_planning_are_judged_by_what_they_are_open_to(do):
    load(do, FILE.replace("planning: null", "planning: bureau"))
    book(do)
    assert not [line for line in load(do, monday("evaluation, gite")) if line[0] == "!"]
    said = [line.partition(",")[0] for line in load(do, monday("gite")) if line[0] == "!"]
    assert said == ["! bureau at bordeaux", "! jean at bordeaux"]


MISTAKES = [
    ("skills: {evaluation: 1}", "skills: {expertise: 1}",
     "services[0].requires[0].skills.expertise: there is no skill expertise (line 14)"),
    ("evaluation: 5", " evaluation: 11", "resources[0].skills.evaluation: must be between 0 and 10 (line 34)"),
    ("negociation: 0", "Négociation: 0",
     "resources[0].skills.Négociation: must be 1 to 60 small letters, digits or hyphens (line 34)"),
    ("kind: staff\n", "kind: person\n", "resources[0].kind: must be one of staff, room, asset (line 30)"),
    ("    kind: staff\n", "", "resources[0].kind: is missing (line 29)"),
    ("{kind: room, persons: 2", "{kind: room, people: 2", "services[0].requires[1].people: unknown key (line 14)"),
    ("[{kind: staff, ", "[{", "services[0].requires[0].kind: is missing (line 14)"),
    ("mode: in_person", "mode: letter", "services[0].mode: must be one of in_person, phone, video (line 16)"),
    ("quantity: false", "quantities: false", "services[0].reservation.quantities: unknown key (line 15)"),
    ('from: "16:00"', "from: 4 pm", 'services[1].reservation.from: must be a time from "00:00" to "23:59", in quotes'),
    ("group: vente", "group: location", "services[0].group: there is no group location (line 7)"),
    ("planning: null", "planning: quais", "services[0].planning: there is no planning quais (line 9)"),
    ("    sites: [bordeaux]\n    planning", "    sites: [lyon]\n    planning",
     "services[0].sites[0]: there is no site lyon (line 8)"),
    ("plannings: [bureau]", "plannings: [bureau, cabinet]",
     "resources[0].plannings[1]: there is no planning cabinet (line 35)"),
    ("slots: 1, services: [evaluation]", "slots: 1, services: [evaluation, visite]",
     "plannings[0].versions[0].week.mon[1].services[1]: there is no service visite (line 48)"),
    ("services: [gite, evaluation]", "services: [visite]",
     "plannings[0].exceptions[0].openings[0].services[0]: there is no service visite (line 49)"),
    ("services: [gite, evaluation]", "services: [gite, gite]",
     "plannings[0].exceptions[0].openings[0].services[1]: appears twice (line 49)"),
    ("services: [gite, evaluation]", "services: gite",
     "plannings[0].exceptions[0].openings[0].services: must be a list (line 49)"),
    ("region: gironde", "region: landes", "sites[0].region: there is no region landes (line 50)"),
    ("parent: aquitaine", "parent: landes", "regions[0].parent: there is no region landes (line 51)"),
    ("name: Nouvelle-Aquitaine}", "name: Nouvelle-Aquitaine, parent: gironde}",
     "regions[0].parent: gironde would lie in itself (line 51)"),
    ("{fr: Évaluation de bien, en: Property valuation}", "Évaluation", "services[0].name: must be a mapping (line 4)"),
    ("{fr: Évaluation de bien, en: Property valuation}", "{en: Valuation}",
     "services[0].name: must be said in fr, too (line 4)"),
    ("{fr: Vente, en: Sale}", "{}", "groups[0].name: must say something in one language at least (line 27)"),
    ("{fr: Évaluation, en: Valuation}", "{fr: ' '}",
     "skills[0].name: must say something in one language at least (line 40)"),
    ("requires: [{kind: room, features: [lit]}]", "requires: [{kind: room, optional: true}]",
     "services[1].requires: must require something, or the service names a planning (line 25)"),
    ("features: [lit, écran]", f"features: {[f'f{number}' for number in range(31)]}",
     "resources[1].features[30]: is more than can be kept (line 39)"),
    ("label: {fr: Surface}", "label: {en: Area}", "services[0].fields[0].label: must be said in fr, too (line 18)"),
    ("to: 2026-12-26", "to: 2026-12-24", "resources[0].absences[0].to: must come after from (line 36)"),
    ("to: 2026-12-26", "to: soon", 'resources[0].absences[0].to: must be a local time such as "2026-12-24T12:00"'),
    ("to: 2026-12-26", "to: 2026-12-26T25:00", "resources[0].absences[0].to: must be a local time such as"),
    ("to: 2026-12-26, label: Congés", "to: 2026-12-26, uid: a@b", "resources[0].absences[1].uid: appears twice (line"),
    ('"#1b5e20"', "green", 'resources[0].colour: must be a colour such as "#a1241c" (line 38)'),
    ("buffer_after: 15", "buffer_after: -1", "services[0].buffer_after: must be between 0 and 1440 (line 13)"),
    ("min_notice: 0", "min_notices: 0", "services[0].policy.min_notices: unknown key (line 19)"),
    ("email: Jean@Example.com", "email: Jean", "resources[0].email: must be an e-mail address (line 32)"),
    ("key: gite", "key: evaluation", "services[1].key: appears twice (line 22)"),
    ("    minutes: 60\n", "    duration: 60\n", "services[0].duration: unknown key (line 10)"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "error"), MISTAKES, ids=[str(number) for number in range(len(MISTAKES))])
def test_a_mistake_is_told_with_its_path_and_line(do, right, wrong, error):
    assert right in FILE
    said = refused(do, FILE.replace(right, wrong, 1))
    assert any(line.startswith(error) for line in said), said
    assert do(count, Resource) == do(count, Service) == 0


def test_a_service_may_require_what_somebody_in_the_database_can_do(do):
    load(do, FILE)
    assert load(do, "services: [{key: gite, requires: [{kind: staff, skills: {negociation: 3}}]}]")


def test_what_pages_and_other_hands_made_comes_back_as_it_is(do):
    do(sample.agency)
    do(sample.service, "visite", name={"en": "Tour"}, description={"fr": "Une  heure\r\nà pied ", "en": ""})
    exported = do(transfer.export)
    assert load(do, exported) == []
    assert "en: Tour" in exported
    assert do(count, Skill) == 0  # nobody named it, and nobody new has it
    assert load(do, "services: [{key: visite, name: {fr: Visite}}]")
    assert refused(do, "services: [{key: visite, name: {en: Visit}}]") == [
        "services[0].name: must be said in fr, too (line 1)"
    ]


def test_a_region_does_not_lie_in_itself_by_way_of_the_database(do):
    load(do, FILE)
    assert refused(do, "regions: [{key: aquitaine, parent: gironde}]") == [
        "regions[0].parent: aquitaine would lie in itself (line 1)"
    ]
    assert load(do, "regions: [{key: gironde, parent: null}, {key: aquitaine, parent: gironde}]")
    assert load(do, do(transfer.export)) == []


lines = st.dictionaries(st.sampled_from(["en", "de"]), names, max_size=2)
said = lines.flatmap(lambda others: names.map(lambda name: {"fr": name, "en": name, **others}))
prose = st.dictionaries(st.sampled_from(["fr", "en"]), st.lists(names, max_size=3).map("\n".join), max_size=2)
minutes = st.integers(1, 1440)
local_times = st.builds(lambda day, minute: f"{day}T{clock(minute)}", days, st.integers(0, 1439))
features = st.lists(names, max_size=3, unique=True)


@st.composite
def agencies(draw) -> dict[str, Any]:
    """Draw a whole configuration with people and services, its sections in any order."""
    found = draw(configurations())
    regions = draw(st.lists(keys, max_size=3, unique=True))
    skills = draw(st.lists(keys, max_size=3, unique=True))
    groups = draw(st.lists(keys, max_size=2, unique=True))
    services = draw(st.lists(keys, max_size=3, unique=True))
    chosen = {name: [one["key"] for one in found[name]] for name in ("sites", "plannings")}
    levels = st.dictionaries(st.sampled_from(skills), st.integers(0, 10)) if skills else st.just({})
    requirement = st.fixed_dictionaries(
        {"kind": st.sampled_from(["staff", "room", "asset"])},
        optional={"count": st.integers(1, 3), "skills": levels, "persons": st.none() | st.integers(1, 9),
                  "features": features, "optional": st.booleans()},
    )  # fmt: skip
    absence = st.tuples(local_times, local_times).filter(lambda pair: pair[0] != pair[1]).map(sorted)
    resource = st.fixed_dictionaries(
        {"key": keys, "kind": st.sampled_from(["staff", "room", "asset"]), "name": names},
        optional={"email": st.none() | st.just("a@example.com"), "timezone": zones, "skills": levels,
                  "sites": _some(chosen["sites"]), "plannings": _some(chosen["plannings"]), "features": features,
                  "absences": st.lists(absence.map(lambda pair: {"from": pair[0], "to": pair[1]}), max_size=3),
                  "persons": st.none() | st.integers(1, 99), "max_per_day": st.none() | st.integers(1, 9),
                  "colour": st.sampled_from(["", "#1b5e20"]), "active": st.booleans()},
    )  # fmt: skip
    service = st.fixed_dictionaries(
        {"name": said, "requires": st.lists(requirement, max_size=3).map(lambda needs: [{"kind": "staff"}, *needs])},
        optional={"description": prose, "instructions": prose, "price": lines, "sites": _some(chosen["sites"]),
                  "group": st.none() | st.sampled_from(groups) if groups else st.none(),
                  "planning": st.none() | st.sampled_from(chosen["plannings"]) if chosen["plannings"] else st.none(),
                  "minutes": minutes, "step": minutes, "buffer_before": minutes, "policy": policies,
                  "mode": st.sampled_from(["in_person", "phone", "video"]), "guests": st.booleans(),
                  "active": st.booleans(),
                  "reservation": st.sampled_from([{}, {"quantity": True}, {"unit": "night", "from": "16:00"}])},
    )  # fmt: skip
    for planning in found["plannings"]:
        for version in planning.get("versions", ()):
            for openings in version["week"].values():
                for opening in openings:
                    if reserved := draw(_some(services)):
                        opening["services"] = reserved
    for site in found["sites"]:
        site["region"] = draw(st.none() | st.sampled_from(regions)) if regions else None
    parents = [{"key": key, "name": key, "parent": regions[index - 1] if index else None} for index, key in
               enumerate(regions)]  # fmt: skip
    found |= {
        "regions": draw(st.permutations(parents)),
        "skills": [{"key": key, "name": draw(said)} for key in skills],
        "groups": [{"key": key, "name": draw(said), "position": draw(st.integers(0, 9))} for key in groups],
        "resources": draw(st.lists(resource, max_size=3, unique_by=lambda one: one["key"])),
        "services": [{"key": key, **draw(service)} for key in services],
    }
    return dict(draw(st.permutations(list(found.items()))))


def _some(among: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(among), unique=True) if among else st.just([])


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(first=agencies(), second=agencies())
def test_whatever_is_loaded_an_export_of_it_is_a_fixed_point(backend, first, second):
    backend.clean()
    with backend.app.app_context():
        for configuration in (first, second):
            transfer.load(json.dumps(configuration), now=NOW)
            assert transfer.load(json.dumps(configuration), now=NOW, dry_run=True) == []
        exported, before = transfer.export(), state()
        assert transfer.load(exported, now=NOW + timedelta(days=1)) == []
        assert (transfer.export(), state()) == (exported, before)
    backend.clean()
    with backend.app.app_context():
        transfer.load(exported, now=NOW)
        assert transfer.export() == exported
