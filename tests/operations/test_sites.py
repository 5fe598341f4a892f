"""Sites as the staff edits them: what they are, the rules of booking there, closures and who they meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from portal.domain.durations import Duration
from portal.domain.errors import Invalid, NotFound, SlotNotOffered, StateChanged
from portal.extensions import reading
from portal.models import Audit
from portal.operations import appointments, calendars, site_previews, sites
from portal.operations.actors import GUEST, Actor
from portal.operations.scopes import Scope
from portal.operations.sites import Plan
from tests import sample

CHRISTMAS, EPIPHANY = date(2026, 12, 25), date(2027, 1, 6)


@pytest.fixture
def docks(do):
    do(sample.docks)


def plan(**changed) -> Plan:
    return replace(Plan(name="Bordeaux", timezone="Europe/Paris", email="quais@example.com"), **changed)


@pytest.fixture
def save(do, now):
    def saved(**changed):
        do(sites.save, "bordeaux", do(sites.read, "bordeaux").revision, plan(**changed), now=now)
        return do(sites.read, "bordeaux")

    return saved


def test_a_site_is_saved_as_it_is_to_be(docks, save):
    sheet = save(
        name=" Bordeaux Nord ", email=" Quais@Example.com", phone="05 56 00 10 42", latitude=44.85, longitude=-0.57
    )
    assert (sheet.name, sheet.email, sheet.latitude, sheet.longitude) == (
        "Bordeaux Nord", "quais@example.com", 44.85, -0.57,
    )  # fmt: skip


def test_an_unknown_site_is_not_found(do, docks, now):
    with pytest.raises(NotFound):
        do(sites.read, "nowhere")
    with pytest.raises(NotFound):
        do(sites.save, "nowhere", "x", plan(), now=now)


@pytest.fixture
def rule(do, now):
    """Save rules of booking and give the site: ``rule(max_days=3)``."""

    def saved(**rules):
        do(sites.save_rules, "bordeaux", do(sites.read, "bordeaux").revision, rules, now=now)
        return do(sites.read, "bordeaux")

    return saved


def test_rules_are_merged_and_others_kept(do, rule):
    do(sample.site, policy={"max_days": 30, "overdue": 30})
    sheet = rule(min_notice="2d", max_days=90, reminders=["24h"])
    assert sheet.policy == {"overdue": 30, "min_notice": "2d"}
    assert (sheet.rules.min_notice, sheet.rules.max_days) == (Duration(2, "d"), 90)


def test_a_rule_holds_at_once(docks, do, now, rule):
    rule(max_days=3)
    assert do(calendars.public_day, "bordeaux", "quais", date(2026, 12, 7), now=now).offered == ()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"timezone": "Bordeaux"}, "timezone"),
        ({"holidays": "XX"}, "holidays"),
        ({"holidays": "FR-999999"}, "holidays"),
        ({"holidays": "France"}, "holidays"),
        ({"latitude": 44.85}, "longitude"),
        ({"longitude": 44.85}, "latitude"),
        ({"email": "quais"}, "email"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_nothing_is_saved(docks, do, changed, field, now):
    before = do(sites.read, "bordeaux")
    with pytest.raises(Invalid) as refused:
        do(sites.save, "bordeaux", before.revision, plan(**changed), now=now)
    assert refused.value.values["field"] == field
    assert do(sites.read, "bordeaux") == before


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"min_notice": "soon"}, "min_notice"),
        ({"max_days": -1}, "max_days"),
        ({"validation": "boss"}, "validation"),
        ({"answer_within": 0}, "answer_within"),
        ({"earlier_slots": {"turn": 0}}, "earlier_slots.turn"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_name(docks, do, rule, rules, field):
    before = do(sites.read, "bordeaux")
    with pytest.raises(Invalid) as refused:
        rule(**rules)
    assert refused.value.values["field"] == field
    assert do(sites.read, "bordeaux") == before


def test_rules_that_somebody_else_saved_are_not_overwritten(docks, do, now, rule):
    old = do(sites.read, "bordeaux").revision
    rule(max_days=3)
    with pytest.raises(StateChanged):
        do(sites.save_rules, "bordeaux", old, {"max_days": 5}, now=now)


def test_who_saves_what_somebody_else_changed_meanwhile_is_told(docks, do, save, now):
    old = do(sites.read, "bordeaux").revision
    save(name="Bordeaux Nord")
    with pytest.raises(StateChanged):
        do(sites.save, "bordeaux", old, plan(), now=now)


def test_a_site_is_made(do, docks, now):
    do(sites.create, "lyon", plan(name="Lyon", holidays="FR"), now=now)
    assert do(sites.read, "lyon").holidays == "FR"
    with pytest.raises(Invalid):
        do(sites.create, "lyon", plan(), now=now)


def test_a_closure_closes_at_once_and_cancels_nothing(docks, do, now):
    booked = do(sample.booked, "2026-12-24 09:00", now=now)
    do(sites.close, "bordeaux", date(2026, 12, 24), date(2026, 12, 26), " Inventaire ", now=now)
    with pytest.raises(SlotNotOffered):
        do(sample.booked, "2026-12-24 10:00", now=now)
    do(appointments.cancel, booked.public_id, GUEST, now=now)  # it was there to be cancelled


def test_a_site_opens_again(docks, do, now):
    do(sites.close, "bordeaux", CHRISTMAS, CHRISTMAS, now=now)
    (closure,) = do(sites.read, "bordeaux").closures
    do(sites.reopen, "bordeaux", closure.id, now=now)
    assert do(sample.booked, "2026-12-25 09:00", now=now)
    with pytest.raises(NotFound):
        do(sites.reopen, "bordeaux", closure.id, now=now)


def test_a_closure_of_another_site_is_not_found(docks, do, now):
    do(sample.site, key="lyon")
    do(sites.close, "lyon", CHRISTMAS, CHRISTMAS, now=now)
    (closure,) = do(sites.read, "lyon").closures
    with pytest.raises(NotFound):
        do(sites.reopen, "bordeaux", closure.id, now=now)


def test_a_closure_does_not_end_before_it_begins(docks, do, now):
    with pytest.raises(Invalid):
        do(sites.close, "bordeaux", EPIPHANY, CHRISTMAS, now=now)


def test_who_meets_a_closed_site_is_named_first(docks, do, now, no_writes):
    do(sample.booked, "2026-12-23 09:00", now=now)
    do(sample.booked, "2026-12-24 09:00", now=now, number=1)
    gone = do(sample.booked, "2026-12-24 10:00", now=now, number=2)
    do(appointments.cancel, gone.public_id, GUEST, now=now)
    with no_writes():
        found = do(sites.preview_closure, "bordeaux", date(2026, 12, 24), CHRISTMAS, now=now)
    assert (found.count, [one.name for one in found.appointments]) == (1, ["Chauffeur 1"])


def test_the_list_counts_what_comes(docks, do, now):
    do(sample.booked, "2026-12-07 08:00", now=now)
    do(sites.close, "bordeaux", EPIPHANY, EPIPHANY, now=now)
    do(sites.close, "bordeaux", CHRISTMAS, CHRISTMAS, "Noël", now=now)
    do(sites.close, "bordeaux", date(2026, 11, 11), date(2026, 11, 11), now=now)
    (line,) = do(sites.overview, now=now)
    assert (line.plannings, line.booked, line.next_closure.label) == (("Planning quais",), 1, "Noël")


def test_the_list_costs_the_same_however_long_it_is(do, now, statements):
    for number in range(8):
        do(sample.site, key=f"site-{number}")
    with statements(at_most=4):
        assert len(do(sites.overview, now=now)) == 8


# The audit log, and a look before


def written(kind="site"):
    with reading() as session:
        rows = session.query(Audit).filter_by(kind=kind).order_by(Audit.id)
        return [(row.actor, row.action, row.key, row.before, row.after) for row in rows]


def test_every_change_of_a_site_is_written_down(do, docks, now):
    by = Actor("claire@example.com", "staff", staff=True)
    sheet = do(sites.read, "bordeaux")
    changed = plan(name=sheet.name, address=sheet.address, email=sheet.email, phone="05")
    do(sites.save, "bordeaux", sheet.revision, changed, now=now, by=by)
    do(sites.save_rules, "bordeaux", do(sites.read, "bordeaux").revision, {"max_days": 30}, now=now, by=by)
    do(sites.close, "bordeaux", CHRISTMAS, CHRISTMAS, "Noël", now=now, by=by)
    do(sites.reopen, "bordeaux", do(sites.read, "bordeaux").closures[0].id, now=now, by=by)
    days = {"first": "2026-12-25", "last": "2026-12-25", "label": "Noël"}
    assert do(written) == [
        (by.name, "changed", "bordeaux", {"phone": sheet.phone}, {"phone": "05"}),
        (by.name, "changed", "bordeaux", {"max_days": None}, {"max_days": 30}),
        (by.name, "closed", "bordeaux", {}, days),
        (by.name, "reopened", "bordeaux", days, {}),
    ]


def test_saving_the_same_again_is_no_change(do, docks, now):
    sheet = do(sites.read, "bordeaux")
    same = plan(name=sheet.name, address=sheet.address, email=sheet.email, phone=sheet.phone)
    do(sites.save, "bordeaux", sheet.revision, same, now=now)
    assert do(written) == []


def test_only_ones_own_sites_are_listed(do, docks, now):
    do(sample.site, key="lyon")
    mine = Scope(frozenset({do(sites.read, "lyon").id}))
    assert [line.key for line in do(sites.overview, now=now, scope=mine)] == ["lyon"]


def previewed(now, **changed):
    sheet = sites.read("bordeaux")
    wanted = {"name": sheet.name, "timezone": sheet.timezone, "holidays": sheet.holidays, **changed}
    return site_previews.preview(sheet, Plan(**wanted), now=now)


def test_another_zone_shows_appointments_at_another_hour(do, docks, now, no_writes):
    do(sample.booked, "2026-12-07 09:00", now=now)
    with no_writes():
        found = do(previewed, now, timezone="Europe/London")
    assert (found.moved, found.unfit, found.count) == (1, 0, 1)
    assert [card.name for card in found.appointments] == ["Chauffeur 0"]


def test_public_holidays_name_who_is_expected_then(do, docks, now):
    do(sample.booked, "2026-12-25 09:00", now=now)
    do(sample.booked, "2026-12-24 09:00", now=now, number=1)
    found = do(previewed, now, holidays="FR")
    assert (found.unfit, found.moved) == (1, 0)
    assert [card.name for card in found.appointments] == ["Chauffeur 0"]


def test_public_holidays_name_whose_people_are_closed_then_and_a_retired_site_all(do, now):
    do(sample.agency, people=["lea"])
    for number, day in enumerate(("24", "25")):
        do(sample.booked, f"2026-12-{day} 09:00", now=now, number=number, service="evaluation")
    found = do(previewed, now, holidays="FR")
    assert (found.unfit, [card.name for card in found.appointments]) == (1, ["Chauffeur 1"])
    retired = do(previewed, now, active=False)
    assert (retired.left, retired.count, len(retired.appointments)) == (2, 2, 2)


def test_what_changes_neither_is_not_looked_at(do, docks, now, statements):
    with statements(at_most=2):  # those of reading the site itself
        assert do(previewed, now, address="Quai neuf").count == 0
