"""Mail servers that misbehave in ways of their own: a script of answers, a certificate nobody knows, a login."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.children import free_port
from tests.mailbox import Mailbox

CERTIFICATE = Path(__file__).with_name("self_signed.pem")  # for localhost, until 2126; its key guards nothing

HANG_UP = ""
SILENCE = "..."
OBEDIENT = ("220 ready", "250 hello", "250 sender", "250 recipient", "354 go on", "250 taken")


class Script:
    """Answers each command of each connection by the next line of a script; the last line repeats.

    ``HANG_UP`` closes the connection instead of an answer, ``SILENCE`` never answers.
    """

    def __init__(self, answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.heard: list[str] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with client, suppress(ConnectionError):
                self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        lines = client.makefile("rb")
        for place, answer in enumerate(self.answers):
            if place and not self._hear(lines, in_data=self.answers[place - 1].startswith("354")):
                return
            if answer == SILENCE:
                self._over.wait(10)
                return
            if answer == HANG_UP:
                return
            client.sendall(answer.encode() + b"\r\n")
        while line := lines.readline():
            client.sendall(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 OK\r\n")

    def _hear(self, lines: Any, *, in_data: bool) -> bool:
        line = lines.readline()
        self.heard.append(line.decode(errors="replace").rstrip())
        while in_data and line and line != b".\r\n":
            line = lines.readline()
        return bool(line)


@contextmanager
def scripted(*answers: str) -> Iterator[Script]:
    """Run a server that follows a script."""
    script = Script(answers)
    try:
        yield script
    finally:
        script.close()


@contextmanager
def guarded(*, password: str = "") -> Iterator[Mailbox]:
    """Run a server with STARTTLS by an unknown certificate, and a login where a password is given."""
    mailbox = Mailbox(port=free_port())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=given.password == password.encode(), handled=False)

    login: dict[str, Any] = {"authenticator": authenticate, "auth_required": True} if password else {}
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port, tls_context=context, **login)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
