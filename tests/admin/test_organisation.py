"""The company's page: name, colour, logo, texts; and what of them the public pages show."""

from __future__ import annotations

import io
import re

import pytest

from portal.domain import colours
from portal.operations import organisation
from portal.operations.actors import Actor
from portal.web.brand import sheet_of
from tests import sample, staff
from tests.admin.conftest import form_of
from tests.domain.test_pictures import PNG

STAFF = Actor("claire@example.com", "staff", staff=True)
PAGE = "/admin/organisation"
LEGAL = f"{PAGE}/texts/legal"
RED = "#a1241c"
WIDE = PNG  # 48 by 20 pixels


@pytest.fixture
def company(do):
    do(sample.docks)


def card(do):
    return do(organisation.card)


def upload(admin, content, path=f"{PAGE}/logo", **more):
    given = form_of(admin.get(PAGE), f"{PAGE}/logo")
    return admin.post(path, data={**given, "logo": (io.BytesIO(content), "logo.png"), **more})


def test_the_company_is_saved(admin, company, send, do):
    saved = send(admin, PAGE, name="Durand", sender_name="Quais Durand", locale="en", retention_months="24")
    assert (saved.status_code, saved.location) == (303, PAGE)
    found = card(do)
    assert (found.name, found.sender, found.locale, found.retention_months) == ("Durand", "Quais Durand", "en", 24)
    assert "Durand" in admin.get(PAGE).text


def test_what_fewer_months_make_anonymous_is_counted_before_it_is_saved(admin, company, send, do):
    for number, day in enumerate(("2026-01-12", "2026-11-09")):
        do(sample.booked, f"{day} 08:00", now=sample.paris("2026-01-05 08:00"), number=number, actor=STAFF)
    assert send(admin, PAGE, retention_months="12").status_code == 303
    asked = send(admin, PAGE, retention_months="6", name="Durand")
    assert (asked.status_code, "1 past appointment becomes anonymous" in asked.text) == (422, True)
    assert card(do).retention_months == 12
    assert admin.post(PAGE, data=form_of(asked, PAGE)).status_code == 303
    assert (card(do).retention_months, card(do).name) == (6, "Durand")
    assert send(admin, PAGE, retention_months="6").status_code == 303


def test_a_portal_without_a_company_gets_one(admin, send, do):
    assert send(admin, PAGE, name="Durand").status_code == 303
    assert card(do).name == "Durand"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("name", "", "Enter a name."),
        ("timezone", "Bordeaux", "This is not a known time zone."),
        ("accent", "red", "Write a colour as # and six digits"),
        ("accent", "#ffcc00", "This colour is too light to be read on light pages."),
        ("retention_months", "soon", "Enter a whole number."),
        ("retention_months", "0", "Enter a number of months from 1 to 600."),
        ("sender_name", "x" * 121, "Shorten this name."),
        ("sender_name", "x\r\nBcc: y@example.com", "Write this on one line."),
    ],
)
def test_what_is_wrong_is_told_and_nothing_typed_is_lost(admin, company, send, do, name, value, text):
    before = card(do)
    typed = {"name": "Durand", name: value}
    refused = send(admin, PAGE, **typed)
    assert refused.status_code == 422
    assert text in refused.text
    assert name == "name" or 'value="Durand"' in refused.text
    assert card(do) == before


def test_somebody_elses_change_is_told_and_ones_own_kept(admin, company, send, do):
    mine = form_of(admin.get(PAGE), PAGE)
    send(admin, PAGE, sender_name="Quais")
    refused = admin.post(PAGE, data={**mine, "name": "Durand"})
    assert refused.status_code == 409
    assert "Sender’s name of mails: saved is “Quais”, yours is “”." in refused.text
    assert admin.post(PAGE, data=form_of(refused, PAGE)).status_code == 303
    assert card(do).name == "Durand"


# Colour


@pytest.mark.parametrize(
    ("written", "picked", "kept"),
    [
        (RED, "#2b4590", RED),
        ("", "#2b4590", None),
        ("", RED, RED),
        ("#12603D", "#2b4590", "#12603d"),
        ("#12603d", RED, RED),
    ],
)
def test_a_colour_is_written_or_picked_also_without_scripts(admin, company, send, do, written, picked, kept):
    assert send(admin, PAGE, accent=written, picked=picked).status_code == 303
    assert card(do).accent == kept


def test_a_colour_that_was_saved_can_be_picked_anew_or_taken_back(admin, company, send, do):
    send(admin, PAGE, accent=RED)
    send(admin, PAGE, picked="#12603d")
    assert card(do).accent == "#12603d"
    send(admin, PAGE, accent="")
    assert card(do).accent is None


