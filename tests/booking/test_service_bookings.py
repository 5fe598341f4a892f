"""Services booked by mail, held, by an order's link, moved; and what their pages say afterwards."""

from __future__ import annotations

from portal.operations import usage
from tests import sample
from tests.booking.pages import made_by

SERVICE = "/book/bordeaux/evaluation"
NINE = "start=2026-12-08T09:00:00%2B01:00"
WHO = {"email": "camille@example.com", "name": "Camille Roy"}


# By mail, held, by a link, moved


def test_customers_go_on_by_mail_with_the_person_they_chose(portal, do, link_in_mail):
    do(sample.agency, policy={"who": "existing"})
    do(sample.order, email="achats@example.com")
    url = f"{SERVICE}/details?lang=fr&schedulingMode=service_staff&staff=lea&start=2026-12-08T09:00:00%2B01:00"
    asked = portal.open(url)
    assert "Étape 3 sur 4" in asked.text
    asked.send(email="achats@example.com")
    form = portal.open(link_in_mail()["achats@example.com"])
    assert "Avec Lea" in form.text
    assert made_by(do, form.send(name="Achats"))[1].people == ("Lea",)


def test_whom_the_page_leaves_out_is_not_in_the_mail_either(portal, do, link_in_mail):
    do(sample.agency, policy={"who": "existing", "modes": ["service"]})
    do(sample.order, email="achats@example.com")
    portal.open(f"{SERVICE}/details?{NINE}&lang=fr&staff=lea").send(email="achats@example.com")
    assert "staff=" not in link_in_mail()["achats@example.com"]


def test_an_address_is_confirmed_by_mail_for_a_service(portal, do, link_in_mail):
    do(sample.agency, people=["jean"], policy={"confirm_by_mail": 15})
    url = f"{SERVICE}/details?lang=fr&start=2026-12-08T09:00:00%2B01:00"
    assert "Regardez" in portal.open(url).send(**WHO).text
    assert portal.open(url).status == 409
    done = portal.open(link_in_mail()[WHO["email"]]).send()
    assert made_by(do, done)[1].people == ("Jean",)


def test_a_place_is_held_with_all_that_it_needs_while_its_form_is_open(portal, do):
    do(sample.agency, people=["jean"], policy={"hold": 10})
    day = portal.open(f"{SERVICE}?lang=fr&day=2026-12-08&staff=jean")
    form = portal.follow(day.press("9"))
    assert "Votre place est gardée" in form.text
    assert portal.open(f"{SERVICE}/details?lang=fr&start=2026-12-08T09:00:00%2B01:00").status == 409
    assert made_by(do, form.send(**WHO))[1].people == ("Jean",)


def test_an_orders_link_offers_services_beside_plannings(portal, do, now):
    do(sample.agency, kinds=["supplier"])
    do(sample.planning)
    do(sample.order)
    page = portal.open(f"/b/{do(sample.link)}?lang=fr")
    assert page.link("Planning quais")
    month = portal.open(page.link("Évaluation de bien") + "&day=2026-12-08&schedulingMode=service_staff")
    assert "Qui doit vous recevoir" in month.text
    day = portal.open(month.link("Lea") + "&day=2026-12-08")
    form = portal.open(day.slot("9 h"))
    assert "Avec Lea" in form.text
    assert made_by(do, form.send())[1].people == ("Lea",)


def test_a_move_offers_the_times_of_the_same_person(portal, do, now):
    do(sample.agency)
    made = do(sample.booked, "2026-12-08 09:00", now=now, service="evaluation", resources=("lea",))
    do(sample.booked, "2026-12-08 10:00", now=now, number=1, service="evaluation", resources=("lea",))
    page = portal.open(f"/a/{made.token}/reschedule?lang=fr&day=2026-12-08")
    assert "Avec Lea" in page.text
    assert [link.name.strip() for link in page.links if "start=2026-12-08" in link.url and "à" not in link.name] == [
        "9\u00a0h",
        "11\u00a0h",
        *(f"{hour}\u00a0h{half}" for hour in (14, 15, 16) for half in ("", "\u00a030")),
        "17\u00a0h",
    ]


