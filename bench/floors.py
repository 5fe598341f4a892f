"""The floors: what Flask, Jinja and SQLAlchemy cost before the portal does anything.

F1 renders a page of 10 kB without a database. F2 does one ORM INSERT under a unique key and commits. F3 shows a bare
form, then does F2.
"""

from __future__ import annotations

import os
import secrets

from flask import Flask, Response, render_template, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DAYS = [{"name": f"day {number}", "number": number, "hours": range(8, 18)} for number in range(18)]


class Base(DeclarativeBase):
    """The floors' own tables."""


db = SQLAlchemy(model_class=Base)


class Row(Base):
    """One row under a unique key."""

    __tablename__ = "bench_floor"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)


def create_app(url: str) -> Flask:
    """Build the floors on a database."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _durable)
    app.add_url_rule("/f1", "f1", _page)
    app.add_url_rule("/f2", "f2", _insert, methods=["POST"])
    app.add_url_rule("/f3", "f3", _form)
    return app


def _durable(connection: object, _entry: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]  # a DBAPI connection


def _page() -> str:
    return render_template("floor.html", title="Floor", days=DAYS)


def _form() -> str:
    return render_template("form.html", key=secrets.token_hex(16))


def _insert() -> Response:
    db.session.add(Row(key=request.form["key"]))
    db.session.commit()
    return Response("done", 201)


def application() -> Flask:
    """Build the floors for gunicorn."""
    return create_app(os.environ["DATABASE_URL"])
