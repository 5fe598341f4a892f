"""The mail log: what is found, for whom, and what can be sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.domain.errors import NotFound, StateChanged
from portal.extensions import reading, transaction
from portal.models import Appointment, Audit, Heartbeat, OutboxMessage, Site
from portal.operations import mail_log, outbox, service_links
from portal.operations.actors import Actor
from portal.operations.invitations import Guest
from portal.operations.mail_log import Search
from portal.operations.scopes import EVERYWHERE, Scope
from tests import sample

CLAIRE = Actor("claire@example.com", "staff", staff=True)


def mail(now, number=0, **values):
    """Queue a mail about nothing, as it stands after its tries."""
    with transaction() as session:
        row = OutboxMessage(
            **{
                "kind": "find",
                "dedupe": f"m{number}",
                "recipient": f"somebody{number}@example.com",
                "locale": "fr",
                "not_before": now,
                "created_at": now,
                **values,
            }
        )
        session.add(row)
        session.flush()
        return row.id


def two_sites(now):
    """Book in Bordeaux and in Lyon; give the scope of each."""
    sample.docks()
    sample.order()
    sample.link()
    sample.site(key="lyon")
    sample.planning(key="bureau", sites=("lyon",))
    sample.booked("2026-12-07 09:00", now=now)
    sample.booked("2026-12-07 09:00", now=now, number=1, site="lyon", planning="bureau")
    with reading() as session:
        return {site.key: Scope(frozenset({site.id})) for site in session.query(Site)}


def about(found):
    return sorted({line.site for line in found.lines})


def found(search=None, scope=EVERYWHERE, **options):
    return mail_log.listing(search or Search(), scope=scope, **options)


def test_mails_are_seen_by_those_who_work_for_their_site(do, now):
    scopes = do(two_sites, now)
    do(mail, now, order_id=do(sample.order_id))
    do(mail, now, 1)
    assert about(do(found, scope=scopes["lyon"])) == ["Lyon"]
    assert {line.order for line in do(found, scope=scopes["bordeaux"]).lines} == {None, "CMD-1042"}
    assert None in {line.site for line in do(found).lines}
    assert do(mail_log.counts, scope=scopes["bordeaux"])["waiting"] == 3
    assert do(mail_log.counts, scope=EVERYWHERE)["waiting"] == 6


def test_a_mail_that_brings_a_link_is_of_the_link_s_site(do, now):
    scopes = do(two_sites, now)
    do(sample.service, "visite", sites=("lyon",))
    do(service_links.create, "visite", "lyon", now=now, to=Guest(None, "zoe@example.com", "fr"))
    wanted = Search(kind="service_invitation")
    assert about(do(found, wanted, scope=scopes["lyon"])) == ["Lyon"]
    assert not do(found, wanted, scope=scopes["bordeaux"]).lines
    before = [do(mail_log.counts, scope=scopes[key])["waiting"] for key in ("lyon", "bordeaux")]
    do(forget_invitations)
    after = [do(mail_log.counts, scope=scopes[key])["waiting"] for key in ("lyon", "bordeaux")]
    assert [was - left for was, left in zip(before, after, strict=True)] == [1, 0]


def forget_invitations():
    with transaction() as session:
        session.query(OutboxMessage).filter_by(kind="service_invitation").delete()


def test_a_mail_of_another_site_is_not_there(do, now):
    scopes = do(two_sites, now)
    number = do(found, scope=scopes["bordeaux"]).lines[0].id
    assert do(mail_log.read, number, scope=scopes["bordeaux"]).site == "Bordeaux"
    with pytest.raises(NotFound):
        do(mail_log.read, number, scope=scopes["lyon"])
    with pytest.raises(NotFound):
        do(mail_log.send_again, number, scope=scopes["lyon"], now=now, by=CLAIRE)


def reference():
    with reading() as session:
        return session.query(Appointment).order_by(Appointment.id).first().reference


def test_mails_are_found_by_address_and_by_reference(do, now):
    do(two_sites, now)
    do(mail, now, order_id=do(sample.order_id), recipient="achats@example.com")
    assert {line.recipient for line in do(found, Search(text=" CHAUFFEUR1@")).lines} == {"chauffeur1@example.com"}
    assert {line.reference for line in do(found, Search(text=do(reference).lower())).lines} == {do(reference)}
    assert [line.recipient for line in do(found, Search(text="cmd-1042")).lines] == ["achats@example.com"]
    assert do(found, Search(text="%")).lines == []


@pytest.mark.parametrize(
    ("stand", "values"),
    [
        ("sent", {"state": "sent"}),
        ("waiting", {}),
        ("retrying", {"attempts": 2}),
        ("failed", {"state": "failed", "attempts": 1}),
        ("parked", {"state": "parked", "attempts": 1}),
        ("dropped", {"state": "dropped"}),
    ],
)
def test_each_stand_finds_its_own(do, now, stand, values):
    do(mail, now, **values)
    do(mail, now, 1, state="sent" if stand != "sent" else "failed")
    (line,) = do(found, Search(stand=stand)).lines
    assert line.stand == stand
    assert line.again is (stand in ("failed", "parked"))


def test_kinds_and_days_narrow_the_list(do, now):
    do(mail, now, kind="reminder")
    do(mail, now - timedelta(days=3), 1)
    assert [line.kind for line in do(found, Search(kind="reminder")).lines] == ["reminder"]
    assert [line.kind for line in do(found, Search(until=now - timedelta(days=1))).lines] == ["find"]
    assert [line.kind for line in do(found, Search(since=now - timedelta(days=1))).lines] == ["reminder"]
    assert do(mail_log.kinds) == ["find", "reminder"]


def test_pages_follow_each_other_without_a_gap(do, now):
    for number in range(7):
        do(mail, now, number)
    first = do(found, size=3)
    second = do(found, before=first.next, size=3)
    third = do(found, before=second.next, size=3)
    ids = [line.id for page in (first, second, third) for line in page.lines]
    assert ids == sorted(ids, reverse=True)
    assert (len(set(ids)), third.next) == (7, None)


def test_the_list_costs_one_statement_however_long_it_is(do, now, statements):
    for number in range(30):
        do(mail, now, number)
    with statements(at_most=1):
        assert len(do(found).lines) == 30


def states():
    with reading() as session:
        return sorted(row.state for row in session.query(OutboxMessage))


def audits():
    with reading() as session:
        return [(row.actor, row.action, row.key, row.after) for row in session.query(Audit).filter_by(kind="mail")]


def test_one_is_sent_again_and_it_is_written_down(do, now):
    number = do(mail, now, state="failed", attempts=3, error="550")
    do(mail_log.send_again, number, scope=EVERYWHERE, now=now, by=CLAIRE)
    line = do(mail_log.read, number, scope=EVERYWHERE)
    assert (line.stand, line.attempts, line.error) == ("waiting", 0, "")
    told = {"kind": "find", "recipient": "somebody0@example.com"}
    assert do(audits) == [("claire@example.com", "sent_again", str(number), told)]
    with pytest.raises(StateChanged):
        do(mail_log.send_again, number, scope=EVERYWHERE, now=now, by=CLAIRE)


def test_all_that_a_search_finds_are_sent_again_and_no_other(do, now):
    for number, state in enumerate(["failed", "failed", "parked", "sent", "dropped"]):
        do(mail, now, number, state=state, kind="reminder" if number else "find")
    search = Search(kind="reminder")
    assert do(mail_log.failed, search, scope=EVERYWHERE) == 2
    assert do(mail_log.send_all_again, search, scope=EVERYWHERE, now=now, by=CLAIRE) == 2
    assert do(states) == ["dropped", "failed", "sent", "waiting", "waiting"]
    assert do(audits) == [("claire@example.com", "sent_again", "", {"count": 2})]
    assert do(mail_log.send_all_again, search, scope=EVERYWHERE, now=now, by=CLAIRE) == 0
    assert len(do(audits)) == 1


def test_those_of_another_site_are_not_sent_again(do, now):
    scopes = do(two_sites, now)
    do(mail, now, state="failed")
    assert do(mail_log.send_all_again, Search(), scope=scopes["lyon"], now=now, by=CLAIRE) == 0


def test_a_pause_ends_with_its_reason_in_the_log(do, now):
    def pause():
        with transaction() as session:
            session.add(Heartbeat(name=outbox.PAUSED, at=now, detail="535 bad login"))

    do(pause)
    do(mail_log.resume, now=now, by=CLAIRE)
    do(mail_log.resume, now=now, by=CLAIRE)  # the second click of a double click
    assert do(outbox.condition).paused is None
    assert [action for _, action, _, _ in do(audits)] == ["resumed"]
