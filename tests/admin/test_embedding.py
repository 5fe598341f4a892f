"""The page that gives the code of the booking pages for a website, and says which websites may show them."""

from __future__ import annotations

import html
import re

import pytest

from tests import sample, staff

PAGE = "/admin/embedding"


def code(page) -> str:
    found = re.search(r'<textarea class="code"[^>]*>(.*?)</textarea>', page.text, re.DOTALL)
    assert found
    return html.unescape(found[1])


@pytest.fixture
def two_sites(do):
    do(sample.docks)
    do(sample.site, key="lyon")
    do(sample.planning, key="rampe", sites=["lyon"])
    do(sample.planning, key="interne", guests=False)


def test_the_code_of_a_site_is_given_first(manager, two_sites):
    assert code(manager.get(PAGE)) == (
        '<script src="http://localhost/embed.js" data-site="bordeaux"></script>\n'
        '<noscript><a href="http://localhost/book/bordeaux">Book an appointment</a></noscript>'
    )


def test_the_code_of_a_planning_in_a_language(manager, two_sites):
    assert code(manager.get(f"{PAGE}?place=lyon/rampe&lang=fr")) == (
        '<script src="http://localhost/embed.js" data-site="lyon" data-planning="rampe" data-lang="fr"></script>\n'
        '<noscript><a href="http://localhost/book/lyon/planning/rampe?lang=fr">Prendre rendez-vous</a></noscript>'
    )


def test_the_code_of_a_service(manager, two_sites, do):
    do(sample.service)
    assert code(manager.get(f"{PAGE}?place=bordeaux/service/evaluation")) == (
        '<script src="http://localhost/embed.js" data-site="bordeaux" data-service="evaluation"></script>\n'
        '<noscript><a href="http://localhost/book/bordeaux/evaluation">Book an appointment</a></noscript>'
    )


@pytest.mark.parametrize("query", ["place=nowhere", "place=bordeaux/interne", "place=%22%3E&lang=de"])
def test_what_is_not_there_gives_the_first_there_is(manager, two_sites, query):
    assert 'data-site="bordeaux"></script>' in code(manager.get(f"{PAGE}?{query}"))


def test_only_what_guests_may_book_can_be_chosen(manager, two_sites):
    text = manager.get(PAGE).text
    assert "Planning rampe" in text
    assert "Planning interne" not in text


def test_whose_sites_end_somewhere_sees_no_other(app, do, two_sites):
    client = staff.logged_in(app, "manager", "en")
    do(staff.works_for, "manager", "lyon")
    page = client.get(f"{PAGE}?place=bordeaux")
    assert "Bordeaux" not in page.text
    assert 'data-site="lyon"' in code(page)


def test_without_a_planning_for_guests_the_page_says_so(manager):
    page = manager.get(PAGE)
    assert page.status_code == 200
    assert "no planning may be booked by guests" in page.text


def test_without_an_allowed_website_the_page_says_what_to_do(manager, two_sites):
    text = manager.get(PAGE).text
    assert "No website may show the booking pages yet" in text
    assert "EMBED_ORIGINS=https://www.example.com" in text


def test_the_allowed_websites_are_listed(make_app, two_sites):
    app = make_app(embed_origins=("https://www.example.com", "https://intra.example.com"))
    text = staff.logged_in(app, "manager", "en").get(PAGE).text
    assert "No website may show" not in text
    assert "<li><code>https://intra.example.com</code></li>" in text
    assert "EMBED_ORIGINS=https://www.example.com,https://intra.example.com" in text


def test_the_page_is_for_managers(agent):
    assert agent.get(PAGE).status_code == 404


def test_the_page_asks_the_database_a_fixed_number_of_times(manager, two_sites, do, statements):
    for number in range(10):
        do(sample.planning, key=f"porte-{number}")
    manager.get(PAGE)
    with statements(at_most=4):
        manager.get(PAGE)
