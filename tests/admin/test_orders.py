"""Orders and their links in the staff area."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.extensions import transaction
from portal.models import Site, User, UserSite
from portal.operations import links, order_pages, orders, usage
from portal.operations.orders import OrderDraft
from tests import sample, staff
from tests.admin.conftest import form_of

ORDER = "/admin/orders/CMD-1042"
LINKS = f"{ORDER}/links/"


@pytest.fixture
def order(do, docks):
    do(sample.order)


@pytest.fixture
def sheet(do, now):
    return lambda reference="CMD-1042": do(order_pages.sheet, reference, now=now)


def make(do, now, count, **fields):
    for number in range(count):
        draft = {"reference": f"CMD-{number}", "kind": "customer", "site": "bordeaux", **fields}
        do(orders.put, OrderDraft(**draft), now=now)


def addresses(page):
    return re.findall(r'<input id="url-\d+" value="([^"]+)"', page.text)


# The list


def test_the_first_order_is_offered_where_there_is_none(manager, docks):
    assert "No order yet" in manager.get("/admin/orders/").text


def test_the_list_says_who_what_and_when_next(manager, do, now, order):
    do(sample.booked, "2026-12-08 08:30", now=now, token=do(sample.link), site=None, planning=None)
    text = manager.get("/admin/orders/").text
    for shown in ("CMD-1042", "Emballages Vidal", "36 palettes", "Tuesday 8 December", "8:30"):
        assert shown in text


@pytest.mark.on_both
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=emballages", {"CMD-1042"}),
        ("q=nobody", set()),
        ("kind=customer", {"B-1"}),
        ("kind=wrong", {"CMD-1042", "B-1"}),
        ("status=ready", {"CMD-1042"}),
        ("invitable=no", {"B-1"}),
        ("site=bordeaux&invitable=yes", {"CMD-1042"}),
        ("page=x&sort=wrong.down", {"CMD-1042", "B-1"}),
        ("q=%00", {"CMD-1042", "B-1"}),
    ],
)
def test_filters_live_in_the_address(manager, do, now, order, query, found):
    do(orders.put, OrderDraft(reference="B-1", kind="customer", site="bordeaux", name="Bois"), now=now)
    text = manager.get(f"/admin/orders/?{query}").text
    assert {reference for reference in ("CMD-1042", "B-1") if f"/admin/orders/{reference}" in text} == found


def test_nothing_found_leads_back_to_everything(manager, order):
    text = manager.get("/admin/orders/?q=nobody").text
    assert "No order is like that" in text
    assert 'value="nobody"' in text


def test_a_long_list_is_turned_page_by_page(manager, do, now, docks):
    make(do, now, 51)
    first = manager.get("/admin/orders/?kind=customer")
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert '/admin/orders/CMD-0"' not in first.text
    second = manager.get(older[1].replace("&amp;", "&"))
    assert '/admin/orders/CMD-0"' in second.text
    assert 'rel="next"' not in second.text
    assert 'rel="prev"' in second.text


def test_a_long_list_asks_no_more_than_a_short_one(manager, do, now, order, statements):
    manager.get("/admin/orders/")
    with statements(at_most=9) as short:
        manager.get("/admin/orders/")
    make(do, now, 40, name="Bois", email="bois@example.com")
    with statements() as long:
        manager.get("/admin/orders/")
    assert len(long) == len(short)


# Made and changed


def test_an_order_is_made(manager, do, docks, send):
    made = send(
        manager, "/admin/add/order", reference="A/B 7", kind="supplier", site="bordeaux", email=" Vidal@Example.com ",
        name="Vidal", units="3",
    )  # fmt: skip
    assert urlsplit(made.location).path == "/admin/orders/A%252FB%207"
    assert "A/B 7" in manager.get(made.location).text
    assert do(orders.get, "A/B 7").email == "vidal@example.com"


@pytest.mark.parametrize("reference", ["..", "100 %", "a/links", "é?#", "new", "\\x", "//"])
def test_any_reference_has_its_page(manager, do, now, docks, send, reference):
    made = send(manager, "/admin/add/order", reference=reference, site="bordeaux", kind="customer")
    assert manager.get(made.location).status_code == 200
    assert send(manager, f"{made.location}/edit", _action=None, units="7").status_code == 303
    assert do(orders.get, reference).units == "7"


def test_a_reference_is_given_once(manager, order, send, do):
    refused = send(manager, "/admin/add/order", reference="CMD-1042", site="bordeaux", kind="customer", name="Other")
    assert refused.status_code == 422
    assert "Another order has this reference" in refused.text
    assert form_of(refused, "/admin/add/order")["name"] == ["Other"]
    assert do(orders.get, "CMD-1042").name == "Emballages Vidal"


def test_what_was_typed_wrongly_is_kept_and_named(manager, docks, send):
    refused = send(manager, "/admin/add/order", reference="", email="wrong@", site="bordeaux", units="3 palettes")
    assert refused.status_code == 422
    assert "<title>Error" in refused.text
    assert {"#reference", "#email"} <= set(re.findall(r'href="(#\w+)"', refused.text))
    assert form_of(refused, "/admin/add/order")["units"] == ["3 palettes"]


def test_an_unknown_site_is_refused(manager, order, send):
    assert send(manager, f"{ORDER}/edit", site="nowhere").status_code == 422


def test_an_order_is_changed_with_its_customer(manager, do, order, send):
    assert send(manager, f"{ORDER}/edit", status="parti", email="quai@vidal.example").location == ORDER
    card = do(orders.get, "CMD-1042")
    assert (card.status, card.email, card.units) == ("parti", "quai@vidal.example", "36 palettes")


# Its page


def test_an_unknown_order_is_not_found(manager, docks):
    for path in ("", "/edit", "/links/1/revoke"):
        assert manager.get(f"/admin/orders/nothing{path}").status_code == 404


def test_the_page_lists_appointments_past_and_to_come(manager, do, now, clock, order):
    token = do(sample.link)
    for start in ("2026-12-02 09:00", "2026-12-08 08:30"):
        do(sample.booked, start, now=now, token=token, site=None, planning=None)
    clock.ahead(days=3)
    text = manager.get(ORDER).text
    assert text.index("Tuesday 8 December 2026") < text.index("Wednesday 2 December 2026")


def test_the_page_asks_a_fixed_number_of_questions(manager, do, now, order, statements):
    token = do(sample.link)
    do(sample.booked, "2026-12-02 09:00", now=now, token=token, site=None, planning=None)
    manager.get(ORDER)
    with statements(at_most=10) as few:
        manager.get(ORDER)
    for hour in range(8, 12):
        do(sample.booked, f"2026-12-03 {hour:02}:00", now=now, token=token, site=None, planning=None)
        do(links.create, "CMD-1042", now=now, send=True)
    with statements() as many:
        manager.get(ORDER)
    assert len(many) == len(few)


# Links


def test_one_button_makes_a_link_and_sends_it(manager, app, do, now, order, send, sheet):
    sent = send(manager, ORDER, LINKS, send="1")
    assert sent.location == f"{ORDER}#links"
    page = manager.get(ORDER)
    assert "The link is on its way to achats@example.com" in page.text
    [line] = sheet().links
    assert (line.invitation.recipient, line.invitation.kind) == ("achats@example.com", "booking_invitation")
    [address] = addresses(page)
    assert app.test_client().get(urlsplit(address).path).status_code == 200


def test_a_double_click_makes_one_link(manager, order, sheet):
    given = form_of(manager.get(ORDER), LINKS)
    for _ in range(2):
        assert manager.post(LINKS, data={**given, "send": "1"}).status_code == 303
    assert len(sheet().links) == 1


def test_a_link_is_made_with_limits_and_not_sent(manager, order, send, sheet):
    send(
        manager, ORDER, LINKS, make="1", first_day="2026-12-07", last_day="2026-12-11", expires="2026-12-10",
        max_active="2",
    )  # fmt: skip
    [line] = sheet().links
    assert (line.link.first_day.isoformat(), line.link.max_active, line.invitation) == ("2026-12-07", 2, None)
    assert line.link.expires_at.isoformat() == "2026-12-10T23:00:00+00:00"
    text = manager.get(ORDER).text
    assert "to be used by Thursday 10 December 2026" in text
    assert "at most 2 appointments to come" in text


@pytest.mark.parametrize(
    ("field", "typed"),
    [("last_day", "2026-11-30"), ("expires", "2026-11-30"), ("max_active", "0"), ("first_day", "soon")],
)
def test_a_link_that_would_open_nothing_is_refused_beside_its_field(manager, order, send, sheet, field, typed):
    refused = send(manager, ORDER, LINKS, send="1", **{field: typed})
    assert refused.status_code == 422
    assert f'href="#{field}"' in refused.text
    assert form_of(refused, LINKS)[field] == [typed]
    assert sheet().links == []


def test_days_that_end_before_they_begin_are_refused(manager, order, send):
    refused = send(manager, ORDER, LINKS, make="1", first_day="2026-12-11", last_day="2026-12-07")
    assert "The last day comes before the first" in refused.text


def test_without_an_address_the_page_says_what_to_do(manager, do, docks, send, sheet):
    do(sample.order, email=None)
    page = manager.get(ORDER)
    assert "Not invitable" in page.text
    assert f"{ORDER}/edit#email" in page.text
    assert "Create and send a link" not in page.text
    assert send(manager, ORDER, LINKS, send="1").status_code == 422
    assert send(manager, ORDER, LINKS, make="1").status_code == 303
    assert [line.invitation for line in sheet().links] == [None]


def test_a_link_is_sent_again(manager, do, now, order, send, sheet):
    do(links.create, "CMD-1042", now=now, send=True)
    number = sheet().links[0].link.id
    before = sheet().links[0].invitation.id
    assert send(manager, ORDER, f"{LINKS}{number}/send").status_code == 303
    assert sheet().links[0].invitation.id != before


def test_a_link_is_revoked_after_being_asked_once(manager, app, do, now, order, send, sheet):
    token = do(links.create, "CMD-1042", now=now).token
    number = sheet().links[0].link.id
    assert manager.get(f"{LINKS}{number}/revoke").status_code == 200
    assert app.test_client().get(f"/b/{token}").status_code == 200
    send(manager, f"{LINKS}{number}/revoke")
    assert app.test_client().get(f"/b/{token}").status_code == 404
    page = manager.get(ORDER)
    assert "Revoked" in page.text
    assert addresses(page) == []
    assert manager.get(f"{LINKS}{number}/revoke").location == f"{ORDER}#links"


def test_a_link_of_another_order_is_not_found(manager, do, now, order, sheet):
    do(sample.order, "CMD-2")
    do(links.create, "CMD-2", now=now)
    number = sheet("CMD-2").links[0].link.id
    assert manager.get(f"{LINKS}{number}/revoke").status_code == 404


def test_an_expired_link_says_so_and_is_not_sent(manager, do, now, clock, order):
    do(links.create, "CMD-1042", now=now, scope=links.Scope(expires_at=now + timedelta(days=1)))
    clock.ahead(days=2)
    page = manager.get(ORDER)
    assert "Expired link" in page.text
    assert "/send" not in page.text


# Roles


def test_a_viewer_reads_and_gets_no_address_to_book_with(viewer, do, now, order):
    do(links.create, "CMD-1042", now=now)
    page = viewer.get(ORDER)
    assert page.status_code == 200
    assert addresses(page) == []
    assert "/b/" not in page.text


@pytest.mark.parametrize("path", ["/admin/add/order", f"{ORDER}/edit"])
def test_only_managers_change_orders(agent, order, path):
    assert agent.get(path).status_code == 404


def test_an_agent_makes_no_link(agent, order, sheet):
    page = agent.get(ORDER)
    assert LINKS not in page.text
    assert agent.post(LINKS, data={**form_of(page, "/admin/language"), "send": "1"}).status_code == 404
    assert sheet().links == []


def test_a_form_without_its_token_changes_nothing(manager, order, sheet):
    assert manager.post(LINKS, data={"send": "1"}).status_code == 400
    assert sheet().links == []


def test_a_reference_with_a_slash_survives_a_change_of_language_and_a_login(app, manager, do, now, docks, send):
    do(orders.put, OrderDraft(reference="A/B 7", kind="customer", site="bordeaux"), now=now)
    address = "/admin/orders/A%252FB%207"
    changed = send(manager, f"{address}?x=%C3%A9", "/admin/language", locale="fr")
    assert changed.location == f"{address}?x=%C3%A9"
    assert "A/B 7" in manager.get(changed.location).text
    asked = app.test_client().get(address)
    assert parse_qs(urlsplit(asked.location).query)["next"] == [address]


# Dates


def test_dates_are_typed_shown_and_kept_on_the_clock_of_the_site(manager, do, order, send):
    send(
        manager, f"{ORDER}/edit", ship_date="2026-12-15", ship_date_hour="14:30", delivery_date="2026-12-16",
        delivery_date_hour="",
    )  # fmt: skip
    card = do(orders.get, "CMD-1042")
    assert (card.ship_date.isoformat(), card.delivery_date.isoformat()) == (
        "2026-12-15T13:30:00+00:00", "2026-12-15T23:00:00+00:00",
    )  # fmt: skip
    text = manager.get(ORDER).text
    assert "Tuesday 15 December 2026, " in text
    assert "Wednesday 16 December 2026</time>" in text
    assert "Tuesday 15 December" in manager.get("/admin/orders/").text
    given = form_of(manager.get(f"{ORDER}/edit"), f"{ORDER}/edit")
    assert (given["ship_date"], given["ship_date_hour"], given["delivery_date_hour"]) == (
        ["2026-12-15"],
        ["14:30"],
        [""],
    )
    send(manager, f"{ORDER}/edit", ship_date="", ship_date_hour="")
    assert do(orders.get, "CMD-1042").ship_date is None


@pytest.mark.parametrize("typed", ["soon", "0001-01-01", "31/12/2026"])
def test_a_date_that_is_none_is_refused_beside_its_field(manager, order, send, typed):
    refused = send(manager, f"{ORDER}/edit", ship_date=typed)
    assert refused.status_code == 422
    assert 'href="#ship_date"' in refused.text


# Sorted, exported, and those that cannot be invited


def test_heads_and_a_choice_sort_the_list(manager, do, now, docks):
    for reference, name in (("B", "Zinc"), ("A", "Acier")):
        do(orders.put, OrderDraft(reference=reference, kind="customer", site="bordeaux", name=name), now=now)
    first = manager.get("/admin/orders/?sort=customer.up").text
    assert first.index("Acier") < first.index("Zinc")
    assert 'aria-sort="ascending"' in first
    assert "sort=customer.down" in first
    other = manager.get("/admin/orders/?sort=customer.down").text
    assert other.index("Zinc") < other.index("Acier")


def test_exactly_what_is_filtered_is_exported(manager, do, now, order):
    make(do, now, 60, name="=1+1")
    sent = manager.get("/admin/export/orders/csv?kind=customer&sort=reference.up")
    lines = list(csv.reader(io.StringIO(sent.get_data().decode("utf-8-sig"))))
    assert len(lines) == 61
    assert lines[1][0] == "CMD-0"
    assert lines[1][7] == "'=1+1"
    assert "CMD-1042" not in sent.get_data(as_text=True)
    assert manager.get("/admin/export/orders/xlsx").mimetype.endswith("sheet")


def test_those_who_cannot_be_invited_are_counted_and_listed_with_what_to_do(manager, do, now, order):
    do(orders.put, OrderDraft(reference="B", kind="customer", site="bordeaux", name="Paul", phone="05 56"), now=now)
    assert "1 order cannot be invited" in manager.get("/admin/orders/").text
    text = manager.get("/admin/not-invitable/").text
    for shown in ("Paul", 'href="tel:0556"', "/admin/orders/B/edit#email", "/admin/add/appointment/?order=B"):
        assert shown in text
    assert "CMD-1042" not in text
    assert "No order is like that" in manager.get("/admin/not-invitable/?q=nobody").text
    do(orders.patch, "B", {"email": "paul@example.com"}, now=now)
    assert "all can be invited" in manager.get("/admin/not-invitable/").text
    assert "cannot be invited" not in manager.get("/admin/orders/").text


# Links in use


def test_a_link_shows_when_it_was_opened_last(manager, app, do, now, clock, order):
    do(usage.write)  # what other tests of this process have noted
    token = do(links.create, "CMD-1042", now=now).token
    assert "Never opened so far" in manager.get(ORDER).text
    clock.ahead(hours=2)
    app.test_client().get(f"/b/{token}", headers={"User-Agent": "LinkScan preview bot"})
    do(usage.write)
    assert "Never opened so far" in manager.get(ORDER).text
    app.test_client().get(f"/b/{token}")
    do(usage.write)
    assert "Last opened on Tuesday 1 December 2026 at 11:00" in manager.get(ORDER).text


def test_a_link_has_a_code_to_scan(manager, agent, viewer, do, now, order, sheet):
    token = do(links.create, "CMD-1042", now=now).token
    number = sheet().links[0].link.id
    for client in (manager, agent):
        page = client.get(f"{LINKS}{number}/code")
        assert '<svg role="img"' in page.text
        assert f"/b/{token}" in page.text
    assert viewer.get(f"{LINKS}{number}/code").status_code == 404
    do(links.revoke, number, now=now)
    assert manager.get(f"{LINKS}{number}/code").status_code == 404


# Other sites


@pytest.fixture
def foreign(do, now, docks):
    """Make an order with a link at Lyon, and give a browser of somebody who works at Bordeaux alone."""
    do(sample.site, key="lyon")
    do(orders.put, OrderDraft(reference="LYON", kind="customer", site="lyon", name="Rhône", status="far"), now=now)
    do(links.create, "LYON", now=now)
    return do(links.of_order, do(sample.order_id, "LYON"))[0].id


def test_an_order_of_another_site_is_nowhere(app, do, foreign):
    client = staff.logged_in(app, "manager", "en")
    do(bordeaux_only)
    for path in ("", "/edit", f"/links/{foreign}/revoke", f"/links/{foreign}/code"):
        assert client.get(f"/admin/orders/LYON{path}").status_code == 404
    given = form_of(client.get("/admin/orders/"), "/admin/language")
    for path in ("/edit", "/links/", f"/links/{foreign}/send", f"/links/{foreign}/revoke"):
        assert client.post(f"/admin/orders/LYON{path}", data={**given, "send": "1"}).status_code == 404
    for path in ("/admin/orders/", "/admin/not-invitable/", "/admin/export/orders/csv", "/admin/add/order"):
        text = client.get(path).text
        assert not [word for word in ("Rhône", "Lyon", "far<") if word in text], path
    assert (
        client.post(
            "/admin/add/order", data={**given, "reference": "N", "kind": "customer", "site": "lyon"}
        ).status_code
        == 422
    )


def bordeaux_only() -> None:
    with transaction() as session:
        user = session.query(User).one()
        user.every_site = False
        session.add(UserSite(user_id=user.id, site_id=session.query(Site).filter_by(key="bordeaux").one().id))
