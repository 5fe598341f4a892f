"""Files of strangers, read as tables: every encoding and separator that people send, and nothing that does harm."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timedelta

import openpyxl
import pytest
from openpyxl import Workbook
from xlsxwriter import Workbook as Writer

from portal.domain.errors import Invalid
from portal.operations import spreadsheets
from portal.operations.spreadsheets import pack, read, unpack
from portal.operations.workbooks import MOST_COLUMNS, MOST_LINES, Unreadable

DAY = datetime.fromisoformat("2026-12-15")
MOMENT = DAY + timedelta(hours=14, minutes=30)
TEXT = "Référence;Nom\nA;Éric\nB;Œuf\n"


def cells(content):
    return [line.cells for line in read(content).lines]


def problem(content):
    with pytest.raises(Invalid) as refused:
        read(content)
    return refused.value.values["problem"]


def workbook(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def saved(book):
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rewritten(content, part, change):
    """Change a part of an archive: ``change`` gets its text."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text.decode()) if name == part else text)
    return file.getvalue()


# Text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "utf-16"])
def test_text_is_read_in_every_encoding_that_spreadsheets_write(encoding):
    table = read(TEXT.encode(encoding))
    assert table.head == ("Référence", "Nom")
    assert [line.cells for line in table.lines] == [("A", "Éric"), ("B", "Œuf")]


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_the_separator_is_found(separator):
    table = read(TEXT.replace(";", separator).encode())
    assert (table.separator, table.head) == (separator, ("Référence", "Nom"))


def test_a_comma_in_the_names_is_not_taken_for_the_separator():
    assert read(b"Ref;Nom, prenom\nA;Dupont\nB;Martin\n").head == ("Ref", "Nom, prenom")


def test_the_separator_may_be_said():
    table = read(b"sep=,\nRef,Nom\nA,Dupont\n")
    assert (table.head, table.lines[0].number) == (("Ref", "Nom"), 3)


def test_one_column_is_a_table():
    assert cells(b"Ref\nA\nB\n") == [("A",), ("B",)]


def test_lines_keep_their_numbers_past_empty_ones_and_cells_of_several_lines():
    table = read(b'\r\nRef;Note\r\n\r\nA;"one\r\ntwo"\r\n;;\r\nB;x\r\n')
    assert [(line.number, line.cells[0]) for line in table.lines] == [(4, "A"), (7, "B")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_line_is_one(end):
    assert len(read(TEXT.replace("\n", end).encode()).lines) == 2


def test_short_and_long_lines_become_as_wide_as_the_table():
    assert cells(b"a;b\n1\n2;3;4\n") == [("1", "", ""), ("2", "3", "4")]


def test_what_keeps_a_text_a_text_is_taken_off():
    assert cells(b"a;b;c\n=\"00123\";'=1+1;'t Hooft\n") == [("00123", "=1+1", "'t Hooft")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty_file"),
        (b"\n \n", "empty_file"),
        (b"a;b\n;\n", "no_lines"),
        (b"\xd0\xcf\x11\xe0 old", "old_excel"),
        (b"%PDF-1.7\0\0", "not_a_table"),
        (b"\x81\x8d\x8f\x90", "not_a_table"),
        (b"PK\x03\x04 no archive", "unreadable"),
        (b'a;b\n1;"not closed\n2;3\n', "broken_line"),
        (b"a;b\n1;" + b"x" * 200_000, "broken_line"),
        (b"a\n" + b"1\n" * (MOST_LINES + 1), "too_many_lines"),
        (b";".join([b"a"] * (MOST_COLUMNS + 1)) + b"\n1\n", "too_many_columns"),
        (b"a;" * 500_000 + b"\n1\n", "too_many_columns"),
    ],
)
def test_what_is_no_table_is_refused_by_name(content, why):
    assert problem(content) == why


