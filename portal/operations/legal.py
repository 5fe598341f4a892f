"""Texts that a company writes itself: typed with a few marks, or pasted as HTML, and made harmless before they show.

What is kept is what was typed, so that it can be edited. It is sanitised where it is read: no row, whoever wrote it
and by whichever version, can bring a script into a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from portal.config import LOCALES
from portal.domain.errors import Invalid

TEXTS = ("legal", "privacy", "accessibility")
LONGEST = 20_000  # characters
TOP, LOWEST = 2, 4  # headings: the page's own title is the first
TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "strong", "b", "em", "i", "ul", "ol", "li", "dl", "dt", "dd"),
    *("blockquote", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "th": {"scope"}}
SPACES = "\u00a0\u202f"  # of French typography
SCHEMES = {"http", "https", "mailto", "tel"}

_marks = MarkdownIt("commonmark", {"html": True}).enable("table")


def rendered(text: str) -> str:
    r"""Give a text as harmless HTML, its headings from the second level on.

    >>> rendered("# Publisher\n\nDupont **SA**")
    '<h2>Publisher</h2>\n<p>Dupont <strong>SA</strong></p>\n'
    """
    tokens = _marks.parse(text)
    _lower_headings(tokens)
    html = str(_marks.renderer.render(tokens, _marks.options, {}))
    return nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener noreferrer")


def _lower_headings(tokens: Sequence[Token]) -> None:
    """Let the highest heading of a text be the second of the page, without a gap in the levels."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    known = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = f"h{min(TOP + known.index(token.tag), LOWEST)}"


def cleaned(texts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Bring texts, by name and language, into the form in which they are kept; empty ones are left out.

    Raises Invalid for one that is too long.
    """
    kept = {
        name: {locale: text for locale in LOCALES if (text := _lines(name, texts.get(name, {}).get(locale, "")))}
        for name in TEXTS
    }
    return {name: by_locale for name, by_locale in kept.items() if by_locale}


def _lines(name: str, text: str) -> str:
    """Trim a text's lines; signs that are neither seen nor spaces are left out."""
    lines = (_line(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    whole = "\n".join(lines).strip()
    if len(whole) > LONGEST:
        raise Invalid(field=name, problem="too_long", highest=LONGEST)
    return whole


def _line(text: str) -> str:
    seen = (letter for letter in text.replace("\t", "    ") if letter.isprintable() or letter in SPACES)
    return "".join(seen).rstrip()
