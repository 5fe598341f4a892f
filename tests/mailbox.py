"""A mail server in this process: it keeps what it is sent, or misbehaves as told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.children import free_port


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it arrived: its envelope's recipients and the message itself."""

    to: tuple[str, ...]
    message: EmailMessage


@dataclass
class Mailbox:
    """What arrived. ``on_recipient`` and ``on_data`` are the server's answers, such as ``"450 Later"``."""

    port: int = 0
    letters: list[Letter] = field(default_factory=list)
    on_recipient: str = "250 OK"
    on_data: str = "250 OK"
    hangs: float = 0  # seconds before the server answers
    most: int | None = None  # letters after which it takes no more, nor says so
    drops: bool = False  # keeps the message, then the line goes dead before the answer

    @property
    def subjects(self) -> list[str]:
        """The subjects of what arrived, in order."""
        return [str(letter.message["Subject"]) for letter in self.letters]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take or refuse a recipient."""
        await asyncio.sleep(self.hangs)
        while self.most is not None and len(self.letters) >= self.most:
            await asyncio.sleep(0.01)
        if self.on_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.on_recipient

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a message, or refuse it."""
        if self.on_data.startswith("250"):
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            parsed = message_from_bytes(content, policy=policy.default)
            assert isinstance(parsed, EmailMessage)
            self.letters.append(Letter(tuple(str(address) for address in envelope.rcpt_tos), parsed))
        if self.drops and server.transport is not None:
            server.transport.abort()
        return self.on_data


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Listen on 127.0.0.1 for the length of the block."""
    mailbox = Mailbox(port=free_port())
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, enable_SMTPUTF8=True)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
