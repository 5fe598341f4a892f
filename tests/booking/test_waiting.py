"""The waiting list in a browser without scripts: found on a full day, joined, seen, left."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.extensions import reading
from portal.models import WaitingEntry
from portal.operations import tokens
from tests import sample
from tests.booking.pages import PLANNING
from tests.operations import waiters
from tests.operations.waiters import MONDAY, STAFF, TUESDAY

HOURS = ("08:00", "09:00", "10:00", "11:00")


@pytest.fixture
def full(do, now):
    """Make a dock whose given days are full."""

    def act(*days, policy=None, **options):
        do(waiters.dock, policy={"waiting_list": True, **(policy or {})}, **options)
        for day in days or (MONDAY,):
            for number, hour in enumerate(HOURS):
                do(waiters.book, f"{day} {hour}", 90 + number, now=now, actor=STAFF)

    return act


def entry():
    with reading() as session:
        return session.scalars(select(WaitingEntry)).one()


def token():
    only = entry()
    return tokens.token(tokens.WAIT, only.public_id, only.generation)


def test_a_full_day_leads_to_its_waiting_list(portal, full):
    full()
    page = portal.open(f"{PLANNING}?day={MONDAY}&lang=fr")
    assert "Tout est pris ce jour-là." in page.text
    url = page.link("Être prévenu si une place se libère")
    assert portal.open(url).form.values["first_day"] == MONDAY


def test_the_fragment_of_a_full_day_leads_there_too(portal, full):
    full()
    assert portal.fragment(f"{PLANNING}?day={MONDAY}&lang=fr").link("Être prévenu si une place se libère")


def test_a_month_marks_its_full_days_and_leads_to_the_list_of_the_first(portal, full):
    full(MONDAY, TUESDAY)
    page = portal.open(f"{PLANNING}?lang=fr")
    assert page.source.count("<small>complet</small>") == 2
    assert f"day={MONDAY}" in page.link("Être prévenu si une place se libère")


def test_where_there_is_no_list_nothing_leads_to_one(portal, full):
    full(policy={"waiting_list": False})
    page = portal.open(f"{PLANNING}?day={MONDAY}&lang=fr")
    assert "prévenu" not in page.text
    assert "complet" not in page.source
    assert portal.open(f"{PLANNING}/wait?day={MONDAY}").status == 303


def test_a_move_leads_to_no_list(portal, full, do, now):
    full()
    mine = do(waiters.book, f"{TUESDAY} 08:00", 1, now=now)
    assert "prévenu" not in portal.open(f"/a/{mine.token}/reschedule?day={MONDAY}&lang=fr").text


def test_joining_is_told_at_once_and_by_a_mail(portal, full, do):
    full()
    page = portal.open(f"{PLANNING}/wait?day={MONDAY}&lang=fr")
    assert "Personne n’attend encore ce jour." in page.text
    done = page.send(email="Paul@Example.com")
    assert done.status == 200
    assert "Vous êtes sur la liste d’attente" in done.text
    assert do(entry).email == "paul@example.com"
    assert do(waiters.mailed, "waiting_joined") == ["paul"]
    assert "1 personne attend ce jour." in portal.open(f"{PLANNING}/wait?day={MONDAY}&lang=fr").text


def test_a_range_is_joined(portal, full, do):
    full(MONDAY, TUESDAY)
    portal.open(f"{PLANNING}/wait?day={MONDAY}").send(email="paul@example.com", last_day=TUESDAY)
    assert (str(do(entry).first_day), str(do(entry).last_day)) == (MONDAY, TUESDAY)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"email": "wrong"}, "Indiquez une adresse"),
        ({"first_day": "demain"}, "Indiquez un jour"),
        ({"last_day": ""}, "Indiquez un jour"),
        ({"last_day": "2026-12-06"}, "Le dernier jour ne doit pas précéder le premier."),
        ({"last_day": "2026-12-09"}, "Un horaire est encore libre le mercredi 9 décembre 2026"),
        ({"last_day": "2028-01-01"}, "Choisissez des jours qui peuvent être réservés."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(portal, full, sent, told):
    full(MONDAY, TUESDAY)
    page = portal.open(f"{PLANNING}/wait?day={MONDAY}&lang=fr").send(**{"email": "paul@example.com", **sent})
    assert page.status == 422
    assert page.title.startswith("Erreur")
    assert told in page.text
    assert all(page.form.values[name] == value for name, value in sent.items())


def test_a_day_with_free_times_says_so(portal, full):
    full()
    page = portal.open(f"{PLANNING}/wait?day={TUESDAY}&lang=fr")
    assert "Un horaire est peut-être encore libre" in page.text
    assert page.send(email="paul@example.com").status == 422


def test_a_stranger_is_answered_as_a_customer_where_only_customers_may_book(portal, full, do):
    full(policy={"who": "existing"})
    do(sample.order)
    url = f"{PLANNING}/wait?day={MONDAY}&lang=fr"
    answers = [portal.open(url).send(email=email).text for email in ("achats@example.com", "inconnu@example.com")]
    assert answers[0].replace("achats", "X") == answers[1].replace("inconnu", "X")


def test_a_pattern_is_told_openly(portal, full):
    full(policy={"email_patterns": ["*@acme.fr"]})
    page = portal.open(f"{PLANNING}/wait?day={MONDAY}&lang=fr").send(email="paul@example.com")
    assert page.status == 403


def test_a_link_joins_with_the_address_of_its_order(portal, full, do):
    full(guests=False)
    do(sample.order)
    url = f"/b/{do(sample.link)}"
    wait = portal.open(f"{url}?day={MONDAY}&lang=fr").link("Être prévenu si une place se libère")
    page = portal.open(wait)
    assert page.form.values["email"] == "achats@example.com"
    page.send()
    assert (do(entry).email, do(entry).link_id is not None) == ("achats@example.com", True)


def test_the_entrys_page_says_for_which_days_and_takes_off_the_list(portal, full, do, no_writes):
    full()
    portal.open(f"{PLANNING}/wait?day={MONDAY}").send(email="paul@example.com")
    url = f"/wait/{do(token)}?lang=fr"
    with no_writes():
        page = portal.open(url)
        portal.open(url)
    assert "lundi 7 décembre 2026" in page.text.lower()
    left = portal.follow(page.send())
    assert "Vous n’êtes plus sur la liste d’attente." in left.text
    assert do(entry).state == "left"


def test_pages_of_the_list_ask_the_database_a_fixed_number_of_times(client, full, do, now, statements):
    full()
    for number in range(30):
        do(waiters.wait, MONDAY, number=number, now=now)
    url = f"{PLANNING}/wait?day={MONDAY}"
    client.get(url)
    with statements(at_most=4):
        client.get(url)


def test_nobody_joins_by_a_form_that_is_not_ours(portal, full, do):
    full()
    page = portal.open(f"{PLANNING}/wait?day={MONDAY}").send(email="paul@example.com", token="forged")
    assert page.status == 422
    assert do(waiters.mailed, "waiting_joined") == []
