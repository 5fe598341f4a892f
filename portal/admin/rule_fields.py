"""Fields in which rules of booking are typed: each understands its text as a value of the policy, or says why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Form, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import StopValidation

from portal.admin.durations import several, typed, written
from portal.admin.forms import Ticks
from portal.domain.access import read_patterns
from portal.domain.durations import Duration
from portal.domain.errors import Invalid
from portal.domain.policy import check_policy
from portal.i18n import _
from portal.web.forms import stripped
from portal.web.lengths import of_minutes

YES, NO = "yes", "no"
BELOW = {"earlier_": "earlier_slots", "distribution_": "distribution"}
"""What begins the names of fields for rules that stand below another."""

FIRST, OTHERS = "modes_first", "modes_others"
"""The fields of the modes: the one that pages begin with, and those that may be asked for."""


def nested(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Put the rules of flat fields where the configuration file has them.

    >>> nested({"undo": 5, "earlier_hours": 48, "earlier_mode": "all"})
    {'undo': 5, 'earlier_slots': {'hours': 48, 'mode': 'all'}}
    >>> nested({"modes_first": "service_staff", "modes_others": ["service", "service_staff"]})
    {'modes': ['service_staff', 'service']}
    """
    found: dict[str, Any] = {}
    for name, value in rules.items():
        if name not in (FIRST, OTHERS):
            above, inner = _place(name)
            if above:
                found.setdefault(above, {})[inner] = value
            else:
                found[name] = value
    if FIRST in rules:
        found["modes"] = list(dict.fromkeys([rules[FIRST], *rules.get(OTHERS, ())]))
    return found


