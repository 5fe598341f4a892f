"""Going on by mail: existing customers only, and addresses that are confirmed. All without scripts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from portal import jobs
from portal.delivery import letters as delivery
from portal.domain.lifecycle import Status
from portal.extensions import reading, settings
from portal.models import Appointment, Continuation, OutboxMessage
from portal.operations import cards, letters, outbox
from portal.operations.actors import SYSTEM
from portal.web.letters import letter_of
from tests import sample
from tests.booking.pages import PLANNING

REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
DETAILS = f"{PLANNING}/details?start=2026-12-08T08:30:00%2B01:00&lang=fr"
KNOWN, STRANGER = "achats@example.com", "inconnu@example.com"
ONE_PLACE = dict.fromkeys(range(1, 6), ((480, 720, 1),))


@pytest.fixture
def customers_only(do):
    do(sample.docks, policy={"who": "existing"})
    do(sample.order, email=KNOWN)


@pytest.fixture
def to_confirm(do):
    do(sample.docks, policy={"confirm_by_mail": 15}, week=ONE_PLACE)


def rows(model):
    with reading() as session:
        return session.query(model).order_by(model.id).all()


def ask(portal, email):
    return portal.open(DETAILS).send(email=email)


def bare(page):
    """Give a page without the signature of its form, which is another one each time."""
    return re.sub(r'name="token" value="[^"]*"', "", page.source)


# Existing customers


def test_after_the_slot_only_the_address_is_asked_for(portal, customers_only):
    page = portal.open(portal.open(f"{PLANNING}?lang=fr&day=2026-12-08").slot("8 h 30"))
    assert page.status == 200
    assert "Étape 2 sur 3" in page.text
    assert set(page.form.values) == {"token", "website", "start", "email"}
    assert "Mardi 8 décembre 2026 de 8 h 30 à 9 h 30" in page.text


def test_customer_and_stranger_get_the_same_page_for_the_same_statements(portal, customers_only, statements):
    ask(portal, "first@example.com")
    seen = []
    for email in (KNOWN, STRANGER):
        form = portal.open(DETAILS)
        with statements() as asked:
            page = form.send(email=email)
        headers = {name: value for name, value in page.response.headers.items() if name not in ("X-Request-Id", "Date")}
        seen.append((page.status, page.source, headers, asked))
    assert seen[0] == seen[1]
    assert seen[0][0] == 200
    assert not any("customer" in statement.lower() for statement in seen[0][3])


def test_both_are_written_to_in_the_queue_and_one_in_truth(portal, do, customers_only, link_in_mail):
    ask(portal, KNOWN)
    ask(portal, STRANGER)
    assert [row.email for row in do(rows, Continuation)] == [KNOWN, STRANGER]
    assert [row.recipient for row in do(rows, OutboxMessage)] == [KNOWN, STRANGER]
    assert list(link_in_mail()) == [KNOWN]


def test_the_worker_drops_the_stranger_s_mail_and_says_no_more_than_that(portal, do, customers_only, clock):
    ask(portal, STRANGER)
    do(jobs.send_due, clock.now)
    [row] = do(rows, OutboxMessage)
    assert row.state == "dropped"


def test_a_malformed_address_is_told_and_nothing_is_lost(portal, do, customers_only):
    page = ask(portal, "achats")
    assert page.status == 422
    assert page.title.startswith("Erreur")
    assert page.form.values["email"] == "achats"
    assert do(rows, Continuation) == []


def test_patterns_answer_openly(portal, do):
    do(sample.docks, policy={"who": "existing", "email_patterns": ["*@acme.fr"]})
    page = ask(portal, KNOWN)
    assert page.status == 403
    assert "ne sont pas ouverts ici à cette adresse" in page.text
    assert do(rows, Continuation) == []
    assert ask(portal, "achats@acme.fr").status == 200


def test_a_slot_that_is_lost_offers_the_nearest_before_anything_is_mailed(portal, do, now, link_in_mail):
    do(sample.docks, policy={"who": "existing"}, week=ONE_PLACE)
    form = portal.open(DETAILS)
    do(sample.order, email=KNOWN)
    do(sample.booked, "2026-12-08 08:30", now=now, actor=SYSTEM)
    page = form.send(email=KNOWN)
    assert page.status == 409
    assert "Créneaux libres les plus proches" in page.text
    assert page.form.values["email"] == KNOWN
    assert do(rows, Continuation) == []


def test_the_mail_leads_on_with_the_slot_and_the_address_locked(portal, customers_only, link_in_mail):
    ask(portal, KNOWN)
    page = portal.open(link_in_mail()[KNOWN])
    assert page.status == 200
    assert page.form.locked == {"email"}
    assert (page.form.values["email"], page.form.values["name"]) == (KNOWN, "Emballages Vidal")
    assert "Mardi 8 décembre 2026 de 8 h 30 à 9 h 30" in page.text


def test_a_customer_books_by_the_mail_and_the_link_is_used_up(portal, do, customers_only, link_in_mail):
    ask(portal, KNOWN)
    url = link_in_mail()[KNOWN]
    form = portal.open(url)
    page = portal.follow(form.send(name="Camille Roy"))
    assert "Rendez-vous confirmé" in page.title
    card = do(cards.by_token, page.response.request.path.split("/")[2])
    assert (card.email, card.name, card.status, card.source) == (KNOWN, "Camille Roy", Status.CONFIRMED, "guest")
    assert portal.open(url).status == 404
    again = form.send(name="Camille Roy")
    assert again.response.headers["Location"] == page.response.request.full_path
    assert len(do(rows, Appointment)) == 1


def test_the_locked_address_cannot_be_another(portal, do, customers_only, link_in_mail):
    ask(portal, KNOWN)
    page = portal.open(link_in_mail()[KNOWN]).send(email=STRANGER, name="Camille Roy")
    assert page.status == 422
    assert page.form.values["email"] == KNOWN
    assert do(rows, Appointment) == []


def test_another_time_can_be_chosen_with_the_limits_of_the_customer(portal, do, link_in_mail):
    do(sample.docks, policy={"who": "existing", "max_per_day": 1})
    do(sample.order, email=KNOWN)
    ask(portal, KNOWN)
    first = portal.open(link_in_mail()[KNOWN])
    portal.follow(first.send())
    portal.open(f"{PLANNING}/details?start=2026-12-09T08:30:00%2B01:00&lang=fr").send(email=KNOWN)
    page = portal.open(link_in_mail()[KNOWN])
    days = portal.open(page.link("Choisir un autre créneau"))
    assert not [link for link in days.links if "mardi 8 décembre" in link.name]
    another = portal.open(days.slot("10 h"))
    assert another.form.locked == {"email"}
    assert "Rendez-vous confirmé" in portal.follow(another.send()).title


def test_a_link_of_yesterday_says_that_it_has_expired(portal, customers_only, link_in_mail, clock):
    ask(portal, KNOWN)
    url = link_in_mail()[KNOWN]
    clock.ahead(hours=24)
    page = portal.open(url)
    assert page.status == 410
    assert "Choisissez de nouveau votre créneau" in page.text


@pytest.mark.on_both
@pytest.mark.parametrize("token", ["x", "%00", "A" * 54, "é"])
def test_an_unknown_one_leads_nowhere(portal, customers_only, token):
    assert portal.open(f"{DETAILS}&c={token}").status == 404
    assert portal.open(f"{PLANNING}?c={token}").status == 404


def test_a_token_of_another_kind_leads_nowhere(portal, do, customers_only):
    assert portal.open(f"{DETAILS}&c={do(sample.link)}").status == 404


def test_looking_writes_nothing(portal, customers_only, link_in_mail, no_writes):
    ask(portal, KNOWN)
    url = link_in_mail()[KNOWN]
    with no_writes():
        for one in (DETAILS, url, url.replace("/details", "")):
            portal.open(one)
            portal.open(one)


def test_the_pages_of_a_continuation_are_kept_by_nobody(portal, customers_only, link_in_mail):
    ask(portal, KNOWN)
    page = portal.open(link_in_mail()[KNOWN])
    assert page.response.headers["Cache-Control"] == "no-store"


def test_a_double_click_asks_once(portal, do, customers_only):
    form = portal.open(DETAILS)
    assert bare(form.send(email=KNOWN)) == bare(form.send(email=KNOWN))
    assert len(do(rows, Continuation)) == 1


def test_an_address_asks_so_often_an_hour(make_app, customers_only, do):
    client = make_app(ratelimit_public="1000 per minute").test_client()
    page = client.get(DETAILS).text
    token = page.split('name="token" value="')[1].split('"')[0]
    sent = {"token": token, "website": "", "email": KNOWN, "start": "2026-12-08T08:30:00+01:00"}
    assert [client.post(DETAILS, data=sent).status_code for _number in range(21)] == [200] * 20 + [429]


def test_a_thousand_posts_of_a_robot_write_nothing(client, customers_only, no_writes):
    with no_writes():
        for number in range(250):
            sent = {"email": f"r{number}@example.com", "start": "2026-12-08T08:30:00+01:00", "token": "x"}
            assert client.post(DETAILS, data=sent).status_code == 422


# Addresses that are confirmed


def book(portal, email="chauffeur@example.com"):
    return portal.open(DETAILS).send(email=email, name="Camille Roy", phone="0601020304")


def test_after_the_form_the_mailbox_is_shown_without_any_token(portal, do, to_confirm):
    page = book(portal)
    assert page.status == 200
    assert "Nous avons écrit à chauffeur@example.com" in page.text
    assert "gardée pendant 15 minutes" in page.text
    [row] = do(rows, Appointment)
    assert row.public_id not in page.source
    assert row.reference not in page.source
    assert not [link for link in page.links if link.url.startswith("/a/")]


def test_sent_twice_it_is_one(portal, do, to_confirm):
    form = portal.open(DETAILS)
    values = {"email": "chauffeur@example.com", "name": "Camille Roy"}
    assert bare(form.send(**values)) == bare(form.send(**values))
    assert len(do(rows, Appointment)) == len(do(rows, OutboxMessage)) == 1


def test_the_link_shows_and_the_button_confirms(portal, do, to_confirm, link_in_mail):
    book(portal)
    url = link_in_mail()["chauffeur@example.com"]
    page = portal.open(url)
    assert (page.status, len(page.forms)) == (200, 1)
    assert "Votre place est gardée jusqu’à 9 h 15." in page.text
    assert do(rows, Appointment)[0].status == "held"
    confirmed = portal.follow(page.send())
    assert "Rendez-vous confirmé" in confirmed.title
    assert do(rows, Appointment)[0].status == "confirmed"


def test_a_get_confirms_nothing(portal, to_confirm, link_in_mail, no_writes):
    book(portal)
    url = link_in_mail()["chauffeur@example.com"]
    with no_writes():
        portal.open(url)
        portal.open(url)


def test_pressed_twice_and_looked_at_again_it_is_one_appointment(portal, do, to_confirm, link_in_mail):
    book(portal)
    url = link_in_mail()["chauffeur@example.com"]
    page = portal.open(url)
    first, second = page.send(), page.send()
    assert first.response.headers["Location"] == second.response.headers["Location"]
    assert portal.open(url).response.headers["Location"] == first.response.headers["Location"]
    assert [row.kind for row in do(rows, OutboxMessage)] == ["confirm_address", "confirmation", "site_notice"]


@pytest.mark.parametrize("swept", [False, True])
def test_too_late_it_says_so_with_a_way_to_book_again(portal, do, to_confirm, link_in_mail, clock, swept):
    book(portal)
    url = link_in_mail()["chauffeur@example.com"]
    page = portal.open(url)
    clock.ahead(minutes=15)
    if swept:
        do(jobs.announce_freed, clock.now)
    for late in (portal.open(url), page.send()):
        assert late.status == 410
        assert "Le délai de confirmation est passé" in late.text
        assert late.link("Prendre rendez-vous") == "/?lang=fr"


def test_under_validation_a_request_is_sent(portal, do, link_in_mail):
    do(sample.docks, policy={"confirm_by_mail": 15, "validation": "manager"})
    book(portal)
    page = portal.open(link_in_mail()["chauffeur@example.com"])
    assert page.title.startswith("Envoyer la demande")
    assert "Demande reçue" in portal.follow(page.send()).title


def test_a_place_that_went_meanwhile_says_so(portal, do, to_confirm, link_in_mail):
    book(portal)
    page = portal.open(link_in_mail()["chauffeur@example.com"])
    do(sample.close)
    assert page.send().status == 409


def test_what_was_typed_is_in_no_mail_to_be_confirmed(portal, do, to_confirm, clock):
    book(portal)

    def mail():
        [message] = outbox.claim(now=clock.now, real_now=REAL)
        [content] = letters.read([message], now=clock.now)
        return delivery.compose(letter_of(message, content, clock.now), settings())

    found = do(mail)
    for text in (found.subject, found.text, found.html):
        assert "Camille" not in text
        assert "0601020304" not in text


def test_a_customer_whom_a_mail_introduced_confirms_nothing_more(portal, do, link_in_mail):
    do(sample.docks, policy={"confirm_by_mail": 15, "who": "existing"})
    do(sample.order, email=KNOWN)
    ask(portal, KNOWN)
    assert "Rendez-vous confirmé" in portal.follow(portal.open(link_in_mail()[KNOWN]).send()).title


def test_the_worker_forgets_old_continuations(portal, do, customers_only, clock):
    ask(portal, KNOWN)
    do(jobs.purge, clock.now + timedelta(hours=24))
    assert do(rows, Continuation) == []


# Patterns


def test_an_address_that_may_not_book_is_told_beside_its_field(portal, do):
    do(sample.docks, policy={"email_patterns": ["*@acme.fr"]})
    page = book(portal)
    assert page.status == 403
    assert page.title.startswith("Erreur")
    assert 'href="#email"' in page.source
    assert page.form.values["name"] == "Camille Roy"
    assert "Rendez-vous confirmé" in portal.follow(page.send(email="achats@acme.fr")).title
