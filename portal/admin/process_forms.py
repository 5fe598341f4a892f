"""The rules of booking as they are typed: all of a site's, and those of a planning that differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired
from wtforms.validators import Length as Longest

from portal.admin.forms import StaffForm
from portal.admin.rule_fields import (
    NO,
    OTHERS,
    YES,
    Choice,
    Days,
    DaysAround,
    Hours,
    Length,
    Lengths,
    Limit,
    Minutes,
    OwnChoice,
    OwnSwitch,
    Patterns,
    Rule,
    Several,
    Switch,
    flat,
    nested,
)

CHOICES = {
    "who": [("anyone", _l("Anyone")), ("existing", _l("Existing customers only"))],
    "validation": [
        ("none", _l("At once")),
        ("manager", _l("Once a manager has accepted them")),
        ("staff", _l("Once the person assigned has accepted them")),
    ],
    "earlier_mode": [("all", _l("All at once")), ("one_by_one", _l("One after the other"))],
}
MODES = [
    ("service", _l("The service; the person is given")),
    ("service_staff", _l("The service, then the person")),
    ("staff_service", _l("The person, then the service")),
]
SERVICE_CHOICES = {
    "modes_first": MODES,
    "distribution_rule": [
        ("balanced", _l("Whose time is booked least")),
        ("history", _l("Who served the customer last, else whose time is booked least")),
        ("fair", _l("Who has the fewest appointments")),
    ],
    "distribution_period": [("day", _l("That day")), ("week", _l("That day and the six before"))],
}
"""Rules of sites and services that plannings do not know: nobody is given an appointment of theirs."""
NEEDED = InputRequired(_l("Choose one of the values offered."))
BOUNDED = Longest(max=5000, message=_l("Shorten this text."))


class RulesForm(StaffForm):
    """What sites and plannings type alike."""

    min_notice = Length(_l("Notice before a booking"))
    change_notice = Length(_l("Notice before a change"))
    undo = Minutes(_l("Time to undo a cancellation"))
    email_patterns = Patterns(_l("Addresses that are admitted"), [BOUNDED])
    max_per_day = Limit(_l("Appointments a day"))
    max_per_week = Limit(_l("Appointments a week"))
    answer_within = Length(_l("Time to answer"))
    hold = Minutes(_l("Keep the chosen time while the form is open"))
    confirm_by_mail = Minutes(_l("Time to confirm by e-mail"))
    earlier_hours = Hours(_l("Time left before their appointment, at least"))
    earlier_turn = Minutes(_l("Time for each, one after the other"))
    cooling_off = Minutes(_l("A freed place is kept for"))
    reminders = Lengths(_l("Reminders before the appointment"))

    whole = True  # an empty field says something, too

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in {**CHOICES, **SERVICE_CHOICES}.items():
            if name in self:
                self[name].choices = choices if self.whole else [("", _l("As the site")), *choices]
        if OTHERS in self:
            self[OTHERS].choices = MODES

    def settings(self, saved: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give the rules as the configuration file writes them; for a field that is wrong, the rule that is saved."""
        said = [field for field in self if isinstance(field, Rule) and (self.whole or field.given)]
        right = {field.name: field.setting for field in said if not field.errors}
        kept = {name: value for name, value in flat(saved or {}).items() if name in self and self[name].errors}
        return nested({**kept, **right})


class ProcessForm(RulesForm):
    """The rules of a site. An empty field is none of it."""

    business_days = Switch(_l("Count open days only"))
    max_days = Days(_l("How far ahead (days)"), [InputRequired(_l("Enter a number of days."))])
    who = Choice(_l("Who may book"), [NEEDED])
    validation = Choice(_l("Bookings are confirmed"), [NEEDED])
    answer_within = Length(_l("Time to answer"), [InputRequired(Length.wrong)])
    earlier_enabled = Switch(_l("Offer freed places to those who come later"))
    earlier_mode = Choice(_l("They are asked"), [NEEDED])
    earlier_turn = Minutes(_l("Time for each, one after the other"), [InputRequired(Minutes.wrong)])
    waiting_list = Switch(_l("Waiting list for days that are full"))
    modes_first = Choice(_l("Customers choose first"), [NEEDED])
    modes_others = Several(_l("Links may ask for"))
    distribution_rule = Choice(_l("Who is given an appointment"), [NEEDED])
    distribution_period = Choice(_l("Booked time is compared over"), [NEEDED])
    distribution_days = DaysAround(_l("Days looked back and ahead"))


class OwnRulesForm(RulesForm):
    """The rules of a planning that differ from those of its sites; what is left empty follows the site."""

    whole = False
    business_days = OwnSwitch(_l("Count open days only"))
    max_days = Days(_l("How far ahead (days)"))
    who = OwnChoice(_l("Who may book"))
    validation = OwnChoice(_l("Bookings are confirmed"))
    earlier_enabled = OwnSwitch(_l("Offer freed places to those who come later"))
    earlier_mode = OwnChoice(_l("They are asked"))
    waiting_list = OwnSwitch(_l("Waiting list for days that are full"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("business_days", "earlier_enabled", "waiting_list"):
            self[name].choices = [("", _l("As the site")), (YES, _l("yes")), (NO, _l("no"))]


class ServiceRulesForm(OwnRulesForm):
    """The rules of a service that differ from those of its sites: who is given it, too."""

    modes_first = OwnChoice(_l("Customers choose first"))
    modes_others = Several(_l("Links may ask for"))
    distribution_rule = OwnChoice(_l("Who is given an appointment"))
    distribution_period = OwnChoice(_l("Booked time is compared over"))
    distribution_days = DaysAround(_l("Days looked back and ahead"))
