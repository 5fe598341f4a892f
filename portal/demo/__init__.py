"""The demo: an invented company with its docks, its estate agency, and a month of appointments around today."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import flask_migrate
from dotenv import dotenv_values

from portal.app import create_app
from portal.clock import now
from portal.config import Settings
from portal.demo import agency, company, visits
from portal.extensions import db
from portal.operations import links, orders, service_links, services, transfer, users

DATABASE, NOTES, MAILBOX = "creneau.sqlite3", ".env", "mailbox"
ADMIN = "admin@example.com"
KEPT = ("SECRET_KEY", "LINK_KEY", "DEMO_PASSWORD")
TAKEN_OVER = (
    "EMBED_ORIGINS",
    "MAIL_SERVER",
    "MAIL_PORT",
    "MAIL_USERNAME",
    "MAIL_PASSWORD",
    "MAIL_USE_TLS",
    "MAIL_CA_FILE",
    "NOW",
    "ALLOW_FROZEN_CLOCK",
)
"""Settings of the environment that a demo uses; the database of a production is not among them."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo ready to be served, and what to tell whoever started it."""

    settings: Settings
    words: str


def prepare(folder: Path, port: int, *, environ: Mapping[str, str], reset: bool = False) -> Demo:
    """Make the demo in its folder, or find it there as it was left. Raises BadSetting, OSError."""
    folder = folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if reset:
        _forget(folder)
    notes = _notes(folder, port)
    given = _settings(folder, notes, environ)
    begun = (folder / DATABASE).exists()
    with create_app(given).app_context():
        flask_migrate.upgrade()
        if not begun:
            _fill(notes["DEMO_PASSWORD"])
        complete = users.find(ADMIN) is not None
        words = _words(folder, notes) if complete else ""
        db.engine.dispose()  # the server's processes open connections of their own
    return Demo(given, words) if complete else prepare(folder, port, environ=environ, reset=True)


def _settings(folder: Path, notes: Mapping[str, str], environ: Mapping[str, str]) -> Settings:
    outside = {name: environ[name] for name in TAKEN_OVER if environ.get(name)}
    sender = {"MAIL_SENDER": environ.get("MAIL_SENDER") or company.SENDER}
    return replace(Settings.from_env({**notes, **sender, **outside}, instance=folder), demo=True)


def _notes(folder: Path, port: int) -> dict[str, str]:
    """Keep the keys in a file of the folder, for us alone. Commands run in this folder read it, too."""
    file = folder / NOTES
    found = {name: value for name, value in dotenv_values(file).items() if value} if file.exists() else {}
    made = {"SECRET_KEY": secrets.token_hex(32), "LINK_KEY": secrets.token_hex(32), "DEMO_PASSWORD": _password()}
    notes = {
        **{name: found.get(name) or made[name] for name in KEPT},
        "PUBLIC_URL": f"http://localhost:{port}",
        "DATABASE_URL": f"sqlite:///{folder / DATABASE}",
    }
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text("".join(f"{name}='{value}'\n" for name, value in notes.items()), encoding="utf-8")
    return notes


def _password() -> str:
    """Draw a password that can be typed from a screen: 60 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))


def _forget(folder: Path) -> None:
    """Remove what the demo made, and nothing else that may be in its folder."""
    for file in [*folder.glob(f"{DATABASE}*"), folder / NOTES]:
        file.unlink(missing_ok=True)
    shutil.rmtree(folder / MAILBOX, ignore_errors=True)


def _fill(password: str) -> None:
    """Fill an empty database. The admin comes last: without one, the demo was interrupted here and begins again."""
    instant = now()
    transfer.load(company.configuration(company.today(instant)), now=instant)
    visits.happen(instant)
    for email, name, role in company.COLLEAGUES:
        users.add(email, secrets.token_urlsafe(24), role=role, name=name, locale="fr", now=instant)
    users.add(ADMIN, password, role="admin", name="Claire Moreau", locale="fr", now=instant)


def _words(folder: Path, notes: Mapping[str, str]) -> str:
    url = notes["PUBLIC_URL"]
    lines = [
        f"Créneau, the demo of {company.NAME} (kept in {folder})",
        "",
        f"  Staff     {url}/admin/   {ADMIN}   {notes['DEMO_PASSWORD']}",
        *(f"  {label:9} {url}/b/{_token(reference)}   {about}" for label, reference, about in company.SHOWN_LINKS),
        f"  Guests    {url}/book/bordeaux",
        f"  Agency    {url}/book/{agency.AGENCY}",
        f"  Nights    {url}/book/{agency.AGENCY}/{agency.NIGHT}   a guest room, by the night",
        f"  Service   {url}/b/{_service_token()}   a link to a valuation at the agency",
        f"  Mails     {url}/dev/mail",
        "",
        f"Commands such as `creneau explain` work in {folder}. Ctrl-C ends the demo; it will be as you left it.",
    ]
    return "\n".join(lines)


def _service_token() -> str:
    """Give the newest link to a valuation at the agency that still opens, or make one."""
    for one in service_links.of_service(services.read(agency.VALUATION), now=now()):
        if one.link.token is not None and one.opens(now()):
            return one.link.token
    return service_links.create(agency.VALUATION, agency.AGENCY, now=now()).token


def _token(reference: str) -> str:
    """Give the newest link of an order that is not revoked, or make one."""
    for card in links.of_order(orders.get(reference).id):
        if card.token is not None:
            return card.token
    return links.create(reference, now=now()).token
