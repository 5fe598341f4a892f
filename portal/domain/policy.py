"""The booking policy: every key of the configuration file, its default, and how layers of it merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from portal.domain.access import read_patterns
from portal.domain.durations import Duration, parse_duration
from portal.domain.errors import Invalid
from portal.domain.shapes import Reader, count, flag, list_of, one_of, or_none

AT_ONCE, TWO_DAYS, A_DAY_AHEAD = Duration(0), Duration(2, "d"), Duration(24, "h")
MOST_DAYS = 3660
MOST_UNDO = 1440


@dataclass(frozen=True, slots=True)
class EarlierSlots:
    """Whether freed places are offered to customers who wait longer, and how."""

    enabled: bool = True
    hours: int = 48
    mode: str = "all"
    turn: int = 120  # minutes for which a place is kept for each, where they are asked one by one


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the staff of an appointment is chosen."""

    rule: str = "balanced"
    period: str = "day"  # over which ``balanced`` compares, and ``history`` when it falls back to that
    days: int | None = None  # how far ``history`` and ``fair`` look back and ahead; None is as ``distribution.DAYS``


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of booking at a site, or in one planning of it.

    >>> Policy.of({"min_notice": "2d", "max_days": 30}, {"max_days": 60}).max_days
    60
    """

    validation: str = "none"
    who: str = "anyone"
    email_patterns: tuple[str, ...] = ()
    min_notice: Duration = AT_ONCE
    business_days: bool = False
    max_days: int = 90
    change_notice: Duration = AT_ONCE
    undo: int = 5
    hold: int = 0
    confirm_by_mail: int = 0
    answer_within: Duration = TWO_DAYS
    cooling_off: int = 0
    reminders: tuple[Duration, ...] = (A_DAY_AHEAD,)
    overdue: int = 30
    waiting_list: bool = False
    max_per_day: int | None = None
    max_per_week: int | None = None
    earlier_slots: EarlierSlots = field(default_factory=EarlierSlots)
    modes: tuple[str, ...] = ("service", "service_staff", "staff_service")
    distribution: Distribution = field(default_factory=Distribution)

    @classmethod
    def of(cls, *layers: Mapping[str, object]) -> Policy:
        """Merge layers key by key over the defaults, the later over the earlier. Raises Invalid as ``check_policy``."""
        policy = cls()
        for layer in layers:
            policy = replace(policy, **{key: _value(policy, key, value) for key, value in layer.items()})
        return policy


def check_policy(mapping: object, path: str = "") -> None:
    """Accept one layer of a policy as it is written in the configuration file or sent by a form.

    Raises Invalid whose ``field`` is the key below ``path`` and whose ``problem`` says what is wrong with it. A rule
    that this version does not have yet is accepted with its default value only.
    """
    if not isinstance(mapping, Mapping):
        raise Invalid(field=path or "policy", problem="not_a_mapping", value=mapping)
    try:
        for key, value in mapping.items():
            _check(key, value)
    except Invalid as refusal:
        field = refusal.values["field"]
        raise Invalid(**{**refusal.values, "field": f"{path}.{field}" if path else field}) from refusal


def _check(key: str, value: object) -> None:
    defaults = Policy()
    read = _value(defaults, key, value)
    if key in _NOT_YET and read != getattr(defaults, key):
        raise Invalid(field=key, problem="not_supported_yet", value=value)


def _value(policy: Policy, key: str, value: object) -> Any:
    current = getattr(policy, key) if key in _READERS or key in _NESTED else None
    if key in _NESTED:
        return _merged(current, key, value)
    if key not in _READERS:
        raise Invalid(field=key, problem="unknown_key")
    return _READERS[key](key, value)


def _merged(current: Any, key: str, value: object) -> Any:
    """Merge a nested mapping key by key into what an earlier layer said."""
    if not isinstance(value, Mapping):
        raise Invalid(field=key, problem="not_a_mapping", value=value)
    known = {spec.name for spec in fields(current)}
    for name in value:
        if name not in known:
            raise Invalid(field=f"{key}.{name}", problem="unknown_key")
    return replace(current, **{name: _NESTED[key][name](f"{key}.{name}", inner) for name, inner in value.items()})


def _duration(name: str, value: object) -> Duration:
    return parse_duration(value, field=name)


def _some_time(name: str, value: object) -> Duration:
    """Accept a duration that is not nothing: a request that expires at once could never be answered."""
    if not (duration := _duration(name, value)):
        raise Invalid(field=name, problem="too_short", value=value)
    return duration


def _modes(name: str, value: object) -> tuple[str, ...]:
    """Accept a list whose first is the default: without any, nobody could begin to book."""
    modes: tuple[str, ...] = _MODES(name, value)
    if not modes:
        raise Invalid(field=name, problem="required")
    return modes


_MODES = list_of(one_of("service", "service_staff", "staff_service"))
_MINUTES = count(0, 7 * 1440)
_READERS: dict[str, Reader] = {
    "validation": one_of("none", "manager", "staff"),
    "who": one_of("anyone", "existing"),
    "email_patterns": read_patterns,
    "min_notice": _duration,
    "business_days": flag,
    "max_days": count(0, MOST_DAYS),
    "change_notice": _duration,
    "undo": count(0, MOST_UNDO),
    "hold": _MINUTES,
    "confirm_by_mail": _MINUTES,
    "answer_within": _some_time,
    "cooling_off": _MINUTES,
    "reminders": list_of(_duration),
    "overdue": _MINUTES,
    "waiting_list": flag,
    "max_per_day": or_none(count(1, 1000)),
    "max_per_week": or_none(count(1, 1000)),
    "modes": _modes,
}
_NESTED: dict[str, dict[str, Reader]] = {
    "earlier_slots": {
        "enabled": flag,
        "hours": count(0, 8760),
        "mode": one_of("all", "one_by_one"),
        "turn": count(1, 7 * 1440),
    },
    "distribution": {
        "rule": one_of("balanced", "history", "fair"),
        "period": one_of("day", "week"),
        "days": or_none(count(1, MOST_DAYS)),
    },
}
_NOT_YET = frozenset({"overdue"})
