"""Who and what an appointment has on its page, why, and how somebody else takes it over."""

from __future__ import annotations

from html import unescape

import pytest

from portal.extensions import reading, transaction
from portal.models import Service, Site
from portal.operations import appointments, assignments, cards
from portal.operations.actors import Actor
from portal.operations.keepsakes import new_revision
from tests import sample
from tests.admin.conftest import form_of
from tests.admin.test_callers import keep_to

NINE = "2026-12-08 09:00"


@pytest.fixture
def made(do, now) -> str:
    """Make the agency with a room, and an appointment that the rule gave to Jean."""
    do(sample.agency, requires=[{"kind": "staff"}, {"kind": "room"}])
    do(sample.resource, "salon", "room")
    do(sample.resource, "bureau-2", "room", name="Bureau 2")
    return do(appointments.book, sample.wish(NINE, service="evaluation", resources=("salon",)), now=now).public_id


def having(public_id: str) -> list[str]:
    card = cards.by_public_id(public_id)
    with reading() as session:
        return [one.key for one in assignments.of(session, [card.id])[card.id]]


def page(client, public_id: str) -> str:
    return unescape(client.get(f"/admin/appointments/{public_id}").text)


def give(client, public_id: str, of: str, to: str, **values: str):
    path = f"/admin/appointments/{public_id}/reassign?of={of}"
    return client.post(path, data={**form_of(client.get(path), path), "to": to, **values})


def test_the_page_names_all_with_the_reason_and_the_scores_of_all(manager, do, now, made):
    do(appointments.book, sample.wish("2026-12-08 14:00", 1, service="evaluation", resources=("lea",)), now=now)
    text = page(manager, made)
    assert all(f">{name}<" in text for name in ("Jean", "Salon"))
    assert "chosen by the rule" in text
    assert "chosen by name" in text
    assert "Was equal to others in everything" in text
    assert "Whose time is booked least" in text
    assert text.count('<th scope="row">') == 3
    assert "Served this customer" not in text


def test_a_viewer_sees_it_and_changes_nothing(viewer, made):
    assert ">Jean<" in page(viewer, made)
    assert "Give to somebody else" not in page(viewer, made)
    assert viewer.get(f"/admin/appointments/{made}/reassign?of=jean").status_code == 404


def test_a_planning_has_nobody(manager, do, now, docks):
    dock = do(sample.booked, "2026-12-08 08:30", now=now).public_id
    assert "Who and what" not in page(manager, dock)
    assert manager.get(f"/admin/appointments/{dock}/reassign").status_code == 409


def test_somebody_else_takes_over_and_the_history_says_so(agent, do, made):
    assert give(agent, made, "jean", "ryan").location == f"/admin/appointments/{made}"
    assert do(having, made) == ["ryan", "salon"]
    text = page(agent, made)
    assert "Given to somebody else" in text
    assert "Before: Jean, now: Ryan" in text
    assert "taken over" in text
    assert "Took it over from somebody else" in text


def test_an_exchange_is_taken_back_by_what_tells_it(agent, do, made):
    told = agent.get(give(agent, made, "jean", "ryan").location)
    back = f"/admin/appointments/{made}/reassign/back?of=ryan&to=jean"
    assert agent.post(back, data=form_of(told, back)).status_code == 303
    assert do(having, made) == ["jean", "salon"]
    assert agent.post(back.replace("jean", "nobody"), data=form_of(told, back)).status_code == 422


def test_the_customer_is_told_where_the_people_are_named_to_customers(agent, do, made):
    path = f"/admin/appointments/{made}/reassign?of=jean"
    assert "and the customer that somebody else comes" in agent.get(path).text
    do(hide_people)
    assert "the customer is not" in agent.get(path).text


def hide_people() -> None:
    with transaction() as session:
        site = session.query(Site).one()
        site.policy, site.revision = {"modes": ["service"]}, new_revision()


def test_a_room_is_exchanged(agent, do, made):
    assert give(agent, made, "salon", "bureau-2").status_code == 303
    assert do(having, made) == ["jean", "bureau-2"]


def test_who_is_busy_is_listed_and_a_manager_overbooks_with_a_reason(manager, agent, do, now, made):
    do(appointments.book, sample.wish(NINE, 1, service="evaluation", resources=("ryan", "bureau-2")), now=now)
    path = f"/admin/appointments/{made}/reassign?of=jean"
    assert 'value="ryan"' not in agent.get(path).text
    refused = give(agent, made, "jean", "ryan", reason="moi aussi")
    assert refused.status_code == 409
    assert "Choose another one" in refused.text
    assert 'value="ryan"' in manager.get(path).text
    asked = give(manager, made, "jean", "ryan")
    assert asked.status_code == 409
    assert "Say why all the same" in asked.text
    assert 'value="ryan" checked' in asked.text
    assert do(having, made)[0] == "jean"
    assert give(manager, made, "jean", "ryan", reason="Demande du client").status_code == 303
    assert do(having, made)[0] == "ryan"


@pytest.mark.parametrize(("of", "to"), [("jean", ""), ("jean", "nobody"), ("jean", "salon")])
def test_nonsense_is_said_beside_the_choice(manager, do, made, of, to):
    answer = give(manager, made, of, to)
    assert answer.status_code == 422
    assert 'href="#to"' in answer.text
    assert do(having, made) == ["jean", "salon"]


def test_who_does_not_have_it_cannot_give_it(manager, made):
    assert manager.get(f"/admin/appointments/{made}/reassign?of=lea").status_code == 422
    assert manager.get(f"/admin/appointments/{made}/reassign").status_code == 422


