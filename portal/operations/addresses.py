"""E-mail addresses as they are compared and kept."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from portal.domain.errors import Invalid

LONGEST = 254


def normal_address(text: str) -> str:
    """Trim and case-fold an address; sub-addresses (``+tag``) stay different. Raises Invalid.

    >>> normal_address(" Achats@Example.COM ")
    'achats@example.com'
    """
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise Invalid(field="email", problem="email", value=text) from error
    if len(found.normalized) > LONGEST:
        raise Invalid(field="email", problem="email", value=text)
    return found.normalized.casefold()
