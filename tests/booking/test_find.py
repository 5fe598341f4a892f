"""An address is mailed its links, and nobody learns whose address it is."""

from __future__ import annotations

from sqlalchemy import select

from portal.extensions import reading
from portal.models import OutboxMessage


def test_the_answer_is_the_same_for_every_address(portal, booked):
    pages = [
        portal.open("/find?lang=fr").send(email=email) for email in ("chauffeur0@example.com", "nobody@example.com")
    ]
    assert {page.status for page in pages} == {200}
    assert pages[0].text == pages[1].text
    assert "Regardez votre messagerie" in pages[0].text


def test_the_same_is_done_for_every_address_and_one_with_appointments_is_mailed(
    portal, booked, do, now, statements, link_in_mail
):
    done = []
    for email in (" Chauffeur0@Example.com ", "nobody@example.com"):
        with statements() as one:
            portal.open("/find").send(email=email)
        done.append(one)
    assert done[0] == done[1]
    assert any("INSERT INTO outbox" in line for line in done[0])
    asked = set(do(queued, "find"))
    assert asked == {"chauffeur0@example.com", "nobody@example.com"}
    assert asked & link_in_mail().keys() == {"chauffeur0@example.com"}


def queued(kind):
    with reading() as session:
        return session.scalars(select(OutboxMessage.recipient).where(OutboxMessage.kind == kind)).all()


def test_what_is_no_address_is_refused_in_words(portal):
    page = portal.open("/find?lang=fr").send(email="camille@")
    assert page.status == 422
    assert page.title.startswith("Erreur")
    assert page.form.values["email"] == "camille@"


def test_robots_are_refused(portal, booked):
    assert portal.open("/find").send(email="chauffeur0@example.com", website="x").status == 422
