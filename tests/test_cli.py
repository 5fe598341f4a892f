"""The ``creneau`` command: it does what it says, says what it did, and answers a mistake in one line."""

from __future__ import annotations

import base64
import json
import re
import socket
import subprocess
import sys
from datetime import timedelta

import httpx
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete

from portal.cli import creneau as command
from portal.domain import totp
from portal.extensions import transaction
from portal.models import Allocation
from portal.operations import keys, searches, second_factor, transfer, users
from portal.operations.actors import SYSTEM, Actor
from portal.operations.searches import Range
from portal.operations.user_cards import Rights
from tests import sample
from tests.backends import KEYS, NOW
from tests.served import Commands

FILE = """\
organisation: {name: Dupont Logistique, locale: fr, timezone: Europe/Paris}
sites: [{key: bordeaux, name: Bordeaux, holidays: FR, closures: [{from: 2026-12-10, label: Inventaire}]}]
plannings:
  - key: quais
    name: Quais
    sites: [bordeaux]
    policy: {min_notice: 12h}
    versions: [{from: null, week: {mon: [{start: "08:00", end: "10:00", slots: 6}]}}]
orders: [{reference: CMD-1001, kind: customer, site: bordeaux}]
"""
PASSWORD = "une phrase assez longue"


@pytest.fixture
def run(app: Flask, monkeypatch):
    """Run a command in this process, on the test's database."""
    for name, value in {**KEYS, "PUBLIC_URL": "http://localhost"}.items():
        monkeypatch.setenv(name, value)
    runner = app.test_cli_runner()
    return lambda *words, told="": runner.invoke(command, list(words), input=told)


@pytest.fixture
def loaded(run) -> None:
    assert run("load", "-", told=FILE).exit_code == 0


def last_word(done) -> str:
    return done.stdout.split()[-1]


def test_a_configuration_is_loaded_and_its_differences_are_told(run, do):
    done = run("load", "-", told=FILE)
    assert done.stdout == "+ organisation\n+ sites.bordeaux\n+ plannings.quais\n+ orders.CMD-1001\n"
    assert run("load", "-", told=FILE).stdout == "Nothing to change.\n"
    assert run("export").stdout == do(transfer.export)


def test_a_dry_run_writes_nothing(run, do):
    assert run("load", "--dry-run", "-", told=FILE).stdout.startswith("+ organisation\n")
    assert "bordeaux" not in do(transfer.export)


def test_every_mistake_of_a_file_is_a_line_of_its_own(run):
    done = run("load", "-", told=FILE.replace("slots: 6", "slots: 0").replace("holidays: FR", "holidays: XX"))
    assert done.exit_code == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "sites[0].holidays", "plannings[0].versions[0].week.mon[0].slots",
    ]  # fmt: skip


def test_a_file_that_is_not_there_is_a_mistake_of_the_call(run):
    assert run("load", "nowhere.yaml").exit_code == 2


def test_an_account_is_made_with_a_password_that_is_asked_twice(run, do):
    done = run("user", "add", "claire@example.com", "--role", "manager", told=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.stdout.endswith("manager claire@example.com may log in at http://localhost/admin/login\n")
    assert PASSWORD not in done.output
    assert do(users.find, "claire@example.com").role == "manager"


def test_an_account_may_end_at_some_sites(run, loaded, do):
    run("user", "add", "a@example.com", "--role", "agent", "--site", "bordeaux", told=f"{PASSWORD}\n{PASSWORD}\n")
    assert do(users.find, "a@example.com").rights == Rights("agent", ("bordeaux",))
    done = run(
        "user", "add", "b@example.com", "--role", "admin", "--site", "bordeaux", told=f"{PASSWORD}\n{PASSWORD}\n"
    )
    assert (done.exit_code, done.stderr) == (1, "an admin works for every site\n")
    done = run("user", "add", "b@example.com", "--role", "agent", "--site", "mars", told=f"{PASSWORD}\n{PASSWORD}\n")
    assert (done.exit_code, done.stderr) == (1, "sites: 'mars' is none of bordeaux\n")


def test_a_second_factor_is_switched_off_for_who_is_locked_out(run, do):
    run("user", "add", "claire@example.com", "--role", "admin", "--password-stdin", told=f"{PASSWORD}\n")
    off = ("user", "second-factor", "claire@example.com", "--off")
    assert run(*off).stderr == "the second factor of claire@example.com is off already\n"
    number = do(users.find, "claire@example.com").id
    setup = do(second_factor.prepare, number)
    code = totp.code(base64.b32decode(setup.secret), totp.step_at(NOW))
    do(second_factor.turn_on, number, setup.nonce, code, by=SYSTEM, now=NOW)
    assert run(*off).stdout.startswith("The second factor of claire@example.com is off")
    assert not do(users.find, "claire@example.com").second_factor
    assert run("user", "second-factor", "x@example.com", "--off").stderr == "nobody has an account with x@example.com\n"


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [("claire", PASSWORD, "'claire' is not an e-mail address\n"),
     ("claire@example.com", "short", "a password has 10 to 200 characters\n"),
     ("claire@example.com", "azertyuiop", "this password is one of those that are tried first\n"),
     ("known@example.com", PASSWORD, "known@example.com has an account already\n")],
)  # fmt: skip
def test_an_account_that_cannot_be_is_refused_in_words(run, email, password, said):
    run("user", "add", "known@example.com", "--role", "admin", "--password-stdin", told=f"{PASSWORD}\n")
    done = run("user", "add", email, "--role", "admin", "--password-stdin", told=f"{password}\n")
    assert (done.exit_code, done.stderr) == (1, said)


