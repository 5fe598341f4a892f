"""The whole project keeps its own rules: who imports whom, what a template may hold, what the files may say."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEMPLATES = sorted((ROOT / "portal/templates").rglob("*.html"))
JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
SOMEBODYS_HOME = re.compile(r"/(?:home|root|Users)/[\w.]|[A-Z]:\\Users")
PICTURES = {".png", ".jpg", ".webp", ".woff2", ".ico"}


def project_files() -> list[Path]:
    """List what git keeps or would keep; in an unpacked archive without git, everything."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_every_import_keeps_to_the_layers():
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class Inline(HTMLParser):
    """Finds what the content security policy would refuse."""

    def __init__(self, *, mail: bool) -> None:
        super().__init__()
        self.mail = mail
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        names = {name for name, _ in attrs}
        if tag == "script" and "src" not in names:
            self.found.append("<script> without src")
        if not self.mail and (tag == "style" or "style" in names):
            self.found.append(f"style in <{tag}>")
        self.found += [f"{name} in <{tag}>" for name in names if re.match(r"on[a-z]|hx-on", name)]
        self.found += [f"{value} in <{tag}>" for _, value in attrs if (value or "").strip().startswith("javascript:")]


def test_no_template_holds_an_inline_script_or_style():
    found = []
    for path in TEMPLATES:
        parser = Inline(mail="mail" in path.parts)
        parser.feed(JINJA.sub("x", path.read_text(encoding="utf-8")))
        found += [f"{path.relative_to(ROOT)}: {one}" for one in parser.found]
    assert found == []


def test_no_file_names_a_place_of_somebodys_machine():
    said = []
    for path in project_files():
        if path.suffix in PICTURES or path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if str(ROOT) in text or SOMEBODYS_HOME.search(text):
            said.append(str(path.relative_to(ROOT)))
    assert said == []


def test_every_migration_says_why_it_is_safe_and_imports_none_of_ours():
    for path in (ROOT / "migrations/versions").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "safe" in text.split('"""')[1].lower(), path.name
        assert not re.search(r"^\s*(from|import) portal", text, re.MULTILINE), path.name


def test_the_scripts_of_the_project_are_sound():
    for name, shell in (("dev", "sh"), (".ci/run", "bash")):
        done = subprocess.run([shell, "-n", ROOT / name], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
