"""Orders from a file: what a plan says is what is written, whole or not at all."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.extensions import reading
from portal.models import Audit, ColumnName, Customer, Link, Order, OutboxMessage, Upload
from portal.operations import imports, links, order_pages, orders
from portal.operations.actors import Actor
from portal.operations.import_columns import Choices, guess
from portal.operations.import_plans import differing
from portal.operations.order_pages import Search
from portal.operations.orders import OrderDraft
from portal.operations.scopes import EVERYWHERE, Scope
from tests import sample, staff
from tests.backends import NOW

CLAIRE = Actor("claire@example.com", "staff", staff=True)
FILE = "Référence;Type;Site;E-mail;Nom\nA;client;Bordeaux;a@example.com;Ana\nB;fournisseur;bordeaux;;Bois\n"


@pytest.fixture
def user(do):
    do(sample.docks)
    do(sample.site, key="lyon")
    do(staff.account)
    return do(only_user)


def only_user() -> int:
    with reading() as session:
        return session.scalar(session.query(staff.User.id).statement)


def sheet(*rows) -> bytes:
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows(rows)
    return file.getvalue().encode()


@pytest.fixture
def begin(do, user):
    """Send a file and choose its columns as guessed; anything of ``Choices`` may be said."""

    def begun(content=FILE, **chosen):
        content = content.encode() if isinstance(content, str) else content
        public_id = do(imports.keep, "commandes.csv", content, user, now=NOW)
        columns = chosen.pop("columns", None) or do(imports.get, public_id, user).choices.columns
        do(imports.choose, public_id, user, Choices(columns, **chosen))
        return public_id

    return begun


@pytest.fixture
def look(do, user):
    return lambda public_id, scope=EVERYWHERE: do(imports.preview, public_id, user, scope=scope, now=NOW).plan


@pytest.fixture
def confirm(do, user, look):
    def confirmed(public_id, *, seen=None, skip=False, scope=EVERYWHERE, now=NOW):
        seen = look(public_id, scope).signature if seen is None else seen
        return do(imports.confirm, public_id, user, seen, by=CLAIRE, scope=scope, now=now, skip=skip)

    return confirmed


def put(do, reference, **fields):
    return do(
        orders.put, OrderDraft(**{"reference": reference, "kind": "customer", "site": "bordeaux", **fields}), now=NOW
    )


def counted(**counts):
    return {**dict.fromkeys(("new", "changed", "same", "left", "wrong", "invited"), 0), **counts}


def flaws(plan):
    return [(line.read.number, flaw.field, flaw.problem) for line in plan.wrong for flaw in line.flaws]


def rows(table):
    def read():
        with reading() as session:
            return session.query(table).order_by(*table.__table__.primary_key.columns).all()

    return read


# What is written


def test_new_orders_come_with_their_customers(do, begin, confirm):
    assert confirm(begin()) == counted(new=2)
    card = do(orders.get, "A")
    assert (card.kind, card.site.key, card.email, card.name) == ("customer", "bordeaux", "a@example.com", "Ana")
    assert (do(orders.get, "B").name, do(orders.get, "B").email) == ("Bois", None)


def test_the_same_file_again_changes_nothing(do, begin, confirm):
    confirm(begin())
    before = do(rows(Order))
    assert confirm(begin(), now=NOW + timedelta(hours=1)) == counted(same=2)
    assert [row.updated_at for row in do(rows(Order))] == [row.updated_at for row in before]
    assert len(do(rows(Customer))) == 2


def test_what_an_empty_cell_does_not_say_stays(do, begin, look, confirm):
    put(do, "A", status="ready", units="3", email="a@example.com", name="Ana", site="lyon")
    public_id = begin(
        sheet(["Référence", "Statut", "Quantité", "Nom"], ["A", "parti", "", ""]), site="bordeaux", kind="supplier"
    )
    [line] = look(public_id).lines
    assert (line.outcome, line.changed) == ("changed", ("status",))
    assert confirm(public_id) == counted(changed=1)
    card = do(orders.get, "A")
    assert (card.status, card.units, card.name, card.site.key, card.kind) == ("parti", "3", "Ana", "lyon", "customer")


def test_what_all_lines_share_is_said_once(do, begin, confirm):
    confirm(begin(sheet(["Référence"], ["A"]), site="lyon", kind="supplier"))
    card = do(orders.get, "A")
    assert (card.site.key, card.kind) == ("lyon", "supplier")


def test_a_file_writes_customers_as_one_order_after_the_other_would(do, begin, confirm):
    for reference, email in (("C", None), ("D", "d@example.com"), ("E", "e@example.com")):
        put(do, reference, name=reference, email=email)
    lines = [
        ["Référence", "E-mail", "Nom", "Téléphone"],
        ["A", " New@Example.com", "New", ""],  # somebody new
        ["B", "new@example.com", "Newer", "05"],  # the same one, under another name: the last word counts
        ["C", "c@example.com", "", ""],  # gets an address and stays the same one
        ["D", "e@example.com", "", ""],  # goes to somebody known
        ["F", "", "Nobody", ""],  # without address: a customer of its own
        ["G", "", "", ""],  # without customer
    ]
    files = [begin(sheet(*lines), site="bordeaux", kind="customer")]
    before = do(orders.get, "C").customer_id
    assert confirm(files[0]) == counted(new=4, changed=2)
    cards = {reference: do(orders.get, reference) for reference in "ABCDEFG"}
    assert cards["A"].customer_id == cards["B"].customer_id
    assert (cards["A"].name, cards["A"].phone, cards["A"].email) == ("Newer", "05", "new@example.com")
    assert (cards["C"].customer_id, cards["C"].email, cards["C"].name) == (before, "c@example.com", "C")
    assert cards["D"].customer_id == cards["E"].customer_id
    assert (cards["F"].name, cards["G"].customer_id) == ("Nobody", None)


def test_dates_are_meant_on_the_clock_of_the_site(do, begin, confirm):
    lines = [["Référence", "Date d’expédition", "Date de livraison"], ["A", "15/12/2026 14h30", "2026-12-15T14:30:00Z"]]
    confirm(begin(sheet(*lines), site="bordeaux", kind="customer"))
    card = do(orders.get, "A")
    assert card.ship_date == datetime(2026, 12, 15, 13, 30, tzinfo=UTC)
    assert card.delivery_date == datetime(2026, 12, 15, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(("known", "outcome"), [("update", "changed"), ("leave", "left"), ("refuse", "wrong")])
def test_known_references_are_treated_as_was_chosen(do, begin, look, known, outcome):
    put(do, "A", status="ready")
    content = sheet(["Référence", "Statut"], ["A", "parti"], ["B", "prêt"])
    plan = look(begin(content, site="bordeaux", kind="customer", known=known))
    assert [line.outcome for line in plan.lines] == [outcome, "new"]


def test_an_import_is_written_down_once_with_its_counts(do, begin, confirm):
    public_id = begin()
    confirm(public_id)
    [row] = do(rows(Audit))
    assert (row.actor, row.action, row.kind, row.key, row.label) == (
        "claire@example.com", "imported", "import", public_id, "commandes.csv",
    )  # fmt: skip
    assert row.after["new"] == 2
    assert row.after["columns"]["reference"] == "Référence"


# What is refused


@pytest.mark.parametrize(
    ("field", "head", "cell", "problem"),
    [
        ("reference", "Référence", "x" * 121, "too_long"),
        ("reference", "Référence", "a\x07b", "expected"),
        ("email", "E-mail", "nobody", "email"),
        ("email", "E-mail", "évil@exämple..com", "email"),
        ("kind", "Type", "ami", "not_a_choice"),
        ("site", "Site", "Nulle part", "unknown_site"),
        ("locale", "Langue", "de", "not_a_choice"),
        ("units", "Quantité", "x" * 121, "too_long"),
        ("name", "Nom", "x" * 100_000, "too_long"),
        ("ship_date", "Date d’expédition", "demain", "date"),
        ("delivery_date", "Date de livraison", "31/02/2026", "date"),
    ],
)
def test_a_wrong_cell_is_named_with_its_line(begin, look, field, head, cell, problem):
    head, line = (["Référence", head], ["A", cell]) if head != "Référence" else ([head, "x"], [cell, ""])
    plan = look(begin(sheet(head, ["OK", ""], line), site="bordeaux", kind="customer"))
    assert flaws(plan) == [(3, field, problem)]
    assert len(plan.wrong[0].flaws[0].value) <= 80


def test_every_mistake_of_a_line_is_named(begin, look):
    plan = look(begin(sheet(["Référence", "E-mail", "Type"], ["", "x", "y"]), site="bordeaux"))
    assert flaws(plan) == [(2, "reference", "required"), (2, "email", "email"), (2, "kind", "not_a_choice")]


def test_a_reference_comes_once_in_a_file(begin, look):
    plan = look(begin(sheet(["Référence"], ["A"], ["B"], [" A "]), site="bordeaux", kind="customer"))
    assert flaws(plan) == [(4, "reference", "duplicate")]
    assert plan.wrong[0].flaws[0].first == 2


def test_a_new_order_needs_a_site_and_a_kind(do, begin, look):
    put(do, "B")
    plan = look(begin(sheet(["Référence", "Site", "Type"], ["A", "", ""], ["B", "", ""])))
    assert flaws(plan) == [(2, "site", "required"), (2, "kind", "required")]


def test_formulas_and_signs_of_strangers_stay_texts(do, begin, confirm):
    names = ["=HYPERLINK(1)", "<script>alert(1)</script>", "O'Brien; DROP TABLE orders", "日本 \U0001f69a"]
    content = sheet(["Référence", "Nom"], *([f"R{place}", name] for place, name in enumerate(names)))
    confirm(begin(content, site="bordeaux", kind="customer"))
    assert [do(orders.get, f"R{place}").name for place in range(4)] == names


def test_nothing_is_imported_while_a_line_is_wrong(do, begin, confirm):
    public_id = begin(FILE + "C;client;Nulle part;;\n")
    with pytest.raises(Invalid) as refused:
        confirm(public_id)
    assert refused.value.values["problem"] == "wrong_lines"
    assert do(rows(Order)) == do(rows(Customer)) == do(rows(Audit)) == []
    assert confirm(public_id, skip=True) == counted(new=2, wrong=1)


def test_a_failure_in_the_middle_leaves_nothing_behind(do, begin, confirm, monkeypatch):
    monkeypatch.setattr(imports, "_note", fail)
    with pytest.raises(ZeroDivisionError):
        confirm(begin(invite=True))
    for table in (Order, Customer, Link, OutboxMessage, ColumnName, Audit):
        assert do(rows(table)) == []


def fail(*_values: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("choices", "field", "problem"),
    [
        (Choices({1: "name"}, "bordeaux", "customer"), "columns", "no_reference"),
        (Choices({0: "reference", 1: "reference"}, "bordeaux", "customer"), "columns-1", "twice"),
        (Choices({0: "reference", 9: "name"}, "bordeaux", "customer"), "columns-9", "not_a_choice"),
        (Choices({0: "password"}, "bordeaux", "customer"), "columns-0", "not_a_choice"),
        (Choices({0: "reference"}, None, "customer"), "site", "required"),
        (Choices({0: "reference"}, "bordeaux"), "kind", "required"),
        (Choices({0: "reference"}, "bordeaux", "friend"), "kind", "not_a_choice"),
        (Choices({0: "reference"}, "bordeaux", "customer", "burn"), "known", "not_a_choice"),
    ],
)
def test_choices_that_give_no_orders_are_refused_by_name(do, user, choices, field, problem):
    public_id = do(imports.keep, "x.csv", b"a;b\n1;2\n", user, now=NOW)
    with pytest.raises(Invalid) as refused:
        do(imports.choose, public_id, user, choices)
    assert (refused.value.values["field"], refused.value.values["problem"]) == (field, problem)


# What the heads say


def test_heads_are_guessed_in_french_and_in_english():
    french = ["N° de commande", "Entrepôt", "Adresse e-mail", "Raison sociale", "Qté", "DATE D’EXPÉDITION", "Note"]
    english = ["Order number", "Warehouse", "E-mail address", "Company", "Qty", "Ship date", "Remark"]
    wanted = {0: "reference", 1: "site", 2: "email", 3: "name", 4: "units", 5: "ship_date"}
    assert guess(french, {}) == guess(english, {}) == wanted


def test_two_heads_are_not_taken_for_one_field():
    assert guess(["Ref", "Référence", ""], {}) == {0: "reference"}


def test_what_a_head_was_taken_for_is_remembered(do, begin, user, confirm):
    content = sheet(["Vorgang", "Kunde (Ort)"], ["A", "Ana"])
    confirm(begin(content, columns={0: "reference", 1: "name"}, site="bordeaux", kind="customer"))
    public_id = do(imports.keep, "next.csv", sheet(["VORGANG", "kunde ort"], ["B", "Ben"]), user, now=NOW)
    assert do(imports.get, public_id, user).choices.columns == {0: "reference", 1: "name"}


# Whose it is


def test_a_file_is_its_users_alone(do, user, begin):
    public_id = begin()
    for call in (
        lambda: do(imports.get, public_id, user + 1),
        lambda: do(imports.preview, public_id, user + 1, scope=EVERYWHERE, now=NOW),
        lambda: do(imports.confirm, public_id, user + 1, "", by=CLAIRE, scope=EVERYWHERE, now=NOW),
        lambda: do(imports.result, public_id, user + 1),
        lambda: do(imports.choose, public_id, user + 1, Choices({})),
    ):
        with pytest.raises(NotFound):
            call()
    do(imports.discard, public_id, user + 1)
    assert [file.public_id for file in do(imports.of_user, user)] == [public_id]
    assert do(imports.of_user, user + 1) == []


def test_an_import_ends_at_ones_own_sites(do, begin, look, confirm):
    put(do, "L", site="lyon", status="ready")
    bordeaux = Scope(frozenset({put(do, "B").site.id}))
    content = sheet(["Référence", "Site", "Statut"], ["L", "", "gone"], ["N", "Lyon", ""], ["B", "", "gone"])
    public_id = begin(content, site="bordeaux", kind="customer")
    assert flaws(look(public_id, bordeaux)) == [(2, "reference", "elsewhere"), (3, "site", "unknown_site")]
    confirm(public_id, skip=True, scope=bordeaux)
    assert [do(orders.get, reference).status for reference in "LB"] == ["ready", "gone"]


# Meanwhile, again, and at once


def test_what_was_shown_is_what_is_done_or_it_is_said(do, begin, look, confirm):
    public_id = begin()
    seen = look(public_id).signature
    put(do, "A", name="Somebody else")
    with pytest.raises(Invalid) as refused:
        confirm(public_id, seen=seen)
    assert refused.value.values["problem"] == "changed_meanwhile"
    assert [line.read.reference for line in differing(look(public_id), seen)] == ["A"]
    assert do(orders.get, "A").name == "Somebody else"
    assert [line for line in differing(look(public_id), "n99999999 x3 ; i0") if line.read.number > 3] == []


def test_a_file_is_imported_once(do, user, begin, look, confirm):
    public_id = begin(invite=True)
    seen = look(public_id).signature
    first = confirm(public_id, seen=seen)
    do(orders.patch, "A", {"name": "Changed since"}, now=NOW)
    assert confirm(public_id, seen=seen) == first == do(imports.result, public_id, user).done
    assert len(do(rows(Link))) == 1
    assert do(orders.get, "A").name == "Changed since"
    with pytest.raises(StateChanged):
        do(imports.get, public_id, user)


def test_what_was_imported_is_kept_no_longer(do, begin, confirm):
    confirm(begin())
    assert [row.content for row in do(rows(Upload))] == [b""]


def test_the_same_file_confirmed_by_many_at_once_is_imported_once(do, user, begin, look, processes):
    public_id = begin(invite=True)
    seen = look(public_id).signature
    assert processes(4, confirm_at_once, public_id=public_id, user=user, seen=seen) == [counted(new=2, invited=1)] * 4
    assert (len(do(rows(Order))), len(do(rows(Link))), len(do(rows(OutboxMessage)))) == (2, 1, 1)


def confirm_at_once(_number: int, *, public_id: str, user: int, seen: str) -> dict[str, int]:
    return dict(imports.confirm(public_id, user, seen, by=CLAIRE, scope=EVERYWHERE, now=NOW))


def test_two_files_of_the_same_orders_at_once_make_them_once(do, user, begin, look, processes):
    files = [begin() for _ in range(4)]
    seen = look(files[0]).signature
    answers = processes(4, import_at_once, files=files, user=user, seen=seen)
    assert sorted(answers) == ["changed_meanwhile"] * 3 + ["done"]
    assert len(do(rows(Order))) == len(do(rows(Customer))) == 2


def import_at_once(number: int, *, files: list[str], user: int, seen: str) -> str:
    try:
        imports.confirm(files[number], user, seen, by=CLAIRE, scope=EVERYWHERE, now=NOW)
    except Invalid as refusal:
        return str(refusal.values["problem"])
    return "done"


def test_an_import_and_a_program_that_sends_the_same_orders_agree(do, user, begin, look, processes):
    public_id = begin(known="update")
    seen = look(public_id).signature
    answers = processes(4, import_or_put, public_id=public_id, user=user, seen=seen)
    assert set(answers) <= {"done", "changed_meanwhile", "put"}
    assert len(do(rows(Order))) == 2
    assert len(do(rows(Customer))) == 2


def import_or_put(number: int, *, public_id: str, user: int, seen: str) -> str:
    if number:
        for reference, email in (("A", "a@example.com"), ("B", None)):
            draft = OrderDraft(reference=reference, kind="customer", site="bordeaux", email=email, name=reference)
            orders.put(draft, now=NOW)
        return "put"
    return import_at_once(0, files=[public_id], user=user, seen=seen)


# Links


def test_links_are_sent_to_those_who_can_be_invited(do, begin, confirm):
    put(do, "OPEN", email="o@example.com")
    do(links.create, "OPEN", now=NOW)
    lines = [["Référence", "Site", "E-mail"], ["A", "Bordeaux", "a@example.com"], ["B", "Bordeaux", ""],
             ["C", "Lyon", "c@example.com"], ["OPEN", "", "o@example.com"]]  # fmt: skip
    assert confirm(begin(sheet(*lines), kind="customer", invite=True)) == counted(new=3, same=1, invited=1)
    [message] = do(rows(OutboxMessage))
    assert (message.kind, message.recipient) == ("booking_invitation", "a@example.com")
    [line] = do(order_pages.sheet, "A", now=NOW).links
    assert (line.link.id, line.invitation.recipient) == (message.link_id, "a@example.com")


def test_nobody_is_invited_unasked(do, begin, confirm):
    confirm(begin())
    assert do(rows(Link)) == do(rows(OutboxMessage)) == []


# Large and old


def large(count: int, status: str) -> bytes:
    head = ["Référence", "Nom", "E-mail", "Statut", "Quantité", "Date d’expédition"]
    lines = (
        [f"CMD-{n}", f"Client {n}", f"c{n}@example.com" if n % 10 else "", status, f"{n} palettes", "15/12/2026"]
        for n in range(count)
    )
    return sheet(head, *lines)


def test_five_thousand_lines_take_as_many_statements_as_few(do, begin, confirm, statements):
    do(order_pages.listing, Search(), now=NOW)
    with statements() as few:
        confirm(begin(large(2, "prêt"), site="bordeaux", kind="customer", invite=True))
    with statements() as many:
        done = confirm(begin(large(5000, "prêt"), site="bordeaux", kind="customer", invite=True))
    assert done == counted(new=4998, same=2, invited=4499)
    assert len(many) <= len(few) + 40  # rows that are given back come in pages of a thousand
    assert confirm(begin(large(5000, "parti"), site="bordeaux", kind="customer"))["changed"] == 5000


def test_old_files_are_forgotten(do, user, begin):
    begin()
    assert do(imports.forget_old, NOW + timedelta(hours=23)) == 0
    assert do(imports.forget_old, NOW + timedelta(hours=25)) == 1
    assert do(imports.of_user, user) == []


def test_no_more_than_a_few_files_wait_for_one_user(do, user):
    made = [do(imports.keep, f"../../etc\\{n}.csv\n", FILE.encode(), user, now=NOW) for n in range(imports.MOST + 2)]
    waiting = do(imports.of_user, user)
    assert [file.public_id for file in waiting] == made[:1:-1]
    assert waiting[0].name == f"{imports.MOST + 1}.csv"


def test_a_file_that_is_discarded_is_gone(do, user, begin):
    public_id = begin()
    do(imports.discard, public_id, user)
    do(imports.discard, public_id, user)
    with pytest.raises(NotFound):
        do(imports.get, public_id, user)
