"""What the staff chooses about a file of orders: which column is what, and what becomes of known references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FileField, RadioField, SelectField
from wtforms.validators import InputRequired

from portal.admin.forms import StaffForm
from portal.admin.order_forms import KINDS
from portal.i18n import _
from portal.operations.import_columns import FIELDS, Choices
from portal.operations.imports import Opened

FIELD_NAMES = {
    "reference": _l("Reference"),
    "kind": _l("Kind"),
    "site": _l("Site"),
    "status": _l("Status"),
    "units": _l("Quantity"),
    "ship_date": _l("Shipping date"),
    "delivery_date": _l("Delivery date"),
    "name": _l("Customer’s name"),
    "email": _l("E-mail"),
    "phone": _l("Telephone"),
    "locale": _l("Language"),
}
KNOWN = [
    ("update", _l("Update them: what the file says replaces what is there")),
    ("leave", _l("Leave them as they are, and import the new ones only")),
    ("refuse", _l("Count them as mistakes")),
]


class UploadForm(StaffForm):
    """A file to be sent."""

    file = FileField(_l("File"), validators=[InputRequired(_l("Choose a file."))])


class ColumnsForm(StaffForm):
    """How a file is to be read; ``columns_form`` adds a field for each of its columns."""

    site = SelectField(_l("Site of new orders that name none"))
    kind = SelectField(_l("Kind of new orders that name none"))
    known = RadioField(_l("Orders whose reference is known already"))
    invite = BooleanField(_l("Create a booking link for each order that can be invited, and send it"))

    def choices(self) -> Choices:
        """Give what was chosen."""
        columns = {int(name.partition("-")[2]): self[name].data for name in self._columns() if self[name].data}
        site, kind = self.site.data or None, self.kind.data or None
        return Choices(columns, site, kind, self.known.data, self.invite.data)

    def columns(self) -> list[Any]:
        """List the fields of the columns, in the order of the file."""
        return [self[name] for name in self._columns()]

    def _columns(self) -> list[str]:
        return [name for name in self._fields if name.startswith("columns-")]


def columns_form(opened: Opened, sites: Sequence[tuple[str, str]], sent: Any) -> ColumnsForm:
    """Make the form of a file, filled in with what was chosen before or can be guessed."""

    class Form(ColumnsForm):
        """The form of this one file."""

    for place, head in enumerate(opened.table.head):
        setattr(Form, f"columns-{place}", SelectField(head or column_name(place)))
    chosen = opened.choices
    columns = {f"columns-{place}": chosen.columns.get(place, "") for place in range(len(opened.table.head))}
    site = chosen.site or (sites[0][0] if len(sites) == 1 else "")
    general = {"site": site, "kind": chosen.kind or "", "known": chosen.known, "invite": chosen.invite}
    form = Form(sent, data={**columns, **general})
    for column in form.columns():
        column.choices = [("", _("Leave out")), *((name, FIELD_NAMES[name]) for name in FIELDS)]
    form.known.choices = KNOWN
    form.site.choices = [("", _("None: each line must name its site")), *sites]
    form.kind.choices = [("", _("None: each line must name its kind")), *KINDS]
    return form


def column_name(place: int) -> str:
    """Name a column without head as spreadsheets do: "Column C"."""
    letters = ""
    number = place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return _("Column %(letters)s", letters=letters)
