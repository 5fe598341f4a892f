"""What the staff types about orders and their links."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    EmailField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TelField,
    TimeField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from portal.admin.forms import StaffForm, check_day
from portal.config import LOCALES
from portal.domain.zones import start_instant
from portal.i18n import current_locale
from portal.operations.orders import DATES, LONGEST, OrderCard
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


LINES = ("kind", "site", "status", "units", "name", "email", "phone", "locale")


class OrderForm(StaffForm):
    """An order and its customer. Dates are on the clock of the site; a day without hour begins at midnight."""

    kind = SelectField(_l("Kind"))
    site = SelectField(_l("Site"))
    status = line_field(_l("Status"), LONGEST["status"])
    units = line_field(_l("Quantity"), LONGEST["units"])
    ship_date = DateField(_l("Shipping date"), validators=[Optional(), check_day])
    ship_date_hour = TimeField(_l("Shipping hour"), validators=[Optional()])
    delivery_date = DateField(_l("Delivery date"), validators=[Optional(), check_day])
    delivery_date_hour = TimeField(_l("Delivery hour"), validators=[Optional()])
    name = line_field(_l("Customer’s name"), NAME)
    email = email_field()
    phone = phone_field()
    locale = locale_field()

    def __init__(self, *args: Any, site_choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site.choices, self.kind.choices, self.locale.choices = list(site_choices), KINDS, LANGUAGES

    @staticmethod
    def stored(card: OrderCard) -> dict[str, Any]:
        """Give what the fields hold of an order as it is."""
        moments = {name: value.astimezone(card.site.zone) for name in DATES if (value := getattr(card, name))}
        return {
            **{name: getattr(card, name) or "" for name in LINES},
            "site": card.site.key,
            "locale": card.locale if card.locale in LOCALES else current_locale(),
            **{name: moment.date() for name, moment in moments.items()},
            **{f"{name}_hour": moment.time() for name, moment in moments.items() if moment.hour or moment.minute},
        }

    def values(self, zone: ZoneInfo) -> dict[str, Any]:
        """Give what was typed, as an order keeps it."""
        return {**{name: self[name].data or "" for name in LINES}, **{name: self._moment(name, zone) for name in DATES}}

    def _moment(self, name: str, zone: ZoneInfo) -> datetime | None:
        day, hour = self[name].data, self[f"{name}_hour"].data
        if day is None:
            return None
        return start_instant(day, hour.hour * 60 + hour.minute if hour else 0, zone)


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
