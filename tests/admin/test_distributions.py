"""The page that tries another rule of distribution on the last 90 days."""

from __future__ import annotations

from html import unescape

import pytest

from portal.operations import appointments
from tests import sample
from tests.sample import paris

PATH = "/admin/reports/distribution"


@pytest.fixture
def past(do) -> None:
    """Make the agency, and a customer whom Jean served three times."""
    do(sample.agency, policy={"distribution": {"rule": "history"}})
    for day in ("02", "03", "04"):
        wish = sample.wish(f"2026-11-{day} 09:00", service="evaluation")
        do(appointments.book, wish, now=paris("2026-10-30 08:00"))


def visit(client, path: str = PATH) -> str:
    page = client.get(path)
    assert page.status_code == 200
    return unescape(page.text)


def test_the_rule_in_force_comes_first_and_another_one_can_be_tried(manager, do, past):
    text = visit(manager)
    assert "0 of 3 appointments would have gone to somebody else" in text
    tried = visit(manager, f"{PATH}?rule=fair&days=30")
    assert "2 of 3 appointments would have gone to somebody else (67%)" in tried
    assert all(f'<th scope="row">{name}</th>' in tried for name in ("Jean", "Lea", "Ryan"))
    assert tried.count('<rect class="fill-') == 6
    assert 'href="/admin/sites/bordeaux/process"' in tried
    assert 'href="/admin/services/evaluation/rules"' in visit(manager, f"{PATH}?service=evaluation")


def test_who_only_looks_is_offered_no_change(viewer, past):
    assert "Change the rule" not in visit(viewer)


@pytest.mark.parametrize(
    "asked", ["rule=x&period=y&days=z", "days=0", "days=99999999999", "site=x&service=y", "rule=fair&days=-1"]
)
def test_nonsense_in_the_address_is_as_nothing(manager, past, asked):
    assert "of 3 appointments" in visit(manager, f"{PATH}?{asked}")


def test_without_services_and_without_appointments_it_says_so(manager, do):
    assert "No service is given to people" in visit(manager)
    do(sample.agency)
    assert "No appointment with people" in visit(manager)
