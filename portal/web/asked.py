"""What those who answer requests see and type, in the mail's page and in the staff area."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import TextAreaField
from wtforms.validators import Length

from portal.domain.errors import OutsideWindow, SlotNotOffered, SlotTaken
from portal.i18n import _
from portal.operations.requests import Room
from portal.web.forms import check_text, stripped
from portal.web.texts import reason_text

REASON = 500  # characters
GONE = (SlotTaken, SlotNotOffered, OutsideWindow)
"""What accepting is refused with when the place that was asked for is no longer there."""


def reason_field() -> TextAreaField:
    """Give a reason of several lines, which the customer reads."""
    rules = [Length(max=REASON, message=_l("Shorten this reason.")), check_text]
    return TextAreaField(_l("Reason, for the customer"), filters=[stripped], validators=rules)


def room_text(room: Room) -> str:
    """Say how full the hour is, without the request itself."""
    return str(
        ngettext(
            "%(present)s of %(num)s place is taken by others at that time.",
            "%(present)s of %(num)s places are taken by others at that time.",
            room.places,
            present=room.present,
        )
    )


def lost_text(room: Room) -> str:
    """Say why the place that was asked for is not there any more; nothing while it is."""
    if room.judged.offered:
        return ""
    reason = room.judged.reasons[0].value
    return _("All places of that time are taken by now.") if reason == "full" else reason_text(reason)
