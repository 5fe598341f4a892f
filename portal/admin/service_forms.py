"""A service as the staff types it: its texts by language, its lengths, and a row for each thing that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from portal.admin.field_forms import said_in
from portal.admin.forms import StaffForm, Ticks, key_field, minutes_field
from portal.admin.service_words import MEETINGS
from portal.config import LOCALES
from portal.domain.errors import Invalid
from portal.domain.fields import said
from portal.domain.matching import (
    HIGHEST_LEVEL,
    KINDS,
    MOST_OF_ONE,
    MOST_PERSONS,
    MOST_REQUIREMENTS,
    Requirement,
)
from portal.domain.reservations import Reservation
from portal.i18n import _, current_locale
from portal.operations.service_choices import Choices
from portal.operations.services import LONGEST, MOST_BUFFER, Plan
from portal.web.forms import check_line, check_text, stripped

TEXTS = ("name", "description", "instructions", "price")
UNITS = [("length", _l("its length")), ("night", _l("the night"))]
MOST_SKILLS = 10
FIFTEEN, ELEVEN = time(15), time(11)  # o'clock: when nights begin and end


def _line(label: Any, longest: int) -> StringField:
    rules = [Length(max=longest, message=_l("Shorten this text.")), check_line]
    return StringField(label, filters=[stripped], validators=rules)


def _area(label: Any, longest: int) -> TextAreaField:
    rules = [Length(max=longest, message=_l("Shorten this text.")), check_text]
    return TextAreaField(label, filters=[stripped], validators=rules)


def _number(label: Any, lowest: int, highest: int, *, needed: bool = False) -> IntegerField:
    """Give a whole number within bounds, which may be left out unless it is needed."""
    within = NumberRange(lowest, highest, message=_l("Enter a number from %(min)s to %(max)s."))
    return IntegerField(
        label, validators=[InputRequired(_l("Enter a whole number.")) if needed else Optional(), within]
    )


class RowForm(Form):
    """A row of a list: what is wrong in it is said in our words."""

    class Meta(StaffForm.Meta):
        """Where WTForms finds words."""


class SkillForm(RowForm):
    """A skill that is needed, and its least level."""

    skill = SelectField(_l("Skill"), validate_choice=False)
    level = _number(_l("Level from"), 0, HIGHEST_LEVEL)


class NeedForm(RowForm):
    """So many resources of a kind, each with all that is said here."""

    kind = HiddenField()
    count = _number(_l("How many"), 1, MOST_OF_ONE)
    skills = FieldList(FormField(SkillForm), max_entries=MOST_SKILLS)
    persons = _number(_l("For so many people"), 1, MOST_PERSONS)
    features = _line(_l("With"), 500)
    optional = BooleanField(_l("Only if one is free"))


class ServiceForm(StaffForm):
    """A service. The fields of a language are named after it."""

    name_fr = _line(_l("Name in French"), LONGEST["name"])
    name_en = _line(_l("Name in English"), LONGEST["name"])
    price_fr = _line(_l("Price in French"), LONGEST["price"])
    price_en = _line(_l("Price in English"), LONGEST["price"])
    description_fr = _area(_l("Description in French"), LONGEST["description"])
    description_en = _area(_l("Description in English"), LONGEST["description"])
    instructions_fr = _area(_l("What to know, in French"), LONGEST["instructions"])
    instructions_en = _area(_l("What to know, in English"), LONGEST["instructions"])
    group = SelectField(_l("Group"))
    mode = RadioField(_l("How people meet"), default="in_person")
    sites = Ticks(_l("Sites"), validators=[InputRequired(_l("Choose at least one site."))])
    planning = SelectField(_l("Also takes a place in a planning"))
    minutes = minutes_field(_l("Length (minutes)"))
    step = minutes_field(_l("A start every (minutes)"))
    buffer_before = _number(_l("Kept free before (minutes)"), 0, MOST_BUFFER, needed=True)
    buffer_after = _number(_l("Kept free after (minutes)"), 0, MOST_BUFFER, needed=True)
    needs = FieldList(FormField(NeedForm), label=_l("What it needs"))
    kinds = Ticks(_l("Booking links of"))
    guests = BooleanField(_l("Also for guests, without a link"))
    active = BooleanField(_l("In use"))
    quantity = BooleanField(_l("Customers choose how many"))
    iterations = BooleanField(_l("Customers choose how many lengths, or nights, in a row"))
    unit = RadioField(_l("Booked by"), default="length")
    since = TimeField(_l("Nights begin at"), validators=[Optional()], default=FIFTEEN)
    until = TimeField(_l("Nights end at"), validators=[Optional()], default=ELEVEN)

    def __init__(self, *args: Any, offered: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        locale = current_locale()
        self.group.choices = [("", _("none")), *((key, said(name, locale)) for key, name in offered.groups.items())]
        self.planning.choices = [("", _("no")), *offered.plannings.items()]
        self.mode.choices = MEETINGS
        self.unit.choices = UNITS
        self.sites.choices = list(offered.sites.items())
        self.kinds.choices = [("customer", _l("Customers (collection)")), ("supplier", _l("Suppliers (delivery)"))]
        self.offered = offered
        self._offer_skills()

    def _offer_skills(self) -> None:
        """Let each row choose among the skills that there are, and the one that it names already."""
        known = [(key, said(name, current_locale()) or key) for key, name in self.offered.skills.items()]
        known.sort(key=lambda one: one[1].casefold())
        for need in self.needs:
            for row in need.form.skills:
                named = row.form.skill.data or ""
                more = [(named, named)] if named and named not in self.offered.skills else []
                row.form.skill.choices = [("", _("none")), *known, *more]

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate all; what is wrong in a row is told of the list, with the number of the row."""
        fine = bool(super().validate(extra_validators))
        self.needs.errors = [
            _("Need %(number)s: %(text)s", number=number, text=text)
            for number, need in enumerate(self.needs, 1)
            for text in _wrong_in(need.form)
        ]
        return fine and not self.needs.errors

    def press(self, button: str) -> None:
        """Do what a button of the rows says: ``add-room``, ``skill-0``, ``clear-2``."""
        act, _dash, what = button.partition("-")
        if act == "add" and what in KINDS and len(self.needs) < MOST_REQUIREMENTS:
            self.needs.append_entry({"kind": what, "count": 1, "skills": [{}] if what == "staff" else []})
        elif act == "skill" and (need := self._need(what)) is not None and len(need.skills) < MOST_SKILLS:
            need.skills.append_entry({})
        elif act == "clear" and (need := self._need(what)) is not None:
            self.needs.entries = [one for one in self.needs.entries if one.form is not need]
            self._number_anew()
        self._offer_skills()

    def _need(self, index: str) -> NeedForm | None:
        found = [one.form for place, one in enumerate(self.needs) if str(place) == index]
        return found[0] if found else None

    def _number_anew(self) -> None:
        """Open the rows once more, so that their names follow one another."""
        rows = [one.data for one in self.needs.entries]
        self.needs.process(None, rows)


