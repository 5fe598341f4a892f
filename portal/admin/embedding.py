"""The booking pages on the company's own website: the code to copy, and which websites may show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, Response, request, url_for
from markupsafe import Markup

from portal.admin.guard import EDIT, needs, scope
from portal.config import LOCALES
from portal.extensions import settings
from portal.i18n import _, catalogue, current_locale, named
from portal.operations import open_sites
from portal.operations.bookables import Bookable
from portal.web.frame import NAMES
from portal.web.responses import page

bp = Blueprint("embedding", __name__)
CODE = Markup('<script src="{script}"{names}></script>\n<noscript><a href="{link}">{text}</a></noscript>')


@dataclass(frozen=True, slots=True)
class Place:
    """Something to show: all that guests may book at a site, or a planning or service of it.

    ``value`` stands in the form.
    """

    value: str
    text: str
    site: str
    planning: str | None = None
    service: str | None = None

    @property
    def path(self) -> str:
        """The address of its booking page, within the portal."""
        if self.service is not None:
            return url_for("guest.service", site=self.site, service=self.service)
        if self.planning is not None:
            return url_for("guest.planning", site=self.site, key=self.planning)
        return url_for("guest.choose", site=self.site)


@bp.get("/embedding")
@needs(EDIT)
def show() -> Response:
    """Give the code for what is chosen, else for the first thing there is."""
    places = list(_places())
    chosen = next((one for one in places if one.value == request.args.get("place")), places[0] if places else None)
    lang = request.args.get("lang", "")
    lang = lang if lang in LOCALES else ""
    return page(
        "admin/embedding/show.html",
        places=places,
        chosen=chosen,
        languages=[(code, NAMES[code]) for code in LOCALES],
        lang=lang,
        code=_code(chosen, lang) if chosen is not None else "",
        origins=settings().embed_origins,
    )


def _places() -> Iterator[Place]:
    """List what guests may book at the sites of whoever is logged in."""
    for found in open_sites.open_sites():
        site = found.site
        if not scope().sees(site.id):
            continue
        yield Place(site.key, _("%(site)s: everything", site=site.name), site.key)
        for one in found.plannings:
            key = one.item.key
            yield Place(f"{site.key}/{key}", _text(one), site.key, planning=key)
        for one in found.services:
            key = one.item.key
            yield Place(f"{site.key}/service/{key}", _text(one), site.key, service=key)


def _text(bookable: Bookable) -> str:
    return _("%(site)s: %(planning)s", site=bookable.site.name, planning=named(bookable.item))


def _code(place: Place, lang: str) -> str:
    """Write the tag of the script, and a link for those whose browser runs none."""
    names = {"site": place.site, "planning": place.planning, "service": place.service, "lang": lang}
    base, query = settings().public_url, f"?lang={lang}" if lang else ""
    return CODE.format(
        script=f"{base}/embed.js",
        names=Markup("").join(Markup(' data-{}="{}"').format(name, value) for name, value in names.items() if value),
        link=f"{base}{place.path}{query}",
        text=catalogue(lang or current_locale()).gettext("Book an appointment"),
    )
