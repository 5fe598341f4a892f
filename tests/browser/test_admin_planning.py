"""A manager edits the week: with scripts, without them, and by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.domain.openings import Opening
from portal.operations import plannings, users
from tests import sample
from tests.backends import NOW
from tests.browser.site import Site

EMAIL, PASSWORD = "claire@example.com", "sept quais et une grue"


@pytest.fixture
def office(site: Site) -> Site:
    """Make docks where somebody is expected on Wednesday, a service beside them, and a manager."""
    with site.app.app_context():
        sample.docks()
        sample.service()
        sample.booked("2026-12-02 16:30", now=NOW)
        users.add(EMAIL, PASSWORD, role="manager", now=NOW, name="Claire Morel", locale="fr")
    return site


def week(office: Site) -> dict[int, tuple[Opening, ...]]:
    with office.app.app_context():
        return dict(plannings.read("quais").in_force(NOW).week)


def open_editor(page: Page) -> None:
    """Log in and go to the planning, as somebody does in the morning."""
    page.goto("/admin/plannings/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.get_by_role("link", name="Planning quais", exact=True).click()
    expect(page.get_by_role("heading", name="Planning quais", level=1)).to_be_visible()


def field(page: Page, day: str, number: int, name: str):
    return page.get_by_role("group", name=f"{day}, intervalle {number}").get_by_label(name, exact=True)


def save(page: Page) -> None:
    page.get_by_role("button", name="Enregistrer la semaine").click()


def test_the_week_is_counted_while_it_is_typed_and_then_saved(office, desk):
    open_editor(desk)
    total, fit = desk.locator("#week-total"), desk.locator("#panel")
    expect(total).to_contain_text("200")
    field(desk, "Lundi", 2, "Fin").fill("17:00")
    expect(total).to_contain_text("196")
    field(desk, "Mercredi", 2, "Fin").fill("17")
    expect(fit).to_contain_text("1 rendez-vous ne tient plus")
    expect(fit).to_contain_text("Mercredi 2 décembre, 16 h 30")
    expect(desk.locator("#d3-use")).to_contain_text("17 h : 1 hors horaires")
    morning = desk.get_by_role("group", name="Mardi, intervalle 1")
    morning.get_by_text("Réserver à certains services").click()
    morning.get_by_label("Évaluation de bien").check()
    expect(morning.locator("summary")).to_contain_text("Réservé à : Évaluation de bien")
    expect(desk.locator("#d2-sum")).to_contain_text("(Évaluation de bien)")
    save(desk)
    expect(desk.get_by_text("La semaine est enregistrée.")).to_be_visible()
    assert (week(office)[1][1].end, week(office)[3][1].end) == (1020, 1020)
    assert [one.services for one in week(office)[2]] == [("evaluation",), ()]


def test_an_interval_is_added_copied_and_cleared_without_a_reload(office, desk):
    open_editor(desk)
    desk.evaluate("document.body.dataset.same = 'page'")
    desk.get_by_role("button", name="Ajouter un intervalle lundi").click()
    added = field(desk, "Lundi", 3, "Début")
    expect(added).to_be_focused()
    expect(added).to_have_value("18:00")
    field(desk, "Lundi", 3, "Fin").fill("20:00")
    expect(desk.locator("#d1-total")).to_contain_text("48")
    desk.get_by_text("Copier vers… (lundi)").click()
    desk.get_by_role("group", name="Copier le lundi vers").get_by_label("Samedi").check()
    desk.get_by_role("button", name="Copier lundi", exact=True).click()
    expect(field(desk, "Samedi", 3, "Fin")).to_have_value("20:00")
    desk.get_by_role("button", name="Effacer 08:00–12:00, samedi").click()
    expect(field(desk, "Samedi", 1, "Début")).to_have_value("14:00")
    assert desk.evaluate("document.body.dataset.same") == "page"
    save(desk)
    expect(desk.get_by_text("La semaine est enregistrée.")).to_be_visible()
    assert week(office)[6] == (Opening(840, 1080, 4), Opening(1080, 1200, 4))


def test_a_click_right_after_typing_loses_nothing(office, desk):
    """The value's own request and the button's meet: the button's must win, with the value in it."""
    open_editor(desk)
    field(desk, "Mardi", 1, "Créneaux par heure").fill("9")
    desk.get_by_role("button", name="Ajouter un intervalle mardi").click()
    expect(field(desk, "Mardi", 3, "Début")).to_be_focused()
    expect(field(desk, "Mardi", 1, "Créneaux par heure")).to_have_value("9")
    expect(desk.locator("#d2-total")).to_contain_text("52")


def test_a_count_that_arrives_leaves_the_cursor_where_it_is(office, desk):
    open_editor(desk)
    desk.get_by_role("button", name="Ajouter un intervalle lundi").click()
    expect(field(desk, "Lundi", 3, "Début")).to_be_focused()
    field(desk, "Lundi", 3, "Fin").press_sequentially("20:00")
    expect(desk.locator("#d1-total")).to_contain_text("48")
    expect(field(desk, "Lundi", 3, "Fin")).to_be_focused()


