"""Orders: made, updated, found, and kept apart from nobody's customer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.errors import Invalid, NotFound
from portal.extensions import transaction
from portal.models import Audit, Customer, Order, Site
from portal.operations import keepsakes, order_pages, orders
from portal.operations.actors import Actor
from portal.operations.order_pages import Search
from portal.operations.orders import OrderDraft
from portal.operations.scopes import EVERYWHERE, Scope
from tests.backends import NOW

ORDER = OrderDraft(
    reference="CMD/1001 é", kind="customer", site="bordeaux", email=" Achats@Example.com ", name="Achats"
)


def add_site(key: str = "bordeaux") -> None:
    with transaction() as session:
        session.add(
            Site(key=key, name=key.title(), timezone="Europe/Paris", policy={}, revision=keepsakes.new_revision())
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


@pytest.mark.on_both
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


def found(do, text="", *, page=1, size=50, scope=EVERYWHERE, **wanted):
    page = do(order_pages.listing, Search(text, **wanted), now=NOW, scope=scope, page=page, size=size)
    return [line.order.reference for line in page.lines]


def test_orders_are_found_by_reference_name_and_address(do, sites):
    put(do, "CMD-1", email="a@example.com", name="Dupont")
    put(do, "CMD-2", email="b@example.org", name="Martin")
    asked = {text: found(do, text) for text in ("cmd", "MARTIN", "a@ex")}
    assert asked == {"cmd": ["CMD-2", "CMD-1"], "MARTIN": ["CMD-2"], "a@ex": ["CMD-1"]}


def test_a_search_takes_its_signs_literally(do, sites):
    put(do, "100%")
    put(do, "100_")
    assert found(do, "0%") == ["100%"]


def test_orders_are_filtered(do, sites):
    put(do, "A", site="lyon", kind="supplier", status="ready", email="a@example.com")
    put(do, "B")
    for wanted in ({"site": "lyon"}, {"kind": "supplier"}, {"status": "ready"}, {"invitable": True}):
        assert found(do, **wanted) == ["A"]
    assert found(do, invitable=False) == ["B"]
    assert do(order_pages.count, Search(invitable=False)) == 1
    assert do(orders.statuses) == ["ready"]


def test_orders_are_sorted_and_what_has_nothing_there_comes_last(do, sites):
    put(do, "B", name="bois", ship_date=NOW + timedelta(days=1))
    put(do, "C", name="Acier", ship_date=NOW)
    put(do, "A")
    assert found(do, sort="reference") == ["A", "B", "C"]
    assert found(do, sort="customer") == ["C", "B", "A"]
    assert found(do, sort="ship") == ["C", "B", "A"]
    assert found(do, sort="ship", descending=True) == ["B", "C", "A"]


def test_a_list_ends_at_ones_own_sites(do, sites):
    put(do, "A", site="lyon", status="ready")
    put(do, "B")
    lyon = Scope(frozenset({do(orders.get, "A").site.id}))
    assert found(do, scope=lyon) == ["A"]
    assert do(order_pages.count, Search(), lyon) == 1
    assert do(orders.statuses, Scope(frozenset({do(orders.get, "B").site.id}))) == []
    assert [line.order.reference for line in do(order_pages.every_line, Search(), now=NOW, scope=lyon)] == ["A"]
    with pytest.raises(NotFound):
        do(orders.get, "B", lyon)


def test_pages_follow_each_other_without_gap(do, sites):
    for number in range(7):
        put(do, f"N{number}")
    pages = [found(do, size=3, page=page) for page in (0, 1, 2, 3, 4)]
    assert pages == [pages[1], ["N6", "N5", "N4"], ["N3", "N2", "N1"], ["N0"], ["N0"]]


def test_a_search_asks_little_however_many_orders_there_are(do, sites, statements):
    for number in range(20):
        put(do, f"N{number}", email=f"n{number}@example.com")
    found(do)  # the site's card is kept from now on
    with statements(at_most=2):
        assert len(found(do)) == 20


def changes(do, reference):
    def read():
        with transaction() as session:
            return [
                (row.actor, row.action, row.before, row.after)
                for row in session.query(Audit).filter_by(kind="order", key=reference).order_by(Audit.id)
            ]

    return do(read)


def test_a_change_is_written_down_with_what_differs(do, sites):
    claire = Actor("claire@example.com", "staff", staff=True)
    draft = OrderDraft(reference="A", kind="customer", site="bordeaux", units="3", email="a@example.com")
    do(orders.create, draft, now=NOW, by=claire)
    do(orders.patch, "A", {"units": "4", "site": "lyon", "name": "Ana"}, now=NOW, by=claire)
    do(orders.patch, "A", {"units": "4"}, now=NOW, by=claire)
    [made, changed] = changes(do, "A")
    assert made == (
        "claire@example.com", "created", {},
        {"site": "bordeaux", "kind": "customer", "units": "3", "email": "a@example.com"},
    )  # fmt: skip
    assert changed[2:] == (
        {"site": "bordeaux", "units": "3", "name": ""}, {"site": "lyon", "units": "4", "name": "Ana"},
    )  # fmt: skip


def test_one_order_sent_by_many_at_once_is_one_order(do, sites, processes):
    cards = processes(4, put_at_once)
    assert sorted(cards) == [False, False, False, True]
    assert do(count, Order) == do(count, Customer) == 1


def put_at_once(_number: int) -> bool:
    return orders.put(ORDER, now=datetime(2026, 12, 1, tzinfo=UTC)).new
