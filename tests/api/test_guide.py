"""The guide for integrators is true: its commands are run in their order, and give the answers that it shows."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.operations import appointments, transfer
from tests import sample

GUIDE = Path(__file__).parent.parent.parent / "docs/api.md"
SERVER = "https://rdv.example.com"
BLOCKS = re.compile(r"^```sh\n(?P<command>.*?)^```\n\s*^```json\n(?P<answer>.*?)^```$", re.MULTILINE | re.DOTALL)
CONFIGURATION = """
organisation: {name: Dupont Logistique, locale: fr, timezone: Europe/Paris}
sites: [{key: bordeaux, name: Bordeaux, timezone: Europe/Paris, holidays: FR}]
plannings:
  - key: quais
    name: Quais de chargement
    timezone: Europe/Paris
    sites: [bordeaux]
    kinds: [customer, supplier]
    guests: true
    slot_minutes: 60
    step_minutes: 60
    fields:
      - key: plate
        label: {en: Plate, fr: Plaque}
        type: text
        required: true
        pattern: "[A-Z]{2}-[0-9]{3}-[A-Z]{2}"
        help: {en: Such as AB-123-CD., fr: Par exemple AB-123-CD.}
      - {key: pallets, label: {en: Pallets, fr: Palettes}, type: number, lowest: 1}
    versions:
      - from: null
        week:
          mon: &day [{start: "08:00", end: "12:00", slots: 6}]
          tue: *day
          wed: *day
          thu: *day
          fri: *day
    exceptions: [{date: 2026-12-24, openings: [{start: "08:00", end: "09:30", slots: 1}]}]
  - key: bureau
    name: Bureau
    timezone: Europe/Paris
    sites: [bordeaux]
    kinds: []
    versions: [{from: null, week: {tue: [{start: "09:00", end: "11:00", slots: 1}]}}]
skills: [{key: evaluation, name: {en: Valuation, fr: Évaluation}}]
resources:
  - {key: jean, kind: staff, name: Jean, sites: [bordeaux], plannings: [bureau], skills: {evaluation: 5}}
  - {key: lea, kind: staff, name: Léa, sites: [bordeaux], plannings: [bureau], skills: {evaluation: 3}}
  - {key: salon, kind: room, name: Salon, sites: [bordeaux], persons: 4}
services:
  - key: evaluation
    name: {en: Property valuation, fr: Évaluation de bien}
    sites: [bordeaux]
    minutes: 60
    step: 60
    requires: [{kind: staff, skills: {evaluation: 1}}, {kind: room, persons: 2, optional: true}]
"""
RAMP = """
plannings:
  - key: rampe
    name: Rampe
    timezone: Europe/Paris
    sites: [bordeaux]
    kinds: []
    guests: %s
    policy: {validation: manager}
    versions: [{from: null, week: {wed: [{start: "08:00", end: "12:00", slots: 1}]}}]
"""


@dataclass
class Shell:
    """Runs curl commands against the test client, with variables that fill in as answers come."""

    client: FlaskClient
    known: dict[str, str]

    def run(self, command: str) -> Any:
        """Send what a command would send."""
        words = shlex.split(self._filled(command).replace("\\\n", " "))
        assert words.pop(0) == "curl"
        method, headers, body, url = "GET", {}, None, ""
        while words:
            word = words.pop(0)
            if word == "-X":
                method = words.pop(0)
            elif word == "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = words.pop(0)
            else:
                assert word.startswith(SERVER), word
                url = word.removeprefix(SERVER)
        return self.client.open(url, method=method, headers=headers, data=body).get_json()

    def _filled(self, command: str) -> str:
        return re.sub(r"\$([A-Z]+)", lambda found: self.known[found.group(1)], command)


def agrees(shown: Any, given: Any, known: dict[str, str], path: str = "") -> None:
    """Compare an answer with the one shown. "…" stands for anything, a variable takes the first value that it meets."""
    if isinstance(shown, dict):
        assert isinstance(given, dict), path
        assert "…" in shown or set(shown) == set(given), path
        for name, value in shown.items():
            if name != "…":
                agrees(value, given[name], known, f"{path}.{name}")
    elif isinstance(shown, list):
        assert len(shown) == len(given), path
        for place, value in enumerate(shown):
            agrees(value, given[place], known, f"{path}[{place}]")
    elif isinstance(shown, str) and ("…" in shown or "$" in shown):
        filled = re.sub(r"\$([A-Z]+)", lambda name: known.get(name.group(1), name.group()), shown)
        pattern = re.sub(r"\\\$([A-Z]+)", r"(?P<\1>.+)", re.escape(filled)).replace("…", ".+")
        found = re.fullmatch(pattern, given, re.DOTALL)
        assert found, f"{path}: {given}"
        known.update(found.groupdict())
    else:
        assert shown == given, path


@pytest.fixture
def shell(make_app, do, now, key) -> Shell:
    do(transfer.load, CONFIGURATION, now=now)
    return Shell(make_app(public_url=SERVER).test_client(), {"KEY": key})


def asked(do, now) -> str:
    """Ask for a place that somebody has to approve, at a ramp that the public does not see afterwards."""
    do(transfer.load, RAMP % "true", now=now)
    wish = sample.wish("2026-12-09 08:00", planning="rampe")
    public_id = str(do(appointments.book, wish, now=now).public_id)
    do(transfer.load, RAMP % "false", now=now)
    return public_id


def test_its_commands_give_the_answers_that_it_shows(shell, do, now):
    story = list(BLOCKS.finditer(GUIDE.read_text(encoding="utf-8")))
    assert len(story) == 27
    for block in story:
        if "$REQUEST" in block["command"] and "REQUEST" not in shell.known:
            shell.known["REQUEST"] = asked(do, now)
        agrees(json.loads(block["answer"]), shell.run(block["command"]), shell.known)


def test_every_command_has_its_answer():
    text = GUIDE.read_text(encoding="utf-8")
    assert text.count("```sh\n") == text.count("```json\n") == len(BLOCKS.findall(text))


def test_it_explains_every_code(client):
    spec = client.get("/api/openapi.json").get_json()
    answers = [answer for item in spec["paths"].values() for call in item.values() for answer in parts(call)]
    codes = {code for answer in answers for code in re.findall(r"^`(\w+)`:", answer["description"], re.MULTILINE)}
    assert len(codes) > 12
    text = GUIDE.read_text(encoding="utf-8")
    assert not [code for code in codes if f"`{code}`" not in text]


def parts(call: Any) -> list[Any]:
    return list(call["responses"].values()) if isinstance(call, dict) else []
