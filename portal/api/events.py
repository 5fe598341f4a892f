"""The event log, for systems that follow what happens here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from portal.api import answers
from portal.api.given import EventsQuery
from portal.api.room import room
from portal.api.shown import Events
from portal.clock import now
from portal.operations import events as history


@room.call("GET", "/events", tag="Events", scope="read", query=EventsQuery, answer=Events)
def events(asked: Mapping[str, Any]) -> Response:
    """Read everything that happened to appointments, oldest first.

    Keep `next` and come back with it as `after`: each event comes once, and none is left out.
    """
    page = history.log(now=now(), after=asked.get("after"), size=asked["limit"])
    lines = [answers.event(line) for line in page.events]
    return answers.answer({"events": lines, "next": page.next, "more": page.more})
