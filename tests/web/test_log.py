"""What is written into the log names routes, never addresses: an address may hold a token."""

from __future__ import annotations

import logging

from portal.config import database_url


def test_an_error_is_logged_with_its_route_and_without_its_token(make_app, caplog):
    app = make_app(testing=False)
    app.add_url_rule("/broken/<token>", view_func=lambda token: 1 / len(token[:0]))
    with caplog.at_level(logging.ERROR):
        assert app.test_client().get("/broken/its-token").status_code == 500
    (record,) = (record for record in caplog.records if record.exc_info)
    assert (record.route, record.method) == ("/broken/<token>", "GET")
    assert "its-token" not in caplog.text


def test_settings_show_no_secret(app):
    given = app.config["SETTINGS"]
    assert given.secret_key not in repr(given)
    assert given.link_keys[0] not in repr(given)
    assert given.database_url not in repr(given)


def test_a_relative_database_is_beside_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert database_url("sqlite:///data/x.sqlite3", tmp_path) == f"sqlite:///{tmp_path}/data/x.sqlite3"
    assert database_url("sqlite:////srv/x.sqlite3", tmp_path) == "sqlite:////srv/x.sqlite3"
    assert database_url("sqlite:///:memory:", tmp_path) == "sqlite:///:memory:"
