"""One's own account: password, second factor, sessions."""

from __future__ import annotations

import base64
import html
import re

import pytest

from portal.admin.machines import browser_text
from portal.clock import real_now
from portal.domain import totp
from portal.operations import user_cards, users
from tests.admin.conftest import form_of

PASSWORD, OTHER = "sept quais et une grue", "huit quais et deux grues"
EMAIL = "claire@example.com"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CODE, FACTOR = "/admin/login/code", "/admin/account/second-factor"


@pytest.fixture
def account(do, now):
    return do(users.add, EMAIL, PASSWORD, role="viewer", now=now, name="Claire Morel", locale="en")


def log_in(client, password=PASSWORD):
    given = form_of(client.get("/admin/login"), "/admin/login")
    return client.post(
        "/admin/login",
        data={**given, "email": EMAIL, "password": password},
        headers={"User-Agent": FIREFOX, "Accept-Language": "en"},
    )


@pytest.fixture
def claire(client, account):
    """Give the browser of Claire, who only looks, and entered by her password."""
    log_in(client)
    return client


@pytest.fixture
def elsewhere(app, claire):
    """Give a second browser of hers."""
    other = app.test_client()
    log_in(other)
    return other


def change(client, send, current=PASSWORD, password=OTHER, again=None):
    sent = {"current": current, "password": password, "again": again or password}
    return send(client, "/admin/account", "/admin/account/password", **sent)


def test_name_and_language_are_saved(claire, send):
    assert send(claire, "/admin/account", name="Claire Moreau", locale="fr").status_code == 303
    page = claire.get("/admin/account")
    assert '<html lang="fr">' in page.text
    assert "Claire Moreau" in page.text


def test_a_name_that_cannot_be_is_refused(claire, send):
    refused = send(claire, "/admin/account", name="", locale="de")
    assert refused.status_code == 422
    assert "Enter a name." in refused.text


def test_a_new_password_ends_every_other_session(claire, elsewhere, send):
    assert change(claire, send).status_code == 303
    assert claire.get("/admin/account").status_code == 200
    assert elsewhere.get("/admin/account").status_code == 303
    assert log_in(elsewhere).status_code == 422
    assert log_in(elsewhere, OTHER).status_code == 303


@pytest.mark.parametrize(
    ("sent", "said"),
    [({"current": "wrong one here"}, "This is not your password."), ({"again": "another"}, "passwords differ"),
     ({"password": "short"}, "10 to 200 characters"), ({"password": EMAIL}, "address is no password")],
)  # fmt: skip
def test_a_password_is_not_changed_by_whom_it_is_not_to_be(claire, send, sent, said):
    refused = change(claire, send, **sent)
    assert refused.status_code == 422
    assert said in refused.text
    assert "wrong one here" not in refused.text


def test_guessing_the_password_of_an_open_session_is_slowed_down(claire, send):
    for _ in range(5):
        change(claire, send, current="wrong one here")
    refused = change(claire, send)
    assert refused.status_code == 422
    assert "Too many failures" in refused.text


# Sessions


def test_sessions_are_told_in_words(claire, elsewhere):
    page = claire.get("/admin/account").text
    assert page.count("Firefox, Linux") >= 2
    assert page.count("This browser") == 1
    assert "127.0.0.1" in page


def test_a_session_is_ended_from_another(claire, elsewhere, send):
    page = claire.get("/admin/account").text
    (action,) = set(re.findall(r'action="(/admin/account/sessions/\d+/end)"', page))
    assert send(claire, "/admin/account", action).status_code == 303
    assert elsewhere.get("/admin/").status_code == 303
    assert claire.get("/admin/").status_code == 200


def test_all_other_sessions_are_ended(claire, elsewhere, send):
    assert send(claire, "/admin/account", "/admin/account/sessions/end").status_code == 303
    assert elsewhere.get("/admin/").status_code == 303
    assert claire.get("/admin/").status_code == 200


def test_the_session_of_somebody_else_is_not_there(claire, admin):
    token = form_of(admin.get("/admin/account"), "/admin/account")["csrf_token"]
    for number in range(1, 4):
        answer = admin.post(f"/admin/account/sessions/{number}/end", data={"csrf_token": token})
        if answer.status_code == 303:  # the administrator's own
            break
    assert claire.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    ("named", "told"),
    [
        (FIREFOX, "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.0", "Unknown browser"),
    ],
)
def test_a_browser_is_told_in_words(app, named, told):
    with app.test_request_context("/?lang=en"):
        assert browser_text(named) == told


# The second factor


def secret_on(page) -> bytes:
    shown = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page.text)
    assert shown is not None
    return base64.b32decode(shown[1].replace(" ", ""))


def code_of(secret, steps=0) -> str:
    return totp.code(secret, totp.step_at(real_now()) + steps)


