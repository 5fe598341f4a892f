"""The company: name, language, logo, colour, texts of its own, how long appointments keep their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from babel.numbers import format_decimal
from flask import Blueprint, Response, flash, request, url_for
from markupsafe import Markup

from portal.admin.conflicts import differences
from portal.admin.durations import all_written
from portal.admin.guard import ADMIN, actor, needs
from portal.admin.organisation_forms import PORTAL, LogoForm, OrganisationForm, TextForm
from portal.admin.sites import ZONES
from portal.clock import now
from portal.config import LOCALES
from portal.domain import colours
from portal.domain.colours import Shades
from portal.domain.errors import Invalid, Refusal, StateChanged
from portal.i18n import _, current_locale
from portal.operations import legal, organisation, retention, sites
from portal.operations.organisation import Card, Plan
from portal.web.responses import go, page, show
from portal.web.texts import explain

bp = Blueprint("organisation", __name__)
EDITED = ("name", "locale", "timezone", "sender_name", "accent", "retention_months")


@dataclass(frozen=True, slots=True)
class Trial:
    """A colour on light and on dark pages; ``facts`` say in words how it reads."""

    own: bool
    readable: bool
    light: Shades
    dark: Shades
    facts: tuple[tuple[str, str], ...]


@bp.route("/organisation", methods=["GET", "POST"])
@needs(ADMIN)
def edit() -> Response:
    """Show the company, and save it. ``accent`` in the address tries a colour on."""
    card = organisation.card()
    if request.method == "GET":
        return _show(_form_of(card, request.args.get("accent")), card)
    form = OrganisationForm(request.form)
    if not form.validate():
        return _show(form, card, 422)
    plan = _plan(form)
    gone = retention.forgotten(card.retention_months, plan.retention_months, now=now())
    if gone and request.form.get("seen") != f"{plan.retention_months}-{gone}":
        return _show(form, card, 422, gone=gone)
    try:
        organisation.save(request.form.get("revision", ""), plan, now=now(), by=actor())
    except StateChanged:
        return _show(form, card, 409, conflict=differences(_form_of(card), form), revision=card.revision)
    except Invalid as refusal:
        form.refuse(str(refusal.values.get("field", "")), _worded(refusal))
        return _show(form, card, 422)
    flash(_("The organisation is saved."))
    return go(url_for("admin.organisation.edit"))


def _form_of(card: Card, tried: str | None = None) -> OrganisationForm:
    accent = card.accent or "" if tried is None else tried.strip()[:7]
    values = {name: getattr(card, name) for name in EDITED}
    return OrganisationForm(**{**values, "accent": accent, "picked": card.accent or PORTAL})


def _plan(form: OrganisationForm) -> Plan:
    return Plan(
        name=form.name.data,
        locale=form.locale.data,
        timezone=form.timezone.data,
        sender_name=form.sender_name.data or "",
        accent=form.colour or None,
        retention_months=form.retention_months.data,
    )


def _show(
    form: OrganisationForm,
    card: Card,
    status: int = 200,
    *,
    revision: str | None = None,
    conflict: list[str] | None = None,
    logo: LogoForm | None = None,
    gone: int = 0,
) -> Response:
    typed = request.form.get("revision", card.revision)
    form.settle()
    return show(
        "admin/organisation/edit.html",
        "admin/organisation/_colour.html",
        status=status,
        form=form,
        logo_form=logo or LogoForm(),
        card=card,
        revision=typed if revision is None else revision,
        conflict=conflict,
        gone=gone,
        trial=_trial(form.colour),
        zones=ZONES,
        sites=sites.overview(now=now()),
        lengths_text=all_written,
        texts=_texts(),
    )


def _trial(colour: str) -> Trial | None:
    """Try a colour on; None where it is none."""
    try:
        accent = colours.read(colour or PORTAL)
    except Invalid:
        return None
    light, dark = colours.shades(accent)
    on_light, upon, on_dark = (
        colours.weakest(accent, colours.LIGHT),
        colours.contrast(accent, light.on),
        colours.weakest(dark.accent, colours.DARK),
    )
    facts = (
        (_("On light pages"), contrast_text(on_light)),
        (_("White letters upon it"), contrast_text(upon)),
        (_("On dark pages, lightened to %(colour)s", colour=dark.accent), contrast_text(on_dark)),
    )
    return Trial(bool(colour), colours.readable(accent), light, dark, facts)


def contrast_text(ratio: float) -> str:
    """Say how a contrast reads: "8.9 to 1, reads very well"."""
    shown = format_decimal(ratio, "0.0", locale=current_locale())
    if ratio >= colours.COMFORTABLE:
        return _("%(ratio)s to 1: reads very well", ratio=shown)
    if ratio >= colours.ENOUGH:
        return _("%(ratio)s to 1: reads well", ratio=shown)
    return _("%(ratio)s to 1: cannot be read by everybody, 4.5 are needed", ratio=shown)


def _worded(refusal: Refusal) -> str:
    """Say what is wrong with a value of the company's."""
    sentences = {
        "not_a_colour": _("Write a colour as # and six digits or letters from a to f, such as #a1241c."),
        "unreadable_colour": _("This colour is too light to be read on light pages. Choose a darker one."),
        "too_heavy": _("This file is too large: a logo has 200 kB at most."),
        "svg": _("SVG files are not accepted, for they can hold programs. Save the logo as PNG, then send it again."),
        "not_a_picture": _("This is no picture that pages can show. Send a PNG, JPEG or WebP file."),
        "size": _("A logo has 16 to 4000 pixels on each side."),
        "too_long": _("Shorten this text."),
    }
    return sentences.get(str(refusal.values.get("problem"))) or explain(refusal)


