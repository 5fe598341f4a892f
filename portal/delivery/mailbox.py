"""A folder instead of a mail server: what the demo sends is kept here and shown at ``/dev/mail``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Self

from portal.config import Settings
from portal.delivery.mail import Carrier, Mail, Refused, written
from portal.delivery.smtp import Postman

NAME = re.compile(r"\d{14}-[0-9a-f]{16}", re.ASCII)
SHOWN = 500  # mails of a listing


def kept_here(settings: Settings) -> bool:
    """Tell whether mails stay in the folder: in a demo, unless it was given a mail server."""
    return settings.demo and not settings.mail_server


def carrier(settings: Settings) -> Carrier:
    """Choose who takes the mails away: the mail server, or the folder."""
    return Mailbox(folder(settings), settings.mail_sender) if kept_here(settings) else Postman(settings)


def folder(settings: Settings) -> Path:
    """Give the folder beside the demo's database."""
    file = settings.sqlite_file
    return (file.parent if file else Path.cwd()) / "mailbox"


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail in the folder; ``calendar`` is the file that it carries."""

    name: str
    subject: str
    to: str
    date: datetime | None
    text: str
    html: str
    calendar: bytes


class Mailbox:
    """Keeps each mail as a file. A mail that comes again with its Message-ID replaces the first."""

    def __init__(self, folder: Path, sender: str = "") -> None:
        self._folder = folder
        self._sender = sender

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        """Nothing is open between two mails."""

    def deliver(self, mail: Mail) -> Refused | None:
        """Keep a mail: whole, or not at all."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = sha256(mail.message_id.encode()).hexdigest()[:16]
        file = self._folder / f"{mail.date:%Y%m%d%H%M%S}-{digest}.eml"
        draft = file.with_suffix(".part")
        draft.write_bytes(written(mail, self._sender))
        draft.replace(file)
        return None

    def listing(self) -> list[Kept]:
        """Read the mails, the newest first."""
        files = sorted(self._folder.glob("*.eml"), key=_arrival, reverse=True)[:SHOWN]
        return [_read(file) for file in files if NAME.fullmatch(file.stem)]

    def find(self, name: str) -> Kept | None:
        """Read one mail by its name in the listing."""
        file = self._folder / f"{name}.eml"
        return _read(file) if NAME.fullmatch(name) and file.is_file() else None


def _arrival(file: Path) -> tuple[str, int]:
    """Order by the mail's own date, and mails of one moment as they came."""
    return file.stem[:14], file.stat().st_mtime_ns


def _read(file: Path) -> Kept:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError("the default policy makes EmailMessages")
    date = message["Date"]
    return Kept(
        name=file.stem,
        subject=str(message["Subject"]),
        to=str(message["To"]),
        date=date.datetime if date is not None else None,
        text=_part(message, "text/plain"),
        html=_part(message, "text/html"),
        calendar=next((_bytes(part) for part in message.walk() if part.get_content_type() == "application/ics"), b""),
    )


def _part(message: EmailMessage, kind: str) -> str:
    found = next((_bytes(part) for part in message.walk() if part.get_content_type() == kind), b"")
    return found.decode(errors="replace").replace("\r\n", "\n")


def _bytes(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
