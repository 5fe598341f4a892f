"""The page of whom a site tells of what: its boxes, what it warns of, and the summary's hour."""

from __future__ import annotations

from datetime import time

import pytest

from portal.domain.notices import CELLS, TOLD, Notices, Side, What
from portal.operations import sites
from tests import sample, staff
from tests.admin.conftest import form_of
from tests.operations.test_notices import ask_first

PAGE = "/admin/sites/bordeaux/notices"
WARNING = "Bookings wait for an answer here, and no mail will say so"


def notices(do):
    return do(sites.read, "bordeaux").notices


def sent(client, _seen=None, summary=None, **boxes):
    """Send the form as it stands but for some boxes: ``site_no_show=True`` ticks one."""
    values = form_of(client.get(PAGE), PAGE)
    for name, on in boxes.items():
        side, _, what = name.partition("_")
        values.pop(f"{side}-{what}", None)
        if on:
            values[f"{side}-{what}"] = ["y"]
    if summary is not None:
        values["summary"] = [summary]
    if _seen:
        values["seen"] = [_seen]
    return client.post(PAGE, data=values)


def test_the_page_shows_what_the_site_chose(manager, docks):
    shown = form_of(manager.get(PAGE), PAGE)
    ticked = {name for name in shown if "-" in name}
    assert ticked == {f"{side}-{what}" for side, what in CELLS if Notices().wanted(side, what)}
    assert shown["summary"] == [""]


@pytest.mark.parametrize(("side", "what"), CELLS, ids=lambda one: one.value)
def test_every_box_can_be_changed_by_itself(manager, docks, do, side, what):
    usual = Notices().wanted(side, what)
    assert sent(manager, **{f"{side.value}_{what.value}": not usual}).status_code == 303
    changed = notices(do)
    assert {cell for cell in CELLS if changed.wanted(*cell) != Notices().wanted(*cell)} == {(side, what)}


def test_every_box_has_the_names_of_its_row_and_column(manager, docks):
    page = manager.get(PAGE).text
    for text in ("Customer: Reminder", "Site: Did not come", "People: Appointment booked", "Site: Earlier slot"):
        assert text in page
    assert page.count('scope="row"') == len(What)
    assert page.count('scope="col"') == len(TOLD)
    assert page.count("No mail") == 1


def test_the_summary_gets_an_hour_and_loses_it(manager, docks, do):
    assert sent(manager, summary="07:30").status_code == 303
    assert notices(do).summary == time(7, 30)
    assert form_of(manager.get(PAGE), PAGE)["summary"] == ["07:30"]
    sent(manager, summary="")
    assert notices(do).summary is None


@pytest.mark.parametrize("summary", ["25:00", "soon", "7h", "-1:00"])
def test_an_hour_that_is_none_is_refused_in_words(manager, docks, do, summary):
    answer = sent(manager, summary=summary, site_no_show=True)
    assert answer.status_code == 422
    assert "Enter a time as hours and minutes." in answer.text
    assert summary in answer.text
    assert "site-no_show" in form_of(answer, PAGE)
    assert notices(do) == Notices()


def test_a_page_that_is_out_of_date_says_what_differs_and_saves_nothing(manager, docks, do):
    old = form_of(manager.get(PAGE), PAGE)
    sent(manager, site_no_show=True)
    old["site-reminder"] = ["y"]
    answer = manager.post(PAGE, data=old)
    assert answer.status_code == 409
    assert "Site: Did not come: saved is “yes”, yours is “no”." in answer.text
    assert "Site: Reminder: saved is “no”, yours is “yes”." in answer.text
    assert not notices(do).wanted(Side.SITE, What.REMINDER)
    assert manager.post(PAGE, data=form_of(answer, PAGE)).status_code == 303
    assert notices(do).wanted(Side.SITE, What.REMINDER)


def test_who_switches_off_the_mail_about_requests_is_warned_and_asked_once(manager, docks, do):
    do(ask_first)
    first = sent(manager, site_requested=False)
    assert first.status_code == 422
    assert WARNING in first.text
    assert notices(do).wanted(Side.SITE, What.REQUESTED)
    assert manager.post(PAGE, data=form_of(first, PAGE)).status_code == 303
    assert not notices(do).wanted(Side.SITE, What.REQUESTED)
    assert WARNING in manager.get(PAGE).text


def test_a_planning_that_waits_for_answers_warns_too(manager, docks, do):
    do(sample.planning, key="bureau", policy={"validation": "manager"})
    assert sent(manager, site_requested=False).status_code == 422


def test_where_nothing_waits_nobody_is_warned(manager, docks, do):
    assert sent(manager, site_requested=False).status_code == 303
    assert WARNING not in manager.get(PAGE).text


def test_a_site_without_address_is_told_that_it_hears_nothing(manager, do):
    do(sample.site, email=None, policy={"validation": "manager"})
    page = manager.get(PAGE).text
    assert "The site receives nothing: it has no e-mail for notices." in page
    assert WARNING in page


def test_the_site_leads_to_its_notifications_and_they_to_their_words(admin, manager, docks):
    assert f'href="{PAGE}"' in manager.get("/admin/sites/bordeaux").text
    assert 'href="/admin/settings/mails"' in admin.get(PAGE).text
    assert 'href="/admin/settings/mails"' not in manager.get(PAGE).text


def test_it_is_a_page_of_managers(app, docks):
    for role in ("agent", "viewer"):
        assert staff.logged_in(app, role).get(PAGE).status_code == 404


def test_a_change_stands_in_the_audit_log_in_words(admin, docks):
    sent(admin, site_no_show=True)
    page = admin.get("/admin/audit/?kind=site").text
    assert "Site – Did not come" in page


def test_the_page_asks_little(manager, docks, statements):
    manager.get(PAGE)
    with statements(at_most=8):
        manager.get(PAGE)
