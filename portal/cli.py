"""The ``creneau`` command. A mistake of the user's is answered in one line, never by a traceback."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click
import flask_migrate
from dotenv import load_dotenv
from flask import Flask, current_app
from flask.cli import ScriptInfo
from flask.helpers import get_debug_flag

from portal import demo as demonstration
from portal import jobs, server
from portal.app import create_app
from portal.clock import now
from portal.config import BadSetting, Settings, database_url, for_tools
from portal.domain.errors import Invalid, NotFound, StateChanged
from portal.explaining import explain
from portal.extensions import db, settings
from portal.operations import (
    copying,
    integrity,
    keys,
    links,
    retention,
    second_factor,
    service_links,
    stress,
    transfer,
    users,
)
from portal.operations.actors import SYSTEM
from portal.operations.links import MadeLink
from portal.terminal import Commands, Told, ready
from portal.web.observe import configure_logging

SIGNING = ("SECRET_KEY", "LINK_KEY", "PUBLIC_URL")


def _application() -> Flask:
    """Build the application for a command that serves nothing: missing keys are made up for this run."""
    return create_app(for_tools(os.environ))


def _needed(*names: str) -> None:
    """Refuse to go on while a setting is missing that others rely on: what we sign, they must be able to open."""
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise BadSetting("\n".join(f"{name} is not set. {ADVICE[name]}" for name in missing))


ADVICE = {
    "SECRET_KEY": "Set it to a long random text, for example: openssl rand -base64 32",
    "LINK_KEY": "Set it to a long random text, for example: openssl rand -base64 32",
    "PUBLIC_URL": "Set it to the address that people see: https://rdv.example.com",
}


def _private(given: Settings) -> None:
    """Refuse to serve what strangers on this machine can read, or with a debugger that shows it to everybody."""
    if get_debug_flag():
        raise BadSetting("FLASK_DEBUG is set. Unset it: a debugger shows everything to everybody")
    file = given.sqlite_file
    for path, mode in ((file, "600"), (file.parent, "700")) if file is not None and file.exists() else ():
        if path.stat().st_mode & 0o077:
            raise BadSetting(f"others on this machine can read {path}: chmod {mode} {path}")


def _free(host: str, port: int) -> None:
    try:
        server.check_free(host, port)
    except OSError as error:
        raise Told(f"cannot listen at {host}:{port} ({error.strerror}); choose another by --port") from error


@click.group(
    cls=Commands,
    context_settings={
        "obj": ScriptInfo(create_app=_application, set_debug_flag=False),
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.version_option(package_name="creneau")
def creneau() -> None:
    """Créneau, a public booking portal.

    Settings come from the environment and from a file .env in the folder where the command runs. Every command has
    its own --help.
    """


@creneau.command(with_appcontext=False, short_help="Try the portal with demo data.")
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"),
              show_default=True, help="Where the demo keeps its database, keys and mails.")  # fmt: skip
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--reset", is_flag=True, help="Forget everything and begin again.")
def demo(folder: Path, port: int, reset: bool) -> None:
    """Try the portal with the data of an invented company.

    Makes an embedded database the first time, prints the login and the links, then serves the pages and sends the
    mails, which are shown at /dev/mail (unless MAIL_SERVER is set). Keys are kept in the folder, so links survive a
    restart. Ctrl-C ends it.
    """
    _free("127.0.0.1", port)
    made = demonstration.prepare(folder, port, reset=reset, environ=os.environ)
    click.echo(made.words)
    configure_logging()
    logging.getLogger().setLevel(logging.WARNING)  # the demo speaks to a person
    server.serve_with_jobs(made.settings, host="127.0.0.1", port=port)


@creneau.command(with_appcontext=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Processes.")
@click.option("--threads", type=click.IntRange(1, 64), default=server.THREADS, show_default=True, help="Of each.")
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the pages and the API, in production.

    Needs SECRET_KEY, LINK_KEY and PUBLIC_URL, and a database with all its migrations. Put a reverse proxy with TLS in
    front, and run `creneau worker` beside it: without one no mail leaves.
    """
    _needed(*SIGNING)
    _private(given := Settings.from_env(os.environ))
    _free(host, port)
    with create_app(given).app_context():
        ready()
        db.engine.dispose()  # the workers are copies of this process, and a connection cannot be shared
    configure_logging()
    server.serve(given, host=host, port=port, workers=workers, threads=threads)


