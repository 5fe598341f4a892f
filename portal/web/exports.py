"""Tables as files that people open in a spreadsheet: every row, in little memory, and never a formula.

What strangers typed (a name, a message) must stay a text there. An XLSX file says so of each cell. A CSV file cannot:
a text that a spreadsheet would compute gets an apostrophe in front, which is shown and does no harm.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from tempfile import SpooledTemporaryFile
from typing import IO

from flask import Response
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from portal.clock import now
from portal.delivery import clean
from portal.domain.errors import Invalid
from portal.i18n import current_locale
from portal.operations import organisation

Cell = str | int | float | date | datetime | None
Row = Sequence[Cell]
CSV, XLSX = "csv", "xlsx"
FORMATS = (CSV, XLSX)
TYPES = {
    CSV: "text/csv",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
IN_MEMORY = 1 << 20  # bytes; more goes to a file
PIECE = 1 << 16  # bytes sent at once
LONGEST = 32_767  # characters of a cell, for every spreadsheet
NARROW, WIDE = 10, 48  # characters of a column
COMPUTED = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, or steps over to find one; the wide ones do in Japan."""


def table_response(name: str, headers: Sequence[str], rows: Iterable[Row], format: str) -> Response:  # noqa: A002
    """Send a table as a file named ``name`` and today's date; ``format`` is "csv" or "xlsx".

    An aware ``datetime`` is written as the clock of its own zone shows it: give it in the site's. The file is whole
    before it leaves, so that what breaks half-way is an error and not half a table. Raises Invalid.
    """
    if format not in FORMATS:
        raise Invalid(field="format", problem="not_a_choice", value=format, choices=FORMATS)
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when it has been sent
    (_write_csv if format == CSV else _write_xlsx)(file, headers, rows)
    length = file.tell()
    response = Response(_pieces(file), mimetype=TYPES[format])
    response.content_length = length
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}-{organisation.today(now())}.{format}")
    response.call_on_close(file.close)
    return response


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece


def harmless(text: str) -> str:
    r"""Make a text that no spreadsheet computes when it reads it from a CSV file.

    >>> harmless("=1+1"), harmless("+33 5 56 00 00 00"), harmless("quai 3")
    ("'=1+1", "'+33 5 56 00 00 00", 'quai 3')
    """
    return f"'{text}" if text.lstrip(" \xa0\ufeff").startswith(COMPUTED) else text


def _write_csv(file: IO[bytes], headers: Sequence[str], rows: Iterable[Row]) -> None:
    """Write UTF-8 with its mark, without which Excel reads the accents wrongly.

    French Excel parts columns at the semicolon, for its comma is the decimal sign; English Excel at the comma.
    """
    french = current_locale() == "fr"
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
    table = csv.writer(text, delimiter=";" if french else ",")
    table.writerow([_csv_cell(header, french) for header in headers])
    table.writerows([_csv_cell(cell, french) for cell in row] for row in rows)
    text.detach()


def _csv_cell(cell: Cell, french: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, float):
        return str(cell).replace(".", ",") if french else str(cell)
    return harmless(_text(cell)) if isinstance(cell, str) else str(cell)


def _text(text: str) -> str:
    """Leave out what cannot be written, or not be read again."""
    return clean.lines(text).translate({0xFFFE: None, 0xFFFF: None})[:LONGEST]


def _write_xlsx(file: IO[bytes], headers: Sequence[str], rows: Iterable[Row]) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, options) as book:
        sheet = _Sheet(book, headers)
        for row in rows:
            sheet.write(row)
        sheet.finish()


class _Sheet:
    """The one sheet of a file, written row after row; the head stays in sight, the columns are as wide as needed."""

    def __init__(self, book: Workbook, headers: Sequence[str]) -> None:
        self._sheet: Worksheet = book.add_worksheet()
        dates = "dd/mm/yyyy" if current_locale() == "fr" else "yyyy-mm-dd"
        self._day: Format = book.add_format({"num_format": dates})
        self._moment: Format = book.add_format({"num_format": f"{dates} hh:mm"})
        self._widths = [max(NARROW, len(header) + 3) for header in headers]
        self._height = 0
        bold = book.add_format({"bold": True, "bottom": 1})
        for column, header in enumerate(headers):
            self._sheet.write_string(0, column, _text(header), bold)
        self._sheet.freeze_panes(1, 0)

    def write(self, row: Row) -> None:
        """Write the next row."""
        self._height += 1
        for column, cell in enumerate(row):
            length = self._write(column, cell)
            self._widths[column] = min(WIDE, max(self._widths[column], length + 1))

    def _write(self, column: int, cell: Cell) -> int:
        """Write a cell as what it is, and give the characters that it shows."""
        place = (self._height, column)
        if isinstance(cell, datetime):
            self._sheet.write_datetime(*place, cell.replace(tzinfo=None), self._moment)
            return 16
        if isinstance(cell, date):
            self._sheet.write_datetime(*place, cell, self._day)
            return 10
        if isinstance(cell, str):
            self._sheet.write_string(*place, _text(cell))
        elif cell is not None:
            self._sheet.write_number(*place, cell)
        return len(str(cell or ""))

    def finish(self) -> None:
        """Set the widths, and offer filters on the head."""
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, width)
        if self._widths:
            self._sheet.autofilter(0, 0, self._height, len(self._widths) - 1)
