"""Whose sites end somewhere finds nothing beyond: every route of the staff area, for every role, about another site."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from portal.admin.guard import ADMIN, OPEN, RIGHTS, needed
from portal.extensions import transaction
from portal.models import (
    Absence,
    Appointment,
    Batch,
    Customer,
    FreedPlace,
    Offer,
    OutboxMessage,
    Pool,
    Site,
    User,
    UserSite,
    WaitingEntry,
)
from portal.operations import regions, skills, tokens
from portal.operations.batch_plans import Plan
from tests import sample, staff
from tests.admin.test_guard import VALUES, _csrf, methods, rules

ROLES = ("viewer", "agent", "manager")
FOREIGN = "Bordeaux"
MARKS = (
    *("Bordeaux", "Planning quais", "CMD-1042", "Emballages Vidal", "Chauffeur 7", "achats@example.com"),
    *("Property valuation", "Salle Garonne"),
)
"""What only pages about the foreign site say."""

NOT_OF_A_SITE = {"admin.account.end", "admin.imports.template", "admin.imports.confirm", "admin.imports.discard"}
"""Routes whose parameter names something of one's own, or nothing that belongs anywhere."""


@pytest.fixture
def abroad(do, now) -> dict[str, Any]:
    """Fill Bordeaux with one of everything, and make Lyon, where nothing is; give what fills the addresses."""
    do(sample.docks)
    do(sample.service, name={"en": "Property valuation"})
    do(sample.resource, "quais", "room", name="Salle Garonne", absences=[("2026-12-24T00:00", "2026-12-26T00:00")])
    do(regions.add, "quais", "Gironde", now=now)
    do(skills.add, "quais", {"fr": "Évaluation"}, now=now)
    do(sample.order)
    do(sample.link)
    do(sample.site, key="lyon")
    do(sample.planning, key="bureau", sites=("lyon",))
    booked = do(sample.booked, "2026-12-07 09:00", now=now, number=7)
    return {**VALUES, "public_id": booked.public_id, **do(belongings, booked.public_id, now)}


def belongings(public_id: str, now: Any) -> dict[str, Any]:
    """Give the appointment to the order, queue work about it, and say under which numbers things are found."""
    with transaction() as session:
        session.query(Site).filter_by(key="lyon").one().address = "8 rue de Gerland, 69007 Lyon"
        customer = session.query(Customer).one()
        card = session.query(Appointment).filter_by(public_id=public_id).one()
        card.customer_id = customer.id
        batch = Batch(
            public_id=tokens.new_public_id(),
            kind="cancel",
            site_id=card.site_id,
            wish=Plan("bordeaux", date(2026, 12, 7)).stored(),
            actor="x",
            state="done",
            created_at=now,
        )
        entry = _waiting(session, card, now)
        session.add_all([batch, entry])
        session.flush()
        mail = session.query(OutboxMessage).filter_by(appointment_id=card.id).first()
        return {
            "number": customer.id,
            "batch": batch.public_id,
            "message": mail.id if mail else 1,
            "visit": card.reference,
            "entry": entry.id,
            "absence": session.query(Absence).one().id,
        }


def _waiting(session: Session, card: Appointment, now: datetime) -> WaitingEntry:
    """Let the order's customer wait for a place at Bordeaux, and offer them what the appointment gave back."""
    pool = session.query(Pool).filter_by(site_id=card.site_id, service_id=None).one().id
    interval = {"starts_at": card.starts_at, "ends_at": card.ends_at, "created_at": now}
    place = FreedPlace(
        pool_id=pool, appointment_id=card.id, units=1, cause="moved", state="done", not_before=now, **interval
    )
    session.add(place)
    session.flush()
    offer = Offer(
        public_id=tokens.new_public_id(), freed_id=place.id, appointment_id=card.id, offered_on=date(2026, 12, 1),
        expires_at=card.starts_at, reason={"rank": 1}, **interval,
    )  # fmt: skip
    session.add(offer)
    return WaitingEntry(
        public_id=tokens.new_public_id(), pool_id=pool, email="achats@example.com", locale="fr", created_at=now,
        first_day=date(2026, 12, 7), last_day=date(2026, 12, 7),
    )  # fmt: skip


