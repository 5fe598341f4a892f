"""Dates, hours and zones as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from portal import i18n

PARIS, TOKYO = ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Tokyo")
EVENING = datetime(2026, 4, 14, 20, 30, tzinfo=UTC)


def test_a_day_in_full():
    assert i18n.day(date(2026, 4, 14), "fr") == "mardi 14 avril 2026"
    assert i18n.day(date(2026, 4, 14), "en") == "Tuesday 14 April 2026"


def test_the_first_of_a_month_is_an_ordinal_in_french():
    assert i18n.day_short(date(2026, 12, 1), "fr") == "mardi 1er décembre"


@pytest.mark.parametrize(
    ("first", "last", "french", "english"),
    [
        (date(2026, 12, 7), date(2026, 12, 13), "du 7 au 13 décembre 2026", "7 to 13 December 2026"),
        (date(2026, 5, 26), date(2026, 6, 1), "du 26 mai au 1er juin 2026", "26 May to 1 June 2026"),
        (date(2026, 6, 1), date(2026, 6, 7), "du 1er au 7 juin 2026", "1 to 7 June 2026"),
        (
            date(2026, 12, 28),
            date(2027, 1, 3),
            "du 28 décembre 2026 au 3 janvier 2027",
            "28 December 2026 to 3 January 2027",
        ),
    ],
)
def test_dates_from_one_to_another(first, last, french, english):
    assert (i18n.dates(first, last, "fr"), i18n.dates(first, last, "en")) == (french, english)


def test_one_instant_has_its_own_date_in_each_zone():
    assert i18n.day_short(EVENING.astimezone(PARIS), "fr") == "mardi 14 avril"
    assert i18n.day_short(EVENING.astimezone(TOKYO), "fr") == "mercredi 15 avril"


@pytest.mark.parametrize(
    ("minutes", "french", "english"),
    [
        (480, "8\u00a0h", "8:00"),
        (510, "8\u00a0h\u00a030", "8:30"),
        (1440, "24\u00a0h", "24:00"),
        (5, "0\u00a0h\u00a005", "0:05"),
    ],
)
def test_the_time_of_day(minutes, french, english):
    assert (i18n.clock_time(minutes, "fr"), i18n.clock_time(minutes, "en")) == (french, english)


def test_an_interval_in_words():
    start, end = datetime(2026, 4, 14, 6, 30, tzinfo=UTC), datetime(2026, 4, 14, 7, 30, tzinfo=UTC)
    assert i18n.span(start, end, PARIS, "fr") == "de 8\u00a0h\u00a030 à 9\u00a0h\u00a030"
    assert i18n.span(start, end, PARIS, "en") == "8:30 to 9:30"


def test_a_zone_is_named_with_its_offset_at_the_moment():
    assert i18n.zone_label(PARIS, EVENING, "fr") == "heure de Paris (UTC+2)"
    assert i18n.zone_label("America/St_Johns", EVENING, "en").endswith("(UTC−2:30)")


def test_a_city_that_begins_with_a_vowel_is_elided():
    assert i18n.zone_label("Europe/Athens", EVENING, "fr") == "heure d’Athènes (UTC+3)"


def test_the_first_language_that_we_speak_is_chosen():
    assert i18n.chosen_locale(["de", "EN_gb", "fr"], "fr") == "en"
    assert i18n.chosen_locale([None, "", "de"], "fr") == "fr"
