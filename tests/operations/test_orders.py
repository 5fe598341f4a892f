"""Orders: made, updated, found, and kept apart from nobody's customer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.errors import Invalid, NotFound
from portal.extensions import transaction
from portal.models import Customer, Order, Site
from portal.operations import bookables, orders
from portal.operations.orders import OrderDraft
from tests.backends import NOW

ORDER = OrderDraft(
    reference="CMD/1001 é", kind="customer", site="bordeaux", email=" Achats@Example.com ", name="Achats"
)


def add_site(key: str = "bordeaux") -> None:
    with transaction() as session:
        session.add(
            Site(key=key, name=key.title(), timezone="Europe/Paris", policy={}, revision=bookables.new_revision())
        )


@pytest.fixture
def sites(do):
    do(add_site)
    do(add_site, "lyon")


def put(do, reference="CMD/1001 é", *, now=NOW, **fields):
    return do(
        orders.put, OrderDraft(**{"reference": reference, "kind": "customer", "site": "bordeaux", **fields}), now=now
    )


def count(table) -> int:
    with transaction() as session:
        return session.query(table).count()


def test_a_new_order_brings_its_customer(do, sites):
    card = do(orders.put, ORDER, now=NOW)
    assert (card.reference, card.email, card.name, card.site.name, card.new) == (
        "CMD/1001 é", "achats@example.com", "Achats", "Bordeaux", True,
    )  # fmt: skip
    assert do(orders.get, "CMD/1001 é").invitable


def test_the_same_order_again_changes_nothing(do, sites):
    do(orders.put, ORDER, now=NOW)
    again = do(orders.put, ORDER, now=NOW + timedelta(days=1))
    assert (again.new, again.updated_at) == (False, NOW)
    assert do(count, Order) == do(count, Customer) == 1


def test_what_a_put_does_not_say_stays(do, sites):
    put(do, status="ready", units="36 palettes", email="a@example.com", name="Ana", ship_date=NOW)
    card = put(do, status="shipped")
    assert (card.status, card.units, card.email, card.name, card.ship_date) == (
        "shipped", "36 palettes", "a@example.com", "Ana", NOW,
    )  # fmt: skip


def test_a_patch_clears_what_it_names(do, sites):
    put(do, ship_date=NOW, units="3")
    card = do(orders.patch, "CMD/1001 é", {"ship_date": None, "units": None, "site": "lyon"}, now=NOW)
    assert (card.ship_date, card.units, card.site.key) == (None, "", "lyon")


def test_a_patch_of_an_unknown_order_is_refused(do, sites):
    with pytest.raises(NotFound):
        do(orders.patch, "nothing", {"status": "ready"}, now=NOW)


def test_two_orders_of_one_address_share_their_customer(do, sites):
    put(do, "A", email="a@example.com", name="Ana")
    card = put(do, "B", email="A@Example.com", name="Ana Costa")
    assert do(orders.get, "A").name == card.name == "Ana Costa"
    assert do(count, Customer) == 1


def test_an_empty_name_erases_nothing_in_the_base(do, sites):
    put(do, "A", email="a@example.com", name="Ana", phone="05 56 00 00 00")
    assert put(do, "B", email="a@example.com", name="").name == "Ana"


def test_a_customer_without_address_cannot_be_invited(do, sites):
    card = put(do, name="Monsieur Paul")
    assert (card.name, card.email, card.invitable) == ("Monsieur Paul", None, False)


def test_a_customer_who_gets_an_address_stays_the_same_one(do, sites):
    before = put(do, name="Monsieur Paul")
    after = put(do, email="paul@example.com")
    assert (after.customer_id, after.name, after.invitable) == (before.customer_id, "Monsieur Paul", True)


def test_an_order_that_loses_its_address_leaves_the_other_orders_alone(do, sites):
    put(do, "A", email="a@example.com", name="Ana")
    put(do, "B", email="a@example.com")
    assert do(orders.patch, "B", {"email": None}, now=NOW).email is None
    assert do(orders.get, "A").email == "a@example.com"


def test_an_order_may_change_hands(do, sites):
    put(do, email="a@example.com", name="Ana")
    assert put(do, email="b@example.com").name == ""
    assert do(count, Customer) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("reference", " "), ("reference", "a\nb"), ("reference", "x" * 121), ("kind", "friend"), ("site", "nowhere"),
     ("email", "nobody"), ("locale", "de"), ("status", "x" * 41), ("name", "a\0b"), ("ship_date", "tomorrow")],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_by_name(do, sites, field, value):
    with pytest.raises(Invalid) as refused:
        put(do, **{field: value})
    assert refused.value.values["field"] == field
    assert do(count, Order) == 0


def test_an_unknown_field_is_refused(do, sites):
    put(do)
    with pytest.raises(Invalid):
        do(orders.patch, "CMD/1001 é", {"colour": "red"}, now=NOW)


def test_orders_are_found_by_reference_name_and_address(do, sites):
    put(do, "CMD-1", email="a@example.com", name="Dupont")
    put(do, "CMD-2", email="b@example.org", name="Martin")
    found = {text: [card.reference for card in do(orders.search, text).orders] for text in ("cmd", "MARTIN", "a@ex")}
    assert found == {"cmd": ["CMD-2", "CMD-1"], "MARTIN": ["CMD-2"], "a@ex": ["CMD-1"]}


def test_a_search_takes_its_signs_literally(do, sites):
    put(do, "100%")
    put(do, "100_")
    assert [card.reference for card in do(orders.search, "0%").orders] == ["100%"]


def test_orders_are_filtered(do, sites):
    put(do, "A", site="lyon", kind="supplier", status="ready", email="a@example.com")
    put(do, "B")
    for wanted in ({"site": "lyon"}, {"kind": "supplier"}, {"status": "ready"}, {"invitable": True}):
        assert [card.reference for card in do(orders.search, **wanted).orders] == ["A"]
    assert [card.reference for card in do(orders.search, invitable=False).orders] == ["B"]
    assert do(orders.statuses) == ["ready"]


def test_pages_follow_each_other_without_gap(do, sites):
    for number in range(7):
        put(do, f"N{number}")
    pages, cursor = [], None
    while True:
        page = do(orders.search, size=3, cursor=cursor)
        pages.append([card.reference for card in page.orders])
        assert page.total == 7
        if not (cursor := page.next):
            break
    assert pages == [["N6", "N5", "N4"], ["N3", "N2", "N1"], ["N0"]]


def test_a_foreign_cursor_is_refused(do, sites):
    with pytest.raises(Invalid):
        do(orders.search, cursor="١")


def test_a_search_asks_little_however_many_orders_there_are(do, sites, statements):
    for number in range(20):
        put(do, f"N{number}", email=f"n{number}@example.com")
    do(orders.search)  # the site's card is kept from now on
    with statements(at_most=2):
        assert len(do(orders.search).orders) == 20


def test_one_order_sent_by_many_at_once_is_one_order(do, sites, processes):
    cards = processes(4, put_at_once)
    assert sorted(cards) == [False, False, False, True]
    assert do(count, Order) == do(count, Customer) == 1


def put_at_once(_number: int) -> bool:
    return orders.put(ORDER, now=datetime(2026, 12, 1, tzinfo=UTC)).new
