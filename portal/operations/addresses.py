"""E-mail addresses as they are compared and kept."""

from __future__ import annotations

import hmac
from hashlib import sha256

from email_validator import EmailNotValidError, validate_email

from portal.domain.errors import Invalid
from portal.extensions import settings

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


def address_keys(email: str) -> list[str]:
    """Hash an address with each key of ``LINK_KEY``, the newest first: it can be recognised, but not read.

    What is kept goes by the first; what is looked for goes by all, so that a change of keys forgets nobody.
    """
    return [
        hmac.new(key.encode(), f"address\x00{email}".encode(), sha256).hexdigest()[:40] for key in settings().link_keys
    ]