def test_a_line_that_cannot_be_read_is_named():
    with pytest.raises(Invalid) as refused:
        read(b'a;b\n1;2\n3;"4\n5;6\n')
    assert refused.value.values["line"] == 3


# Workbooks


def test_a_workbook_gives_texts_and_dates():
    content = workbook(["Ref", "Date", "Nombre", "Vrai"], [1042, MOMENT, 2.5, 3.0])
    assert cells(content) == [("1042", MOMENT, "2.5", "3")]


def test_the_first_sheet_that_is_seen_is_read_and_lines_keep_their_numbers():
    book = Workbook()
    book.active.append(["Hidden"])
    book.active.sheet_state = "hidden"
    sheet = book.create_sheet()
    sheet["B3"], sheet["B5"] = "Ref", "A"
    table = read(saved(book))
    assert (table.head, [(line.number, line.cells) for line in table.lines]) == (("", "Ref"), [(5, ("", "A"))])


def test_of_a_formula_the_value_counts():
    file = io.BytesIO()
    with Writer(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Ref", "Nom"])
        sheet.write_formula(1, 0, "=A1", None, "CMD-1")
        sheet.write_formula(2, 0, '=HYPERLINK("http://evil.example")', None, "")
    assert [line[0] for line in cells(file.getvalue())] == ["CMD-1", Unreadable("formula")]


def test_a_formula_that_was_never_computed_is_no_empty_cell():
    assert cells(workbook(["a", "b"], ["x", "=1+1"])) == [("x", Unreadable("formula"))]


def test_an_error_of_the_spreadsheet_is_no_value():
    assert cells(workbook(["a", "b"], ["x", "#N/A"])) == [("x", Unreadable("error"))]


def test_a_bomb_is_not_unpacked():
    file = io.BytesIO(workbook(["a"], ["1"]))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.bin", b"\0" * (40 * 1024 * 1024))
    assert len(file.getvalue()) < 100_000
    assert problem(file.getvalue()) == "too_large_inside"


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"])
@pytest.mark.parametrize("entity", ['"ha"', 'SYSTEM "file:///etc/passwd"'])
def test_entities_are_refused(part, entity):
    file = io.BytesIO()
    with Writer(file) as book:
        book.add_worksheet().write_column(0, 0, ["a", "b"])
    definition = f"?><!DOCTYPE x [<!ENTITY a {entity}>]>"
    evil = rewritten(file.getvalue(), part, lambda text: text.replace("?>", definition, 1))
    assert openpyxl.DEFUSEDXML
    assert problem(evil) == "unreadable"
    assert cells(rewritten(file.getvalue(), part, lambda text: text)) == [("b",)]


def test_a_sheet_that_lies_about_its_size_is_read_as_it_is():
    content = rewritten(
        workbook(["a"], ["1"]), "xl/worksheets/sheet1.xml", lambda text: text.replace("A1:A2", "A1:XFD1048576")
    )
    assert cells(content) == [("1",)]


def test_a_cell_far_away_is_neither_lost_nor_dear():
    book = Workbook()
    book.active["A1"], book.active["A900000"] = "Ref", "far"
    assert read(saved(book)).lines[0].number == 900_000
    book.active["ALL2"] = "wide"
    assert problem(saved(book)) == "too_many_columns"


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_a_damaged_workbook_is_refused_in_words(part):
    assert problem(rewritten(workbook(["a"], ["1"]), part, lambda _text: "<broken")) == "unreadable"


def test_too_many_lines_of_a_workbook_are_refused():
    assert problem(workbook(*([str(number)] for number in range(MOST_LINES + 2)))) == "too_many_lines"


# Kept


def test_a_table_is_kept_small_and_whole():
    table = read(workbook(["Ref", "Date", "x"], ["A", DAY, "=1"], ["é", None, "y"]))
    assert unpack(pack(table)) == table
    assert unpack(pack(read(TEXT.encode("cp1252")))).encoding == "windows-1252"
    assert table.format == spreadsheets.Format.XLSX
