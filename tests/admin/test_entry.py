"""Logging in and out."""

from __future__ import annotations

import pytest

from portal.admin.guard import IDLE, own_path
from portal.operations import users
from tests import staff
from tests.admin.conftest import form_of

PASSWORD = "sept quais et une grue"
EMAIL = "claire@example.com"


@pytest.fixture
def claire(do, now):
    do(users.add, EMAIL, PASSWORD, role="manager", now=now, name="Claire Morel", locale="fr")


def enter(client, email=EMAIL, password=PASSWORD, **more):
    given = form_of(client.get("/admin/login"), "/admin/login")
    values = {**given, "email": email, "password": password, **more}
    return client.post("/admin/login", data=values, headers={"Accept-Language": "en"})


def test_a_stranger_is_sent_to_the_login_and_back(client, claire):
    asked = client.get("/admin/?day=2026-12-07")
    assert (asked.status_code, asked.location) == (303, "/admin/login?next=/admin/?day%3D2026-12-07")
    given = form_of(client.get(asked.location), "/admin/login")
    entered = client.post("/admin/login", data={**given, "email": EMAIL, "password": PASSWORD})
    assert (entered.status_code, entered.location) == (303, "/admin/?day=2026-12-07")
    assert client.get(entered.location).status_code == 200


def test_nobody_gets_a_cookie_before_the_login(client, claire):
    client.get("/admin/")
    given = form_of(client.get("/admin/login"), "/admin/login")
    client.post("/admin/login", data={**given, "email": EMAIL, "password": "wrong"})
    assert client.get_cookie("creneau", path="/admin") is None


def test_the_cookie_of_a_login_is_for_our_pages_alone(client, claire):
    kept = enter(client).headers["Set-Cookie"]
    assert "HttpOnly" in kept
    assert "SameSite=Lax" in kept
    assert "Expires" not in kept


def test_a_wrong_password_and_an_unknown_account_look_the_same(client, claire):
    def answer(email, password):
        response = enter(client, email, password)
        return response.status_code, response.text.replace(email, "").partition('name="token"')[0]

    assert answer(EMAIL, "wrong") == answer("nobody@example.com", "wrong")


def test_what_was_typed_stays_but_for_the_password(client, claire):
    refused = enter(client, password="not this one")
    assert refused.status_code == 422
    assert EMAIL in refused.text
    assert "not this one" not in refused.text
    assert "<title>Error: Log in" in refused.text


def test_too_many_failures_are_told_to_wait(client, claire):
    for _ in range(5):
        enter(client, password="wrong")
    refused = enter(client)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert "Wait 1 second" in refused.text


def test_an_unsigned_form_opens_nothing(client, claire):
    refused = enter(client, token="forged")
    assert refused.status_code == 422
    assert "open for a long time" in refused.text


def test_logging_out_ends_the_session_everywhere_that_cookie_went(app, client, claire, send):
    enter(client)
    thief = app.test_client()
    thief.set_cookie("creneau", path="/admin", value=client.get_cookie("creneau", path="/admin").value)
    assert thief.get("/admin/").status_code == 200
    assert send(client, "/admin/account", "/admin/logout").location == "/admin/login"
    assert client.get_cookie("creneau", path="/admin") is None
    assert thief.get("/admin/").status_code == 303


def test_a_login_ends_after_twelve_idle_hours(app, do, client):
    token = do(staff.account)
    with client.session_transaction("/admin/") as session:
        session.update(staff.values(token, seconds_ago=IDLE - 60))
    assert client.get("/admin/").status_code == 200
    with client.session_transaction("/admin/") as session:
        session.update(staff.values(token, seconds_ago=IDLE + 60))
    assert client.get("/admin/").status_code == 303


def test_an_idle_login_reads_like_none(do, client):
    with client.session_transaction("/admin/") as session:
        session.update(staff.values(do(staff.account), seconds_ago=IDLE + 60))
    assert "Manager Morel" not in client.get("/admin/login").text


def test_somebody_who_is_logged_in_needs_no_login(manager):
    assert manager.get("/admin/login").location == "/admin/"


def test_the_account_speaks_its_language(app, client):
    assert 'lang="fr"' in staff.logged_in(app).get("/admin/").text


def test_an_account_without_language_reads_the_browsers(app):
    client = staff.logged_in(app, locale=None)
    assert '<html lang="en">' in client.get("/admin/", headers={"Accept-Language": "en-GB"}).text


def test_the_language_is_remembered(app, manager, send):
    changed = send(manager, "/admin/", "/admin/language", locale="fr")
    assert changed.location == "/admin/"
    assert '<html lang="fr">' in manager.get("/admin/").text


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/admin/\\evil", "/administration", "", None, "/b/x"],
)
def test_a_login_leads_nowhere_else(path):
    assert own_path(path) is None


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/plannings/quais?site=lyon"])
def test_a_login_leads_back_to_a_page_of_the_staff(path):
    assert own_path(path) == path


def test_a_fragment_asked_for_too_late_sends_the_whole_page_to_the_login(client):
    late = client.get("/admin/", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/admin/?day=1"})
    assert late.headers["HX-Redirect"] == "/admin/login?next=/admin/?day%3D1"
