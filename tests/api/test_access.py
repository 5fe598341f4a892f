"""Who may book by the API: patterns answer openly, who is a customer is told to nobody, addresses are confirmed."""

from __future__ import annotations

import pytest

from portal.extensions import reading
from portal.models import Appointment, Continuation, OutboxMessage
from tests import sample
from tests.api.conftest import problem, wish

KNOWN, STRANGER = "achats@example.com", "inconnu@example.com"


def of(email):
    return wish(customer={"email": email, "name": "Jean Petit", "phone": "0556001042"})


def rows(model):
    with reading() as session:
        return session.query(model).order_by(model.id).all()


@pytest.fixture
def customers_only(do):
    do(sample.docks, policy={"who": "existing"})
    do(sample.order, email=KNOWN)


@pytest.fixture
def to_confirm(do):
    do(sample.docks, policy={"confirm_by_mail": 15})


def test_customer_and_stranger_get_the_same_bytes_for_the_same_statements(api, do, customers_only, statements):
    api.post("/appointments", of("first@example.com"))
    seen = []
    for email in (KNOWN, STRANGER):
        with statements() as asked:
            answer = api.post("/appointments", of(email))
        headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-Id", "Date")}
        seen.append((answer.status_code, answer.data, headers, asked))
    assert seen[0] == seen[1]
    assert (seen[0][0], seen[0][1]) == (202, b'{"status":"check_mail"}')
    assert not any("customer" in statement.lower().replace("customer_id", "") for statement in seen[0][3])


def test_nothing_is_booked_and_every_address_has_its_mail(api, do, customers_only):
    for email in (KNOWN, STRANGER):
        api.post("/appointments", of(email))
    assert do(rows, Appointment) == []
    assert [row.email for row in do(rows, Continuation)] == [KNOWN, STRANGER]
    assert [(row.kind, row.recipient) for row in do(rows, OutboxMessage)] == [
        ("continuation", KNOWN),
        ("continuation", STRANGER),
    ]


@pytest.mark.parametrize("start", ["2026-12-08T10:15:00+01:00", "2026-12-06T10:00:00+01:00", "2020-01-01T10:00:00Z"])
def test_a_start_that_is_not_offered_is_answered_alike(api, customers_only, start):
    assert api.post("/appointments", wish(start)).json == {"status": "check_mail"}


def test_a_key_by_the_public_rules_learns_no_more(api, customers_only, key_of):
    body = {**of(KNOWN), "policy": "public"}
    assert api.post("/appointments", body, key_of("book")).status_code == 202


def test_a_key_books_as_staff(api, customers_only, key_of):
    assert api.post("/appointments", of(STRANGER), key_of("book")).status_code == 201


def test_a_link_books_at_once(api, do, customers_only):
    answer = api.post(f"/links/{do(sample.link)}/appointments", {"start": wish()["start"], "customer": {}})
    assert answer.status_code == 201


def test_the_same_request_sent_again_is_answered_again(api, do, customers_only):
    first = api.post("/appointments", of(KNOWN), once="k")
    again = api.post("/appointments", of(KNOWN), once="k")
    assert (first.data, again.data) == (again.data, b'{"status":"check_mail"}')
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(do(rows, Continuation)) == 1
    assert problem(api.post("/appointments", of(STRANGER), once="k")) == (422, "invalid")


def test_patterns_answer_openly(api, do):
    do(sample.docks, policy={"email_patterns": ["*@acme.fr"], "who": "existing"})
    assert problem(api.post("/appointments", of(KNOWN))) == (403, "not_eligible")
    assert api.post("/appointments", of("achats@acme.fr")).status_code == 202


def test_an_unknown_planning_is_not_there(api, customers_only):
    assert problem(api.post("/appointments", {**of(KNOWN), "planning": "nowhere"})) == (404, "not_found")


def test_an_address_to_be_confirmed_gets_its_mail(api, do, to_confirm):
    answer = api.post("/appointments", of(STRANGER), once="k")
    assert (answer.status_code, answer.json) == (202, {"status": "check_mail"})
    again = api.post("/appointments", of(STRANGER), once="k")
    assert (again.status_code, again.json) == (202, {"status": "check_mail"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert [row.kind for row in do(rows, OutboxMessage)] == ["confirm_address"]


def test_what_is_only_held_is_in_no_answer(api, do, to_confirm, key):
    api.post("/appointments", of(STRANGER))
    [row] = do(rows, Appointment)
    assert api.get("/appointments", key).json["appointments"] == []
    assert api.get("/appointments", key, status="held").json["appointments"] == []
    assert api.get("/events", key).json["events"] == []
    assert problem(api.get(f"/appointments/{row.public_id}", key)) == (404, "not_found")
    for act in ("cancel", "arrive", "no-show", "complete"):
        assert problem(api.post(f"/appointments/{row.public_id}/{act}", {}, key)) == (404, "not_found")
    move = {"start": "2026-12-08T11:00:00+01:00"}
    assert problem(api.post(f"/appointments/{row.public_id}/reschedule", move, key)) == (404, "not_found")
    assert problem(api.patch(f"/appointments/{row.public_id}", {"comment": "x"}, key)) == (404, "not_found")
