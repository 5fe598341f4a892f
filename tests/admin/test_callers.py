"""Booking for an order, for a customer, from the calendar; and nothing at another site."""

from __future__ import annotations

import pytest

from portal.extensions import reading, transaction
from portal.models import Appointment, Customer, Site, User, UserSite
from portal.operations import appointments
from portal.operations.wishes import Wish
from tests import sample
from tests.admin.conftest import form_of

PHONE = "/admin/add/appointment"
DETAILS = f"{PHONE}/bordeaux/quais/details"
FREE, NIGHT = "start=2026-12-08T08:30:00%2B01:00", "start=2026-12-08T22:00:00%2B01:00"


def customer(email="vidal@example.com"):
    with transaction() as session:
        row = Customer(
            email=email, name="Emballages Vidal", phone="05 36 49 18 44", locale="en", created_at=sample.MADE
        )
        session.add(row)
        session.flush()
        return row.id


def booked():
    with reading() as session:
        return session.query(Appointment).one()


def keep_to(role, key):
    """Take every site but one away from somebody."""
    with transaction() as session:
        user = session.query(User).filter_by(email=f"{role}@example.com").one()
        user.every_site = False
        session.add(UserSite(user_id=user.id, site_id=session.query(Site).filter_by(key=key).one().id))


@pytest.mark.parametrize("email", ["vidal@example.com", None])
def test_a_customer_fills_in_who_comes_and_is_kept(manager, do, docks, email):
    number = do(customer, email)
    first = manager.get(f"{PHONE}/?customer={number}")
    assert first.location == f"{PHONE}/bordeaux/quais?customer={number}"
    assert f"customer={number}&amp;start=" in manager.get(first.location).text
    path = f"{DETAILS}?customer={number}"
    values = form_of(manager.get(f"{path}&{FREE}"), path)
    assert (values["name"], values["phone"], values["locale"]) == (["Emballages Vidal"], ["05 36 49 18 44"], ["en"])
    assert manager.post(path, data=values).status_code == 303
    assert (do(booked).customer_id, do(booked).email) == (number, email)


def test_an_order_that_cannot_be_invited_keeps_its_customer(manager, do, docks):
    do(sample.order, email=None)
    path = f"{DETAILS}?order=CMD-1042"
    assert manager.post(path, data=form_of(manager.get(f"{path}&{FREE}"), path)).status_code == 303
    assert do(booked).customer_id is not None


@pytest.mark.on_both
@pytest.mark.parametrize("number", ["999999999", "x", "-1", "9" * 30, "²"])
def test_a_customer_who_is_not_there_is_said(manager, docks, number):
    assert manager.get(f"{PHONE}/?customer={number}").status_code == 404
    assert manager.get(f"{DETAILS}?customer={number}&{FREE}").status_code == 404


def test_a_customer_who_went_meanwhile_is_no_obstacle(do, now, docks):
    wish = sample.wish("2026-12-08 08:30")
    do(
        appointments.book,
        Wish(wish.start, wish.contact, wish.actor, site="bordeaux", planning="quais", customer=99),
        now=now,
    )
    assert do(booked).customer_id is None


def test_the_calendar_names_the_site_alone(manager, do, docks):
    do(sample.site, key="lyon")
    do(sample.planning, key="bureau", sites=("lyon",))
    assert manager.get(f"{PHONE}/?site=lyon").location == f"{PHONE}/lyon/bureau"
    assert manager.get(f"{PHONE}/?site=%00").status_code == 200


def test_another_site_is_nowhere(manager, do, now, docks):
    do(sample.site, key="lyon")
    do(sample.planning, key="bureau", sites=("lyon",))
    do(sample.order)
    made = do(sample.booked, "2026-12-08 08:30", now=now)
    do(keep_to, "manager", "lyon")
    assert manager.get(f"{PHONE}/").location == f"{PHONE}/lyon/bureau"
    for path in (
        f"{PHONE}/?order=CMD-1042",
        f"{PHONE}/bordeaux/quais",
        f"{DETAILS}?{FREE}",
        f"/admin/appointments/{made.public_id}/move",
    ):
        assert manager.get(path).status_code == 404, path


def test_a_manager_overbooks_with_a_reason_and_an_agent_does_not(manager, agent, do, docks):
    page = manager.get(f"{DETAILS}?{NIGHT}")
    values = {**form_of(page, DETAILS), "name": "Ana", "start": "2026-12-08T22:00:00+01:00"}
    assert "overbook" in page.text
    assert manager.post(DETAILS, data={**values, "reason": ""}).status_code == 422
    assert manager.post(DETAILS, data={**values, "reason": "convoi de nuit"}).status_code == 303
    assert do(booked).overbook_reason == "convoi de nuit"
    page = agent.get(f"{DETAILS}?{NIGHT}")
    assert "overbook" not in page.text
    refused = agent.post(
        DETAILS,
        data={
            **form_of(page, DETAILS),
            **values,
            "reason": "moi aussi",
            "csrf_token": form_of(page, DETAILS)["csrf_token"],
        },
    )
    assert refused.status_code == 409
