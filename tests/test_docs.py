"""The documentation is true: each command in it runs, its configuration loads, its settings are the ones there are."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path

import pytest

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
    shown = [found[0] for line in lines if (found := re.search(r"(?<![\w/-])creneau (?=[a-z]).*", line))]
    return [*shown, *SPOKEN.findall(page.read_text(encoding="utf-8"))]


ALL = sorted({command for page in PAGES for command in commands(page)})


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


def test_every_setting_is_documented_and_every_documented_one_exists():
    known = set(re.findall(r'environ\.get\("([A-Z_]+)"', (ROOT / "portal/config.py").read_text(encoding="utf-8")))
    told = set(re.findall(r"`([A-Z][A-Z_]{2,})(?:=[^`]*)?`", (ROOT / "docs/operating.md").read_text(encoding="utf-8")))
    assert known - told == set()
    assert {name for name in told if name.startswith(("MAIL_", "RATELIMIT_", "DEFAULT_"))} - known == set()


def test_every_link_between_the_pages_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
