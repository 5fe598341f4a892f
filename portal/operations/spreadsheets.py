"""A file that somebody made in a spreadsheet, read as a table of texts and dates: whatever it is, it does no harm.

CSV in the encodings and with the separators that spreadsheets write, and XLSX. Nothing is computed: of a formula the
value counts that the spreadsheet kept beside it.
"""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice

from portal.domain.errors import Invalid
from portal.operations import workbooks
from portal.operations.workbooks import MOST_COLUMNS, MOST_LINES, Cell, Line, Unreadable

BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
ENCODINGS = ("utf-8", "windows-1252")
SEPARATORS = (";", ",", "\t")
SAMPLE = 50  # lines by which the separator is found
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class Format(StrEnum):
    """What a file turned out to be."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Table:
    """A head and the lines under it that say something. ``encoding`` and ``separator`` are of a CSV file."""

    format: Format
    head: tuple[str, ...]
    lines: Sequence[Line]
    encoding: str = ""
    separator: str = ""


def read(content: bytes) -> Table:
    """Read a file by what is in it, whatever its name says. Raises Invalid with the problem, and its line if any."""
    if content.startswith(OLD_EXCEL):
        raise _refusal("old_excel")
    if content.startswith(ZIP):
        return _table(workbooks.lines(content), Format.XLSX)
    text, encoding = _decoded(content)
    separator = _separator(text)
    return _table(_csv_lines(text, separator), Format.CSV, encoding, separator)


def _refusal(problem: str, **values: object) -> Invalid:
    return Invalid(field="file", problem=problem, **values)


def _decoded(content: bytes) -> tuple[str, str]:
    """Read text. Raises Invalid for what is none: a picture, a PDF."""
    marked = [encoding for mark, encoding in BOMS.items() if content.startswith(mark)]
    for encoding in marked or ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text, encoding
    raise _refusal("not_a_table")


def _separator(text: str) -> str:
    """Find the sign that parts most lines into as many cells as the head has; "sep=;" on top says it."""
    if text[:4].lower() == "sep=" and text[4:5] in SEPARATORS:
        return text[4]
    return max(SEPARATORS, key=lambda separator: _fitting(text, separator))


def _fitting(text: str, separator: str) -> tuple[float, int]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        widths = [len(cells) for cells in islice(reader, SAMPLE) if any(cells)]
    except csv.Error:  # said with its line when the file is read
        return 0, 0
    if not widths or widths[0] == 1:
        return 0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def _csv_lines(text: str, separator: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    start = 1
    try:
        for cells in reader:
            if not (start == 1 and cells and "".join(cells).lower() in ("sep=", f"sep={separator}")):
                yield Line(start, tuple(_plain(cell) for cell in cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise _refusal("broken_line", line=start) from error


def _plain(cell: str) -> str:
    """Undo what keeps spreadsheets from computing a text: ="00123", and the apostrophe of our own exports."""
    cell = cell.strip()
    if len(cell) > 2 and cell.startswith('="') and cell.endswith('"'):
        return cell[2:-1]
    return cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+-@") else cell


def _table(lines: Iterable[Line], format: Format, encoding: str = "", separator: str = "") -> Table:  # noqa: A002
    filled = (line for line in lines if any(cell != "" for cell in line.cells))
    head = next(filled, None)
    if head is None:
        raise _refusal("empty_file")
    kept: list[Line] = []
    width = _width(head)
    for line in filled:
        kept.append(line)
        width = max(width, _width(line))
        if len(kept) > MOST_LINES:
            raise _refusal("too_many_lines", highest=MOST_LINES)
    if width > MOST_COLUMNS:
        raise _refusal("too_many_columns", highest=MOST_COLUMNS)
    if not kept:
        raise _refusal("no_lines")
    named = tuple(cell if isinstance(cell, str) else "" for cell in _filled(head.cells, width))
    return Table(format, named, [Line(one.number, _filled(one.cells, width)) for one in kept], encoding, separator)


def _width(line: Line) -> int:
    """Count the cells up to the last that says something."""
    return max((place for place, cell in enumerate(line.cells, 1) if cell != ""), default=0)


def _filled(cells: Sequence[Cell], width: int) -> tuple[Cell, ...]:
    return tuple(cells[:width]) + ("",) * (width - len(cells))


def pack(table: Table) -> bytes:
    """Write a table small, to be read again quickly."""
    lines = [[line.number, *(_packed(cell) for cell in line.cells)] for line in table.lines]
    document = [table.format, table.encoding, table.separator, table.head, lines]
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode())


def _packed(cell: Cell) -> str | list[str]:
    if isinstance(cell, datetime):
        return ["at", cell.isoformat()]
    return ["bad", cell.why] if isinstance(cell, Unreadable) else cell


def unpack(content: bytes) -> Table:
    """Read what ``pack`` wrote."""
    format_, encoding, separator, head, lines = json.loads(zlib.decompress(content))
    read_lines = [Line(number, tuple(map(_unpacked, cells))) for number, *cells in lines]
    return Table(Format(format_), tuple(head), read_lines, encoding, separator)


def _unpacked(cell: str | list[str]) -> Cell:
    if isinstance(cell, str):
        return cell
    kind, value = cell
    return datetime.fromisoformat(value) if kind == "at" else Unreadable(value)