def test_the_same_form_sent_twice_is_one_exchange(manager, do, made):
    path = f"/admin/appointments/{made}/reassign?of=jean"
    values = {**form_of(manager.get(path), path), "to": "ryan"}
    assert [manager.post(path, data=values).status_code for _ in range(2)] == [303, 303]
    assert do(having, made) == ["ryan", "salon"]


def test_another_site_is_nowhere(manager, do, made):
    do(sample.site, key="lyon")
    do(keep_to, "manager", "lyon")
    assert manager.get(f"/admin/appointments/{made}/reassign?of=jean").status_code == 404
    assert manager.get(moving(made)).status_code == 404


# At another time, as a drop on the column of somebody else asks for it


def moving(public_id: str, to: str = "ryan", clock: str = "11:00", of: str = "jean") -> str:
    return f"/admin/appointments/{public_id}/move?of={of}&to={to}&start=2026-12-08T{clock}:00%2B01:00"


def test_time_and_person_change_by_one_form_and_go_back_by_one_press(agent, do, made):
    path = moving(made)
    asked = agent.get(path)
    assert "Move the appointment and give it to Ryan" in asked.text
    assert "Jean and Ryan are told by e-mail." in asked.text
    values = form_of(asked, path.partition("&start")[0])
    assert [agent.post(path, data=values).status_code for _ in range(2)] == [303, 303]
    assert (do(having, made), do(starts, made)) == (["ryan", "salon"], "11:00")
    told = agent.get(f"/admin/appointments/{made}")
    assert "The appointment is moved, and Ryan has it now." in told.text
    back = f"/admin/appointments/{made}/move/back?start=2026-12-08T09:00:00%2B01:00&of=ryan&to=jean"
    assert agent.post(back, data=form_of(told, back)).status_code == 303
    assert (do(having, made), do(starts, made)) == (["jean", "salon"], "09:00")
    assert agent.post(back.replace("start", "begin"), data=form_of(told, back)).status_code == 404


def starts(public_id: str) -> str:
    return f"{cards.by_public_id(public_id).start.astimezone(sample.PARIS):%H:%M}"


def test_at_the_same_time_it_is_the_form_that_gives_it_to_somebody_else(agent, made):
    answer = agent.get(moving(made, clock="09:00"))
    assert answer.location == f"/admin/appointments/{made}/reassign?of=jean&to=ryan"
    assert 'value="ryan" checked' in agent.get(answer.location).text


def test_the_times_of_who_takes_over_are_chosen_from_without_dragging(agent, do, now, made):
    for number, hour in enumerate(("09:00", "11:00")):
        do(sample.booked, f"2026-12-08 {hour}", now=now, number=number + 5, service="evaluation", resources=("ryan",))
    choices = agent.get(f"/admin/appointments/{made}/reassign?of=jean").text
    path = f"/admin/appointments/{made}/move?of=jean&to=ryan"
    assert f'href="{path.replace("&", "&amp;")}"' in choices
    month = agent.get(f"{path}&day=2026-12-08")
    assert "Ryan takes over from Jean" in month.text
    free = "of=jean&amp;to=ryan&amp;start=2026-12-08T"
    offered = [clock for clock in ("10:00", "11:00", "14:00") if f"{free}{clock}" in month.text]
    assert offered == ["10:00", "14:00"]


REFUSED = {
    ("bureau-2", "11:00"): "Bureau 2 is of another kind",
    ("bureau-2", "09:00"): "Bureau 2 is of another kind",
    ("novice", "11:00"): "Novice does not have all that the service asks for.",
    ("marc", "11:00"): "Marc is not at the site “Bordeaux”.",
    ("lea", "09:00"): "Lea, at this time: Busy.",
    ("lea", "10:00"): "Busy.",
    ("jean", "11:00"): "Jean has this appointment already.",
    ("nobody", "11:00"): "nobody is not at the site",
}


def test_where_it_cannot_be_it_is_said_why(agent, do, now, made):
    do(sample.site, key="lyon")
    do(sample.resource, "marc", sites=("lyon",))
    do(sample.resource, "novice", plannings=("bureau",))
    do(demanding)
    for hour in ("09:00", "10:00"):
        overbooked = {"resources": ("lea", "bureau-2"), "actor": Actor("a@example.com", "staff", staff=True)}
        do(sample.booked, f"2026-12-08 {hour}", now=now, number=7, service="evaluation", **overbooked)
    for (to, clock), words in REFUSED.items():
        assert words in unescape(agent.get(moving(made, to, clock), follow_redirects=True).text), to
    assert do(having, made) == ["jean", "salon"]


def test_a_page_from_before_somebody_else_gave_it_away_says_so(agent, do, made):
    give(agent, made, "jean", "ryan")
    late = agent.get(f"/admin/appointments/{made}/reassign?of=jean")
    assert (late.status_code, "does not have this appointment any more" in late.text) == (422, True)
    dragged = agent.get(moving(made, "lea"))
    assert (dragged.status_code, "Jean does not have this appointment any more." in dragged.text) == (422, True)
    assert "See who could take over" not in dragged.text


def test_who_is_at_no_site_of_ones_own_is_not_named(agent, do, made):
    do(sample.site, key="lyon")
    do(sample.resource, "marc", sites=("lyon",), name="Marc Durand")
    do(keep_to, "agent", "bordeaux")
    asked = [moving(made, "marc"), f"/admin/appointments/{made}/reassign?of=jean&to=marc", moving(made, of="marc")]
    for path in asked:
        text = unescape(agent.get(path).text)
        assert "marc is not" in text or "marc does not" in text, path
        assert "Durand" not in text, path


def demanding() -> None:
    """Ask for a skill that everybody but the novice has."""
    with transaction() as session:
        found = session.query(Service).one()
        found.requires = [{"kind": "staff", "skills": {"evaluation": 1}}, {"kind": "room"}]
        found.revision = new_revision()
