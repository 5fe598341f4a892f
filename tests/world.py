"""A small portal with one of everything, and a token of every kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from portal.domain.zones import parse_instant
from portal.extensions import reading, transaction
from portal.models import Appointment, Continuation, Link, Offer, Pool, Resource, ResourceSite, Site, WaitingEntry
from portal.operations import (
    answerers,
    appointments,
    cards,
    continuations,
    feeds,
    holds,
    keys,
    links,
    offers,
    service_links,
    tokens,
    transfer,
    users,
    waiting,
)
from portal.operations.actors import CUSTOMER, GUEST, SYSTEM
from portal.operations.continuations import Request
from portal.operations.holds import Place
from portal.operations.wishes import Contact, Wish

CONFIGURATION = """
organisation: {name: Dupont Logistique, locale: fr, timezone: Europe/Paris}
sites:
  - {key: bordeaux, name: Bordeaux, timezone: Europe/Paris, address: 12 quai des Chartrons, email: quai@example.com}
plannings:
  - key: quais
    name: Quais
    timezone: Europe/Paris
    sites: [bordeaux]
    kinds: [customer]
    guests: true
    versions:
      - from: null
        week:
          mon: [{start: "08:00", end: "12:00", slots: 6}]
          tue: [{start: "08:00", end: "12:00", slots: 6}]
  - key: rampe
    name: Rampe
    timezone: Europe/Paris
    sites: [bordeaux]
    kinds: []
    guests: true
    policy: {validation: manager}
    versions: [{from: null, week: {mon: [{start: "08:00", end: "12:00", slots: 6}]}}]
  - key: accueil
    name: Accueil
    timezone: Europe/Paris
    sites: [bordeaux]
    kinds: []
    guests: true
    policy: {hold: 10, confirm_by_mail: 15}
    versions: [{from: null, week: {mon: [{start: "08:00", end: "12:00", slots: 6}]}}]
  - key: liste
    name: Liste
    timezone: Europe/Paris
    sites: [bordeaux]
    kinds: []
    guests: true
    policy: {waiting_list: true}
    versions:
      - from: null
        week:
          mon: [{start: "08:00", end: "09:00", slots: 1}]
resources:
  - {key: jean, kind: staff, name: Jean Martin, sites: [bordeaux], plannings: [quais]}
  - {key: lea, kind: staff, name: Léa Petit, email: lea@example.com, sites: [bordeaux], plannings: [quais]}
services:
  - {key: evaluation, name: {fr: Évaluation}, sites: [bordeaux], minutes: 60, step: 30, requires: [{kind: staff}]}
  - key: avis
    name: {fr: Avis}
    sites: [bordeaux]
    minutes: 60
    step: 30
    requires: [{kind: staff}]
    policy: {validation: staff}
customers: [{email: achats@example.com, name: Achats Vidal, kind: customer, locale: fr}]
orders: [{reference: CMD-1001, kind: customer, site: bordeaux, customer: achats@example.com, status: ready}]
"""
MONDAY, TUESDAY = "2026-12-07", "2026-12-08"
EIGHT, TEN = f"{MONDAY}T08:00:00+01:00", f"{MONDAY}T10:00:00+01:00"
NEXT_EIGHT, NEXT_TEN = "2026-12-14T08:00:00+01:00", "2026-12-14T10:00:00+01:00"
PASSWORD = "un long mot de passe, vraiment"
PEOPLE = (
    "achats@example.com",
    "visiteur@example.com",
    "chef@example.com",
    "Camille Visiteur",
    "Achats Vidal",
    "0601020304",
)


@dataclass
class World:
    """What was made: ``tokens`` by kind, those that open something and those that open nothing."""

    app: Flask
    key: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    values: dict[str, str | int] = field(default_factory=dict)

    @property
    def secrets(self) -> list[str]:
        """Everything that nobody else may read."""
        settings = self.app.config["SETTINGS"]
        return [self.key, settings.secret_key, *settings.link_keys, *self.tokens.values(), PASSWORD]

    def urls(self, rule: Rule) -> list[str]:
        """Build every address of a route: each token in turn, and what the other arguments stand for here."""
        choices = self.tokens.values() if "token" in rule.arguments else [None]
        found = []
        with self.app.test_request_context():
            for token in choices:
                names = {name: self._value(rule, name) for name in rule.arguments - {"token"}}
                built = self.app.url_map.bind("localhost").build(rule.endpoint, {**names, "token": token})
                found.append(built)
        return found

    def _value(self, rule: Rule, name: str) -> str | int:
        """Choose what a route's argument stands for: orders and the gate, sites and plannings share their names."""
        special = {
            ("reference", "/orders/"): "CMD-1001",
            ("key", "/sites/"): "bordeaux",
            ("key", "/resources/"): "claire",
        }
        return next(
            (value for (of, where), value in special.items() if of == name and where in rule.rule), self.values[name]
        )


def rules(app: Flask, method: str) -> list[Rule]:
    """List the routes that answer to a method, by address."""
    return sorted(
        (rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())), key=lambda rule: rule.rule
    )


def build(app: Flask, now: datetime) -> World:
    """Load the configuration, book, cancel, make links and accounts."""
    world = World(app)
    with app.app_context():
        transfer.load(CONFIGURATION, now=now)
        users.add("chef@example.com", PASSWORD, role="admin", now=now)
        world.key = keys.add("erp", ("read", "book", "orders", "admin"), now=now)
        world.tokens = _tokens(now)
        with reading() as session:
            first = session.scalars(select(Appointment).order_by(Appointment.id)).first()
            assert first is not None
            world.values = {
                "site": "bordeaux",
                "key": "quais",
                "owner": "plannings",
                "planning": "quais",
                "service": "evaluation",
                "name": "privacy",
                "filename": "portal.css",
                "reference": first.reference,
                "id": first.public_id,
                "public_id": first.public_id,
                "number": 1,
                "day": MONDAY,
                "format": "csv",
                "email": "achats@example.com",
                "act": "arrive",
                "question": "plate",
                "kind": "confirmation",
                "locale": "fr",
                "digest": "0" * 16,
            }
    return world


