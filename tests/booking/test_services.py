"""A guest books a service: with whom, in which room, how much of it, on the same pages as plannings."""

from __future__ import annotations

import pytest

from tests import sample
from tests.booking.pages import HTMX, made_by

SERVICE = "/book/bordeaux/evaluation"
WHO = {"email": "camille@example.com", "name": "Camille Roy"}
ROOMS = [{"kind": "room", "persons": 2}]


@pytest.fixture
def agency(do):
    do(sample.agency)


@pytest.fixture
def rooms(do):
    """Make three rooms and a service that needs one of them, without people."""
    do(sample.agency, people=[], requires=ROOMS, name={"fr": "Salle de réunion", "en": "Meeting room"}, key="salle")
    do(sample.resource, "lac", "room", persons=12, features=["écran"], plannings=("bureau",))
    do(sample.resource, "dune", "room", persons=4, features=["écran", "visio"], plannings=("bureau",))
    do(sample.resource, "pin", "room", persons=6, plannings=("bureau",))


# The list


def test_the_first_page_names_services_with_their_length(portal, agency):
    page = portal.open("/?lang=fr")
    assert page.link("Évaluation de bien") == f"{SERVICE}?lang=fr"
    assert "1 heure sur place" in page.text


def test_a_service_of_another_way_to_meet_says_so_and_can_be_shown_alone(portal, agency, do):
    do(sample.service, "conseil", name={"fr": "Conseil"}, mode="phone", minutes=30, price={"fr": "gratuit"})
    page = portal.open("/book/bordeaux?lang=fr")
    assert "30 minutes, par téléphone · gratuit" in page.text
    alone = portal.open(page.link("Par téléphone"))
    assert alone.named("/conseil")
    assert not alone.named("/evaluation?")


def test_services_stand_under_their_topics(portal, agency, do):
    do(sample.group, "vendre", {"fr": "Vendre", "en": "Sell"})
    do(sample.service, "mandat", name={"fr": "Signature de mandat"}, group="vendre")
    text = portal.open("/book/bordeaux?lang=fr").text
    assert text.index("Évaluation de bien") < text.index("Vendre") < text.index("Signature de mandat")


def test_one_service_is_not_asked_for(portal, agency):
    assert portal.open("/book/bordeaux?lang=fr&name=Roy").response.headers["Location"] == f"{SERVICE}?lang=fr&name=Roy"


@pytest.mark.parametrize("url", ["/book/bordeaux/planning", "/book/bordeaux/nothing", "/book/bordeaux/%27"])
def test_what_is_no_service_is_a_page_in_words(portal, agency, url):
    assert portal.open(url).status == 404


def test_a_service_without_guests_is_nowhere(portal, do):
    do(sample.agency, guests=False)
    assert portal.open(SERVICE).status == 404


# The three modes


def test_without_a_word_the_person_is_assigned(portal, agency, do):
    page = portal.open(f"{SERVICE}?lang=fr&day=2026-12-08")
    assert "Étape 1 sur 2 · Choisir un créneau" in page.text
    done = portal.open(page.slot("9 h 30")).send(**WHO)
    assert made_by(do, done)[1].people == ("Jean",)


def test_where_people_are_chosen_the_first_available_comes_first(portal, agency, do, now):
    for number, day in enumerate(("2026-12-01", "2026-12-02")):
        for hour in (9, 10, 11, 14, 15, 16, 17):
            start = f"{day} {hour:02}:00"
            do(sample.booked, start, now=now, number=number, service="evaluation", resources=("jean",))
    page = portal.open(f"{SERVICE}?lang=fr&schedulingMode=service_staff")
    assert "Étape 1 sur 3 · Votre choix" in page.text
    names = [link.name.strip() for link in page.links if "staff=" in link.url]
    assert names[0].startswith("Première personne disponible")
    assert [name.split("Prochain")[0].strip() for name in names[1:]] == ["Jean", "Lea", "Ryan"]
    assert "jeudi 3 décembre à 9" in names[1]
    month = portal.open(page.link("Ryan"))
    assert "Avec Ryan" in month.text
    assert "Étape 2 sur 3 · Choisir un créneau" in month.text
    assert month.link("Choisir une autre personne") == f"{SERVICE}?lang=fr&schedulingMode=service_staff"
    form = portal.open(
        portal.open(f"{SERVICE}?lang=fr&schedulingMode=service_staff&staff=ryan&day=2026-12-08").slot("9 h")
    )
    assert "Étape 3 sur 3" in form.text
    assert "Avec Ryan" in form.text
    done = form.send(**WHO)
    assert made_by(do, done)[1].people == ("Ryan",)
    assert "AvecRyan" in portal.follow(done).text  # a line of facts


def test_with_whoever_is_free_first_nobody_is_asked_for(portal, agency):
    page = portal.open(f"{SERVICE}?lang=fr&schedulingMode=service_staff&staff=any")
    assert "Avec la première personne disponible" in page.text
    assert page.named("day=")


def test_where_a_person_comes_first_only_what_they_do_is_listed(portal, agency, do):
    do(sample.resource, "notaire", name="Me Duval", plannings=("bureau",), skills={"acte": 1})
    do(sample.service, "acte", name={"fr": "Acte"}, requires=[{"kind": "staff", "skills": {"acte": 1}}])
    do(sample.service, "mandat", name={"fr": "Mandat"}, requires=[{"kind": "staff", "skills": {"evaluation": 1}}])
    page = portal.open("/book/bordeaux?lang=fr&schedulingMode=staff_service")
    assert "Qui doit vous recevoir" in page.title
    assert "Acte, Évaluation de bien" in page.text
    services = portal.open(page.link("Jean"))
    assert "Avec Jean" in services.text
    assert not services.named("/acte")
    assert "Avec Jean" in portal.open(services.link("Mandat")).text


