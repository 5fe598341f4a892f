"""The pages of customers: found, kept, handed out, erased."""

from __future__ import annotations

import json
import re

import pytest

from portal.operations import appointments, customers, service_links, services
from portal.operations.actors import GUEST
from portal.operations.wishes import Wish
from tests import sample
from tests.backends import NOW


@pytest.fixture
def vidal(do, docks, now) -> int:
    """Make an order of Emballages Vidal, and give the customer's number."""
    do(sample.order)
    return do(customers.of_address, "achats@example.com").id


def test_nobody_yet_says_where_they_come_from(manager):
    page = manager.get("/admin/customers/").text
    assert "No customer yet." in page
    assert 'href="/admin/add/customer"' in page


def test_the_list_finds_and_leads_to_each(manager, vidal):
    assert f'href="/admin/customers/{vidal}"' in manager.get("/admin/customers/?q=vidal").text
    assert "No customer is like that." in manager.get("/admin/customers/?q=nobody").text


def test_the_list_says_when_somebody_is_expected_next(manager, vidal, do, now):
    do(book_by_link, now)
    page = manager.get("/admin/customers/").text
    assert re.search(r'<time datetime="2026-12-07T09:00:00\+01:00">Monday.* 7 December, 9:00</time>', page)


@pytest.mark.on_both
@pytest.mark.parametrize("query", ["?page=x", "?page=-1", "?page=99999999", "?sort=evil", "?kind=%00", "?invitable=2"])
def test_odd_addresses_show_the_list(manager, vidal, query):
    assert "Emballages Vidal" in manager.get(f"/admin/customers/{query}").text


def test_the_list_costs_the_same_however_many_there_are(manager, vidal, do, now, statements):
    manager.get("/admin/customers/")
    for number in range(20):
        do(customers.create, None, {"name": f"Client {number}"}, now=now)
    with statements(at_most=6):  # the session, the company's name, the count, the page, and two about its lines
        manager.get("/admin/customers/")


def test_a_customers_page_shows_what_is_theirs(manager, vidal, do, now):
    do(sample.booked, "2026-12-07 09:00", now=now)
    page = manager.get(f"/admin/customers/{vidal}").text
    assert 'href="/admin/orders/CMD-1042"' in page
    assert "No appointment to come." in page
    assert "Erase the customer" not in page


def test_a_customer_is_added_and_changed(manager, do, send):
    made = send(manager, "/admin/add/customer", name="Vignobles Martin", email="vin@example.com", phone="")
    page = manager.get(made.location).text
    assert "Vignobles Martin" in page
    assert "The customer is saved." in page
    send(manager, f"{made.location}/edit", phone="05 57 00 00 01")
    assert "05 57 00 00 01" in manager.get(made.location).text


def test_what_was_typed_stays_when_it_is_refused(manager, vidal, send):
    answer = send(manager, "/admin/add/customer", name="Martin", email="achats@example.com")
    assert answer.status_code == 422
    assert "Another customer has this address." in answer.text
    assert 'value="Martin"' in answer.text
    assert "Enter a name or an e-mail address." in send(manager, "/admin/add/customer", name="").text


def test_their_data_come_as_a_file_for_administrators_only(admin, manager, vidal, send):
    file = send(admin, f"/admin/customers/{vidal}", f"/admin/customers/{vidal}/data")
    assert file.headers["Content-Disposition"] == f"attachment; filename=customer-{vidal}.json"
    assert json.loads(file.text)["orders"][0]["reference"] == "CMD-1042"


def test_erasing_asks_once_and_says_what_goes(admin, vidal, do, send):
    assert "1 order stays, without its customer;" in admin.get(f"/admin/customers/{vidal}/erase").text
    answer = send(admin, f"/admin/customers/{vidal}/erase")
    assert answer.location == "/admin/customers/"
    assert "The customer is erased." in admin.get(answer.location).text
    assert admin.get(f"/admin/customers/{vidal}").status_code == 404


def test_who_is_expected_is_not_erased(admin, vidal, do, now):
    do(sample.link)
    do(book_by_link, now)
    page = admin.get(f"/admin/customers/{vidal}/erase").text
    assert "Somebody is still expected" in page
    token = admin.get("/admin/account").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert admin.post(f"/admin/customers/{vidal}/erase", data={"csrf_token": token}).status_code == 409
    assert admin.get(f"/admin/customers/{vidal}").status_code == 200


def book_by_link(now) -> None:
    wish = Wish(sample.paris("2026-12-07 09:00"), sample.contact(), GUEST, token=sample.link())
    appointments.book(wish, now=now)


def test_a_link_to_a_service_is_sent_from_a_customers_page(manager, vidal, do, send):
    do(sample.service, sites=("bordeaux",))
    path = f"/admin/customers/{vidal}/link/"
    assert f'href="{path}"' in manager.get(f"/admin/customers/{vidal}").text
    refused = send(manager, path, last_day="2026-11-01", max_active="2")
    assert (refused.status_code, "This day is over." in refused.text) == (422, True)
    assert 'value="2"' in refused.text
    assert send(manager, path, where="lyon/evaluation").status_code == 422
    assert send(manager, path, max_active="2").location == f"/admin/customers/{vidal}"
    assert "The link is on its way to achats@example.com." in manager.get(f"/admin/customers/{vidal}").text
    (line,) = do(service_links.of_service, do(services.read, "evaluation"), now=NOW)
    assert (line.invitation.recipient, line.link.max_active, line.site.key) == ("achats@example.com", 2, "bordeaux")


def test_who_has_no_address_is_sent_no_link(manager, docks, do, now):
    number = do(customers.create, None, {"name": "Sans adresse"}, now=now).id
    assert "Send a booking link" not in manager.get(f"/admin/customers/{number}").text
    assert manager.get(f"/admin/customers/{number}/link/").status_code == 404
