"""The ways in for those who have no password: an invitation, a forgotten password."""

from __future__ import annotations

import pytest

from portal.extensions import reading
from portal.models import OutboxMessage, User
from portal.operations import sessions, staff_links, tokens
from portal.operations.actors import Actor
from portal.operations.user_cards import Rights
from portal.operations.users import Person
from tests import staff
from tests.admin.conftest import form_of
from tests.backends import NOW

PASSWORD = "sept quais et une grue"
EMAIL = "claire@example.com"
CHIEF = Actor("chief@example.com", "staff", staff=True)


@pytest.fixture
def link(do):
    """Invite Claire, and give the address that her mail holds."""
    do(staff_links.invite, Person(EMAIL, Rights("agent"), "Claire Morel", "en"), by=CHIEF, now=NOW)
    return do(path_of, "welcome", tokens.INVITE)


def path_of(room, purpose):
    with reading() as session:
        user = session.query(User).filter_by(email=EMAIL).one()
        return f"/admin/{room}/{tokens.token(purpose, user.public_id, user.generation)}"


def choose(client, path, password=PASSWORD, again=None):
    given = form_of(client.get(path), path)
    return client.post(path, data={**given, "password": password, "again": again or password})


def test_an_invitation_leads_to_a_password_and_the_login(client, link):
    assert "claire@example.com" in client.get(link).text
    chosen = choose(client, link)
    assert (chosen.status_code, chosen.location) == (303, "/admin/login?chosen=1")
    page = client.get(chosen.location, headers={"Accept-Language": "en"})
    assert "Your password is set" in page.text
    sent = {**form_of(page, "/admin/login"), "email": EMAIL, "password": PASSWORD}
    assert client.post("/admin/login", data=sent).location == "/admin/"


def test_scanners_that_open_a_link_use_nothing_up(client, link, no_writes):
    with no_writes():
        for _ in range(2):
            assert client.get(link).status_code == 200
            assert client.head(link).status_code == 200
    assert choose(client, link).status_code == 303


def test_no_page_on_the_way_sets_a_cookie(client, link):
    choose(client, link)
    client.get("/admin/login?chosen=1")
    client.get("/admin/forgot")
    assert client.get_cookie("creneau", path="/admin") is None


def test_a_used_link_says_so_and_what_to_do(client, link):
    choose(client, link)
    again = client.get(link, headers={"Accept-Language": "en"})
    assert again.status_code == 404
    assert "no longer valid" in again.text
    assert 'href="/admin/forgot"' in again.text
    assert client.post(link, data={"password": PASSWORD}).status_code == 404


def test_a_link_whose_time_is_over_looks_the_same(client, link, clock):
    clock.ahead(days=7)
    late = client.get(link, headers={"Accept-Language": "en"})
    forged = client.get(link[:-8] + "AAAAAAAA", headers={"Accept-Language": "en"})
    assert (late.status_code, forged.status_code) == (410, 404)
    assert late.text.replace(link, "") == forged.text.replace(link[:-8] + "AAAAAAAA", "")


def test_an_invitation_resets_nothing(client, link):
    assert client.get(link.replace("welcome", "reset")).status_code == 404


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [("short", None, "10 to 200 characters"), (PASSWORD, "something else", "passwords differ"),
     (EMAIL, None, "address is no password"), ("motdepasse2026", None, "tried first"), ("", "x", "Enter your new")],
)  # fmt: skip
def test_a_password_that_cannot_be_is_refused_in_words(client, link, password, again, said):
    refused = choose(client, f"{link}?lang=en".partition("?")[0], password, again)
    page = client.post(
        f"{link}?lang=en",
        data={**form_of(client.get(link), link), "password": password, "again": again or password},
    )
    assert (refused.status_code, page.status_code) == (422, 422)
    assert said in page.text
    assert choose(client, link).status_code == 303


def test_an_unsigned_form_sets_no_password(client, link, no_writes):
    with no_writes():
        assert client.post(link, data={"password": PASSWORD, "again": PASSWORD}).status_code == 422


def test_who_is_logged_in_on_this_browser_is_logged_out_by_the_new_one(app, do, link):
    browser = staff.logged_in(app, "admin", "en")
    assert choose(browser, link).status_code == 303
    assert browser.get("/admin/").status_code == 303


def ask(client, email, **headers):
    given = form_of(client.get("/admin/forgot"), "/admin/forgot")
    return client.post("/admin/forgot", data={**given, "email": email}, headers={"Accept-Language": "en", **headers})


def test_a_forgotten_password_is_answered_alike_for_everybody(do, client, link):
    known, unknown = ask(client, EMAIL), ask(client, "nobody@example.com")
    assert (known.status_code, unknown.status_code) == (200, 200)
    assert known.text.replace(EMAIL, "") == unknown.text.replace("nobody@example.com", "")
    assert "on its way" in known.text


def test_a_forgotten_password_is_replaced(do, client, link):
    choose(client, link)
    ask(client, EMAIL)
    path = do(path_of, "reset", tokens.RESET)
    assert choose(client, path, "huit quais et une grue").status_code == 303
    machine = sessions.Machine("192.0.2.1")
    assert do(sessions.enter, EMAIL, "huit quais et une grue", machine, now=NOW)


def test_asking_too_often_has_to_wait(client, link):
    answers = [ask(client, EMAIL).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


def test_asking_without_an_address_is_refused(client, no_writes):
    with no_writes():
        assert ask(client, " ").status_code == 422


@pytest.mark.parametrize(
    "typed", ["x", "a@b", "x" * 5000, f"{'x' * 300}@example.com", "a@example.com\r\nBcc: b@example.com"]
)
def test_what_is_no_address_is_mailed_nothing(client, typed, no_writes):
    with no_writes():
        assert ask(client, typed).status_code == 422


def test_the_link_is_in_no_table(do, link):
    def kept():
        with reading() as session:
            return [str(row.payload) for row in session.query(OutboxMessage)]

    assert [text for text in do(kept) if link.rpartition("/")[2] in text] == []
