"""Tokens of links: derived from a public id, never stored, revoked by raising the generation.

A token is the base64url of 16 random bytes (the public id) and 24 bytes of HMAC-SHA-256, by the first key of
``LINK_KEY``, over purpose, id and generation. The purpose is inside, so a token for one thing opens nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from hashlib import sha256

from portal.domain.errors import LinkUnknown
from portal.extensions import settings

ID_BYTES, MAC_BYTES = 16, 24

BOOK = "book"
MANAGE = "manage"
INVITE = "invite"
RESET = "reset"
VALIDATE = "validate"
OFFER = "offer"
WAIT = "wait"
CONTINUE = "continue"
CONFIRM = "confirm"
HOLD = "hold"
FEED = "feed"


def new_public_id() -> str:
    """Draw 16 random bytes, in hexadecimal."""
    return secrets.token_hex(ID_BYTES)


def token(purpose: str, public_id: str, generation: int) -> str:
    """Derive the token of a link, with the newest key."""
    mac = _mac(settings().link_keys[0], purpose, public_id, generation)
    return _written(bytes.fromhex(public_id) + mac)


def public_id_of(text: str) -> str:
    """Read the public id of a token, not yet verified. Raises ``LinkUnknown`` for anything of another shape."""
    return _split(text)[0].hex()


def verified(text: str, purpose: str, generation: int) -> bool:
    """Tell whether a token was made by us, by any of the keys, for this purpose and this generation."""
    identity, mac = _split(text)
    expected = [_mac(key, purpose, identity.hex(), generation) for key in settings().link_keys]
    return any([hmac.compare_digest(mac, one) for one in expected])  # noqa: C419 - every key is compared, in constant time


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _split(text: str) -> tuple[bytes, bytes]:
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise LinkUnknown from error
    if len(raw) != ID_BYTES + MAC_BYTES or _written(raw) != text:
        raise LinkUnknown
    return raw[:ID_BYTES], raw[ID_BYTES:]


def _mac(key: str, purpose: str, public_id: str, generation: int) -> bytes:
    message = f"{purpose}\x00{public_id}\x00{generation}".encode()
    return hmac.new(key.encode(), message, sha256).digest()[:MAC_BYTES]
