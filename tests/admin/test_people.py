"""Users as an administrator looks after them."""

from __future__ import annotations

import base64

import pytest

from portal.extensions import reading
from portal.models import OutboxMessage
from portal.operations import second_factor, sessions, staff_links, user_cards, users
from portal.operations.actors import SYSTEM
from portal.operations.sessions import Machine
from portal.operations.user_cards import Rights, Search
from portal.operations.users import Person
from tests import sample
from tests.admin.conftest import form_of
from tests.operations.test_second_factor import shown

PASSWORD = "sept quais et une grue"
EMAIL = "claire@example.com"


@pytest.fixture
def claire(do, now, two_sites):
    return do(users.add, EMAIL, PASSWORD, role="manager", now=now, name="Claire Morel", sites=("lyon",))


@pytest.fixture
def two_sites(do):
    do(sample.docks)
    do(sample.site, key="lyon")


def mails():
    with reading() as session:
        return [
            (row.kind, row.recipient, row.locale) for row in session.query(OutboxMessage).order_by(OutboxMessage.id)
        ]


def invite(send, admin, **changed):
    sent = {"email": "paul@example.com", "name": "Paul", "role": "agent", "locale": "fr", **changed}
    return send(admin, "/admin/add/person", **sent)


def test_everybody_is_listed_with_role_and_sites(admin, claire):
    page = admin.get("/admin/people/").text
    for told in ("Claire Morel", EMAIL, "Manager", "Lyon", "Admin Morel", "Every site", "2 accounts"):
        assert told in page


def test_the_list_is_filtered_by_its_address(admin, claire):
    assert (
        "Admin Morel" not in admin.get("/admin/people/?q=claire&role=manager&state=active").text.partition("<main")[2]
    )
    assert "Nobody is like that" in admin.get("/admin/people/?state=closed").text


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=99999999999999", "page=²", "role=boss&state=?"])
def test_an_odd_address_breaks_nothing(admin, claire, query):
    assert admin.get(f"/admin/people/?{query}").status_code == 200


def test_somebody_is_invited_for_some_sites(admin, two_sites, send, do):
    made = invite(send, admin, reach="some", sites=["lyon", "bordeaux"])
    assert made.status_code == 303
    (paul,) = do(user_cards.listing, Search("paul")).users
    assert (paul.rights, paul.state) == (Rights("agent", ("bordeaux", "lyon")), "invited")
    assert do(mails) == [("user_invitation", "paul@example.com", "fr")]
    assert "Invited" in admin.get(made.location).text


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"email": "paul"}, "Enter an e-mail address such as"), ({"email": "admin@example.com"}, "has an account already"),
     ({"name": ""}, "Enter a name"), ({"role": "boss"}, "values offered"), ({"reach": "some"}, "at least one site"),
     ({"reach": "some", "sites": ["mars"]}, "values offered"), ({"locale": "de"}, "values offered"),
     ({"role": "admin", "reach": "some", "sites": ["lyon"]}, "works for every site")],
)  # fmt: skip
def test_an_invitation_that_cannot_be_is_refused_beside_its_field(admin, two_sites, send, do, changed, said):
    refused = invite(send, admin, **changed)
    assert refused.status_code == 422
    assert said in refused.text
    assert do(mails) == []


def test_rights_and_name_are_changed(admin, claire, send, do):
    path = f"/admin/people/{claire.id}"
    assert form_of(admin.get(path), path)["sites"] == ["lyon"]
    assert send(admin, path, name="Claire Moreau", role="agent", reach="all").status_code == 303
    after = do(user_cards.read, claire.id)
    assert (after.name, after.rights, after.active) == ("Claire Moreau", Rights("agent"), True)


def test_a_closed_account_is_logged_out_at_once(admin, claire, send, do, now):
    token = do(sessions.enter, EMAIL, PASSWORD, Machine("192.0.2.7"), now=now)
    assert send(admin, f"/admin/people/{claire.id}", active=None).status_code == 303
    assert do(sessions.member, token, now=now) is None
    assert "Closed" in admin.get(f"/admin/people/{claire.id}").text


