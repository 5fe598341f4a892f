"""Whole days in the staff area: nothing typed is lost, nothing happens unseen, nothing happens twice."""

from __future__ import annotations

import re

import pytest

from portal import jobs
from portal.extensions import reading, transaction
from portal.models import Batch, Site, User, UserSite
from portal.operations.actors import Actor
from portal.operations.appointments import book
from portal.operations.wishes import Contact, Wish
from tests import sample
from tests.admin.conftest import form_of
from tests.operations.test_notices import tell

NEW, INDEX = "/admin/whole-days/new", "/admin/whole-days/"
STAFF = Actor("anne@example.com", "staff", staff=True)
CANCEL = {"where": "bordeaux", "day": "2026-12-08", "what": "cancel"}
MOVE = {"where": "bordeaux/quais", "day": "2026-12-08", "what": "move", "to": "2026-12-09", "nearest": "y"}
WORDS = "Accident au quai 3.\n<b>Appelez-nous</b>"


@pytest.fixture
def expected(do, now, docks):
    """Expect three on the eighth: one of them has no address."""
    for number in range(2):
        do(sample.booked, "2026-12-08 08:00", now=now, number=number)
    contact = Contact(email=None, name="Sans Adresse", phone="06 12 34 56 78")
    do(book, Wish(sample.paris("2026-12-08 14:00"), contact, STAFF, site="bordeaux", planning="quais"), now=now)


@pytest.fixture
def look(send):
    """Ask what would happen, as the form does."""
    return lambda client, **values: send(client, NEW, **{**values, "nearest": values.get("nearest")})


@pytest.fixture
def begin(look):
    """Look, then press the button; give the answer."""

    def begun(client, **values):
        sent = form_of(look(client, **values), NEW)
        return client.post(NEW, data={**sent, "begin": "1"})

    return begun


def batch_of(answer):
    assert answer.status_code == 303
    return answer.location


def count(model):
    with reading() as session:
        return session.query(model).count()


def test_the_room_is_for_managers(agent, manager, docks):
    assert agent.get(INDEX).status_code == agent.get(NEW).status_code == 404
    assert "Nothing of the kind has been needed yet" in manager.get(INDEX).text


def test_another_page_fills_the_form_in(manager, docks):
    sent = form_of(manager.get(f"{NEW}?site=bordeaux&planning=quais&day=2026-12-08"), NEW)
    assert (sent["where"], sent["day"]) == (["bordeaux/quais"], ["2026-12-08"])
    assert manager.get(f"{NEW}?site=%00&planning=x&day=never").status_code == 200


def test_one_person_or_one_service_can_be_chosen(manager, do, now, look):
    do(sample.agency)
    do(sample.booked, "2026-12-07 09:00", now=now, service="evaluation", resources=("jean",), actor=STAFF)
    for query in ("resource=jean", "service=evaluation"):
        values = form_of(manager.get(f"{NEW}?site=bordeaux&{query}&day=2026-12-07"), NEW)
        assert (values["where"], values["day"]) == ([f"{query.replace('=', ':bordeaux/')}"], ["2026-12-07"])
    shown = {where: look(manager, where=where, day="2026-12-07") for where in WHOSE}
    assert [name in shown[where].text for where, name in WHOSE.items()] == [True, True, True]
    assert ["Cancel 1 appointment" in one.text for one in shown.values()] == [True, False, True]
    assert 'href="/admin/resources/jean/absences"' in shown["resource:bordeaux/jean"].text
    assert not any("/add/closure" in one.text for one in shown.values())
    assert look(manager, where="resource:bordeaux/x", day="2026-12-07").status_code == 422


WHOSE = {
    "resource:bordeaux/jean": "Bordeaux, Jean",
    "resource:bordeaux/ryan": "Bordeaux, Ryan",
    "service:bordeaux/evaluation": "Bordeaux, Property valuation",
}


def test_the_fate_of_each_is_shown_and_nothing_is_done(manager, do, expected, look):
    text = look(manager, **CANCEL, words=WORDS).text
    assert "Cancel 3 appointments" in text
    assert "&lt;b&gt;Appelez-nous" in text
    assert "Sans Adresse" in text
    assert "tel:0612345678" in text
    assert do(count, Batch) == 0


