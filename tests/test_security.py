"""Nobody where they do not belong: every route, every kind of token, every header."""

from __future__ import annotations

import logging
from itertools import product

import pytest
from flask import Flask, abort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.extensions import Model, reading
from portal.web.observe import JsonLines
from portal.web.security import form_token
from tests.faults import times
from tests.world import EIGHT, MONDAY, PASSWORD, PEOPLE, TEN, World, build, rules

RANGE = f"?from={MONDAY}&to={MONDAY}&start={EIGHT.replace('+', '%2B')}&site=bordeaux&planning=quais"
QUERIES = ("", RANGE, f"?day={MONDAY}&lang=en&tz=America/New_York")
BOOKING = {"start": TEN, "customer": {"email": "achats@example.com", "name": "Achats Vidal"}}
LOOKS = [("GET", {}), ("HEAD", {}), ("GET", {"HX-Request": "true"})]
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
]


@pytest.fixture
def world(app: Flask, now) -> World:
    return build(app, now)


def of_tokens(app, method):
    return [rule for rule in rules(app, method) if "token" in rule.arguments]


def purpose(rule):
    if rule.rule == "/a/<token>/confirm":
        return "confirm"
    rooms = {"/a/": "manage", "/v/": "validate", "/o/": "offer", "/wait/": "wait"}
    rooms |= {"/feeds/": "feed", "/admin/": "staff"}
    return next((of for room, of in rooms.items() if rule.rule.startswith(room)), "book")


def log_in(client):
    page = client.get("/admin/login").text
    field = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0] if "csrf_token" in page else ""
    sent = {"email": "chef@example.com", "password": PASSWORD, "csrf_token": field}
    return client.post("/admin/login", data=sent)


# What a GET may do


@pytest.mark.parametrize("query", QUERIES)
def test_a_get_writes_nothing_with_any_token(app, client, world, no_writes, query):
    with no_writes():
        for rule in rules(app, "GET"):
            for url, (method, headers) in product(world.urls(rule), LOOKS):
                answer = client.open(url + query, method=method, headers=headers)
                assert answer.status_code < 500, (url, answer.status_code)


def of_forms(app, world):
    """Give the pages whose addresses carry a continuation and a hold."""
    carried = f"&hold={world.tokens['hold']}&start={EIGHT.replace('+', '%2B')}&day={MONDAY}"
    return [
        f"{url}?c={world.tokens['continue of a service' if 'service' in rule.arguments else 'continue']}{carried}"
        for rule in rules(app, "GET")
        if rule.rule.startswith("/book/")
        for url in world.urls(rule)
    ]


def test_a_get_writes_nothing_with_the_tokens_of_a_form(app, client, world, no_writes):
    with no_writes():
        for url, (method, headers) in product(of_forms(app, world), LOOKS):
            assert client.open(url, method=method, headers=headers).status_code < 400, url


# Tokens


def asked_by(kind: str) -> str:
    """Give the query of a page: a link of a service books no planning."""
    return RANGE.replace("&planning=quais", "") if kind == "book a service" else RANGE


def test_a_token_opens_its_own_routes_and_no_other(app, client, world):
    for rule in of_tokens(app, "GET"):
        for kind, url in zip(world.tokens, world.urls(rule), strict=True):
            status = client.get(url + asked_by(kind)).status_code
            if kind == "book expired" and purpose(rule) == "book":
                assert status == 410, (rule.rule, kind)
            elif kind.startswith(purpose(rule)) and kind != "book revoked":
                assert status != 404, (rule.rule, kind)
            else:
                assert status == 404, (rule.rule, kind)


def test_unknown_revoked_forged_and_foreign_tokens_look_the_same(app, client, world):
    for rule in of_tokens(app, "GET"):
        named = zip(world.tokens, world.urls(rule), strict=True)
        answers = {kind: client.get(url + asked_by(kind)) for kind, url in named}
        nothing = {kind: answer for kind, answer in answers.items() if answer.status_code == 404}
        assert {"unknown", "forged", "cut"} <= nothing.keys(), rule.rule
        own = {kind: answer.text.replace(world.tokens[kind], "") for kind, answer in nothing.items()}
        pages = {text.replace("&amp;planning=quais", "") for text in own.values()}
        assert len(pages) == 1, rule.rule


def test_a_post_with_a_token_that_opens_nothing_changes_nothing(app, client, world, no_writes):
    with no_writes():
        for rule in of_tokens(app, "POST"):
            for kind, url in zip(world.tokens, world.urls(rule), strict=True):
                if kind in ("unknown", "forged", "cut", "book revoked"):
                    sent = {"json": BOOKING} if rule.rule.startswith("/api/") else {"data": {"start": TEN}}
                    assert client.post(url, **sent).status_code == 404, (rule.rule, kind)


# Cookies and origins


def test_public_pages_neither_set_nor_read_a_cookie(app, client, world):
    for rule in rules(app, "GET"):
        if rule.rule.startswith("/admin"):
            continue
        for url in world.urls(rule):
            answer = client.get(url)
            assert "Set-Cookie" not in answer.headers, url
            assert "Cookie" not in answer.headers.get("Vary", ""), url


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_change_that_another_site_sends_is_refused_on_every_route(app, client, world, no_writes, headers):
    with no_writes():
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for rule in rules(app, method):
                for url in world.urls(rule):
                    answer = client.open(url, method=method, headers=headers)
                    assert answer.status_code == 403, (method, url)


# Headers