def _wrong_in(form: NeedForm) -> list[str]:
    mine = [text for field in form if field.name != form.skills.name for text in field.errors]
    return [str(text) for text in (*mine, *(t for row in form.skills for field in row.form for t in field.errors))]


def typed(plan: Plan) -> dict[str, Any]:
    """Write a service as it is typed."""
    texts = {f"{name}_{locale}": getattr(plan, name).get(locale, "") for name in TEXTS for locale in LOCALES}
    plain = ("mode", "minutes", "step", "buffer_before", "buffer_after", "guests", "active")
    reservation = plan.reservation
    return {
        **texts,
        **{name: getattr(plan, name) for name in plain},
        "group": plan.group or "",
        "planning": plan.planning or "",
        "sites": list(plan.sites),
        "kinds": list(plan.kinds),
        "needs": [_typed_need(one) for one in plan.requires],
        "quantity": reservation.quantity,
        "iterations": reservation.iterations,
        "unit": reservation.unit,
        "since": time(*divmod(reservation.since, 60)),
        "until": time(*divmod(reservation.until, 60)),
    }


def _typed_need(one: Requirement) -> dict[str, Any]:
    skills: list[dict[str, Any]] = [{"skill": key, "level": level} for key, level in sorted(one.skills.items())]
    return {
        "kind": one.kind,
        "count": one.count,
        "skills": skills or ([{}] if one.kind == "staff" else []),
        "persons": one.persons,
        "features": ", ".join(sorted(one.features)),
        "optional": one.optional,
    }


