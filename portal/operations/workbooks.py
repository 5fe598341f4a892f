"""The first sheet of an XLSX file, line by line, however its maker meant to hurt us.

The file is an archive of XML. What it would unpack to is known before it is unpacked, and bounded; entities are refused
by defusedxml, with which openpyxl reads; and of rows and columns without end only so many are made.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook
from openpyxl.cell.read_only import EMPTY_CELL

from portal.domain.errors import Invalid

MOST_LINES = 10_000
MOST_COLUMNS = 60
SEEN_COLUMNS = 1024  # looked at, to find those that are too many
MOST_ROWS = 200_000  # that are written down in the file, those that say nothing included
LAST_ROW = 1_048_576  # of any sheet
MOST_PARTS = 500  # files in the archive
MOST_UNPACKED = 32 * 1024 * 1024  # bytes
FORMULA = b"<f"  # begins a formula in the XML of a sheet
ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that says nothing we may believe; ``why``: formula (never computed), error."""

    why: str


Cell = str | datetime | Unreadable


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, by its number there; its cells are texts, wall times or unreadable, and "" where empty."""

    number: int
    cells: tuple[Cell, ...]


def lines(content: bytes) -> Iterator[Line]:
    """Read the lines of the first sheet that is not hidden. Raises Invalid."""
    _measure(content)
    formulas = _formulas(content)
    for number, cells in _rows(content, computed=True):
        yield Line(number, tuple(_cell(cell, (number, place) in formulas) for place, cell in enumerate(cells)))


def _refusal(problem: str, **values: object) -> Invalid:
    return Invalid(field="file", problem=problem, **values)


def _measure(content: bytes) -> None:
    """Refuse an archive that would unpack to too much; what it says of its parts is a bound that zipfile keeps."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _refusal("unreadable") from error
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise _refusal("too_large_inside")


def _formulas(content: bytes) -> set[tuple[int, int]]:
    """Find the formulas, by line and place, where the file has any: most have none, and are read once."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        try:
            sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
            if not any(FORMULA in archive.read(name) for name in sheets):
                return set()
        except Exception as error:
            raise _refusal("unreadable") from error
    return {
        (number, place)
        for number, cells in _rows(content, computed=False)
        for place, cell in enumerate(cells)
        if cell.data_type == "f"
    }


def _rows(content: bytes, *, computed: bool) -> Iterator[tuple[int, Sequence[Any]]]:
    """Give the rows of the sheet in which something stands; ``computed``: the values of formulas, not their text."""
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=computed, keep_links=False)
        sheet = next(sheet for sheet in book.worksheets if sheet.sheet_state == "visible")
        # Never what the sheet says of its own size, and more columns than we take, so that too many are seen.
        yield from _filled(sheet.iter_rows(min_row=1, max_row=LAST_ROW, min_col=1, max_col=SEEN_COLUMNS))
    except Invalid:
        raise
    except Exception as error:
        raise _refusal("unreadable") from error


def _filled(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[int, Sequence[Any]]]:
    blank: Sequence[Any] | None = None
    read = 0
    for number, row in enumerate(rows, 1):
        if row is blank:  # one and the same for all the rows of a gap
            continue
        read += 1
        if read > MOST_ROWS:
            raise _refusal("too_many_lines", highest=MOST_LINES)
        width = next((place for place in range(len(row), 0, -1) if row[place - 1] is not EMPTY_CELL), 0)
        if width:
            yield number, row[:width]
        else:
            blank = row


def _cell(cell: Any, formula: bool) -> Cell:
    value = cell.value
    if formula and value is None:
        return Unreadable("formula")
    if cell.data_type == "e" or value in ERRORS:
        return Unreadable("error")
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime.combine(value, time())
    return _text(value)


def _text(value: Any) -> str:
    """Write a value as a spreadsheet shows it: no ".0" behind whole numbers."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
