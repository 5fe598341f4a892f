"""An address is mailed its links, and nobody learns whose address it is."""

from __future__ import annotations


def test_the_answer_is_the_same_for_every_address(portal, booked):
    pages = [
        portal.open("/find?lang=fr").send(email=email) for email in ("chauffeur0@example.com", "nobody@example.com")
    ]
    assert {page.status for page in pages} == {200}
    assert pages[0].text == pages[1].text
    assert "Regardez votre messagerie" in pages[0].text


def test_only_an_address_with_appointments_is_mailed(portal, booked, statements):
    with statements() as known:
        portal.open("/find").send(email=" Chauffeur0@Example.com ")
    with statements() as unknown:
        portal.open("/find").send(email="nobody@example.com")
    assert any("INSERT INTO outbox" in line for line in known)
    assert not any("INSERT INTO outbox" in line for line in unknown)


def test_what_is_no_address_is_refused_in_words(portal):
    page = portal.open("/find?lang=fr").send(email="camille@")
    assert page.status == 422
    assert page.title.startswith("Erreur")
    assert page.form.values["email"] == "camille@"


def test_robots_are_refused(portal, booked):
    assert portal.open("/find").send(email="chauffeur0@example.com", website="x").status == 422
