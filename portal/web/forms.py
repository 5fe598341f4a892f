"""What forms of every room check: the shape of what was typed, never the database."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Form, StringField, ValidationError

NAME, PHONE, COMMENT, EMAIL = 120, 40, 2000, 254  # characters


def stripped(text: str | None) -> str | None:
    """Leave out what nobody sees around a value."""
    return text.strip() if text else text


def check_address(_form: Form, field: EmailField) -> None:
    """Accept what a mail can be sent to, going by its shape; nothing at all is for the field's own rule."""
    if not field.data:
        return
    try:
        validate_email(field.data, check_deliverability=False)
    except EmailNotValidError as error:
        raise ValidationError(_l("Enter an e-mail address such as name@example.com.")) from error


def check_text(_form: Form, field: StringField) -> None:
    """Refuse characters that no name, number or sentence holds, and that would end up in mails and files."""
    if any(ord(letter) < 32 and letter not in "\t\r\n" for letter in field.data or ""):
        raise ValidationError(_l("Remove the characters that cannot be read."))


def check_line(form: Form, field: StringField) -> None:
    """Accept one line of readable text."""
    check_text(form, field)
    if any(letter in "\r\n" for letter in field.data or ""):
        raise ValidationError(_l("Write this on one line."))
