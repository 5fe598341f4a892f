"""The words of mails: ours, or the company's own, tried on an appointment while they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, abort, flash, request, url_for
from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, URLSafeSerializer
from wtforms import SelectField, StringField, TextAreaField

from portal.admin.forms import StaffForm
from portal.admin.guard import ADMIN, actor, needs, staff
from portal.admin.mail_text_words import (
    holders,
    names_for_customers,
    names_for_people,
    names_for_sites,
    problem_text,
    title_of,
)
from portal.admin.moments import moment_text
from portal.clock import now
from portal.config import LOCALES
from portal.delivery.facts import Letter
from portal.delivery.letters import compose
from portal.delivery.mail import Mail
from portal.domain.errors import Invalid, StateChanged
from portal.domain.mail_texts import KINDS, OURS, MailText, checked
from portal.extensions import settings
from portal.i18n import _
from portal.operations import mail_texts
from portal.operations.cards import AppointmentCard
from portal.web.mail_frame import framed
from portal.web.mail_samples import shown
from portal.web.responses import go, page, show

bp = Blueprint("mail_texts", __name__, url_prefix="/settings/mails")
ONE = "/<kind>/<locale>"
LONGEST_ADDRESS = 3500  # characters that every server takes


class WordsForm(StaffForm):
    """The words of one mail, and the appointment to try them on."""

    subject = StringField(_l("Subject"))
    opening = TextAreaField(_l("Opening words"))
    sample = SelectField(_l("Shown with"), validate_choice=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A mail in the list, with its words by language: whose they are, and whether they can be used."""

    name: str
    title: str
    words: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A mail as it would be, and the address of its HTML, empty where that is too long."""

    mail: Mail
    frame_url: str


@bp.get("")
@needs(ADMIN)
def index() -> Response:
    """List the mails, and whose words they have in each language."""
    texts = mail_texts.every()
    groups = [
        (_("To customers"), [_line(name, texts) for name in names_for_customers()]),
        (_("To the people assigned"), [_line(name, texts) for name in names_for_people()]),
        (_("To the site"), [_line(name, texts) for name in names_for_sites()]),
    ]
    return page("admin/mail_texts/index.html", groups=groups)


def _line(name: str, texts: mail_texts.Texts) -> Line:
    return Line(name, title_of(name), [(locale, _whose(name, texts.get((name, locale), OURS))) for locale in LOCALES])


def _whose(name: str, text: MailText) -> str:
    if not text:
        return "ours"
    return "own" if mail_texts.usable(name, text) else "broken"


@bp.route(ONE, methods=["GET", "POST"])
@needs(ADMIN)
def edit(kind: str, locale: str) -> Response:
    """Show the words of a mail, try them, send a test with them, and save them."""
    saved = mail_texts.one(kind, locale)
    if request.method == "GET":
        return _Page(kind, locale, saved, _form_of(saved)).show()
    form = WordsForm(request.form)
    typed = MailText(form.subject.data or "", form.opening.data or "")
    page_ = _Page(kind, locale, saved, form)
    try:
        words = checked(kind, typed)
    except Invalid as refusal:
        form.refuse(str(refusal.values["field"]), problem_text(refusal, KINDS[kind]))
        return page_.show(422, words=OURS)
    if "test" in request.form:
        return page_.send_test(words)
    return page_.save(words) if "save" in request.form else page_.show(words=words)


@bp.post(f"{ONE}/reset")
@needs(ADMIN)
def reset(kind: str, locale: str) -> Response:
    """Put our words back in their place."""
    try:
        mail_texts.save(kind, locale, request.form.get("seen", ""), OURS, now=now(), by=actor())
    except StateChanged:
        flash(_("Somebody else changed these words meanwhile. Look at them, then try again."))
    else:
        flash(_("The portal’s words are back."))
    return go(url_for("admin.mail_texts.edit", kind=kind, locale=locale))


@bp.get(f"{ONE}/html")
@needs(ADMIN)
def html(kind: str, locale: str) -> Response:
    """Give a mail's HTML for the frame, with words that this portal signed: a link from elsewhere shows nothing."""
    try:
        told = _signer().loads(request.args.get("words", ""))
    except BadSignature:
        abort(404)
    if told[:2] != [kind, locale] or kind not in KINDS:
        abort(404)
    return framed(compose(_letter(kind, locale, MailText(*told[2:4]), told[4]), settings()).html)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key, salt="creneau-mail-words")


def _letter(kind: str, locale: str, words: MailText, sample: str | None) -> Letter:
    card = mail_texts.sample(sample) if sample else None
    return shown(kind, locale, card, words, now())


def _form_of(saved: MailText) -> WordsForm:
    return WordsForm(subject=saved.subject, opening=saved.opening)


class _Page:
    """The page of one mail's words."""

    def __init__(self, kind: str, locale: str, saved: MailText, form: WordsForm) -> None:
        self._kind, self._locale, self._saved, self._form = kind, locale, saved, form
        found = mail_texts.samples()
        form.sample.choices = [*((card.public_id, _called(card)) for card in found), ("", _("an invented appointment"))]
        if form.sample.data is None:
            form.sample.data = found[0].public_id if found else ""

    def save(self, words: MailText) -> Response:
        """Save the words."""
        seen = request.form.get("seen", "")
        try:
            mail_texts.save(self._kind, self._locale, seen, words, now=now(), by=actor())
        except StateChanged:
            return self.show(409, words=words, conflict=True)
        flash(_("The words are saved."))
        return go(self._url)

    def send_test(self, words: MailText) -> Response:
        """Send the words, saved or not, to whoever is logged in."""
        to = staff().member.email
        mail_texts.send_test(self._kind, self._locale, words, self._sample, to=to, now=now())
        return self.show(words=words, sent=to)

    def show(
        self, status: int = 200, *, words: MailText | None = None, conflict: bool = False, sent: str = ""
    ) -> Response:
        """Show the page whole, or for htmx what the words come to."""
        words = self._saved if words is None else words
        fresh = conflict or request.method == "GET"
        return show(
            "admin/mail_texts/edit.html",
            "admin/mail_texts/_trial.html",
            status=status,
            form=self._form,
            kind=self._kind,
            locale=self._locale,
            title=title_of(self._kind),
            url=self._url,
            saved=self._saved,
            usable=mail_texts.usable(self._kind, self._saved),
            seen=mail_texts.seal(self._saved) if fresh else request.form.get("seen", ""),
            conflict=conflict,
            sent=sent,
            holders=holders(KINDS[self._kind]),
            trial=self._trial(words if mail_texts.usable(self._kind, words) else OURS),
        )

    def _trial(self, words: MailText) -> Trial:
        letter = _letter(self._kind, self._locale, words, self._sample)
        told = [self._kind, self._locale, words.subject, words.opening, self._sample]
        address = url_for("admin.mail_texts.html", kind=self._kind, locale=self._locale, words=_signer().dumps(told))
        frame = address if len(address) <= LONGEST_ADDRESS else ""
        return Trial(compose(letter, settings()), frame)

    @property
    def _sample(self) -> str | None:
        return self._form.sample.data or None

    @property
    def _url(self) -> str:
        return url_for("admin.mail_texts.edit", kind=self._kind, locale=self._locale)


def _called(card: AppointmentCard) -> str:
    """Name an appointment in a list of choices."""
    return f"{card.order or card.reference}, {moment_text(card.start, card.zone)}, {card.site.name}"
