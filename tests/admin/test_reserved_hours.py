"""Hours reserved to some services: ticked under an interval, kept by every copy, and judged before they are saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from portal.domain.errors import Invalid
from portal.domain.openings import Opening
from portal.operations import plannings
from portal.operations.plannings import Exceptional, Plan
from tests import sample, staff
from tests.admin.conftest import form_of

PAGE = "/admin/plannings/quais"
VALUATION = ("evaluation",)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def offered(do, docks) -> None:
    """Let two services be offered beside the docks, and a third elsewhere."""
    do(sample.service)
    do(sample.service, "visite", name={"fr": "Visite guidée", "en": "Guided tour"})
    do(sample.site, key="lyon")
    do(sample.service, "ailleurs", sites=("lyon",), name={"fr": "Ailleurs", "en": "Elsewhere"})


def week(do, now):
    return do(plannings.read, "quais").in_force(now).week


def reserved(page, name: str) -> list[str]:
    return re.findall(rf'name="{name}-services" value="([^"]+)" checked', page.text)


def pressed(manager, more: Mapping[str, Any], path: str = PAGE, **options: Any):
    return manager.post(path, data={**form_of(manager.get(path), path), **more}, **options)


def test_nothing_is_asked_where_there_is_no_service(manager, docks):
    assert "Reserve to some services" not in manager.get(PAGE).text


def test_hours_are_reserved_to_the_services_of_its_sites(manager, offered, do, now):
    page = manager.get(PAGE)
    choices = re.findall(r'name="d1-0-services" value="(\w+)"><span>([^<]+)', page.text)
    assert choices == [("visite", "Guided tour"), ("evaluation", "Property valuation")]
    assert pressed(manager, {"d1-0-services": ["evaluation", "visite"], "save": "1"}).status_code == 303
    assert week(do, now)[1] == (Opening(480, 720, 6, ("evaluation", "visite")), Opening(840, 1080, 4))
    page = manager.get(PAGE)
    assert reserved(page, "d1-0") == ["visite", "evaluation"]
    assert "08:00–12:00\u00a0×\u00a06 (Property valuation, Guided tour), 14:00" in page.text
    assert "Only for: Property valuation, Guided tour" in page.text
    assert pressed(manager, {"d1-0-services": [], "save": "1"}).status_code == 303
    assert week(do, now)[1][0].services == ()


def test_it_is_said_in_french(app, offered):
    manager = staff.logged_in(app, "manager", "fr")
    live = pressed(manager, {"d1-0-services": ["evaluation"]}, headers=HTMX)
    assert "Réservé à\u00a0: Évaluation de bien" in live.text
    assert "Réserver à certains services" in manager.get(PAGE).text


def test_a_copy_of_a_day_keeps_what_is_reserved(manager, offered, do, now):
    copied = pressed(manager, {"d1-0-services": ["evaluation"], "copy": "1", "to-1": ["6"]})
    assert reserved(copied, "d6-0") == ["evaluation"]
    assert manager.post(PAGE, data={**form_of(copied, PAGE), "save": "1"}).status_code == 303
    assert week(do, now)[6][0].services == week(do, now)[1][0].services == VALUATION


def test_versions_exceptional_days_and_new_plannings_begin_with_what_is_reserved(manager, offered, do):
    pressed(manager, {"d1-0-services": ["evaluation"], "save": "1"})
    pressed(manager, {"applies_from": "2026-12-14", "save": "1"})
    assert [one.week[1][0].services for one in do(plannings.read, "quais").schedule.versions] == [VALUATION] * 2
    add = f"{PAGE}/add/day"
    page = manager.get(f"{add}?day=2026-12-07")
    assert reserved(page, "d1-0") == ["evaluation"]
    saved = manager.post(add, data={**form_of(page, add), "save": "1"})
    assert saved.status_code == 303
    day = f"{PAGE}/days/2026-12-07"
    assert do(plannings.read, "quais").exceptional(date(2026, 12, 7)).openings[0].services == VALUATION
    assert reserved(manager.get(day), "d1-0") == ["evaluation"]
    assert reserved(manager.get("/admin/add/planning?like=quais"), "d1-0") == ["evaluation"]


def test_a_service_that_is_not_offered_is_told_beside_its_interval(manager, offered, do, now):
    refused = pressed(manager, {"d1-0-services": ["ailleurs", "evaluation"], "d1-1-end": "17:15", "save": "1"})
    assert refused.status_code == 422
    assert 'href="#d1-0-services">Monday: Choose among the services that are listed, or none.' in refused.text
    assert '<details class="reserve" open>' in refused.text
    assert reserved(refused, "d1-0") == ["evaluation"]
    assert 'value="17:15"' in refused.text
    assert week(do, now)[1][0].services == ()


def test_a_service_out_of_use_stays_where_it_was(manager, offered, do, now):
    pressed(manager, {"d1-0-services": ["evaluation"], "save": "1"})
    do(sample.retire_service)
    assert pressed(manager, {"d1-1-end": "17:00", "save": "1"}).status_code == 303
    assert week(do, now)[1][0].services == VALUATION
    assert 'name="d2-0-services" value="evaluation"' in manager.get(PAGE).text


def test_what_hours_no_longer_hold_is_told_before_they_are_reserved(manager, offered, do, now):
    do(sample.booked, "2026-12-07 08:00", now=now)
    told = pressed(manager, {"d1-0-services": ["evaluation"], "save": "1"})
    assert (told.status_code, "1 appointment no longer fits" in told.text) == (422, True)
    assert "Outside the hours" in told.text


def test_a_service_that_takes_a_place_keeps_it_in_hours_reserved_to_it(manager, offered, do, now):
    do(sample.service, "depot", planning="quais", requires=())
    do(sample.booked, "2026-12-07 08:00", now=now, service="depot")
    assert pressed(manager, {"d1-0-services": ["depot"], "save": "1"}).status_code == 303
    told = pressed(manager, {"d1-0-services": ["evaluation"], "save": "1"})
    assert "1 appointment no longer fits" in told.text


def test_an_operation_refuses_a_service_that_there_is_not(do, docks, now):
    sheet = do(plannings.read, "quais")
    hours = (Opening(480, 720, 2, ("nothing",)),)
    plan = Plan("Quais", "Europe/Paris", ("bordeaux",), (), True, 60, 30, {1: hours})
    for save in (
        lambda: do(plannings.create, "autre", plan, now=now),
        lambda: do(plannings.save, "quais", sheet.revision, plan, now=now),
        lambda: do(plannings.save_day, "quais", sheet.revision, Exceptional(date(2026, 12, 7), "", hours), now=now),
    ):
        with pytest.raises(Invalid, match="unknown_service"):
            save()
    do(plannings.save, "quais", sheet.revision, replace(plan, week={}), now=now)
