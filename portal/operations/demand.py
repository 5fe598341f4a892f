"""How often somebody looked at a day and found nothing: demand that the hours could not serve.

A look is one answer to a visitor of the public pages, or to a caller of the API without a key. A page that is asked
for a day looks at that day; one that shows a month, or a range of the API, looks at each of its days. Turning the
page, coming back and loading it again are looks of their own.

A day counts as looked at when it has a start that this visitor could take, or could if it were not full: it is open,
within the booking window, and within the days of the link. It is refused when all such starts are full. So "refused
12 times" says: twelve times somebody looked at this day, which was open to them, and nothing was left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from portal.domain.slots import Start
from portal.domain.zones import days
from portal.operations import usage
from portal.operations.availability import Availability


def look(found: Availability, day: date | None = None) -> None:
    """Note a look at one day of what was found, or at all of them. Nothing is written here: a GET writes nothing."""
    looked = [one for one in ([day] if day else days(found.first, found.last)) if _open_to_them(found.of_day(one))]
    usage.note_demand(found.bookable.pool_id, looked, [one for one in looked if one not in found.by_day])


def _open_to_them(starts: Sequence[Start]) -> bool:
    return any(start.offered or start.taken for start in starts)
