"""One appointment in the hands of the one who booked it: see, edit, move, cancel, take the cancellation back.

A GET never changes anything, for mail scanners follow every link: each change is a page with a button that posts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, request, url_for

from portal.booking.forms import ConfirmForm, DetailsForm, called_at
from portal.booking.language import speak
from portal.booking.limits import each_address
from portal.booking.state import State, changes_text, refused_move, state_of, steps_of
from portal.clock import now
from portal.domain.errors import ChangeTooLate, Refusal, StateChanged
from portal.domain.lifecycle import Status
from portal.domain.notices import What
from portal.i18n import _, current_locale, day, hour, named
from portal.operations import appointments, cards, having, move_calendars, offer_stops, requests, validation
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.calendars import Choice
from portal.operations.cards import AppointmentCard
from portal.operations.once import Once
from portal.operations.place_cards import SiteCard
from portal.operations.requests import Answer
from portal.operations.service_cards import ServiceCard
from portal.operations.wishes import Booked, Details, Move
from portal.web.codes import gate_code
from portal.web.custom_fields import answers_of, asking
from portal.web.days import day_view
from portal.web.offering import amounts_of, calls, comes, instructions_of
from portal.web.paths import Paths
from portal.web.picker import picker
from portal.web.responses import go, page, wants_fragment
from portal.web.responses import show as show_page
from portal.web.step import Chosen, asked_start, attempt, chosen, described, lost_text, page_values, status_of
from portal.web.visit import Visit, visit
from portal.web.visitors import somebody_looks

bp = Blueprint("manage", __name__, url_prefix="/a")
each_address(bp)


@dataclass(frozen=True, slots=True)
class Urls:
    """Where an appointment's actions lead; empty where they are not possible now."""

    view: str
    edit: str = ""
    move: str = ""
    cancel: str = ""
    keep: str = ""
    undo: str = ""
    invite: str = ""


def urls_of(card: AppointmentCard, asked: Visit) -> Urls:
    """List what can be done with an appointment at this moment."""
    at, kept = now(), page_values(asked.carried)

    def to(action: str, possible: bool) -> str:
        return url_for(f"manage.{action}", token=card.token, **kept) if possible else ""

    return Urls(
        view=to("show", True),
        edit=to("edit", card.active(at)),
        move=to("reschedule", card.changeable(at) and card.item is not None),
        cancel=to("cancel", card.changeable(at)),
        keep=to("keep", card.wanted is not None and card.awaits(at)),
        undo=to("undo", card.undoable(at)),
        invite=to("invite", card.active(at) and card.status is not Status.REQUESTED),
    )


def opened(token: str) -> AppointmentCard:
    """Open an appointment by its token, and speak its customer's language."""
    card = cards.by_token(token)
    speak(card.locale)
    return card


def actor_of(card: AppointmentCard) -> Actor:
    """Say who acts: the one who booked, by a link or as a guest."""
    return GUEST if card.source == GUEST.origin else CUSTOMER


@bp.get("/<token>")
def show(token: str) -> Response:
    """Show the appointment: its state, when, where, and what can be done."""
    card, asked, at = opened(token), visit(), now()
    refusal = last_refusal(card)
    state = state_of(card, at, refusal)
    return page(
        "booking/appointment.html",
        appointment=card,
        state=state,
        steps=steps_of(card, at),
        changes=changes_text(card, at),
        too_late=card.active(at) and not card.changeable(at),
        urls=urls_of(card, asked),
        own=_described(card, asked).own,
        comes=comes(card.item),
        map_url=map_url(card.site),
        purpose=purpose_of(card),
        purpose_detail=named(card.item) if card.order else "",
        amounts=amounts_of(card.item, card.start, card.end, card.zone, card.units, card.iterations),
        having=having.of_customer(card),
        way=way_text(card),
        instructions=instructions_of(card.item),
        answers=card.answers(current_locale()),
        qr=gate_code(card.reference) if comes(card.item) and not unsettled(card, state) else None,
        refused=refused_move(card, refusal, at),
        wanted=card.wanted if card.awaits(at) else None,
        offers=_offers(card, asked, at),
        back_url=came_from(),
    )


def unsettled(card: AppointmentCard, state: State) -> bool:
    """Tell whether nobody is expected: not yet, or not any more."""
    return state.gone or card.status is Status.REQUESTED


