"""Every text that the portal says is said in French, and nothing else is kept in the catalogues."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

PORTAL = Path(__file__).parent.parent / "portal"
ROOMS = sorted((PORTAL / "translations/fr").glob("*.po"))
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
METHODS = [("templates/**", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**": {"silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z](?!\w)")

# French typography: a no-break space before high punctuation and inside quotation marks, and no typewriter signs.
CLUMSY = re.compile(r" [:;?!»]|« |\w[?!;](?:\s|$)|\w:(?:\s|$)|'|\.\.\.")


@cache
def used() -> dict[str | tuple[str, ...], str]:
    """Extract every message of the code and the templates, with one place where it is used."""
    found = extract_from_dir(PORTAL, METHODS, OPTIONS, KEYWORDS)
    return {message: f"portal/{file}:{line}" for file, line, message, _comments, _context in found}


@cache
def room(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="fr", abort_invalid=True)


def messages(path: Path) -> Iterator[Message]:
    return (message for message in room(path) if message.id)


def french() -> dict[str | tuple[str, ...], Message]:
    return {message.id: message for path in ROOMS for message in messages(path)}


def texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_there_are_messages_to_check():
    assert len(used()) > 20


def test_every_text_has_its_french():
    lacking = [f"{place}: {message!r}" for message, place in used().items() if message not in french()]
    assert not lacking, "\n".join(lacking)


def test_no_french_is_left_of_a_text_that_went():
    assert not [f"{path.name}: {m.id!r}" for path in ROOMS for m in messages(path) if m.id not in used()]


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_every_french_text_is_complete(path):
    assert not [m.id for m in messages(path) if m.fuzzy or not all(texts(m))]


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_the_french_fills_in_the_same_values(path):
    for message in messages(path):
        sources = [message.id] if isinstance(message.id, str) else message.id
        wanted = set(PLACEHOLDER.findall(sources[-1]))
        for text in texts(message):
            assert set(PLACEHOLDER.findall(text)) <= wanted, message.id
        assert set(PLACEHOLDER.findall(texts(message)[-1])) == wanted, message.id


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_the_french_is_well_set(path):
    clumsy = [text for message in messages(path) for text in texts(message) if CLUMSY.search(text)]
    assert not clumsy, "\n".join(clumsy)


def test_no_two_rooms_translate_a_text_differently():
    seen: dict[str | tuple[str, ...], list[str]] = {}
    for path in ROOMS:
        for message in messages(path):
            assert seen.setdefault(message.id, texts(message)) == texts(message), f"{path.name}: {message.id!r}"