def test_a_key_is_the_last_word_and_opens(run, do):
    card = do(keys.find, last_word(run("key", "add", "erp", "--scope", "read, book")))
    assert (card.name, card.scopes) == ("erp", ("read", "book"))


def test_a_scope_that_does_not_exist_is_refused(run):
    done = run("key", "add", "erp", "--scope", "read,everything")
    assert (done.exit_code, done.stderr) == (1, "scope: 'everything' is none of read, book, orders, admin\n")


def test_a_link_is_the_last_word_and_opens(run, loaded, client):
    url = last_word(run("link", "CMD-1001"))
    assert client.get(url.removeprefix("http://localhost")).status_code == 200


def test_a_link_for_no_order_is_refused(run):
    done = run("link", "CMD-9")
    assert (done.exit_code, done.stderr) == (1, "there is no order CMD-9\n")


def test_a_link_is_not_signed_with_a_key_of_the_moment(run, loaded, monkeypatch):
    monkeypatch.delenv("LINK_KEY")
    done = run("link", "CMD-1001")
    assert (done.exit_code, done.stderr.split(".")[0]) == (2, "LINK_KEY is not set")


def explained(run, *words: str) -> list[str]:
    done = run("explain", "--site", "bordeaux", "--planning", "quais", *words)
    assert done.exit_code == 0, done.output
    return done.stdout.replace("\u00a0", " ").splitlines()


def test_every_start_of_a_day_is_explained_in_the_organisation_s_words(run, loaded):
    *lines, after_closing = explained(run, "--day", "2026-12-07")
    assert lines == [
        "Bordeaux, Quais: lundi 7 décembre 2026, heure de Paris (UTC+1)",
        "Au plus tôt : mardi 1er décembre à 21 h, car il faut 12 heures de délai. Dernier jour : lundi 1er mars 2027.",
        "08:00-09:00  Proposé : 6 places libres.",
        "08:30-09:30  Proposé : 6 places libres.",
        "09:00-10:00  Proposé : 6 places libres.",
    ]
    assert after_closing.startswith("09:30-10:30  Hors des horaires")


def test_a_time_beside_the_grid_is_explained(run, loaded):
    (line,) = explained(run, "--day", "2026-12-07", "--at", "08:10")[2:]
    assert line.startswith("08:10-09:10  ")
    (fact,) = json.loads("\n".join(explained(run, "--day", "2026-12-07", "--at", "08:10", "--json")))["starts"]
    assert [reason["code"] for reason in fact["reasons"]] == ["off_grid"]


def test_a_closed_day_says_why(run, loaded):
    assert explained(run, "--day", "2026-12-10")[2:] == ["Fermé ce jour-là : Inventaire.", "Aucun horaire ce jour-là."]


def test_a_day_when_the_clock_changes_shows_offsets(run, loaded):
    nights = '{sun: [{start: "01:00", end: "04:00", slots: 1}]}'
    run("load", "-", told=f"plannings: [{{key: quais, versions: [{{week: {nights}}}], policy: {{max_days: 400}}}}]")
    assert [line.split("  ")[0] for line in explained(run, "--day", "2027-03-28")[2:4]] == [
        "01:00-03:00 UTC+1", "01:30-03:30 UTC+1",
    ]  # fmt: skip


