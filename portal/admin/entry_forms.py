"""What is typed to enter the staff area: nobody has a cookie yet, so these forms are signed instead."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Form, HiddenField, PasswordField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length

from portal.i18n import _
from portal.operations.sessions import HalfWay
from portal.web.forms import EMAIL, check_address, check_line, stripped
from portal.web.security import form_token, read_form_token

HALF_WAY = 300  # seconds between the password and the code


class SignedForm(Form):
    """A form with a signature for what it is there for."""

    token = HiddenField()

    @property
    def purpose(self) -> str:
        """What the signature is good for."""
        return type(self).__name__

    def sign(self) -> None:
        """Sign the form for being shown."""
        self.token.data = form_token(self.purpose)

    def accepted(self) -> bool:
        """Validate the fields, then the signature."""
        if self.validate() and read_form_token(self.token.data, self.purpose) is None:
            self.form_errors.append(_("This page was open for a long time. Please send the form again."))
        return not self.errors


def address_field(*rules: Any) -> EmailField:
    """Give the address of an account."""
    required = DataRequired(_l("Enter your e-mail address."))
    return EmailField(_l("E-mail"), filters=[stripped], validators=[required, *rules])


class LoginForm(SignedForm):
    """An account and its password."""

    next = HiddenField()
    email = address_field()
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Enter your password."))])


class ForgottenForm(SignedForm):
    """Whose password is forgotten. A message is queued for any address, so it has to be one."""

    email = address_field(Length(max=EMAIL, message=_l("Shorten this address.")), check_address, check_line)


class CodeForm(SignedForm):
    """The second half of a login. Its signature is bound to the account, and is all that is known of the first half."""

    next = HiddenField()
    account = HiddenField()
    code = StringField(_l("Code of your telephone"), filters=[stripped])
    recovery = StringField(_l("Recovery code"), filters=[stripped])

    @property
    def purpose(self) -> str:
        """The signature is good for this account, as long as its password stays."""
        return f"second factor {self.account.data}"

    def begin(self, half: HalfWay, wanted: str) -> None:
        """Ask for the code of an account whose password was right."""
        self.account.data = f"{half.public_id}.{half.generation}"
        self.next.data = wanted
        self.sign()

    def half(self) -> HalfWay | None:
        """Give whose password was right a few minutes ago; None when that is not known."""
        token = read_form_token(self.token.data, self.purpose)
        if token is None or token.age > HALF_WAY:
            return None
        public_id, _dot, generation = (self.account.data or "").partition(".")
        return HalfWay(public_id, int(generation))

    def accepted(self) -> bool:
        """Ask for one code or the other."""
        if not self.code.data and not self.recovery.data:
            self.refuse(_("Enter the code that your telephone shows."))
        return not self.errors

    def refuse(self, text: str) -> None:
        """Put an error beside the field that was used."""
        field = self.recovery if self.recovery.data and not self.code.data else self.code
        field.errors = [text]


class NewPasswordForm(Form):
    """A password, twice: what is typed cannot be read."""

    password = PasswordField(_l("New password"), validators=[InputRequired(_l("Enter your new password."))])
    again = PasswordField(_l("The same once more"), validators=[InputRequired(_l("Enter the password once more."))])

    def validate_again(self, field: Any) -> None:
        """Accept the same password only."""
        same_password(self.password.data, field)


class ChosenPasswordForm(SignedForm, NewPasswordForm):
    """The password that somebody chooses by a link of a mail."""


def same_password(password: str | None, field: Any) -> None:
    """Refuse what differs."""
    if field.data != password:
        raise ValidationError(_l("The two passwords differ."))
