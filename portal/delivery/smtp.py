"""Delivery over SMTP: Flask-Mail with the guards that it lacks.

Certificates are verified, everything has a time-out, a message goes to exactly one address over a connection that
carries a whole batch, and every failure is told by what it means: for this message, or for the whole queue.
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import ssl
from contextlib import suppress
from functools import cached_property
from typing import Self

import flask_mail

from portal.config import Settings
from portal.delivery import clean, mime
from portal.delivery.mail import BadAddress, Mail, Refused, address, envelope_sender, host_of, written
from portal.domain.retry import Failure

IMPLICIT_TLS = 465  # on this port TLS begins at once; on all others MAIL_USE_TLS means STARTTLS


class Postman:
    """Delivers over one SMTP connection, opened when the first mail comes and again when it was lost."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._line: Line | None = None

    @cached_property
    def unfit(self) -> str:
        """Say what is wrong with our own settings, or nothing."""
        if not self._settings.mail_server:
            return "MAIL_SERVER is not set"
        try:
            envelope_sender(self._settings.mail_sender)
        except BadAddress as error:
            return f"MAIL_SENDER: {error}"
        return ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._hang_up()

    def deliver(self, mail: Mail) -> Refused | None:
        """Hand a mail to the server; tell why it did not take it. Never raises for what a server or address does."""
        if self.unfit:
            return Refused(Failure.SENDER_REFUSED, self.unfit, stop=True)
        try:
            letter = Letter(mail, self._settings.mail_sender)
        except BadAddress as error:
            return Refused(Failure.RECIPIENT_REFUSED, str(error))
        except mime.BrokenHeader as error:
            return Refused(Failure.TEMPLATE, str(error))
        try:
            line = self._connected()
        except OSError as error:  # every SMTPException is one
            return Refused(failure_of(error), reason_of(error), stop=True)
        try:
            line.send(letter)
        except OSError as error:
            return Refused(failure_of(error), reason_of(error), stop=self._lost(line, error))
        return None

    def _connected(self) -> Line:
        if self._line is None:
            self._line = Line(self._settings).__enter__()
        return self._line

    def _lost(self, line: Line, error: OSError) -> bool:
        """Keep the connection if it can carry the next mail. True: do not even try another.

        A server that closes after a number of mails is met again at once; one that fails on a new connection, or
        that keeps silent until the time-out, is left alone.
        """
        if isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPSenderRefused) and line.alive:
            return failure_of(error) is Failure.SENDER_REFUSED
        silent = isinstance(error.__context__, TimeoutError)
        refused_in_order = isinstance(error, smtplib.SMTPResponseException) and line.alive
        self._hang_up()
        return silent or (line.num_emails == 0 and not refused_in_order)

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.__exit__(None, None, None)


class Letter(flask_mail.Message):
    """A mail in the shape that Flask-Mail sends. Raises ``BadAddress`` or ``mime.BrokenHeader``."""

    def __init__(self, mail: Mail, sender: str) -> None:
        # Not the parent's constructor: it asks the resolver for this machine's name at every message.
        self.recipients = [address(mail.to)]
        self.cc, self.bcc = [], []
        self.sender = envelope_sender(sender)
        self.reply_to = None
        self.subject = mail.subject
        self.date = mail.date.timestamp()
        self.mail_options, self.rcpt_options = [], []
        self._bytes = written(mail, sender)

    def as_bytes(self) -> bytes:
        """Give what goes after DATA."""
        return self._bytes


