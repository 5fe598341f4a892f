"""Mail scanners open every link of every mail, some of them twice, before anybody reads it: nothing may come of it."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from portal import jobs
from portal.extensions import reading
from portal.models import OutboxMessage
from portal.operations import appointments, continuations, find, links, staff_links, users, validation, waiting
from portal.operations.actors import GUEST, Actor
from portal.operations.continuations import Request
from portal.operations.waiting import Joining, Place
from portal.operations.wishes import Move
from tests import sample
from tests.sample import paris

STAFF = Actor("claire@example.com", "staff", staff=True)
ONE = {1: ((8 * 60, 10 * 60, 1),), 2: ((8 * 60, 10 * 60, 1),)}
LINK = re.compile(r"http://localhost(?::\d+)?(/[^\s\"'<>)]+)")


def place(key: str, **policy) -> None:
    sample.planning(key=key, week=ONE, policy=policy, step_minutes=60)


def at_the_desk(do, now) -> None:
    """Do one of everything that writes to somebody."""
    do(sample.site, policy={"undo": 0, "earlier_slots": {"hours": 0}})
    for key, policy in {
        "quais": {"waiting_list": True},
        "rampe": {"validation": "manager"},
        "accueil": {"who": "existing"},
        "visite": {"confirm_by_mail": 15},
    }.items():
        do(place, key, **policy)
    do(sample.order)
    do(links.create, "CMD-1042", now=now, send=True)
    asked = [do(sample.booked, f"2026-12-07 0{hour}:00", now=now, planning="rampe", number=hour) for hour in (8, 9)]
    do(validation.decline, asked[0].public_id, STAFF, now=now, reason="Quai fermé")
    do(sample.booked, "2026-12-07 08:00", now=now, planning="visite", number=3)
    do(
        continuations.ask,
        Request("bordeaux", "accueil", paris("2026-12-07 08:00"), "achats@example.com", "fr"),
        now=now,
    )
    do(users.add, "chef@example.com", "un long mot de passe, vraiment", role="admin", now=now)
    do(staff_links.forgotten, "chef@example.com", "127.0.0.1", "fr", now=now, real_now=now)
    first = do(sample.booked, "2026-12-07 08:00", now=now, number=4)
    do(sample.booked, "2026-12-07 09:00", now=now, number=5)
    day = date(2026, 12, 7)
    listed = Joining(Place(site="bordeaux", planning="quais"), day, day, "attend@example.com", "Camille", "fr")
    do(waiting.join, listed, now=now)
    do(sample.booked, "2026-12-08 08:00", now=now, number=6)
    do(appointments.move, Move(first.public_id, paris("2026-12-08 09:00"), GUEST), now=now)
    do(find.ask, "chauffeur6@example.com", "fr", now=now)


@pytest.fixture
def letters(do, app, make_app, smtp, now):
    """Send everything that is written to anybody."""
    at_the_desk(do, now)
    sending = make_app(mail_server="127.0.0.1", mail_port=smtp.port, mail_timeout=5.0)
    with sending.app_context():
        jobs.once(now)
    return smtp.letters


def links_of(letter) -> list[str]:
    bodies = [part.get_content() for part in letter.message.walk() if part.get_content_maintype() == "text"]
    unfolded = [body.replace("\r\n ", "").replace("\n ", "") for body in bodies]  # as a calendar's lines are
    return sorted({found.rstrip(".") for body in unfolded for found in LINK.findall(body)})


def test_every_link_of_every_mail_may_be_opened_twice_and_nothing_changes(client, letters, no_writes):
    opened = {url for letter in letters for url in links_of(letter)}
    assert {urlsplit(url).path.split("/")[1] for url in opened} >= {"a", "b", "o", "v", "wait", "book", "admin"}
    with no_writes():
        for url in sorted(opened):
            for method in ("GET", "HEAD", "GET"):
                answer = client.open(url.replace("&amp;", "&"), method=method)
                assert answer.status_code in (200, 302, 303), (url, answer.status_code)


def test_it_stands_for_the_mails_that_there_are(do, letters):
    with_links = {letter.message["Subject"] for letter in letters if links_of(letter)}
    assert len(with_links) > 10
    assert do(unsent) == set()


def unsent() -> set[str]:
    with reading() as session:
        return set(session.scalars(select(OutboxMessage.kind).where(OutboxMessage.state == "parked")))