def way_text(card: AppointmentCard) -> str:
    """Say how an appointment is held where nobody comes; nothing where somebody does."""
    mode = card.item.mode if isinstance(card.item, ServiceCard) else "in_person"
    if mode == "phone":
        return _("By telephone: we call you at %(phone)s.", phone=card.phone) if card.phone else _("By telephone")
    return _("By video") if mode == "video" else ""


@dataclass(frozen=True, slots=True)
class Offers:
    """Whether offers of earlier slots are wanted, and where that is switched."""

    on: bool
    url: str


def _offers(card: AppointmentCard, asked: Visit, at: datetime) -> Offers | None:
    """Give the switch of an appointment that may be offered an earlier slot; None for any other."""
    may_move = card.status is Status.CONFIRMED and card.changeable(at) and card.item is not None
    if not (may_move and card.policy.earlier_slots.enabled and card.tells(What.EARLIER_SLOT)):
        return None
    url = url_for("manage.offers", token=card.token, **page_values(asked.carried))
    return Offers(not offer_stops.stopped(card.email or ""), url)


@bp.post("/<token>/offers")
def offers(token: str) -> Response:
    """Switch the offers of earlier slots on or off, for the address of an appointment."""
    card, asked = opened(token), visit()
    if card.email is not None:
        offer_stops.switch(card.email, request.form.get("wanted") == "1", now=now())
    return go(urls_of(card, asked).view)


def last_refusal(card: AppointmentCard) -> Answer | None:
    """Look how the last request ended, where one may have been refused."""
    ended = card.status in (Status.DECLINED, Status.EXPIRED)
    return requests.refusal(card) if ended or card.policy.validation != "none" else None


def came_from() -> str:
    """Give the order's page when the visitor comes from it: the appointment's own token does not open the order."""
    before = urlsplit(request.referrer or "")
    if before.netloc != request.host or not before.path.startswith("/b/"):
        return ""
    return url_for("links.order", token=before.path.split("/")[2], **page_values(visit().carried))


def map_url(site: SiteCard) -> str:
    """Give the place on a public map, by its coordinates or else its address."""
    if site.latitude is not None and site.longitude is not None:
        place = f"{site.latitude}/{site.longitude}"
        return f"https://www.openstreetmap.org/?mlat={site.latitude}&mlon={site.longitude}#map=17/{place}"
    return f"https://www.openstreetmap.org/search?query={quote(site.address)}" if site.address else ""


def purpose_of(card: AppointmentCard) -> str:
    """Say what an appointment is for."""
    if card.order is None:
        return named(card.item)
    if card.order_kind == "supplier":
        return _("Delivery of order %(reference)s", reference=card.order)
    return _("Collection of order %(reference)s", reference=card.order)


def _described(card: AppointmentCard, asked: Visit) -> Chosen:
    what = f"{named(card.item)}, " if card.item else ""
    found = described(card.start, card.end, card.zone, f"{what}{card.site.name}", asked.tz)
    return replace(
        found, lines=tuple(amounts_of(card.item, card.start, card.end, card.zone, card.units, card.iterations))
    )


@bp.route("/<token>/edit", methods=["GET", "POST"])
def edit(token: str) -> Response:
    """Change name, telephone, answers and message, never the time."""
    card, asked = opened(token), visit()
    if not card.active(now()):
        raise StateChanged(status=card.status)
    asks = asking(DetailsForm, card.item.questions if card.item else (), kept=card.fields)
    form = asks(request.form, name=card.name, phone=card.phone, comment=card.comment)
    if calls(card.item):
        called_at(form)
    urls = urls_of(card, asked)
    if request.method == "POST" and form.accepted():
        details = Details(form.name.data, form.phone.data or "", form.comment.data or "", answers_of(form))
        appointments.edit(card.public_id, details, actor_of(card), now=now())
        return go(urls.view)
    form.sign()
    return page(
        "booking/edit.html",
        status=422 if form.errors else 200,
        form=form,
        chosen=_described(card, asked),
        action=urls.edit,
        back_url=urls.view,
    )


@bp.route("/<token>/reschedule", methods=["GET", "POST"])
def reschedule(token: str) -> Response:
    """Choose another time, then confirm it."""
    asked, start = visit(), asked_start()
    paths = Paths("manage.reschedule", "manage.reschedule", {"token": token, **page_values(asked.carried)})
    if start is not None:
        return _move(token, start, asked, paths)
    if wants_fragment() and asked.day is not None:
        card, found = move_calendars.day(token, asked.day, now=now(), counted=somebody_looks())
        speak(card.locale)
        return show_page("booking/reschedule.html", "booking/_slots.html", day=day_view(found, asked, paths))
    card, calendar = move_calendars.month(token, now=now(), month=asked.month, day=asked.day, counted=somebody_looks())
    speak(card.locale)
    _still_changeable(card)
    return show_page(
        "booking/reschedule.html",
        "booking/_pick.html",
        picker=picker(calendar, asked, paths),
        now_text=_when(card.start, card),
        people=having.of_customer(card).people,
        back_url=urls_of(card, asked).view,
    )