class Line(flask_mail.Connection):
    """Flask-Mail's connection, verified and with a time-out."""

    host: smtplib.SMTP | None
    num_emails: int

    def __init__(self, settings: Settings) -> None:
        mail = flask_mail.Mail()
        mail.state = mail.init_mail({"MAIL_SUPPRESS_SEND": False})  # our own: tests send for real
        super().__init__(mail)
        self._settings = settings

    @property
    def alive(self) -> bool:
        """Whether smtplib still holds the connection."""
        return self.host is not None and self.host.sock is not None

    def configure_host(self) -> smtplib.SMTP:
        """Connect, encrypt and log in, or close what was opened and raise."""
        given = self._settings
        context = ssl.create_default_context(cafile=given.mail_ca_file or None) if given.mail_use_tls else None
        named = ehlo_name(given.public_url)
        if context is not None and given.mail_port == IMPLICIT_TLS:
            return self._logged_in(
                smtplib.SMTP_SSL(given.mail_server, given.mail_port, named, timeout=given.mail_timeout, context=context)
            )
        host = smtplib.SMTP(given.mail_server, given.mail_port, named, timeout=given.mail_timeout)
        return self._logged_in(host, context)

    def _logged_in(self, host: smtplib.SMTP, context: ssl.SSLContext | None = None) -> smtplib.SMTP:
        try:
            if context is not None:
                host.starttls(context=context)
            if self._settings.mail_username:
                host.login(self._settings.mail_username, self._settings.mail_password)
        except BaseException:
            host.close()
            raise
        return host

    def send(self, message: flask_mail.Message, envelope_from: str | tuple[str, str] | None = None) -> None:
        """Send to exactly one address: so a refusal is never partial, which smtplib would pass over in silence."""
        if len(message.send_to) != 1:
            raise BadAddress(f"{len(message.send_to)} recipients")
        super().send(message, envelope_from)

    def __exit__(self, *_problem: object) -> None:
        # A farewell that is not heard loses nothing: the mails were accepted, or their failure is known.
        with suppress(OSError):
            if self.host is not None and self.alive:
                self.host.quit()
        if self.host is not None:
            self.host.close()


def ehlo_name(public_url: str) -> str:
    """Give the name we greet servers with: smtplib's own guess asks the resolver and is often wrong.

    >>> ehlo_name("https://rdv.example.com/portal"), ehlo_name("http://127.0.0.1:8000")
    ('rdv.example.com', '[127.0.0.1]')
    """
    host = host_of(public_url)
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host
    return f"[{host}]" if number.version == 4 else f"[IPv6:{host}]"


# Replies about the address itself. Others of the 500s speak of us, of our contents or of a policy that may change.
_FINAL = frozenset({501, 510, 511, 512, 513, 521, 550, 551, 552, 553, 556})
_LOGIN = frozenset({530, 534, 535, 538})
_ENHANCED = re.compile(rb"\s*5\.(\d{1,3})\.(\d{1,3})")


def failure_of(error: OSError) -> Failure:
    """Tell what an error of smtplib, the socket or TLS means.

    In doubt it is temporary: a message that is tried for two days too long is seen, one that died is missed.
    """
    match error:
        case smtplib.SMTPRecipientsRefused():
            return _of_reply(*next(iter(error.recipients.values())))
        case smtplib.SMTPDataError():
            return _of_reply(error.smtp_code, error.smtp_error)
        case smtplib.SMTPResponseException():  # greeting, EHLO, login, MAIL FROM: about us
            return Failure.SENDER_REFUSED if error.smtp_code >= 500 and error.smtp_code != 552 else Failure.TEMPORARY
        case smtplib.SMTPNotSupportedError() | ssl.SSLCertVerificationError():
            return Failure.SENDER_REFUSED
        case smtplib.SMTPException() if type(error) is smtplib.SMTPException:  # no common way to log in
            return Failure.SENDER_REFUSED
    return Failure.TEMPORARY


def _of_reply(code: int, reply: bytes | str) -> Failure:
    """Read the reply to RCPT or DATA (RFC 5321 4.2, RFC 3463)."""
    if code in _LOGIN:
        return Failure.SENDER_REFUSED
    if code not in _FINAL:
        return Failure.TEMPORARY
    enhanced = _ENHANCED.match(reply if isinstance(reply, bytes) else reply.encode())
    subject, detail = (int(enhanced[1]), int(enhanced[2])) if enhanced else (1, 0)
    # 3: their system, 6: the contents, 7: a policy, 4.5: too much mail. None says that the address is wrong.
    return Failure.TEMPORARY if subject in (3, 6, 7) or (subject, detail) == (4, 5) else Failure.RECIPIENT_REFUSED


def reason_of(error: OSError) -> str:
    """Word an error for the staff: the server's own reply where there is one."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, reply = next(iter(error.recipients.values()))
            return _quoted(code, reply)
        case smtplib.SMTPResponseException():
            return _quoted(error.smtp_code, error.smtp_error)
    return clean.line(f"{type(error).__name__}: {error}")[:300]


def _quoted(code: int, reply: bytes | str) -> str:
    words = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return clean.line(f"{code} {words}")[:300]
