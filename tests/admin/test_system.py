"""The page about the system: each fact with its verdict and what to do; and what a monitor reads of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.clock import real_now
from portal.config import Settings
from portal.extensions import transaction
from portal.models import Heartbeat
from portal.operations import condition, outbox
from tests import sample, staff
from tests.operations.test_mail_log import mail

PAGE = "/admin/system"
CHECK = "/admin/system/check"
LINE = re.compile(r"<h3>(.*?)</h3><span>(.*?)</span>.*?<div class=\"row\">(.*?)</div></li>", re.DOTALL)


def verdicts(page):
    """Give the verdict of each fact, by its title."""
    found = {}
    for title, _, end in LINE.findall(page.text):
        tag = re.search(r'class="tag[^"]*">([^<]+)<', end)
        found[title] = tag[1] if tag else ""
    return found


@pytest.fixture
def worker(do):
    do(outbox.beat, "worker:here:1", real_now())


def test_a_portal_without_a_worker_is_told_to_start_one(manager):
    page = manager.get(PAGE)
    assert verdicts(page)["Worker"] == "Bad"
    assert "creneau worker" in page.text


def test_what_is_well_is_said_to_be(manager, worker):
    found = verdicts(manager.get(PAGE))
    for title in ("Database", "Tables", "Worker", "Oldest mail that may leave", "Mails that failed"):
        assert found[title] == "Good"


@pytest.mark.parametrize(("minutes", "verdict"), [(1, "Good"), (5, "To look at"), (30, "Bad")])
def test_a_worker_that_fell_silent_is_seen(manager, do, minutes, verdict):
    do(outbox.beat, "worker:here:1", real_now() - timedelta(minutes=minutes))
    assert verdicts(manager.get(PAGE))["Worker"] == verdict


@pytest.mark.parametrize(("minutes", "verdict"), [(1, "Good"), (20, "To look at"), (90, "Bad")])
def test_a_mail_that_waits_long_is_seen(manager, do, now, worker, minutes, verdict):
    do(mail, now - timedelta(minutes=minutes))
    assert verdicts(manager.get(PAGE))["Oldest mail that may leave"] == verdict


def test_mails_that_failed_are_counted_with_the_way_to_them(manager, do, now, worker):
    do(mail, now, state="failed")
    page = manager.get(PAGE)
    assert verdicts(page)["Mails that failed"] == "To look at"
    assert "/admin/mails/?state=failed" in page.text


def pause(at):
    with transaction() as session:
        session.add(Heartbeat(name=outbox.PAUSED, at=at, detail="535 <bad> login"))


def test_a_queue_that_pauses_is_bad(manager, do, now, worker):
    do(pause, now)
    page = manager.get(PAGE)
    assert verdicts(page)["Mail queue"] == "Bad"
    assert "535 &lt;bad&gt; login" in page.text


def broken(statement):
    """Do to the database what the portal never does."""
    with transaction() as session:
        session.execute(text(statement))


@pytest.fixture
def outdated(do):
    """Let the database say that it is of an older version; it is kept between tests, and so must be put right."""
    do(broken, "UPDATE alembic_version SET version_num = 'old-' || version_num")
    yield
    do(broken, "UPDATE alembic_version SET version_num = substr(version_num, 5)")


def test_tables_of_another_version_are_bad(manager, outdated, worker):
    page = manager.get(PAGE)
    assert verdicts(page)["Tables"] == "Bad"
    assert "creneau db upgrade" in page.text


def test_settings_are_shown_without_secrets(app, manager):
    secret = "s3cret-w0rd"
    given: Settings = app.config["SETTINGS"]
    shown = replace(
        given,
        mail_server="mail.example.com",
        mail_username="portal",
        mail_password=secret,
        ratelimit_storage_uri=f"redis://user:{secret}@cache:6379/0",
    )
    app.config["SETTINGS"] = shown
    page = manager.get(PAGE).text
    app.config["SETTINGS"] = given
    assert "mail.example.com:25" in page
    assert "redis://cache:6379/0" in page
    for hidden in (secret, given.secret_key, *given.link_keys):
        assert hidden not in page


def test_an_address_without_encryption_is_bad(app, manager):
    given: Settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(given, public_url="http://rdv.example.com")
    page = manager.get(PAGE)
    app.config["SETTINGS"] = given
    assert verdicts(page)["Address"] == "Bad"


def test_the_data_is_checked_on_demand(manager, do, now, send, no_writes):
    do(sample.docks)
    do(sample.booked, "2026-12-07 09:00", now=now)
    with no_writes():
        answer = send(manager, PAGE, _action=f"{CHECK}#check")
    assert (answer.status_code, "No breach." in answer.text) == (200, True)


def test_a_breach_is_told(manager, do, now, send):
    do(sample.docks)
    do(sample.booked, "2026-12-07 09:00", now=now)
    do(broken, "DELETE FROM ledger")
    told = send(manager, PAGE, _action=f"{CHECK}#check").text
    assert "breach" in told
    assert "is gone" in told


def test_a_long_history_is_left_to_the_command(manager, do, now, send, monkeypatch):
    do(sample.docks)
    do(sample.booked, "2026-12-07 09:00", now=now)
    monkeypatch.setattr(condition, "CHECKED_AT_ONCE", 0)
    assert "creneau check" in send(manager, PAGE, _action=f"{CHECK}#check").text


def test_french_sizes_and_lengths(app, do, now):
    do(mail, now - timedelta(minutes=20))
    page = staff.logged_in(app, "manager", "fr").get(PAGE).text
    assert re.search(r"\d\u00a0[kM]o de données", page)
    assert "Il attend depuis 20" in page


def test_the_page_costs_the_same_whatever_there_is(manager, do, now, worker, statements):
    for number in range(30):
        do(mail, now, number)
    with statements(at_most=12):
        manager.get(PAGE)


def test_agents_have_no_such_page(agent):
    assert agent.get(PAGE).status_code == 404


# What a monitor reads


def metrics(client):
    return dict(
        re.findall(r"^(creneau_\w+(?:\{state=\"\w+\"\})?) ([\d.e+]+)$", client.get("/metrics").text, re.MULTILINE)
    )


def test_a_monitor_reads_how_the_mails_and_the_workers_stand(client, do, now):
    do(mail, now - timedelta(minutes=2))
    do(mail, now, 1, state="failed")
    do(outbox.beat, "worker:here:1", real_now() - timedelta(seconds=40))
    found = metrics(client)
    assert (found["creneau_ready"], found["creneau_mail_paused"]) == ("1.0", "0.0")
    assert (found['creneau_mails{state="waiting"}'], found['creneau_mails{state="failed"}']) == ("1.0", "1.0")
    assert float(found["creneau_mail_overdue_seconds"]) == 120
    assert 40 <= float(found["creneau_worker_silent_seconds"]) < 60


def test_a_monitor_reads_that_the_database_is_not_ready(client, outdated):
    found = metrics(client)
    assert found["creneau_ready"] == "0.0"
    assert "creneau_mail_paused" not in found
