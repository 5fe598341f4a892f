"""The page that a mail to the site leads to: who wants what, and two buttons. It works without scripts and login."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.domain.lifecycle import Status
from portal.extensions import transaction
from portal.models import Planning
from portal.operations import answerers, appointments, cards, reassigning, tokens, validation
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.keepsakes import new_revision
from portal.operations.wishes import Move, Wish
from tests import sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
EIGHT, TEN = "2026-12-07 08:00", "2026-12-07 10:00"


@pytest.fixture
def asked(do, now):
    """Ask for Monday 8:00 by the link of an order, at a dock with questions; until Thursday 9:00 for an answer."""
    do(sample.docks, policy={"validation": "manager"}, fields=sample.QUESTIONS)
    do(sample.order)
    wish = Wish(paris(EIGHT), sample.contact(), CUSTOMER, {"plate": "AB-123-CD"}, token=do(sample.link))
    return do(appointments.book, wish, now=now).public_id


@pytest.fixture
def moving(do, asked, now):
    """Accept it, and ask for its move to 10:00."""
    do(validation.accept, asked, STAFF, now=now)
    do(appointments.move, Move(asked, paris(TEN), GUEST), now=now)
    return asked


@pytest.fixture
def open_(do, portal):
    """Open the page of a request."""
    return lambda public_id, query="?lang=en": portal.open(url(do, public_id) + query)


def url(do, public_id: str) -> str:
    return f"/v/{do(lambda: cards.by_public_id(public_id).validation_token)}"


def status(do, public_id: str) -> Status:
    return do(cards.by_public_id, public_id).status


def fill(slots: int) -> None:
    """Leave so many places on Monday mornings, as an edit of the planning does."""
    with transaction() as session:
        planning = session.query(Planning).one()
        planning.revision = new_revision()
        for opening in planning.versions[0].openings:
            opening.slots = slots


def accept(page):
    return page.portal.post(page.forms[0].action, page.forms[0].values)


def decline(page, reason=""):
    return page.portal.post(page.forms[1].action, {**page.forms[1].values, "reason": reason})


def test_the_page_says_who_wants_what_when_and_until_when_to_answer(open_, asked):
    page = open_(asked)
    assert page.title.startswith("Request to answer – Monday 7 December 2026")
    for told in (
        "To be answered by Thursday 3 December 2026 at 9:00.",
        "8:00 to 9:00",
        "0 of 6 places are taken by others at that time.",
        "Chauffeur 0",
        "chauffeur0@example.com",
        "Delivery of order CMD-1042",
        "36 palettes",
        "AB-123-CD",
    ):
        assert told in page.text, told


def test_it_says_so_in_french(open_, asked):
    page = open_(asked, "?lang=fr")
    assert page.title.startswith("Demande à traiter – lundi 7 décembre 2026")
    assert "Réponse attendue avant le jeudi 3 décembre 2026 à 9 h." in page.text
    assert "Places prises par d’autres à cette heure : 0 sur 6." in page.text


def test_looking_twice_changes_nothing(open_, asked, no_writes, do):
    with no_writes():
        for _ in range(2):
            assert open_(asked).status == 200
    assert status(do, asked) is Status.REQUESTED


def test_one_button_accepts_and_the_page_then_says_so(portal, open_, asked, do):
    page = portal.follow(accept(open_(asked)))
    assert page.title.startswith("Appointment confirmed")
    assert page.forms == []
    assert status(do, asked) is Status.CONFIRMED


def test_the_history_names_the_address_of_the_mail(open_, asked, do):
    accept(open_(asked))
    line = do(cards.history, asked)[-1]
    assert (line.kind, line.actor, line.origin) == ("accepted", "mail:quais@example.com", "staff")


def test_the_other_button_declines_with_a_reason(portal, open_, asked, do):
    page = portal.follow(decline(open_(asked), " Le quai est en travaux.\r\nVenez mardi. "))
    assert page.title.startswith("Request declined")
    assert "The reason given: Le quai est en travaux. Venez mardi." in page.text
    assert status(do, asked) is Status.DECLINED


def test_a_double_click_shows_how_it_stands(portal, open_, asked):
    page = open_(asked)
    accept(page)
    assert portal.follow(accept(page)).title.startswith("Appointment confirmed")


def test_who_comes_second_with_another_answer_is_shown_the_first(open_, asked, do):
    page = open_(asked)
    accept(page)
    second = decline(page, "Non")
    assert second.status == 409
    assert "This changed while you were looking at it." in second.text
    assert second.title.startswith("Appointment confirmed")
    assert status(do, asked) is Status.CONFIRMED


def test_a_request_that_moved_meanwhile_is_shown_again_and_not_accepted(open_, asked, do, now):
    page = open_(asked)
    do(appointments.move, Move(asked, paris(TEN), CUSTOMER), now=now)
    second = accept(page)
    assert second.status == 409
    assert "10:00 to 11:00" in second.text
    assert status(do, asked) is Status.REQUESTED


def test_a_place_that_is_gone_is_not_accepted_here(open_, asked, do, now):
    page = open_(asked)
    do(sample.booked, EIGHT, now=now, number=1, actor=STAFF)
    do(fill, 1)
    second = accept(page)
    assert second.status == 409
    assert second.title.startswith("Error: ")
    assert "All places of that time are taken by now." in second.text
    assert [form.values["answer"] for form in second.forms] == ["decline"]
    assert status(do, asked) is Status.REQUESTED


def test_a_place_that_is_gone_says_so_at_once(open_, asked, do, now):
    do(sample.booked, EIGHT, now=now, number=1, actor=STAFF)
    do(fill, 1)
    page = open_(asked)
    assert page.status == 200
    assert "All places of that time are taken by now." in page.text


@pytest.mark.parametrize("sent", [{"answer": ""}, {"answer": "perhaps"}, {"answer": "decline", "reason": "x" * 501}])
def test_what_is_no_answer_is_asked_again_and_nothing_typed_is_lost(open_, portal, asked, do, sent):
    page = open_(asked)
    answer = portal.post(page.forms[1].action, {**page.forms[1].values, **sent})
    assert answer.status == 422
    assert answer.title.startswith("Error: ")
    assert sent.get("reason", "") in answer.source
    assert status(do, asked) is Status.REQUESTED


def test_after_the_deadline_it_is_too_late(open_, asked, do, clock):
    page = open_(asked)
    clock.ahead(days=2)
    assert open_(asked).title.startswith("Too late to answer")
    assert accept(page).status == 409
    assert status(do, asked) is Status.REQUESTED
    do(validation.expire, clock.now)
    assert open_(asked).title.startswith("Too late to answer")


def test_a_second_before_the_deadline_it_is_not(open_, asked, do, clock):
    clock.ahead(days=2, seconds=-1)
    assert accept(open_(asked)).status == 303


def test_a_request_that_was_withdrawn_is_over(open_, asked, do, now):
    do(appointments.cancel, asked, CUSTOMER, now=now)
    page = open_(asked)
    assert page.title.startswith("Cancelled meanwhile")
    assert page.forms == []


def test_a_move_shows_the_old_time_and_the_new_one(portal, open_, moving, do):
    page = open_(moving)
    assert page.title.startswith("Move to answer")
    assert page.text.index("8:00 to 9:00") < page.text.index("10:00 to 11:00")
    assert portal.follow(accept(page)).title.startswith("Appointment confirmed")
    assert do(cards.by_public_id, moving).start == paris(TEN)


def test_a_declined_move_stays_where_it_is(portal, open_, moving, do):
    page = portal.follow(decline(open_(moving)))
    assert page.title.startswith("Move declined")
    assert do(cards.by_public_id, moving).start == paris(EIGHT)


def test_an_expired_move_says_so(open_, moving, do, clock):
    clock.ahead(days=3)
    do(validation.expire, clock.now)
    assert open_(moving).title.startswith("Too late to answer this move")


def test_another_kind_of_link_leads_nowhere(portal, asked, do):
    manage = do(lambda: cards.by_public_id(asked).token)
    assert portal.open(f"/v/{manage}").status == 404
    assert portal.open(f"/v/{do(tokens.token, tokens.VALIDATE, '0' * 32, 1)}").status == 404


def test_a_change_from_another_site_is_refused(client, asked, do):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(url(do, asked), data={"answer": "accept"}, headers=headers).status_code == 403
    assert status(do, asked) is Status.REQUESTED


def test_the_page_is_kept_by_nobody(client, asked, do):
    headers = client.get(url(do, asked)).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"


def test_the_page_asks_the_database_little(portal, asked, do, statements):
    address = url(do, asked)
    portal.open(address)
    with statements(at_most=5):
        portal.open(address)


def test_the_same_link_answers_a_later_move(open_, asked, do, now):
    first = url(do, asked)
    accept(open_(asked))
    do(appointments.move, Move(asked, paris(TEN), CUSTOMER), now=now + timedelta(hours=1))
    assert url(do, asked) == first
    assert open_(asked).title.startswith("Move to answer")


# A service that the person answers who would serve


@pytest.fixture
def of_jean(do, now):
    """Ask Jean for Monday 9:00, and give the path of his own link."""
    do(sample.agency, policy={"validation": "staff"})
    wish = sample.wish("2026-12-07 09:00", service="evaluation", resources=("jean",))
    asked = do(appointments.book, wish, now=now).public_id
    return asked, "/v/" + do(lambda: answerers.token_of(cards.by_public_id(asked), "jean"))


def test_the_person_accepts_by_their_own_link_and_the_history_says_so(do, portal, of_jean):
    asked, path = of_jean
    page = portal.open(f"{path}?lang=en")
    assert "Chauffeur 0" in page.text
    assert portal.follow(accept(page)).title.startswith("Appointment confirmed")
    assert status(do, asked) is Status.CONFIRMED
    assert do(cards.history, asked)[-1].actor == "mail:jean@example.com"


def test_a_link_of_somebody_who_has_it_no_more_opens_nothing(do, portal, of_jean, now):
    asked, path = of_jean
    page = portal.open(path)
    do(reassigning.reassign, asked, "ryan", STAFF, now=now)
    assert portal.open(path).status == 404
    assert accept(page).status == 404
    assert status(do, asked) is Status.REQUESTED