def test_what_programs_are_told_is_what_the_pages_show(run, loaded, do):
    do(sample.booked, "2026-12-07 08:00", now=NOW, actor=Actor("claire", "staff", staff=True))
    told = json.loads("\n".join(explained(run, "--day", "2026-12-07", "--json", "--email", "a@example.com")))
    wanted = Range(*[NOW.date() + timedelta(days=6)] * 2, planning="quais")
    shown = do(searches.at_site, "bordeaux", wanted, now=NOW, guest=False).availability.starts
    assert [(one["places"], one["offered"]) for one in told["starts"]] == [(s.places, s.offered) for s in shown]
    assert told["starts"][0]["start"] == "2026-12-07T08:00:00+01:00"


def test_a_person_is_told_who_may_book_and_how_often(run, loaded):
    rules = 'policy: {email_patterns: ["*@acme.fr"], max_per_day: 1}'
    run("load", "-", told=f"sites: [{{key: bordeaux, {rules}}}]")
    said = explained(run, "--day", "2026-12-07", "--email", " A@Example.com ")
    assert said[2:4] == [
        "a@example.com ne correspond à aucun motif. Ce n’est l’adresse d’aucun client.",
        "1 rendez-vous par jour au plus. 0 ce jour-là.",
    ]
    assert said[4] == "08:00-09:00  Aucun motif n’admet cette adresse."
    told = json.loads("\n".join(explained(run, "--day", "2026-12-07", "--email", "a@acme.fr", "--json")))
    assert told["person"] == {
        "eligible": True, "pattern": "*@acme.fr", "customer": False, "appointments": {"day": 0, "week": None},
    }  # fmt: skip
    assert (told["earliest"], told["last_day"]) == ("2026-12-01T21:00:00+01:00", "2027-03-01")


def test_a_booking_link_is_explained_by_its_token_or_its_order(run, loaded):
    assert run("explain", "--link", "CMD-1001", "--day", "2026-12-07").stderr == (
        "there is no booking link CMD-1001, nor an order with one that can be used\n"
    )
    token = last_word(run("link", "CMD-1001")).rpartition("/")[2]
    for named in ("CMD-1001", token):
        done = run("explain", "--link", named, "--day", "2026-12-07", "--json")
        told = json.loads(done.stdout)
        assert (told["link"], told["planning"]) == ("CMD-1001", "quais")
        assert [one["offered"] for one in told["starts"]] == [True, True, True, False]


def test_where_must_be_said(run, loaded):
    done = run("explain", "--site", "bordeaux", "--day", "2026-12-07")
    assert (done.exit_code, "Say where: --site, with --planning or --service; or --link." in done.stderr) == (2, True)
    both = run("explain", "--site", "bordeaux", "--planning", "quais", "--service", "valuation", "--day", "2026-12-08")
    assert (both.exit_code, "Say --planning or --service, not both." in both.stderr) == (2, True)


def test_what_does_not_exist_is_not_explained(run, loaded):
    done = run("explain", "--site", "lyon", "--planning", "quais", "--day", "2026-12-07")
    assert (done.exit_code, done.stderr) == (1, "there is no planning quais at a site lyon\n")


@pytest.fixture
def agency(do) -> None:
    """Make three people who value houses: one has an appointment on Monday at ten, one is away; and a meeting room."""
    needs = ({"kind": "staff"}, {"kind": "room", "optional": True})
    do(sample.agency, people=("jean", "ryan"), requires=needs)
    do(sample.resource, "lea", plannings=("bureau",), absences=[("2026-12-07T08:00", "2026-12-07T12:00")])
    do(sample.resource, "salon", "room")
    do(sample.booked, "2026-12-07 10:00", now=NOW, service="evaluation", people=("jean",))


def valued(run, *words: str) -> list[str]:
    done = run("explain", "--site", "bordeaux", "--service", "evaluation", "--day", "2026-12-07", *words)
    assert done.exit_code == 0, done.output
    return done.stdout.replace("\u00a0", " ").splitlines()