def test_tabbing_past_clear_clears_nothing(office, desk):
    """The count starts while the button next to the field has the focus: it was never pressed."""
    open_editor(desk)
    field(desk, "Lundi", 1, "Créneaux par heure").fill("3")
    desk.keyboard.press("Tab")
    expect(desk.locator("#d1-total")).to_contain_text("28")
    expect(field(desk, "Lundi", 1, "Créneaux par heure")).to_have_value("3")
    expect(field(desk, "Lundi", 2, "Début")).to_have_value("14:00")


def test_an_overlap_is_told_at_once_and_again_when_saving(office, desk):
    open_editor(desk)
    field(desk, "Vendredi", 2, "Début").fill("11:30")
    error = desk.locator("#d5-1-error")
    expect(error).to_contain_text("11:30–18:00 recouvre 08:00–12:00")
    save(desk)
    expect(desk.locator("#errors")).to_be_focused()
    desk.get_by_role("link", name="Vendredi : 11:30–18:00 recouvre").click()
    expect(field(desk, "Vendredi", 2, "Début")).to_be_focused()
    assert week(office)[5][1].start == 840


def test_a_closed_day_is_opened_by_its_switch(office, desk):
    open_editor(desk)
    desk.get_by_role("heading", name="Dimanche").click()
    desk.get_by_role("switch", name="Ouvert (dimanche)").check()
    expect(field(desk, "Dimanche", 1, "Début")).to_be_focused()
    desk.keyboard.type("9")
    field(desk, "Dimanche", 1, "Fin").fill("12")
    save(desk)
    expect(desk.get_by_text("La semaine est enregistrée.")).to_be_visible()
    assert week(office)[7] == (Opening(540, 720, 1),)


def test_enter_in_a_field_neither_clears_nor_saves(office, desk):
    open_editor(desk)
    start = field(desk, "Lundi", 1, "Début")
    start.fill("07:00")
    start.press("Enter")
    expect(desk.locator("#d1-total")).to_contain_text("46")
    expect(field(desk, "Lundi", 1, "Début")).to_have_value("07:00")
    assert week(office)[1][0].start == 480


def test_without_scripts_everything_can_be_done_and_the_effect_is_seen_first(office, scriptless):
    page = scriptless
    open_editor(page)
    field(page, "Mercredi", 2, "Fin").fill("17:00")
    page.get_by_role("button", name="Ajouter un intervalle jeudi").click()
    expect(field(page, "Jeudi", 3, "Début")).to_have_value("18:00")
    field(page, "Jeudi", 3, "Fin").fill("19:00")
    page.locator("summary", has_text="Copier vers… (jeudi)").click()
    page.get_by_role("group", name="Copier le jeudi vers").get_by_label("Lundi").check()
    page.get_by_role("button", name="Copier jeudi", exact=True).click()
    expect(field(page, "Lundi", 3, "Fin")).to_have_value("19:00")
    page.get_by_role("button", name="Effacer 14:00–18:00, vendredi").click()
    page.get_by_role("button", name="Voir l’effet").click()
    expect(page.locator("#panel")).to_contain_text("1 rendez-vous ne tient plus")
    expect(field(page, "Mercredi", 2, "Fin")).to_have_value("17:00")
    save(page)
    expect(page.get_by_text("La semaine est enregistrée.")).to_be_visible()
    kept = week(office)
    assert (len(kept[1]), kept[3][1].end, len(kept[4]), len(kept[5])) == (3, 1020, 3, 1)


def test_without_scripts_what_was_not_seen_is_not_saved(office, scriptless):
    open_editor(scriptless)
    field(scriptless, "Mercredi", 2, "Fin").fill("17:00")
    save(scriptless)
    expect(scriptless.get_by_role("alert")).to_contain_text("La semaine n’est pas encore enregistrée")
    assert week(office)[3][1].end == 1080
    save(scriptless)
    expect(scriptless.get_by_text("La semaine est enregistrée.")).to_be_visible()
    assert week(office)[3][1].end == 1020


def test_on_a_phone_the_days_begin_folded(office, phone, fits):
    open_editor(phone)
    expect(field(phone, "Lundi", 1, "Début")).to_be_hidden()
    phone.get_by_role("heading", name="Lundi").click()
    expect(field(phone, "Lundi", 1, "Début")).to_be_visible()
    fits(phone)


def test_the_keyboard_alone_edits_and_saves(office, desk):
    open_editor(desk)
    start = field(desk, "Lundi", 1, "Début")
    start.focus()
    press(desk, "Tab", "Tab")
    desk.keyboard.type("5")
    until(desk, "Ajouter un intervalle lundi")
    desk.keyboard.press("Enter")
    expect(field(desk, "Lundi", 3, "Début")).to_be_focused()
    desk.keyboard.press("Tab")
    desk.keyboard.type("19")
    until(desk, "Enregistrer la semaine")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("La semaine est enregistrée.")).to_be_visible()
    assert week(office)[1] == (Opening(480, 720, 5), Opening(840, 1080, 4), Opening(1080, 1140, 4))


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def until(page: Page, name: str, most: int = 150) -> None:
    """Press Tab until the thing of this name has the focus."""
    told: Callable[[], str] = lambda: page.evaluate("document.activeElement.textContent.trim().replace(/\\s+/g, ' ')")  # noqa: E731
    for _ in range(most):
        page.keyboard.press("Tab")
        if told() == name:
            return
    raise AssertionError(f"Tab never reached {name}")
