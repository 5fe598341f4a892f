"""Text typed by strangers, made harmless for headers, subjects and calendar lines.

Nothing visible is lost: only characters that end a line, steer a terminal or cannot be written in UTF-8 go.
"""

from __future__ import annotations

import re

# Everything else that some reader takes for the end of a line: Python's own `splitlines` knows all of these.
_BREAKS = re.compile("[\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
# Controls but tab and newline, and the halves of surrogate pairs, which have no UTF-8.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

_JOINTS = re.compile(r"[ \t]*[\n\t][\n\t ]*")


def lines(text: str) -> str:
    r"""Keep the lines of a text, each ended by ``\n``, without control characters.

    >>> lines("Quai 3\r\nBEGIN:VEVENT\x00")
    'Quai 3\nBEGIN:VEVENT'
    """
    return _UNWANTED.sub("", _BREAKS.sub("\n", text.replace("\r\n", "\n")))


def line(text: str) -> str:
    r"""Make one line of a text: what broke lines becomes one space.

    >>> line("Jean\r\nBcc: all@example.com")
    'Jean Bcc: all@example.com'
    """
    return _JOINTS.sub(" ", lines(text)).strip(" ")
