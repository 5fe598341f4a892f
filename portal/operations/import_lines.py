"""A line of a file, read as an order: each cell by the field it stands for, every mistake by its column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from portal.domain.errors import Invalid
from portal.domain.typed_dates import wall_time
from portal.domain.zones import FIRST_YEAR, LAST_YEAR, parse_instant
from portal.operations import orders
from portal.operations.import_columns import Choices, folded
from portal.operations.orders import DATES
from portal.operations.place_cards import SiteCard
from portal.operations.workbooks import Cell, Line, Unreadable

SHOWN = 80  # characters of a wrong value
KIND_WORDS = {
    "customer": "customer|client|collection|pickup|pick up|enlevement|retrait|customer collection|client enlevement",
    "supplier": "supplier|fournisseur|delivery|livraison|reception|supplier delivery|fournisseur livraison",
}
LOCALE_WORDS = {"fr": "fr|francais|french|fra|fr fr", "en": "en|anglais|english|eng|en gb|en us"}


def _by_word(words: Mapping[str, str]) -> dict[str, str]:
    return {word: value for value, said in words.items() for word in said.split("|")}


KINDS, LOCALES = _by_word(KIND_WORDS), _by_word(LOCALE_WORDS)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a line: the field, the problem, the value as it stands there; ``first``: the line meant."""

    field: str
    problem: str
    value: str = ""
    first: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """A line as it was read: what it says of an order (as ``orders.checked`` gives it), and what is wrong.

    Dates without offset are wall times, to be put on the clock of the order's site.
    """

    number: int
    values: Mapping[str, Any]
    flaws: tuple[Flaw, ...]

    @property
    def reference(self) -> str:
        """The reference, empty where the line has none."""
        return str(self.values.get("reference", ""))


class Reader:
    """Reads the lines of one file; what it learns of an address serves the lines after it."""

    def __init__(self, choices: Choices, sites: Iterable[SiteCard]) -> None:
        self._columns = choices.columns
        self._sites = _by_name(sites)
        self._checked = cache(_checked)

    def read(self, line: Line) -> Read:
        """Read a line. An empty cell says nothing: what is known of the order stays."""
        said = {field: cell for place, field in self._columns.items() if (cell := line.cells[place]) != ""}
        values: dict[str, Any] = {}
        flaws = [] if "reference" in said else [Flaw("reference", "required")]
        for field, cell in said.items():
            try:
                values[field] = self._value(field, cell)
            except Invalid as refusal:
                flaws.append(Flaw(field, str(refusal.values["problem"]), _shown(cell)))
        return Read(line.number, values, tuple(flaws))

    def _value(self, field: str, cell: Cell) -> Any:
        if isinstance(cell, Unreadable):
            raise Invalid(field=field, problem=cell.why)
        if field in DATES:
            return _moment(field, cell)
        text = _date_text(cell) if isinstance(cell, datetime) else cell
        return self._site(text) if field == "site" else self._checked(field, text)

    def _site(self, text: str) -> str:
        key = self._sites.get(folded(text))
        if key is None:
            raise Invalid(field="site", problem="unknown_site", value=text)
        return key


def _by_name(sites: Iterable[SiteCard]) -> dict[str, str | None]:
    """Give the keys of sites by their names and keys as people write them; what may mean two means none."""
    named: dict[str, str | None] = {}
    for site in sites:
        for word in {folded(site.name), folded(site.key)}:
            named[word] = None if word in named else site.key
    return named


def _moment(field: str, cell: datetime | str) -> datetime:
    moment = cell if isinstance(cell, datetime) else parse_instant(cell) or wall_time(cell)
    if moment is None or not FIRST_YEAR <= moment.year < LAST_YEAR:
        raise Invalid(field=field, problem="date", value=cell)
    return moment


def _checked(field: str, text: str) -> Any:
    if field == "reference":
        return orders.checked_reference(text)
    if field == "kind":
        text = KINDS.get(folded(text), text)
    elif field == "locale":
        text = LOCALES.get(folded(text), text)
    return orders.checked({field: text})[field]


def _shown(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return _date_text(cell)
    text = cell if isinstance(cell, str) else ""
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _date_text(wall: datetime) -> str:
    """Write a date that stands where a text should as a spreadsheet would."""
    return wall.strftime("%Y-%m-%d" if not (wall.hour or wall.minute) else "%Y-%m-%d %H:%M")
