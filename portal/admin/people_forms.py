"""What an administrator types about somebody's account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, RadioField, SelectField
from wtforms.validators import InputRequired, Length

from portal.admin.forms import StaffForm, Ticks, name_field
from portal.admin.order_forms import LANGUAGES
from portal.admin.roles import role_name
from portal.i18n import _
from portal.operations.user_cards import Rights
from portal.operations.users import ROLES
from portal.web.forms import EMAIL, check_address, check_line, stripped

REACHES = [("all", _l("Every site, also those to come")), ("some", _l("Only these sites"))]


class RightsForm(StaffForm):
    """What somebody may do, and where."""

    role = RadioField(_l("Role"), validators=[InputRequired(_l("Choose a role."))])
    reach = RadioField(_l("Sites"))
    sites = Ticks(_l("Which sites"))

    def __init__(self, *args: Any, site_choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = [(role, role_name(role)) for role in ROLES]
        self.reach.choices = REACHES
        self.sites.choices = list(site_choices)

    def validate_sites(self, field: Any) -> None:
        """Ask for a site where the rights end at some."""
        if self.reach.data == "some" and not field.data:
            field.errors = [*field.errors, _("Choose at least one site.")]

    def rights(self) -> Rights:
        """Understand the rights."""
        return Rights(self.role.data, tuple(self.sites.data) if self.reach.data == "some" else None)


class InviteForm(RightsForm):
    """Somebody new."""

    email = EmailField(
        _l("E-mail"),
        filters=[stripped],
        validators=[
            InputRequired(_l("Enter an e-mail address.")),
            Length(max=EMAIL, message=_l("Shorten this address.")),
            check_address,
            check_line,
        ],
    )
    name = name_field(_l("Name"))
    locale = SelectField(_l("Language"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = LANGUAGES


class PersonForm(RightsForm):
    """Somebody whose account is there."""

    name = name_field(_l("Name"))
    active = BooleanField(_l("May log in"))