def test_ones_own_rights_are_not_on_the_page_and_cannot_be_sent(admin, send, do):
    (own,) = do(user_cards.listing, Search("admin@")).users
    path = f"/admin/people/{own.id}"
    assert "role" not in form_of(admin.get(path), path)
    assert send(admin, path, name="Chief", role="viewer", active=None).status_code == 303
    after = do(user_cards.read, own.id)
    assert (after.name, after.role, after.active) == ("Chief", "admin", True)


def test_an_invitation_is_sent_again(admin, send, do, now):
    paul = do(staff_links.invite, Person("paul@example.com", Rights("viewer"), "Paul", "en"), by=SYSTEM, now=now)
    path = f"/admin/people/{paul.id}"
    assert send(admin, path, f"{path}/invite").location == path
    assert [kind for kind, *_ in do(mails)] == ["user_invitation"] * 2


def test_a_link_for_a_new_password_is_mailed(admin, claire, send, do):
    path = f"/admin/people/{claire.id}"
    assert send(admin, path, f"{path}/reset").location == path
    assert do(mails) == [("password_reset", EMAIL, "fr")]
    assert "is on its way to claire@example.com" in admin.get(path).text


def test_a_second_factor_is_switched_off_after_asking(admin, claire, send, do, now):
    setup = do(second_factor.prepare, claire.id)
    secret = base64.b32decode(setup.secret)
    do(second_factor.turn_on, claire.id, setup.nonce, shown(secret, now), by=SYSTEM, now=now)
    path = f"/admin/people/{claire.id}"
    ask = f"{path}/second-factor/off"
    assert ask in admin.get(path).text
    assert send(admin, ask).location == path
    assert not do(user_cards.read, claire.id).second_factor
    assert admin.get(ask).location == path


def test_somebody_is_logged_out_everywhere_after_asking(admin, claire, send, do, now):
    token = do(sessions.enter, EMAIL, PASSWORD, Machine("192.0.2.7"), now=now)
    path = f"/admin/people/{claire.id}/sessions/end"
    assert do(sessions.member, token, now=now) is not None
    assert send(admin, path).status_code == 303
    assert do(sessions.member, token, now=now) is None


def test_who_is_not_there_is_not_found(admin):
    gone = (
        "999999999",
        "999999999/sessions/end",
        "999999999/second-factor/off",
        "9" * 20,
        "9" * 20 + "/sessions/end",
        "0",
        "-1",
        "x",
    )
    for path in (f"/admin/people/{one}" for one in gone):
        assert admin.get(path).status_code == 404


@pytest.mark.parametrize("browser", ["manager", "agent", "viewer"])
def test_only_administrators_find_these_pages(request, browser, claire):
    client = request.getfixturevalue(browser)
    for path in ("/admin/people/", "/admin/add/person", f"/admin/people/{claire.id}", "/admin/keys/", "/admin/add/key"):
        assert client.get(path).status_code == 404
    assert "/admin/people/" not in client.get("/admin/account").text


def test_what_each_role_may_do_stands_where_it_is_chosen(admin):
    page = admin.get("/admin/add/person").text
    for duty in ("users, API keys, settings", "Plannings, sites, orders", "Works at the gate", "changes nothing"):
        assert duty in page


def test_the_page_asks_as_much_for_many_as_for_few(admin, do, statements):
    def crowd():
        with users.transaction() as session:
            session.add_all(
                users.User(public_id=f"{n:032x}", email=f"u{n}@example.com", role="viewer", created_at=sample.MADE)
                for n in range(120)
            )

    do(crowd)
    admin.get("/admin/people/")
    with statements(at_most=8):
        page = admin.get("/admin/people/?page=2").text
    assert "Page 2 of 3" in page.replace("\xa0", " ")
