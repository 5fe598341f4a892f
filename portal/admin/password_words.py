"""What is asked of a password, in words."""

from __future__ import annotations

from portal.domain.errors import Refusal
from portal.i18n import _
from portal.operations.passwords import LONGEST, SHORTEST
from portal.web.texts import explain


def password_hint() -> str:
    """Say before anybody types which passwords are taken."""
    return _(
        "%(shortest)s to %(longest)s characters: several words are easy to remember. Not your address, the name of "
        "the company, or what everybody tries first.",
        shortest=SHORTEST,
        longest=LONGEST,
    )


def password_text(refusal: Refusal) -> str:
    """Say which rule a password breaks."""
    words = {
        "password_length": _(
            "A password has %(shortest)s to %(longest)s characters.", shortest=SHORTEST, longest=LONGEST
        ),
        "password_address": _("Your address is no password: it is known. Choose another one."),
        "password_common": _("This is one of the passwords that are tried first. Choose another one."),
    }
    return words.get(str(refusal.values.get("problem"))) or explain(refusal)
