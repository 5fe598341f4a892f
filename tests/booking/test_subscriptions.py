"""Calendars to subscribe to: what stands in them, for whom they open, and that looking costs little."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select

from portal.domain.errors import NotFound
from portal.extensions import reading, transaction
from portal.models import Absence, Appointment, Resource, Site
from portal.operations import appointments, feeds, tokens
from portal.operations.actors import Actor
from portal.operations.scopes import Scope
from tests import full_week, sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
JEAN_AWAY = (("2026-12-09T09:00", "2026-12-09T12:00"),)


@pytest.fixture
def agency(do, now):
    """Give the agency two people and a room, a visit with each person, and one that needs both."""
    do(sample.agency, people=("ryan",))
    do(sample.resource, "jean", plannings=("bureau",), skills={"evaluation": 5}, absences=JEAN_AWAY)
    do(sample.resource, "salle", "room", name="Salle 4")
    do(sample.service, "visite", name={"fr": "Visite", "en": "Visit"}, requires=[{"kind": "staff"}, {"kind": "room"}])
    do(sample.booked, "2026-12-07 09:00", now=now, number=1, service="evaluation", resources=("jean",))
    do(sample.booked, "2026-12-07 10:00", now=now, number=2, service="visite", resources=("jean", "ryan"), actor=STAFF)


def link(do, key: str) -> str:
    (token,) = [one.token for one in do(feeds.listing) if one.key == key]
    return f"/feeds/{token}.ics"


def events(client: FlaskClient, url: str) -> list[dict[str, str]]:
    answer = client.get(url)
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    return [{name: str(one.get(name, "")) for name in ("UID", "SUMMARY", "STATUS", "DESCRIPTION", "LOCATION", "URL")}
            for one in Calendar.from_ical(answer.data).walk("VEVENT")]  # fmt: skip


def titles(client: FlaskClient, url: str) -> list[str]:
    return [one["SUMMARY"] for one in events(client, url)]


def test_an_appointment_of_two_people_is_in_both_calendars(client, do, agency):
    assert titles(client, link(do, "jean")) == [
        "Chauffeur 1 · Évaluation de bien",
        "Chauffeur 2 · Visite",
        "Absence\u00a0: Congés",
    ]
    assert titles(client, link(do, "ryan")) == ["Chauffeur 2 · Visite"]
    assert titles(client, link(do, "salle")) == ["Chauffeur 2 · Visite"]
    assert titles(client, link(do, "bordeaux")) == ["Chauffeur 1 · Évaluation de bien", "Chauffeur 2 · Visite"]


def test_an_entry_says_state_reference_where_and_with_whom(client, do, agency):
    visit = events(client, link(do, "jean"))[1]
    with_others = visit["DESCRIPTION"].split("\n")
    assert with_others[0] == "Statut\u00a0: Confirmé"
    assert with_others[1].startswith("Référence\u00a0: ")
    assert with_others[-1] == "Avec\u00a0: Ryan, Salle 4"
    assert visit["LOCATION"] == "Bordeaux, 12 quai des Chartrons, 33000 Bordeaux"
    assert urlsplit(visit["URL"]).path == f"/admin/appointments/{visit['UID']}"


def test_the_language_is_that_of_the_address_else_the_companys(client, do, agency):
    url = link(do, "jean")
    assert titles(client, f"{url}?lang=en")[0] == "Chauffeur 1 · Property valuation"
    spoken = client.get(url, headers={"Accept-Language": "en"})
    assert "Évaluation" in spoken.text.replace("\r\n ", "")


def test_no_link_of_a_customer_is_inside(client, do, agency):
    secrets = [
        do(tokens.token, purpose, card.public_id, card.generation)
        for card in do(booked)
        for purpose in (tokens.MANAGE, tokens.VALIDATE)
    ]
    for url in (link(do, "jean"), link(do, "bordeaux")):
        text = client.get(url).text.replace("\r\n ", "")
        assert [secret for secret in secrets if secret in text] == []
        assert "/a/" not in text


def booked() -> list[Appointment]:
    with reading() as session:
        return list(session.scalars(select(Appointment).order_by(Appointment.id)))


def test_what_is_over_stays_a_month_and_what_is_cancelled_goes(client, do, agency, clock, now):
    _first, second = do(booked)
    do(appointments.cancel, second.public_id, STAFF, now=now, undo=False)
    assert titles(client, link(do, "ryan")) == []
    clock.set(paris("2026-12-30 09:00"))
    assert titles(client, link(do, "jean"))[0] == "Chauffeur 1 · Évaluation de bien"
    clock.set(paris("2027-01-07 09:00"))
    assert titles(client, link(do, "jean")) == ["Absence\u00a0: Congés"]


def test_absences_of_whole_days_are_days_and_no_two_are_one(client, do, now):
    do(sample.agency, people=())
    away = (("2026-12-24T00:00", "2026-12-26T00:00"), ("2026-12-24T00:00", "2026-12-25T12:00"))
    jean = do(sample.resource, "jean", absences=away)
    do(one_more, jean)
    found = Calendar.from_ical(client.get(link(do, "jean")).data).walk("VEVENT")
    told = [(one.decoded("DTSTART"), one.decoded("DTEND"), str(one["SUMMARY"])) for one in found]
    christmas = (date(2026, 12, 24), date(2026, 12, 26))
    assert sorted(told, key=str) == [
        (*christmas, "Absence"),
        (*christmas, "Absence\u00a0: Congés"),
        (paris("2026-12-24 00:00"), paris("2026-12-25 12:00"), "Absence\u00a0: Congés"),
    ]
    assert len({str(one["UID"]) for one in found}) == 3
    assert all(one.decoded("DTSTAMP") < now for one in found)


def one_more(resource: int) -> None:
    """Let somebody be away for the same two days, without saying why."""
    with transaction() as session:
        start, end = datetime(2026, 12, 24), datetime(2026, 12, 26)  # noqa: DTZ001 - wall time
        session.add(Absence(resource_id=resource, starts_local=start, ends_local=end))
        session.get(Resource, resource).revision = "another"


def test_a_request_is_tentative_and_says_so(client, do, now):
    do(sample.site)
    do(sample.planning, policy={"validation": "manager"})
    do(sample.booked, "2026-12-07 09:00", now=now)
    (entry,) = events(client, link(do, "bordeaux"))
    assert (entry["STATUS"], entry["SUMMARY"]) == ("TENTATIVE", "À valider · Chauffeur 0 · Planning quais")


def test_a_new_link_revokes_the_one_before(client, do, agency, now):
    for kind, key in ((feeds.RESOURCE, "jean"), (feeds.SITE, "bordeaux")):
        old = link(do, key)
        do(feeds.renew, kind, key, STAFF, now=now)
        assert (client.get(old).status_code, client.get(link(do, key)).status_code) == (404, 200)


def test_who_takes_over_a_number_does_not_take_over_the_link(client, do, agency):
    old = link(do, "ryan")

    def another_key() -> None:
        with transaction() as session:
            session.query(Resource).filter_by(key="ryan").one().key = "lea"

    do(another_key)
    assert client.get(old).status_code == 404


@pytest.mark.parametrize("public_id", ["01" + "f" * 30, "03" + "0" * 30, "02" + "0" * 12 + "63" + "0" * 16])
def test_a_token_of_nothing_opens_nothing(client, do, agency, public_id):
    assert client.get(f"/feeds/{do(tokens.token, tokens.FEED, public_id, 1)}.ics").status_code == 404


def test_only_who_works_for_all_its_sites_has_the_link(do, agency, now):
    do(sample.site, key="lyon")
    do(sample.resource, "marc", sites=("bordeaux", "lyon"))
    do(sample.resource, "nobody", sites=())
    lyon = do(sites_named, "lyon")
    assert [(one.key, bool(one.token), one.sites) for one in do(feeds.listing, lyon)] == [
        ("lyon", True, ()),
        ("marc", False, ("Lyon",)),
    ]
    for kind, key in ((feeds.RESOURCE, "marc"), (feeds.RESOURCE, "nobody"), (feeds.SITE, "bordeaux")):
        with pytest.raises(NotFound):
            do(feeds.renew, kind, key, STAFF, now=now, scope=lyon)


def sites_named(key: str) -> Scope:
    with reading() as session:
        return Scope(frozenset(session.scalars(select(Site.id).where(Site.key == key))))


def test_who_asks_again_is_told_that_nothing_changed(client, do, agency, clock, now):
    url = link(do, "jean")
    first = client.get(url)
    assert first.headers["Cache-Control"] == "private, max-age=300"
    clock.ahead(minutes=10)
    again = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    do(appointments.cancel, do(booked)[0].public_id, STAFF, now=now, undo=False)
    assert client.get(url, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_ten_thousand_appointments_cost_no_more_statements(client, do, agency, statements):
    urls = [link(do, "jean"), link(do, "bordeaux")]
    for url in urls:
        client.get(url)  # cards of sites and people are kept from then on
    before = [asked(client, url, statements) for url in urls]
    do(full_week.fill, [paris("2026-12-07 08:00") + timedelta(hours=hour) for hour in range(4)], 2500, "bureau")
    do(full_week.give_to, "jean")
    after = [asked(client, url, statements) for url in urls]
    assert [count for count, _entries in after] == [count for count, _entries in before]
    assert min(entries for _count, entries in after) > 10_000


def asked(client: FlaskClient, url: str, statements) -> tuple[int, int]:
    """Count the statements of a calendar and its entries."""
    with statements(at_most=12) as seen:
        written = client.get(url).data
    return len(seen), written.count(b"BEGIN:VEVENT")
