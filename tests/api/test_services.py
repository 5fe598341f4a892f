"""Services for programs: found with the people who could serve, booked with all that they need, given to others."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.extensions import reading, transaction
from portal.models import Continuation, Region, Service, Site
from portal.operations import service_links
from portal.operations.keepsakes import new_revision
from tests import sample
from tests.api.conftest import problem, wrong
from tests.backends import NOW

TUESDAY = {"site": "bordeaux", "service": "evaluation", "from_": "2026-12-08", "to": "2026-12-08"}
TEN = "2026-12-08T10:00:00+01:00"
PERSON = {"kind": "staff", "skills": {"evaluation": 1}}
ROOM = {"kind": "room", "optional": True}
FREE = {"unit": "length", "from": None, "until": None}


@pytest.fixture
def agency(do) -> None:
    """Make an agency of three people, of whom Léa is away on Tuesday morning, and a meeting room."""
    do(sample.agency, people=("jean", "ryan"), requires=[PERSON, ROOM], kinds=["supplier"])
    away = [("2026-12-08T09:00", "2026-12-08T12:00")]
    do(sample.resource, "lea", plannings=("bureau",), skills={"evaluation": 5}, absences=away)
    do(sample.resource, "salon", "room", persons=4, features=["screen"])


def wish(start: str = TEN, **more):
    customer = {"email": "camille@example.com", "name": "Camille Roy"}
    return {"site": "bordeaux", "service": "evaluation", "start": start, "customer": customer, **more}


def people(answer) -> dict[str, list[str]]:
    return {slot["start"][11:16]: slot["staff"] for slot in answer.json["slots"]}


def change(key: str = "evaluation", **columns) -> None:
    """Edit a service."""
    with transaction() as session:
        found = session.query(Service).filter_by(key=key).one()
        for name, value in {**columns, "revision": new_revision()}.items():
            setattr(found, name, value)


def bicycles() -> None:
    """Rent ten like bicycles by the hour, to whoever comes for as many and as long as they like."""
    hours = dict.fromkeys(range(1, 6), ((540, 1080, 10),))
    sample.planning(key="velos", guests=False, kinds=(), week=hours)
    sample.resource("velo", "asset", plannings=("velos",))
    choice = {"quantity": True, "iterations": True}
    sample.service("velo", requires=[{"kind": "asset"}], reservation=choice, step=60)


# Slots


def test_each_slot_names_who_could_be_given_it(api, agency):
    answer = api.get("/slots", **TUESDAY)
    found = people(answer)
    assert (found["10:00"], found["14:00"]) == (["jean", "ryan"], ["jean", "ryan", "lea"])
    assert answer.json["slots"][0] == {
        "start": "2026-12-08T09:00:00+01:00",
        "end": "2026-12-08T10:00:00+01:00",
        "places": 2,
        "staff": ["jean", "ryan"],
    }
    assert answer.json["next"] == "2026-12-09"


def test_whoever_is_booked_is_named_no_more(api, agency):
    api.post("/appointments", wish(staff="jean"))
    found = people(api.get("/slots", **TUESDAY))
    assert (found["10:00"], found["11:00"]) == (["ryan"], ["jean", "ryan"])


def test_people_who_are_picked_are_free_at_every_slot(api, agency):
    assert next(iter(people(api.get("/slots", **TUESDAY, staff="lea")))) == "14:00"
    assert set(map(tuple, people(api.get("/slots", **TUESDAY, staff="lea")).values())) == {("lea",)}


def test_a_room_that_is_picked_must_be_free_too(api, agency):
    api.post("/appointments", wish(resources=["salon"]))
    assert "10:00" in people(api.get("/slots", **TUESDAY))
    assert "10:00" not in people(api.get("/slots", **TUESDAY, resources="salon"))


@pytest.mark.parametrize(("name", "key"), [("staff", "paul"), ("staff", "salon"), ("resources", "toit")])
def test_who_cannot_be_picked_is_told(api, agency, name, key):
    assert wrong(api.get("/slots", **TUESDAY, **{name: key})) == {name: "unknown_resource"}
    given = {name: key if name == "staff" else [key]}
    assert wrong(api.post("/appointments", wish(**given))) == {name: "unknown_resource"}


def test_where_people_are_not_chosen_they_are_named_to_keys_alone(api, agency, do, key_of):
    do(change, policy={"modes": ["service"]})
    book = key_of("book")
    assert set(map(tuple, people(api.get("/slots", **TUESDAY)).values())) == {()}
    assert wrong(api.get("/slots", **TUESDAY, staff="jean")) == {"staff": "unknown_resource"}
    assert wrong(api.post("/appointments", wish(staff="jean"))) == {"staff": "unknown_resource"}
    assert people(api.get("/slots", book, **TUESDAY, policy="staff"))["10:00"] == ["jean", "ryan"]
    assert api.post("/appointments", wish(staff="jean"), book).json["staff"] == ["jean"]


def test_reasons_say_who_is_away_and_who_is_taken(api, agency, do, key):
    do(sample.resource, "zoe", plannings=("bureau",), skills={"signing": 1}, absences=[("2026-12-08", "2026-12-09")])
    do(sample.service, "signing", requires=[{"kind": "staff", "skills": {"signing": 1}}])
    told = {
        service: {one["start"][11:16]: one["code"] for one in answer.json["refused"]}
        for service in ("evaluation", "signing")
        if (answer := api.get("/slots", key, **{**TUESDAY, "service": service}, reasons=1))
    }
    assert (told["evaluation"]["11:30"], told["signing"]["10:00"]) == ("break", "resource_absent")
    for _ in range(2):
        api.post("/appointments", wish(), key)
    told = api.get("/slots", key, **TUESDAY, reasons=1).json["refused"]
    assert {one["code"] for one in told if one["start"] == TEN} == {"resource_busy"}
    assert all(one["text"] for one in told)


def test_quantity_and_iterations_ask_for_more(api, agency, do):
    do(bicycles)
    asked = {**TUESDAY, "service": "velo"}
    made = api.post("/appointments", wish(service="velo", quantity=7, iterations=2)).json
    assert (made["quantity"], made["iterations"], made["end"]) == (7, 2, "2026-12-08T12:00:00+01:00")
    assert "10:00" in people(api.get("/slots", **asked, quantity=3))
    assert "10:00" not in people(api.get("/slots", **asked, quantity=4))
    slot = api.get("/slots", **asked, iterations=3).json["slots"][0]
    assert (slot["start"][11:16], slot["end"][11:16]) == ("09:00", "12:00")
    assert problem(api.post("/appointments", wish(service="velo", quantity=4))) == (409, "slot_taken")


@pytest.mark.parametrize("name", ["quantity", "iterations"])
def test_more_than_one_is_refused_where_it_cannot_be_chosen(api, agency, key, name):
    assert wrong(api.get("/slots", **TUESDAY, **{name: 2})) == {name: "one_only"}
    assert wrong(api.post("/appointments", wish(**{name: 2}), key)) == {name: "one_only"}


def test_staff_takes_several_places_of_a_planning_and_guests_one(api, docks, key):
    asked = {"planning": "quais", "service": None, "quantity": 3}
    given = {name: value for name, value in wish(**asked).items() if value is not None}
    assert wrong(api.post("/appointments", given)) == {"quantity": "one_only"}
    assert api.post("/appointments", given, key).json["quantity"] == 3
    slots = api.get("/slots", site="bordeaux", planning="quais", from_="2026-12-08", to="2026-12-08").json["slots"]
    assert {slot["places"] for slot in slots if slot["start"] == TEN} == {3}


def test_two_months_of_people_cost_what_a_day_does(api, agency, statements):
    api.get("/slots", **TUESDAY)
    for last in ("2026-12-08", "2027-02-07"):
        with statements(at_most=4):
            api.get("/slots", **{**TUESDAY, "to": last})


# The catalogue


def test_a_service_says_how_it_is_booked_and_to_a_key_what_it_needs(api, agency, key):
    expected = {
        "key": "evaluation",
        "name": {"fr": "Évaluation de bien", "en": "Property valuation"},
        "description": {},
        "price": {},
        "group": None,
        "sites": ["bordeaux"],
        "planning": None,
        "kinds": ["supplier"],
        "guests": True,
        "mode": "in_person",
        "minutes": 60,
        "step": 30,
        "buffer_before": 0,
        "buffer_after": 0,
        "reservation": {"quantity": False, "iterations": False, **FREE},
        "fields": [],
    }
    assert api.get("/services").json["services"] == [expected]
    assert api.get("/services", key).json["services"] == [{**expected, "requires": [PERSON, ROOM]}]


def test_services_without_guests_are_there_for_a_key_only(api, agency, do, key_of):
    do(sample.service, "interne", guests=False, planning="bureau")
    assert [one["key"] for one in api.get("/services").json["services"]] == ["evaluation"]
    assert [one["key"] for one in api.get("/services", key_of("book")).json["services"]] == ["evaluation"]
    found = api.get("/services", key_of("read", name="r")).json["services"]
    assert [(one["key"], one["planning"]) for one in found] == [("evaluation", None), ("interne", "bureau")]
    interne = {**TUESDAY, "service": "interne"}
    assert problem(api.get("/slots", **interne)) == (404, "not_found")
    assert api.get("/slots", key_of("read", name="s"), **interne).status_code == 200


def test_nights_say_when_they_begin_and_end(api, agency, do):
    nights = {"iterations": True, "unit": "night", "from": "16:00"}
    do(sample.service, "chambre", requires=[{"kind": "room"}], reservation=nights)
    (found,) = [one for one in api.get("/services").json["services"] if one["key"] == "chambre"]
    assert found["reservation"] == {"quantity": False, **nights, "until": "11:00"}


def test_resources_are_for_keys_that_read(api, agency, key_of):
    assert problem(api.get("/resources")) == (401, "unauthorised")
    assert problem(api.get("/resources", key_of("book"))) == (403, "forbidden")
    found = api.get("/resources", key_of("read", name="r")).json["resources"]
    assert [one["key"] for one in found] == ["jean", "lea", "ryan", "salon"]
    assert found[3] == {
        "key": "salon",
        "kind": "room",
        "name": "Salon",
        "email": None,
        "timezone": "Europe/Paris",
        "sites": ["bordeaux"],
        "plannings": [],
        "skills": {},
        "persons": 4,
        "features": ["screen"],
        "max_per_day": None,
    }
    assert (found[0]["plannings"], found[0]["skills"]) == (["bureau"], {"evaluation": 5})


def test_a_site_says_its_region_its_place_and_its_services(api, agency, do):
    do(locate)
    (found,) = api.get("/sites").json["sites"]
    assert (found["region"], found["latitude"], found["longitude"]) == ("aquitaine", 44.85, -0.57)
    assert (found["services"], found["plannings"]) == (["evaluation"], [])


def locate() -> None:
    with transaction() as session:
        session.add(region := Region(key="aquitaine", name="Aquitaine"))
        session.flush()
        site = session.query(Site).one()
        site.region_id, site.latitude, site.longitude, site.revision = region.id, 44.85, -0.57, new_revision()


@pytest.mark.parametrize("path", ["/services", "/resources", "/sites"])
def test_lists_take_few_statements_however_long_they_are(api, agency, do, key, statements, path):
    for number in range(3):
        do(sample.service, f"s{number}")
        do(sample.resource, f"r{number}", plannings=("bureau",))
    api.get(path, key)
    with statements(at_most=4):
        api.get(path, key)


# Book


def test_all_that_is_needed_is_booked_at_once(api, agency, key):
    answer = api.post("/appointments", wish())
    assert answer.status_code == 201
    found = answer.json
    assert (found["service"], found["planning"]) == ("evaluation", None)
    assert (found["staff"], found["resources"]) == (["jean"], ["salon"])
    assert (found["quantity"], found["iterations"]) == (1, 1)
    assert found == api.get(f"/appointments/{found['id']}", key).json


def test_who_serves_is_told_to_the_public_only_where_people_may_be_chosen(api, agency, do, key):
    do(change, policy={"modes": ["service"]}, guests=True)
    made = api.post("/appointments", wish()).json
    assert (made["staff"], made["resources"]) == ([], ["salon"])
    assert api.get(f"/appointments/{made['id']}", key).json["staff"] == ["jean"]
    link = do(service_links.create, "evaluation", "bordeaux", now=NOW).token
    taken = {"start": TEN, "customer": {"email": "camille@example.com", "name": "Camille Roy"}}
    assert api.post(f"/links/{link}/appointments", taken).json["staff"] == []
    assert [one["staff"] for one in api.get(f"/links/{link}").json["appointments"]] == [[]]
    do(change, policy={"modes": ["service_staff"]})
    assert [one["staff"] for one in api.get(f"/links/{link}").json["appointments"]] == [["ryan"]]


def test_the_person_who_is_picked_has_it(api, agency):
    assert api.post("/appointments", wish(staff="ryan")).json["staff"] == ["ryan"]
    assert problem(api.post("/appointments", wish(staff="ryan"))) == (409, "slot_taken")
    assert problem(api.post("/appointments", wish(staff="lea"))) == (409, "slot_not_offered")


def test_the_last_person_is_sold_once(api, agency):
    answers = [api.post("/appointments", wish()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert problem(answers[2]) == (409, "slot_taken")


def test_staff_adds_whom_the_service_does_not_need(api, agency, do, key):
    do(sample.resource, "notaire", plannings=("bureau",))
    assert wrong(api.post("/appointments", wish(resources=["notaire"]))) == {"resources": "unknown_resource"}
    made = api.post("/appointments", wish(staff="ryan", resources=["notaire"]), key).json
    assert made["staff"] == ["ryan", "notaire"]


def test_an_unknown_service_is_not_found(api, agency, key):
    assert problem(api.post("/appointments", wish(service="visite"))) == (404, "not_found")
    assert problem(api.get("/slots", **{**TUESDAY, "service": "visite"})) == (404, "not_found")
    assert problem(api.get("/slots", key, **{**TUESDAY, "site": "lyon"})) == (404, "not_found")


def test_one_of_a_planning_and_a_service_is_named(api, agency):
    both = wish(planning="bureau")
    assert wrong(api.post("/appointments", both)) == {"service": "not_both"}
    neither = {name: value for name, value in wish().items() if name != "service"}
    assert wrong(api.post("/appointments", neither)) == {"planning": "planning_or_service"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"staff": ["jean"]}, {"staff": "expected"}),
        ({"resources": "salon"}, {"resources": "expected"}),
        ({"resources": ["Salon"]}, {"resources": "not_a_key"}),
        ({"resources": [3]}, {"resources": "not_a_key"}),
        ({"resources": ["salon"] * 21}, {"resources": "too_many"}),
        ({"quantity": "2", "iterations": 0}, {"quantity": "expected", "iterations": "out_of_range"}),
    ],
)
def test_wrong_choices_are_told(api, agency, given, expected):
    assert wrong(api.post("/appointments", wish(**given))) == expected


def test_the_same_request_is_done_once_and_another_choice_is_another_request(api, agency):
    first = api.post("/appointments", wish(staff="ryan"), once="1")
    again = api.post("/appointments", wish(staff="ryan"), once="1")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    assert wrong(api.post("/appointments", wish(staff="jean"), once="1")) == {"Idempotency-Key": "idempotency"}


def test_what_the_service_asks_must_be_answered(api, agency, do):
    do(change, fields=[sample.PLATE])
    assert wrong(api.post("/appointments", wish())) == {"fields.plate": "required"}
    assert api.post("/appointments", wish(fields={"plate": "AB-123-CD"})).json["fields"] == {"plate": "AB-123-CD"}


def test_for_existing_customers_a_mail_leads_on_with_what_was_picked(api, agency, do):
    do(change, policy={"who": "existing"})
    answers = [api.post("/appointments", wish(staff="ryan", resources=["salon"]), once="1") for _ in range(2)]
    assert [(answer.status_code, answer.json) for answer in answers] == [(202, {"status": "check_mail"})] * 2
    assert do(carried) == [{"staff": "ryan", "resource": "salon"}]
    assert people(api.get("/slots", **TUESDAY))["10:00"] == ["jean", "ryan"]


def carried():
    with reading() as session:
        return session.scalars(select(Continuation.carried)).all()


def test_an_address_to_be_confirmed_keeps_the_person(api, agency, do):
    do(change, policy={"confirm_by_mail": 15})
    answer = api.post("/appointments", wish(staff="ryan"))
    assert (answer.status_code, answer.json) == (202, {"status": "check_mail"})
    assert people(api.get("/slots", **TUESDAY))["10:00"] == ["jean"]


# Look up, give to others, move


def test_appointments_are_found_by_service_and_by_person(api, agency, do, key, statements):
    do(sample.service, "visite")
    eleven = "2026-12-08T11:00:00+01:00"
    mine = [api.post("/appointments", one, key).json for one in (wish(staff="jean"), wish(eleven, staff="ryan"))]
    other = api.post("/appointments", wish("2026-12-08T15:00:00+01:00", service="visite", staff="jean"), key).json
    assert api.get("/appointments", key, service="evaluation").json["appointments"] == mine
    assert api.get("/appointments", key, staff="jean").json["appointments"] == [mine[0], other]
    assert api.get("/appointments", key, staff="salon").json["appointments"] == mine
    assert api.get("/appointments", key, staff="jean", service="visite").json["appointments"] == [other]
    with statements(at_most=4):  # the key, the zone of the days, the appointments, and whom they have
        api.get("/appointments", key)


def test_another_person_gets_it_at_the_same_time(api, agency, key):
    made = api.post("/appointments", wish(staff="jean"), key).json
    answer = api.post(f"/appointments/{made['id']}/reassign", {"staff": "ryan"}, key)
    assert (answer.status_code, answer.json["staff"], answer.json["start"]) == (200, ["ryan"], TEN)
    assert api.get(f"/appointments/{made['id']}", key).json["staff"] == ["ryan"]
    assert api.post(f"/appointments/{made['id']}/reassign", {"staff": "ryan"}, key).json["staff"] == ["ryan"]


def test_nobody_gets_what_they_cannot_do(api, agency, do, key, key_of):
    do(sample.resource, "notaire", plannings=("bureau",))
    made = api.post("/appointments", wish(staff="jean"), key).json
    path = f"/appointments/{made['id']}/reassign"
    assert wrong(api.post(path, {"staff": "notaire"}, key)) == {"staff": "not_fitting"}
    assert wrong(api.post(path, {"staff": "paul"}, key)) == {"staff": "unknown_resource"}
    assert wrong(api.post(path, {"staff": "ryan", "of": "lea"}, key)) == {"of": "not_assigned"}
    assert wrong(api.post(path, {}, key)) == {"staff": "required"}
    assert problem(api.post(path, {"staff": "lea"}, key)) == (409, "slot_not_offered")
    api.post("/appointments", wish(staff="ryan"), key)
    assert problem(api.post(path, {"staff": "ryan"}, key)) == (409, "slot_taken")
    assert problem(api.post(path, {"staff": "ryan"}, key_of("read"))) == (403, "forbidden")
    assert problem(api.post(f"/appointments/{'0' * 32}/reassign", {"staff": "ryan"}, key)) == (404, "not_found")


def test_a_move_keeps_the_person(api, agency, key):
    made = api.post("/appointments", wish(staff="ryan"), key).json
    moved = api.post(f"/appointments/{made['id']}/reschedule", {"start": "2026-12-08T15:00:00+01:00"}, key).json
    assert (moved["staff"], moved["start"]) == (["ryan"], "2026-12-08T15:00:00+01:00")


# Links


def test_a_link_shows_and_books_the_services_of_its_order(api, agency, do):
    do(sample.planning, key="quais")
    do(sample.order)
    token = do(sample.link)
    shown = api.get(f"/links/{token}").json
    assert [one["key"] for one in shown["plannings"]] == ["quais"]
    assert [(one["key"], one["minutes"]) for one in shown["services"]] == [("evaluation", 60)]
    days = {"from_": "2026-12-08", "to": "2026-12-08"}
    refused = api.get(f"/links/{token}/slots", **days)
    assert wrong(refused) == {"planning": "planning_required"}
    assert [one["key"] for one in refused.json["services"]] == ["evaluation"]
    assert people(api.get(f"/links/{token}/slots", **days, service="evaluation"))["10:00"] == ["jean", "ryan"]
    made = api.post(f"/links/{token}/appointments", {"start": TEN, "service": "evaluation", "staff": "ryan"}).json
    assert (made["service"], made["staff"], made["order"]) == ("evaluation", ["ryan"], "CMD-1042")
    assert api.get(f"/links/{token}").json["appointments"] == [made]
    assert problem(api.get(f"/links/{token}/slots", **days, service="visite")) == (404, "not_found")