def pages_of_every_kind(client, world):
    for rule in rules(world.app, "GET"):
        yield from ((url, client.get(url)) for url in world.urls(rule))
    yield "/nothing", client.get("/nothing")
    yield "/b/x (405)", client.delete("/find")
    yield "/_broken", client.get("/_broken")
    yield "/_refused", client.get("/_refused")


def test_every_answer_carries_its_headers(make_app, world):
    app = make_app(testing=False)
    app.add_url_rule("/_broken", "broken", lambda: 1 // 0)
    app.add_url_rule("/_refused", "refused", lambda: abort(403))
    world.app = app
    logging.getLogger(app.name).disabled = True  # the traceback of /_broken is meant
    try:
        for url, answer in pages_of_every_kind(app.test_client(), world):
            check_headers(url, answer.headers)
    finally:
        logging.getLogger(app.name).disabled = False


def check_headers(url, headers):
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy, url
    assert "default-src 'none'" in policy, url
    assert "frame-ancestors 'none'" in policy, url
    assert headers["X-Content-Type-Options"] == "nosniff", url
    assert headers["Referrer-Policy"] == "same-origin", url
    assert "Server" not in headers or "/" not in headers["Server"], url
    if url.startswith(("/a/", "/b/", "/o/", "/v/", "/wait/", "/admin", "/find")):
        assert "no-store" in headers["Cache-Control"], url
        assert "noindex" in headers["X-Robots-Tag"], url


def may_be_framed(url):
    """Tell whether allowed origins may show a page: a guest's, asked for so, that no mail opened."""
    path, _, query = url.partition("?")
    return path.startswith("/book/") and "embed=1" in query and "&c=" not in query


@pytest.mark.parametrize("query", ["?embed=1", "?embed=1&hold=x", "?embed=1&c=x", "?embed=2"])
def test_only_guests_pages_are_shown_in_a_frame_and_only_by_who_may(make_app, world, query):
    world.app = make_app(embed_origins=("https://www.example.com",))
    client, seen = world.app.test_client(), set()
    for rule in rules(world.app, "GET"):
        for url in world.urls(rule):
            headers, framed = client.get(url + query).headers, may_be_framed(url + query)
            allowed = "https://www.example.com" if framed else "'none'"
            assert f"frame-ancestors {allowed};" in headers["Content-Security-Policy"], url
            assert headers.get("X-Frame-Options") == (None if framed else "DENY"), url
            seen.add(framed)
    assert seen == ({False} if "c=x" in query or "embed=2" in query else {True, False})


# Nothing leaks


def dump(app):
    with app.app_context(), reading() as session:
        rows = {table.name: session.execute(select(table)).all() for table in Model.metadata.sorted_tables}
    return {name: str(found) for name, found in rows.items()}


def walk(app, client, world):
    """Do what people do, wrongly too, so that everything that may be written down is."""
    with app.app_context():
        fresh = form_token("book")
    form = {
        "token": fresh,
        "start": TEN,
        "name": "Camille Visiteur",
        "email": "visiteur@example.com",
        "phone": "0601020304",
    }
    client.post("/book/bordeaux/planning/quais/details", data=form)
    client.post("/book/bordeaux/planning/quais/details", data={**form, "email": "wrong"})
    client.post("/find", data={**form, "token": fresh})
    for url in of_forms(app, world):
        client.get(url)
        client.post(url, data=form)
    log_in(client)
    for method in ("GET", "POST"):
        for rule in rules(app, method):
            for url in world.urls(rule):
                client.open(url, method=method, headers={"Authorization": f"Bearer {world.key}"})


def test_what_people_do_leaves_no_secret_anywhere(app, client, world, caplog):
    caplog.set_level(logging.DEBUG)
    walk(app, client, world)
    written = "\n".join(JsonLines().format(record) for record in caplog.records)
    for public in (written, client.get("/metrics").text):
        assert [secret for secret in (*world.secrets, *PEOPLE) if secret in public] == []
    assert "/b/<token>" in written
    kept = dump(app)
    for table, rows in kept.items():
        assert [secret for secret in world.secrets if secret in rows] == [], table
    assert "http" not in kept["outbox"]  # ids, and no links


# Whatever is sent

words = st.text(max_size=40) | st.sampled_from(
    [EIGHT, TEN, MONDAY, "wrong@", "a@example.com", "\0", "' OR 1=1 --", "{{7*7}}", "%s"]
)
names = st.sampled_from(
    ["start", "email", "name", "phone", "comment", "website", "token", "lang", "tz", "day", "month", "planning"]
) | st.sampled_from(
    ["c", "hold", "keep", "service", "staff", "resource", "quantity", "iterations", "persons", "features", "type"]
)
fields = st.dictionaries(names | st.text(min_size=1, max_size=8), words, max_size=8)


@pytest.mark.on_both
@pytest.mark.parametrize("signed", [True, False])
def test_no_form_and_no_address_breaks_a_page(app, world, signed):
    client = app.test_client()
    posts = [url for rule in rules(app, "POST") if not rule.rule.startswith("/api/") for url in world.urls(rule)]
    gets = [url for rule in rules(app, "GET") for url in world.urls(rule)]
    with app.app_context():
        tokens = {
            name: form_token(name)
            for name in ("address", "book", "claim", "confirm", "details", "find", "hold", "wait")
        }

    @settings(max_examples=times(60, 5000), suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(posts), st.sampled_from(gets), fields, st.sampled_from(sorted(tokens)))
    def send(post, get, sent, name):
        if signed:
            sent = {**sent, "token": tokens[name]}
        assert client.post(post, data=sent).status_code < 500
        assert client.get(get, query_string=sent).status_code < 500

    send()
