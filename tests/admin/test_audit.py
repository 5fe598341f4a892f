"""The audit log in the browser: read in words, narrowed by the address, and as a file."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta

import pytest

from portal.admin.audit_words import ACTIONS, KINDS, action_text, kind_text
from portal.operations import appointments, sites
from portal.operations.actors import Actor
from portal.operations.wishes import Move
from tests import sample, staff
from tests.operations.test_audit_log import CLAIRE, ROBOT, record

PAGE = "/admin/audit/"
EXPORT = "/admin/audit/export"


def lines(page):
    return re.findall(r'<li>\s*<div class="line-time">', page.text)


def plain(page):
    """Give what a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).replace("\u00a0", " ").split())


def test_an_empty_log_says_what_will_stand_there(admin):
    assert "Nothing has been changed yet." in admin.get(PAGE).text


def test_a_change_is_told_in_words(admin, do, now):
    do(sample.docks)
    do(sites.close, "bordeaux", date(2026, 12, 24), date(2026, 12, 25), "Noël", now=now, by=CLAIRE)
    told = plain(admin.get(PAGE))
    assert "Closed Site Bordeaux 3 fields of this change" in told
    assert "First day Thursday 24 December 2026 Last day Friday 25 December 2026 Label Noël" in told
    assert "claire@example.com" in told
    assert 'href="/admin/sites/bordeaux"' in admin.get(PAGE).text


def test_a_change_of_an_appointment_is_told_at_its_own_hour(admin, do, now):
    do(sample.docks)
    booked = do(sample.booked, "2026-12-07 09:00", now=now)
    do(appointments.move, Move(booked.public_id, sample.paris("2026-12-08 10:00"), ROBOT), now=now)
    told = plain(admin.get(PAGE))
    assert "a program (erp)" in told
    assert "Monday 7 December 2026 at 9:00" in told
    assert "Tuesday 8 December 2026 at 10:00" in told


def test_values_are_shown_as_text(admin, do, now):
    evil = "<script>alert(1)</script>"
    do(record, now, label=evil, before={evil: [evil, {"a": evil}]}, after={"active": False, "count": None, "x": 1.5})
    page = admin.get(PAGE).text
    assert "<script>alert" not in page
    assert "no" in plain(admin.get(PAGE))


@pytest.mark.on_both
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("?q=key-1", 1),
        ("?who=erp", 1),
        ("?kind=planning", 1),
        ("?action=removed", 1),
        ("?kind=appointment", 0),
        ("?from=2026-12-01&to=2026-12-01", 3),
        ("?to=2026-11-30", 0),
        ("?kind=nonsense", 0),
        ("?after=nonsense&from=soon&q=%00", 3),
    ],
)
def test_the_address_says_what_is_listed(admin, do, now, query, count):
    do(record, now, 1)
    do(record, now, 2, action="removed", kind="planning")
    do(record, now, 3, by=ROBOT)
    assert len(lines(admin.get(PAGE + query))) == count


def test_pages_follow_each_other(admin, do, now):
    for number in range(55):
        do(record, now + timedelta(seconds=number), number)
    first = admin.get(f"{PAGE}?kind=site")
    older = re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    assert (len(lines(first)), len(lines(admin.get(older)))) == (50, 5)
    assert "Newest changes" in admin.get(older).text


def test_a_page_costs_the_same_however_long_the_log_is(admin, do, now, statements):
    for number in range(40):
        do(record, now, number)
    with statements(at_most=6):
        assert len(lines(admin.get(PAGE))) == 40


def test_the_file_holds_what_is_filtered_and_no_formula(admin, do, now):
    do(record, now, 1, label="=1+1", before={"name": "A"}, after={"name": "B", "phone": "05"})
    do(record, now, 2, kind="planning")
    answer = admin.get(f"{EXPORT}?kind=site")
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["When", "Who", "What was done", "Kind", "Object", "Field", "Before", "After"]
    head = ["2026-12-01 09:00", "claire@example.com", "Changed", "Site", "'=1+1"]
    assert rows[1:] == [[*head, "Name", "A", "B"], [*head, "Telephone", "", "05"]]


def test_every_action_and_kind_that_can_be_asked_for_has_a_word(app):
    with app.test_request_context("/?lang=fr"):
        assert all(action_text(action) != action for action in ACTIONS)
        assert all(kind_text(kind) != kind for kind in KINDS)


def test_only_changes_of_ones_own_sites_are_seen(app, do, now):
    do(sample.docks)
    do(sample.site, key="lyon")
    do(sites.close, "bordeaux", now.date(), now.date(), now=now, by=Actor("claire", "staff", staff=True))
    client = staff.logged_in(app, "admin", "en")
    do(staff.works_for, "admin", "lyon")
    assert lines(client.get(PAGE)) == []
    assert b"Bordeaux" not in client.get(EXPORT).data


def test_the_log_is_for_administrators(manager):
    assert manager.get(PAGE).status_code == 404
    assert manager.get(EXPORT).status_code == 404