def test_a_colour_is_tried_on_as_a_fragment_and_as_a_page(admin, company, do):
    part = admin.get(PAGE, query_string={"accent": RED}, headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="colour"')
    assert "reads very well" in part.text
    assert "cannot be saved" in admin.get(PAGE, query_string={"accent": "#ffcc00"}).text
    assert "Write a colour as #" in admin.get(PAGE, query_string={"accent": '"><script>'}).text
    assert card(do).accent is None


def test_the_colour_is_a_sheet_on_every_page_and_kept_by_browsers(admin, client, company, send):
    send(admin, PAGE, accent=RED)
    for page in (client.get("/"), admin.get(PAGE)):
        url = re.search(r'href="(/theme-\w+\.css)"', page.text)[1]
        sheet = client.get(url)
        assert (sheet.mimetype, "immutable" in sheet.headers["Cache-Control"]) == ("text/css", True)
        assert f"--accent: light-dark({RED}, " in sheet.text
    assert client.get("/theme-0000.css").status_code == 404


def test_without_a_colour_there_is_no_sheet(client, company):
    assert "/theme-" not in client.get("/").text


def test_a_sheet_holds_colours_alone():
    assert re.fullmatch(
        r"@layer tokens \{\n  :root \{\n( {4}--[\w-]+: light-dark\(#\w{6}, #\w{6}\);\n)+  \}\n\}\n", sheet_of(RED)
    )


def test_french_pages_say_contrasts_with_a_comma(app, company):
    page = staff.logged_in(app, "admin", "fr").get(PAGE, query_string={"accent": RED}).text
    assert f"{colours.contrast(RED, '#ffffff'):.1f}".replace(".", ",") + " pour 1" in page


# Logo


def test_a_logo_stands_on_every_page(admin, client, company, do):
    assert upload(admin, WIDE).status_code == 303
    page = client.get("/").text
    shown = re.search(r'<img src="(/logo-\w+)" width="48" height="20" alt="Dupont Logistique">', page)
    picture = client.get(shown[1])
    assert (picture.data, picture.mimetype) == (WIDE, "image/png")
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in picture.headers["Cache-Control"]
    assert client.get("/logo-0000").status_code == 404


def test_a_logo_costs_no_statement_once_it_is_known(admin, client, company, statements):
    upload(admin, WIDE)
    client.get("/")
    with statements(at_most=2):
        client.get("/")


def test_a_logo_is_taken_back(admin, client, company):
    upload(admin, WIDE)
    url = re.search(r'"(/logo-\w+)"', client.get("/").text)[1]
    assert upload(admin, b"", f"{PAGE}/logo/remove").status_code == 303
    assert "/logo-" not in client.get("/").text
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "Choose a file."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "SVG files are not accepted"),
        (b"GIF89a", "This is no picture that pages can show."),
        (PNG + b"x" * 200_001, "This file is too large"),
    ],
)
def test_what_is_no_logo_is_refused_with_its_reason(admin, client, company, content, text):
    refused = upload(admin, content)
    assert (refused.status_code, text in refused.text) == (422, True)
    assert "/logo-" not in client.get("/").text


def test_a_logo_sent_from_an_old_page_is_asked_again(admin, company):
    refused = upload(admin, WIDE, revision="old")
    assert (refused.status_code, "Somebody else changed the organisation" in refused.text) == (409, True)
    assert upload(admin, WIDE).status_code == 303


# Texts


def test_a_text_is_previewed_then_saved_then_shown(admin, client, company, send, do):
    seen = send(admin, LEGAL, fr="# Éditeur\n\n<b>Dupont</b><script>alert(1)</script>")
    assert (seen.status_code, "<h2>Éditeur</h2>" in seen.text, "<script>alert" in seen.text) == (200, True, False)
    assert do(organisation.texts) == {}
    assert admin.post(LEGAL, data={**form_of(seen, LEGAL), "save": "1"}).location == LEGAL
    assert "<b>Dupont</b>" in client.get("/about/legal?lang=fr").text
    assert "This booking portal is published" in client.get("/about/legal?lang=en").text


def test_a_text_from_an_old_page_is_asked_again_and_not_lost(admin, company, send):
    mine = form_of(admin.get(LEGAL), LEGAL)
    send(admin, PAGE, name="Durand")
    refused = admin.post(LEGAL, data={**mine, "fr": "Mine", "save": "1"})
    assert (refused.status_code, "Mine" in refused.text) == (409, True)
    assert admin.post(LEGAL, data={**form_of(refused, LEGAL), "save": "1"}).status_code == 303


def test_a_text_that_is_too_long_is_refused(admin, company, send):
    refused = send(admin, LEGAL, fr="x" * 20_001, save="1")
    assert (refused.status_code, "Shorten this text." in refused.text) == (422, True)


@pytest.mark.parametrize("name", ["privacy", "accessibility"])
def test_every_text_can_be_ones_own(admin, client, company, send, name):
    assert send(admin, f"{PAGE}/texts/{name}", en="Our own words", save="1").status_code == 303
    assert "Our own words" in client.get(f"/about/{name}?lang=en").text


def test_there_is_no_other_text(admin, company):
    assert admin.get(f"{PAGE}/texts/imprint").status_code == 404


def test_the_reminders_of_every_site_are_in_sight(admin, company, send):
    send(admin, "/admin/sites/bordeaux/process", save="1", reminders="24 h, 2 d")
    assert "24 h, 2 d before the appointment" in admin.get(PAGE).text.replace("\u00a0", " ")


def test_the_page_costs_the_same_however_many_sites_there_are(admin, company, do, statements):
    for number in range(8):
        do(sample.site, key=f"site-{number}")
    with statements(at_most=8):
        assert admin.get(PAGE).text.count("before the appointment") == 9
