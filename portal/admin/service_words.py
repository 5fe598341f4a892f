"""Services in words: how people meet, what is needed, and what a change means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.domain.fields import Words, said
from portal.domain.matching import Requirement
from portal.i18n import _, current_locale
from portal.operations.service_fits import SiteFit
from portal.operations.service_previews import ServiceEffect
from portal.web.lengths import listed, minutes_in_words

MEETINGS = [("in_person", _l("In person")), ("phone", _l("By telephone")), ("video", _l("By video"))]


def meeting_text(mode: str) -> str:
    """Say how people meet."""
    return str(dict(MEETINGS)[mode])


def length_text(minutes: int, buffers: int) -> str:
    """Say how long a service takes, with the time that is kept free around it."""
    length = minutes_in_words(minutes)
    return _("%(length)s, and %(more)s around it", length=length, more=minutes_in_words(buffers)) if buffers else length


def need_text(one: Requirement, skills: Mapping[str, Words]) -> str:
    """Say what a requirement is: "2 people (Valuation from level 3 on)"."""
    locale = current_locale()
    details = [
        *(_skill_text(said(skills.get(key, {}), locale) or key, level) for key, level in sorted(one.skills.items())),
        *([_("for %(number)s people or more", number=one.persons)] if one.persons is not None else []),
        *sorted(one.features),
        *([_("if one is free")] if one.optional else []),
    ]
    named = kind_text(one.kind, one.count)
    return f"{named} ({', '.join(details)})" if details else named


def _skill_text(name: str, level: int) -> str:
    return _("%(skill)s from level %(level)s on", skill=name, level=level) if level else name


def kind_text(kind: str, number: int) -> str:
    """Count resources of a kind."""
    return {
        "staff": str(ngettext("%(num)s person", "%(num)s people", number)),
        "room": str(ngettext("%(num)s room", "%(num)s rooms", number)),
        "asset": str(ngettext("%(num)s piece of equipment", "%(num)s pieces of equipment", number)),
    }[kind]


def needs_text(requires: Iterable[Requirement], skills: Mapping[str, Words]) -> str:
    """Say in short what a service needs."""
    found = [need_text(one, skills) for one in requires]
    return listed(found) if found else ""


def warnings(fit: SiteFit, planning: str) -> list[str]:
    """Say why nobody could book a service at a site as it stands; nothing when somebody could."""
    found = [_lacking(one.requirement, len(one.names)) for one in fit.needs if not one.enough]
    if not found and not fit.together:
        found.append(_("One person or thing cannot do two of these at once: there are too few for all together."))
    if not fit.planned:
        found.append(_("The planning “%(planning)s” does not apply to this site.", planning=planning))
    return found


def _lacking(one: Requirement, number: int) -> str:
    if number >= one.count:
        return _("Those who could have no opening hours: give them a planning.")
    if number:
        return _("Needs %(count)s, and %(number)s fit.", count=one.count, number=number)
    return _("Nobody can do this here.") if one.kind == "staff" else _("Nothing fits here.")


def effect_texts(effect: ServiceEffect, mode: str) -> list[str]:
    """Say what a change means for the appointments to come, which all stay; ``mode`` is how people will meet."""
    found = []
    if effect.times:
        found.append(
            str(
                ngettext(
                    "%(num)s appointment to come keeps its length and the time around it.",
                    "%(num)s appointments to come keep their length and the time around them.",
                    effect.times,
                )
            )
        )
    if effect.needs:
        found.append(
            str(
                ngettext(
                    "%(num)s appointment to come keeps the people, rooms and equipment that it has.",
                    "%(num)s appointments to come keep the people, rooms and equipment that they have.",
                    effect.needs,
                )
            )
        )
    if effect.meeting:
        found.append(
            str(
                ngettext(
                    "%(num)s appointment to come will be held %(how)s. Nobody is told.",
                    "%(num)s appointments to come will be held %(how)s. Nobody is told.",
                    effect.meeting,
                    how=meeting_text(mode).lower(),
                )
            )
        )
    if effect.retired:
        found.append(
            str(
                ngettext(
                    "%(num)s appointment to come stays, and no other can be booked.",
                    "%(num)s appointments to come stay, and no other can be booked.",
                    effect.retired,
                )
            )
        )
    return [*found, *(_left_text(one.site, one.count) for one in effect.left)]


def _left_text(site: str, count: int) -> str:
    return str(
        ngettext(
            "%(num)s appointment to come at %(site)s stays, and no other can be booked there.",
            "%(num)s appointments to come at %(site)s stay, and no other can be booked there.",
            count,
            site=site,
        )
    )