def test_a_lost_time_offers_those_of_the_same_person(portal, do, now):
    do(sample.agency)
    start = "&start=2026-12-08T09:00:00%2B01:00"
    form = portal.open(f"{SERVICE}/details?lang=fr&staff=lea{start}")
    do(sample.booked, "2026-12-08 09:00", now=now, service="evaluation", resources=("lea",))
    lost = form.send(**WHO)
    assert lost.status == 409
    assert lost.form.values["name"] == "Camille Roy"
    assert "Ce créneau vient d’être pris." in lost.text
    assert made_by(do, lost.send())[1].people == ("Lea",)


def test_who_was_chosen_and_has_gone_is_said(portal, do):
    do(sample.agency)
    form = portal.open(f"{SERVICE}/details?lang=fr&staff=lea&start=2026-12-08T09:00:00%2B01:00")
    do(sample.retire, "lea")
    again = portal.follow(form.send(**WHO))
    assert "La personne que désigne cette adresse ne peut pas être choisie ici." in again.text
    assert again.link("Jean")


def test_a_service_asks_its_own_questions(portal, do):
    do(sample.agency, fields=[sample.PLATE])
    form = portal.open(f"{SERVICE}/details?lang=fr&start=2026-12-08T09:00:00%2B01:00")
    assert "Répondez à « Plaque »." in form.send(**WHO).text
    assert made_by(do, form.send(**WHO, q_plate="AB-123-CD"))[0].fields == {"plate": "AB-123-CD"}


# After booking


def test_the_calendar_file_says_with_whom_and_what_to_bring(portal, do, now):
    do(sample.agency, instructions={"fr": "Apportez le titre."})
    made = do(sample.booked, "2026-12-08 09:00", now=now, service="evaluation", resources=("lea",))
    file = portal.open(f"/a/{made.token}/invite.ics?lang=fr").source.replace("\n ", "").replace("\r", "")
    assert "Lea" in file
    assert "Apportez le titre." in file


def test_a_call_needs_a_number(portal, do):
    do(sample.agency, mode="phone")
    form = portal.open(f"{SERVICE}/details?lang=fr&{NINE}")
    assert "Téléphone (facultatif)" not in form.text
    wrong = form.send(**WHO)
    assert wrong.status == 422
    assert "Indiquez votre numéro de téléphone" in wrong.text
    done = wrong.send(phone="05 56 00 10 42")
    assert "nous vous appelons au 05 56 00 10 42" in portal.follow(done).text


def test_the_page_of_a_call_says_how_and_shows_no_gate(portal, do, now):
    do(sample.agency, mode="phone", instructions={"fr": "Préparez le contrat."})
    made = do(sample.booked, "2026-12-08 09:00", now=now, service="evaluation")
    page = portal.open(f"/a/{made.token}?lang=fr")
    assert "Par téléphone" in page.text
    assert "Préparez le contrat." in page.text
    assert "À l’entrée" not in page.text


# What was looked for in vain


def test_a_full_day_says_so_and_counts_as_demand(portal, do, now):
    do(sample.agency, people=["jean"])
    for number, hour in enumerate((9, 10, 11, 14, 15, 16, 17)):
        do(sample.booked, f"2026-12-08 {hour:02}:00", now=now, number=number, service="evaluation")
    do(usage.write)
    page = portal.open(f"{SERVICE}?lang=fr&day=2026-12-08")
    assert "Tout est pris ce jour-là." in page.text
    assert page.link("mercredi 9 décembre à 9")
    assert do(usage.write) == 1


def test_a_day_on_which_everybody_is_away_says_so(portal, do):
    do(sample.agency, people=[])
    do(
        sample.resource,
        "jean",
        plannings=("bureau",),
        skills={"evaluation": 5},
        absences=[("2026-12-08T00:00", "2026-12-09T00:00")],
    )
    page = portal.open(f"{SERVICE}?lang=fr&day=2026-12-08")
    assert "Aucune des personnes qui pourraient vous recevoir n’est présente à ce moment-là." in page.text
    lost = portal.open(f"{SERVICE}/details?lang=fr&{NINE}")
    assert lost.status == 409
    assert "n’est présente à ce moment-là" in lost.text
    assert "Lundi 7 décembre 2026" in lost.text


def test_a_room_that_is_away_says_so(portal, do):
    do(sample.agency, people=[], requires=[{"kind": "room"}])
    do(sample.resource, "dune", "room", plannings=("bureau",), absences=[("2026-12-08T00:00", "2026-12-09T00:00")])
    page = portal.open(f"{SERVICE}?lang=fr&day=2026-12-08")
    assert "Ce que vous demandez n’est pas disponible à ce moment-là." in page.text
