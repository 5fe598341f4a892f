"""What kind of picture some bytes are, and how large, by their own heads: names and types of files say anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portal.domain.errors import Invalid

PNG = b"\x89PNG\r\n\x1a\n"
SMALLEST, LARGEST = 16, 4000  # pixels of a side
HEAVIEST = 200_000  # bytes
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the markers of a JPEG that tell its size


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's media type, and its width and height in pixels."""

    type: str
    width: int
    height: int


def measure(content: bytes) -> Picture:
    """Look at a picture for pages: PNG, JPEG or WebP. Raises Invalid.

    An SVG is refused: it is a document that may hold scripts and fetch from elsewhere.
    """
    if len(content) > HEAVIEST:
        raise Invalid(field="logo", problem="too_heavy")
    picture = _png(content) or _jpeg(content) or _webp(content)
    if picture is None:
        raise Invalid(field="logo", problem="svg" if b"<svg" in content[:1000].lower() else "not_a_picture")
    if not all(SMALLEST <= side <= LARGEST for side in (picture.width, picture.height)):
        raise Invalid(field="logo", problem="size", width=picture.width, height=picture.height)
    return picture


def _png(content: bytes) -> Picture | None:
    if not content.startswith(PNG) or content[12:16] != b"IHDR" or b"IEND" not in content[-12:]:
        return None
    return Picture("image/png", _big(content[16:20]), _big(content[20:24]))


def _jpeg(content: bytes) -> Picture | None:
    if not content.startswith(b"\xff\xd8\xff"):
        return None
    frame = next((start for marker, start in _segments(content) if marker in FRAMES), None)
    if frame is None or len(content) < frame + 7:
        return None
    return Picture("image/jpeg", _big(content[frame + 5 : frame + 7]), _big(content[frame + 3 : frame + 5]))


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield each segment of a JPEG before its image: marker, and where its length stands."""
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != 0xDA:
        if content[place + 1] == 0xFF:  # fill bytes may stand before a marker
            place += 1
            continue
        yield content[place + 1], place + 2
        place += 2 + max(2, _big(content[place + 2 : place + 4]))


def _webp(content: bytes) -> Picture | None:
    """Read the first chunk: plain, lossless, or extended (RFC 9649)."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    kind = content[12:16]
    if kind == b"VP8X":
        return Picture("image/webp", _little(content[24:27]) + 1, _little(content[27:30]) + 1)
    if kind == b"VP8L" and content[20] == 0x2F:
        bits = _little(content[21:25])
        return Picture("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        return Picture("image/webp", _little(content[26:28]) & 0x3FFF, _little(content[28:30]) & 0x3FFF)
    return None


def _big(number: bytes) -> int:
    return int.from_bytes(number, "big")


def _little(number: bytes) -> int:
    return int.from_bytes(number, "little")
