"""The first sheet of an XLSX file, line by line, however its maker meant to hurt us.

The file is an archive of XML. What it would unpack to is known before it is unpacked and bounded; entities are refused
by defusedxml, which openpyxl reads with; and rows and columns beyond the bounds are never made.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.cell.read_only import EMPTY_CELL

from portal.domain.errors import Invalid

MOST_LINES = 10_000
MOST_COLUMNS = 60
MOST_ROWS = 1_048_576  # of any sheet, those that say nothing included
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
    """Give the sheet's rows with their numbers; ``computed``: the values of formulas, not their text."""
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=computed, keep_links=False)
        sheet = next(sheet for sheet in book.worksheets if sheet.sheet_state == "visible")
        # Never what the sheet says of its own size; one column more than we take, so that too many are seen.
        rows = sheet.iter_rows(min_row=1, max_row=MOST_ROWS, min_col=1, max_col=MOST_COLUMNS + 1)
        for number, row in enumerate(rows, 1):
            if any(cell is not EMPTY_CELL for cell in row):
                yield number, row
    except DefusedXmlException as error:
        raise _refusal("unsafe") from error
    except Exception as error:
        raise _refusal("unreadable") from error


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