def _tokens(now: datetime) -> dict[str, str]:
    link = links.create("CMD-1001", now=now).token
    before = now - timedelta(days=2)
    expired = links.create("CMD-1001", now=before, scope=links.Scope(expires_at=before + timedelta(days=1))).token
    revoked = links.create("CMD-1001", now=now).token
    with reading() as session:
        identity = session.scalars(select(Link.id).where(Link.public_id == tokens.public_id_of(revoked))).one()
    links.revoke(identity, now=now)
    cancelled = _booked(now, TEN, token=link)
    appointments.cancel(tokens.public_id_of(cancelled), CUSTOMER, now=now)
    asked = _booked(now, EIGHT, site="bordeaux", planning="rampe")
    return {
        "book": link,
        "book a service": service_links.create("evaluation", "bordeaux", now=now).token,
        "book expired": expired,
        "book revoked": revoked,
        "manage": _booked(now, EIGHT, token=link),
        "manage of a guest": _booked(now, EIGHT, site="bordeaux", planning="quais"),
        "manage of a cancelled one": cancelled,
        "manage of a request": asked,
        "validate": cards.by_token(asked).validation_token,
        "validate by a person": _of_a_person(now),
        "confirm": _to_confirm(now),
        "hold": _held(now),
        "continue": _continued(now, planning="quais"),
        "continue of a service": _continued(now, planning=None, service="evaluation"),
        **_offered(now),
        **_subscribed(now),
        "unknown": tokens.token(tokens.BOOK, tokens.new_public_id(), 1),
        "forged": link[:-4] + ("AAAA" if not link.endswith("AAAA") else "BBBB"),
        "cut": link[:-1],
    }


def _of_a_person(now: datetime) -> str:
    """Ask for somebody's time who answers that by a link of their own."""
    asked = _booked(now, NEXT_TEN, site="bordeaux", service="avis", resources=("lea",))
    return answerers.token_of(cards.by_token(asked), "lea")


def _to_confirm(now: datetime) -> str:
    """Ask for a place as a guest whose address is to be confirmed."""
    asked = _booked(now, EIGHT, site="bordeaux", planning="accueil")
    return tokens.token(tokens.CONFIRM, tokens.public_id_of(asked), 1)


def _held(now: datetime) -> str:
    """Hold a place for an open form."""
    start = parse_instant(TEN)
    assert start is not None
    hold = holds.take(Place(site="bordeaux", planning="accueil"), start, tokens.new_public_id(), now=now)
    assert hold is not None
    return hold.token


def _continued(now: datetime, **where: Any) -> str:
    """Let a customer go on by mail."""
    start = parse_instant(TEN)
    assert start is not None
    asked = Request(site="bordeaux", start=start, email="achats@example.com", locale="fr", **where)
    continuations.ask(asked, now=now)
    with reading() as session:
        row = session.scalars(select(Continuation).order_by(Continuation.id.desc())).first()
        assert row is not None
    return tokens.token(tokens.CONTINUE, row.public_id, row.generation)


def _offered(now: datetime) -> dict[str, str]:
    """Give a place back for which the holder of a later appointment waits, and somebody of the waiting list."""
    first = _booked(now, EIGHT, site="bordeaux", planning="liste")
    _booked(now, NEXT_EIGHT, site="bordeaux", planning="liste")
    day = date.fromisoformat(MONDAY)
    waited = waiting.Place(site="bordeaux", planning="liste")
    waiting.join(waiting.Joining(waited, day, day, "visiteur@example.com", "", "fr"), now=now)
    appointments.cancel(tokens.public_id_of(first), CUSTOMER, now=now, undo=False)
    offers.advance(now)
    with reading() as session:
        made = session.scalars(select(Offer).order_by(Offer.id)).all()
        entry = session.scalars(select(WaitingEntry)).one()
    named = zip(("offer", "offer to the list"), made, strict=True)
    found = {name: tokens.token(tokens.OFFER, one.public_id, one.generation) for name, one in named}
    return {**found, "wait": tokens.token(tokens.WAIT, entry.public_id, entry.generation)}


def _subscribed(now: datetime) -> dict[str, str]:
    """Give the links of calendars: of a site, and of a person whose link was replaced once."""
    with transaction() as session:
        person = Resource(key="claire", kind="staff", name="Claire Morel", timezone="Europe/Paris", revision="1")
        session.add(person)
        session.flush()
        site = session.scalars(select(Site.id).where(Site.key == "bordeaux")).one()
        session.add_all([Pool(resource_id=person.id), ResourceSite(resource_id=person.id, site_id=site)])
    old = {one.key: one.token for one in feeds.listing()}
    feeds.renew(feeds.RESOURCE, "claire", SYSTEM, now=now)
    new = {one.key: one.token for one in feeds.listing()}
    return {"feed": new["claire"], "feed of a site": new["bordeaux"], "revoked feed": old["claire"]}


def _booked(now: datetime, start: str, **where: Any) -> str:
    instant = parse_instant(start)
    assert instant is not None
    if "token" in where:
        wish = Wish(instant, Contact("achats@example.com", "Achats Vidal"), CUSTOMER, **where)
    else:
        wish = Wish(instant, Contact("visiteur@example.com", "Camille Visiteur", "0601020304"), GUEST, **where)
    return appointments.book(wish, now=now).token
