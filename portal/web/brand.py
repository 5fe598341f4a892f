"""The company on its pages: name, logo, colours and its own texts, asked for once a page.

The policy allows no style inside a page, so the company's colours come as a tiny sheet. It and the logo are named by
their content: browsers keep them for a year.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from flask import Blueprint, Flask, Response, abort, g, url_for
from markupsafe import Markup

from portal.domain import colours
from portal.domain.colours import Shades
from portal.i18n import current_locale
from portal.operations import organisation
from portal.operations.organisation import Card, Logo

bp = Blueprint("brand", __name__)
FOR_GOOD = "public, max-age=31536000, immutable"
WIDE = 2.0  # a logo that is so much wider than high holds the name already


def company() -> Card:
    """Give the company that runs the portal."""
    if "company" not in g:
        g.company = organisation.card()
    found: Card = g.company
    return found


def company_name() -> str:
    """Name the company that runs the portal."""
    return company().name


def logo() -> Logo | None:
    """Give the company's picture."""
    return organisation.logo(company())


def says_name(picture: Logo) -> bool:
    """Tell whether a logo stands for the name, too, rather than beside it."""
    return picture.width >= WIDE * picture.height


def theme_url() -> str:
    """Give the address of the company's colours, or nothing where it has none of its own."""
    accent = company().accent
    return url_for("brand.theme", digest=_digest(sheet_of(accent))) if accent else ""


def own_text(name: str) -> Markup:
    """Give a text that the company wrote itself, sanitised; empty: the portal has one."""
    return Markup(organisation.text(company(), name, current_locale()))  # noqa: S704 - cleaned by operations.legal


@cache
def sheet_of(accent: str) -> str:
    """Write the sheet of a company's colour: the tokens of portal.css made of it."""
    light, dark = colours.shades(accent)
    tokens = {"accent": "accent", "accent-2": "hover", "on-accent": "on", "accent-soft": "soft", "accent-line": "line"}
    lines = "\n".join(f"    --{token}: {_pair(light, dark, name)};" for token, name in tokens.items())
    return f"@layer tokens {{\n  :root {{\n{lines}\n  }}\n}}\n"


def _pair(light: Shades, dark: Shades, name: str) -> str:
    return f"light-dark({getattr(light, name)}, {getattr(dark, name)})"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


@bp.get("/theme-<digest>.css")
def theme(digest: str) -> Response:
    """Send the company's colours."""
    accent = company().accent
    if accent is None or _digest(sheet_of(accent)) != digest:
        abort(404)
    return Response(sheet_of(accent), mimetype="text/css", headers={"Cache-Control": FOR_GOOD})


@bp.get("/logo-<digest>")
def picture(digest: str) -> Response:
    """Send the company's logo, as nothing but the picture that it is."""
    found = logo()
    if found is None or found.digest != digest:
        abort(404)
    return Response(found.content, mimetype=found.type, headers={"Cache-Control": FOR_GOOD})


def init_app(app: Flask) -> None:
    """Give the templates the company."""
    app.register_blueprint(bp)
    app.jinja_env.globals.update(
        organisation=company_name, company_logo=logo, says_name=says_name, theme_url=theme_url, own_text=own_text
    )
