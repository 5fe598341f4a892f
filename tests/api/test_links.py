"""What a booking link opens for a program: the order, its slots, and booking for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.extensions import reading
from portal.models import OutboxMessage
from portal.operations import links
from tests import sample
from tests.api.conftest import problem, wrong

START = "2026-12-08T10:00:00+01:00"
TUESDAY = {"from_": "2026-12-08", "to": "2026-12-08"}


def test_a_link_shows_its_order(api, link):
    answer = api.get(f"/links/{link}").json
    assert answer["order"] == {
        "reference": "CMD-1042",
        "kind": "supplier",
        "status": "ready",
        "units": "36 palettes",
        "ship_date": None,
        "delivery_date": None,
    }
    assert answer["customer"]["name"] == "Emballages Vidal"
    assert (answer["site"], answer["timezone"]) == ("bordeaux", "Europe/Paris")
    assert answer["plannings"] == [{"key": "quais", "name": "Planning quais", "slot_minutes": 60, "fields": []}]
    assert answer["appointments"] == []


def test_a_link_shows_the_appointments_of_its_order(api, link):
    made = api.post(f"/links/{link}/appointments", {"start": START}).json
    assert api.get(f"/links/{link}").json["appointments"] == [made]


def test_a_link_lists_slots_within_its_days(api, do, docks):
    do(sample.order)
    link = do(sample.link, first_day=sample.paris("2026-12-08 12:00").date())
    days = {"from_": "2026-12-07", "to": "2026-12-08"}
    assert api.get(f"/links/{link}/slots", **days).json["slots"][0]["start"] == "2026-12-08T08:00:00+01:00"


def test_a_link_books_with_what_the_order_knows(api, link):
    answer = api.post(f"/links/{link}/appointments", {"start": START})
    assert answer.status_code == 201
    assert answer.json["order"] == "CMD-1042"
    assert answer.json["start"] == START
    assert answer.json["customer"] == {
        "email": "achats@example.com",
        "name": "Emballages Vidal",
        "phone": "",
        "locale": "fr",
    }


def test_what_the_order_knows_may_be_repeated_and_completed(api, link):
    customer = {"email": "Achats@Example.com", "name": "Emballages Vidal", "phone": "05 56 00 10 42", "locale": "en"}
    answer = api.post(f"/links/{link}/appointments", {"start": START, "customer": customer, "comment": "12 m"})
    assert answer.json["customer"] == {**customer, "email": "achats@example.com"}
    assert answer.json["comment"] == "12 m"


def test_what_the_order_knows_cannot_be_changed(api, link):
    customer = {"email": "autre@example.com", "name": "Autre"}
    answer = api.post(f"/links/{link}/appointments", {"start": START, "customer": customer})
    assert wrong(answer) == {"customer.email": "locked", "customer.name": "locked"}


def test_what_the_order_does_not_know_is_asked(api, do, docks):
    do(sample.order, "CMD-2", email=None)
    link = do(sample.link, "CMD-2")
    assert wrong(api.post(f"/links/{link}/appointments", {"start": START})) == {"customer.email": "required"}
    given = {"start": START, "customer": {"email": "quai@example.com"}}
    assert api.post(f"/links/{link}/appointments", given).status_code == 201


@pytest.mark.parametrize("name", ["site", "order", "policy", "overbook"])
def test_a_link_takes_nothing_that_is_not_its_own(api, link, name):
    assert wrong(api.post(f"/links/{link}/appointments", {"start": START, name: "x"})) == {name: "unknown_key"}


def test_several_plannings_are_named_until_one_is_chosen(api, do, link):
    do(sample.planning, key="rampe")
    for answer in (
        api.get(f"/links/{link}/slots", **TUESDAY),
        api.post(f"/links/{link}/appointments", {"start": START}),
    ):
        assert wrong(answer) == {"planning": "planning_required"}
        assert [one["key"] for one in answer.json["plannings"]] == ["quais", "rampe"]
    assert api.get(f"/links/{link}/slots", **TUESDAY, planning="rampe").json["slots"]
    made = api.post(f"/links/{link}/appointments", {"start": START, "planning": "rampe"})
    assert made.json["planning"] == "rampe"


def test_a_planning_that_does_not_serve_the_order_is_not_found(api, do, link):
    do(sample.planning, key="rampe", kinds=("customer",))
    assert problem(api.get(f"/links/{link}/slots", **TUESDAY, planning="rampe")) == (404, "not_found")


def calls(api, token):
    yield api.get(f"/links/{token}")
    yield api.get(f"/links/{token}/slots", **TUESDAY)
    yield api.get(f"/links/{token}/slots", from_="never")
    yield api.post(f"/links/{token}/appointments", {"start": START})
    yield api.post(f"/links/{token}/appointments", {"start": "soon"})


def test_unknown_revoked_forged_and_foreign_tokens_look_the_same(api, do, link, booked, now):
    revoked = do(sample.link)
    do(links.revoke, do(links.of_order, do(sample.order_id))[0].id, now=now)
    answers = [
        answer
        for token in (revoked, booked.token, "x", link[:30] + "AAAA" + link[34:], "%00", "é", link + "A")
        for answer in calls(api, token)
    ]
    assert {problem(answer) for answer in answers} == {(404, "link_unknown")}
    assert len({answer.text for answer in answers}) == 1


def test_an_expired_link_says_so_and_no_more(api, do, docks, now):
    do(sample.order)
    link = do(sample.link, expires_at=now - timedelta(seconds=1))
    for answer in calls(api, link):
        assert problem(answer) == (410, "link_expired")
        assert "CMD" not in answer.text


def test_a_link_allows_so_many_appointments(api, do, docks):
    do(sample.order)
    link = do(sample.link, max_active=1)
    assert api.post(f"/links/{link}/appointments", {"start": START}).status_code == 201
    assert problem(api.post(f"/links/{link}/appointments", {"start": START})) == (422, "limit_reached")


def test_a_day_outside_the_link_is_not_open_to_it(api, do, docks):
    do(sample.order)
    link = do(sample.link, last_day=sample.paris("2026-12-07 12:00").date())
    assert problem(api.post(f"/links/{link}/appointments", {"start": START})) == (403, "not_eligible")


def test_a_link_is_read_in_few_statements(api, link, statements):
    for start in ("08:00", "09:00", "10:00"):
        api.post(f"/links/{link}/appointments", {"start": f"2026-12-08T{start}:00+01:00"})
    api.get(f"/links/{link}")
    with statements(at_most=3):
        api.get(f"/links/{link}")
    with statements(at_most=3):
        api.get(f"/links/{link}/slots", **TUESDAY)


# Links to services, made by programs


SERVICE_LINKS = "/services/evaluation/links"


@pytest.fixture
def valuation(do) -> None:
    do(sample.agency, guests=False)


def mails():
    with reading() as session:
        return [(one.kind, one.recipient, one.locale) for one in session.query(OutboxMessage)]


def test_a_link_to_a_service_is_made_once_keeps_to_its_scope_and_is_mailed(api, do, valuation, key):
    wish = {
        "site": "bordeaux",
        "first_day": "2026-12-07",
        "expires_at": "2026-12-18T18:00:00+01:00",
        "max_active": 1,
        "send_to": "Camille@Example.com",
        "locale": "en",
    }
    first, again = (api.post(SERVICE_LINKS, wish, key, once="a") for _time in range(2))
    assert (first.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert first.json == again.json
    assert first.json["expires_at"] == wish["expires_at"]
    token = first.json["url"].rpartition("/")[2]
    opened = api.get(f"/links/{token}").json
    assert (opened["order"], opened["max_active"], opened["first_day"]) == (None, 1, "2026-12-07")
    assert [one["key"] for one in opened["services"]] == ["evaluation"]
    assert do(mails) == [("service_invitation", "camille@example.com", "en")]


def test_a_link_to_a_service_needs_a_site_that_offers_it_and_a_key_for_links(api, do, valuation, key, key_of):
    do(sample.site, key="lyon")
    to, send = {"site": "bordeaux", "send_to": "x"}, {"site": "bordeaux", "send": 1}
    wishes = ({}, {"site": "lyon"}, {"site": "x"}, to, send)
    assert [wrong(api.post(SERVICE_LINKS, wish, key)) for wish in wishes] == [
        {"site": "required"},
        {"site": "unknown_site"},
        {"site": "unknown_site"},
        {"send_to": "email"},
        {"send": "unknown_key"},
    ]
    assert problem(api.post("/services/x/links", {"site": "bordeaux"}, key)) == (404, "not_found")
    assert problem(api.post(SERVICE_LINKS, {"site": "bordeaux"}, key_of("book"))) == (403, "forbidden")
    assert do(mails) == []
