"""What a planning or a service asks of who books, as the staff edits it: one question at a time, under its revision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.domain import fields
from portal.domain.errors import Invalid, NotFound
from portal.domain.fields import Question
from portal.extensions import reading, retried, transaction
from portal.operations import edits, organisation, place_cards, plannings, services
from portal.operations.actors import SYSTEM, Actor

Asked = tuple[Question, ...]
Sheet = plannings.Sheet | services.Sheet


@dataclass(frozen=True, slots=True)
class Asker:
    """What asks questions: ``kind`` in the audit log, how it is read, what it ever asked, how it is written."""

    kind: str
    sheet_of: Callable[[Session, str], Any]
    known: Callable[[Session, Any], Asked]
    claim: Callable[[Session, Any, str, Mapping[str, Any]], None]


PLANNINGS = Asker(
    "planning",
    plannings.sheet_of,
    lambda session, sheet: place_cards.planning_card(session, sheet.id, sheet.revision).ever_asked,
    plannings.claim,
)
SERVICES = Asker(services.KIND, services.sheet_of, lambda _session, sheet: sheet.card.ever_asked, services.claim)


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked, in order, and what was asked once. Every label is said in ``language``, the company's."""

    asked: Asked
    former: Asked
    language: str

    def find(self, key: str) -> Question | None:
        """Find a question that is asked."""
        return next((one for one in self.asked if one.key == key), None)

    def once(self, key: str) -> Question | None:
        """Find a question that is asked no more."""
        return next((one for one in self.former if one.key == key), None)


def questions(asker: Asker, sheet: Sheet) -> Questions:
    """Read what a planning or a service asks."""
    with reading() as session:
        known = asker.known(session, sheet)
        former = tuple(one for one in known if one.former)
        return Questions(fields.asked_of(known), former, organisation.card_of(session).locale)


@retried
def add(asker: Asker, key: str, revision: str, wanted: Question, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Ask one question more, after the others. Raises NotFound, StateChanged, Invalid."""
    _change(asker, key, revision, lambda asked: (*asked, wanted), now, by)


@retried
def change(asker: Asker, key: str, revision: str, wanted: Question, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Put a question in the place of the one with its key. Raises NotFound, StateChanged, Invalid."""
    _change(asker, key, revision, lambda asked: _replaced(asked, _place(asked, wanted.key), wanted), now, by)


@retried
def shift(
    asker: Asker, key: str, revision: str, name: str, by_places: int, *, now: datetime, by: Actor = SYSTEM
) -> None:
    """Ask a question earlier (-1) or later (1). Raises NotFound, StateChanged."""
    _change(asker, key, revision, lambda asked: _shifted(asked, _place(asked, name), by_places), now, by)


@retried
def drop(asker: Asker, key: str, revision: str, name: str, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Ask a question no more; the answers given stay, and can be read. Raises NotFound, StateChanged."""
    _change(asker, key, revision, lambda asked: _without(asked, _place(asked, name)), now, by)


def _change(asker: Asker, key: str, revision: str, change: Callable[[Asked], Asked], now: datetime, by: Actor) -> None:
    with transaction() as session:
        sheet = asker.sheet_of(session, key)
        known = asker.known(session, sheet)
        before = fields.asked_of(known)
        after = change(before)
        _check(after, organisation.card_of(session).locale)
        asker.claim(
            session, sheet, revision, {"fields": [fields.written(one) for one in fields.succeeded(known, after)]}
        )
        facts = _facts(before), _facts(after)
        edits.tell(session, by, "changed", asker.kind, key, sheet.name, sheet.site_ids, now, *facts)


def _check(asked: Asked, language: str) -> None:
    fields.check_questions(asked)
    for path in fields.unsaid(asked, language):
        raise Invalid(field=path, problem="unsaid", language=language)


def _place(asked: Sequence[Question], key: str) -> int:
    for place, one in enumerate(asked):
        if one.key == key:
            return place
    raise NotFound


def _replaced(asked: Asked, place: int, wanted: Question) -> Asked:
    return (*asked[:place], wanted, *asked[place + 1 :])


def _without(asked: Asked, place: int) -> Asked:
    return (*asked[:place], *asked[place + 1 :])


def _shifted(asked: Asked, place: int, by_places: int) -> Asked:
    target = min(max(place + by_places, 0), len(asked) - 1)
    others = _without(asked, place)
    return (*others[:target], asked[place], *others[target:])


def _facts(asked: Asked) -> dict[str, Any]:
    """Write questions for the audit log: their order, and each by its key."""
    return {"fields": [one.key for one in asked], **{f"fields.{one.key}": fields.written(one) for one in asked}}
