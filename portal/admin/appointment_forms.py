"""What the staff types about an appointment."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length

from portal.admin.forms import StaffForm, name_field
from portal.admin.order_forms import LANGUAGES, OnceForm, email_field, line_field, locale_field, phone_field
from portal.web.forms import COMMENT, check_text, stripped

REASON = 300  # characters


def comment_field() -> TextAreaField:
    """Give a message of several lines."""
    rules = [Length(max=COMMENT, message=_l("Shorten this message.")), check_text]
    return TextAreaField(_l("Message"), filters=[stripped], validators=rules)


class DetailsForm(StaffForm):
    """Who comes."""

    name = name_field(_l("Name"))
    phone = phone_field()
    comment = comment_field()


class NoteForm(OnceForm):
    """A remark of the staff."""

    text = TextAreaField(
        _l("Add a note"),
        filters=[stripped],
        validators=[
            InputRequired(message=_l("Write the note.")),
            Length(max=COMMENT, message=_l("Shorten this note.")),
            check_text,
        ],
    )


class PlaceForm(OnceForm):
    """A place to be taken. ``reason`` is a manager's, and lifts hours and capacity."""

    reason: StringField = line_field(_l("Reason for overbooking"), REASON)

    def wants_reason(self) -> None:
        """Ask for what was left out."""
        self.refuse("reason", _l("Say why this place is given although it is not free: it is kept in the history."))


class MoveForm(PlaceForm):
    """An appointment moved."""


class PhoneForm(PlaceForm):
    """A booking for somebody who is on the telephone."""

    name = name_field(_l("Name"))
    email = email_field()
    phone = phone_field()
    comment = comment_field()
    locale = locale_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = LANGUAGES


class CancelForm(StaffForm):
    """When a cancelled place is free again."""

    when = StringField(
        _l("When is the place free again?"),
        default="undo",
        validators=[AnyOf(("undo", "now"), message=_l("Choose one of the two."))],
    )


def details_of(card: Any) -> dict[str, str]:
    """Give what is known of who comes."""
    return {"name": card.name, "phone": card.phone, "comment": card.comment}
