"""Tables as files: whole, in the right form for Excel, and never a formula, whatever was typed."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from portal.domain.errors import Invalid
from portal.web.exports import COMPUTED, table_response

PARIS = ZoneInfo("Europe/Paris")
HEADERS = ["Nom", "Début", "Jour", "Nombre"]
MORNING = datetime(2026, 12, 8, 7, 30, tzinfo=UTC).astimezone(PARIS)
beginnings = st.sampled_from(
    ["", " ", "\xa0", "\ufeff", "=", "+", "-", "@", "\t", "\r", "\n", "\x00=", "＝", "http:", "{="]
)
texts = st.builds(str.__add__, beginnings, st.text(st.characters(), max_size=20))  # controls and lone surrogates too


def made(app, rows, form, lang="fr", headers=HEADERS):
    with app.test_request_context("/", headers={"Accept-Language": lang}):
        response = table_response("rendez-vous", headers, rows, form)
        sent = response.get_data()
        response.close()
    assert response.content_length == len(sent)
    return response, sent


def lines(sent, delimiter=";"):
    assert sent.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(sent.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def sheet(sent):
    return load_workbook(io.BytesIO(sent)).active


def test_a_file_says_its_type_and_the_day(app):
    response, _sent = made(app, [], "csv")
    assert response.headers["Content-Disposition"] == "attachment; filename=rendez-vous-2026-12-01.csv"
    assert response.content_type == "text/csv; charset=utf-8"
    assert made(app, [], "xlsx")[0].headers["Content-Disposition"].endswith("rendez-vous-2026-12-01.xlsx")


def test_french_excel_gets_semicolons_and_decimal_commas(app):
    rows = [["Hélène; Durand", MORNING, date(2026, 12, 8), 1.5]]
    assert lines(made(app, rows, "csv")[1])[1] == ["Hélène; Durand", "2026-12-08 08:30", "2026-12-08", "1,5"]


def test_english_excel_gets_commas_and_decimal_points(app):
    sent = made(app, [["a, b", None, None, 1.5]], "csv", lang="en")[1]
    assert lines(sent, ",")[1] == ["a, b", "", "", "1.5"]


def test_a_spreadsheet_gets_real_times_on_the_clock_of_the_site(app):
    found = sheet(made(app, [["Hélène", MORNING, date(2026, 12, 8), 3]], "xlsx")[1])
    name, start, day, number = found[2]
    assert (start.is_date, start.value.isoformat()) == (True, "2026-12-08T08:30:00")
    assert (day.is_date, day.value.date()) == (True, date(2026, 12, 8))
    assert (name.value, number.value) == ("Hélène", 3)


def test_the_head_stays_in_sight_and_columns_are_as_wide_as_needed(app):
    found = sheet(made(app, [["x" * 30, None, None, None], ["y" * 300, None, None, None]], "xlsx")[1])
    assert found.freeze_panes == "A2"
    assert 30 < found.column_dimensions["A"].width < 60


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(texts, min_size=1, max_size=8))
def test_no_text_becomes_a_formula_in_a_csv(app, typed):
    read = [row[0] for row in lines(made(app, [[text, 1] for text in typed], "csv")[1])[1:]]
    assert len(read) == len(typed)
    assert not any(cell.lstrip(" \xa0\ufeff").startswith((*COMPUTED, "\r")) for cell in read)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(texts, min_size=1, max_size=8))
def test_no_text_becomes_a_formula_or_a_link_in_a_spreadsheet(app, typed):
    found = sheet(made(app, [[text, 1] for text in typed], "xlsx")[1])
    for place in range(2, len(typed) + 2):
        cell = found.cell(place, 1)
        assert (cell.data_type in ("s", "n", "inlineStr"), cell.hyperlink) == (True, None)
        assert found.cell(place, 2).value == 1


def test_a_negative_number_stays_one(app):
    assert lines(made(app, [[None, None, None, -3]], "csv")[1])[1][3] == "-3"
    assert sheet(made(app, [[None, None, None, -3]], "xlsx")[1])["D2"].value == -3


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_many_rows_are_all_there(app, form):
    rows = ([f"client {number}", MORNING, None, number] for number in range(12_000))
    sent = made(app, rows, form)[1]
    assert (len(lines(sent)) if form == "csv" else sheet(sent).max_row) == 12_001


def test_what_breaks_half_way_is_an_error_and_no_half_table(app):
    def rows():
        yield ["first", None, None, 1]
        raise LookupError

    with pytest.raises(LookupError):
        made(app, rows(), "csv")


def test_another_format_is_refused(app):
    with pytest.raises(Invalid):
        made(app, [], "pdf")
