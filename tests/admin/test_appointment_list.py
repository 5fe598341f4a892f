"""All appointments in the staff area: filters in the address, order, pages, files."""

from __future__ import annotations

import csv
import io
import re

import pytest
from openpyxl import load_workbook

from portal.operations import appointments
from portal.operations.actors import Actor
from portal.operations.wishes import Contact, Wish
from tests import sample
from tests.operations.test_appointment_search import many

LIST = "/admin/appointments/"
STAFF = Actor("anne@example.com", "staff", staff=True)


@pytest.fixture
def book(do, now, docks):
    """Book for somebody by name."""

    def booked(start, name, **options):
        contact = Contact(email=options.pop("email", None), name=name, phone=options.pop("phone", ""))
        given = {"site": "bordeaux", "planning": "quais", "actor": STAFF, **options}
        return do(appointments.book, Wish(start=sample.paris(start), contact=contact, **given), now=now)

    return booked


@pytest.fixture
def three(book):
    """Book three, of whom one came yesterday."""
    return [
        book("2026-11-30 08:00", "Yesterday", overbook="came"),
        book("2026-12-08 08:30", "Bois", phone="06 12 34 56 78"),
        book("2026-12-09 10:00", "Aciers"),
    ]


def names(answer):
    assert answer.status_code == 200
    return re.findall(r">(Yesterday|Bois|Aciers)</a>", answer.text)


def test_it_begins_today_and_soonest_first(manager, three):
    assert names(manager.get(LIST)) == ["Bois", "Aciers"]


@pytest.mark.on_both
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from=", ["Yesterday", "Bois", "Aciers"]),
        ("from=2026-12-09", ["Aciers"]),
        ("to=2026-12-08", ["Bois"]),
        ("q=aciers", ["Aciers"]),
        ("q=0612345678", ["Bois"]),
        ("sort=name.up", ["Aciers", "Bois"]),
        ("sort=start.down&from=", ["Aciers", "Bois", "Yesterday"]),
        ("status=cancelled", []),
        ("source=staff&site=bordeaux&planning=quais&status=confirmed", ["Bois", "Aciers"]),
        ("status=wrong&source=wrong&sort=wrong&page=wrong&to=wrong", ["Bois", "Aciers"]),
        ("q=%00&page=99999999999", ["Bois", "Aciers"]),
    ],
)
def test_filters_live_in_the_address(manager, three, query, found):
    assert names(manager.get(f"{LIST}?{query}")) == found


def test_the_head_says_what_sorts_and_turns_it_round(manager, three):
    text = manager.get(f"{LIST}?q=i&sort=name.up").text
    assert 'aria-sort="ascending"' in text
    link = re.search(r'aria-sort="ascending"><a class="sort" href="([^"]+)"', text)[1].replace("&amp;", "&")
    assert names(manager.get(link)) == ["Bois", "Aciers"]
    assert 'value="i"' in manager.get(link).text


def test_who_may_not_book_only_looks(viewer, agent, three):
    assert f"{LIST}{three[1].public_id}/move" in agent.get(LIST).text
    text = viewer.get(LIST).text
    assert f"{LIST}{three[1].public_id}" in text
    assert "/move" not in text
    assert "/cancel" not in text


def test_nothing_found_leads_back_and_nothing_at_all_leads_on(manager, docks):
    assert "No appointment is like that" in manager.get(f"{LIST}?q=nobody").text
    assert "/admin/add/appointment/" in manager.get(LIST).text


def test_a_long_list_is_turned_page_by_page(manager, do, docks):
    do(many, 120)
    text = manager.get(f"{LIST}?page=2&q=client").text
    assert "Page 2 of 3" in text
    assert "120 appointments" in text
    assert "q=client" in re.search(r'rel="next" href="([^"]+)"', text)[1]


@pytest.mark.parametrize("count", [60, 3000])
def test_the_page_asks_no_more_when_there_are_more(manager, do, docks, statements, count):
    do(many, count)
    manager.get(LIST)
    with statements(at_most=8):
        manager.get(LIST)


def rows(answer, form):
    if form == "csv":
        return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    return [list(row) for row in load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True)]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_holds_exactly_what_is_filtered_in_its_order(manager, three, form):
    found = rows(manager.get(f"{LIST}export/{form}?from=&sort=name.up&q=i"), form)
    name = found[0].index("Name")
    assert [row[name] for row in found[1:]] == ["Aciers", "Bois"]


def test_a_file_holds_all_pages_with_real_times_of_the_site(manager, do, docks):
    do(many, 120)
    found = rows(manager.get(f"{LIST}export/xlsx"), "xlsx")
    assert len(found) == 121
    assert found[1][found[0].index("Start")].isoformat() == "2026-12-08T08:00:00"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_name_is_no_formula(manager, book, form):
    book("2026-12-08 08:30", '=HYPERLINK("http://evil.example")')
    answer = manager.get(f"{LIST}export/{form}")
    if form == "csv":
        assert rows(answer, form)[1][13].startswith("'=")
    else:
        assert load_workbook(io.BytesIO(answer.data)).active["N2"].data_type == "s"


def test_each_question_has_a_column_of_its_own(manager, do, docks, book):
    plate = {"key": "plate", "label": {"en": "Plate", "fr": "Plaque"}, "type": "text"}
    do(sample.ask, [plate])
    book("2026-12-08 08:30", "Bois", fields={"plate": "AB-123-CD"})
    head, line = rows(manager.get(f"{LIST}export/csv"), "csv")
    assert (head[-1], line[-1]) == ("Plate", "AB-123-CD")
    assert rows(manager.get(f"{LIST}export/csv?site=lyon"), "csv")[0][-1] != "Plate"


def test_a_file_of_another_form_is_not_there(manager, docks):
    assert manager.get(f"{LIST}export/pdf").status_code == 404


def test_the_file_is_named_for_today(manager, three):
    name = manager.get(f"{LIST}export/csv").headers["Content-Disposition"]
    assert name == "attachment; filename=appointments-2026-12-01.csv"
