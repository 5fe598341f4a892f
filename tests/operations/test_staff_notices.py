"""The people who serve an appointment are told what happens to it: each by a mail of their own, as the table says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.delivery.letters import compose
from portal.domain.errors import LinkUnknown, StateChanged
from portal.domain.lifecycle import Status
from portal.domain.notices import Notices, Side, What, cell_of
from portal.extensions import reading, settings, transaction
from portal.models import Appointment, OutboxMessage, Site
from portal.operations import answerers, appointments, cards, letters, marks, outbox, reassigning, reminders, validation
from portal.operations.actors import GUEST, Actor
from portal.operations.keepsakes import new_revision
from portal.operations.letters import Content
from portal.operations.wishes import Move
from portal.web.letters import letter_of
from tests import sample
from tests.sample import paris

NOW = paris("2026-12-01 08:00")
NINE, TEN = "2026-12-07 09:00", "2026-12-07 10:00"
REAL = datetime(2026, 11, 3, 12, tzinfo=UTC)
MANAGER = Actor("admin@example.com", "staff", staff=True)
BY_MANAGER, BY_STAFF = {"validation": "manager"}, {"validation": "staff"}
UNDONE = timedelta(minutes=5)
JEAN, RYAN = "jean@example.com", "ryan@example.com"


def book(start: str = NINE, number: int = 0, **options: Any) -> str:
    given = {"service": "evaluation", "resources": ("jean",), **options}
    return appointments.book(sample.wish(start, number, **given), now=NOW).public_id


def tell(**chosen: Any) -> None:
    with transaction() as session:
        for row in session.query(Site):
            row.notices, row.revision = Notices.of(chosen).kept, new_revision()


@pytest.fixture
def mails(do):
    """Claim what may leave and write it: subjects and mails by recipient, of what is still to be said."""

    def take(at=NOW, kind="staff_notice"):
        messages = do(outbox.claim, now=at, real_now=REAL)
        readings = do(letters.read, messages, now=at)
        found: dict[str, list[Any]] = {}
        for message, one in zip(messages, readings, strict=True):
            if message.kind == kind and isinstance(one, Content):
                found.setdefault(message.recipient, []).append(do(written, message, one, at))
        return found

    return take


def written(message, content, at):
    return compose(letter_of(message, content, at), settings())


def cells(at: datetime) -> set[Any]:
    messages = outbox.claim(now=at, real_now=REAL)
    readings = letters.read(messages, now=at)
    return {
        cell_of(message.kind, str(message.payload.get("change", "")))
        for message, one in zip(messages, readings, strict=True)
        if isinstance(one, Content)
    }


# What happens to an appointment, and when its mails may leave


def booked(do):
    do(book)
    return NOW


def changed(do):
    do(appointments.move, Move(do(book), paris(TEN), GUEST), now=NOW)
    return NOW


def cancelled(do):
    return do(appointments.cancel, do(book), GUEST, now=NOW)


def declined(do):
    do(validation.decline, do(book), MANAGER, now=NOW)
    return NOW


def reminded(do):
    do(book)
    at = paris(NINE) - timedelta(hours=24)
    do(reminders.derive, at)
    do(reminders.derive, at)
    return at


def absent(do):
    at = paris(NINE) + timedelta(minutes=20)
    do(marks.mark, do(book), Status.NO_SHOW, MANAGER, now=at)
    return at + UNDONE


HAPPENINGS = {
    What.REQUESTED: (booked, BY_MANAGER),
    What.CONFIRMED: (booked, {}),
    What.CHANGED: (changed, {}),
    What.CANCELLED: (cancelled, {}),
    What.DECLINED: (declined, BY_MANAGER),
    What.REMINDER: (reminded, {}),
    What.NO_SHOW: (absent, {}),
}


@pytest.mark.parametrize("chosen", [None, True, False], ids=["default", "on", "off"])
@pytest.mark.parametrize("what", HAPPENINGS, ids=lambda one: one.value)
def test_a_cell_lets_the_mail_to_people_leave_or_not(do, what, chosen):
    happens, policy = HAPPENINGS[what]
    do(sample.agency, policy=policy)
    if chosen is not None:
        do(tell, staff={what.value: chosen})
    usual = (Side.STAFF, what) in Notices().on
    assert ((Side.STAFF, what) in do(cells, happens(do))) == (usual if chosen is None else chosen)


def test_each_of_the_people_gets_a_mail_with_who_comes_and_no_token_of_the_customer(do, mails):
    do(sample.agency, requires=[{"kind": "staff", "count": 2}])
    public_id = do(book, resources=("jean", "ryan"))
    told = mails()
    assert set(told) == {JEAN, RYAN}
    (jean,) = told[JEAN]
    assert "Chauffeur 0" in jean.text
    assert "Évaluation de bien" in jean.text
    assert f"/admin/appointments/{public_id}" in jean.text
    card = do(cards.by_public_id, public_id)
    assert do(lambda: card.token) not in jean.text + jean.html
    assert jean.method == "REQUEST"
    assert JEAN.encode() in jean.calendar


def test_whoever_has_no_address_is_told_nothing(do, mails):
    do(sample.agency, people=())
    do(sample.resource, "jean", plannings=("bureau",), email=None)
    do(book)
    assert mails() == {}


def test_only_the_newest_of_what_happened_is_said(do, mails):
    do(sample.agency)
    changed(do)
    (moved,) = mails()[JEAN]
    assert "10\u00a0h" in moved.subject


def test_a_cancellation_taken_back_in_time_is_told_to_nobody(do, mails):
    do(sample.agency)
    one = do(book)
    assert len(mails()[JEAN]) == 1
    do(appointments.cancel, one, GUEST, now=NOW)
    do(appointments.undo, one, GUEST, now=NOW)
    assert mails(NOW + UNDONE) == {}


def test_an_absence_taken_back_in_time_is_told_to_nobody(do, mails):
    do(sample.agency)
    do(tell, staff={"no_show": True, "confirmed": False})
    at = absent(do) - UNDONE

    def everything():
        with reading() as session:
            return [row.kind for row in session.query(OutboxMessage).filter(OutboxMessage.not_before > NOW)]

    assert "staff_notice" in do(everything)
    with_id = do(newest)
    do(marks.undo, with_id, MANAGER, now=at)
    assert "staff_notice" not in do(everything)


def newest() -> str:
    with reading() as session:
        return session.query(Appointment).order_by(Appointment.id.desc()).first().public_id


# Given to somebody else


def test_an_appointment_given_away_is_told_to_both_and_to_the_customer(do, mails):
    do(sample.agency)
    one = do(book)
    mails()
    do(reassigning.reassign, one, "ryan", MANAGER, now=NOW)
    messages = do(outbox.claim, now=NOW, real_now=REAL)
    readings = do(letters.read, messages, now=NOW)
    told = {
        (message.kind, message.recipient): do(written, message, content, NOW)
        for message, content in zip(messages, readings, strict=True)
    }
    assert told["staff_notice", RYAN].subject.startswith("Un rendez-vous pour vous")
    assert told["staff_notice", JEAN].subject.startswith("N’est plus votre rendez-vous")
    assert (told["staff_notice", RYAN].method, told["staff_notice", JEAN].method) == ("REQUEST", "CANCEL")
    assert "désormais avec Ryan" in told["reassigned", "chauffeur0@example.com"].subject
    assert told["site_notice", "quais@example.com"].subject.startswith("Confié à Ryan")


def test_who_has_it_again_before_the_mail_left_is_not_told_of_having_lost_it(do, mails):
    do(sample.agency)
    one = do(book)
    do(reassigning.reassign, one, "ryan", MANAGER, now=NOW)
    do(reassigning.reassign, one, "jean", MANAGER, now=NOW)
    told = mails()
    (jean,), (ryan,) = told[JEAN], told[RYAN]
    assert jean.subject.startswith("Un rendez-vous pour vous")
    assert ryan.subject.startswith("N’est plus")


def test_customers_who_do_not_know_who_comes_are_not_told_of_somebody_else(do):
    do(sample.agency, policy={"modes": ["service"]})
    one = do(book, actor=MANAGER)
    do(reassigning.reassign, one, "ryan", MANAGER, now=NOW)
    messages = do(outbox.claim, now=NOW, real_now=REAL)
    readings = dict(zip((one.kind for one in messages), do(letters.read, messages, now=NOW), strict=True))
    assert readings["reassigned"].why == "not_named"


# Answered by the person


def asked(do, mails):
    do(sample.agency, policy=BY_STAFF)
    one = do(book)
    card = do(cards.by_public_id, one)
    assert card.status is Status.REQUESTED
    return card, mails()


def test_the_person_is_sent_the_link_that_answers_and_the_site_is_not(do, mails):
    card, told = asked(do, mails)
    link = f"/v/{do(answerers.token_of, card, 'jean')}"
    assert link in told[JEAN][0].text
    do(reopen)
    (notice,) = mails(kind="site_notice")["quais@example.com"]
    assert "/v/" not in notice.text + notice.html
    assert "La réponse est attendue d’autres personnes" in notice.text


def awaited(card) -> Any:
    with reading() as session:
        return answerers.names(session, [card])


def reopen() -> None:
    with transaction() as session:
        session.query(OutboxMessage).update({"leased_until": None, "lease": None})


def test_the_link_opens_the_request_for_the_person_until_somebody_else_has_it(do, mails):
    card, _told = asked(do, mails)
    token = do(answerers.token_of, card, "jean")
    opened, address = do(answerers.opened, token)
    assert (opened.public_id, address) == (card.public_id, JEAN)
    do(reassigning.reassign, card.public_id, "ryan", MANAGER, now=NOW)
    with pytest.raises(LinkUnknown):
        do(answerers.opened, token)
    (ryan,) = mails()[RYAN]
    assert f"/v/{do(answerers.token_of, card, 'ryan')}" in ryan.text
    assert ryan.calendar is None


def test_a_link_of_one_person_is_none_of_another(do, mails):
    card, _told = asked(do, mails)
    with pytest.raises(LinkUnknown):
        do(answerers.opened, do(answerers.token_of, card, "ryan"))


def test_what_a_person_accepts_is_confirmed_to_all(do, mails):
    card, _told = asked(do, mails)
    do(validation.accept, card.public_id, MANAGER, now=NOW)
    (jean,) = mails()[JEAN]
    assert jean.subject.startswith("Demande acceptée")
    with pytest.raises(StateChanged):
        do(validation.decline, card.public_id, MANAGER, now=NOW)


def test_where_the_person_has_no_address_the_site_is_asked(do, mails):
    do(sample.agency, people=(), policy=BY_STAFF)
    do(sample.resource, "jean", plannings=("bureau",), email=None)
    card = do(cards.by_public_id, do(book))
    (notice,) = mails(kind="site_notice")["quais@example.com"]
    assert f"/v/{do(lambda: card.validation_token)}" in notice.text
    assert do(awaited, card) == {}


def test_where_people_are_not_told_of_requests_the_site_is_asked(do, mails):
    do(sample.agency, policy=BY_STAFF)
    do(tell, staff={"requested": False})
    card = do(cards.by_public_id, do(book))
    (notice,) = mails(kind="site_notice")["quais@example.com"]
    assert f"/v/{do(lambda: card.validation_token)}" in notice.text


def test_the_requests_of_a_planning_are_the_sites_even_so(do, mails):
    do(sample.site, policy=BY_STAFF)
    do(sample.planning)
    do(sample.booked, "2026-12-07 08:00", now=NOW)
    (notice,) = mails(kind="site_notice")["quais@example.com"]
    assert "/v/" in notice.text


def test_a_request_says_whose_answer_it_waits_for(do, mails):
    card, _told = asked(do, mails)
    assert do(awaited, card) == {card.id: ("Jean",)}


def test_a_batch_of_mails_is_read_in_as_many_statements_as_one(do, statements):
    do(sample.agency)
    do(book)
    messages = do(outbox.claim, now=NOW, real_now=REAL)
    with statements() as one:
        do(letters.read, messages, now=NOW)
    for number, hour in enumerate((10, 11, 14, 15), start=1):
        do(book, f"2026-12-07 {hour}:00", number)
    messages = do(outbox.claim, now=NOW, real_now=REAL)
    assert len(messages) == 12
    with statements() as many:
        do(letters.read, messages, now=NOW)
    assert len(many) == len(one)
