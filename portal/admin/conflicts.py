"""What differs between an object as it is saved now and as somebody typed it, when both were edited at once."""

from __future__ import annotations

from typing import Any

from portal.admin.forms import StaffForm
from portal.i18n import _


def differences(saved: StaffForm, typed: StaffForm) -> list[str]:
    """Say of each field where what is saved is not what was typed."""
    return [
        _("%(what)s: saved is “%(saved)s”, yours is “%(yours)s”.", what=field.label.text, saved=old, yours=new)
        for name, field in typed._fields.items()
        if name in saved and field.type not in ("HiddenField", "ColorField", "FieldList")
        if (old := _shown(saved[name])) != (new := _shown(field))
    ]


def _shown(field: Any) -> str:
    """Write the value of a field, of one of a few the words beside it."""
    choices = dict(getattr(field, "choices", None) or ())
    if isinstance(field.data, list):
        return ", ".join(str(choices.get(one, one)) for one in field.data)
    return str(choices[field.data]) if isinstance(field.data, str) and field.data in choices else said(field.data)


def said(value: object) -> str:
    """Write a field's value in a sentence."""
    words = {True: _("yes"), False: _("no"), None: ""}
    return words[value] if isinstance(value, bool) or value is None else str(value)
