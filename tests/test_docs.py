"""The documentation is true: each command in it runs, its configuration loads, its settings are the ones there are."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.domain.policy import EarlierSlots, Policy
from tests.postgres import Server
from tests.served import Commands

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPOKEN = re.compile(r"`(creneau [a-z][^`]*)`")
NEVER_END = ("serve", "worker", "demo")
PASSWORD = "un long mot de passe, vraiment\n"


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


def commands(page: Path) -> list[str]:
    """List the ``creneau`` commands of a page, in their order: those of its examples, then those of its sentences."""
    lines = [line.split("  #")[0] for body in blocks(page, "sh") for line in body.splitlines()]
    shown = [found[1] for line in lines if (found := re.match(r"(?:[A-Z_]+=\S+ )*(creneau [a-z].*)", line))]
    return [*shown, *SPOKEN.findall(page.read_text(encoding="utf-8"))]


OTHERS = "copy"  # needs the database that it names
ALL = sorted({command for page in PAGES for command in commands(page) if command.split()[1] != OTHERS})
OPERATING = (ROOT / "docs/operating.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """Load the configuration that the documentation shows."""
    folder = tmp_path_factory.mktemp("docs")
    run = Commands(f"sqlite:///{folder}/portal.sqlite3", folder)
    (example,) = blocks(ROOT / "docs/configuration.md", "yaml")
    (folder / "example.yaml").write_text(example, encoding="utf-8")
    assert run("db", "upgrade").returncode == 0
    done = run("load", "example.yaml")
    assert done.returncode == 0, done.stderr
    return run


def test_the_example_of_the_configuration_loads_and_comes_back(documented):
    exported = documented("export")
    assert "quais" in exported.stdout
    (documented.folder / "everything.yaml").write_text(exported.stdout, encoding="utf-8")
    again = documented("load", "--dry-run", "everything.yaml")
    assert again.returncode == 0, again.stderr
    assert not re.search(r"^[+~-] ", again.stdout, re.MULTILINE), again.stdout


def test_every_rule_of_booking_is_described():
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    names = [*Policy.__slots__, *(f"earlier_slots.{name}" for name in EarlierSlots.__slots__)]
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize("command", ALL)
def test_a_documented_command_runs(documented, command):
    command, _, _output = command.partition(">")
    words = ["example.yaml" if word in ("FILE", "everything.yaml") else word for word in shlex.split(command)[1:]]
    if words[0] in NEVER_END and "--once" not in words:
        with documented.running(*words) as child:
            time.sleep(2)
            assert child.alive, child.said()
        return
    done = documented(*words, told=PASSWORD * 2)
    assert done.returncode == 0, done.stdout + done.stderr


def shown(first_word: str) -> list[str]:
    """List the example lines of the operator's guide that begin with a program."""
    lines = [line for body in blocks(ROOT / "docs/operating.md", "sh") for line in body.splitlines()]
    return [line for line in lines if line.split()[0] == first_word]


@pytest.fixture
def machine(documented: Commands, postgres: Server) -> Callable[[str], str]:
    """Run a line of the guide as its operator would, on a machine where PostgreSQL runs."""
    programs = f"{postgres.programs}{os.pathsep}{os.environ['PATH']}"
    places = {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port), "PGUSER": "portal"}

    def run(line: str) -> str:
        words = shlex.split(line)
        if words[0] == "creneau":
            done = documented(*words[1:], **places)
        else:
            program = shutil.which(words[0], path=programs)
            assert program, f"{words[0]} is not installed: apt-get install postgresql-client"
            done = subprocess.run(
                [program, *words[1:]],
                env={"PATH": programs, **places},
                cwd=documented.folder,
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        return done.stdout

    return run


def test_a_portal_grows_into_postgresql_is_backed_up_and_restored_as_the_guide_says(machine, postgres, documented):
    for line in (*shown("createuser"), shown("createdb")[0], "creneau copy postgresql:///creneau"):
        assert line in OPERATING
        machine(line)
    (settings,) = blocks(ROOT / "docs/operating.md", "sql")
    with postgres.connect() as connection:
        for statement in settings.strip().splitlines():
            connection.execute(statement)
    for line in (*shown("pg_dump"), shown("createdb")[1], *shown("pg_restore")):
        machine(line)
    restored = Commands(postgres.url_of("restored"), documented.folder)
    assert restored("check").returncode == 0
    assert "quais" in restored("export").stdout


def test_the_embedded_database_is_backed_up_as_the_guide_says(documented, tmp_path):
    (line,) = [line for line in shown("creneau") if "sqlite:////" in line]
    target = tmp_path / "backups"
    target.mkdir(mode=0o700)
    words = [word.replace("/var/backups/creneau", str(target)) for word in shlex.split(line)[1:]]
    done = documented(*words)
    assert done.returncode == 0, done.stderr
    (file,) = target.glob("*.sqlite3")
    assert "quais" in Commands(f"sqlite:///{file}", documented.folder)("export").stdout


def test_the_units_start_commands_that_there_are():
    units = blocks(ROOT / "docs/operating.md", "ini")
    assert len(units) == 4
    started = [
        line.partition("/opt/creneau/bin/")[2] for unit in units for line in unit.splitlines() if "ExecStart" in line
    ]
    assert started == ["creneau serve --host 127.0.0.1 --port 8000 --workers 2", "creneau worker", "creneau check"]
    for unit in units:
        read = configparser.ConfigParser(strict=True, interpolation=None)
        read.optionxform = str  # type: ignore[assignment]  # systemd's names have capitals
        read.read_string(unit)


def test_the_proxy_writes_no_address_down():
    (proxy,) = blocks(ROOT / "docs/operating.md", "nginx")
    written = re.search(r"log_format creneau '(.*)';", proxy)
    assert written
    assert not {"$request", "$request_uri", "$uri", "$http_referer", "$args"} & set(re.findall(r"\$\w+", written[1]))


def test_every_setting_is_documented_and_every_documented_one_exists():
    known = set(re.findall(r'environ\.get\("([A-Z_]+)"', (ROOT / "portal/config.py").read_text(encoding="utf-8")))
    told = set(re.findall(r"`([A-Z][A-Z_]{2,})(?:=[^`]*)?`", (ROOT / "docs/operating.md").read_text(encoding="utf-8")))
    assert known - told == set()
    assert {name for name in told if name.startswith(("MAIL_", "RATELIMIT_", "DEFAULT_"))} - known == set()


def test_every_link_between_the_pages_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
