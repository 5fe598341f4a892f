"""What rules of booking come to, ready to be shown beside them; and which addresses their patterns admit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from flask import request

from portal.admin.process_words import sentences
from portal.admin.rule_fields import Patterns
from portal.domain.access import matching
from portal.domain.policy import Policy
from portal.i18n import named
from portal.operations.bookables import Bookable
from portal.operations.process_previews import Effect
from portal.operations.service_cards import ServiceCard
from portal.web.lengths import listed
from portal.web.windows import earliest_text, last_text

MOST_TRIED, LONGEST = 50, 254
Sentences = list[tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rules come to for what is named; ``was`` is the window before, where less can be booked than then."""

    names: str
    window: tuple[str, ...]
    was: tuple[str, ...]
    sentences: Sentences


@dataclass(frozen=True, slots=True)
class Panel:
    """What stands beside the rules. ``seen`` signs what a change takes away, and is empty where it takes nothing."""

    outcomes: Sequence[Outcome]
    seen: str


def panel(effects: Sequence[Effect], site: Policy | None = None) -> Panel:
    """Say what rules come to, once for all places where it is the same; ``site``: those of a site, which come first."""
    shown = [_outcome(one, one.bookable.site.name if site is None else named(one.bookable.item)) for one in effects]
    if site is not None and not shown:
        shown = [Outcome("", (), (), sentences(site, people=False))]
    taken = [
        (one.bookable.pool_id, str(one.after.notice), one.after.working, one.bookable.policy.max_days)
        for one in effects
        if one.narrower
    ]
    return Panel(_apart(_merged(shown), site), sha256(repr(taken).encode()).hexdigest()[:16] if taken else "")


def _outcome(effect: Effect, name: str) -> Outcome:
    bookable = effect.bookable
    window = (earliest_text(bookable, effect.after), last_text(effect.after))
    was = (earliest_text(bookable, effect.before), last_text(effect.before)) if effect.narrower else ()
    return Outcome(name, window, was, of_bookable(bookable))


def of_bookable(bookable: Bookable) -> Sentences:
    """Say what the rules of something booked come to; who serves only where somebody does."""
    item = bookable.item
    people = isinstance(item, ServiceCard) and any(one.kind == "staff" for one in item.requires)
    return sentences(bookable.policy, people=people)


def _merged(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Join what is said alike."""
    alike: dict[str, list[Outcome]] = {}
    for one in outcomes:
        alike.setdefault(repr((one.window, one.was, one.sentences)), []).append(one)
    groups = alike.values()
    return [
        Outcome(listed([one.names for one in group]), group[0].window, group[0].was, group[0].sentences)
        for group in groups
    ]


def _apart(outcomes: list[Outcome], site: Policy | None) -> list[Outcome]:
    """Say of all but the first, which follows the site where one does, only what differs from it."""
    if not outcomes:
        return []
    if site is not None:
        outcomes.sort(key=lambda one: one.sentences != sentences(site, people=False))
    first, *others = outcomes
    return [
        first,
        *(replace(one, sentences=[told for told in one.sentences if told not in first.sentences]) for one in others),
    ]


@dataclass(frozen=True, slots=True)
class Try:
    """An address that was tried: whether it is admitted, and by which pattern; ``wrong``: it is no address."""

    address: str
    admitted: bool
    pattern: str
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """The addresses to try as they were typed, and what became of each."""

    text: str
    results: Sequence[Try]
    patterns: bool  # whether there are any: without, every address is admitted


def tried(field: Patterns) -> Tried:
    """Hold the addresses that were typed against the patterns that can be read; nothing is saved."""
    text = request.form.get("samples", "")[: MOST_TRIED * LONGEST]
    words = text.replace(",", " ").replace(";", " ").split()
    patterns = field.right
    return Tried(text, [_try(patterns, word) for word in words[:MOST_TRIED]], bool(patterns))


def _try(patterns: Sequence[str], word: str) -> Try:
    address = word.casefold()
    pattern = matching(patterns, address)
    return Try(word, pattern is not None or not patterns, pattern or "", wrong="@" not in word)