def plan_of(form: ServiceForm, old: Plan | None = None) -> Plan:
    """Understand what was typed, as far as it can be; a number that cannot keeps its old value."""
    before = old or Plan(name={}, sites=())
    texts: dict[str, Any] = {name: said_in(form, f"{name}_") for name in TEXTS}
    numbers: dict[str, Any] = {name: _whole(form[name], getattr(before, name)) for name in NUMBERS}
    return Plan(
        **texts,
        **numbers,
        sites=tuple(_among(form.sites)),
        group=form.group.data or None,
        planning=form.planning.data or None,
        mode=form.mode.data if form.mode.data in dict(MEETINGS) else before.mode,
        requires=_requires(form),
        reservation=_reservation(form),
        kinds=tuple(_among(form.kinds)),
        guests=form.guests.data,
        active=form.active.data,
    )


NUMBERS = ("minutes", "step", "buffer_before", "buffer_after")


def _whole(field: IntegerField, old: int) -> int:
    return field.data if field.data is not None and not field.errors else old


def _among(field: Ticks) -> list[str]:
    return [value for value, _label in field.choices if value in (field.data or ())]


def _requires(form: ServiceForm) -> tuple[Requirement, ...]:
    """Read the rows that can be read; of one that cannot, say why on the list."""
    found = []
    for number, row in enumerate(form.needs, 1):
        try:
            found.append(Requirement.of(_mapping(row.form), f"requires[{number - 1}]"))
        except Invalid as refusal:
            if not _wrong_in(row.form):
                said_so = _("Need %(number)s: %(text)s", number=number, text=_why(refusal))
                form.needs.errors = [*form.needs.errors, said_so]
    return tuple(found)


def _mapping(row: NeedForm) -> dict[str, Any]:
    """Write a row as the configuration file does."""
    skills = {one.form.skill.data: one.form.level.data or 0 for one in row.skills if one.form.skill.data}
    features = [text for part in (row.features.data or "").split(",") if (text := part.strip())]
    return {
        "kind": row.kind.data,
        "count": row.count.data or 1,
        "skills": skills,
        "persons": row.persons.data,
        "features": list(dict.fromkeys(features)),
        "optional": row.optional.data,
    }


def _why(refusal: Invalid) -> str:
    words: Mapping[str, Any] = {
        "too_long": _("Shorten this text."),
        "not_a_choice": _("Choose one of the values offered."),
    }
    return str(words.get(str(refusal.values["problem"])) or _("This cannot be read."))


def _reservation(form: ServiceForm) -> Reservation:
    since, until = form.since.data or FIFTEEN, form.until.data or ELEVEN
    return Reservation(
        quantity=form.quantity.data,
        iterations=form.iterations.data,
        unit="night" if form.unit.data == "night" else "length",
        since=since.hour * 60 + since.minute,
        until=until.hour * 60 + until.minute,
    )


class NewServiceForm(ServiceForm):
    """A service to be made: it needs a key."""

    key = key_field()


class GroupForm(StaffForm):
    """A group of services."""

    name_fr = _line(_l("Name in French"), LONGEST["name"])
    name_en = _line(_l("Name in English"), LONGEST["name"])


class NewGroupForm(GroupForm):
    """A group to be made: it needs a key."""

    key = key_field()