def _when(moment: datetime, card: AppointmentCard) -> str:
    return _("%(day)s at %(hour)s", day=day(moment.astimezone(card.zone)), hour=hour(moment, card.zone))


def _still_changeable(card: AppointmentCard) -> None:
    if not card.changeable(now()):
        raise ChangeTooLate(phone=card.site.phone)


def _move(token: str, start: datetime, asked: Visit, paths: Paths) -> Response:
    card, choice = move_calendars.choice(token, start, now=now())
    speak(card.locale)
    _still_changeable(card)
    form = ConfirmForm(request.form)
    outcome = attempt(form, lambda: _moved(form, card, start)) if request.method == "POST" else None
    urls = urls_of(card, asked)
    if isinstance(outcome, Booked):
        return go(urls.view)
    if outcome is not None:
        choice = move_calendars.choice(token, start, now=now())[1]
    return _confirm_move(form, card, choice, outcome, asked, paths)


def _moved(form: ConfirmForm, card: AppointmentCard, start: datetime) -> Booked:
    once = Once(f"move:{card.public_id}", form.key)
    return appointments.move(Move(card.public_id, start, actor_of(card), once), now=now())


def _confirm_move(
    form: ConfirmForm, card: AppointmentCard, choice: Choice, refusal: Refusal | None, asked: Visit, paths: Paths
) -> Response:
    form.sign()
    return page(
        "booking/move.html",
        status=status_of(form, choice, refusal),
        form=form,
        appointment=card,
        chosen=chosen(choice.bookable, choice.start, asked.tz),
        lost=lost_text(choice),
        nearest=choice.nearest,
        action=paths.to_send,
        pick_url=paths.to_page,
        back_url=urls_of(card, asked).view,
        asks=card.status is Status.CONFIRMED and choice.bookable.policy.validation != "none",
    )


@bp.route("/<token>/cancel", methods=["GET", "POST"])
def cancel(token: str) -> Response:
    """Ask once more, then cancel; the place is kept while the cancellation can be taken back."""
    card, asked = opened(token), visit()
    urls = urls_of(card, asked)
    if card.status is Status.CANCELLED:  # the second click of a double click, or Back
        return go(urls.view)
    _still_changeable(card)
    if request.method == "POST":
        appointments.cancel(card.public_id, actor_of(card), now=now())
        return go(urls.view)
    return page(
        "booking/cancel.html",
        chosen=_described(card, asked),
        title=_("Withdraw the request?") if card.status is Status.REQUESTED else _("Cancel the appointment?"),
        button_text=_("Withdraw the request") if card.status is Status.REQUESTED else _("Cancel the appointment"),
        text=_undo_promise(card.policy.undo),
        action=urls.cancel,
        move_url=urls.move,
        back_url=urls.view,
    )


@bp.route("/<token>/keep", methods=["GET", "POST"])
def keep(token: str) -> Response:
    """Take back a move that waits for its answer, and stay at the time that was had before."""
    card, asked = opened(token), visit()
    urls = urls_of(card, asked)
    if not urls.keep:  # answered or taken back meanwhile: the page says how it stands
        return go(urls.view)
    if request.method == "POST":
        validation.withdraw(card.public_id, actor_of(card), now=now())
        return go(urls.view)
    return page("booking/keep.html", chosen=_described(card, asked), action=urls.keep, back_url=urls.view)


def _undo_promise(minutes: int) -> str:
    if not minutes:
        return _("Your place is free for others at once.")
    return _("You have %(minutes)s minutes to take this back; then your place is free for others.", minutes=minutes)


@bp.route("/<token>/undo", methods=["GET", "POST"])
def undo(token: str) -> Response:
    """Take a cancellation back while its place is kept."""
    card, asked = opened(token), visit()
    urls = urls_of(card, asked)
    if card.active(now()):  # taken back already
        return go(urls.view)
    if request.method == "POST":
        appointments.undo(card.public_id, actor_of(card), now=now())
        return go(urls.view)
    if not urls.undo:
        raise StateChanged(status=card.status)
    return page("booking/undo.html", chosen=_described(card, asked), action=urls.undo, back_url=urls.view)
