"""Which site is near: on the globe, and by what somebody types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.nearness import EARTH, Exactness, Match, distance, matches, nearest

BORDEAUX, PESSAC, PARIS = (44.8378, -0.5792), (44.8067, -0.6311), (48.8566, 2.3522)
SITES = {
    1: ("Siège", "1 quai Louis XVIII, 33000 Bordeaux"),
    2: ("Agence du Bois", "12 bis, avenue Jean-Jaurès\n33600 Pessac Cedex"),
    3: ("Agence du Médoc", "8 route de Pessac, 33160 Saint-Médard-en-Jalles"),
    4: ("Paris", ""),
    5: ("Réunion", "3 rue de Paris, 97400 Saint-Denis"),
    6: ("Guadeloupe", "5 rue Frébault, 97110 Pointe-à-Pitre"),
    7: ("Bruxelles-Midi", "4 place Bara, 1070 Anderlecht"),
}
positions = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def answers(typed, sites=SITES):
    return [(one.site, str(one.how)) for one in matches(typed, sites)]


def test_pessac_is_next_to_bordeaux_and_paris_is_not():
    assert distance(*PESSAC, *BORDEAUX) == pytest.approx(5.36, abs=0.05)
    assert distance(*PARIS, *BORDEAUX) == pytest.approx(499, abs=1)


def test_the_other_side_of_the_globe_is_half_its_girth_away():
    assert distance(0, 0, 0, 180) == pytest.approx(EARTH * 3.14159265)


def test_the_date_line_is_no_wall():
    assert distance(0, 179.5, 0, -179.5) == pytest.approx(111.2, abs=0.1)


@given(positions, positions)
def test_a_distance_is_the_same_both_ways(here, there):
    assert distance(*here, *there) == pytest.approx(distance(*there, *here), abs=1e-6)
    assert 0 <= distance(*here, *there) <= EARTH * 3.1416


def test_the_nearest_comes_first_and_the_unknown_last():
    places = {5: None, 1: PARIS, 2: BORDEAUX, 4: PESSAC, 3: PESSAC, 0: None}
    assert [one for one, _ in nearest(places, PESSAC)] == [3, 4, 2, 1, 0, 5]
    assert nearest({1: None, 2: PESSAC}, PESSAC) == [(2, 0.0), (1, None)]


@pytest.mark.parametrize("typed", ["Pessac", "pessac", " PESSAC. ", "Péssac"])
def test_a_town_is_found_before_a_street_that_is_named_after_it(typed):
    assert answers(typed) == [(2, "exact"), (3, "words")]


@pytest.mark.parametrize(
    "typed",
    ["33600 Pessac", "Pessac 33600", "PESSAC (33600)", "33600 Pessac Cedex 2", "9 rue des Lilas, 33600 Pessac"],
)
def test_a_town_with_its_postcode_is_exact_and_the_departement_follows(typed):
    assert answers(typed) == [(2, "exact"), (3, "words"), (1, "department")]


def test_a_postcode_alone_is_exact_and_the_departement_follows_by_common_digits():
    assert answers("33600") == [(2, "exact"), (1, "department"), (3, "department")]
    assert answers("33170") == [(3, "department"), (1, "department"), (2, "department")]


def test_another_postcode_of_the_town_is_still_the_town():
    assert answers("33800 Bordeaux")[0] == (1, "town")


def test_another_town_of_the_postcode_is_still_the_postcode():
    assert answers("33600 Alouette")[0] == (2, "postcode")


def test_how_a_postcode_begins_is_enough():
    assert answers("336") == [(2, "postcode"), (1, "department"), (3, "department")]
    assert answers("33") == [(1, "department"), (2, "department"), (3, "department")]
    assert answers("3") == []


@pytest.mark.parametrize("typed", ["St Médard en Jalles", "saint-medard-en-jalles", "SAINT MÉDARD EN JALLES", "33160"])
def test_saints_are_found_however_they_are_written(typed):
    assert answers(typed)[0] == (3, "exact")


def test_only_whole_words_count():
    assert answers("Pess") == []
    assert answers("Jaurès") == [(2, "words")]


def test_a_site_may_be_named_after_its_town_and_have_no_address():
    assert answers("Paris") == [(4, "exact"), (5, "words")]
    assert answers("75002 Paris") == [(4, "town")]


def test_a_town_of_the_same_name_in_another_departement_is_not_meant():
    assert answers("93200 Saint-Denis") == []
    assert answers("Saint-Denis") == [(5, "exact")]


def test_overseas_a_departement_has_three_digits():
    assert answers("97430") == [(5, "department")]


def test_neighbours_have_four_digits():
    assert answers("1070 Anderlecht") == [(7, "exact")]
    assert answers("1070") == [(7, "exact")]


def test_a_house_number_is_no_postcode():
    assert answers("33 rue Frébault") == [(6, "words")]
    assert answers("1600", {1: ("Lyon", "1600 quai Perrache, 69002 Lyon")}) == []


def test_ligatures_are_their_letters():
    assert matches("Crevecoeur", {1: ("", "60360 Crèvecœur")}) == [Match(1, Exactness.EXACT)]


@pytest.mark.parametrize("typed", ["", "  ", ",;", "_"])
def test_nothing_typed_finds_nothing(typed):
    assert answers(typed) == []


@given(st.text(max_size=30))
def test_whatever_is_typed_is_answered_in_order(typed):
    order = [list(Exactness).index(one.how) for one in matches(typed, SITES)]
    assert order == sorted(order)
