"""The company: saved with what differs in the audit log, read once a page, its large parts once a revision."""

from __future__ import annotations

import pytest

from portal.domain.errors import Invalid, StateChanged
from portal.extensions import reading
from portal.models import Audit
from portal.operations import organisation, transfer
from portal.operations.actors import Actor
from portal.operations.organisation import NOBODY, Plan
from tests import sample
from tests.domain.test_pictures import JPEG, PNG

CLAIRE = Actor("claire@example.com", "staff", staff=True)
PLAN = Plan("Dupont Logistique", "fr", "Europe/Paris")


def audits():
    with reading() as session:
        rows = session.query(Audit).filter_by(kind="organisation").order_by(Audit.id)
        return [(row.actor, row.action, row.before, row.after) for row in rows]


@pytest.fixture
def save(do, now):
    def saved(**changed):
        plan = {**{name: getattr(PLAN, name) for name in PLAN.__slots__}, **changed}
        do(organisation.save, do(organisation.card).revision, Plan(**plan), now=now, by=CLAIRE)
        return do(organisation.card)

    return saved


def test_a_portal_without_a_company_has_a_name_all_the_same(do):
    assert do(organisation.card).name == NOBODY


def test_the_first_company_is_made_by_saving_it(save):
    assert save(name=" Dupont ", accent="#A1241C", retention_months=24).accent == "#a1241c"
    assert save(name="Dupont").name == "Dupont"


def test_every_change_names_the_state_anew(do, docks, save):
    before = do(organisation.card).revision
    assert save(sender_name="Quais Dupont").sender == "Quais Dupont"
    assert do(organisation.card).revision != before


def test_what_differs_is_written_down(do, docks, save):
    save(accent="#a1241c")
    save(accent="#a1241c")  # the same again is no change
    assert do(audits) == [("claire@example.com", "changed", {"accent": None}, {"accent": "#a1241c"})]


