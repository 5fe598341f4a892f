"""Rights: given by administrators, never to oneself, and somebody can always give them."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from portal.domain.errors import Invalid, NotFound
from portal.extensions import reading, transaction
from portal.models import Audit, User
from portal.operations import sessions, user_cards, users
from portal.operations.actors import SYSTEM, Actor
from portal.operations.sessions import Machine
from portal.operations.user_cards import Rights, Search
from portal.operations.users import Plan
from tests import sample
from tests.backends import NOW

PASSWORD = "sept quais et une grue"
HOME = Machine("192.0.2.7", "Firefox")
CHIEF = Actor("chief@example.com", "staff", staff=True)


@pytest.fixture
def chief(do):
    return do(users.add, "chief@example.com", PASSWORD, role="admin", now=NOW, name="Chief")


@pytest.fixture
def claire(do):
    return do(users.add, "claire@example.com", PASSWORD, role="manager", now=NOW, name="Claire")


@pytest.fixture
def two_sites(do):
    do(sample.site)
    do(sample.site, key="lyon")


def plan(role="manager", sites=None, name="Claire", active=True):
    return Plan(name, Rights(role, sites), active)


def refused(do, user_id, wanted, by=CHIEF):
    with pytest.raises(Invalid) as refusal:
        do(users.change, user_id, wanted, by=by, now=NOW)
    return refusal.value.values["field"], refusal.value.values["problem"]


def audited(action="changed"):
    with reading() as session:
        query = select(Audit.actor, Audit.before, Audit.after).where(Audit.action == action).order_by(Audit.id)
        return [tuple(row) for row in session.execute(query)]


def test_rights_end_at_the_sites_given(do, chief, claire, two_sites):
    do(users.change, claire.id, plan("agent", ("lyon",)), by=CHIEF, now=NOW)
    assert do(user_cards.read, claire.id).rights == Rights("agent", ("lyon",))
    token = do(sessions.enter, "claire@example.com", PASSWORD, HOME, now=NOW)
    assert len(do(sessions.member, token, now=NOW).scope.sites) == 1
    do(users.change, claire.id, plan("agent"), by=CHIEF, now=NOW)
    assert do(sessions.member, token, now=NOW).scope.sites is None


def test_an_account_is_made_for_some_sites(do, two_sites):
    made = do(users.add, "a@example.com", PASSWORD, role="agent", sites=("lyon", "bordeaux"), now=NOW)
    assert made.rights == Rights("agent", ("bordeaux", "lyon"))


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (plan("boss"), ("role", "not_a_choice")),
        (plan("agent", ()), ("sites", "required")),
        (plan("agent", ("nowhere",)), ("sites", "not_a_choice")),
        (plan("admin", ("lyon",)), ("sites", "admin_everywhere")),
    ],
)
def test_rights_that_cannot_be_are_refused(do, chief, claire, two_sites, wanted, problem):
    assert refused(do, claire.id, wanted) == problem
    assert do(user_cards.read, claire.id).rights == Rights("manager")


def test_nobody_changes_their_own_rights(do, chief, claire):
    do(users.change, claire.id, plan("admin"), by=CHIEF, now=NOW)
    for wanted in (plan("manager"), plan("admin", active=False)):
        assert refused(do, chief.id, wanted) == ("role", "own_rights")
    do(users.change, chief.id, plan("admin", name="Chef"), by=CHIEF, now=NOW)
    assert do(user_cards.read, chief.id).name == "Chef"


def test_the_last_administrator_stays(do, chief, claire):
    assert refused(do, chief.id, plan("manager"), by=SYSTEM) == ("role", "last_admin")
    assert refused(do, chief.id, plan("admin", active=False), by=SYSTEM) == ("role", "last_admin")


def test_one_who_cannot_log_in_yet_is_no_other_administrator(do, chief, claire):
    do(users.change, claire.id, plan("admin"), by=CHIEF, now=NOW)

    def forget():
        with transaction() as session:
            session.execute(update(User).where(User.id == claire.id).values(password_hash=""))

    do(forget)
    assert refused(do, chief.id, plan("manager"), by=SYSTEM) == ("role", "last_admin")


def demote(number, ids, emails):
    by = Actor(emails[number], "staff", staff=True)
    return users.change(ids[1 - number], plan("viewer"), by=by, now=NOW).role


def test_two_administrators_who_demote_each_other_leave_one(do, processes, chief, claire):
    do(users.change, claire.id, plan("admin"), by=CHIEF, now=NOW)
    answers = processes(2, demote, [chief.id, claire.id], [chief.email, claire.email])
    assert sorted(map(str, answers)) == ["422", "viewer"]
    assert do(user_cards.listing, Search(role="admin")).total == 1


def test_a_closed_account_loses_its_sessions_for_good(do, chief, claire):
    token = do(sessions.enter, "claire@example.com", PASSWORD, HOME, now=NOW)
    do(users.change, claire.id, plan(active=False), by=CHIEF, now=NOW)
    do(users.change, claire.id, plan(active=True), by=CHIEF, now=NOW)
    assert do(sessions.member, token, now=NOW) is None


def test_what_changed_is_written_down(do, chief, claire, two_sites):
    do(users.change, claire.id, plan("agent", ("lyon",)), by=CHIEF, now=NOW)
    do(users.change, claire.id, plan("agent", ("lyon",)), by=CHIEF, now=NOW)
    before = {"role": "manager", "every_site": True, "sites": []}
    after = {"role": "agent", "every_site": False, "sites": ["lyon"]}
    assert do(audited) == [("chief@example.com", before, after)]


def test_nobody_is_nobody(do, chief):
    for operation in (users.end_sessions, user_cards.read):
        with pytest.raises(NotFound):
            do(operation, 999_999_999, **({"by": CHIEF, "now": NOW} if operation is users.end_sessions else {}))


# The list


def crowd(number):
    with transaction() as session:
        session.add_all(
            User(
                public_id=f"{one:032x}",
                email=f"user{one:03}@example.com",
                name=f"User {one:03}",
                password_hash="" if one % 3 == 0 else "!",
                role="agent" if one % 2 else "viewer",
                active=one % 5 != 0,
                every_site=False,
                created_at=NOW,
            )
            for one in range(number)
        )


def emails(found):
    return [user.email.partition("@")[0] for user in found.users]


def test_the_list_asks_as_much_for_many_as_for_few(do, app, statements):
    do(crowd, 120)
    with app.app_context(), statements(at_most=3):
        found = user_cards.listing(Search(), page=2, size=50)
    assert (len(found.users), found.total, emails(found)[0]) == (50, 120, "user050")


def test_the_list_is_searched_by_name_address_role_and_state(do):
    do(crowd, 12)
    assert emails(do(user_cards.listing, Search("USER 01"))) == ["user010", "user011"]
    assert emails(do(user_cards.listing, Search("user011@"))) == ["user011"]
    assert emails(do(user_cards.listing, Search("%"))) == []
    assert emails(do(user_cards.listing, Search(role="agent", state="active"))) == ["user001", "user007", "user011"]
    assert emails(do(user_cards.listing, Search(state="invited"))) == ["user003", "user006", "user009"]
    assert emails(do(user_cards.listing, Search(state="closed"))) == ["user000", "user005", "user010"]
