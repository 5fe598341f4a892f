"""What is wrong with a file or a line of it, and what becomes of each line, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portal.admin.import_forms import FIELD_NAMES
from portal.domain.errors import Invalid
from portal.i18n import _
from portal.operations.import_lines import Flaw
from portal.operations.import_plans import Outcome, Plan, Planned
from portal.operations.imports import Opened
from portal.operations.orders import LONGEST
from portal.web.exports import Row

TONES = {Outcome.NEW: "ok", Outcome.CHANGED: "info", Outcome.WRONG: "bad"}


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong cell in words: the line of the file, the head of its column, what stands there and what is wrong."""

    line: int
    reference: str
    column: str
    value: str
    text: str


def outcome_text(outcome: Outcome) -> str:
    """Say what becomes of a line."""
    return {
        Outcome.NEW: _("New order"),
        Outcome.CHANGED: _("Order changed"),
        Outcome.SAME: _("Order unchanged"),
        Outcome.LEFT: _("Order left as it is"),
        Outcome.WRONG: _("Wrong line"),
    }[outcome]


def changed_text(line: Planned) -> str:
    """Name the fields that a line changes."""
    return ", ".join(str(FIELD_NAMES[name]) for name in line.changed)


def mistakes(opened: Opened, plan: Plan) -> list[Mistake]:
    """List every wrong cell, in the order of the file."""
    heads = {field: opened.table.head[place] for place, field in opened.choices.columns.items()}
    return [
        Mistake(
            line.read.number,
            line.read.reference,
            heads.get(flaw.field) or str(FIELD_NAMES[flaw.field]),
            flaw.value,
            flaw_text(flaw),
        )
        for line in plan.wrong
        for flaw in line.flaws
    ]


def flaw_text(flaw: Flaw) -> str:
    """Say what is wrong with a cell."""
    specific = {
        "site": _("No site in use has this name."),
        "kind": _("Write “customer” or “supplier”."),
        "locale": _("Write “fr” or “en”."),
    }
    general = {
        "required": _("This value is missing."),
        "duplicate": _("Line %(line)s has the same reference.", line=flaw.first),
        "known": _("There is an order with this reference already."),
        "elsewhere": _("Another order has this reference."),
        "email": _("This is not an e-mail address."),
        "date": _("This is not a date. Write it as 15/12/2026 or 2026-12-15, with the time if needed: 14:30."),
        "too_long": _("Too long: %(number)s characters at most.", number=LONGEST.get(flaw.field, 0)),
        "formula": _("The formula has no value. Open the file in a spreadsheet, save it, and send it again."),
        "error": _("The spreadsheet shows an error here."),
    }
    return general.get(flaw.problem) or specific.get(flaw.field) or _("Remove the characters that cannot be read.")


def file_problem(refusal: Invalid) -> str:
    """Say why a file cannot be read, and what to do."""
    values = {"line": "", "highest": "", **refusal.values}
    texts = {
        "old_excel": _("This is an old or a protected Excel file. Save it as .xlsx without password, or as CSV."),
        "not_a_table": _("This is neither a CSV nor an Excel file."),
        "unreadable": _(
            "This Excel file is damaged, or holds what has no place in a table. Open it, save it as CSV, and send that."
        ),
        "too_large_inside": _("This Excel file is too large inside. Keep one sheet with the orders alone."),
        "broken_line": _(
            "Line %(line)s cannot be read: a quotation mark is not closed, or a cell is too long.", **values
        ),
        "empty_file": _("The file is empty."),
        "no_lines": _("The file has a head and no line under it."),
        "too_many_lines": _("The file has more than %(highest)s lines. Send it in parts.", **values),
        "too_many_columns": _("The file has more than %(highest)s columns. Keep those of the orders.", **values),
    }
    return texts[str(values["problem"])]


def choice_problem(refusal: Invalid) -> str:
    """Say what is missing in the choice of the columns."""
    texts = {
        "twice": _("Another column is this already."),
        "no_reference": _("Choose the column of the reference: no order can be found or made without it."),
        "required": _("No column says it: choose one for all."),
    }
    return texts.get(str(refusal.values["problem"])) or _("Choose one of the values offered.")


def report(opened: Opened, plan: Plan) -> Iterator[Row]:
    """Lay out line by line what becomes of a file; a wrong line comes once for each of its mistakes."""
    wrong: dict[int, list[Mistake]] = {}
    for mistake in mistakes(opened, plan):
        wrong.setdefault(mistake.line, []).append(mistake)
    for line in plan.lines:
        start = (line.read.number, line.read.reference, outcome_text(line.outcome))
        if line.outcome is not Outcome.WRONG:
            yield [*start, changed_text(line), "", ""]
        for mistake in wrong.get(line.read.number, ()):
            yield [*start, mistake.column, mistake.value, mistake.text]


def report_heads() -> list[str]:
    """Name the columns of the report."""
    return [_("Line"), _("Reference"), _("Result"), _("Column"), _("Value"), _("Reason")]
