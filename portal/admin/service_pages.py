"""Services as pages open them: those of others' sites are not there."""

from __future__ import annotations

from flask import abort

from portal.admin.guard import scope
from portal.operations import services
from portal.operations.services import Sheet


def opened(key: str) -> Sheet:
    """Read a service of which one site is theirs who are logged in; others are not there."""
    sheet = services.read(key)
    if not sheet.seen_by(scope()):
        abort(404)
    return sheet


def changeable(key: str) -> Sheet:
    """Read a service that is theirs to change: all of its sites are."""
    sheet = opened(key)
    if not sheet.changed_by(scope()):
        abort(404)
    return sheet
