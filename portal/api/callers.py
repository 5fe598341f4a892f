"""Who calls: a program with its key, or anybody from a network address; what each may do, and how often."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from flask import g, request

from portal.api.problems import IDEMPOTENCY, KeyNeeded, ScopeNeeded
from portal.clock import real_now
from portal.domain.errors import Invalid
from portal.domain.networks import network
from portal.extensions import settings
from portal.operations import keys, usage
from portal.operations.actors import Actor
from portal.operations.keys import KeyCard
from portal.operations.once import Once
from portal.web.limits import count

PER_MAIL = "20 per hour"  # as on the pages: a stranger's mailbox is not ours to fill
LONGEST_ONCE = 128  # characters of an idempotency key


@dataclass(frozen=True, slots=True)
class Caller:
    """A program with its key, or whoever calls from ``address`` without one."""

    key: KeyCard | None
    address: str

    def has(self, scope: str) -> bool:
        """Tell whether a key with this scope was shown."""
        return self.key is not None and scope in self.key.scopes

    def require(self, scope: str) -> None:
        """Go on only with a key of this scope. Raises KeyNeeded, ScopeNeeded."""
        if self.key is None:
            raise KeyNeeded
        if scope not in self.key.scopes:
            raise ScopeNeeded(scope=scope)

    def actor(self, *, staff: bool) -> Actor:
        """Name who acts, for the history."""
        return Actor(f"key:{self.key.name}" if self.key else "customer", "api", staff=staff)

    def once(self, scope: str | None = None) -> Once | None:
        """Give the idempotency key of this request. Its owner: the API key, ``scope`` (a link), or the address.

        Raises Invalid for a key that is empty, too long or not printable.
        """
        text = request.headers.get(IDEMPOTENCY)
        if text is None:
            return None
        if not 0 < len(text) <= LONGEST_ONCE or not text.isascii() or not text.isprintable():
            raise Invalid(field=IDEMPOTENCY, problem="idempotency_key")
        return Once(f"key:{self.key.id}" if self.key else scope or f"address:{_pseudonym(self.address)}", text)


def identify() -> Caller:
    """Find out who calls, and count the call. Raises KeyNeeded for a key we do not know, RateLimited."""
    given, address = request.headers.get("Authorization"), request.remote_addr or "-"
    key = _key(given) if given is not None else None
    if key is not None:
        count(settings().ratelimit_key, "api-key", str(key.id))
        usage.note_use("key", key.id, real_now())
    else:
        count(settings().ratelimit_public, "api-address", network(address))
    if given is not None and key is None:
        raise KeyNeeded
    g.caller = Caller(key, address)
    return caller()


def caller() -> Caller:
    """Give who calls, once identified."""
    return cast(Caller, g.caller)


def count_mail(email: str) -> None:
    """Count a booking for a mail address by somebody without a key. Raises RateLimited."""
    if caller().key is None and settings().ratelimit_public:
        count(PER_MAIL, "api-mail", _pseudonym(email))


def _key(header: str) -> KeyCard | None:
    scheme, _, secret = header.partition(" ")
    return keys.find(secret.strip()) if scheme.lower() == "bearer" else None


def _pseudonym(text: str) -> str:
    """Hide whom a row or a counter is about from those who read it."""
    return hmac.new(settings().secret_key.encode(), text.encode(), sha256).hexdigest()[:32]