def test_who_saves_what_somebody_else_changed_meanwhile_is_told(do, now, docks, save):
    old = do(organisation.card).revision
    save(name="Durand")
    with pytest.raises(StateChanged):
        do(organisation.save, old, PLAN, now=now)
    with pytest.raises(StateChanged):
        do(organisation.set_logo, old, PNG, now=now)
    with pytest.raises(StateChanged):
        do(organisation.save_text, old, "legal", {"fr": "x"}, now=now)
    assert do(organisation.card).name == "Durand"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"locale": "de"}, "locale"),
        ({"accent": "#ffcc00"}, "accent"),
        ({"accent": "red"}, "accent"),
        ({"retention_months": 0}, "retention_months"),
        ({"retention_months": 601}, "retention_months"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_saved(do, docks, save, changed, field):
    before = do(organisation.card)
    with pytest.raises(Invalid) as refused:
        save(**changed)
    assert refused.value.values["field"] == field
    assert do(organisation.card) == before


def test_a_logo_is_kept_in_memory_under_its_revision(do, now, docks, statements):
    do(organisation.set_logo, do(organisation.card).revision, PNG, now=now)
    card = do(organisation.card)
    first = do(organisation.logo, card)
    assert (first.type, first.width, first.height, first.content) == ("image/png", 48, 20, PNG)
    with statements(at_most=0):
        assert do(organisation.logo, card) is first
    do(organisation.set_logo, card.revision, JPEG, now=now)
    assert do(organisation.logo, do(organisation.card)).type == "image/jpeg"
    do(organisation.remove_logo, do(organisation.card).revision, now=now)
    assert do(organisation.logo, do(organisation.card)) is None


def test_a_text_is_its_own_and_leaves_the_others_alone(do, now, docks):
    for name in ("legal", "privacy"):
        do(organisation.save_text, do(organisation.card).revision, name, {"fr": f"# {name}", "en": ""}, now=now)
    card = do(organisation.card)
    assert do(organisation.text, card, "legal", "fr") == "<h2>legal</h2>\n"
    assert do(organisation.text, card, "legal", "en") == ""
    assert do(organisation.texts) == {"legal": {"fr": "# legal"}, "privacy": {"fr": "# privacy"}}
    do(organisation.save_text, card.revision, "legal", {"fr": " "}, now=now)
    assert do(organisation.texts) == {"privacy": {"fr": "# privacy"}}


def test_the_log_keeps_no_picture(do, now, docks):
    do(organisation.set_logo, do(organisation.card).revision, PNG, now=now, by=CLAIRE)
    ((_, _, before, after),) = do(audits)
    assert before["logo"] is None
    assert len(after["logo"]) == 16


def test_a_row_that_holds_evil_shows_none(do, now, docks):
    do(organisation.save_text, do(organisation.card).revision, "legal", {"fr": "<script>alert(1)</script>x"}, now=now)
    assert do(organisation.text, do(organisation.card), "legal", "fr") == "x"


# The configuration file

FILE = """
organisation:
  name: Dupont Logistique
  sender_name: Quais Dupont
  accent: "#a1241c"
  retention_months: 24
  texts:
    legal:
      fr: |
        # Éditeur

        Dupont SAS
"""


def test_a_file_that_keeps_for_fewer_months_says_what_becomes_anonymous(do, now, docks):
    do(sample.booked, "2026-01-12 08:00", now=sample.paris("2026-01-11 08:00"))
    file = FILE.replace("retention_months: 24", "retention_months: 6")
    for dry_run in (True, False):
        *_, said = do(transfer.load, file, now=now, dry_run=dry_run)
        assert said == "! organisation: past appointments become anonymous within a day: 1"
    assert not [line for line in do(transfer.load, FILE, now=now) if line[0] == "!"]


def test_the_file_says_all_of_the_company_but_its_logo(do, now, docks):
    do(organisation.set_logo, do(organisation.card).revision, PNG, now=now)
    changes = do(transfer.load, FILE, now=now)
    assert '~ organisation.accent: null -> "#a1241c"' in changes
    card = do(organisation.card)
    assert (card.sender_name, card.accent, card.retention_months) == ("Quais Dupont", "#a1241c", 24)
    assert do(organisation.text, card, "legal", "fr") == "<h2>Éditeur</h2>\n<p>Dupont SAS</p>\n"
    assert do(organisation.logo, card).content == PNG
    assert do(transfer.load, do(transfer.export), now=now) == []
    assert do(transfer.load, FILE, now=now, dry_run=True) == []


def test_a_loaded_file_is_written_down_once_with_its_counts(do, now, docks):
    do(transfer.load, FILE, now=now, dry_run=True)
    do(transfer.load, FILE, now=now)
    do(transfer.load, FILE, now=now)  # nothing to change
    with_counts = do(lambda: [(row.action, row.after) for row in _configurations()])
    assert with_counts == [("loaded", {"organisation": 1})]


def _configurations():
    with reading() as session:
        return session.query(Audit).filter_by(kind="configuration").all()


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('accent: "#ffcc00"', "organisation.accent: is too light to be read on a white page (line 2)"),
        ("accent: red", 'organisation.accent: must be a colour such as "#a1241c" (line 2)'),
        ("retention_months: 0", "organisation.retention_months: must be between 1 and 600 (line 2)"),
        ("texts: {imprint: {fr: x}}", "organisation.texts.imprint: unknown key (line 2)"),
        ("texts: {legal: {de: x}}", "organisation.texts.legal.de: must be one of fr, en (line 2)"),
        ("texts: {legal: {fr: 7}}", "organisation.texts.legal.fr: must be a text"),
        ("texts: {legal: x}", "organisation.texts.legal: must be a mapping (line 2)"),
        ("logo: x", "organisation.logo: unknown key (line 2)"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(do, now, docks, line, error):
    with pytest.raises(transfer.BadConfiguration) as refused:
        do(transfer.load, f"organisation:\n  {line}\n", now=now)
    assert refused.value.errors[0].startswith(error)


@pytest.fixture
def docks(do) -> None:
    do(sample.docks)
