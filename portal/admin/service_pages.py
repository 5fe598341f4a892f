"""Services as pages open them: those of others' sites are not there."""

from __future__ import annotations

from portal.admin.guard import seen, theirs
from portal.operations import services
from portal.operations.services import Sheet


def opened(key: str) -> Sheet:
    """Read a service of which one site is theirs who are logged in; others are not there."""
    return seen(services.read(key))


def changeable(key: str) -> Sheet:
    """Read a service that is theirs to change: all of its sites are."""
    return theirs(opened(key))
