"""One mail as bytes: text, HTML and calendar in the shape that mail programs know best.

    multipart/mixed
      multipart/alternative: text/plain, text/html, text/calendar (what offers to accept or to update)
      application/ics (the same file, to save)

Encodings and header words are the standard library's; the parts are joined here, because its generator folds every
line of every part again and takes longer than all else that the worker does for a mail.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from email.header import Header
from email.utils import formataddr

from portal.delivery import clean

# "=_" cannot stand in quoted-printable or base64: no body can hold a boundary, and a retry writes the same bytes.
MIXED = "=_creneau_mixed"
ALTERNATIVE = "=_creneau_alternative"
LONGEST = 900  # characters of a line that need no folding: RFC 5322 allows 998


class BrokenHeader(ValueError):
    """A header's value holds a line break: whoever wrote it must not decide about further headers."""


def header(name: str, value: str) -> bytes:
    """Write one header, folded, its words outside ASCII encoded. Raises ``BrokenHeader``."""
    if value != clean.line(value):
        raise BrokenHeader(f"a line break in {name}")
    if value.isascii() and len(value) < LONGEST and "=?" not in value:  # "=?" would be read as an encoded word
        return f"{name}: {value}\r\n".encode()
    encoded = Header(value, "utf-8", header_name=name, maxlinelen=75).encode(linesep="\r\n")
    return f"{name}: {encoded}\r\n".encode()


def mailbox(name: str, email: str) -> str:
    """Write a mailbox as it stands in From or Reply-To, all ASCII.

    >>> mailbox("Dupont, Lyon", "lyon@example.com")
    '"Dupont, Lyon" <lyon@example.com>'
    """
    return formataddr((clean.line(name), email))


def body(text: str, html: str, calendar: bytes | None = None, method: str = "") -> Iterable[bytes]:
    """Give the body piece by piece, beginning with the headers that describe it."""
    yield b"MIME-Version: 1.0\r\n"
    if calendar is None:
        yield from _alternative(_text("plain", text), _text("html", html))
        return
    event = _text(f"calendar; method={method}", calendar.decode())
    yield f'Content-Type: multipart/mixed; boundary="{MIXED}"\r\n\r\n--{MIXED}\r\n'.encode()
    yield from _alternative(_text("plain", text), _text("html", html), event)
    yield f"\r\n--{MIXED}\r\n".encode() + _attachment(calendar) + f"--{MIXED}--\r\n".encode()


def _alternative(*parts: bytes) -> Iterable[bytes]:
    """Give the forms of one message, the plainest first: programs show the last that they know."""
    yield f'Content-Type: multipart/alternative; boundary="{ALTERNATIVE}"\r\n'.encode()
    for part in parts:
        yield f"\r\n--{ALTERNATIVE}\r\n".encode() + part
    yield f"\r\n--{ALTERNATIVE}--\r\n".encode()


def _text(subtype: str, content: str) -> bytes:
    lines = clean.lines(content).rstrip("\n").replace("\n", "\r\n") + "\r\n"
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + binascii.b2a_qp(lines.encode(), istext=True)


def _attachment(calendar: bytes) -> bytes:
    head = (
        'Content-Type: application/ics; name="invite.ics"\r\n'
        'Content-Disposition: attachment; filename="invite.ics"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(calendar).replace(b"\n", b"\r\n")
