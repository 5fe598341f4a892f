"""The demo: believable, sound, the same after a restart, and started by one command."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from portal import demo
from portal.app import create_app
from portal.clock import now
from portal.domain.errors import Refusal
from portal.extensions import db, reading
from portal.models import Assignment, Resource, User
from portal.operations import (
    appointment_lists,
    cards,
    integrity,
    offer_lists,
    order_pages,
    passwords,
    requests,
    users,
    waiting_lists,
)
from portal.operations.appointment_lists import Filter
from portal.operations.cards import AppointmentCard
from portal.operations.order_pages import Search
from portal.operations.scopes import EVERYWHERE
from tests import asking
from tests.children import free_port
from tests.patience import until
from tests.served import Commands


def frozen(instant: str) -> dict[str, str]:
    return {"NOW": instant, "ALLOW_FROZEN_CLOCK": "1"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> demo.Demo:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    return demo.prepare(folder, 8000, environ=frozen("2026-12-01T09:00:00+01:00"))


@pytest.fixture
def inside(made):
    app = create_app(made.settings)
    with app.app_context():
        yield made
        db.engine.dispose()


def test_its_database_is_sound(inside):
    assert integrity.check(now()) == integrity.Report((), ())


def test_it_looks_alive(inside):
    found = appointment_lists.find_appointments(Filter(), size=200).appointments
    assert len(found) > 100
    assert {card.source for card in found} == {"link", "guest", "staff"}
    assert {card.site.key for card in found} >= {"bordeaux", "lyon", "agence"}
    assert len([card for card in found if card.start <= now()]) > 30
    statuses = {"requested", "confirmed", "arrived", "completed", "no_show", "cancelled"}
    assert {card.status.value for card in everybody()} == statuses
    assert [order_pages.count(Search(invitable=wanted)) for wanted in (False, None)] == [7, 48]


def test_two_visits_and_a_move_wait_for_an_answer(inside):
    found = requests.search(requests.Wanted(), now=now()).requests
    assert sorted((card.status.value, card.wanted is not None) for card in found) == [
        ("confirmed", True),
        ("requested", False),
        ("requested", False),
    ]


def test_its_agency_books_people_rooms_bicycles_and_nights(inside):
    cards = [card for card in everybody() if card.site.key in ("agence", "arcachon")]
    assert {card.item.key for card in cards} == {"evaluation", "appel", "salle", "velo", "chambre"}
    nights = [card for card in cards if card.item.key == "chambre"]
    assert {card.iterations for card in nights} >= {1, 2}
    assert {(f"{card.start.astimezone(card.zone):%H}", f"{card.end.astimezone(card.zone):%H}") for card in nights} == {
        ("16", "11")
    }
    assert max(card.units for card in cards) > 1
    assert max(card.iterations for card in cards) > 1
    with reading() as session:
        taken = set(session.scalars(select(Resource.key).join(Assignment, Assignment.resource_id == Resource.id)))
        together = session.execute(
            select(Assignment.appointment_id)
            .join(Resource, Resource.id == Assignment.resource_id)
            .where(Resource.kind == "staff")
            .group_by(Assignment.appointment_id)
            .having(func.count() > 1)
        ).all()
    assert taken >= {"jean", "ryan", "lea", "salon", "camera", "velos", "chambre-garonne"}
    assert len(together) == 1


def test_every_address_in_its_words_opens_in_both_languages(made):
    paths = re.findall(r"http://localhost:8000(/\S+)", made.words)
    app = create_app(made.settings)
    opened = {
        path: [app.test_client().get(path, headers={"Accept-Language": language}) for language in ("fr", "en")]
        for path in paths
    }
    assert {path: {answer.status_code for answer in answers} for path, answers in opened.items()} == {
        path: {303 if path == "/admin/" else 200} for path in paths
    }
    assert len(paths) == 8
    french, english = opened["/book/agence"]
    assert ("Évaluation de bien" in french.text, "Property valuation" in english.text) == (True, True)
    french, english = opened["/book/agence/chambre"]
    assert ("Chambre d’hôtes" in french.text, "Guest room" in english.text) == (True, True)
    assert ("85 € la nuit" in french.text, "€85 a night" in english.text) == (True, True)
    with app.app_context():
        db.engine.dispose()


def everybody() -> list[AppointmentCard]:
    found, cursor = [], None
    while True:
        page = appointment_lists.find_appointments(Filter(), cursor=cursor, size=200)
        found += page.appointments
        if (cursor := page.next) is None:
            return found


def test_two_wait_for_a_full_day_and_were_offered_what_became_free(inside):
    lines = waiting_lists.listing(waiting_lists.Search(state="waiting"), scope=EVERYWHERE).lines
    assert [line.offers for line in lines] == [1, 1]
    assert offer_lists.listing(offer_lists.Search(whom="holders"), scope=EVERYWHERE).lines


def test_nobody_in_it_can_be_reached(inside):
    for card in everybody():
        assert card.email is None or card.email.endswith(("@example.com", "@example.org"))
        assert re.match(r"0[456] (36 49|65 71|39 98) ", card.phone)


def test_its_words_hold_the_login(made):
    app = create_app(made.settings)
    password = re.search(r"admin@example\.com +(\S+)", made.words)[1]
    with app.app_context():
        assert users.find(demo.ADMIN).role == "admin"
        assert passwords.fits(hashed(), password)
        db.engine.dispose()


def hashed() -> str:
    with reading() as session:
        return session.scalars(select(User.password_hash).where(User.email == demo.ADMIN)).one()


def test_its_folder_is_ours_alone(made):
    folder = made.settings.sqlite_file.parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


def test_a_second_start_keeps_everything(made):
    folder = made.settings.sqlite_file.parent
    assert demo.prepare(folder, 8000, environ=frozen("2026-12-02T09:00:00+01:00")).words == made.words


@pytest.mark.parametrize("day", ["2026-12-23", "2027-01-01", "2027-03-27"])
def test_it_begins_on_any_day(tmp_path, day):
    made = demo.prepare(tmp_path / "demo", 8000, environ=frozen(f"{day}T14:30:00+01:00"))
    with create_app(made.settings).app_context():
        assert integrity.check(now()).breaches == ()
        db.engine.dispose()


def test_an_interrupted_beginning_begins_again_with_its_keys(tmp_path):
    folder = tmp_path / "demo"
    environ = frozen("2026-12-01T09:00:00+01:00")
    with pytest.raises(Refusal):
        demo.prepare(folder, 8000, environ={**environ, "NOW": "2999-12-31T09:00:00+01:00"})
    assert "/b/" in demo.prepare(folder, 8000, environ=environ).words


def test_one_command_serves_it_and_sends_its_mails(tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    commands = Commands("sqlite:///never-used", tmp_path)
    with commands.running("demo", "--port", str(port)) as child:
        mails = until(lambda: found(f"{url}/dev/mail", child), child.said)
        assert "CMD-1042" in mails
        token = re.search(r"/b/([\w-]+)", child.said())[1]
        assert asking.get(f"{url}/b/{token}").status_code == 200
        assert child.stop() == 0
    assert not Path(tmp_path / "never-used").exists()


def found(url: str, child) -> str:
    assert child.alive, child.said()
    try:
        text = asking.get(url).text
    except httpx.TransportError:
        return ""
    return text if "CMD-1042" in text else ""


def test_a_card_of_it_reads_well(inside):
    (card,) = [
        card
        for card in appointment_lists.find_appointments(Filter(order="FRN-2007/B"), size=200).appointments
        if card.status == "cancelled"
    ]
    assert [line.kind for line in cards.history(card.public_id)] == ["scheduled", "cancelled"]
