"""The company that runs the portal: what commands need to speak its language."""

from __future__ import annotations

from sqlalchemy import select

from portal.extensions import reading, settings
from portal.models import Organisation


def locale() -> str:
    """Name the organisation's language."""
    with reading() as session:
        return session.scalar(select(Organisation.locale)) or settings().default_locale
