"""The questions of a planning in the hands of the staff: written, ordered, taken away, answered on the telephone."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from portal.domain.fields import Kind
from portal.extensions import reading
from portal.models import Audit
from portal.operations import cards, guest_calendars
from tests import sample
from tests.admin.test_foreign_sites import limited
from tests.backends import NOW

ALL = "/admin/plannings/quais/fields"
ADD = "/admin/plannings/quais/add/field"
DETAILS = "/admin/add/appointment/bordeaux/quais/details"
START = "2026-12-08T08:30:00+01:00"


@pytest.fixture
def docks(do) -> None:
    do(sample.docks, fields=[sample.PLATE, sample.PALLETS, sample.LORRY])


def asked(do):
    return do(guest_calendars.meet, "bordeaux", "quais", now=NOW).bookable.item.questions


def keys(do) -> list[str]:
    return [one.key for one in asked(do)]


def audited() -> list[tuple[str, dict, dict]]:
    with reading() as session:
        rows = session.scalars(select(Audit).where(Audit.kind == "planning").order_by(Audit.id))
        return [(row.actor, row.before, row.after) for row in rows]


def revision(page) -> str:
    return re.search(r'name="revision" value="(\w+)"', page.text)[1]


def test_an_empty_list_says_what_to_do(manager, do):
    do(sample.docks)
    assert "Nothing is asked yet." in manager.get(ALL).text


def test_the_list_shows_each_question_and_how_customers_see_it(manager, docks, statements):
    manager.get(ALL)
    with statements(at_most=9):
        page = manager.get(ALL).text
    for text in ("Plate", "from 1 to 33", "Van, Articulated lorry", "must fit [A-Z]{2}", "Required"):
        assert text in page
    assert '<div class="fields gap" lang="fr">' in page
    assert "Par exemple AB-123-CD." in page
    assert "Such as AB-123-CD." in page
    assert 'id="fr-q_plate"' in page
    assert 'id="en-q_plate"' in page


def test_a_viewer_sees_the_questions_and_no_button(viewer, docks):
    page = viewer.get(ALL).text
    assert "Plate" in page
    assert "Write the question" not in page
    assert viewer.get(ADD).status_code == 404


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_its_form(manager, docks, kind):
    page = manager.get(f"{ADD}?type={kind}").text
    assert ('name="pattern"' in page) == (kind in (Kind.TEXT, Kind.LONG_TEXT))
    assert ('name="lowest"' in page) == (kind is Kind.NUMBER)
    assert ('name="choices-0-fr"' in page) == (kind is Kind.CHOICE)


def test_a_kind_that_is_none_is_a_text(manager, docks):
    assert 'name="pattern"' in manager.get(f"{ADD}?type=%F0%9F%98%80").text


def test_a_question_is_added_after_the_others_and_written_down(manager, docks, do, send):
    answer = send(
        manager, f"{ADD}?type=text", f"{ADD}?type=text", label_fr="Transporteur", label_en="Carrier", required="y"
    )
    assert answer.location.endswith(ALL)
    added = asked(do)[-1]
    assert (added.key, added.label, added.required) == ("transporteur", {"fr": "Transporteur", "en": "Carrier"}, True)
    [(who, before, after)] = do(audited)
    assert who == "manager@example.com"
    assert before["fields"] == ["plate", "pallets", "lorry"]
    assert after["fields"] == ["plate", "pallets", "lorry", "transporteur"]


def test_a_key_may_be_chosen(manager, docks, do, send):
    send(manager, f"{ADD}?type=date", f"{ADD}?type=date", label_fr="Chargé le", key="loaded")
    assert keys(do)[-1] == "loaded"
    again = send(manager, f"{ADD}?type=date", f"{ADD}?type=date", label_fr="Chargé le", key="loaded")
    assert again.status_code == 422
    assert "Another question or answer has this key." in again.text


@pytest.mark.parametrize(
    ("kind", "typed", "error"),
    [
        ("text", {"label_en": "Plate"}, "Enter the question."),
        ("text", {"label_fr": "Plaque", "pattern": "("}, "This pattern cannot be read."),
        ("text", {"label_fr": "Plaque", "key": "Clé"}, "Use small letters, digits and underscores only"),
        ("text", {"label_fr": "x" * 121}, "Shorten this text."),
        ("number", {"label_fr": "Palettes", "lowest": "9", "highest": "1"}, "The largest number comes before"),
        ("number", {"label_fr": "Palettes", "lowest": "deux"}, "Enter a whole number."),
        ("choice", {"label_fr": "Véhicule"}, "Give at least one answer to choose."),
        ("choice", {"label_fr": "Véhicule", "choices-0-en": "Van"}, "Say each answer in Français, too."),
        ("choice", {"label_fr": "Véhicule", "choices-0-fr": "x" * 121}, "Shorten this text."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(manager, docks, do, send, kind, typed, error):
    answer = send(manager, f"{ADD}?type={kind}", f"{ADD}?type={kind}", _more=typed)
    assert answer.status_code == 422
    assert error in answer.text
    assert "Error:" in answer.text
    assert all(f'value="{text}"' in answer.text for text in typed.values())
    assert keys(do) == ["plate", "pallets", "lorry"]


def test_answers_to_choose_are_rows_and_keep_their_keys(manager, docks, do, send):
    url = f"{ALL}/lorry"
    rows = {"choices-1-fr": "", "choices-1-en": "", "choices-2-fr": "Camion porteur", "choices-2-en": "Rigid lorry"}
    assert send(manager, url, _more=rows).status_code == 303
    lorry = next(one for one in asked(do) if one.key == "lorry")
    assert [(one.key, one.label["fr"]) for one in lorry.options] == [
        ("van", "Fourgon"),
        ("camion_porteur", "Camion porteur"),
    ]


def test_more_rows_come_by_a_button_and_nothing_is_saved(manager, docks, send, no_writes):
    url = f"{ALL}/lorry"
    with no_writes():
        page = send(manager, url, label_fr="Camion", more="1")
    assert page.status_code == 200
    assert 'name="choices-7-fr"' in page.text
    assert 'value="Camion"' in page.text


def test_a_question_is_changed_and_its_key_stays(manager, docks, do, send):
    send(manager, f"{ALL}/pallets", label_fr="Nombre de palettes", highest="66")
    pallets = asked(do)[1]
    assert (pallets.key, pallets.label["fr"], pallets.highest) == ("pallets", "Nombre de palettes", 66)


def test_questions_change_places(manager, docks, do):
    for name, to in (("lorry", "up"), ("plate", "down"), ("lorry", "up")):
        page = manager.get(ALL)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        given = {"csrf_token": token, "revision": revision(page), "to": to}
        assert manager.post(f"{ALL}/{name}/move", data=given).status_code == 303
    assert keys(do) == ["lorry", "plate", "pallets"]


def test_a_move_on_an_old_page_moves_nothing(manager, docks, do):
    page = manager.get(ALL)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    answer = manager.post(f"{ALL}/lorry/move", data={"csrf_token": token, "revision": "old", "to": "up"})
    assert "Somebody else saved this planning meanwhile." in manager.get(answer.location).text
    assert keys(do) == ["plate", "pallets", "lorry"]


def test_a_question_is_asked_no_more_and_its_answers_stay(manager, docks, do, send, now):
    booked = do(sample.booked, "2026-12-08 08:30", now=now, fields={"plate": "AB-123-CD"})
    assert "The answers that were given stay" in manager.get(f"{ALL}/plate/delete").text
    assert send(manager, f"{ALL}/plate/delete").status_code == 303
    assert keys(do) == ["pallets", "lorry"]
    page = manager.get(ALL).text
    assert "Asked no more" in page
    assert "AB-123-CD" in manager.get(f"/admin/appointments/{booked.public_id}").text
    again = f"{ADD}?again=plate"
    assert send(manager, again, again).status_code == 303
    assert keys(do) == ["pallets", "lorry", "plate"]
    assert asked(do)[-1].pattern == sample.PLATE["pattern"]


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(manager, docks, do, send):
    url = f"{ALL}/plate"
    answer = send(manager, url, label_fr="Immatriculation", revision="old")
    assert answer.status_code == 409
    assert "Somebody else saved this planning meanwhile" in answer.text
    assert 'value="Immatriculation"' in answer.text
    assert asked(do)[0].label["fr"] == "Plaque"
    assert revision(answer) == revision(manager.get(url))


@pytest.mark.parametrize(
    "path", [f"{ALL}/boat", f"{ALL}/boat/delete", "/admin/plannings/nowhere/fields", f"{ALL}/%F0%9F%98%80"]
)
def test_what_is_not_there_is_nowhere(manager, docks, path):
    assert manager.get(path).status_code == 404


def test_twenty_questions_are_the_most(manager, do):
    do(sample.docks, fields=[{**sample.CARRIER, "key": f"k{number}"} for number in range(20)])
    assert "There are twenty questions: that is the most." in manager.get(ALL).text


def test_the_questions_of_other_sites_are_not_there(app, docks, do):
    do(sample.site, key="lyon")
    client = limited(app, "manager")
    for path in (ALL, ADD, f"{ALL}/plate", f"{ALL}/plate/delete"):
        assert client.get(path).status_code == 404


def test_a_planning_shared_with_another_site_is_seen_and_not_changed(app, do):
    do(sample.site)
    do(sample.site, key="lyon")
    do(sample.planning, sites=("bordeaux", "lyon"), fields=[sample.PLATE])
    client = limited(app, "manager")
    page = client.get(ALL)
    assert page.status_code == 200
    assert "Write the question" not in page.text
    assert client.get(f"{ALL}/plate").status_code == 404


def test_on_the_telephone_nothing_is_required(agent, docks, do, send):
    url = f"{DETAILS}?start={START.replace('+', '%2B')}"
    page = agent.get(url).text
    assert "Plate <span" in page
    answer = send(agent, url, _action_of(page), name="Camille Roy")
    assert answer.status_code == 303
    assert do(cards.by_public_id, answer.location.rsplit("/", 1)[1]).fields == {}


def test_on_the_telephone_what_is_answered_is_checked_and_kept(agent, docks, do, send):
    url = f"{DETAILS}?start={START.replace('+', '%2B')}"
    action = _action_of(agent.get(url).text)
    assert send(agent, url, action, name="Camille Roy", q_plate="?").status_code == 422
    answer = send(agent, url, action, name="Camille Roy", q_plate="AB-123-CD", q_lorry="van")
    assert do(cards.by_public_id, answer.location.rsplit("/", 1)[1]).fields == {"plate": "AB-123-CD", "lorry": "van"}


def _action_of(page: str) -> str:
    return re.search(r'<form class="card" method="post" action="([^"]+)"', page)[1].replace("&amp;", "&")


def test_the_day_s_list_tells_what_is_short(agent, docks, do, now):
    do(sample.booked, "2026-12-01 10:00", now=now, fields={"plate": "AB-123-CD", "pallets": 12})
    assert "AB-123-CD · Pallets 12" in agent.get("/admin/").text


def test_staff_corrects_answers_and_the_history_tells_it_in_words(agent, docks, do, send, now):
    booked = do(sample.booked, "2026-12-08 08:30", now=now, fields={"plate": "AB-123-CD", "lorry": "van"})
    url = f"/admin/appointments/{booked.public_id}"
    assert send(agent, f"{url}/edit", q_plate="", q_lorry="semi", q_pallets="3").status_code == 303
    page = agent.get(url).text
    for text in (
        "Plate: “AB-123-CD” became “–”.",
        "Lorry: “Van” became “Articulated lorry”.",
        "Pallets: “–” became “3”.",
    ):
        assert text in page
