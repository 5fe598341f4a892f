"""What follows a guest's booking: the appointment's page, or in a frame, where that may not stand, what matters."""

from __future__ import annotations

from flask import Response, url_for

from portal.booking.state import state_of, steps_of
from portal.clock import now
from portal.domain.lifecycle import Status
from portal.operations import cards
from portal.operations.wishes import Booked
from portal.web.embedding import framed
from portal.web.responses import go, page
from portal.web.step import described, page_values
from portal.web.visit import Visit


def shown(made: Booked, what: str, asked: Visit, again_url: str) -> Response:
    """Go on to the page of an appointment that was just made, or confirm it inside the frame."""
    values = {name: value for name, value in page_values(asked.carried).items() if name != "embed"}
    url = url_for("manage.show", token=made.token, **values)
    return _confirmed(made, what, asked, url, again_url) if framed() else go(url)


def _confirmed(made: Booked, what: str, asked: Visit, url: str, again_url: str) -> Response:
    card, at = cards.by_token(made.token), now()
    response = page(
        "booking/booked.html",
        state=state_of(card, at),
        chosen=described(card.start, card.end, card.zone, f"{what}, {card.site.name}", asked.tz),
        address=card.site.address,
        reference=card.reference,
        steps=steps_of(card, at),
        url=url,
        changeable=card.changeable(at) and card.status is not Status.REQUESTED,
        again_url=again_url,
    )
    response.headers["Cache-Control"] = "no-store"  # it holds the link that manages it
    return response
