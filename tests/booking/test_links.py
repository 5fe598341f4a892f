"""A booking link: the order's appointments, and booking another without logging in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal.extensions import reading
from portal.models import Link
from portal.operations import actors, appointments, cards, links
from tests import sample
from tests.booking.pages import PLANNING

START = "2026-12-08T08:30:00%2B01:00"


def newest_link():
    with reading() as session:
        return session.scalars(select(Link.id).order_by(Link.id.desc())).first()


def details(portal, link, start=START, query=""):
    return portal.open(f"/b/{link}/details?start={start}{query}")


def test_the_page_names_the_order_and_shows_free_days_at_once(portal, link):
    page = portal.open(f"/b/{link}")
    assert page.title.startswith("Commande CMD-1042")
    assert "Emballages Vidal · 36 palettes" in page.text
    assert "Livraison · Bordeaux" in page.text
    assert page.named("day=")


def test_a_link_books_with_what_the_order_knows(portal, link):
    form = details(portal, link)
    assert form.form.locked == {"email", "name"}
    page = portal.follow(form.send(phone="05 56 00 10 42"))
    assert "Rendez-vous confirmé" in page.title
    assert "Livraison de la commande CMD-1042" in page.text


def test_another_value_for_what_the_order_knows_is_refused(portal, link):
    page = details(portal, link).send(email="somebody@example.com")
    assert page.status == 422
    assert page.form.values["email"] == "achats@example.com"
    assert "Cette valeur vient de la commande" in page.text


def test_locked_fields_may_be_left_out(portal, link):
    form = details(portal, link)
    sent = {name: value for name, value in form.form.values.items() if name not in form.form.locked}
    assert portal.post(form.form.action, sent).status == 303


def test_the_page_lists_what_is_booked_with_its_actions(portal, link):
    details(portal, link).send()
    page = portal.open(f"/b/{link}")
    assert "Mardi 8 décembre 2026, de 8 h 30 à 9 h 30" in page.text
    assert "Prendre un autre rendez-vous" in page.text
    names = page.named("/a/")
    assert [name.split()[0] for name in names] == ["Voir", "Modifier", "Déplacer", "Annuler"]
    assert all("le rendez-vous du mardi 8 décembre 2026 à 8" in name for name in names)


def test_past_appointments_can_only_be_seen(portal, link, clock):
    details(portal, link).send()
    clock.ahead(days=20)
    page = portal.open(f"/b/{link}")
    assert "Rendez-vous passés et annulés 1" in page.text
    assert [name.split()[0] for name in page.named("/a/")] == ["Voir"]


def test_the_appointment_leads_back_to_the_order_when_one_comes_from_there(portal, link):
    answer = details(portal, link).send()
    url = answer.response.headers["Location"]
    assert f"/b/{link}" in portal.open(url, Referer=f"http://localhost/b/{link}").source
    assert "/b/" not in portal.open(url).source
    assert "/b/" not in portal.open(url, Referer="http://elsewhere.example/b/x").source


def test_whoever_comes_back_to_the_form_that_took_the_place_is_led_to_what_was_booked(portal, link, clock):
    form = details(portal, link, query="&from=3w_adECRt8Y")
    made = form.send().response.headers["Location"]
    clock.ahead(days=20)  # the start cannot be booked any more
    back = details(portal, link, query="&from=3w_adECRt8Y").response
    assert (back.status_code, back.headers["Location"]) == (303, made)
    assert details(portal, link, query="&from=Another4Page").status == 409


def test_several_plannings_are_asked_for_first(portal, link, do):
    do(sample.planning, key="comptoir")
    page = portal.open(f"/b/{link}")
    assert not page.named("day=")
    chosen = portal.open(page.link("Planning comptoir"))
    assert chosen.named("day=")
    assert "Choisir autre chose" in chosen.text
    step = portal.open(chosen.link("mardi 1er décembre à"))
    assert "planning=comptoir" in step.form.action
    assert step.send().status == 303


def test_a_planning_that_does_not_serve_the_order_is_nowhere(portal, link, do):
    do(sample.planning, key="enlevement", kinds=("customer",))
    assert portal.open(f"/b/{link}?planning=enlevement").status == 404
    assert details(portal, link, query="&planning=enlevement").status == 404


def test_an_order_that_nothing_serves_says_whom_to_call(portal, do):
    do(sample.site)
    do(sample.order)
    page = portal.open(f"/b/{do(sample.link)}")
    assert "ne peut pas être réservée en ligne" in page.text
    assert "05 56 00 10 42" in page.text


def test_the_days_of_the_link_are_its_limits(portal, docks, do, now):
    do(sample.order)
    day = now.date() + timedelta(days=7)
    link = do(sample.link, first_day=day, last_day=day)
    page = portal.open(f"/b/{link}")
    assert page.named("day=") == ["mardi 8 décembre, 14 créneaux libres"]
    refused = details(portal, link, "2026-12-09T08:30:00%2B01:00")
    assert refused.status == 409
    assert "Hors des jours permis par ce lien." in refused.text


def test_a_link_that_is_used_up_says_so(portal, docks, do):
    do(sample.order)
    link = do(sample.link, max_active=1)
    form = details(portal, link)
    form.send()
    page = portal.open(f"/b/{link}")
    assert "Ce lien permet 1 rendez-vous à venir" in page.text
    assert not page.named("day=")
    again = details(portal, link, "2026-12-09T08:30:00%2B01:00").send()
    assert again.status == 422
    assert "Le nombre maximal de rendez-vous de ce lien est atteint" in again.text


def test_the_customers_language_comes_before_the_browsers(portal, link):
    assert 'lang="fr"' in portal.open(f"/b/{link}", **{"Accept-Language": "en"}).source
    assert 'lang="en"' in portal.open(f"/b/{link}?lang=en", **{"Accept-Language": "fr"}).source
    assert 'lang="en"' in portal.open(PLANNING, **{"Accept-Language": "en"}).source


def test_the_other_language_is_the_same_page(portal, link):
    page = portal.open(f"/b/{link}?day=2026-12-08")
    other = portal.open(page.link("English"))
    assert "Tuesday 8 December" in other.text
    ours = [link for link in other.links if link.url.startswith(("/b/", "/find", "/about")) and link.name != "Français"]
    assert len(ours) > 20
    assert all("lang=en" in link.url for link in ours)


def test_unknown_revoked_and_foreign_tokens_look_the_same(portal, link, booked, do, now):
    do(sample.order, "CMD-2")
    other = do(sample.link, "CMD-2")
    do(links.revoke, do(newest_link), now=now)
    pages = [
        portal.open(f"/b/{token}?lang=fr")
        for token in (other, booked.token, "x", link[:30] + "AAAA" + link[34:], "%00")
    ]
    assert {page.status for page in pages} == {404}
    assert {page.text for page in pages} == {pages[0].text}
    assert "CMD" not in pages[0].text
    assert "Vidal" not in pages[0].text


def test_an_expired_link_says_so_and_names_nothing(portal, docks, do, now):
    do(sample.order)
    link = do(sample.link, expires_at=now - timedelta(minutes=1))
    page = portal.open(f"/b/{link}?lang=fr")
    assert page.status == 410
    assert "Ce lien a expiré" in page.text
    assert "CMD" not in page.text


def test_booking_twice_at_once_is_one_booking(portal, link, do, now):
    form = details(portal, link)
    answers = [form.send().response.headers["Location"] for _ in range(8)]
    assert len(set(answers)) == 1
    assert portal.open(f"/b/{link}").text.count("Mardi 8 décembre 2026") == 1


def test_a_fresh_form_of_the_same_choice_is_the_same_booking(portal, link):
    step = portal.open(f"/b/{link}?day=2026-12-08").slot("8 h 30")
    first, again = portal.open(step).send(), portal.open(step).send()
    assert first.response.headers["Location"] == again.response.headers["Location"]


def test_the_same_slot_chosen_anew_is_another_booking(portal, link):
    for _ in range(2):
        portal.open(portal.open(f"/b/{link}?day=2026-12-08").slot("8 h 30")).send()
    assert portal.open(f"/b/{link}").text.count("Mardi 8 décembre 2026") == 2


def test_other_details_for_the_same_choice_are_refused_once(portal, link):
    step = portal.open(f"/b/{link}?day=2026-12-08").slot("8 h 30")
    portal.open(step).send()
    page = portal.open(step).send(comment="Hayon")
    assert page.status == 422
    assert page.send().status == 303


def test_a_cancelled_appointment_can_be_restored_from_the_list(portal, link, do, now):
    url = details(portal, link).send().response.headers["Location"]
    token = url.split("/")[2].split("?")[0]
    do(appointments.cancel, do(cards.by_token, token).public_id, actors.CUSTOMER, now=now)
    assert "Rétablir" in [name.split()[0] for name in portal.open(f"/b/{link}").named("/a/")]
