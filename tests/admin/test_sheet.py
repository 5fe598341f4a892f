"""The day on paper: everybody in order of time, a box to tick, and the code that opens the gate."""

from __future__ import annotations

import re

import pytest

from portal.domain.lifecycle import Status
from portal.operations import appointments, cards, day_sheets, marks
from portal.operations.actors import Actor
from tests import sample, staff

AGENT = Actor("agent@example.com", "staff", staff=True)


@pytest.fixture
def day(do, docks, now):
    """Book three on Tuesday 1 December, of whom one has called off and one is here; give the ids."""
    do(sample.order)
    made = [
        do(sample.booked, "2026-12-01 14:00", now=now, number=1, actor=AGENT, order="CMD-1042"),
        do(sample.booked, "2026-12-01 10:00", now=now, number=2),
        do(sample.booked, "2026-12-01 11:00", now=now, number=3),
    ]
    do(marks.mark, made[1].public_id, Status.ARRIVED, AGENT, now=now)
    do(appointments.cancel, made[2].public_id, AGENT, now=now, undo=False)
    return [one.public_id for one in made]


def listed(page) -> list[str]:
    return re.findall(r'<th scope="row">(.*?)<', page.text)


def test_everybody_who_may_come_is_listed_by_the_hour(viewer, day):
    page = viewer.get("/admin/sheet")
    assert listed(page) == ["Chauffeur 2", "Chauffeur 1"]
    for shown in ("Tuesday 1 December 2026", "2 appointments", "Planning quais", "CMD-1042", "36 palettes", "14:00"):
        assert shown in page.text
    assert page.text.count('class="box"') == 1  # who is here already is ticked
    assert "Arrived" in page.text


def test_the_code_and_the_reference_lead_to_the_gate(viewer, do, day):
    page = viewer.get("/admin/sheet").text
    for public_id in day[:2]:
        reference = do(cards.by_public_id, public_id).reference
        assert f'aria-label="QR code of reference {reference}"' in page
        assert f'<span class="ref">{reference}</span>' in page


def test_a_sheet_is_that_of_a_day_a_site_and_a_planning(viewer, do, day, now):
    do(sample.site, key="lyon")
    for key in ("lyon", "comptoir"):
        do(sample.planning, key=key, sites=("lyon",))
        do(sample.booked, "2026-12-02 15:00", now=now, site="lyon", planning=key, number=len(key))
    assert listed(viewer.get("/admin/sheet?day=2026-12-02")) == ["Chauffeur 8", "Chauffeur 4"]
    assert listed(viewer.get("/admin/sheet?day=2026-12-02&site=lyon&planning=lyon")) == ["Chauffeur 4"]
    assert "No appointment on this day." in viewer.get("/admin/sheet?day=2026-12-02&site=bordeaux").text
    assert viewer.get("/admin/sheet?day=x&site=y&planning=z&page=-1").status_code == 200


def test_the_day_leads_to_its_sheet_and_back(viewer, day):
    address = "/admin/sheet?day=2026-12-02&amp;site=bordeaux&amp;planning=quais"
    assert address in viewer.get("/admin/?day=2026-12-02&site=bordeaux&planning=quais").text
    back = viewer.get("/admin/sheet?day=2026-12-02&site=bordeaux&planning=quais").text
    assert 'href="/admin/?day=2026-12-02&amp;site=bordeaux&amp;planning=quais"' in back


def test_who_works_elsewhere_prints_nobody(viewer, do, day):
    do(sample.site, key="lyon")
    do(staff.works_for, "viewer", "lyon")
    for query in ("", "?site=bordeaux", "?planning=quais"):
        page = viewer.get(f"/admin/sheet{query}")
        assert (page.status_code, listed(page), "Bordeaux" in page.text) == (200, [], False)


def test_a_long_day_takes_several_sheets_and_as_many_questions(viewer, do, day, now, monkeypatch, statements):
    viewer.get("/admin/sheet")
    with statements(at_most=6) as few:
        viewer.get("/admin/sheet")
    monkeypatch.setattr(day_sheets, "MOST", 4)
    for number in range(4, 9):
        do(sample.booked, "2026-12-01 15:00" if number % 2 else "2026-12-01 16:00", now=now, number=number)
    with statements() as many:
        first = viewer.get("/admin/sheet")
    assert len(many) == len(few)
    assert "Page 1 of 2" in first.text
    both = [*listed(first), *listed(viewer.get("/admin/sheet?page=2"))]
    assert sorted(both) == [f"Chauffeur {number}" for number in (1, 2, 4, 5, 6, 7, 8)]


def test_a_sheet_speaks_french_too(app, day):
    text = staff.logged_in(app, "admin", "fr").get("/admin/sheet").text
    for shown in ("Mardi 1er décembre 2026", "14\u00a0h", "Imprimer", "À savoir"):
        assert shown in text
