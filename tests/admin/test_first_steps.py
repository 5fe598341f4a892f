"""The way from an empty portal to the first booking, shown until it is gone."""

from __future__ import annotations

import re

from portal.operations import links
from tests import sample

TITLE = "Three steps to the first booking"


def taken(page: str) -> list[bool]:
    """Tell which steps are marked as taken."""
    part = page.partition('class="card stack first-steps"')[2].partition("</section>")[0]
    return ['class="done"' in step for step in re.findall(r"<li[^>]*>", part)]


def ways(page: str) -> list[str]:
    """List where the steps lead."""
    part = page.partition('class="card stack first-steps"')[2].partition("</section>")[0]
    return re.findall(r'href="([^"]+)"', part)


def test_each_step_leads_to_the_next(manager, do, now):
    page = manager.get("/admin/").text
    assert (taken(page), ways(page)) == ([False, False, False], ["/admin/add/site"])
    do(sample.site)
    page = manager.get("/admin/").text
    assert (taken(page), ways(page)) == ([True, False, False], ["/admin/add/planning"])
    do(sample.planning)
    page = manager.get("/admin/").text
    assert (taken(page), ways(page)) == ([True, True, False], ["/admin/add/order"])
    do(sample.order)
    page = manager.get("/admin/").text
    assert ways(page) == ["/admin/orders/CMD-1042#links"]
    do(links.create, "CMD-1042", now=now)
    assert TITLE not in manager.get("/admin/").text


def test_who_is_booked_has_found_the_way(manager, docks, do, now):
    do(sample.booked, "2026-12-07 09:00", now=now)
    assert TITLE not in manager.get("/admin/").text


def test_those_who_set_nothing_up_are_not_asked_to(agent, viewer):
    assert TITLE not in agent.get("/admin/").text
    assert TITLE not in viewer.get("/admin/").text


def test_a_day_in_use_does_not_ask_how_far_it_is(manager, docks, do, now, statements):
    do(sample.booked, "2026-12-01 15:00", now=now)
    manager.get("/admin/")
    with statements(at_most=12) as seen:
        manager.get("/admin/")
    assert not any("FROM link" in text for text in seen)