def test_a_move_says_who_finds_a_place(manager, do, now, expected, look):
    for number in range(4):
        do(sample.booked, "2026-12-09 14:00", now=now, number=10 + number)
    text = look(manager, **MOVE).text
    assert "moves, same hour" in text
    assert "moves to 15:00" in text
    assert "stays: Full." in look(manager, **{**MOVE, "nearest": None}).text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"day": ""}, "Choose a day."),
        ({"day": "never"}, "Enter a date"),
        ({"where": "lyon"}, "Choose one of the values offered"),
        ({"what": "wrong"}, "Choose one of the two"),
        ({"what": "move", "to": ""}, "Choose the day to which they move"),
        ({"what": "move", "to": "2026-12-08"}, "Choose another day"),
        ({"what": "move", "to": "2026-11-30"}, "Choose a day to come"),
        ({"since": "12:00", "until": "08:00"}, "The end must come after the start"),
        ({"since": "noon"}, "Enter a time as hours and minutes"),
        ({"words": "x" * 1001}, "Shorten this message"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(manager, expected, look, changed, said):
    answer = look(manager, **{**CANCEL, "words": "Accident au quai 3", **changed})
    assert answer.status_code == 422
    assert said in answer.text
    assert (changed.get("words") or "Accident au quai 3") in answer.text
    assert f'value="{changed.get("day", "2026-12-08")}"' in answer.text


def test_one_may_go_back_and_change_something(manager, expected, look):
    sent = form_of(look(manager, **CANCEL, words=WORDS), NEW)
    answer = manager.post(NEW, data={**sent, "change": "1"})
    assert answer.status_code == 200
    assert form_of(answer, NEW)["words"][0].strip() == WORDS  # a browser leaves out the line break after the tag


def test_it_is_asked_for_once_however_often_it_is_sent(manager, do, expected, look):
    sent = {**form_of(look(manager, **CANCEL), NEW), "begin": "1"}
    first, second = manager.post(NEW, data=sent), manager.post(NEW, data=sent)
    assert first.location == second.location
    assert do(count, Batch) == 1


def test_what_changed_meanwhile_is_looked_at_again(manager, do, now, expected, look):
    sent = form_of(look(manager, **CANCEL), NEW)
    do(sample.booked, "2026-12-08 09:00", now=now, number=7)
    answer = manager.post(NEW, data={**sent, "begin": "1"})
    assert answer.status_code == 409
    assert "Something changed meanwhile" in answer.text
    assert "Cancel 4 appointments" in answer.text
    assert do(count, Batch) == 0


@pytest.mark.parametrize(("values", "happening"), [(CANCEL, "cancelled"), (MOVE, "changed")])
def test_who_gets_no_mail_is_to_be_called(manager, do, expected, look, values, happening):
    assert "<b>1</b> without an e-mail: call them" in look(manager, **values).text
    do(tell, customer={happening: False})
    page = look(manager, **values).text
    assert "<b>3</b> without an e-mail: call them" in page
    assert "chauffeur0@example.com" not in page
    assert page.count("no mail") == 2


def test_the_day_can_be_closed_beside_it(manager, expected, look):
    link = re.search(r'href="([^"]+/add/closure[^"]*)"', look(manager, **CANCEL).text)[1].replace("&amp;", "&")
    sent = form_of(manager.get(link), "/admin/sites/bordeaux/add/closure")
    assert (sent["first"], sent["last"]) == (["2026-12-08"], ["2026-12-08"])


def test_nobody_expected_is_no_error(manager, docks, look):
    answer = look(manager, **CANCEL)
    assert answer.status_code == 200
    assert "Nobody is expected then" in answer.text


def test_the_page_tells_how_far_it_is_and_what_became_of_each(manager, do, now, expected, begin):
    where = batch_of(begin(manager, **CANCEL, words=WORDS))
    before = manager.get(where).text
    assert "0 of 3 done" in before
    assert "still to be cancelled" in before
    assert "every 2s" in before
    do(jobs.change_days, now)
    after = manager.get(where).text
    assert "All done: 3 of 3" in after
    assert after.count(">Cancelled<") == 3
    assert "every 2s" not in after
    assert "Stop here" not in after
    assert "Cancel all" in manager.get(INDEX).text


def test_htmx_gets_the_progress_alone(manager, expected, begin):
    answer = manager.get(batch_of(begin(manager, **CANCEL)), headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith("<div")
    assert 'id="outcome"' in answer.text
    assert "<html" not in answer.text


def test_a_moved_day_names_the_new_times_and_who_stayed(manager, do, now, expected, begin):
    for number in range(4):
        do(sample.booked, "2026-12-09 14:00", now=now, number=10 + number)
    where = batch_of(begin(manager, **{**MOVE, "nearest": None}))
    do(jobs.change_days, now)
    text = manager.get(where).text
    assert "Moved to 8:00" in text
    assert "Left as they were" in text
    assert re.search(r"/admin/appointments/\w+/move", text)


def test_nobody_at_work_is_said(manager, do, expected, begin):
    where = batch_of(begin(manager, **CANCEL))
    assert "Nobody does the work" in manager.get(where).text
    do(jobs.beat)
    assert "Nobody does the work" not in manager.get(where).text


def test_it_can_be_stopped(manager, do, now, expected, begin, send):
    where = batch_of(begin(manager, **CANCEL))
    assert send(manager, where, f"{where}/stop").location == where
    assert do(jobs.change_days, now) == 0
    assert "Stopped after 0 of 3" in manager.get(where).text


def test_the_mail_carries_the_words_and_never_html_from_them(make_app, smtp, manager, do, now, expected, begin):
    batch_of(begin(manager, **CANCEL, words=WORDS))
    with make_app(mail_server="127.0.0.1", mail_port=smtp.port).app_context():
        jobs.once(now)
    letters = [one.message for one in smtp.letters if one.to[0].startswith("chauffeur")]
    assert len(letters) == 2
    for letter in letters:
        text = letter.get_body(("plain",)).get_content()
        html = letter.get_body(("html",)).get_content()
        assert "Accident au quai 3." in text
        assert "<b>Appelez-nous</b>" in text
        assert "Accident au quai 3." in html
        assert "&lt;b&gt;Appelez-nous&lt;/b&gt;" in html
        assert "<b>Appelez-nous" not in html


def test_another_site_is_nowhere(manager, do, expected, begin, send, look):
    where = batch_of(begin(manager, **CANCEL))
    do(keep_to_lyon)
    assert manager.get(where).status_code == 404
    assert manager.post(f"{where}/stop", data=csrf(manager)).status_code == 404
    assert "Cancel all" not in manager.get(INDEX).text
    assert look(manager, **CANCEL).status_code == 422


def csrf(client):
    return {"csrf_token": form_of(client.get(NEW), NEW)["csrf_token"]}


def keep_to_lyon():
    sample.site(key="lyon")
    with transaction() as session:
        user = session.query(User).filter_by(email="manager@example.com").one()
        user.every_site = False
        site = session.query(Site.id).filter_by(key="lyon").scalar()
        session.add(UserSite(user_id=user.id, site_id=site))