def test_a_link_to_a_service_opens_too(run, agency, client):
    url = last_word(run("link", "--site", "bordeaux", "--service", "evaluation"))
    assert "Évaluation de bien" in client.get(url.removeprefix("http://localhost")).text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--site", "bordeaux", "--service", "x"), "there is no service x\n"),
        (("--site", "lyon", "--service", "evaluation"), "evaluation is offered at no site lyon\n"),
        ((), "Say an order, or --site with --service."),
        (("CMD-1", "--site", "bordeaux"), "Say an order, or --site with --service."),
        (("CMD-1", "--site", "bordeaux", "--service", "evaluation"), "Say an order, or --site with --service."),
    ],
)
def test_a_link_to_what_is_not_there_is_refused(run, agency, words, said):
    done = run("link", *words)
    assert done.exit_code != 0
    assert said in done.stderr


def test_a_service_is_explained_with_who_could_be_given_each_start(run, agency):
    lines = valued(run)
    assert lines[0] == "Bordeaux, Évaluation de bien: lundi 7 décembre 2026, heure de Paris (UTC+1)"
    assert "09:00-10:00  Proposé : 2 places libres.  jean, ryan" in lines
    assert "10:00-11:00  Proposé : 1 place libre.  ryan" in lines


def test_a_start_of_a_service_says_what_is_in_everybody_s_way(run, agency):
    start, *others = valued(run, "--at", "10:00", "--staff", "lea")[2:]
    assert start == "10:00-11:00  Les absences laissent trop peu de personnes, de salles ou de matériel."
    named = [re.sub(r"par [A-Z0-9]{4}-[A-Z0-9]{4}", "par …", line) for line in others]
    assert named == ["  jean  Occupé par ….", "  ryan  Libre.", "  lea  Absence : Congés.", "  salon  Occupé par …."]


def test_programs_are_told_who_could_serve(run, agency):
    told = json.loads("\n".join(valued(run, "--at", "10:00", "--json")))
    assert (told["service"], told["planning"], told["staff"]) == ("evaluation", None, [])
    assert [(one["offered"], one["staff"]) for one in told["starts"]] == [(True, ["ryan"])]
    assert [(one["resource"], one["kind"], one["optional"], one["why"]) for one in told["candidates"]] == [
        ("jean", "staff", False, ["busy"]),
        ("ryan", "staff", False, []),
        ("lea", "staff", False, ["absent"]),
        ("salon", "room", True, ["busy"]),
    ]
    assert told["candidates"][2]["absences"] == ["Congés"]
    assert len(told["candidates"][0]["appointments"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--service", "visite"], "there is no service visite at a site bordeaux\n"),
        (["--service", "evaluation", "--staff", "paul"], "nobody called paul can be picked here\n"),
    ],
)
def test_an_unknown_service_or_person_is_told(run, agency, words, said):
    done = run("explain", "--site", "bordeaux", "--day", "2026-12-07", *words)
    assert (done.exit_code, done.stderr) == (1, said)


def test_check_names_each_breach_and_ends_with_1(run, do):
    do(sample.docks)
    do(sample.booked, "2026-12-07 08:00", now=NOW)
    assert (run("check").exit_code, run("check").stdout) == (0, "No breach.\n")

    def lose() -> None:
        with transaction() as session:
            session.execute(delete(Allocation))

    do(lose)
    done = run("check")
    assert (done.exit_code, len(done.stdout.splitlines())) == (1, 2)


def test_a_notice_is_no_breach(run, do):
    do(sample.docks, week={1: [(480, 720, 1)]})
    do(sample.booked, "2026-12-07 08:00", now=NOW)
    staff = Actor("claire", "staff", staff=True)
    do(sample.booked, "2026-12-07 08:00", now=NOW, actor=staff, overbook="frais")
    done = run("check")
    assert done.exit_code == 0
    assert done.stdout.startswith("notice: quais at bordeaux, 2026-12-07 08:00 to 09:00: 2 expected, 1 places")


def test_a_race_is_told(run):
    assert run("stress", "--clients", "3", "--places", "2").stdout == "sold: 2, refused: 1, errors: 0\n"


def test_the_worker_does_what_is_due_and_ends(creneau, do, smtp):
    do(sample.docks)
    do(sample.booked, "2026-12-07 08:00", now=NOW)
    done = creneau("worker", "--once", MAIL_SERVER="127.0.0.1", MAIL_PORT=str(smtp.port))
    assert (
        done.stdout == "reminders queued: 0, requests expired: 0, places freed: 0, places offered: 0, mails sent: 2\n"
    )
    assert len(smtp.letters) == 2


