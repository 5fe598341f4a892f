"""People, rooms and equipment in the browser: listed, made, changed, retired, away; skills and regions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portal.extensions import transaction
from portal.models import Site, User, UserSite
from portal.operations import absences, appointments, regions, resources, service_groups, sites, skills
from portal.operations.wishes import Booked
from tests import sample, staff
from tests.admin.conftest import form_of
from tests.operations.test_absence_files import NOON, event, ics

LIST, LEA = "/admin/resources/", "/admin/resources/lea"
AWAY, NEW_AWAY, IMPORT = f"{LEA}/absences", f"{LEA}/add/absence", f"{LEA}/import"
OVER = {"first": "2026-12-07", "first_time": "09:30", "last": "", "last_time": "12:00", "label": "Formation"}


@pytest.fixture
def agency(do) -> None:
    """Make one person with an appointment on 7 December at 9:00."""
    do(sample.agency, people=["lea"], requires=[{"kind": "staff", "skills": {"evaluation": 1}}])


@pytest.fixture
def booked(do, agency, now) -> Booked:
    """Book the person."""
    return do(appointments.book, sample.wish("2026-12-07 09:00", service="evaluation"), now=now)


def only_lyon(app, role="manager"):
    """Give the browser of somebody who works for Lyon alone."""
    client = staff.logged_in(app, role, "en")
    with app.app_context(), transaction() as session:
        user = session.query(User).filter_by(role=role).one()
        user.every_site = False
        session.add(UserSite(user_id=user.id, site_id=session.query(Site).filter_by(key="lyon").one().id))
    return client


# The list


def test_the_list_says_where_and_when_each_can_be_booked(manager, do, agency):
    do(sample.resource, "zoe")
    do(sample.resource, "salle", "room", name="Salle Garonne", persons=8, colour="#278683")
    text = manager.get(LIST).text
    assert "Planning bureau" in text
    assert "Without hours: can never be booked" in text
    assert "always open" in text
    assert "8 persons" in text
    assert 'fill="#278683"' in text
    assert "Salle Garonne" not in manager.get(f"{LIST}?kind=staff").text
    assert "Nobody and nothing matches." in manager.get(f"{LIST}?q=nobody").text
    assert "Nobody and nothing matches." in manager.get(f"{LIST}?retired=1&kind=%00&page=x").text


def test_the_list_costs_the_same_however_long_it_is(manager, do, statements):
    do(sample.agency, people=[f"p{number}" for number in range(45)])
    with statements(at_most=9):
        page = manager.get(LIST).text
    assert page.count("<h2>") == 40
    assert f'href="{LIST}?page=2"' in page


# Made and changed


@pytest.mark.parametrize("kind", ["staff", "room", "asset"])
def test_each_kind_is_made(manager, do, agency, send, kind):
    do(skills.add, "evaluation", {"fr": "Évaluation", "en": "Valuation"}, now=sample.MADE)
    page = f"/admin/add/resource?kind={kind}"
    made = send(manager, page, page, name="Neuf", key="neuf", plannings=["bureau"], features="rez-de-chaussée, wifi,",
                max_per_day="4", colour="#2a7dc6")  # fmt: skip
    assert made.location == "/admin/resources/neuf"
    sheet = do(resources.read, "neuf")
    assert (sheet.kind, sheet.plan.sites, sheet.plan.plannings) == (kind, ("bordeaux",), ("bureau",))
    assert (sheet.plan.features, sheet.plan.max_per_day, sheet.plan.colour) == (
        ("rez-de-chaussée", "wifi"),
        4,
        "#2a7dc6",
    )
    assert "Neuf is made and can be booked." in manager.get(made.location).text


def test_there_is_no_other_kind(manager, agency):
    assert manager.get("/admin/add/resource?kind=robot").status_code == 404


def test_a_level_is_given_and_taken_away(manager, do, agency, send):
    do(skills.add, "piano", {"fr": "Piano", "en": "Piano"}, now=sample.MADE)
    send(manager, LEA, _more={"skill-piano": "7"})
    assert do(resources.read, "lea").plan.skills == {"evaluation": 5, "piano": 7}
    send(manager, LEA, _more={"skill-evaluation": ""})
    assert do(resources.read, "lea").plan.skills == {"piano": 7}


def test_what_the_form_does_not_show_stays(manager, do, agency, send):
    do(sample.resource, "salle", "room", email="salle@example.com", skills={"evaluation": 2}, persons=4)
    send(manager, "/admin/resources/salle", persons="6")
    plan = do(resources.read, "salle").plan
    assert (plan.email, plan.skills, plan.persons) == ("salle@example.com", {"evaluation": 2}, 6)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"name": ""}, "Enter a name."),
        ({"email": "lea"}, "Enter an e-mail address"),
        ({"timezone": "Bordeaux"}, "This is not a known time zone."),
        ({"sites": None}, "Choose at least one site."),
        ({"sites": ["nowhere"]}, "Choose one of the values offered."),
        ({"plannings": ["nowhere"]}, "Choose one of the values offered."),
        ({"features": "x" * 81}, "Shorten each of them"),
        ({"features": ",".join(map(str, range(31)))}, "There are too many: 30 at most."),
        ({"max_per_day": "0"}, "Enter a number from 1 to 1000."),
        ({"colour": "red"}, "Choose one of the values offered."),
        ({"_more": {"skill-evaluation": "11"}}, "Enter a level from 0 to 10."),
    ],
)
def test_what_is_wrong_is_told_and_nothing_typed_is_lost(manager, do, agency, send, changed, text):
    before = do(resources.read, "lea")
    typed = {"name": "Léa Martin", **changed} if "max_per_day" in changed else {"max_per_day": "3", **changed}
    refused = send(manager, LEA, **typed)
    assert refused.status_code == 422
    assert text in refused.text
    assert ('value="3"' if "max_per_day" not in changed else 'value="Léa Martin"') in refused.text
    assert do(resources.read, "lea") == before


def test_a_key_is_taken_once(manager, agency, send):
    page = "/admin/add/resource?kind=staff"
    refused = send(manager, page, page, name="Léa", key="lea")
    assert refused.status_code == 422
    assert "Somebody or something else has this key." in refused.text


def test_somebody_elses_change_is_told_and_ones_own_kept(manager, do, agency, send):
    mine = form_of(manager.get(LEA), LEA)
    send(manager, LEA, name="Léa Martin")
    refused = manager.post(LEA, data={**mine, "max_per_day": "3"})
    assert refused.status_code == 409
    assert "Name: saved is “Léa Martin”, yours is “Lea”." in refused.text
    assert manager.post(LEA, data=form_of(refused, LEA)).status_code == 303
    assert do(resources.read, "lea").plan.max_per_day == 3


def test_a_change_that_hurts_is_seen_before_it_is_saved(manager, do, agency, booked, send):
    seen = send(manager, LEA, _more={"skill-evaluation": ""})
    assert seen.status_code == 422
    assert "1 appointment to come no longer fits" in seen.text
    assert "Lacks what the service requires" in seen.text
    assert do(resources.read, "lea").plan.skills == {"evaluation": 5}
    assert manager.post(LEA, data=form_of(seen, LEA)).status_code == 303
    assert do(resources.read, "lea").plan.skills == {}


def test_who_is_retired_keeps_what_is_booked_and_comes_back(manager, do, agency, booked, send):
    asked = manager.get(f"{LEA}/use")
    assert "1 appointment to come" in asked.text
    assert "Chauffeur 0" in asked.text
    assert send(manager, f"{LEA}/use").status_code == 303
    assert not do(resources.read, "lea").active
    assert LEA not in manager.get(LIST).text
    assert LEA in manager.get(f"{LIST}?retired=1").text
    send(manager, f"{LEA}/use")
    assert do(resources.read, "lea").active
    assert manager.post(f"{LEA}/use", data={**form_of(asked, f"{LEA}/use")}).status_code == 409


# Away


def test_an_absence_over_an_appointment_is_seen_before_it_is_saved(manager, do, agency, booked, send):
    seen = send(manager, NEW_AWAY, **OVER)
    assert seen.status_code == 422
    assert "Absent then" in seen.text
    saved = manager.post(NEW_AWAY, data=form_of(seen, NEW_AWAY))
    assert saved.location == AWAY
    text = manager.get(AWAY).text
    assert "Monday 7 December 2026, 9:30 to 12:00" in text
    assert "Formation" in text
    assert "Monday 7 December 2026, 9:30 to 12:00" in manager.get(LEA).text


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"first_time": "", "last_time": ""}, "Monday 7 December 2026"),
        ({"first_time": "", "last": "2026-12-08", "last_time": ""}, "7 December 2026 to Tuesday 8 December 2026"),
        ({"last": "2026-12-08"}, "Monday 7 December 2026 at 9:30 to Tuesday 8 December 2026 at 12:00"),
    ],
)  # fmt: skip
def test_an_absence_is_written_as_people_say_it_and_edited_as_it_was_typed(
    manager, do, agency, send, changed, expected
):
    send(manager, NEW_AWAY, **{**OVER, **changed})
    assert expected in manager.get(AWAY).text
    (line,) = do(absences.listing, do(resources.read, "lea"), now=sample.MADE).lines
    page = f"{AWAY}/{line.id}"
    assert send(manager, page, label="Congés").status_code == 303
    (again,) = do(absences.listing, do(resources.read, "lea"), now=sample.MADE).lines
    assert again == replace(line, label="Congés")
    assert send(manager, f"{page}/delete").status_code == 303
    assert "No absence to come." in manager.get(AWAY).text


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"first": ""}, "Enter a date."),
        ({"first": "0001-01-01"}, "Enter a date of this century."),
        ({"last": "2026-12-06"}, "The last day comes before the first."),
        ({"last_time": "09:30"}, "The absence ends before it begins."),
        ({"last_time": "soon"}, "Enter a time as hours and minutes."),
        ({"label": "x" * 121}, "Shorten this text."),
    ],
)
def test_an_absence_that_makes_no_sense_is_refused(manager, agency, send, changed, text):
    refused = send(manager, NEW_AWAY, **{**OVER, **changed})
    assert refused.status_code == 422
    assert text in refused.text


def test_two_who_write_absences_at_once_are_told(manager, agency, send):
    mine = {**form_of(manager.get(NEW_AWAY), NEW_AWAY), **OVER}
    send(manager, NEW_AWAY, **OVER)
    refused = manager.post(NEW_AWAY, data={**mine, "label": "Autre"})
    assert refused.status_code == 409
    assert 'value="Autre"' in refused.text
    assert manager.post(NEW_AWAY, data=form_of(refused, NEW_AWAY)).status_code == 303


# From a calendar file


def look(client, content: bytes) -> Any:
    """Send a file. Its body is written by hand: the client would leave a file of its own open for a large one."""
    token = form_of(client.get(IMPORT), IMPORT)["csrf_token"][0].encode()
    parts = (b'name="csrf_token"\r\n\r\n' + token, b'name="file"; filename="absences.ics"\r\n\r\n' + content)
    body = b"".join(b"--x\r\nContent-Disposition: form-data; " + one + b"\r\n" for one in parts) + b"--x--\r\n"
    return client.post(IMPORT, data=body, content_type="multipart/form-data; boundary=x")


def test_a_calendar_file_is_looked_at_then_taken_over(manager, do, agency, booked):
    over = event("b", ":20261207T090000", ":20261207T100000", "SUMMARY:Médecin")
    seen = look(manager, ics(NOON, over))
    assert seen.status_code == 200
    assert "2 absences are new" in seen.text
    assert "1 appointment to come no longer fits" in seen.text
    assert "No absence to come." in manager.get(AWAY).text
    saved = manager.post(f"{IMPORT}/save", data=form_of(seen, f"{IMPORT}/save"))
    assert saved.location == AWAY
    assert "Tuesday 8 December 2026, 12:00 to 13:00" in manager.get(AWAY).text
    assert "Nothing changes: all of it is there already." in look(manager, ics(NOON, over)).text
    assert "2 absences go" in look(manager, ics()).text


def test_what_is_no_calendar_is_told(manager, agency):
    for content, text in ((b"date;motif", "This is no calendar file."), (b"x" * 1_000_001, "1 MB at most")):
        refused = look(manager, content)
        assert refused.status_code == 422
        assert text in refused.text
    token = form_of(manager.get(IMPORT), IMPORT)["csrf_token"][0]
    assert "Choose a file." in manager.post(IMPORT, data={"csrf_token": token}).text


def test_only_what_was_looked_at_is_taken_over(manager, do, agency, send):
    seen = form_of(look(manager, ics(NOON)), f"{IMPORT}/save")
    forged = manager.post(f"{IMPORT}/save", data={**seen, "entries": "W10.forged"})
    assert (forged.status_code, "Send the file again." in forged.text) == (422, True)
    do(sample.resource, "zoe")
    elsewhere = manager.post("/admin/resources/zoe/import/save", data=seen)
    assert elsewhere.status_code == 422
    send(manager, NEW_AWAY, **OVER)
    late = manager.post(f"{IMPORT}/save", data=seen)
    assert late.status_code == 409
    assert manager.post(f"{IMPORT}/save", data=form_of(late, f"{IMPORT}/save")).status_code == 303


# Who may


def test_a_shared_resource_is_seen_by_those_of_one_site_and_changed_by_those_of_all(app, do, agency):
    do(sample.site, key="lyon")
    do(sample.resource, "salle", "room", name="Salle Garonne", sites=("bordeaux", "lyon"))
    client = only_lyon(app)
    shown = client.get("/admin/resources/salle")
    assert "Salle Garonne" in shown.text
    assert "Bordeaux" not in shown.text
    token = form_of(client.get("/admin/account"), "/admin/language")["csrf_token"][0]
    assert client.post("/admin/resources/salle", data={"csrf_token": token}).status_code == 404
    for path in ("/use", "/add/absence", "/import"):
        assert client.get(f"/admin/resources/salle{path}").status_code == 404
    assert client.get(LEA).status_code == 404


def test_a_viewer_looks_and_changes_nothing(viewer, agency):
    assert "disabled" in viewer.get(LEA).text
    assert "New person" not in viewer.get(LIST).text
    assert viewer.get(NEW_AWAY).status_code == 404


# Skills


SHARED = {
    "skills": ("fr", lambda: skills.find("quais").names["fr"]),
    "regions": ("name", lambda: regions.find("quais").name),
    "service-groups": ("name_fr", lambda: service_groups.read("quais").names["fr"]),
}


@pytest.mark.parametrize("room", SHARED)
def test_what_somebody_else_saved_meanwhile_is_shown_and_not_overwritten(manager, do, now, send, room):
    do(sample.site)
    do(skills.add, "quais", {"fr": "Avant"}, now=now)
    do(regions.add, "quais", "Avant", now=now)
    do(service_groups.create, "quais", {"fr": "Avant"}, now=now)
    (field, saved), path = SHARED[room], f"/admin/{room}/quais"
    old = form_of(manager.get(path), path)
    assert manager.post(path, data={**old, field: "Leur nom"}).status_code == 303
    late = manager.post(path, data={**old, field: "Notre nom"})
    assert (late.status_code, do(saved)) == (409, "Leur nom")
    assert "saved is “Leur nom”, yours is “Notre nom”" in late.text
    assert form_of(late, path)[field] == ["Notre nom"]
    assert manager.post(path, data=form_of(late, path)).status_code == 303
    assert do(saved) == "Notre nom"


def test_skills_are_added_renamed_and_deleted_when_unused(manager, do, agency, send):
    assert send(manager, "/admin/add/skill", key="piano", fr="Piano", en="").status_code == 303
    assert "without words yet" in manager.get("/admin/skills/").text
    send(manager, "/admin/skills/evaluation", fr="Évaluation", en="Valuation")
    assert "Valuation" in manager.get(LEA).text
    assert "It cannot be deleted" in manager.get("/admin/skills/evaluation/delete").text
    token = form_of(manager.get("/admin/skills/piano/delete"), "/admin/skills/piano/delete")
    assert manager.post("/admin/skills/evaluation/delete", data=token).status_code == 422
    assert manager.post("/admin/skills/piano/delete", data=token).status_code == 303
    assert [one.key for one in do(skills.listed)] == ["evaluation"]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({"key": "piano"}, "Another skill has this key."),
        ({"key": "A B"}, "Use small letters"),
        ({"fr": "", "en": ""}, "Name it in at least one language."),
        ({"fr": "x" * 121}, "Shorten this name."),
    ],
)
def test_a_skill_that_makes_no_sense_is_refused(manager, do, agency, send, typed, text):
    do(skills.add, "piano", {"fr": "Piano"}, now=sample.MADE)
    refused = send(manager, "/admin/add/skill", **{"key": "chant", "fr": "Chant", "en": "Singing", **typed})
    assert refused.status_code == 422
    assert text in refused.text


# Regions


def test_regions_are_added_moved_and_deleted_when_empty(manager, do, agency, send):
    send(manager, "/admin/add/region", key="aquitaine", name="Nouvelle-Aquitaine")
    send(manager, "/admin/add/region?in=aquitaine", key="gironde", name="Gironde")
    assert [(one.key, one.parent) for one in do(regions.listed)] == [("aquitaine", None), ("gironde", "aquitaine")]
    send(manager, "/admin/sites/bordeaux", region="gironde")
    assert do(sites.read, "bordeaux").region == "gironde"
    text = manager.get("/admin/regions/").text
    assert "depth-1" in text
    assert "Bordeaux" in text
    refused = send(manager, "/admin/regions/aquitaine", parent="gironde")
    assert refused.status_code == 422
    assert "It cannot be deleted" in manager.get("/admin/regions/gironde/delete").text
    send(manager, "/admin/regions/gironde", name="La Gironde", parent="")
    assert send(manager, "/admin/regions/aquitaine/delete").status_code == 303
    assert [(one.key, one.name, one.parent) for one in do(regions.listed)] == [("gironde", "La Gironde", None)]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ({"key": "gironde"}, "Another region has this key."),
        ({"name": ""}, "Enter a name."),
        ({"parent": "nowhere"}, "Choose one of the values offered."),
    ],
)
def test_a_region_that_makes_no_sense_is_refused(manager, do, agency, send, typed, text):
    do(regions.add, "gironde", "Gironde", now=sample.MADE)
    refused = send(manager, "/admin/add/region", **{"key": "landes", "name": "Landes", **typed})
    assert refused.status_code == 422
    assert text in refused.text


def test_what_belongs_to_no_site_is_for_those_who_see_every_site(app, do, agency):
    do(sample.site, key="lyon")
    do(regions.add, "gironde", "Gironde", now=sample.MADE)
    client = only_lyon(app)
    assert client.get("/admin/skills/").status_code == 200
    assert client.get("/admin/regions/").status_code == 200
    for path in ("add/skill", "skills/evaluation", "skills/evaluation/delete", "add/region", "regions/gironde"):
        assert client.get(f"/admin/{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["resources/nobody", "resources/nobody/absences", f"{AWAY[7:]}/7", "skills/x", "regions/x"]
)
def test_what_is_not_there_is_not_found(manager, agency, path):
    assert manager.get(f"/admin/{path}").status_code == 404
