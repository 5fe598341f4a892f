"""The rules of booking in words on the public pages: from when on and why, until when, and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from portal.operations import appointments
from tests import sample
from tests.booking.pages import PLANNING
from tests.sample import paris

BUYER = "achats@example.com"


def site(do, *, holidays=None, closures=(), own=None, **policy):
    def make():
        sample.site(policy=policy, closures=closures)
        sample.planning(policy=own)
        sample.order()
        with sample.transaction() as session:
            session.query(sample.Site).one().holidays = holidays

    do(make)


def open_at(portal, clock, moment, url=PLANNING, lang="en"):
    clock.set(paris(moment))
    return portal.open(f"{url}{'&' if '?' in url else '?'}lang={lang}")


@pytest.mark.parametrize(
    ("rules", "asked", "text"),
    [
        (
            {"min_notice": "12h"},
            "2026-12-01 09:00",
            (
                "Earliest: Tuesday 1 December at 21:00, because 12 hours of notice are needed. "
                "Last day: Monday 1 March 2027."
            ),
        ),
        (
            {"min_notice": "1h"},
            "2026-12-01 09:00",
            "Earliest: Tuesday 1 December at 10:00, because 1 hour of notice is needed.",
        ),
        (
            {"min_notice": "2d", "max_days": 30},
            "2026-12-04 15:00",
            "Earliest: Sunday 6 December at 15:00, because 2 days of notice are needed. Last day: Sunday 3 January",
        ),
        (
            {"min_notice": "2d", "business_days": True},
            "2026-12-07 15:00",
            "Earliest: Wednesday 9 December at 15:00, because 2 working days of notice are needed. Last day",
        ),
        (
            {"min_notice": "2d", "business_days": True},
            "2026-12-04 15:00",
            (
                "Earliest: Tuesday 8 December at 15:00, because 2 working days of notice are needed and we are closed "
                "on Saturday 5 December and on Sunday 6 December."
            ),
        ),
        (
            {"min_notice": "2d", "business_days": True, "holidays": "FR"},
            "2027-03-25 10:00",
            (
                "Earliest: Tuesday 30 March at 10:00, because 2 working days of notice are needed and we are closed "
                "on Monday 29 March (Lundi de Pâques)."
            ),
        ),
        (
            {"min_notice": "2d", "business_days": True, "holidays": "FR-57"},
            "2027-03-25 10:00",
            (
                "Earliest: Wednesday 31 March at 10:00, because 2 working days of notice are needed and we are closed "
                "on Friday 26 March (Vendredi saint) and on Monday 29 March (Lundi de Pâques)."
            ),
        ),
        (
            {"min_notice": "10d", "business_days": True, "closures": [(date(2026, 12, 7), date(2026, 12, 11))]},
            "2026-12-04 09:00",
            (
                "Earliest: Friday 25 December at 9:00, because 10 working days of notice are needed and we are closed "
                "from 7 to 11 December 2026 (Pont)."
            ),
        ),
        (
            {
                "min_notice": "10d",
                "business_days": True,
                "closures": [(date(2026, 12, day), date(2026, 12, day)) for day in (7, 9, 11, 15, 17)],
            },
            "2026-12-04 09:00",
            "closed on Monday 7 December (Pont), on Wednesday 9 December (Pont), on Friday 11 December (Pont) and on 2",
        ),
        (
            {"min_notice": "3h", "business_days": True},
            "2026-12-05 09:00",
            "Earliest: Monday 7 December at 3:00, because 3 hours of notice on open days are needed and we are closed",
        ),
        (
            {"own": {"min_notice": 90}, "min_notice": "2d"},
            "2026-12-01 09:00",
            "Earliest: Tuesday 1 December at 10:30, because 90 minutes of notice are needed.",
        ),
    ],
)
def test_the_page_says_from_when_on_and_why(do, portal, clock, rules, asked, text):
    site(do, **rules)
    assert text in open_at(portal, clock, asked).text


def test_it_says_so_in_french(do, portal, clock):
    site(do, min_notice="2d", business_days=True, holidays="FR")
    assert (
        "Au plus tôt : mardi 30 mars à 10 h, car il faut 2 jours ouvrés de délai et nous sommes fermés le lundi 29 "
        "mars (Lundi de Pâques). Dernier jour : mercredi 23 juin 2027."
    ) in open_at(portal, clock, "2027-03-25 10:00", lang="fr").text


def test_seconds_are_not_shown_as_if_they_had_passed(do, portal, clock):
    site(do, min_notice="1h")
    clock.set(paris("2026-12-01 09:00:30"))
    assert "Earliest: Tuesday 1 December at 10:01" in portal.open(f"{PLANNING}?lang=en").text


def test_without_a_notice_nothing_is_said(do, portal, clock):
    site(do, business_days=True)
    assert "Earliest" not in open_at(portal, clock, "2026-12-01 09:00").text


def test_where_nothing_opens_within_a_year_the_page_says_so(do, portal, clock):
    site(do, min_notice="1d", business_days=True, closures=[(date(2026, 12, 1), date(2028, 12, 31))])
    assert "Nothing can be booked: no day within a year is open." in open_at(portal, clock, "2026-12-01 09:00").text


@pytest.mark.parametrize(
    ("day", "text"),
    [
        ("2026-12-02", "Too soon: more notice is needed. Earliest: Thursday 3 December at 9:00, because 2 days"),
        ("2026-12-28", "Too far ahead: this day is not open for booking yet. Last day: Monday 21 December 2026."),
    ],
)
def test_a_day_outside_the_window_says_what_can_be_booked(do, portal, clock, day, text):
    site(do, min_notice="2d", max_days=20)
    assert text in open_at(portal, clock, "2026-12-01 09:00", f"{PLANNING}?day={day}").text


def test_a_time_outside_the_window_says_what_can_be_booked(do, portal, clock):
    site(do, min_notice="2d", max_days=20)
    url = f"{PLANNING}/details?start=2026-12-02T08:00:00%2B01:00"
    page = open_at(portal, clock, "2026-12-01 09:00", url)
    assert (page.status, "Earliest: Thursday 3 December at 9:00" in page.text) == (409, True)


def test_a_link_says_which_days_it_books(do, portal, clock):
    site(do)
    token = do(sample.link, first_day=date(2026, 12, 8), last_day=date(2026, 12, 9))
    page = open_at(portal, clock, "2026-12-01 09:00", f"/b/{token}?day=2026-12-10")
    assert (
        "Outside the days of this link. It books from Tuesday 8 December 2026 to Wednesday 9 December 2026."
    ) in page.text


# How often


@pytest.fixture
def limited(do, now):
    """Let the order's customer come once a day and twice a week; they come on Monday 7 December already."""

    def made(**policy):
        site(do, **policy)
        wish = sample.wish("2026-12-07 08:00")
        do(appointments.book, replace(wish, contact=replace(wish.contact, email=BUYER)), now=now)
        return f"/b/{do(sample.link)}"

    return made


