"""A booking link to a service at a site: its holder books that service, sees what was booked with it, and no more."""

from __future__ import annotations

import re
from datetime import date

import pytest

from portal.domain.errors import NotFound
from portal.extensions import transaction
from portal.models import Service
from portal.operations import links, service_links, services
from portal.operations.links import Scope
from tests import sample
from tests.booking import pages
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
START = "2026-12-07T09:00:00+01:00"


@pytest.fixture
def agency(do) -> None:
    do(sample.agency, guests=False)
    do(sample.service, "visite", name={"fr": "Visite", "en": "Viewing"})


def link(do, **scope) -> str:
    return do(service_links.create, "evaluation", "bordeaux", now=NOW, scope=Scope(**scope)).token


def book(portal, token: str, start: str = START, **changed: str):
    page = portal.open(f"/b/{token}/details?start={start.replace('+', '%2B')}&lang=en")
    return page.send(**{"name": "Camille Roux", "email": "camille@example.com", **changed})


def words(response) -> str:
    return re.sub(r"(?:<[^>]*>|\s)+", " ", response.text)


def test_the_page_names_the_service_and_its_site_and_shows_free_days(client, agency, do):
    page = client.get(f"/b/{link(do)}?lang=en&day=2026-12-07")
    text = words(page)
    assert "<title>Property valuation, your appointments" in page.text
    assert "Bordeaux" in text
    assert "Order" not in text
    assert "Viewing" not in text
    assert f"start={START.replace('+', '%2B')}" in page.text
    assert "Set-Cookie" not in page.headers


def test_its_holder_says_who_they_are_and_books(client, portal, agency, do):
    token = link(do)
    nameless = book(portal, token, name="", email="")
    assert nameless.status == 422
    made = book(portal, token)
    assert made.status == 303
    page = words(client.get(f"/b/{token}?lang=en"))
    assert "Your appointments" in page
    assert "Monday 7 December" in page
    card, having = pages.made_by(do, made)
    assert (card.name, card.item.key, card.order) == ("Camille Roux", "evaluation", None)
    assert having.people == ("Jean",)


def test_each_link_shows_its_own_appointments_only(client, portal, agency, do):
    mine, other = link(do), link(do)
    assert book(portal, mine).status == 303
    assert "Monday 7 December" not in words(client.get(f"/b/{other}?lang=en&month=2027-01"))


def test_nothing_else_can_be_booked_with_it(client, agency, do):
    token = link(do)
    for query in ("service=visite", "planning=bureau"):
        assert client.get(f"/b/{token}?{query}").status_code == 404
        path = f"/b/{token}/details?start={START.replace('+', '%2B')}&{query}"
        assert client.get(path).status_code == 404
        assert client.post(path, data={"name": "x", "email": "a@example.com"}).status_code == 404


def test_days_and_the_number_of_appointments_are_bounded(client, portal, agency, do):
    token = link(do, first_day=date(2026, 12, 8), last_day=date(2026, 12, 9), max_active=1)
    outside = portal.open(f"/b/{token}/details?start={START.replace('+', '%2B')}&lang=en")
    assert outside.status == 409
    assert "It books from Tuesday 8 December 2026 to Wednesday 9 December 2026." in words(outside)
    assert book(portal, token, "2026-12-08T09:00:00+01:00").status == 303
    full = client.get(f"/b/{token}?lang=en")
    assert "This link allows 1 appointments to come" in words(full)
    assert book(portal, token, "2026-12-09T09:00:00+01:00").status == 422


def test_expired_and_revoked_links_say_so_or_nothing(client, agency, do):
    before = paris("2026-11-01 08:00")
    expired = do(
        service_links.create, "evaluation", "bordeaux", now=before, scope=Scope(expires_at=paris("2026-11-02 08:00"))
    ).token
    assert client.get(f"/b/{expired}").status_code == 410
    token = link(do)
    sheet = do(services.read, "evaluation")
    (newest, _older) = do(service_links.of_service, sheet, now=NOW)
    do(service_links.revoke, "evaluation", newest.link.id, now=NOW)
    assert client.get(f"/b/{token}").status_code == 404


def test_a_service_that_is_offered_there_no_more_says_whom_to_call(client, agency, do):
    token = link(do)

    def retire() -> None:
        with transaction() as session:
            session.query(Service).filter_by(key="evaluation").one().active = False

    do(retire)
    text = words(client.get(f"/b/{token}?lang=en"))
    assert "This cannot be booked online at the moment. Call us:" in text


def test_programs_use_it_too(client, agency, do):
    token = link(do)
    found = client.get(f"/api/v1/links/{token}").json
    assert (found["order"], found["site"]) == (None, "bordeaux")
    assert [one["key"] for one in found["services"]] == ["evaluation"]
    slots = client.get(f"/api/v1/links/{token}/slots?from=2026-12-07&to=2026-12-07").json["slots"]
    assert slots[0]["start"] == START
    sent = {"start": START, "customer": {"email": "camille@example.com", "name": "Camille Roux"}}
    assert client.post(f"/api/v1/links/{token}/appointments", json=sent).status_code == 201
    assert [one["start"] for one in client.get(f"/api/v1/links/{token}").json["appointments"]] == [START]


def test_order_links_do_not_open_what_is_a_service_s(agency, do):
    do(service_links.create, "evaluation", "bordeaux", now=NOW)
    sheet = do(services.read, "evaluation")
    (made,) = do(service_links.of_service, sheet, now=NOW)
    with pytest.raises(NotFound):
        do(links.resend, made.link.id, now=NOW)
    with pytest.raises(NotFound):
        do(service_links.revoke, "visite", made.link.id, now=NOW)
    assert do(service_links.read, sheet, made.link.id, now=NOW).link.revoked_at is None


def test_an_older_link_than_the_list_shows_is_found_by_its_number(agency, do, monkeypatch):
    monkeypatch.setattr(service_links, "MOST_LISTED", 1)
    oldest = do(service_links.create, "evaluation", "bordeaux", now=NOW).token
    do(service_links.create, "evaluation", "bordeaux", now=NOW)
    sheet = do(services.read, "evaluation")
    (newest,) = do(service_links.of_service, sheet, now=NOW)
    assert newest.link.token != oldest
    assert do(service_links.read, sheet, newest.link.id - 1, now=NOW).link.token == oldest