@pytest.fixture
def factor(claire):
    """Turn the second factor on; give the secret, and the recovery codes that were shown."""
    page = claire.get(FACTOR)
    secret = secret_on(page)
    made = claire.post(FACTOR, data={**form_of(page, FACTOR), "code": code_of(secret, -1)})
    assert made.status_code == 200
    return secret, re.findall(r"<code>([a-z2-7-]{19})</code>", made.text)


def asked(client):
    """Send the password, and give what the second page asks."""
    page = log_in(client)
    assert page.status_code == 200
    return {name: html.unescape(value[0]) for name, value in form_of(page, CODE).items()}


def test_setting_up_saves_nothing_before_a_code_comes_back(claire, do, account, no_writes):
    with no_writes():
        page = claire.get(FACTOR)
        refused = claire.post(FACTOR, data={**form_of(page, FACTOR), "code": "000000"})
    assert refused.status_code == 422
    assert secret_on(refused) == secret_on(page)
    assert not do(user_cards.read, account.id).second_factor


def test_a_login_asks_for_the_code_and_opens_nothing_before(app, factor):
    browser = app.test_client()
    given = asked(browser)
    assert browser.get_cookie("creneau", path="/admin") is None
    entered = browser.post(CODE, data={**given, "code": code_of(factor[0])})
    assert (entered.status_code, entered.location) == (303, "/admin/")
    assert browser.get("/admin/").status_code == 200


def test_a_wrong_code_and_one_used_before_are_refused(app, factor):
    first, second = app.test_client(), app.test_client()
    code = code_of(factor[0])
    first.post(CODE, data={**asked(first), "code": code})
    given = asked(second)
    for wrong in (code, "000000", "", "nonsense"):
        refused = second.post(CODE, data={**given, "code": wrong})
        assert refused.status_code == 422
    assert second.get_cookie("creneau", path="/admin") is None


def test_a_recovery_code_opens_once(app, factor):
    first, second = app.test_client(), app.test_client()
    assert first.post(CODE, data={**asked(first), "recovery": factor[1][0]}).status_code == 303
    assert second.post(CODE, data={**asked(second), "recovery": factor[1][0]}).status_code == 422


def test_half_a_login_is_of_one_account_and_a_few_minutes(app, factor, do, now, monkeypatch):
    browser = app.test_client()
    given = asked(browser)
    other = do(users.add, "paul@example.com", PASSWORD, role="admin", now=now)
    for forged in ({"account": f"{other.id:032x}.1"}, {"token": "forged"}, {"account": ""}, {"token": ""}):
        answer = browser.post(CODE, data={**given, **forged, "code": code_of(factor[0])})
        assert answer.status_code == 422
        assert "That took too long" in browser.post(CODE, data={**given, **forged}, query_string={"lang": "en"}).text
    monkeypatch.setattr("portal.admin.entry_forms.HALF_WAY", -1)
    assert browser.post(CODE, data={**given, "code": code_of(factor[0])}).status_code == 422
    assert browser.get_cookie("creneau", path="/admin") is None


def test_the_second_page_alone_leads_to_the_first(client):
    assert client.get(CODE).location == "/admin/login"


def test_turning_off_asks_for_the_password(app, claire, factor, send):
    assert send(claire, f"{FACTOR}/off", current="not my password").status_code == 422
    assert send(claire, f"{FACTOR}/off", current=PASSWORD).status_code == 303
    assert log_in(app.test_client()).status_code == 303


def test_new_recovery_codes_are_shown_once(claire, factor, send):
    shown = send(claire, f"{FACTOR}/codes", current=PASSWORD)
    fresh = re.findall(r"<code>([a-z2-7-]{19})</code>", shown.text)
    assert len(fresh) == len(set(fresh) | set(factor[1])) - 10 == 10
    assert "recovery codes are left" in claire.get("/admin/account").text


def test_setting_up_twice_changes_nothing(claire, app):
    page = claire.get(FACTOR)
    given, secret = form_of(page, FACTOR), secret_on(page)
    answers = [claire.post(FACTOR, data={**given, "code": code_of(secret, step)}).status_code for step in (-1, 0)]
    assert answers == [200, 303]
    assert claire.get(FACTOR).status_code == 303


def test_without_second_factor_there_is_nothing_to_turn_off(claire):
    assert [claire.get(f"{FACTOR}/{page}").location for page in ("off", "codes")] == ["/admin/account"] * 2


@pytest.mark.parametrize("nonce", ["", "x", "AB" * 16, "é" * 32])
def test_a_nonce_that_is_none_breaks_nothing(claire, nonce):
    page = claire.get(FACTOR)
    answer = claire.post(FACTOR, data={**form_of(page, FACTOR), "nonce": nonce, "code": "123456"})
    assert answer.status_code in (404, 422)
