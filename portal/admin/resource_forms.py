"""What the staff types about people, rooms and equipment, and about when they are away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    EmailField,
    Field,
    FileField,
    IntegerField,
    RadioField,
    StringField,
    TimeField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from portal.admin.forms import StaffForm, Ticks, check_day, key_field, name_field, zone_field
from portal.admin.resource_words import colour_choices
from portal.domain.matching import HIGHEST_LEVEL, MOST_PERSONS
from portal.i18n import current_locale
from portal.operations.absences import LONGEST_LABEL
from portal.operations.resource_effects import Away
from portal.operations.resources import MOST_A_DAY, Plan
from portal.operations.skills import Line as Skill
from portal.web.forms import EMAIL, check_address, check_line, stripped

SKILL = "skill-"  # begins the names of the fields of levels
WITHOUT = {"staff": ("persons",), "room": ("email",), "asset": ("email",)}
"""Fields that a kind does not have."""

Choices = Sequence[tuple[str, Any]]


class ResourceForm(StaffForm):
    """A person, a room or an asset; ``form_class`` leaves out what its kind has not, and adds the skills."""

    name = name_field(_l("Name"))
    email = EmailField(
        _l("E-mail"),
        filters=[stripped],
        validators=[Length(max=EMAIL, message=_l("Shorten this address.")), check_address],
    )
    timezone = zone_field()
    sites = Ticks(_l("Sites"), validators=[InputRequired(_l("Choose at least one site."))])
    plannings = Ticks(_l("Hours"))
    persons = IntegerField(
        _l("Persons"),
        validators=[Optional(), NumberRange(1, MOST_PERSONS, message=_l("Enter a number from 1 to 100000."))],
    )
    features = StringField(_l("Features"), filters=[stripped], validators=[check_line])
    max_per_day = IntegerField(
        _l("Appointments a day at most"),
        validators=[Optional(), NumberRange(1, MOST_A_DAY, message=_l("Enter a number from 1 to 1000."))],
    )
    colour = RadioField(_l("Colour in calendars"))

    def levels(self) -> list[Any]:
        """List the fields of the skills."""
        return [field for name, field in self._fields.items() if name.startswith(SKILL)]

    def offer(self, sites: Choices, plannings: Choices, colour: str) -> None:
        """Say what can be chosen."""
        self.sites.choices, self.plannings.choices = list(sites), list(plannings)
        self.colour.choices = colour_choices(colour)


def form_class(kind: str, skills: Sequence[Skill], *, new: bool) -> type[ResourceForm]:
    """Make the form of a kind: people have a level of each skill, or none."""

    class Form(ResourceForm):
        """The form of this kind."""

    for name in WITHOUT[kind]:
        setattr(Form, name, None)
    if new:
        Form.key = key_field()
    for one in skills if kind == "staff" else ():
        level = NumberRange(0, HIGHEST_LEVEL, message=_l("Enter a level from 0 to 10."))
        setattr(Form, SKILL + one.key, IntegerField(one.named(current_locale()), validators=[Optional(), level]))
    return Form


def values_of(plan: Plan) -> dict[str, Any]:
    """Give what the form shows of a resource."""
    return {
        "name": plan.name,
        "email": plan.email,
        "timezone": plan.timezone,
        "sites": list(plan.sites),
        "plannings": list(plan.plannings),
        "persons": plan.persons,
        "features": ", ".join(plan.features),
        "max_per_day": plan.max_per_day,
        "colour": plan.colour,
        **{SKILL + key: level for key, level in plan.skills.items()},
    }


def plan_of(form: ResourceForm, before: Plan | None) -> Plan:
    """Understand a form that is right; what it does not show stays as it was."""
    features = (one.strip() for one in (form.features.data or "").split(","))
    levels = {field.name.removeprefix(SKILL): field.data for field in form.levels() if field.data is not None}
    old = before or Plan("", "")
    return Plan(
        name=form.name.data,
        timezone=form.timezone.data,
        sites=tuple(form.sites.data or ()),
        plannings=tuple(form.plannings.data or ()),
        email=form.email.data or None if form.email else old.email,
        skills=levels if form.levels() else old.skills,
        persons=form.persons.data if form.persons else old.persons,
        features=tuple(dict.fromkeys(one for one in features if one)),
        max_per_day=form.max_per_day.data,
        colour=form.colour.data or "",
        active=old.active,
    )


class AbsenceForm(StaffForm):
    """From when to when somebody is away; without hours it is whole days, both included."""

    first = DateField(_l("First day"), validators=[InputRequired(_l("Enter a date.")), check_day])
    first_time = TimeField(_l("From (hour)"), validators=[Optional()])
    last = DateField(_l("Last day"), validators=[Optional(), check_day])
    last_time = TimeField(_l("Until (hour)"), validators=[Optional()])
    label = StringField(
        _l("Label"),
        filters=[stripped],
        validators=[Length(max=LONGEST_LABEL, message=_l("Shorten this text.")), check_line],
    )

    def validate_last(self, field: Field) -> None:
        """Refuse an end before the beginning."""
        if self.first.data is not None and field.data is not None and field.data < self.first.data:
            raise ValidationError(_l("The last day comes before the first."))

    def validate_last_time(self, field: Field) -> None:
        """Refuse an hour before the first one, on the same day."""
        if (
            not (self.first.errors or self.last.errors or field.errors)
            and self.away.ends_local <= self.away.starts_local
        ):
            raise ValidationError(_l("The absence ends before it begins."))

    @property
    def away(self) -> Away:
        """The absence that is meant: of a form that is right."""
        last = self.last.data or self.first.data
        end = datetime.combine(last, self.last_time.data or time())
        if self.last_time.data is None:
            end += timedelta(days=1)
        return Away(datetime.combine(self.first.data, self.first_time.data or time()), end, self.label.data or "")


def absence_values(start: datetime, end: datetime, label: str) -> dict[str, Any]:
    """Give what the form shows of an absence."""
    whole = end.time() == time()
    return {
        "first": start.date(),
        "first_time": start.time() if start.time() != time() else None,
        "last": (end - timedelta(days=1)).date() if whole else end.date(),
        "last_time": end.time() if not whole else None,
        "label": label,
    }


class CalendarForm(StaffForm):
    """A calendar file to be read."""

    file = FileField(_l("Calendar file"), validators=[InputRequired(_l("Choose a file."))])
