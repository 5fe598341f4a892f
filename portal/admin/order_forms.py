"""What the staff types about orders and their links."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    EmailField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TelField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from portal.admin.forms import StaffForm
from portal.operations.orders import LONGEST
from portal.web.forms import EMAIL, NAME, PHONE, check_address, check_line, stripped

ONCE = re.compile(r"[\w-]{22}", re.ASCII)
LANGUAGES = [("fr", "Français"), ("en", "English")]
KINDS = [("customer", _l("Customer (collection)")), ("supplier", _l("Supplier (delivery)"))]


class OnceForm(StaffForm):
    """A form that is one request however often it is sent: its key is drawn when it is first shown."""

    once = HiddenField()

    @property
    def key(self) -> str:
        """The key of the request."""
        return self.once.data or ""

    def sign(self) -> None:
        """Give the form a key, unless it came back with one."""
        if not ONCE.fullmatch(self.key):
            self.renew()

    def renew(self) -> None:
        """Begin a new request: what is sent next is no repetition."""
        self.once.data = secrets.token_urlsafe(16)

    def accepted(self) -> bool:
        """Validate it."""
        self.sign()
        return bool(self.validate())


def line_field(label: Any, longest: int, *rules: Any) -> StringField:
    """Give a line of text."""
    return StringField(
        label,
        filters=[stripped],
        validators=[*rules, Length(max=longest, message=_l("Shorten this text.")), check_line],
    )


def email_field() -> EmailField:
    """Give an address that may be left out."""
    rules = [Optional(), Length(max=EMAIL, message=_l("Shorten this address.")), check_address]
    return EmailField(_l("E-mail"), filters=[stripped], validators=rules)


def phone_field() -> TelField:
    """Give a telephone number that may be left out."""
    rules = [Length(max=PHONE, message=_l("Shorten this number.")), check_line]
    return TelField(_l("Telephone"), filters=[stripped], validators=rules)


def locale_field() -> SelectField:
    """Give the language of somebody's mails; the form sets its choices."""
    return SelectField(_l("Language of the e-mails"))


class OrderForm(StaffForm):
    """An order and its customer."""

    kind = SelectField(_l("Kind"))
    site = SelectField(_l("Site"))
    status = line_field(_l("Status"), LONGEST["status"])
    units = line_field(_l("Quantity"), LONGEST["units"])
    name = line_field(_l("Customer’s name"), NAME)
    email = email_field()
    phone = phone_field()
    locale = locale_field()

    def __init__(self, *args: Any, site_choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site.choices, self.kind.choices, self.locale.choices = list(site_choices), KINDS, LANGUAGES


class NewOrderForm(OrderForm):
    """An order to be made: its reference stays for ever."""

    reference = line_field(
        _l("Reference"), LONGEST["reference"], InputRequired(_l("Enter the reference of the order."))
    )


class LinkForm(OnceForm):
    """What a link allows."""

    first_day = DateField(_l("First day"), validators=[Optional()])
    last_day = DateField(_l("Last day"), validators=[Optional()])
    expires = DateField(_l("The link can be used until"), validators=[Optional()])
    max_active = IntegerField(
        _l("Largest number of appointments to come"),
        validators=[Optional(), NumberRange(1, 1000, message=_l("Enter a number from 1 to 1000."))],
    )

    def validate_last_day(self, field: DateField) -> None:
        """Refuse days that end before they begin."""
        if field.data and self.first_day.data and field.data < self.first_day.data:
            raise ValidationError(_l("The last day comes before the first."))
