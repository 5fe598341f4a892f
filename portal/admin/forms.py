"""What the staff types: the shape of it only, never the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    Field,
    FloatField,
    Form,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    ValidationError,
    widgets,
)
from wtforms.meta import DefaultMeta
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, Regexp

from portal.domain.errors import Invalid
from portal.domain.openings import MINUTES_A_DAY
from portal.domain.zones import FIRST_YEAR, LAST_YEAR, zone
from portal.i18n import _
from portal.web.forms import EMAIL, NAME, PHONE, check_address, check_line, stripped

KEY = r"[a-z0-9-]{1,60}\Z"
RESERVED = ("planning", "new")


class Ticks(SelectMultipleField):
    """Several of a few: one box each."""

    option_widget = widgets.CheckboxInput()


class Degrees(FloatField):
    """A number with a comma or a point."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read it."""
        super().process_formdata([text.replace(",", ".") for text in valuelist])


class Words:
    """WTForms' own messages, in our words and languages."""

    def gettext(self, text: str) -> str:
        """Say what is wrong with a value that could not even be read."""
        ours = {
            "Not a valid date value.": _("Enter a date as day, month and year."),
            "Not a valid time value.": _("Enter a time as hours and minutes."),
            "Not a valid integer value.": _("Enter a whole number."),
            "Not a valid decimal value.": _("Enter a number."),
            "Not a valid float value.": _("Enter a number."),
        }
        return ours.get(text) or _("Choose one of the values offered.")

    def ngettext(self, singular: str, _plural: str, _number: int) -> str:
        """Say it as for one."""
        return self.gettext(singular)


class StaffForm(Form):
    """A form of the staff area; its CSRF token is checked by the guard."""

    class Meta(DefaultMeta):
        """Where WTForms finds words."""

        def get_translations(self, _form: Form) -> Words:
            """Give ours."""
            return Words()

    def refuse(self, name: str, message: Any) -> None:
        """Put an error beside a field, or on top when no field has this name."""
        if name in self:
            self[name].errors = [message]
        else:
            self.form_errors.append(message)

    def forgive(self) -> None:
        """Say nothing of errors yet: nothing was to be saved."""
        for field in self:
            field.errors = ()


def upper(text: str | None) -> str | None:
    """Write codes in capitals."""
    return text.upper() if text else text


def check_zone(_form: Form, field: Field) -> None:
    """Accept the name of an IANA zone."""
    try:
        zone(field.data or "")
    except Invalid as error:
        raise ValidationError(_l("This is not a known time zone. Write it like Europe/Paris.")) from error


def sensible(day: date) -> bool:
    """Tell whether a date is one that people can mean, and that can be reckoned with."""
    return FIRST_YEAR <= day.year < LAST_YEAR


def check_day(_form: Form, field: Field) -> None:
    """Refuse dates of other ages."""
    if field.data is not None and not sensible(field.data):
        raise ValidationError(_l("Enter a date of this century."))


def check_key(_form: Form, field: Field) -> None:
    """Refuse keys that are words of our own addresses."""
    if field.data in RESERVED:
        raise ValidationError(_l("This word is taken. Choose another one."))


def name_field(label: Any) -> StringField:
    """Give the name of something: one line."""
    return StringField(
        label,
        filters=[stripped],
        validators=[DataRequired(_l("Enter a name.")), Length(max=NAME, message=_l("Shorten this name.")), check_line],
    )


def key_field() -> StringField:
    """Give the key of something, which stands in addresses."""
    shape = Regexp(KEY, message=_l("Use small letters, digits and hyphens only."))
    return StringField(_l("Key"), filters=[stripped], validators=[DataRequired(_l("Enter a key.")), shape, check_key])


def zone_field() -> StringField:
    """Give a time zone."""
    return StringField(_l("Time zone"), filters=[stripped], validators=[check_zone])


def minutes_field(label: Any) -> IntegerField:
    """Give a number of minutes, a day at most."""
    return IntegerField(
        label, validators=[NumberRange(1, MINUTES_A_DAY, message=_l("Enter a number of minutes from 1 to 1440."))]
    )


class PlanningForm(StaffForm):
    """A planning's settings; its week is read beside it, row by row."""

    name = name_field(_l("Name"))
    timezone = zone_field()
    sites = Ticks(_l("Sites"), validators=[InputRequired(_l("Choose at least one site."))], validate_choice=True)
    kinds = Ticks(_l("Booking links of"))
    guests = BooleanField(_l("Also for guests, without a link"))
    active = BooleanField(_l("In use"))
    slot_minutes = minutes_field(_l("Length of a slot (minutes)"))
    step_minutes = minutes_field(_l("A start every (minutes)"))
    applies_from = DateField(_l("Applies from"), validators=[Optional(), check_day])

    def __init__(self, *args: Any, site_choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sites.choices = list(site_choices)
        self.kinds.choices = [("customer", _l("Customers (collection)")), ("supplier", _l("Suppliers (delivery)"))]


class NewPlanningForm(PlanningForm):
    """A planning to be made: it needs a key, and applies at once."""

    key = key_field()


class DayForm(StaffForm):
    """The date of an exceptional day, and what is special about it."""

    day = DateField(_l("Date"), validators=[InputRequired(_l("Enter a date.")), check_day])
    label = StringField(
        _l("Label"), filters=[stripped], validators=[Length(max=NAME, message=_l("Shorten this text.")), check_line]
    )


class SiteForm(StaffForm):
    """A place: where it is, and how to reach it."""

    name = name_field(_l("Name"))
    address = StringField(
        _l("Address"),
        filters=[stripped],
        validators=[Length(max=300, message=_l("Shorten this address.")), check_line],
    )
    timezone = zone_field()
    email = EmailField(
        _l("E-mail for notices"),
        filters=[stripped],
        validators=[Length(max=EMAIL, message=_l("Shorten this address.")), check_address],
    )
    phone = TelField(
        _l("Telephone"),
        filters=[stripped],
        validators=[Length(max=PHONE, message=_l("Shorten this number.")), check_line],
    )
    latitude = Degrees(
        _l("Latitude"), validators=[Optional(), NumberRange(-90, 90, message=_l("Enter a number from -90 to 90."))]
    )
    longitude = Degrees(
        _l("Longitude"), validators=[Optional(), NumberRange(-180, 180, message=_l("Enter a number from -180 to 180."))]
    )
    holidays = StringField(_l("Public holidays"), filters=[stripped, upper])
    region = SelectField(_l("Region"), default="")
    active = BooleanField(_l("In use"))

    def offer(self, regions: Sequence[tuple[str, str]]) -> None:
        """Say in which regions it may lie."""
        self.region.choices = [("", _("None")), *regions]


class NewSiteForm(SiteForm):
    """A site to be made: it needs a key."""

    key = key_field()


class ClosureForm(StaffForm):
    """Days on which a site receives nobody, both included."""

    first = DateField(_l("First day"), validators=[InputRequired(_l("Enter a date.")), check_day])
    last = DateField(_l("Last day"), validators=[Optional(), check_day])
    label = StringField(
        _l("Label"), filters=[stripped], validators=[Length(max=NAME, message=_l("Shorten this text.")), check_line]
    )

    def validate_last(self, field: Field) -> None:
        """Refuse an end before the beginning; without an end it is one day."""
        if self.first.data is not None and field.data is not None and field.data < self.first.data:
            raise ValidationError(_l("The last day comes before the first."))


def only(names: Iterable[str], choices: Sequence[tuple[str, str]]) -> list[str]:
    """Keep the values that are among the choices."""
    known = {value for value, _label in choices}
    return [name for name in names if name in known]
