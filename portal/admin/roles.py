"""The roles, in words: what they are called, and what who has one may do."""

from __future__ import annotations

from portal.i18n import _


def role_name(role: str) -> str:
    """Name a role."""
    return {"admin": _("Administrator"), "manager": _("Manager"), "agent": _("Agent"), "viewer": _("Viewer")}[role]


def role_duties(role: str) -> str:
    """Say what somebody with a role may do."""
    return {
        "admin": _("Everything, for every site: also users, API keys, settings and the audit log."),
        "manager": _("Plannings, sites, orders, customers, links and reports, and all that an agent does."),
        "agent": _("Works at the gate: sees the day, marks arrivals, books, moves and cancels appointments."),
        "viewer": _("Looks at everything of the sites given, and changes nothing."),
    }[role]
