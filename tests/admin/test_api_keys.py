"""Keys of programs: made, used, revoked; the secret is seen once."""

from __future__ import annotations

import html
import re

import pytest

from portal.extensions import Model, reading
from portal.operations import keys, usage


def make(admin, send, **changed):
    return send(admin, "/admin/add/key", **{"name": "ERP", "scopes": ["read", "orders"], **changed})


def secret_of(page) -> str:
    found = re.search(r'value="(creneau_[\w-]{43})"', page.text)
    assert found is not None
    return html.unescape(found[1])


def test_a_key_is_made_and_opens_the_api(admin, send, client):
    secret = secret_of(make(admin, send))
    answer = client.get("/api/v1/events", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200


def test_the_secret_is_on_no_other_page_and_in_no_table(admin, send, do):
    made = make(admin, send)
    secret = secret_of(made)
    assert "Set-Cookie" not in made.headers or secret not in made.headers["Set-Cookie"]
    assert secret not in admin.get("/admin/keys/").text

    def everything():
        with reading() as session:
            return str([session.execute(table.select()).all() for table in Model.metadata.sorted_tables])

    assert secret not in do(everything)


def test_keys_are_listed_with_scopes_and_use(admin, send, client, do):
    secret = secret_of(make(admin, send))
    page = admin.get("/admin/keys/").text
    assert "ERP" in page
    assert "Not used yet" in page
    assert "See appointments and events" in page
    client.get("/api/v1/events", headers={"Authorization": f"Bearer {secret}"})
    do(usage.write)
    assert "Last used" in admin.get("/admin/keys/").text


def test_a_key_is_revoked_after_asking(admin, send, client, do):
    secret = secret_of(make(admin, send))
    number = do(keys.listing).keys[0].id
    path = f"/admin/keys/{number}/revoke"
    assert send(admin, path).location == "/admin/keys/"
    assert client.get("/api/v1/events", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    assert admin.get(path).location == "/admin/keys/"
    assert "ERP" in admin.get("/admin/keys/?state=revoked").text


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"name": ""}, "Enter a name."), ({"name": "x" * 121}, "Shorten this name."),
     ({"scopes": None}, "at least one thing"), ({"scopes": ["everything"]}, "values offered")],
)  # fmt: skip
def test_a_key_that_cannot_be_is_refused(admin, send, do, changed, said):
    refused = make(admin, send, **changed)
    assert refused.status_code == 422
    assert said in refused.text
    assert do(keys.listing).total == 0


def test_without_keys_the_page_says_what_to_do(admin):
    assert "No key yet" in admin.get("/admin/keys/").text
    assert "No key is like that" in admin.get("/admin/keys/?q=erp").text


def test_a_key_that_is_not_there_is_not_found(admin):
    assert admin.get("/admin/keys/999999999/revoke").status_code == 404