def flat(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Name the rules of the configuration file as their fields are: the inverse of ``nested``."""
    found: dict[str, Any] = {}
    for name, value in rules.items():
        begins = next((start for start, above in BELOW.items() if above == name), None)
        if begins is not None:
            found |= {f"{begins}{inner}": part for inner, part in value.items()}
        elif name == "modes":
            found |= {FIRST: value[0], OTHERS: list(value[1:])}
        else:
            found[name] = value
    return found


def _place(name: str) -> tuple[str, str]:
    """Tell below which rule a field stands, and under which name."""
    begins = next((start for start in BELOW if name.startswith(start)), "")
    return BELOW.get(begins, ""), name.removeprefix(begins)


class Rule:
    """A field that holds a rule.

    ``understood`` reads what was typed and raises ValueError where that means nothing; ``nothing`` is what stands for
    an empty field of a site.
    """

    data: Any
    name: str
    errors: Any
    nothing = ""
    wrong: Any = _l("Choose one of the values offered.")

    @property
    def given(self) -> bool:
        """Whether anything was typed or chosen."""
        return self.data not in (None, "")

    @property
    def setting(self) -> Any:
        """The value as the configuration file writes it. Raises ValueError."""
        return self.understood(self.data if self.given else self.nothing)

    def understood(self, data: Any) -> Any:
        """Read what was typed. Raises ValueError."""
        return data

    def shown(self, number: int) -> str:
        """Write a bound of what may be typed."""
        return str(number)

    def pre_validate(self, _form: Form) -> None:
        """Refuse what means nothing, and what no policy may say."""
        if not self.given:
            return
        try:
            setting = self.setting
        except ValueError as error:
            raise StopValidation(self.wrong) from error
        try:
            check_policy(nested({self.name: setting}))
        except Invalid as refusal:
            raise StopValidation(self.refused(refusal)) from refusal

    def refused(self, refusal: Invalid) -> str:
        """Say why the policy refuses a value."""
        values = refusal.values
        if values["problem"] != "out_of_range":
            return str(self.wrong)
        bounds = {"lowest": self.shown(values["lowest"]), "highest": self.shown(values["highest"])}
        return _("Enter a value from %(lowest)s to %(highest)s.", **bounds)


class Typed(Rule, StringField):
    """A rule on one line."""

    def __init__(self, label: Any, validators: Iterable[Any] = (), **options: Any) -> None:
        super().__init__(label, list(validators), filters=[stripped], **options)


class Length(Typed):
    """A length of time, which keeps its unit."""

    nothing = "0"
    wrong = _l("Write a length of time such as 30 min, 12 h or 2 d (days).")

    def understood(self, data: str) -> Any:
        """Read it."""
        return _length(data).setting


class Lengths(Typed):
    """Lengths of time apart by commas; a single 0 is none."""

    wrong = _l("Write lengths of time apart by commas, each once: 24 h, 2 d.")

    def understood(self, data: str) -> list[Any]:
        """Read them."""
        if (found := several(data)) is None:
            raise ValueError(data)
        return [one.setting for one in found if one]


class Minutes(Typed):
    """A length of time that is kept in minutes."""

    nothing = "0"
    wrong = _l("Write a length of time such as 30 min or 2 h.")

    def understood(self, data: str) -> int:
        """Read it; a day is 24 hours here."""
        return _minutes(_length(data))

    def shown(self, number: int) -> str:
        """Write it as it may be typed."""
        return written(of_minutes(number))


class Hours(Typed):
    """A length of time that is kept in hours; a bare number is hours."""

    nothing = "0"
    wrong = _l("Write a number of hours, such as 48 h.")

    def understood(self, data: str) -> int:
        """Read it."""
        hours, rest = divmod(60 * int(data) if data.isdecimal() else _minutes(_length(data)), 60)
        if rest:
            raise ValueError(data)
        return hours

    def shown(self, number: int) -> str:
        """Write it as it may be typed."""
        return written(Duration(number, "h"))


class Days(Typed):
    """A number of days; the unit may be left out."""

    wrong = _l("Enter a number of days.")

    def understood(self, data: str) -> int | None:
        """Read it."""
        length = Duration(int(data), "d") if data.isdecimal() else _length(data)
        if length.unit != "d":
            raise ValueError(data)
        return length.amount

    def shown(self, number: int) -> str:
        """Write it as it may be typed."""
        return written(Duration(number, "d"))


class DaysAround(Days):
    """A number of days; 0 or none are as many as the rule has by itself."""

    nothing = "0"

    def understood(self, data: str) -> int | None:
        """Read it."""
        return super().understood(data) or None


class Limit(Typed):
    """A largest number; 0 is none."""

    nothing = "0"
    wrong = _l("Enter a whole number.")

    def understood(self, data: str) -> int | None:
        """Read it."""
        if not data.isdecimal():
            raise ValueError(data)
        return int(data) or None


class Patterns(Rule, TextAreaField):
    """Patterns of addresses, one on each line."""

    @property
    def given(self) -> bool:
        """Whether there is more than white space."""
        return bool((self.data or "").strip())

    def understood(self, data: str) -> list[str]:
        """Leave out empty lines."""
        return [line.strip() for line in data.splitlines() if line.strip()]

    @property
    def right(self) -> list[str]:
        """The patterns that can be read."""
        return [one for one in self.setting if not _wrong_with(one)]

    def pre_validate(self, _form: Form) -> None:
        """Refuse patterns that cannot be read, each named with its line; then what no list may be."""
        lines = [(number, line.strip()) for number, line in enumerate((self.data or "").splitlines(), 1)]
        found = [(number, line, _wrong_with(line)) for number, line in lines if line]
        said = [_line_text(number, line, problem) for number, line, problem in found if problem]
        if said:
            raise StopValidation(" ".join(said))
        if problem := _refusal([line for _number, line in lines if line]):
            raise StopValidation(_list_text(problem))


class Choice(Rule, RadioField):
    """One of a few ways."""


class Several(Rule, Ticks):
    """Some of a few ways, one box each; none is nothing said."""

    @property
    def given(self) -> bool:
        """Whether any is chosen."""
        return bool(self.data)

    def pre_validate(self, form: Form) -> None:
        """Refuse what is none of them."""
        Ticks.pre_validate(self, form)


class OwnChoice(Rule, SelectField):
    """One of a few ways, or that of the site."""

    def __init__(self, label: Any, **options: Any) -> None:
        super().__init__(label, default="", **options)

    def pre_validate(self, form: Form) -> None:
        """Refuse what is none of them."""
        SelectField.pre_validate(self, form)
        super().pre_validate(form)


class Switch(Rule, BooleanField):
    """On or off."""


class OwnSwitch(OwnChoice):
    """On, off, or as the site."""

    def understood(self, data: str) -> bool:
        """Read it."""
        return data == YES


def _length(text: str) -> Duration:
    if (length := typed(text)) is None:
        raise ValueError(text)
    return length


def _minutes(length: Duration) -> int:
    return length.amount * {"min": 1, "h": 60, "d": 1440}[length.unit]


def _wrong_with(pattern: str) -> str:
    return _refusal([pattern])


def _refusal(patterns: list[str]) -> str:
    """Name what is wrong with patterns, nothing when they are right."""
    try:
        read_patterns("email_patterns", patterns)
    except Invalid as refusal:
        return str(refusal.values["problem"])
    return ""


def _line_text(number: int, pattern: str, problem: str) -> str:
    return {
        "bad_pattern": _(
            "Line %(number)s: “%(pattern)s” cannot be read. An expression stands between two slashes.",
            number=number,
            pattern=pattern,
        ),
        "fits_no_address": _(
            "Line %(number)s: no address looks like “%(pattern)s”. For everybody of a company write *@acme.fr.",
            number=number,
            pattern=pattern,
        ),
    }.get(problem) or _("Line %(number)s cannot be read.", number=number)


def _list_text(problem: str) -> str:
    return {"twice": _("A pattern is there twice."), "too_many": _("At most 50 patterns can be kept.")}.get(
        problem
    ) or _("These patterns cannot be read.")
