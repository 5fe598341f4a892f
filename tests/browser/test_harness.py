"""The browsers of the tests notice what a person would not."""

from __future__ import annotations

import pytest
from flask import Response

from tests.browser.site import live
from tests.browser.watch import Watch

PAGE = "<!doctype html><html lang=fr><title>Page</title><link rel=icon href=data:,><main><h1>Page</h1>{body}</main>"


def show(site, body, **headers):
    site.app.add_url_rule("/_page", "page", lambda: Response(PAGE.format(body=body), headers=headers))


@pytest.fixture
def site(backend):
    """Serve a portal of the test's own, which gains a page."""
    with live(backend) as serving:
        yield serving


@pytest.fixture
def watched(chromium, site):
    context = chromium.new_context(base_url=site.url)
    watch = Watch(context, site.url)
    yield context.new_page(), watch
    context.close()


def test_a_sound_page_is_sound(site, phone, axe, fits):
    show(site, "<p>Bonjour</p>")
    phone.goto("/_page")
    axe(phone)
    fits(phone)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("<script>alert()</script>", "console error"),
        ("<p style='color: red'>Rouge</p>", "console error"),
        ("<img alt='' src='/_nothing.png'>", "404"),
        ("<img alt='' src='http://192.0.2.1/image.png'>", "another host"),
    ],
)
def test_what_is_wrong_behind_a_page_is_noticed(site, watched, body, wrong):
    page, watch = watched
    show(site, body)
    page.goto("/_page", wait_until="load")
    assert wrong in "\n".join(watch.wrongs)


def test_a_picture_without_words_is_noticed(site, desk, axe):
    show(site, "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='>")
    desk.goto("/_page")
    with pytest.raises(AssertionError, match="image-alt"):
        axe(desk)


def test_a_page_wider_than_the_window_is_noticed(site, scriptless, fits):
    show(site, "<pre>" + "x" * 1000 + "</pre>")
    scriptless.goto("/_page")
    with pytest.raises(AssertionError, match="wide in a window"):
        fits(scriptless)
