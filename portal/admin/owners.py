"""What asks questions and has rules of its own: plannings, and services; their pages are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.admin import editor, service_pages
from portal.operations import plannings, process_previews, questions, services
from portal.operations.process_previews import Effect
from portal.operations.questions import Asker

PATH = "/<any(plannings,services):owner>/<key>"


@dataclass(frozen=True, slots=True)
class Owner:
    """Plannings, or services: ``name`` stands in addresses and is the room, ``page`` is the endpoint of its own page.

    ``meanwhile`` says that somebody else saved it.
    """

    name: str
    page: str
    meanwhile: Any
    opened: Callable[[str], Any]
    changeable: Callable[[str], Any]
    asker: Asker
    save_rules: Callable[..., None]
    effects: Callable[[str, Mapping[str, Any], datetime], list[Effect]]


OWNERS = {
    "plannings": Owner(
        "plannings",
        "admin.plannings.edit",
        _l("Somebody else saved this planning meanwhile"),
        editor.opened,
        editor.changeable,
        questions.PLANNINGS,
        plannings.save_rules,
        lambda key, rules, now: process_previews.of_planning(key, rules, now=now),
    ),
    "services": Owner(
        "services",
        "admin.services.edit",
        _l("Somebody else saved this service meanwhile"),
        service_pages.opened,
        service_pages.changeable,
        questions.SERVICES,
        services.save_rules,
        lambda key, rules, now: process_previews.of_service(key, rules, now=now),
    ),
}
