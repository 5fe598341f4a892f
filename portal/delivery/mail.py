"""A mail as a value, and as the bytes that leave: one message to exactly one address."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from typing import Protocol, Self
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from portal.delivery import mime
from portal.domain.retry import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one address, ready but for its envelope."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str  # the same at every try, so that a mailbox can tell a copy
    date: datetime
    sender_name: str = ""  # shown beside the address of MAIL_SENDER
    reply_to: str = ""
    calendar: bytes | None = None
    method: str = ""  # of the calendar file: REQUEST or CANCEL


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a mail did not leave. ``stop``: the server is in no state to be asked again at once."""

    failure: Failure
    reason: str
    stop: bool = False


class BadAddress(ValueError):
    """This is not one address that SMTP can carry."""


class Carrier(Protocol):
    """Takes mails away one by one, over whatever connection it keeps between ``with`` and its end."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *problem: object) -> None: ...
    def deliver(self, mail: Mail) -> Refused | None:
        """Hand a mail over; None when it was accepted."""


def written(mail: Mail, sender: str) -> bytes:
    """Write a whole message. Raises ``BadAddress`` or ``mime.BrokenHeader``."""
    headers = {
        "From": _from(mail.sender_name, sender),
        "To": address(mail.to),
        "Subject": mail.subject,
        "Date": format_datetime(mail.date),
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",  # RFC 3834: out-of-office robots keep silent
        "X-Auto-Response-Suppress": "All",  # and so do Exchange's, which know only this one
    }
    with suppress(BadAddress):  # a site's odd address must not keep its customers from their mails
        headers["Reply-To"] = address(mail.reply_to)
    head = b"".join(mime.header(name, value) for name, value in headers.items())
    return head + b"".join(mime.body(mail.text, mail.html, mail.calendar, mail.method))


@lru_cache(maxsize=64)
def _from(shown: str, sender: str) -> str:
    name, email = parseaddr(sender)
    return mime.mailbox(shown or name, email)


_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")


def address(text: str) -> str:
    """Give one bare address as SMTP carries it. Raises ``BadAddress``.

    >>> address("achats@société.example.com")
    'achats@xn--socit-esab.example.com'
    """
    if _ADDRESS.fullmatch(text):
        return text
    try:
        ascii_form = validate_email(text, check_deliverability=False).ascii_email
    except EmailNotValidError as error:
        raise BadAddress("not an e-mail address") from error
    if ascii_form is None:  # letters outside ASCII before the @ need SMTPUTF8, which few servers offer end to end
        raise BadAddress("this address needs SMTPUTF8")
    return ascii_form


@lru_cache(maxsize=16)
def envelope_sender(sender: str) -> str:
    """Give the bare address of MAIL_SENDER, which may be written ``Name <address>``."""
    return address(parseaddr(sender)[1])


def host_of(public_url: str) -> str:
    """Give the host that people know us by, in ASCII."""
    return (urlsplit(public_url).hostname or "localhost").encode("idna").decode()


def message_id(key: str, public_url: str) -> str:
    """Give the Message-ID of the message known as ``key`` in the outbox.

    >>> message_id("outbox.42", "https://rdv.example.com")
    '<outbox.42@rdv.example.com>'
    """
    return f"<{key}@{host_of(public_url)}>"
