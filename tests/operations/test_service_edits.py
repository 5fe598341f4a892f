"""Services as the staff edits them: made, changed, offered elsewhere, retired; who fits; what a change means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.domain.matching import Requirement
from portal.domain.reservations import Reservation
from portal.extensions import reading, transaction
from portal.models import Audit, Pool, Service, ServiceGroup, Site
from portal.operations import (
    appointments,
    bookables,
    process_previews,
    service_fits,
    service_groups,
    service_list,
    service_previews,
    services,
)
from portal.operations.place_cards import PlanningCard
from portal.operations.scopes import Scope
from portal.operations.service_cards import ServiceCard
from portal.operations.service_list import Wanted
from portal.operations.services import Plan
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
STAFF = Requirement("staff", skills={"evaluation": 3})
PLAN = Plan(
    name={"fr": "Évaluation de bien", "en": "Property valuation"},
    sites=("bordeaux",),
    description={"fr": "Une heure."},
    instructions={"fr": "Apportez le titre."},
    price={"fr": "dès 90 €"},
    planning="bureau",
    minutes=45,
    step=15,
    buffer_before=5,
    buffer_after=15,
    mode="phone",
    requires=(STAFF, Requirement("room", 2, persons=4, features=frozenset({"beamer"}), optional=True)),
    reservation=Reservation(iterations=True),
    kinds=("customer",),
    guests=False,
)


@pytest.fixture
def agency(do) -> None:
    do(sample.agency)


def saved(do, plan: Plan, key: str = "evaluation") -> None:
    do(services.save, key, do(services.read, key).revision, plan, now=NOW)


def audited() -> list[tuple[Any, ...]]:
    with reading() as session:
        query = select(Audit.action, Audit.kind, Audit.before, Audit.after).order_by(Audit.id)
        return [tuple(row) for row in session.execute(query)]


def test_what_is_made_is_read_again(do, agency):
    do(service_groups.create, "ventes", {"fr": "Ventes"}, now=NOW)
    plan = replace(PLAN, group="ventes")
    do(services.create, "visite", plan, now=NOW)
    assert services.plan_of(do(services.read, "visite")) == plan
    action, kind, before, after = do(audited)[-1]
    assert (action, kind, set(before.values())) == ("created", "service", {None})
    assert after["needs.2"] == "2 x room (4 persons, beamer, optional)"
    assert (after["meeting"], after["reservation.iterations"]) == ("phone", True)


def test_a_change_is_written_down_and_seen_at_once(do, agency):
    def minutes() -> int:
        with reading() as session:
            return bookables.find(session, "bordeaux", None, service="evaluation").item.minutes

    assert do(minutes) == 60
    old = services.plan_of(do(services.read, "evaluation"))
    saved(do, replace(old, minutes=90))
    assert do(minutes) == 90
    assert do(audited)[-1] == ("changed", "service", {"minutes": 60}, {"minutes": 90})


def test_who_saves_after_somebody_else_is_told(do, agency):
    sheet = do(services.read, "evaluation")
    plan = services.plan_of(sheet)
    do(services.save, "evaluation", sheet.revision, replace(plan, minutes=90), now=NOW)
    with pytest.raises(StateChanged):
        do(services.save, "evaluation", sheet.revision, plan, now=NOW)
    assert do(services.read, "evaluation").card.minutes == 90


def test_a_site_taken_away_keeps_its_appointments_and_comes_back(do, agency):
    do(sample.site, key="lyon")
    booked = do(appointments.book, sample.wish("2026-12-07 09:00", service="evaluation"), now=NOW)
    plan = services.plan_of(do(services.read, "evaluation"))
    elsewhere = replace(plan, sites=("lyon",))
    effect = do(service_previews.preview, do(services.read, "evaluation"), elsewhere, now=NOW)
    assert [(left.site, left.count) for left in effect.left] == [("Bordeaux", 1)]
    saved(do, elsewhere)

    def pools() -> list[tuple[str, bool]]:
        with reading() as session:
            query = (
                select(Site.key, Pool.active)
                .join_from(Pool, Site)
                .where(Pool.service_id.is_not(None))
                .order_by(Site.key)
            )
            return [tuple(row) for row in session.execute(query)]

    assert do(pools) == [("bordeaux", False), ("lyon", True)]
    with pytest.raises(NotFound):
        do(appointments.book, sample.wish("2026-12-07 14:00", 1, service="evaluation"), now=NOW)
    do(appointments.cancel, booked.public_id, sample.GUEST, now=NOW, undo=False)
    saved(do, plan)
    assert do(pools) == [("bordeaux", True), ("lyon", False)]


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"name": {"en": "Valuation"}}, "name", "unsaid"),
        ({"name": {"fr": "x" * 121}}, "name.fr", "too_long"),
        ({"sites": ()}, "sites", "required"),
        ({"sites": ("nowhere",)}, "sites", "unknown_site"),
        ({"minutes": 0}, "minutes", None),
        ({"step": 2000}, "step", None),
        ({"buffer_after": 1441}, "buffer_after", "out_of_range"),
        ({"mode": "smoke"}, "mode", "not_a_choice"),
        ({"kinds": ("press",)}, "kinds", "not_a_choice"),
        ({"planning": "nothing"}, "planning", "unknown_planning"),
        ({"group": "nothing"}, "group", "unknown_group"),
        ({"planning": None, "requires": ()}, "requires", "needs_nothing"),
        ({"planning": None, "requires": (Requirement("room", optional=True),)}, "requires", "needs_nothing"),
    ],
)
def test_what_cannot_be_is_refused_by_name(do, agency, changed, field, problem):
    with pytest.raises(Invalid) as refused:
        do(services.create, "visite", replace(PLAN, **changed), now=NOW)
    assert refused.value.values["field"] == field
    assert problem in (None, refused.value.values["problem"])


@pytest.mark.parametrize(("key", "problem"), [("planning", "reserved"), ("evaluation", "exists")])
def test_a_key_is_free_and_no_word_of_addresses(do, agency, key, problem):
    with pytest.raises(Invalid) as refused:
        do(services.create, key, PLAN, now=NOW)
    assert (refused.value.values["field"], refused.value.values["problem"]) == ("key", problem)


def test_a_service_may_need_a_planning_alone(do, agency):
    do(services.create, "visite", replace(PLAN, requires=()), now=NOW)
    assert do(services.read, "visite").planning == "bureau"


def test_a_retired_planning_stays_where_it_is_named_and_is_not_chosen_anew(do, agency):
    do(services.create, "visite", PLAN, now=NOW)

    def retire() -> None:
        with transaction() as session:
            session.query(sample.Planning).one().active = False

    do(retire)
    saved(do, replace(PLAN, minutes=50), "visite")
    with pytest.raises(Invalid):
        do(services.create, "autre", PLAN, now=NOW)


def test_own_rules_are_kept_beside_those_that_no_page_edits(do, agency):
    def policy(value: Any = None) -> Any:
        with transaction() as session:
            row = session.query(Service).one()
            row.policy = value or row.policy
            return row.policy

    do(policy, {"overdue": 30, "undo": 3})
    rules = {"distribution": {"rule": "fair", "days": 7}, "modes": ["service_staff"]}
    do(services.save_rules, "evaluation", do(services.read, "evaluation").revision, rules, now=NOW)
    assert do(policy) == {"overdue": 30, **rules}


# Before saving


def test_what_is_booked_otherwise_than_the_service_will_be_is_counted_and_named(do, agency):
    booked = do(appointments.book, sample.wish("2026-12-07 09:00", service="evaluation"), now=NOW)
    sheet = do(services.read, "evaluation")
    plan = services.plan_of(sheet)

    def effect(**changed: Any) -> tuple[int, int, int, int]:
        found = do(service_previews.preview, sheet, replace(plan, **changed), now=NOW)
        assert [one.public_id for one in found.appointments] == [booked.public_id] * found.count
        return found.times, found.needs, found.meeting, found.retired

    assert effect(minutes=90) == effect(buffer_after=30) == (1, 0, 0, 0)
    assert effect(requires=(Requirement("staff", 2),)) == (0, 1, 0, 0)
    assert effect(mode="phone", minutes=90) == (1, 0, 1, 0)
    assert effect(active=False) == (0, 0, 0, 1)
    assert effect(price={"fr": "90 €"}, step=60) == (0, 0, 0, 0)
    later = paris("2026-12-08 08:00")
    assert do(service_previews.preview, sheet, replace(plan, minutes=90), now=later).count == 0


# Who fits


def test_who_fits_is_told_site_by_site(do, agency, statements):
    do(sample.site, key="lyon")
    do(sample.resource, "salle", "room", name="Salle verte", sites=("bordeaux", "lyon"), persons=6)
    do(sample.resource, "paul", name="Paul", sites=("lyon",), skills={"evaluation": 9})
    needs = (STAFF, Requirement("room", persons=4), Requirement("asset", optional=True))
    plan = replace(PLAN, sites=("bordeaux", "lyon"), requires=needs)
    with statements(at_most=3):
        bordeaux, lyon = do(service_fits.at_sites, plan)
    assert [one.names for one in bordeaux.needs] == [["Jean", "Lea", "Ryan"], ["Salle verte"], []]
    assert [one.enough for one in bordeaux.needs] == [True, True, True]
    assert (bordeaux.together, bordeaux.planned) == (True, True)
    assert (lyon.needs[0].names, lyon.needs[0].never_open, lyon.needs[0].enough) == (["Paul"], ["Paul"], False)
    assert (lyon.together, lyon.planned) == (False, False)


def test_two_needs_of_the_same_person_are_not_met_by_one(do):
    do(sample.agency, people=["jean"])
    plan = replace(PLAN, planning=None, requires=(STAFF, Requirement("staff")))
    (found,) = do(service_fits.at_sites, plan)
    assert [one.enough for one in found.needs] == [True, True]
    assert not found.together


# The list


def test_the_list_is_searched_filtered_and_paged(do, agency, statements):
    do(sample.site, key="lyon")
    do(service_groups.create, "ventes", {"fr": "Ventes"}, now=NOW)
    do(services.create, "visite", replace(PLAN, name={"fr": "Énergie"}, group="ventes", active=False), now=NOW)
    do(services.create, "etat", replace(PLAN, name={"fr": "État des lieux"}, sites=("lyon",)), now=NOW)
    do(appointments.book, sample.wish("2026-12-07 09:00", service="evaluation"), now=NOW)

    def keys(**wanted: Any) -> list[str]:
        found = do(service_list.overview, "fr", now=NOW, wanted=Wanted(**wanted))
        return [line.key for line in found.lines]

    with statements(at_most=7):
        everything = keys()
    assert everything == ["etat", "evaluation", "visite"]
    assert keys(text="éner") == keys(text="ENER") == ["visite"]
    assert keys(text="VISI") == ["visite"]
    assert keys(site="lyon") == ["etat"]
    assert keys(group="ventes") == ["visite"]
    assert keys(group="-", active=True, site="bordeaux") == ["evaluation"]
    assert keys(active=False) == ["visite"]
    assert keys(page=9) == keys()
    (line,) = do(service_list.overview, "en", now=NOW, wanted=Wanted("evaluation")).lines
    assert (line.name, line.coming, line.sites) == ("Property valuation", 1, ("Bordeaux",))


def test_the_list_ends_where_somebody_s_sites_end(do, agency):
    do(sample.site, key="lyon")
    do(services.create, "etat", replace(PLAN, sites=("lyon", "bordeaux")), now=NOW)

    def of(key: str) -> list[tuple[str, tuple[str, ...]]]:
        with reading() as session:
            scope = Scope(frozenset({session.query(Site).filter_by(key=key).one().id}))
        return [(line.key, line.sites) for line in service_list.overview("fr", now=NOW, scope=scope).lines]

    assert do(of, "lyon") == [("etat", ("Lyon",))]


# Groups


def test_groups_are_named_ordered_and_removed_when_empty(do, agency):
    for key in ("ventes", "conseil", "achats"):
        do(service_groups.create, key, {"fr": key.capitalize()}, now=NOW)
    do(service_groups.shift, "achats", -1, now=NOW)
    do(service_groups.shift, "ventes", -1, now=NOW)
    read = do(service_groups.read, "conseil").revision
    do(service_groups.save, "conseil", read, {"fr": "Conseils", "en": "Advice"}, now=NOW)
    assert [(one.key, one.named("en")) for one in do(service_groups.all_groups)] == [
        ("ventes", "Ventes"),
        ("achats", "Achats"),
        ("conseil", "Advice"),
    ]
    plan = services.plan_of(do(services.read, "evaluation"))
    saved(do, replace(plan, group="ventes"))
    assert do(service_groups.read, "ventes").services == 1
    with pytest.raises(StateChanged):
        do(service_groups.remove, "ventes", now=NOW)
    saved(do, plan)
    do(service_groups.remove, "ventes", now=NOW)
    assert [one.key for one in do(service_groups.all_groups)] == ["achats", "conseil"]


def test_a_group_needs_a_name_in_the_company_s_language_and_a_key_of_its_own(do, agency):
    do(service_groups.create, "ventes", {"fr": "Ventes"}, now=NOW)
    for key, name, field in (("autre", {"en": "Sales"}, "name"), ("ventes", {"fr": "Ventes"}, "key")):
        with pytest.raises(Invalid) as refused:
            do(service_groups.create, key, name, now=NOW)
        assert refused.value.values["field"] == field

    def count() -> int:
        with reading() as session:
            return session.query(ServiceGroup).count()

    assert do(count) == 1


def test_rules_of_a_service_are_not_taken_for_those_of_a_planning_with_its_key(do, agency):
    do(sample.planning, key="evaluation")
    for preview, kind in ((process_previews.of_service, ServiceCard), (process_previews.of_planning, PlanningCard)):
        found = do(preview, "evaluation", {"max_days": 5}, now=NOW)
        assert [(type(one.bookable.item), one.narrower) for one in found] == [(kind, True)]
