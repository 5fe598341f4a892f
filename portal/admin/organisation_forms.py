"""What an administrator types about the company: the shape of it only, never the database."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import ColorField, FileField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from portal.admin.forms import StaffForm, name_field, zone_field
from portal.admin.order_forms import LANGUAGES
from portal.domain.colours import HEX
from portal.operations.legal import LONGEST
from portal.operations.organisation import LONGEST_NAME, MOST_MONTHS
from portal.web.forms import check_line, check_text, stripped

PORTAL = "#2b4590"  # the accent of portal.css on light pages


class OrganisationForm(StaffForm):
    """The company. A colour is picked or written; ``shown`` is what the picker showed."""

    name = name_field(_l("Name of the company"))
    locale = SelectField(_l("Default language"))
    timezone = zone_field()
    sender_name = StringField(
        _l("Sender’s name of mails"),
        filters=[stripped],
        validators=[Length(max=LONGEST_NAME, message=_l("Shorten this name.")), check_line],
    )
    accent = StringField(_l("Colour, written as #rrggbb"), filters=[stripped])
    picked = ColorField(_l("Or choose a colour"))
    shown = HiddenField()
    retention_months = IntegerField(
        _l("Months until appointments are made anonymous"),
        validators=[Optional(), NumberRange(1, MOST_MONTHS, message=_l("Enter a number of months from 1 to 600."))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = LANGUAGES

    @property
    def colour(self) -> str:
        """The colour that is meant: the one picked since the page was made, else what is written."""
        written, shown, picked = (str(self[name].data or "") for name in ("accent", "shown", "picked"))
        return picked if shown and picked.lower() not in ("", shown.lower()) else written

    def settle(self) -> None:
        """Let both fields show the colour that is meant, before the page is made again."""
        self.accent.data = self.colour
        if HEX.fullmatch(self.accent.data.lower()):
            self.picked.data = self.accent.data.lower()
        self.shown.data = self.picked.data


class LogoForm(StaffForm):
    """A picture to take as the logo."""

    logo = FileField(_l("Picture"))


class TextForm(StaffForm):
    """One of the company's texts, in both languages."""

    fr = TextAreaField(_l("In French"), validators=[Length(max=LONGEST, message=_l("Shorten this text.")), check_text])
    en = TextAreaField(_l("In English"), validators=[Length(max=LONGEST, message=_l("Shorten this text.")), check_text])