def limited(app: Flask, role: str) -> FlaskClient:
    """Give the browser of somebody who works for Lyon alone."""
    client = staff.logged_in(app, role, "en")
    with app.app_context(), transaction() as session:
        user = session.query(User).filter_by(role=role).one()
        user.every_site = False
        session.add(UserSite(user_id=user.id, site_id=session.query(Site).filter_by(key="lyon").one().id))
    return client


def values_for(rule: Rule, abroad: dict[str, Any]) -> dict[str, Any]:
    """Fill the parameters of a route with what is Bordeaux's."""
    found = {name: abroad[name] for name in rule.arguments}
    if "/sites/<key>" in rule.rule:
        found["key"] = "bordeaux"
    if rule.endpoint.startswith("admin.absences.") and "number" in found:
        found["number"] = abroad["absence"]
    if "/services/<key>" in rule.rule:
        found["key"] = "evaluation"
    if rule.endpoint.startswith("admin.gate."):
        found["reference"] = abroad["visit"]
    if rule.endpoint.startswith("admin.mails."):
        found["number"] = abroad["message"]
    if rule.endpoint.startswith("admin.waiting."):
        found["number"] = abroad["entry"]
    if rule.endpoint.startswith("admin.batches."):
        found["public_id"] = abroad["batch"]
    return found


def address(app: Flask, rule: Rule, values: dict[str, Any]) -> str:
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(rule.endpoint, values))


def reached(app: Flask, role: str) -> list[tuple[Rule, str]]:
    """List what the role may open at all."""
    with app.app_context():
        return [
            (rule, method)
            for rule in rules(app)
            for method in methods(rule)
            if needed(rule.endpoint, method) in RIGHTS[role] - {ADMIN, OPEN}
        ]


@pytest.mark.parametrize("role", ROLES)
def test_what_belongs_to_another_site_is_not_there(app, role, abroad, no_writes):
    client = limited(app, role)
    token = _csrf(client)
    wrong = []
    for rule, method in reached(app, role):
        if rule.arguments <= {"format"} or rule.endpoint in NOT_OF_A_SITE:
            continue
        where = address(app, rule, values_for(rule, abroad))
        with no_writes():
            answer = client.open(where, method=method, data={"csrf_token": token, "save": "1"})
        if answer.status_code != 404:
            wrong.append(f"{method} {rule.rule}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ROLES)
def test_lists_choices_and_filters_know_nothing_of_another_site(app, role, abroad, no_writes):
    client = limited(app, role)
    asked = {
        "site": "bordeaux",
        "planning": "quais",
        "day": "2026-12-07",
        "from": "2026-12-01",
        "order": "CMD-1042",
        "customer": abroad["number"],
        "start": "2026-12-07T10:00:00+01:00",
    }
    told = []
    for rule, method in reached(app, role):
        if not rule.arguments <= {"format"} or method != "GET" or rule.endpoint in NOT_OF_A_SITE:
            continue
        path = address(app, rule, dict.fromkeys(rule.arguments, "csv"))
        for query in ("", f"?{urlencode(asked)}"):
            with no_writes():
                answer = client.get(path + query)
            assert answer.status_code in (200, 303, 404, 422), f"{rule.rule}{query}: {answer.status_code}"
            page = answer.get_data(as_text=True).replace(urlencode({"order": "CMD-1042"}), "")
            shown = [mark for mark in MARKS if mark in page]
            if shown:
                told.append(f"{rule.rule}{query}: {shown}")
    assert not told, "\n".join(told)


@pytest.mark.parametrize("role", ROLES)
def test_ones_own_site_is_there(app, role, abroad):
    client = limited(app, role)
    assert "Lyon" in client.get("/admin/sites/").text
    assert client.get("/admin/plannings/bureau").status_code == 200


def test_there_are_routes_to_try(app):
    assert len([rule for rule, _ in reached(app, "manager") if rule.arguments]) > 20