@pytest.fixture
def fresh(tmp_path):
    """Run commands on a SQLite file that does not exist yet."""
    return Commands(f"sqlite:///{tmp_path}/data/portal.sqlite3", tmp_path)


def test_a_database_is_made_and_nothing_works_before(fresh, tmp_path):
    refused = fresh("export")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert fresh("db", "upgrade").stdout == "The database is up to date.\n"
    assert (fresh("export").returncode, fresh("db", "upgrade").returncode) == (0, 0)
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data/portal.sqlite3").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def serve_with(tmp_path, monkeypatch):
    """Start ``serve`` in this process with settings that it refuses."""
    monkeypatch.chdir(tmp_path)
    right = {**KEYS, "PUBLIC_URL": "http://localhost", "DATABASE_URL": f"sqlite:///{tmp_path}/data/x.sqlite3"}
    return lambda **environ: CliRunner().invoke(command, ["serve"], env={**right, **environ})


def test_serve_says_every_setting_that_is_missing(serve_with):
    done = serve_with(SECRET_KEY="", LINK_KEY="", PUBLIC_URL="")
    assert done.exit_code == 2
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["SECRET_KEY", "LINK_KEY", "PUBLIC_URL"]


@pytest.mark.parametrize(
    ("environ", "said", "code"),
    [({"SECRET_KEY": "changeme"}, "SECRET_KEY is too weak", 2),
     ({"PUBLIC_URL": "rdv.example.com"}, "PUBLIC_URL is not set or wrong", 2),
     ({"DATABASE_URL": "mysql://db/x"}, "DATABASE_URL must begin with", 2),
     ({"NOW": "2026-12-01T08:00:00Z"}, "NOW freezes the clock", 2),
     ({}, "the database is not ready: ", 1),
     ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "the database is not ready: ", 1)],
)  # fmt: skip
def test_what_cannot_be_served_is_told_in_a_line(serve_with, environ, said, code):
    done = serve_with(**environ)
    assert (done.exit_code, done.stderr.count("\n")) == (code, 1)
    assert done.stderr.startswith(said)


def test_a_port_that_is_taken_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = CliRunner().invoke(command, ["demo", "--port", str(taken.getsockname()[1])])
    assert done.exit_code == 1
    assert done.stderr.endswith("; choose another by --port\n")
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize(("name", "mode"), [("x.sqlite3", 0o640), (".", 0o755)])
def test_a_database_that_others_can_read_is_not_served(serve_with, tmp_path, name, mode):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "x.sqlite3").touch(mode=0o600)
    (folder / name).chmod(mode)
    done = serve_with()
    assert (done.exit_code, done.stderr.split(str(tmp_path))[0]) == (2, "others on this machine can read ")


def test_nothing_is_served_with_a_debugger(serve_with):
    assert serve_with(FLASK_DEBUG="1").stderr.startswith("FLASK_DEBUG is set")


def test_settings_are_read_from_a_file(fresh, tmp_path):
    (tmp_path / ".env").write_text("DEFAULT_LOCALE=xx\n")
    assert fresh("export").stderr.startswith("DEFAULT_LOCALE must be one of fr, en")


def test_the_server_counts_together_and_logs_no_path(serve, do, tmp_path):
    do(sample.docks)
    do(sample.order)
    token = do(sample.link)
    served = serve(workers=2)
    with httpx.Client(trust_env=False) as browser:
        for _ in range(12):
            assert browser.get(f"{served.url}/b/{token}", headers={"Connection": "close"}).status_code == 200
        counted = browser.get(f"{served.url}/metrics").text
    assert served.child.stop() == 0
    (line,) = (line for line in counted.splitlines() if 'route="/b/<token>"' in line and line.startswith("creneau_req"
               "uests_total"))  # fmt: skip
    assert float(line.split()[-1]) == 12
    said = served.child.log.read_text()
    assert token not in said
    assert [json.loads(line)["level"] for line in said.splitlines()].count("info") >= 12


LOOKING = """
import gc
looks = []
gc.callbacks.append(lambda phase, about: looks.append(about["generation"]) if phase == "start" else None)
import portal.cli
print(len(looks))
"""


def test_a_command_starts_without_looking_through_its_memory_hundreds_of_times():
    done = subprocess.run([sys.executable, "-c", LOOKING], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 50
