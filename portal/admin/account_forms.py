"""What somebody types about their own account."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from portal.admin.entry_forms import NewPasswordForm
from portal.admin.forms import StaffForm, name_field
from portal.admin.order_forms import LANGUAGES
from portal.web.forms import stripped


class ProfileForm(StaffForm):
    """How somebody is called, and what they read."""

    name = name_field(_l("Name"))
    locale = SelectField(_l("Language"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = LANGUAGES


class PasswordForm(StaffForm, NewPasswordForm):
    """Another password, by the one that is known."""

    current = PasswordField(_l("Current password"), validators=[InputRequired(_l("Enter your current password."))])


class SetupForm(StaffForm):
    """The first code of a telephone that was just set up."""

    nonce = HiddenField()
    code = StringField(
        _l("Code that the app shows"),
        filters=[stripped],
        validators=[InputRequired(_l("Enter the code that your telephone shows.")), Length(max=20)],
    )


class ConfirmForm(StaffForm):
    """The password once more, before the second factor changes."""

    current = PasswordField(_l("Your password"), validators=[InputRequired(_l("Enter your password."))])
