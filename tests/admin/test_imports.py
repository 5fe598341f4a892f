"""Importing orders in the staff area: file, columns, preview, import, and every way that this may go wrong."""

from __future__ import annotations

import csv
import io
import re

import pytest

from portal.operations import orders
from portal.operations.orders import OrderDraft
from tests import staff
from tests.admin.conftest import form_of

HOME = "/admin/import/"
FILE = "Référence;Type;Site;E-mail;Nom\nA/1;client;Bordeaux;a@example.com;Ana\nB;fournisseur;bordeaux;;Bois\n"
WRONG = f"{FILE}C;client;Nulle part;nobody;<b>Zoé</b>\n"


def upload(client, content=FILE, name="commandes.csv"):
    token = form_of(client.get(HOME), HOME)["csrf_token"]
    content = content.encode() if isinstance(content, str) else content
    return client.post(HOME, data={"csrf_token": token, "file": (io.BytesIO(content), name)})


@pytest.fixture
def previewed(manager, docks, send):
    """Send a file and go on to its preview, with what is chosen on the way."""

    def go(content=FILE, client=manager, **chosen):
        columns = upload(client, content).location
        sent = send(client, columns, **chosen)
        assert sent.location == f"{columns}/preview", re.findall(r'class="error".*?</p>', sent.text)
        return sent.location

    return go