def cell(page, day: int) -> str:
    """Read what stands in the cell of a day of the month."""
    start = page.source.index("<table")
    table = page.source[start : page.source.index("</table>", start)]
    cells = [text for text in table.split("<td")[1:] if f">{day}<" in text]
    return cells[0]


def test_days_over_the_limit_are_shown_closed_and_say_why(limited, portal, clock):
    page = open_at(portal, clock, "2026-12-01 09:00", limited(max_per_day=1))
    assert ("<a " in cell(page, 7), "limit" in cell(page, 7)) == (False, True)
    assert ("<a " in cell(page, 8), "limit" in cell(page, 8)) == (True, False)
    assert "“limit”: you have as many appointments as are allowed then. At most 1 appointment a day." in page.text


def test_a_closed_day_is_closed_and_not_over_the_limit(limited, portal, clock):
    page = open_at(portal, clock, "2026-12-01 09:00", limited(max_per_week=1))
    assert [day for day in range(1, 32) if "limit" in cell(page, day)] == [7, 8, 9, 10, 11]


@pytest.mark.parametrize(
    ("rules", "day", "text"),
    [
        ({"max_per_day": 1}, "2026-12-07", "You already have 1 appointment that day; the limit is 1."),
        ({"max_per_week": 1}, "2026-12-10", "You already have 1 appointment that week; the limit is 1."),
        (
            {"max_per_day": 1, "max_per_week": 1},
            "2026-12-07",
            "You already have 1 appointment that day; the limit is 1.",
        ),
    ],
)
def test_a_day_over_the_limit_says_why_when_it_is_looked_at(limited, portal, clock, rules, day, text):
    link = limited(**rules)
    assert text in open_at(portal, clock, "2026-12-01 09:00", f"{link}?day={day}").text
    step = open_at(portal, clock, "2026-12-01 09:00", f"{link}/details?start={day}T10:00:00%2B01:00")
    assert (step.status, text in step.text) == (409, True)


def test_a_guest_over_the_limit_is_told_with_the_form_as_it_was_typed(limited, portal, clock):
    limited(max_per_week=1)
    page = open_at(portal, clock, "2026-12-01 09:00", f"{PLANNING}/details?start=2026-12-08T10:00:00%2B01:00")
    refused = page.send(email=BUYER, name="Emballages Vidal")
    assert refused.status == 422
    assert "You already have 1 appointment that week; the limit is 1." in refused.text
    assert refused.form.values["name"] == "Emballages Vidal"


def test_it_is_told_in_french_too(limited, portal, clock):
    link = limited(max_per_week=1)
    page = open_at(portal, clock, "2026-12-01 09:00", f"{link}?day=2026-12-10", lang="fr")
    assert "Vous avez déjà 1 rendez-vous cette semaine-là ; la limite est de 1." in page.text
    assert "1 rendez-vous par semaine au plus, du lundi au dimanche." in page.text
