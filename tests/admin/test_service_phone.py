"""Booking a service for somebody: about what, with whom and where, what else, when, and who comes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest

from portal.extensions import reading, transaction
from portal.models import Appointment, Planning, Pool, Region, Service, ServiceGroup, Site, WeeklyOpening
from portal.operations import appointments, assignments
from portal.operations.keepsakes import new_revision
from tests import sample
from tests.admin.conftest import form_of
from tests.admin.test_callers import customer, keep_to

START = "/admin/add/appointment/"
WHO = "/admin/add/service-appointment/evaluation"
PICK = f"{WHO}/bordeaux"
DETAILS = f"{PICK}/details"
NINE, NIGHT = "start=2026-12-08T09:00:00%2B01:00", "start=2026-12-08T22:00:00%2B01:00"


@pytest.fixture
def agency(do) -> None:
    """Make the agency of Bordeaux, and one in Paris with nobody but Zoe."""
    do(sample.agency)
    do(sample.resource, "salon", "room", persons=4)
    do(elsewhere)


def elsewhere() -> None:
    """Open an agency in Paris, in a region of its own, and let a topic lead to the valuation."""
    sample.site(key="paris")
    with transaction() as session:
        region = Region(key="idf", name="Île-de-France")
        group = ServiceGroup(key="vente", name={"fr": "Vendre", "en": "Selling"})
        session.add_all([region, group])
        session.flush()
        site = session.query(Site).filter_by(key="paris").one()
        site.address, site.region_id, site.revision = "3 rue de Rivoli, 75004 Paris", region.id, new_revision()
        service = session.query(Service).one()
        service.group_id, service.revision = group.id, new_revision()
        session.add(Pool(service_id=service.id, site_id=site.id))
    sample.resource("zoe", sites=("paris",), plannings=("bureau",), skills={"evaluation": 5})


def booked() -> Appointment:
    with reading() as session:
        return session.query(Appointment).one()


def having() -> list[tuple[str, bool]]:
    with reading() as session:
        number = session.query(Appointment).one().id
        return [(one.key, one.named) for one in assignments.of(session, [number])[number]]


def visit(client, path: str) -> str:
    page = client.get(path)
    assert page.status_code == 200, page.text
    return unescape(page.text)


def times(client, path: str) -> list[str]:
    """Read the times that a page offers on 8 December."""
    text = visit(client, f"{path}{'&' if '?' in path else '?'}day=2026-12-08")
    return [part[:5] for part in text.split("start=2026-12-08T")[1:]]


def test_topics_come_first_and_lead_to_people(manager, agency):
    text = visit(manager, START)
    assert "Selling" in text
    assert "Property valuation" in text
    assert f'href="{WHO}"' in text


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("group=vente", True),
        ("group=louer", False),
        ("mode=in_person", True),
        ("mode=video", False),
        ("region=idf", True),
        ("site=bordeaux", True),
    ],
)
def test_topics_are_narrowed_by_group_kind_region_and_site(manager, agency, asked, there):
    assert (f'href="{WHO}' in visit(manager, f"{START}?{asked}")) is there


def test_what_narrows_to_one_service_goes_nowhere_by_itself(manager, do, agency):
    do(no_plannings)
    assert manager.get(f"{START}?group=vente").status_code == 200
    assert manager.get(START).location == WHO
    assert manager.get(f"{START}?site=paris").location == f"{WHO}?site=paris"


def no_plannings() -> None:
    with transaction() as session:
        session.query(Pool).filter(Pool.planning_id.is_not(None)).delete()


def test_first_available_stands_before_three_people_with_their_next_free_times(manager, do, now, agency):
    do(appointments.book, sample.wish("2026-12-07 09:00", service="evaluation", resources=("lea",)), now=now)
    text = visit(manager, f"{WHO}?site=bordeaux")
    positions = [text.index(name) for name in ("First available", ">Jean<", ">Lea<", ">Ryan<")]
    assert positions == sorted(positions)
    assert f'href="{PICK}?with=jean"' in text
    assert "Zoe" not in text
    assert "Salon" not in text


def test_whoever_is_on_the_telephone_is_offered_no_time_of_this_morning(manager, clock, agency):
    clock.set(datetime(2026, 12, 8, 10, 40, tzinfo=UTC))
    said = re.findall(r"Next free time: ([^<]*)", visit(manager, f"{WHO}?site=bordeaux"))
    assert said == ["Tuesday 8 December 2026 at 14:00"] * 4  # after lunch


def test_the_nearest_site_to_a_typed_place_is_looked_into(manager, agency):
    near = visit(manager, f"{WHO}?near=33600+Pessac")
    assert near.index(">Bordeaux <") < near.index(">Paris <")
    assert "Same département" in near
    assert f"{PICK}?near=33600+Pessac&with=jean" in near
    far = visit(manager, f"{WHO}?near=Paris")
    assert far.index(">Paris <") < far.index(">Bordeaux <")
    assert "Zoe" in far
    assert "No site answers" in visit(manager, f"{WHO}?near=Nulle+part")


def test_people_are_found_by_a_part_of_their_name_anywhere(manager, agency):
    text = visit(manager, f"{WHO}?name=zo")
    assert f'href="{WHO}/paris?with=zoe"' in text
    assert "Bordeaux <" not in text
    assert "Nobody of that name" in visit(manager, f"{WHO}?name=nobody")


def test_a_region_narrows_the_sites(manager, agency):
    text = visit(manager, f"{WHO}?region=idf")
    assert ">Paris <" in text
    assert ">Bordeaux <" not in text


def test_the_people_of_a_customers_latest_appointments_are_named_first(manager, do, now, agency):
    number = do(customer)
    wish = sample.wish("2026-12-07 09:00", service="evaluation", resources=("ryan",))
    do(appointments.book, wish, now=now)
    assert "As in the latest appointments" not in visit(manager, WHO)
    do(belongs_to, number)
    text = visit(manager, f"{WHO}?customer={number}")
    assert text.index("As in the latest appointments") < text.index(f'href="{PICK}?customer={number}&with=ryan"')


def belongs_to(number: int) -> None:
    with transaction() as session:
        session.query(Appointment).one().customer_id = number


def test_a_second_person_leaves_the_common_times_and_nothing_is_lost(manager, do, now, agency):
    do(appointments.book, sample.wish("2026-12-08 09:00", service="evaluation", resources=("jean",)), now=now)
    do(appointments.book, sample.wish("2026-12-08 11:00", 1, service="evaluation", resources=("ryan",)), now=now)
    jean, both = times(manager, f"{PICK}?with=jean"), times(manager, f"{PICK}?with=jean&with=ryan&near=Pessac")
    assert "11:00" in jean
    assert "11:00" not in both
    assert "10:00" in both
    page = manager.get(f"{PICK}?with=jean&near=Pessac&day=2026-12-08")
    form = form_of(page, f"{PICK}#manage")
    assert (form["with"][0], form["near"], form["day"]) == ("jean", ["Pessac"], ["2026-12-08"])
    assert {"salon", "ryan", "lea"} <= set(options(page.text))
    assert "jean" not in options(page.text)


def options(text: str) -> list[str]:
    return [part.partition('"')[0] for part in text.split('<option value="')[1:]]


def test_somebody_is_taken_out_again(manager, agency):
    path = f"{PICK}?with=jean&with=salon&day=2026-12-08"
    assert 'form="manage-form" name="without" value="jean"' in visit(manager, path)
    text = visit(manager, f"{path}&without=jean")
    assert "First available" in text
    assert f"{PICK}?with=salon&day=2026-12-09" in text


def test_a_day_that_is_swapped_in_brings_its_values_for_the_form_of_the_resources(manager, agency):
    path, asked = f"{PICK}?with=jean&day=2026-12-09", {"HX-Request": "true", "HX-Target": "slots"}
    day = manager.get(path, headers=asked).text
    assert '<div hidden id="manage-values" hx-swap-oob="true">' in day
    assert 'name="day" value="2026-12-09"' in day
    month = manager.get(f"{PICK}?with=jean&month=2027-01", headers={**asked, "HX-Target": "pick"}).text
    assert 'name="month" value="2027-01"' in month


def test_who_is_not_there_is_left_out(manager, agency):
    assert "Take out" not in visit(manager, f"{PICK}?with=zoe&with=nobody&with=")
    assert "Take out" in visit(manager, f"{PICK}?with=zoe&with=jean")


def test_the_appointment_is_everybodys_who_was_picked(manager, do, agency):
    number = do(customer)
    path = f"{DETAILS}?customer={number}&with=jean&with=salon"
    page = manager.get(f"{path}&{NINE}")
    assert all(name in page.text for name in ("Jean", "Salon", "Step 4 of 4"))
    assert manager.post(path, data=form_of(page, path)).status_code == 303
    assert do(having) == [("jean", True), ("salon", True)]
    assert (do(booked).customer_id, do(booked).name) == (number, "Emballages Vidal")


def test_without_a_name_the_rule_chooses(manager, do, agency):
    page = manager.get(f"{DETAILS}?{NINE}")
    assert manager.post(DETAILS, data={**form_of(page, DETAILS), "name": "Ana"}).status_code == 303
    ((_key, named),) = do(having)
    assert named is False


def test_a_busy_person_is_overbooked_by_a_manager_with_a_reason(manager, agent, do, now, agency):
    do(appointments.book, sample.wish("2026-12-08 09:00", service="evaluation", resources=("jean",)), now=now)
    path = f"{DETAILS}?with=jean"
    page = manager.get(f"{path}&{NINE}")
    assert "Busy" in page.text
    values = {**form_of(page, path), "name": "Ana", "start": "2026-12-08T09:00:00+01:00"}
    assert "overbook" not in agent.get(f"{path}&{NINE}").text
    assert manager.post(path, data={**values, "reason": ""}).status_code == 422
    assert manager.post(path, data={**values, "reason": "Demande du client"}).status_code == 303
    assert do(reasons) == ["", "Demande du client"]


def reasons() -> list[str]:
    with reading() as session:
        return [one.overbook_reason for one in session.query(Appointment).order_by(Appointment.id)]


def test_quantity_and_nights_are_asked_where_the_service_has_them(manager, do, agency):
    assert 'name="quantity"' not in visit(manager, PICK)
    do(by_the_dozen)
    text = visit(manager, f"{PICK}?quantity=2&iterations=2")
    assert 'name="quantity" min="1" max="1000" value="2"' in text
    assert times(manager, f"{PICK}?quantity=2&iterations=3") == ["09:00", "14:00", "14:30", "15:00"]
    assert times(manager, f"{PICK}?quantity=9") == []
    path = f"{DETAILS}?quantity=2&iterations=3"
    page = manager.get(f"{path}&{NINE}")
    assert manager.post(path, data={**form_of(page, path), "name": "Ana"}).status_code == 303
    assert (do(booked).units, do(booked).iterations) == (2, 3)


def by_the_dozen() -> None:
    """Let the valuation be of several desks for several hours, of a room that has two."""
    with transaction() as session:
        for one in session.query(WeeklyOpening):
            one.slots = 2
        for planning in session.query(Planning):
            planning.revision = new_revision()
        service = session.query(Service).one()
        service.requires, service.reservation = [{"kind": "staff"}], {"quantity": True, "iterations": True}
        service.revision = new_revision()


def test_another_site_is_nowhere(manager, do, agency):
    do(keep_to, "manager", "paris")
    assert ">Bordeaux <" not in visit(manager, WHO)
    for path in (PICK, f"{DETAILS}?{NINE}"):
        assert manager.get(path).status_code == 404, path
    assert manager.get("/admin/add/service-appointment/nothing").status_code == 404


def test_how_many_people_and_sites_there_are_does_not_change_how_much_is_asked(manager, do, agency, statements):
    def asked(path: str) -> int:
        manager.get(path)
        with statements(at_most=60) as seen:
            manager.get(path)
        return len(seen)

    before = [asked(path) for path in (START, WHO, f"{PICK}?with=jean")]
    for number in range(6):
        do(sample.resource, f"p{number}", plannings=("bureau",), skills={"evaluation": 5})
    do(many_sites)
    assert [asked(path) for path in (START, WHO, f"{PICK}?with=jean")] == before


def many_sites() -> None:
    for key in ("lille", "lyon", "nantes"):
        sample.site(key=key)
    with transaction() as session:
        service = session.query(Service).one()
        for one in session.query(Site).filter(Site.key.in_(("lille", "lyon", "nantes"))):
            session.add(Pool(service_id=service.id, site_id=one.id))


def test_an_order_books_services_whatever_serves_its_kind(manager, do, agency):
    do(sample.order)
    assert f'href="{START}?order=CMD-1042"' in visit(manager, "/admin/orders/CMD-1042")
    assert manager.get(f"{START}?order=CMD-1042").location == f"{WHO}?order=CMD-1042"
    text = visit(manager, f"{WHO}?order=CMD-1042")
    assert text.index(">Bordeaux <") < text.index(">Paris <")  # the order's own site
    path = f"{DETAILS}?order=CMD-1042&with=jean"
    page = manager.get(f"{path}&{NINE}")
    assert manager.post(path, data=form_of(page, path)).status_code == 303
    assert do(booked).order_id == do(sample.order_id)