def answer(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def test_a_file_becomes_orders_in_three_steps(manager, do, previewed, send):
    preview = previewed()
    text = answer(manager.get(preview))
    assert "2 new orders" in text
    assert "All lines are imported together" in text
    done = send(manager, preview)
    assert "2 orders are new" in answer(manager.get(done.location))
    assert do(orders.get, "A/1").email == "a@example.com"
    assert "/admin/orders/A%252F1" in manager.get("/admin/orders/").text


def test_columns_are_guessed_shown_with_samples_and_can_be_changed(manager, docks, send, do):
    columns = upload(manager, "Ref;Truc;Nom\nA;x@example.com;Ana\n").location
    page = manager.get(columns)
    given = form_of(page, columns)
    assert (given["columns-0"], given.get("columns-1", [""]), given["columns-2"]) == (["reference"], [""], ["name"])
    assert "x@example.com" in page.text
    preview = send(manager, columns, _more={"columns-1": "email", "columns-2": ""}, kind="customer").location
    send(manager, preview)
    assert (do(orders.get, "A").email, do(orders.get, "A").name) == ("x@example.com", "")


@pytest.mark.parametrize(
    ("changed", "field", "text"),
    [
        ({"columns-0": ""}, "columns", "Choose the column of the reference"),
        ({"columns-1": "reference"}, "columns-1", "Another column is this already"),
        ({"columns-1": "password"}, "columns-1", "Choose one of the values offered"),
        ({"kind": ""}, "kind", "No column says it"),
        ({"site": "nowhere"}, "site", "Choose one of the values offered"),
        ({"known": "burn"}, "known", "Choose one of the values offered"),
    ],
)
def test_a_choice_that_gives_no_orders_is_refused_beside_its_field(manager, docks, send, changed, field, text):
    columns = upload(manager, "Ref;Nom\nA;Ana\n").location
    refused = send(manager, columns, _more={"kind": "customer", **changed})
    assert refused.status_code == 422
    assert text in refused.text
    assert "<title>Error" in refused.text
    assert f'id="{field}' in refused.text


@pytest.mark.parametrize(
    ("content", "name", "text"),
    [
        (b"", "", "Choose a file."),
        (b"", "empty.csv", "The file is empty."),
        (b"%PDF-1.4\0", "orders.xlsx", "neither a CSV nor an Excel file"),
        (b"PK\x03\x04", "orders.xlsx", "damaged"),
        (b"\xd0\xcf\x11\xe0", "orders.xls", "an old or a protected Excel file"),
        (b'a;b\n1;"2\n', "x.csv", "Line 2 cannot be read"),
        (b"a;b\n", "x.csv", "no line under it"),
        (b"a\n" + b"1\n" * 10_001, "x.csv", "more than 10000 lines"),
        (b";".join([b"a"] * 61) + b"\n1\n", "x.csv", "more than 60 columns"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(manager, docks, content, name, text):
    refused = upload(manager, content, name)
    assert refused.status_code == 422
    assert text in refused.text


def test_a_file_that_is_too_large_is_refused_in_words(manager, docks):
    body = b"x" * (2 * 1024 * 1024 + 1)
    refused = manager.post(HOME, data=body, content_type="multipart/form-data; boundary=b")
    assert refused.status_code == 413
    assert "2 Mo au plus" in refused.text


def test_every_wrong_line_is_named_with_its_column_and_the_reason(manager, previewed):
    page = manager.get(previewed(WRONG))
    text = answer(page)
    for shown in ("1 wrong line", "4 C Site Nulle part No site in use has this name.", "E-mail nobody This is not an"):
        assert shown in text.replace("Line ", "")
    assert "<b>Zoé" not in page.text


def test_nothing_is_imported_while_a_line_is_wrong_and_not_left_out(manager, do, previewed, send):
    preview = previewed(WRONG)
    refused = send(manager, preview)
    assert refused.status_code == 422
    assert "Say whether the wrong lines are to be left out" in refused.text
    assert "No order yet" in manager.get("/admin/orders/").text
    done = send(manager, preview, skip="1")
    text = answer(manager.get(done.location))
    assert "2 orders are new" in text
    assert "1 wrong line was left out" in text


def test_a_file_of_mistakes_alone_offers_no_import(manager, previewed):
    page = manager.get(previewed("Référence;E-mail\n;x\n", kind="customer"))
    assert "every line is wrong" in page.text
    assert 'name="seen"' not in page.text or "Change the columns" in page.text


def test_many_mistakes_are_turned_page_by_page(manager, previewed):
    preview = previewed("Référence;E-mail\n" + "".join(f"R{n};wrong\n" for n in range(120)), kind="customer")
    first, last = manager.get(preview), manager.get(f"{preview}?page=99")
    assert "Page 1 of 3" in first.text
    assert "R0" in first.text
    assert "R119" in last.text
    assert "R0<" not in last.text


def test_the_report_tells_line_by_line_what_happens(manager, previewed):
    sent = manager.get(previewed(WRONG).replace("/preview", "/report/csv"))
    lines = list(csv.reader(io.StringIO(sent.get_data().decode("utf-8-sig"))))
    assert lines[0] == ["Line", "Reference", "Result", "Column", "Value", "Reason"]
    assert lines[1][:3] == ["2", "A/1", "New order"]
    assert [line[:5] for line in lines[3:]] == [
        ["4", "C", "Wrong line", "Site", "Nulle part"], ["4", "C", "Wrong line", "E-mail", "nobody"],
    ]  # fmt: skip


def test_a_double_click_imports_once(manager, do, previewed):
    preview = previewed(invite="y")
    given = form_of(manager.get(preview), preview)
    answers = [manager.post(preview, data=given) for _ in range(2)]
    assert {sent.location for sent in answers} == {preview.replace("/preview", "/done")}
    assert (
        manager.get(preview).location == manager.get(preview.removesuffix("/preview")).location == answers[0].location
    )
    assert "1 booking link is on its way" in answer(manager.get(answers[0].location))


def test_what_changed_meanwhile_is_said_before_anything_is_imported(manager, do, now, previewed):
    preview = previewed()
    given = form_of(manager.get(preview), preview)
    do(orders.put, OrderDraft(reference="B", kind="supplier", site="bordeaux", name="Other"), now=now)
    refused = manager.post(preview, data=given)
    assert refused.status_code == 409
    assert "The orders have changed since you looked" in refused.text
    assert "Line 3, B: now “Order changed”" in refused.text
    assert do(orders.get, "B").name == "Other"
    assert manager.post(preview, data=form_of(refused, preview)).status_code == 303
    assert do(orders.get, "B").name == "Bois"


@pytest.mark.parametrize("seen", ["", "n2", "x" * 9999, "n999999 " * 999])
def test_a_signature_of_our_own_making_imports_nothing(manager, do, previewed, seen):
    preview = previewed()
    given = form_of(manager.get(preview), preview)
    assert manager.post(preview, data={**given, "seen": seen}).status_code == 409
    assert "No order yet" in manager.get("/admin/orders/").text


def test_a_file_of_somebody_else_is_nowhere(app, manager, docks, previewed):
    preview = previewed()
    other = staff.logged_in(app, "admin", "en")
    token = form_of(other.get(HOME), HOME)["csrf_token"][0]
    columns = preview.removesuffix("/preview")
    for path in (columns, preview, f"{columns}/report/csv", f"{columns}/done"):
        assert other.get(path).status_code == 404
    for path in (columns, preview):
        assert other.post(path, data={"csrf_token": token, "kind": "customer", "known": "update"}).status_code == 404
    other.post(f"{columns}/discard", data={"csrf_token": token})
    assert manager.get(preview).status_code == 200
    assert "commandes.csv" not in other.get(HOME).text


def test_a_file_waits_and_can_be_deleted(manager, docks, previewed, send):
    columns = previewed().removesuffix("/preview")
    page = manager.get(HOME)
    assert "commandes.csv" in page.text
    assert f'href="{columns}"' in page.text
    send(manager, columns, f"{columns}/discard")
    assert manager.get(columns).status_code == 404
    assert "commandes.csv" not in manager.get(HOME).text


def test_a_preview_before_the_columns_leads_to_them(manager, docks):
    columns = upload(manager).location
    assert manager.get(f"{columns}/preview").location == columns


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_to_begin_with_is_one_that_can_be_imported(manager, do, docks, previewed, send, kind):
    sent = manager.get(f"{HOME}template/{kind}")
    preview = previewed(sent.get_data())
    assert "2 new orders" in answer(manager.get(preview))
    send(manager, preview)
    card = do(orders.get, "CMD-1043")
    assert (card.kind, card.delivery_date.isoformat()) == ("supplier", "2026-12-16T13:30:00+00:00")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_column_of_our_own_files_is_known_again(app, docks, language):
    client = staff.logged_in(app, "admin", language)
    columns = upload(client, client.get(f"{HOME}template/csv").get_data()).location
    given = form_of(client.get(columns), columns)
    assert [given[f"columns-{place}"][0] for place in range(11)] == [
        "reference", "kind", "site", "status", "units", "ship_date", "delivery_date", "name", "email", "phone",
        "locale",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_was_exported_changes_nothing_when_it_comes_back(app, do, now, docks, previewed, kind, language):
    fields = {"name": "=1+1", "email": "a@example.com", "phone": "+33 5 56", "units": "3", "ship_date": now}
    do(orders.put, OrderDraft(reference="00123", kind="supplier", site="bordeaux", status="x", **fields), now=now)
    client = staff.logged_in(app, "admin", language)
    sent = client.get(f"/admin/export/orders/{kind}")
    text = answer(client.get(previewed(sent.get_data(), client)))
    assert ("1 inchangée" if language == "fr" else "1 unchanged") in text


def test_a_preview_asks_no_more_for_many_lines(manager, previewed, statements):
    paths = [
        previewed("Référence\n" + "".join(f"R{n}\n" for n in range(count)), kind="customer") for count in (1, 2000)
    ]
    manager.get(paths[0])
    with statements(at_most=12) as few:
        manager.get(paths[0])
    with statements() as many:
        manager.get(paths[1])
    assert len(many) == len(few)


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_only_managers_import(app, docks, role):
    client = staff.logged_in(app, role, "en")
    assert client.get(HOME).status_code == 404
    assert "/admin/import/" not in client.get("/admin/orders/").text
