"""The four that say whether a start can be had: the page, the booking, the API and the explanation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from flask.testing import FlaskClient

from portal.domain.slots import Reason
from portal.i18n import rfc3339
from portal.operations import appointments, explanations, tokens
from portal.operations.actors import Actor
from portal.operations.explanations import Question
from tests.booking.pages import PLANNING, Portal
from tests.clock import Clock
from tests.sample import PARIS, paris

STAFF = Actor("claire@example.com", "staff", staff=True)
OPEN = None
REFUSED = {
    Reason.PAST: (422, "outside_window"),
    Reason.NOTICE: (422, "outside_window"),
    Reason.HORIZON: (422, "outside_window"),
    Reason.NOT_ELIGIBLE: (403, "not_eligible"),
    Reason.LIMIT: (422, "limit_reached"),
    Reason.FULL: (409, "slot_taken"),
    Reason.RESOURCE_BUSY: (409, "slot_taken"),
    Reason.RESOURCE_ABSENT: (409, "slot_not_offered"),
    Reason.CLOSED: (409, "slot_not_offered"),
    Reason.BREAK: (409, "slot_not_offered"),
    Reason.OFF_GRID: (409, "slot_not_offered"),
}
"""What a booking is answered for each first reason, on the page and by the API."""


class Engine:
    """The four that answer: each is asked about a start (Paris) by a guest, or by who holds the link."""

    def __init__(
        self,
        do: Callable[..., Any],
        client: FlaskClient,
        clock: Clock,
        token: str | None = None,
        *,
        service: str | None = None,
        person: str | None = None,
    ) -> None:
        self.do, self.clock, self.client, self.portal, self.token = do, clock, client, Portal(client), token
        self.page = f"/b/{token}" if token else f"/book/bordeaux/{service}" if service else PLANNING
        self.api = f"/api/v1/links/{token}" if token else "/api/v1"
        what = {"service": service} if service else {"planning": "quais"}
        self.with_whom = {"staff": person} if person else {}
        self.where = {**({} if token else {"site": "bordeaux", **what}), **self.with_whom}
        self.asked = Question(
            date.min,
            "bordeaux",
            link=token,
            people=(person,) if person else (),
            **what,  # type: ignore[arg-type]
        )

    def address(self, path: str = "", **asked: str) -> str:
        """Give the address of a page, with whom is asked for."""
        return f"{self.page}{path}?{urlencode({**asked, **self.with_whom, 'lang': 'en'})}"

    def shown(self, start: str) -> bool:
        """Look for the start among the links of the page's day."""
        page = self.portal.open(self.address(day=start[:10]))
        assert page.status == 200
        return any(f"start={quote(rfc3339(paris(start), PARIS), safe=':')}" in link.url for link in page.links)

    def listed(self, start: str) -> bool:
        """Look for the start among the slots of the API."""
        days = {"from": start[:10], "to": start[:10]}
        answer = self.client.get(f"{self.api}/slots", query_string={**self.where, **days})
        assert answer.status_code == 200
        return rfc3339(paris(start), PARIS) in [slot["start"] for slot in answer.json["slots"]]

    def explained(self, start: str, email: str | None = None) -> Reason | None:
        """Ask why, and give the first reason."""
        moment = datetime.fromisoformat(start)
        minute = moment.hour * 60 + moment.minute
        question = replace(self.asked, day=moment.date(), minute=minute, email=email)
        found = self.do(explanations.explain, question, now=self.clock.now).one
        return found.reasons[0] if found.reasons else None

    def booked_on_the_page(self, start: str, email: str = "a@example.com") -> int:
        """Send the form of the second step; a booking is given up again."""
        instant = rfc3339(paris(start), PARIS)
        form = self.portal.open(self.address("/details", start=instant))
        typed = {} if self.token else {"email": email}
        page = form.send(start=instant, name="Emballages Vidal", **typed)
        if page.status == 303:
            self._give_up(page.response.location.split("/a/")[1].partition("?")[0])
        return page.status

    def booked_by_the_api(self, start: str, email: str = "b@example.com") -> tuple[int, str]:
        """Book without a key; a booking is given up again."""
        customer = {} if self.token else {"customer": {"email": email, "name": "B"}}
        asked = {**self.where, "start": rfc3339(paris(start), PARIS), **customer}
        answer = self.client.post(f"{self.api}/appointments", json=asked)
        if answer.status_code == 201:
            self._give_up(answer.json["manage_url"].rpartition("/")[2])
            return 201, ""
        return answer.status_code, answer.json["code"]

    def _give_up(self, token: str) -> None:
        public_id = self.do(lambda: tokens.public_id_of(token))
        self.do(appointments.cancel, public_id, STAFF, now=self.clock.now, undo=False)


def agreed(asked: Engine, starts: Mapping[str, Reason | None]) -> None:
    """Hold the page, the booking, the API and the explanation to what each start is."""
    for start, reason in starts.items():
        status, code = REFUSED[reason] if reason else (201, "")
        assert asked.explained(start) == reason, start
        assert asked.shown(start) is (reason is None), start
        assert asked.listed(start) is (reason is None), start
        assert asked.booked_on_the_page(start) == (status if reason else 303), start
        assert asked.booked_by_the_api(start) == (status, code), start
