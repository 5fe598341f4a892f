"""Readers of the values of a setting: each accepts what came from a file or a form, or raises Invalid naming it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portal.domain.errors import Invalid

Reader = Callable[[str, object], Any]
"""Turns the value of a key into what is kept of it, or raises Invalid whose ``field`` is the key."""


def flag(name: str, value: object) -> bool:
    """Accept true and false."""
    if not isinstance(value, bool):
        raise Invalid(field=name, problem="not_a_boolean", value=value)
    return value


def text(name: str, value: object) -> str:
    """Accept a text."""
    if not isinstance(value, str):
        raise Invalid(field=name, problem="not_a_text", value=value)
    return value


def count(lowest: int, highest: int) -> Reader:
    """Accept a whole number within bounds."""

    def read(name: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Invalid(field=name, problem="not_a_number", value=value)
        if not lowest <= value <= highest:
            raise Invalid(field=name, problem="out_of_range", value=value, lowest=lowest, highest=highest)
        return value

    return read


def or_none(reader: Reader) -> Reader:
    """Accept None, too."""

    def read(name: str, value: object) -> Any:
        return None if value is None else reader(name, value)

    return read


def one_of(*choices: str) -> Reader:
    """Accept one of a few words."""

    def read(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise Invalid(field=name, problem="not_a_choice", value=value, choices=choices)
        return value

    return read


def list_of(reader: Reader) -> Reader:
    """Accept a list in which nothing comes twice; the ``field`` of what is wrong in it is ``name[index]``."""

    def read(name: str, value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise Invalid(field=name, problem="not_a_list", value=value)
        read_values = tuple(reader(f"{name}[{index}]", item) for index, item in enumerate(value))
        for index, item in enumerate(read_values):
            if item in read_values[:index]:
                raise Invalid(field=f"{name}[{index}]", problem="twice", value=value[index])
        return read_values

    return read
