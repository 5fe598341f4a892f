"""What the staff types about a whole day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField, TimeField
from wtforms.validators import AnyOf, InputRequired, Length, Optional

from portal.admin.forms import check_day
from portal.admin.order_forms import OnceForm
from portal.domain.openings import MINUTES_A_DAY
from portal.operations.batch_plans import Plan
from portal.web.forms import check_text, stripped

WORDS = 1000  # characters
PLANNING, SERVICE, RESOURCE = "planning", "service", "resource"


def place_of(site: str, kind: str = PLANNING, key: str = "") -> str:
    """Write what is chosen as a value of the form: a site, or something of one there."""
    where = f"{site}/{key}" if key else site
    return where if kind == PLANNING else f"{kind}:{where}"


class WholeDayForm(OnceForm):
    """Which appointments, what becomes of them, and what their customers are told."""

    where = SelectField(_l("Which appointments?"))
    day = DateField(_l("Day"), validators=[InputRequired(_l("Choose a day.")), check_day])
    since = TimeField(_l("From"), validators=[Optional()])
    until = TimeField(_l("Before"), validators=[Optional()])
    what = StringField(
        _l("What becomes of them?"),
        default="cancel",
        validators=[AnyOf(("cancel", "move"), _l("Choose one of the two."))],
    )
    to = DateField(_l("To which day?"), validators=[Optional(), check_day])
    nearest = BooleanField(_l("Else the nearest free time of that day"), default=True)
    words = TextAreaField(
        _l("Words for the customers"),
        filters=[stripped],
        validators=[Length(max=WORDS, message=_l("Shorten this message.")), check_text],
    )

    def __init__(self, *args: Any, places: Mapping[str, Sequence[tuple[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.where.choices = {title: list(found) for title, found in places.items()}

    def right(self, today: date) -> bool:
        """Validate it as a whole; ``today`` is the organisation's."""
        valid = self.accepted()
        if self.since.data and self.until.data and self.since.data >= self.until.data:
            self.refuse("until", _l("The end must come after the start."))
        if self.what.data == "move" and not self.to.errors and (problem := self._wrong_day(today)):
            self.refuse("to", problem)
        return valid and not self.errors

    def _wrong_day(self, today: date) -> Any:
        if self.to.data is None:
            return _l("Choose the day to which they move.")
        if self.to.data == self.day.data:
            return _l("Choose another day than the one they leave.")
        return _l("Choose a day to come.") if self.to.data < today else None

    @property
    def chosen(self) -> str:
        """What was chosen, in words."""
        return str(next(text for value, text, *_ in self.where.iter_choices() if value == self.where.data))

    def plan(self) -> Plan:
        """Understand a form that is right."""
        kind, _colon, where = self.where.data.rpartition(":")
        site, _slash, key = where.partition("/")
        chosen = {kind or PLANNING: key or None}
        moves = self.what.data == "move"
        return Plan(
            site=site,
            day=self.day.data,
            planning=chosen.get(PLANNING),
            service=chosen.get(SERVICE),
            resource=chosen.get(RESOURCE),
            since=_minutes(self.since.data, 0),
            until=_minutes(self.until.data, MINUTES_A_DAY),
            to=self.to.data if moves else None,
            nearest=moves and self.nearest.data,
            words=self.words.data or "",
        )


def _minutes(clock: time | None, otherwise: int) -> int:
    return otherwise if clock is None else clock.hour * 60 + clock.minute
