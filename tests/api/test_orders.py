"""Orders kept in step with another system, and their booking links."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.extensions import reading
from portal.models import Link, OutboxMessage
from tests import sample
from tests.api.conftest import encoded, problem, wrong

ORDER = {
    "kind": "customer",
    "site": "bordeaux",
    "status": "ready",
    "customer": {"email": "Achats@Example.com", "name": "Achats SA", "phone": "05 56 00 10 42", "locale": "en"},
    "units": "36 palettes",
    "ship_date": "2026-12-08T07:00:00Z",
}
ODD = [
    "CMD/2026/1042",
    "/CMD",
    "CMD/",
    "a//b",
    "CMD 1042",
    "Commande n° 1042 – été",
    "1042.pdf",
    "..",
    ".",
    "../../etc",
    "links",
    "a/links",
    "100 %",
    "a+b&c=d;e",
    "why?#really",
    "\"quoted\" \\ 'too'",
    "日本-42",
    "🚚",
    "x" * 120,
]


def column(*columns):
    with reading() as session:
        return session.execute(select(*columns).order_by(columns[0])).all()


@pytest.fixture
def orders(api, docks, key):
    """Keep one order, and give the address of it."""
    assert api.put("/orders/CMD-1", ORDER, key).status_code == 201
    return "/orders/CMD-1"


def test_an_order_is_created_once_and_then_updated(api, docks, key):
    created = api.put("/orders/CMD-1", ORDER, key)
    assert created.status_code == 201
    assert created.json == {
        "reference": "CMD-1",
        "kind": "customer",
        "status": "ready",
        "site": "bordeaux",
        "customer": {"email": "achats@example.com", "name": "Achats SA", "phone": "05 56 00 10 42", "locale": "en"},
        "units": "36 palettes",
        "ship_date": "2026-12-08T08:00:00+01:00",
        "delivery_date": None,
        "created_at": "2026-12-01T09:00:00+01:00",
        "updated_at": "2026-12-01T09:00:00+01:00",
    }
    again = api.put("/orders/CMD-1", {"kind": "customer", "site": "bordeaux", "status": "shipped"}, key)
    assert again.status_code == 200
    assert again.json == {**created.json, "status": "shipped"}
    assert api.get("/orders/CMD-1", key).json == again.json


def test_a_reference_may_hold_any_characters(api, docks, key):
    for reference in ODD:
        path = f"/orders/{encoded(reference)}"
        assert api.put(path, ORDER, key).json["reference"] == reference
        assert api.get(path, key).json["reference"] == reference
        assert api.patch(path, {"status": "shipped"}, key).json["status"] == "shipped"
        made = api.post(f"{path}/links", {}, key)
        assert made.status_code == 201
        assert api.get(f"/links/{made.json['url'].rsplit('/', 1)[1]}").json["order"]["reference"] == reference


@pytest.mark.on_both
@pytest.mark.parametrize("path", ["a%00b", "a%1Fb", "a%C2%85b", "x" * 121, "%FF"])
def test_a_reference_is_readable_and_not_too_long(api, docks, key, path):
    assert set(wrong(api.put(f"/orders/{path}", ORDER, key))) == {"reference"}
    assert set(wrong(api.get(f"/orders/{path}", key))) == {"reference"}
    assert set(wrong(api.patch(f"/orders/{path}", {}, key))) == {"reference"}
    assert set(wrong(api.post(f"/orders/{path}/links", {}, key))) == {"reference"}


def test_a_wrong_reference_is_in_no_body(api, docks, key):
    assert "pointer" not in api.put("/orders/a%00b", ORDER, key).json["errors"][0]


def test_an_unknown_order_is_not_found(api, docks, key):
    assert problem(api.get("/orders/CMD-0", key)) == (404, "not_found")
    assert problem(api.patch("/orders/CMD-0", {"status": "x"}, key)) == (404, "not_found")
    assert problem(api.post("/orders/CMD-0/links", {}, key)) == (404, "not_found")


def test_the_customer_may_be_an_address_alone(api, docks, key):
    order = {"kind": "supplier", "site": "bordeaux", "customer": "quai@example.com"}
    assert api.put("/orders/CMD-2", order, key).json["customer"]["email"] == "quai@example.com"


def test_an_order_may_have_nobody_to_write_to(api, docks, key):
    order = {"kind": "supplier", "site": "bordeaux", "customer": {"email": None, "name": "Sans adresse"}}
    customer = api.put("/orders/CMD-2", order, key).json["customer"]
    assert (customer["email"], customer["name"]) == (None, "Sans adresse")


def test_a_patch_changes_what_it_names_and_null_empties(api, orders, key):
    before = api.get(orders, key).json
    after = api.patch(orders, {"units": "2 palettes", "ship_date": None}, key).json
    assert after == {**before, "units": "2 palettes", "ship_date": None}
    assert api.patch(orders, {"customer": {"email": None}}, key).json["customer"]["email"] is None


def test_a_patch_of_nothing_changes_nothing(api, orders, clock, key):
    before = api.get(orders, key).json
    clock.ahead(hours=1)
    assert api.patch(orders, {}, key).json == before
    assert api.put(orders, ORDER, key).json == before


WRONG = [
    ({"kind": "friend"}, {"kind": "not_a_choice"}),
    ({"site": "lyon"}, {"site": "unknown_site"}),
    ({"site": 3}, {"site": "expected"}),
    ({"status": "x" * 41}, {"status": "too_long"}),
    ({"status": "a\nb"}, {"status": "unreadable"}),
    ({"units": None}, {"units": "expected"}),
    ({"ship_date": "2026-12-08"}, {"ship_date": "not_an_instant"}),
    ({"ship_date": "2026-12-08T08:00:00"}, {"ship_date": "not_an_instant"}),
    ({"customer": None}, {"customer": "expected"}),
    ({"customer": "nobody"}, {"customer.email": "email"}),
    ({"customer": {"locale": "de"}}, {"customer.locale": "not_a_choice"}),
    ({"customer": {"age": 3}}, {"customer.age": "unknown_key"}),
    ({"reference": "CMD-9"}, {"reference": "unknown_key"}),
]


def test_a_wrong_order_is_told_what_is_wrong(api, docks, key):
    told = [wrong(api.put("/orders/CMD-9", {**ORDER, **change}, key)) for change, _ in WRONG]
    assert told == [expected for _, expected in WRONG]


def test_a_new_order_has_a_kind_and_a_site(api, docks, key):
    assert wrong(api.put("/orders/CMD-9", {}, key)) == {"kind": "required", "site": "required"}


# Links


def test_a_link_is_made_and_works(api, orders, key):
    made = api.post(f"{orders}/links", {}, key)
    assert made.status_code == 201
    assert made.json["expires_at"] is None
    assert made.json["url"].startswith("http://localhost/b/")
    token = made.json["url"].rsplit("/", 1)[1]
    assert api.get(f"/links/{token}").json["order"]["reference"] == "CMD-1"


def test_a_link_needs_no_body(api, orders, key):
    assert api.post(f"{orders}/links", key=key).status_code == 201


def test_a_link_keeps_to_what_it_was_made_for(api, do, orders, key):
    scope = {
        "first_day": "2026-12-07",
        "last_day": "2026-12-18",
        "expires_at": "2026-12-18T18:00:00+01:00",
        "max_active": 2,
    }
    made = api.post(f"{orders}/links", scope, key)
    assert made.json["expires_at"] == scope["expires_at"]
    assert [tuple(row) for row in do(column, Link.first_day, Link.last_day, Link.max_active)] == [
        (date(2026, 12, 7), date(2026, 12, 18), 2)
    ]
    shown = api.get(f"/links/{made.json['url'].rsplit('/', 1)[1]}").json
    assert {name: shown[name] for name in scope} == scope


def test_a_link_is_mailed_when_asked(api, do, orders, key):
    api.post(f"{orders}/links", {}, key)
    assert do(column, OutboxMessage.kind) == []
    api.post(f"{orders}/links", {"send": True}, key)
    mails = do(column, OutboxMessage.kind, OutboxMessage.recipient)
    assert [tuple(mail) for mail in mails] == [("booking_invitation", "achats@example.com")]


def test_nobody_is_mailed_without_an_address(api, do, docks, key):
    do(sample.order, "CMD-3", email=None)
    assert wrong(api.post("/orders/CMD-3/links", {"send": True}, key)) == {"customer": "no_email"}
    assert do(column, Link.id) == []


WRONG_SCOPES = [
    ({"last_day": "2026-12-06", "first_day": "2026-12-07"}, {"last_day": "before_from"}),
    ({"max_active": 0}, {"max_active": "out_of_range"}),
    ({"max_active": "2"}, {"max_active": "expected"}),
    ({"max_active": True}, {"max_active": "expected"}),
    ({"send": "yes"}, {"send": "expected"}),
    ({"send": 1}, {"send": "expected"}),
    ({"expires_at": "2026-11-30T00:00:00Z"}, {"expires_at": "past"}),
    ({"planning": "quais"}, {"planning": "unknown_key"}),
]


def test_a_wrong_scope_is_told(api, orders, key):
    told = [wrong(api.post(f"{orders}/links", scope, key)) for scope, _ in WRONG_SCOPES]
    assert told == [expected for _, expected in WRONG_SCOPES]


def test_an_expired_link_of_an_order_is_gone(api, orders, clock, key):
    soon = (clock.now + timedelta(hours=1)).isoformat()
    token = api.post(f"{orders}/links", {"expires_at": soon}, key).json["url"].rsplit("/", 1)[1]
    assert api.get(f"/links/{token}").status_code == 200
    clock.ahead(hours=1)
    assert problem(api.get(f"/links/{token}")) == (410, "link_expired")


def test_orders_take_few_statements(api, orders, key, statements):
    with statements(at_most=2):
        api.get(orders, key)
    with statements(at_most=6):
        api.put(orders, ORDER, key)
    with statements(at_most=7):
        api.post(f"{orders}/links", {"send": True}, key)
