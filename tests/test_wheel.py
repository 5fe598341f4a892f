"""The wheel built from the tree works alone: installed in an empty environment it runs every command.

Its dependencies are lent by the environment of the tests, so that nothing is fetched.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests import asking
from tests.backends import KEYS
from tests.children import Child, free_port
from tests.patience import until

ROOT = Path(__file__).parent.parent
CONFIGURATION = """
organisation: {name: Dupont Logistique, locale: fr, timezone: Europe/Paris}
sites: [{key: bordeaux, name: Bordeaux, timezone: Europe/Paris}]
plannings:
  - key: quais
    name: Quais
    timezone: Europe/Paris
    sites: [bordeaux]
    kinds: [customer]
    versions: [{from: null, week: {mon: [{start: "08:00", end: "12:00", slots: 6}]}}]
customers: [{email: achats@example.com, name: Achats SA, kind: customer, locale: fr}]
orders: [{reference: CMD-1001, kind: customer, site: bordeaux, customer: achats@example.com, status: ready}]
"""
COMMANDS = {
    "demo", "serve", "worker", "db", "db upgrade", "load", "export", "user", "user add", "key", "key add", "link",
    "explain", "check", "stress",
}  # fmt: skip
HELP_OF_ALL = """
from click import Group
from portal.cli import creneau

def walk(command, *words):
    creneau.main([*words, "--help"], prog_name="creneau", standalone_mode=False)
    for name, below in command.commands.items() if isinstance(command, Group) else ():
        walk(below, *words, name)

walk(creneau)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it in an environment of its own, and give that environment's ``creneau``."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _done([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT])
    (wheel,) = folder.glob("*.whl")
    _done([sys.executable, "-m", "venv", "--without-pip", folder / "venv"])
    python = folder / "venv/bin/python"
    _done([*pip, "--python", python, "install", "--no-deps", "--no-index", wheel])
    (packages,) = (folder / "venv/lib").glob("python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")  # .pth files over there are not read
    return folder / "venv/bin/creneau"


def _done(words: list[str | Path]) -> None:
    done = subprocess.run(words, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """Run the installed ``creneau`` on a migrated and loaded SQLite database, and expect it to succeed."""
    environ = _environ(tmp_path)
    (tmp_path / "configuration.yaml").write_text(CONFIGURATION)

    def creneau(*words: str, told: str = "") -> subprocess.CompletedProcess[str]:
        command = [installed, *words]
        done = subprocess.run(
            command, input=told, capture_output=True, text=True, cwd=tmp_path, env=environ, timeout=120, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done

    creneau("db", "upgrade")
    creneau("load", "configuration.yaml")
    return creneau


def _environ(folder: Path) -> dict[str, str]:
    keep = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "PUBLIC_URL": "http://127.0.0.1"}
    return {**keep, **KEYS, "DATABASE_URL": f"sqlite:///{folder}/instance/portal.sqlite3"}


def last_word(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.split()[-1]


def test_it_is_the_installed_portal_that_runs(installed):
    python = installed.with_name("python")
    words = [python, "-P", "-c", "import portal; print(portal.__file__)"]
    said = subprocess.run(words, cwd="/", capture_output=True, text=True, check=True).stdout
    assert Path(said.strip()).is_relative_to(installed.parent.parent)


def test_every_command_says_what_it_does(installed, tmp_path):
    words = [installed.with_name("python"), "-P", "-c", HELP_OF_ALL]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=_environ(tmp_path), check=False)
    assert done.returncode == 0, done.stderr
    told = set(re.findall(r"^Usage: creneau((?: [a-z]+)*)", done.stdout, re.MULTILINE))
    assert {f" {command}" for command in COMMANDS} <= told


def test_the_commands_do_their_work(run):
    assert "quais" in run("export").stdout
    run(
        "user",
        "add",
        "chef@example.com",
        "--role",
        "manager",
        "--password-stdin",
        told="un long mot de passe, vraiment\n",
    )
    assert len(last_word(run("key", "add", "erp", "--scope", "read,book"))) > 20
    assert re.fullmatch(r"http://127\.0\.0\.1/b/[\w-]{50,}", last_word(run("link", "CMD-1001")))
    assert "08:00" in run("explain", "--site", "bordeaux", "--planning", "quais", "--day", "2030-01-07").stdout
    run("check")
    run("worker", "--once")
    assert "sold" in run("stress", "--clients", "4", "--places", "2").stdout
    run("check")


def answered(url: str, child: Child) -> str:
    def text() -> str:
        assert child.alive, child.said()
        try:
            return asking.get(url).text
        except httpx.TransportError:
            return ""

    return until(text, child.said)


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_it_serves(installed, tmp_path, command):
    port = free_port()
    environ = _environ(tmp_path)
    if command == "serve":
        _done_in(tmp_path, environ, [installed, "db", "upgrade"])
    else:
        environ = {name: environ[name] for name in ("PATH", "HOME", "LC_ALL")}  # the demo brings its own
    child = Child([installed, command, "--port", str(port)], log=tmp_path / "log", farewell=signal.SIGTERM,
                  cwd=tmp_path, env=environ)  # fmt: skip
    try:
        assert answered(f"http://127.0.0.1:{port}/readyz", child) == "ready\n"
        assert "<html" in answered(f"http://127.0.0.1:{port}/", child)
    finally:
        child.stop()


def _done_in(folder: Path, environ: dict[str, str], words: list[str | Path]) -> None:
    subprocess.run(words, cwd=folder, env=environ, check=True, capture_output=True)