@creneau.command(short_help="Send mails and reminders.")
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
def worker(once: bool) -> None:
    """Send mails and reminders, until it is told to end.

    Any number may run, on any number of machines: each takes only what nobody else holds.
    """
    _needed("LINK_KEY", "PUBLIC_URL")
    _private(settings())
    ready()
    configure_logging()
    if once:
        done = jobs.once(now())
        click.echo(
            f"reminders queued: {done.reminders}, requests expired: {done.expired}, places freed: {done.freed}, "
            f"places offered: {done.offered}, mails sent: {done.sent}"
        )
    else:
        jobs.run(current_app._get_current_object())  # type: ignore[attr-defined]  # the proxy itself is not typed


@creneau.group("db", cls=Commands)
def database() -> None:
    """Look after the database."""


@database.command("upgrade")
def upgrade() -> None:
    """Apply the migrations that are missing. Safe to run again."""
    flask_migrate.upgrade()
    click.echo("The database is up to date.")


@creneau.command(short_help="Load a configuration file.")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--dry-run", is_flag=True, help="Only print the differences.")
def load(file: Any, dry_run: bool) -> None:
    """Bring the configuration to what FILE says ("-" reads standard input), all of it or nothing.

    Objects are found by their key: known ones are changed, new ones are added, none is deleted; "active: false"
    retires. A list inside an object is replaced whole; what the file leaves out stays. Every difference is printed: +
    is new, - goes, ~ changes.
    """
    ready()
    differences = transfer.load(file.read(), now=now(), dry_run=dry_run)
    click.echo("\n".join(differences) or "Nothing to change.")


@creneau.command(short_help="Print the whole configuration.")
def export() -> None:
    """Print the whole configuration as YAML, which `creneau load` takes without a change."""
    ready()
    click.echo(transfer.export(), nl=False)


@creneau.command(short_help="Copy everything into another database.")
@click.argument("target", metavar="DATABASE_URL")
def copy(target: str) -> None:
    """Copy everything into the empty database at DATABASE_URL: from SQLite to PostgreSQL, or back.

    Its tables are made first. Stop the web server and the worker before, then start them with the new DATABASE_URL.
    """
    ready()
    with create_app(replace(settings(), database_url=database_url(target, Path("instance")))).app_context():
        flask_migrate.upgrade()
        engine = db.engine
    click.echo(f"rows copied: {copying.copy(engine)}")


@creneau.command(short_help="Anonymise what is past its time.")
def purge() -> None:
    """Anonymise appointments, and delete customers, that are past the retention chosen in the settings.

    The worker does the same once a day.
    """
    ready()
    done = retention.purge(now=now())
    click.echo(f"appointments anonymised: {done.appointments}, customers deleted: {done.customers}")


@creneau.group("user", cls=Commands)
def user() -> None:
    """Look after the accounts of the staff."""


@user.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(users.ROLES), required=True, help="What they may do.")
@click.option("--name", default="", help="How they are called.")
@click.option("--site", "sites", multiple=True, metavar="KEY",
              help="A site they work for, once for each; without it, every site.")  # fmt: skip
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
def add_user(email: str, role: str, name: str, sites: Sequence[str], password_stdin: bool) -> None:
    """Make an account for EMAIL; the password is asked."""
    ready()
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    made = users.add(email, password, role=role, name=name, sites=sites or None, now=now())
    click.echo(f"{made.role} {made.email} may log in at {settings().public_url}/admin/login")


