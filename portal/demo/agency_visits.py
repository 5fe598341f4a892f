"""Some weeks of the agency: valuations, calls, rooms, bicycles and nights, booked as people book them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from portal.demo import company
from portal.demo.agency import AGENCY, AGENTS, BEACH, BICYCLE, CALL, NIGHT, ROOM, VALUATION
from portal.extensions import reading
from portal.operations import appointments, availability, bookables, choosing
from portal.operations.actors import GUEST, Actor
from portal.operations.asking import Asking
from portal.operations.choosing import NOTHING_PICKED, Picked
from portal.operations.wishes import Contact, Wish

BEFORE, AFTER = 18, 13  # days around today
STAFF = Actor("antoine.girard@example.com", "staff", staff=True)
OWNERS = (
    "Françoise Etcheverry",
    "Bernard Lafitte",
    "Camille Rousset",
    "Yasmine Haddad",
    "Olivier Castets",
    "Margaux Delbos",
    "Rachid Benali",
    "Cécile Pouget",
)
ADDRESSES = (
    "18 avenue Pasteur, 33600 Pessac",
    "5 rue Notre-Dame, 33000 Bordeaux",
    "42 cours Gambetta, 33400 Talence",
    "7 allée des Pins, 33170 Gradignan",
)


def happen(now: datetime) -> None:
    """Book around today: the same whenever it begins on the same day."""
    story = _Story(now)
    for number in range(-BEFORE, AFTER + 1):
        story.live(story.today + timedelta(days=number))
    story.bring_a_colleague()


class _Story:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.today = company.today(now)
        self.chance = random.Random(self.today.toordinal() + 1)  # noqa: S311 - it makes up a story, it guards nothing

    def live(self, day: date) -> None:
        """Book one day: a valuation or two, by name or not, a call; a room, bicycles or some nights now and then."""
        for _ in range(self.chance.randint(1, 2)):
            agent = self.chance.choice((*AGENTS, "", ""))
            self._book(VALUATION, day, Picked(people=(agent,) if agent else ()))
        self._book(CALL, day)
        if self.chance.random() < 0.3:
            self._book(VALUATION, day, site=BEACH)
        if self.chance.random() < 0.5:
            self._book(ROOM, day, Picked(iterations=self.chance.randint(1, 3)))
        if self.chance.random() < 0.4:
            self._book(BICYCLE, day, Picked(quantity=self.chance.randint(1, 4), iterations=2))
        if self.chance.random() < 0.4:
            self._book(NIGHT, day, Picked(iterations=self.chance.randint(1, 3)))

    def bring_a_colleague(self) -> None:
        """Let two agents go to a large house together: the staff added the second."""
        pair = Picked(people=AGENTS[1:])
        days = (self.today + timedelta(days=number) for number in range(2, AFTER))
        for day in days:
            if offered := self._offered(AGENCY, VALUATION, day, self.now, pair, staff=True):
                told = {"address": ADDRESSES[0], "kind": "house"}
                contact = self._contact(OWNERS[0])
                wish = Wish(offered[0], contact, STAFF, site=AGENCY, service=VALUATION, people=pair.people, fields=told)
                appointments.book(wish, now=self.now - timedelta(hours=3))
                return

    def _book(self, service: str, day: date, picked: Picked = NOTHING_PICKED, site: str = AGENCY) -> None:
        when = self._before(day)
        if offered := self._offered(site, service, day, when, picked):
            wish = Wish(
                self.chance.choice(offered),
                self._contact(self.chance.choice(OWNERS)),
                GUEST,
                site=site,
                service=service,
                people=picked.people,
                quantity=picked.quantity,
                iterations=picked.iterations,
                fields=self._property() if service == VALUATION else {},
            )
            appointments.book(wish, now=when)

    def _property(self) -> dict[str, object]:
        return {"address": self.chance.choice(ADDRESSES), "kind": self.chance.choice(("house", "flat", "flat"))}

    def _contact(self, name: str) -> Contact:
        first, last = name.lower().replace("ç", "c").replace("é", "e").split()
        return Contact(f"{first}.{last}@example.org", name, "06 39 98 40 40", locale="fr")

    def _offered(
        self, site: str, service: str, day: date, when: datetime, picked: Picked, *, staff: bool = False
    ) -> Sequence[datetime]:
        with reading() as session:
            bookable = bookables.find(session, site, None, service=service)
            asking = choosing.asked(session, bookable, Asking(staff=staff), picked)
            found = availability.search(session, bookable, day, day, now=when, asking=asking)
            return [start.start for start in found.offered]

    def _before(self, day: date) -> datetime:
        """Give a moment some days before a day, and before now: when it was booked."""
        ago = timedelta(days=self.chance.randint(2, 6), minutes=self.chance.randint(0, 600))
        return min(self.now - timedelta(days=max(0, (self.today - day).days)) - ago, self.now)
