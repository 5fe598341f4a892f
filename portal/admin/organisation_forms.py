"""What an administrator types about the company: the shape of it only, never the database."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import ColorField, FileField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from portal.admin.forms import StaffForm, name_field, zone_field
from portal.operations.legal import LONGEST
from portal.operations.organisation import LONGEST_NAME, MOST_MONTHS
from portal.web.forms import check_line, check_text, stripped

PORTAL = "#2b4590"  # the accent of portal.css on light pages


class OrganisationForm(StaffForm):
    """The company. A colour is picked or written; ``shown`` is the one that the page was made with."""

    name = name_field(_l("Name of the company"))
    locale = SelectField(_l("Default language"), choices=[("fr", "Français"), ("en", "English")])
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

    @property
    def colour(self) -> str:
        """The colour that is meant: what was written, else what was picked since the page was made."""
        written, shown, picked = self.accent.data or "", self.shown.data or "", self.picked.data or ""
        if written == shown and picked.lower() not in ("", (shown or PORTAL).lower()):
            return str(picked)
        return written


class LogoForm(StaffForm):
    """A picture to take as the logo."""

    logo = FileField(_l("Picture"))


class TextForm(StaffForm):
    """One of the company's texts, in both languages."""

    fr = TextAreaField(_l("In French"), validators=[Length(max=LONGEST, message=_l("Shorten this text.")), check_text])
    en = TextAreaField(_l("In English"), validators=[Length(max=LONGEST, message=_l("Shorten this text.")), check_text])
