"""Codes that a telephone scans: from paper to a page."""

from __future__ import annotations

from functools import lru_cache

import segno
from markupsafe import Markup

from portal.extensions import settings
from portal.i18n import _


def gate_code(reference: str) -> Markup:
    """Draw the code that the gate scans. It holds the reference, never a token: paper is left lying about."""
    label = _("QR code of reference %(reference)s", reference=reference)
    return code(f"{settings().public_url}/admin/gate/{reference}", label)


def code(text: str, label: str) -> Markup:
    """Draw the code of an address; ``label`` says what it is to those who hear the page."""
    named = Markup('<svg role="img" aria-label="{}" ').format(label)
    return Markup(_drawn(text).replace("<svg ", str(named), 1))  # noqa: S704 - made of numbers by the library


@lru_cache(1024)
def _drawn(text: str) -> str:
    # Trying all eight masks takes ten times as long and makes no difference to a scanner.
    made = segno.make(text, error="m", micro=False, mask=2)
    drawn: str = made.svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None)
    return drawn