@user.command("second-factor")
@click.argument("email")
@click.option("--off", is_flag=True, required=True, expose_value=False, help="Ask for no code any more.")
def end_second_factor(email: str) -> None:
    """Switch the second factor of EMAIL off, for somebody who lost telephone and recovery codes."""
    ready()
    if (card := users.find(email)) is None:
        raise Told(f"nobody has an account with {email}")
    try:
        second_factor.turn_off(card.id, by=SYSTEM, now=now())
    except StateChanged as refusal:
        raise Told(f"the second factor of {card.email} is off already") from refusal
    click.echo(f"The second factor of {card.email} is off: the password alone opens the account.")


@creneau.group("key", cls=Commands)
def key() -> None:
    """Look after the keys of the API."""


@key.command("add")
@click.argument("name")
@click.option("--scope", required=True, metavar="SCOPES",
              help=f"What it may do, separated by commas: {', '.join(keys.SCOPES)}.")  # fmt: skip
def add_key(name: str, scope: str) -> None:
    """Make an API key called NAME and print it, this once, as the last word."""
    ready()
    secret = keys.add(name, [one.strip() for one in scope.split(",") if one.strip()], now=now())
    click.echo(f"API key {name}, kept nowhere and shown this once: {secret}")


@creneau.command(short_help="Make a booking link for an order, or a service.")
@click.argument("order", required=False)
@click.option("--site", help="Key of the site, for a link of a service there.")
@click.option("--service", help="Key of the service, instead of an order.")
def link(order: str | None, site: str | None, service: str | None) -> None:
    """Make a booking link and print it, as the last word. Nothing is mailed.

    It books for ORDER, or with --site and --service that service there, also one that takes no guests.
    """
    if (order is None) == (service is None) or (site is None) != (service is None):
        raise click.UsageError("Say an order, or --site with --service.")
    _needed("LINK_KEY", "PUBLIC_URL")
    ready()
    made = _link_of(order) if order is not None else _service_link(site or "", service or "")
    click.echo(f"Booking link of {order or service}: {settings().public_url}/b/{made.token}")


def _link_of(order: str) -> MadeLink:
    try:
        return links.create(order, now=now())
    except NotFound as error:
        raise Told(f"there is no order {order}") from error


def _service_link(site: str, service: str) -> MadeLink:
    try:
        return service_links.create(service, site, now=now())
    except NotFound as error:
        raise Told(f"there is no service {service}") from error
    except Invalid as error:
        raise Told(f"{service} is offered at no site {site}") from error


creneau.add_command(explain)


@creneau.command(short_help="Look for what must never be.")
@click.pass_context
def check(ctx: click.Context) -> None:
    """Look for what must never be, such as a place sold twice: a line for each, and exit status 1 if there is one.

    Lines that begin with "notice:" are what people decided: an overbooking, hours lowered below what is booked.
    """
    ready()
    report = integrity.check(now())
    for line in report.breaches:
        click.echo(line)
    for line in report.notices:
        click.echo(f"notice: {line}")
    if report.breaches:
        ctx.exit(1)
    click.echo("No breach.")


@creneau.command("stress", short_help="Race real bookings.")
@click.option("--clients", type=click.IntRange(1, 1000), default=50, show_default=True, help="Who book at once.")
@click.option("--places", type=click.IntRange(1, 1000), default=6, show_default=True, help="What there is to book.")
@click.pass_context
def race(ctx: click.Context, clients: int, places: int) -> None:
    """Race real bookings for too few places, on a planning made for it and removed after. No mail leaves.

    Ends with 1 unless every place is sold exactly once.
    """
    ready()
    outcome = stress.race(clients, places, create_app, now=now())
    click.echo(f"sold: {outcome.sold}, refused: {outcome.refused}, errors: {len(outcome.errors)}")
    for error in outcome.errors:
        click.echo(error)
    if not outcome.exact:
        click.echo(f"{outcome.stored} stored, {min(clients, places)} expected")
        ctx.exit(1)


def main() -> NoReturn:
    """Run the command line."""
    load_dotenv(Path(".env"))
    creneau(prog_name="creneau")
    raise SystemExit(0)
