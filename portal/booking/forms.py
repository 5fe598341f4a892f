"""What visitors send: shape only, never the database."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Form, HiddenField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired, Length

from portal.domain.zones import parse_day
from portal.web.forms import COMMENT, EMAIL, NAME, PHONE, check_address, check_line, check_text, stripped
from portal.web.security import FormToken, form_token, read_form_token


class PublicForm(Form):
    """A form that anybody may send: signed and, for robots, with a field that no person sees.

    The signature carries the idempotency key. It is made when the form is first shown and comes back with every
    correction, so that a double click, Back or a second try after a time-out are one and the same request.
    """

    purpose = "public"
    token = HiddenField()
    website = StringField(_l("Leave this empty"))

    def sign(self) -> None:
        """Give the form a fresh token, unless it came back with a valid one."""
        if self.signed is None:
            self.renew()

    @property
    def signed(self) -> FormToken | None:
        """The token that came with the form, or None when it is forged or too old."""
        return read_form_token(self.token.data, self.purpose)

    @property
    def key(self) -> str:
        """The idempotency key of a form that was accepted."""
        signed = self.signed
        return signed.key if signed is not None else ""

    def renew(self) -> None:
        """Begin a new request: what is sent next is no repetition."""
        self.token.data = form_token(self.purpose)

    def accepted(self) -> bool:
        """Validate all fields, then the signature and the trap."""
        if not self.validate():
            return False
        if self.website.data:
            self.form_errors.append(_l("This form could not be sent. Please call us."))
        elif self.signed is None:
            self.form_errors.append(_l("This page was open for a long time. Please send the form again."))
        return not self.form_errors


def _email(needed: str) -> EmailField:
    rules = [InputRequired(needed), Length(max=EMAIL, message=_l("Shorten this address.")), check_address]
    return EmailField(_l("E-mail"), filters=[stripped], validators=rules)


def _name() -> StringField:
    rules = [InputRequired(_l("Enter your name.")), Length(max=NAME, message=_l("Shorten this name.")), check_line]
    return StringField(_l("Name"), filters=[stripped], validators=rules)


def _phone() -> TelField:
    rules = [Length(max=PHONE, message=_l("Shorten this number.")), check_line]
    return TelField(_l("Telephone"), filters=[stripped], validators=rules)


def _comment() -> TextAreaField:
    rules = [Length(max=COMMENT, message=_l("Shorten this message.")), check_text]
    return TextAreaField(_l("Message"), filters=[stripped], validators=rules)


class DetailsForm(PublicForm):
    """Who comes: what may be corrected later, too."""

    purpose = "details"
    name = _name()
    phone = _phone()
    comment = _comment()


class BookingForm(PublicForm):
    """What takes a slot. ``locked`` names the fields that the link fills in: another value is refused."""

    purpose = "book"
    start = HiddenField()
    email = _email(_l("Enter your e-mail address: the confirmation is sent there."))
    name = _name()
    phone = _phone()
    comment = _comment()

    def __init__(self, *args: Any, locked: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locked = locked or {}
        for name, value in self.locked.items():
            if not self[name].raw_data:  # left out: the link says it
                self[name].data, self[name].raw_data = value, [value]

    def accepted(self) -> bool:
        """Validate, and hold the locked fields to what the link knows."""
        fine = super().accepted()
        for name, value in self.locked.items():
            if (self[name].data or "").casefold() != value.casefold():
                self[name].data = value
                self[name].errors = [_l("This value is given by the order and cannot be changed.")]
                fine = False
        return fine


def called_at(form: DetailsForm | BookingForm) -> None:
    """Ask for the number at which who books is called, where the appointment is a call."""
    needed = InputRequired(_l("Enter your telephone number: we call you there."))
    form.phone.validators = (needed, *form.phone.validators)
    form.phone.flags.required = True


class AddressForm(PublicForm):
    """An address alone, where only customers may book: the way on is mailed to it."""

    purpose = "address"
    start = HiddenField()
    email = _email(_l("Enter your e-mail address."))


class FindForm(PublicForm):
    """An address whose appointments are to be mailed."""

    purpose = "find"
    email = _email(_l("Enter your e-mail address."))


class ConfirmForm(PublicForm):
    """A change that is asked once more: move, cancel, undo."""

    purpose = "confirm"
    start = HiddenField()


class ClaimForm(PublicForm):
    """What takes an earlier slot that was offered."""

    purpose = "claim"


class JoinForm(PublicForm):
    """Who waits for a place, on which days. ``locked`` is what the link knows: another value is refused."""

    purpose = "wait"
    first_day = StringField(_l("First day"))
    last_day = StringField(_l("Last day"))
    email = _email(_l("Enter your e-mail address: we write to it as soon as a place is free."))

    def __init__(self, *args: Any, locked: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locked = locked or {}
        for name, value in self.locked.items():
            self[name].data, self[name].raw_data = value, [value]

    @property
    def days(self) -> tuple[date, date]:
        """The days of a form that was accepted."""
        found = [parse_day(field.data) for field in (self.first_day, self.last_day)]
        return found[0] or date.min, found[1] or date.min

    def accepted(self) -> bool:
        """Validate, and read the days."""
        fine = super().accepted()
        for field in (self.first_day, self.last_day):
            if parse_day(field.data) is None:
                field.errors = [_l("Enter a day, such as 2026-12-07.")]
                fine = False
        return fine
