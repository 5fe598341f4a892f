"""Which site is near: by distance where positions are known, else by the town or postcode that somebody types.

What is typed is compared with the sites' own names and addresses, so that no list of all towns is needed; how exact a
match is, is told with it.

>>> sites = {1: ("Agence", "4 rue Thiers, 33600 Pessac"), 2: ("Bordeaux", "1 quai Louis XVIII, 33000 Bordeaux")}
>>> [(one.site, one.how.value) for one in matches("pessac", sites)]
[(1, 'exact')]
>>> [(one.site, one.how.value) for one in matches("33600 PESSAC", sites)]
[(1, 'exact'), (2, 'department')]
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from math import asin, cos, radians, sin, sqrt

EARTH = 6371.0088
"""Kilometres: the mean radius by IUGG."""

Position = tuple[float, float]
"""Latitude and longitude in degrees, north and east."""


class Exactness(StrEnum):
    """How well a site answers what was typed, the best first."""

    EXACT = "exact"  # all that was typed: the town, the postcode, or both
    TOWN = "town"  # the town, though not this postcode of it
    POSTCODE = "postcode"  # the postcode, or how it begins, though not this town
    WORDS = "words"  # the words, somewhere in its name or address
    DEPARTMENT = "department"  # another postcode of the same département


@dataclass(frozen=True, slots=True)
class Match:
    """A site that answers what was typed, and how well."""

    site: int
    how: Exactness


def distance(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Measure the kilometres between two positions along the globe, taken as a sphere: right to half a percent.

    >>> round(distance(44.8378, -0.5792, 48.8566, 2.3522))  # Bordeaux to Paris
    499
    """
    north, south = radians(lat1), radians(lat2)
    # The haversine formula: unlike the cosine's, it is exact for neighbours, too.
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(half)))


def nearest(places: Mapping[int, Position | None], position: Position) -> list[tuple[int, float | None]]:
    """Sort places by their distance in kilometres; those of which no position is known come last.

    >>> nearest({1: None, 2: (45.0, 0.0), 3: (44.0, 0.0)}, (44.0, 0.0))
    [(3, 0.0), (2, 111.19508023353306), (1, None)]
    """
    known = {one: distance(*place, *position) for one, place in places.items() if place is not None}
    order = sorted(places, key=lambda one: (one not in known, known.get(one, 0.0), one))
    return [(one, known.get(one)) for one in order]


def matches(typed: str, site_texts: Mapping[int, Iterable[str]]) -> list[Match]:
    """Find the sites that answer a town, a postcode, or an address that holds them, the best first.

    ``site_texts`` are the name and address of each. Accents, case and punctuation do not count; of equally good ones,
    first come those whose postcode has more digits in common with the one that was typed.
    """
    wanted = _Wanted.of(typed)
    sites = {site: _Texts.of(texts) for site, texts in site_texts.items()}
    found = [Match(site, how) for site, texts in sites.items() if (how := _judged(wanted, texts)) is not None]
    best = list(Exactness)
    return sorted(found, key=lambda one: (best.index(one.how), -sites[one.site].shared(wanted.code), one.site))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The postcode, or how it begins, and the words of the town; either may be empty."""

    code: str
    town: tuple[str, ...]

    @classmethod
    def of(cls, typed: str) -> _Wanted:
        """Understand what was typed. The town stands after the postcode, unless nothing does."""
        words = _words(typed)
        if len(words) == 1 and re.fullmatch(r"\d{2,5}", words[0]):
            return cls(words[0], ())
        codes = _codes(words)
        if not codes:
            return cls("", _named(words))
        place = len(words) - 1 - words[::-1].index(codes[-1])
        return cls(codes[-1], _named(words[place + 1 :]) or _named(words[:place]))


@dataclass(frozen=True, slots=True)
class _Texts:
    """What a site says of itself, in words."""

    texts: tuple[tuple[str, ...], ...]
    codes: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> _Texts:
        words = tuple(_words(text) for text in texts)
        return cls(words, tuple(code for text in words for code in _codes(text)))

    def is_in(self, town: tuple[str, ...]) -> bool:
        """Tell whether the site is in a town: its address has it after the postcode, or a text is nothing else."""
        after = (text[index + 1 :] for text in self.texts for index, word in enumerate(text) if word in self.codes)
        return town in self.texts or any(words[: len(town)] == town for words in after)

    def has(self, words: tuple[str, ...]) -> bool:
        """Tell whether all the words are somewhere."""
        return set(words) <= {word for text in self.texts for word in text}

    def shared(self, code: str) -> int:
        """Count the leading digits that a postcode has in common with the site's."""
        same = ([*takewhile(lambda pair: pair[0] == pair[1], zip(code, own, strict=False))] for own in self.codes)
        return max(map(len, same), default=0)


def _judged(wanted: _Wanted, site: _Texts) -> Exactness | None:
    """Tell how well a site answers; a town of the same name in another département does not."""
    code, town = wanted.code, wanted.town
    begins = len(code) > 2 and any(own.startswith(code) for own in site.codes)
    near = bool(code) and any(_department(own) == _department(code) for own in site.codes)
    elsewhere = bool(code and site.codes) and not near
    judgements = (
        (not elsewhere and bool(town) and (begins or not code) and site.is_in(town), Exactness.EXACT),
        (not town and code in site.codes, Exactness.EXACT),
        (not elsewhere and bool(town) and site.is_in(town), Exactness.TOWN),
        (begins, Exactness.POSTCODE),
        (not elsewhere and bool(town) and site.has(town), Exactness.WORDS),
        (near, Exactness.DEPARTMENT),
    )
    return next((how for holds, how in judgements if holds), None)


def _department(code: str) -> str:
    """Give the digits of a département: three overseas, two elsewhere."""
    return code[:3] if code.startswith(("97", "98")) else code[:2]


def _codes(words: Sequence[str]) -> list[str]:
    """List the postcodes: numbers of five digits or, where there are none, of four, as our neighbours have them."""
    five, four = ([word for word in words if re.fullmatch(rf"\d{{{digits}}}", word)] for digits in (5, 4))
    return five or four


def _words(text: str) -> tuple[str, ...]:
    """Part a text into words without accents, case and punctuation, in which saints are not abbreviated.

    >>> _words("L’Haÿ-les-Roses, St Médard")
    ('l', 'hay', 'les', 'roses', 'saint', 'medard')
    """
    folded = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return tuple(_LONG.get(word, word) for word in re.findall(r"[^\W_]+", plain))


def _named(words: Sequence[str]) -> tuple[str, ...]:
    """Leave out what is no part of a town's name: numbers of houses, and of post offices."""
    return tuple(word for word in words if word != "cedex" and not word.isdecimal())


_LONG = {"st": "saint", "ste": "sainte"}


def plain(name: str) -> str:
    """Write the name of a town without accents, case and punctuation.

    >>> plain("Saint-Médard-en-Jalles")
    'saint medard en jalles'
    """
    return " ".join(_words(name))


def located(typed: str, towns: Mapping[str, Position]) -> Position | None:
    """Find where a town is that somebody types, or an address whose town stands last; ``towns`` are by ``plain`` name.

    >>> located("4 rue Thiers, 33600 PESSAC", {"pessac": (44.81, -0.64)})
    (44.81, -0.64)
    >>> located("Nowhere", {"pessac": (44.81, -0.64)})
    """
    words = _Wanted.of(typed).town
    endings = (" ".join(words[index:]) for index in range(len(words)))
    return next((towns[name] for name in endings if name in towns), None)