@bp.post("/organisation/logo")
@needs(ADMIN)
def set_logo() -> Response:
    """Take the picture that was sent as the logo."""
    file = request.files.get("logo")
    content = file.stream.read() if file is not None else b""
    if not content:
        return _refuse_logo(_("Choose a file."))
    try:
        organisation.set_logo(request.form.get("revision", ""), content, now=now(), by=actor())
    except Refusal as refusal:
        return _refuse_logo(_changed() if isinstance(refusal, StateChanged) else _worded(refusal), refusal.status)
    flash(_("The logo is saved."))
    return go(url_for("admin.organisation.edit"))


@bp.post("/organisation/logo/remove")
@needs(ADMIN)
def remove_logo() -> Response:
    """Show the portal's own mark again."""
    try:
        organisation.remove_logo(request.form.get("revision", ""), now=now(), by=actor())
    except StateChanged as refusal:
        return _refuse_logo(_changed(), refusal.status)
    flash(_("The logo is removed."))
    return go(url_for("admin.organisation.edit"))


def _changed() -> str:
    return _("Somebody else changed the organisation meanwhile. Look at it, then send this again.")


def _refuse_logo(message: str, status: int = 422) -> Response:
    card = organisation.card()
    form = LogoForm()
    form.refuse("logo", message)
    return _show(_form_of(card), card, status, logo=form, revision=card.revision)


# Texts


@bp.route("/organisation/texts/<any(legal, privacy, accessibility):name>", methods=["GET", "POST"])
@needs(ADMIN)
def text(name: str) -> Response:
    """Show one of the company's own texts, preview it, and save it."""
    saved = organisation.texts().get(name, {})
    revision = organisation.card().revision
    if request.method == "GET":
        return _show_text(name, TextForm(**saved), revision)
    form = TextForm(request.form)
    typed = {locale: form[locale].data or "" for locale in LOCALES}
    given = request.form.get("revision", "")
    if not form.validate():
        return _show_text(name, form, given, 422)
    if "save" not in request.form:
        return _show_text(name, form, given, preview=True)
    return _save_text(name, form, typed, given, now()) or _show_text(name, form, given, 422)


def _save_text(name: str, form: TextForm, typed: dict[str, str], revision: str, moment: datetime) -> Response | None:
    """Save a text; None when a field of the form says why not."""
    try:
        organisation.save_text(revision, name, typed, now=moment, by=actor())
    except StateChanged:
        form.form_errors.append(
            _("Somebody else changed the organisation meanwhile. Nothing of yours is lost: save again to keep yours.")
        )
        return _show_text(name, form, organisation.card().revision, 409)
    except Invalid as refusal:
        form.form_errors.append(_worded(refusal))
        return None
    flash(_("The text is saved."))
    return go(url_for("admin.organisation.text", name=name))


def _show_text(name: str, form: TextForm, revision: str, status: int = 200, *, preview: bool = False) -> Response:
    title, lead = _text_title(name)
    return page(
        "admin/organisation/text.html",
        status,
        name=name,
        title=title,
        lead=lead,
        form=form,
        revision=revision,
        preview=_preview(form) if preview else [],
    )


def _preview(form: TextForm) -> list[tuple[str, str, Markup]]:
    """Render what was typed, by language: the field's name, its label, its harmless HTML."""
    return [
        (locale, form[locale].label.text, Markup(legal.rendered(form[locale].data or "")))  # noqa: S704 - cleaned there
        for locale in LOCALES
    ]


def _text_title(name: str) -> tuple[str, str]:
    return {
        "legal": (_("Legal notice"), _("Who publishes and hosts the portal.")),
        "privacy": (_("Personal data"), _("What is kept of people, for how long, and whom to ask.")),
        "accessibility": (_("Accessibility"), _("How far the pages follow the rules, and whom to tell.")),
    }[name]


def _texts() -> list[tuple[str, str, str, str]]:
    """List the texts: name, title, what it is for, whose it is."""
    own = organisation.texts()
    return [(name, *_text_title(name), _languages(own.get(name, {}))) for name in legal.TEXTS]


def _languages(said: Mapping[str, str]) -> str:
    """Say in which languages the company wrote a text itself."""
    names = {"fr": _("in French"), "en": _("in English")}
    own = [names[locale] for locale in LOCALES if said.get(locale)]
    return _("your own text, %(languages)s", languages=", ".join(own)) if own else _("the portal’s text")