def test_a_mode_that_is_not_allowed_is_the_default(portal, do):
    do(sample.agency, policy={"modes": ["service"]})
    page = portal.open(f"{SERVICE}?lang=fr&schedulingMode=service_staff&staff=jean&day=2026-12-08")
    assert page.status == 200
    assert "La personne que désigne cette adresse ne peut pas être choisie ici." in page.text
    assert "Avec Jean" not in page.text


def test_where_nobody_may_be_chosen_nobody_is_named(portal, do):
    do(sample.agency, policy={"modes": ["service"]})
    done = portal.open(f"{SERVICE}/details?lang=fr&start=2026-12-08T09:00:00%2B01:00").send(**WHO)
    assert made_by(do, done)[1].people == ()
    assert "Jean" not in portal.follow(done).text


@pytest.mark.parametrize(
    "odd", ["staff=nobody", "staff=%27", "resource=salle", "quantity=2", "quantity=0", "iterations=x", "quantity=99999"]
)
def test_what_cannot_be_is_left_out_in_words(portal, agency, odd):
    page = portal.open(f"{SERVICE}?lang=fr&{odd}")
    assert page.status == 200
    assert "ne peut pas être choisi" in page.text


# Rooms


def test_rooms_are_proposed_with_times_to_take_at_once(portal, rooms, do):
    page = portal.open("/book/bordeaux/salle?lang=fr")
    names = [name for name in ("Dune", "Pin", "Lac") if name in page.text]
    assert sorted(names, key=page.text.index) == ["Dune", "Pin", "Lac"]
    assert "4 personnes · visio · écran" in page.text
    form = portal.open(page.slot("9 h 30"))
    assert "Dune" in form.text
    _card, has = made_by(do, form.send(**WHO))
    assert has.things == ("Dune",)


def test_rooms_are_narrowed_by_persons_and_features(portal, rooms):
    page = portal.open("/book/bordeaux/salle?lang=fr&persons=5")
    assert [name for name in ("Dune", "Pin", "Lac") if f"{name} " in page.text] == ["Pin", "Lac"]
    page = portal.open("/book/bordeaux/salle?lang=fr&persons=5&features=%C3%A9cran")
    assert [name for name in ("Dune", "Pin", "Lac") if f"{name} " in page.text] == ["Lac"]
    assert "Rien ne réunit" in portal.open("/book/bordeaux/salle?lang=fr&persons=500").text


def test_one_room_that_fits_is_not_asked_for(portal, do):
    do(sample.agency, people=[], requires=ROOMS)
    do(sample.resource, "dune", "room", persons=4, plannings=("bureau",))
    assert portal.open(f"{SERVICE}?lang=fr").named("day=")


# Quantity and nights


def test_nights_are_shown_as_nights(portal, do):
    do(sample.agency, people=[], requires=[{"kind": "room"}], reservation={"iterations": True, "unit": "night"})
    do(sample.resource, "gite", "room", name="Gîte")
    page = portal.open(f"{SERVICE}?lang=fr&iterations=3&day=2026-12-08")
    assert "3 nuits" in page.text
    form = portal.open(page.slot("15 h"))
    assert "3 nuits, du 8 au 11 décembre 2026" in form.text
    assert "de 15 h au vendredi 11 décembre à 11 h" in form.text
    done = form.send(**WHO)
    assert made_by(do, done)[0].iterations == 3
    assert "3 nuits, du 8 au 11 décembre 2026" in portal.follow(done).text


@pytest.mark.parametrize(("minutes", "label"), [(60, "Nombre d’heures"), (30, "Nombre de fois 30 minutes")])
def test_how_long_is_asked_for_in_the_services_own_length(portal, do, minutes, label):
    do(sample.agency, people=[], requires=[{"kind": "room"}], minutes=minutes, reservation={"iterations": True})
    assert label in portal.open(f"{SERVICE}?lang=fr").text


def test_a_quantity_is_asked_for_beside_the_month(portal, do):
    do(sample.site)
    do(sample.planning, key="parc", guests=False, week={2: ((540, 720, 10),)})
    do(sample.service, requires=[], planning="parc", reservation={"quantity": True})
    page = portal.open(f"{SERVICE}?lang=fr&quantity=4&day=2026-12-08&email=a%40b.fr")
    assert "10 places" in page.text  # the most that one booking can take
    assert page.form.values["email"] == "a@b.fr"
    form = portal.open(page.slot("9 h"))
    assert "Nombre : 4" in form.text
    assert made_by(do, form.send(**WHO))[0].units == 4
    assert "6 places" in portal.open(f"{SERVICE}?lang=fr&day=2026-12-08").text


# Statements


def test_a_month_with_five_people_and_anybody_takes_few_statements(portal, do, statements):
    do(sample.agency, people=["jean", "ryan", "lea", "ines", "paul"])
    portal.open(SERVICE)
    with statements(at_most=5):
        portal.open(SERVICE)
    with statements(at_most=4):
        portal.client.get(f"{SERVICE}?day=2026-12-08", headers=HTMX)


def test_the_people_to_choose_take_few_statements(portal, do, statements):
    do(sample.agency, people=["jean", "ryan", "lea", "ines", "paul"])
    url = f"{SERVICE}?schedulingMode=service_staff"
    portal.open(url)
    with statements(at_most=10):
        portal.open(url)


def test_the_list_of_a_site_takes_two_statements(portal, agency, do, statements):
    do(sample.group, "vendre", {"fr": "Vendre"})
    do(sample.service, "mandat", name={"fr": "Mandat"}, group="vendre")
    portal.open("/book/bordeaux")
    with statements(at_most=3):  # and the company's name
        portal.open("/book/bordeaux")
