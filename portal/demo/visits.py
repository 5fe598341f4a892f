"""A month of appointments around today, booked as customers, guests and staff book them: by the use cases."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from portal.demo import agency_visits, company
from portal.demo.company import BORDEAUX_DOCKS, COUNTER, LYON_DOCKS, TOURS, DemoOrder, Partner
from portal.domain.lifecycle import Status
from portal.extensions import reading, transaction
from portal.operations import (
    appointment_lists,
    appointments,
    bookables,
    calendars,
    links,
    marks,
    offers,
    outbox,
    usage,
    validation,
    waiting,
)
from portal.operations.actors import CUSTOMER, GUEST, Actor
from portal.operations.appointment_lists import Filter
from portal.operations.cards import AppointmentCard
from portal.operations.waiting import Joining
from portal.operations.wishes import Booked, Contact, Move, Wish

BEFORE, AFTER = 34, 13  # days around today that have appointments: the reports look back on five weeks
AGENT = Actor("karim.haddad@example.com", "staff", staff=True)
STAFF = Actor("antoine.girard@example.com", "staff", staff=True)
DOCKS = {"bordeaux": BORDEAUX_DOCKS, "lyon": LYON_DOCKS}
ON_A_DAY = {BORDEAUX_DOCKS: (5, 9), LYON_DOCKS: (2, 4), COUNTER: (1, 2)}  # appointments: at least, at most
REMARKS = ("", "", "", "Camion-remorque, hayon élévateur.", "Le chauffeur arrive d’Espagne.", "Chargement par le côté.")
CARRIERS = ("Transports Etxegaray", "Messageries du Médoc", "Rhône Fret", "Trans-Garonne")
VISITORS = (
    "Julien Fabre",
    "Amina Belkacem",
    "Thomas Roussel",
    "Inès Garnier",
    "Mathieu Lacoste",
    "Sofia Almeida",
    "Karim Haddad",
    "Lucie Perrin",
    "Nicolas Barthe",
    "Élodie Masson",
    "Pierre Dubosc",
    "Nadia Cherif",
)
NEVER_CAME, CALLED_OFF, SERVED = 0.04, 0.06, 0.86  # shares of those who were expected
MAILS = 6  # confirmations on their way when the demo begins: a full mailbox would hide its first mails


def happen(now: datetime) -> None:
    """Tell the whole story: it is the same whenever it begins on the same day."""
    story = _Story(now)
    story.invite()
    for number in range(-BEFORE, AFTER + 1):
        story.live(story.today + timedelta(days=number))
    story.fill_up()
    story.change_minds()
    story.ask()
    story.wait()
    agency_visits.happen(now)
    story.come_and_go()
    story.look_in_vain()
    _clear_the_queue(now - timedelta(days=60))


class _Story:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.today = company.today(now)
        self.chance = random.Random(self.today.toordinal())  # noqa: S311 - it makes up a story, it guards nothing
        self.orders = [order for order in company.orders() if order.status != "en préparation"]
        self.tokens: dict[str, str] = {}

    def invite(self) -> None:
        """Make a link for each order that is ready; two are mailed, for the mailbox."""
        mailed = {reference for _, reference, _ in company.SHOWN_LINKS}
        for order in self.orders:
            made = links.create(order.reference, now=self._ago(hours=2), send=order.reference in mailed, by=STAFF)
            self.tokens[order.reference] = made.token

    def live(self, day: date) -> None:
        """Book one day at every dock and counter."""
        for site, docks in DOCKS.items():
            for _ in range(self.chance.randint(*ON_A_DAY[docks])):
                self._dock(site, docks, day)
            for _ in range(self.chance.randint(*ON_A_DAY[COUNTER])):
                self._counter(site, day)

    def fill_up(self) -> None:
        """Leave no place in one hour of the next open day: that, too, must be seen."""
        for number in range(1, AFTER):
            day = self.today + timedelta(days=number)
            if offered := self._offered("bordeaux", BORDEAUX_DOCKS, day, self.now):
                while offered[0] in self._offered("bordeaux", BORDEAUX_DOCKS, day, self.now):
                    self._book_docks("bordeaux", BORDEAUX_DOCKS, offered[0], self.now)
                return

    def change_minds(self) -> None:
        """Let the supplier whose link is shown have come, cancel a delivery, move another and keep a third."""
        order = next(order for order in self.orders if order.reference == company.SHOWN_LINKS[1][1])
        self._deliveries(order, range(-1, -BEFORE, -1), 1)
        coming = self._deliveries(order, range(4, AFTER), 3)
        if len(coming) == 3:
            appointments.cancel(coming[0].public_id, CUSTOMER, now=self._ago(hours=1), undo=False)
            days = (self.today + timedelta(days=number) for number in range(AFTER, AFTER + 7))
            later = [start for day in days for start in self._offered("lyon", LYON_DOCKS, day, self.now)]
            if later:
                appointments.move(Move(coming[1].public_id, later[0], CUSTOMER), now=self._ago(minutes=30))

    def ask(self) -> None:
        """Let two visits wait for an answer, and one that was accepted wait for its move to be."""
        found = [
            start
            for number in range(4, 4 * AFTER)
            for start in self._offered("bordeaux", TOURS, self.today + timedelta(days=number), self.now)[:1]
        ]
        for name, start, hours in zip(VISITORS, found[:3], (26, 5, 2), strict=False):
            contact = Contact(self._address(name), name, "06 39 98 20 20", "Nous serons trois.", "fr")
            asked = Wish(start, contact, GUEST, site="bordeaux", planning=TOURS)
            booked = appointments.book(asked, now=self._ago(hours=hours))
            if start == found[0] and len(found) > 3:
                validation.accept(booked.public_id, STAFF, now=self._ago(hours=20))
                appointments.move(Move(booked.public_id, found[3], GUEST), now=self._ago(hours=1))

    def wait(self) -> None:
        """Let a day of visits be full, two people wait for it, and its last hour be given back and offered to them."""
        days = (self.today + timedelta(days=number) for number in range(4 * AFTER, 5 * AFTER))
        free = [day for day in days if self._offered("bordeaux", TOURS, day, self.now)]
        names = iter(VISITORS[4:])
        self._visit(next(names), self._offered("bordeaux", TOURS, free[-1], self.now)[0])
        while starts := self._offered("bordeaux", TOURS, free[0], self.now):
            last = self._visit(next(names), starts[0])
        for name, hours in zip(VISITORS[:2], (9, 6), strict=True):
            place = waiting.Place(site="bordeaux", planning=TOURS)
            waiting.join(Joining(place, free[0], free[0], self._address(name), "", "fr"), now=self._ago(hours=hours))
        appointments.cancel(last.public_id, GUEST, now=self._ago(hours=1), undo=False)
        offers.advance(self._ago(minutes=59))

    def _visit(self, name: str, start: datetime) -> Booked:
        """Book a visit by telephone: what the staff books needs no answer."""
        contact = Contact(self._address(name), name, "06 39 98 30 30", locale="fr")
        return appointments.book(Wish(start, contact, STAFF, site="bordeaux", planning=TOURS), now=self._ago(hours=20))

    def come_and_go(self) -> None:
        """Let those who were expected have come and gone; some never did, and nobody has said so of a few."""
        for card in _everybody():
            if card.start <= self.now and card.status is Status.CONFIRMED:
                self._receive(card)

    def _receive(self, card: AppointmentCard) -> None:
        fate = self.chance.random()
        if fate < NEVER_CAME:
            self._mark(card, Status.NO_SHOW, card.start + timedelta(minutes=40))
        elif fate < NEVER_CAME + CALLED_OFF:
            appointments.cancel(card.public_id, STAFF, now=card.start - timedelta(hours=20), undo=False)
        elif fate < NEVER_CAME + CALLED_OFF + SERVED or card.end <= self.now - timedelta(hours=4):
            self._mark(card, Status.ARRIVED, card.start + timedelta(minutes=self.chance.randint(-20, 15)))
            self._mark(card, Status.COMPLETED, card.end + timedelta(minutes=self.chance.randint(-15, 10)))

    def _mark(self, card: AppointmentCard, status: Status, at: datetime) -> None:
        if at <= self.now:
            marks.mark(card.public_id, status, AGENT, now=at)

    def look_in_vain(self) -> None:
        """Let people have looked at days that had nothing left for them."""
        with reading() as session:
            pool = bookables.find(session, "bordeaux", BORDEAUX_DOCKS).pool_id
        for number in range(-BEFORE, AFTER, 3):
            day = self.today + timedelta(days=number)
            if day.weekday() < 5:
                for _ in range(self.chance.randint(0, 4)):
                    usage.note_demand(pool, [day], [day])
                    usage.note_demand(pool, [day], [])
        usage.write()

    def _deliveries(self, order: DemoOrder, days: Iterable[int], most: int) -> list[Booked]:
        """Book by an order's link on the first of these days that have a place."""
        found: list[Booked] = []
        for number in days:
            booked = self._by_link(order, self.today + timedelta(days=number)) if len(found) < most else None
            found += [booked] if booked is not None else []
        return found

    def _dock(self, site: str, docks: str, day: date) -> None:
        when = self._before(day)
        if offered := self._offered(site, docks, day, when):
            # The first hours of the morning are asked for most.
            self._book_docks(site, docks, min(self.chance.choices(offered, k=self.chance.randint(1, 3))), when)

    def _book_docks(self, site: str, docks: str, start: datetime, when: datetime) -> None:
        """Book for an order of the site: half by its link, half by telephone."""
        shown = {reference for _, reference, _ in company.SHOWN_LINKS}
        order = self.chance.choice([one for one in self.orders if one.site == site and one.reference not in shown])
        contact = self._contact(order.partner)
        if self.chance.random() < 0.5 and order.partner.email:
            wish = Wish(start, contact, CUSTOMER, token=self.tokens[order.reference], fields=self._lorry())
        else:
            told = self._lorry() if self.chance.random() < 0.6 else {}
            wish = Wish(start, contact, STAFF, site=site, planning=docks, order=order.reference, fields=told)
        appointments.book(wish, now=when)

    def _counter(self, site: str, day: date) -> None:
        when = self._before(day)
        if offered := self._offered(site, COUNTER, day, when):
            name = self.chance.choice(VISITORS)
            contact = Contact(self._address(name), name, "06 39 98 10 10", locale="fr")
            wish = Wish(self.chance.choice(offered), contact, GUEST, site=site, planning=COUNTER)
            appointments.book(wish, now=when)

    def _by_link(self, order: DemoOrder, day: date) -> Booked | None:
        when = self._before(day)
        offered = self._offered(order.site, DOCKS[order.site], day, when)
        if not offered:
            return None
        contact = self._contact(order.partner)
        token = self.tokens[order.reference]
        wish = Wish(self.chance.choice(offered), contact, CUSTOMER, token=token, fields=self._lorry())
        return appointments.book(wish, now=when)

    def _lorry(self) -> dict[str, object]:
        """Answer what the docks ask."""
        letters = "ABCDEFGHJKLMNPQRSTVWXYZ"
        first, last = ("".join(self.chance.choices(letters, k=2)) for _ in range(2))
        told: dict[str, object] = {"plate": f"{first}-{self.chance.randint(100, 999)}-{last}"}
        if self.chance.random() < 0.5:
            told["carrier"] = self.chance.choice(CARRIERS)
        return {**told, "tail_lift": True} if self.chance.random() < 0.2 else told

    def _contact(self, partner: Partner) -> Contact:
        return Contact(partner.email, partner.name, partner.phone, self.chance.choice(REMARKS), "fr")

    def _address(self, name: str) -> str:
        return f"{name.split(maxsplit=1)[0].lower().replace('è', 'e').replace('é', 'e')}@example.com"

    def _offered(self, site: str, planning: str, day: date, when: datetime) -> Sequence[datetime]:
        return [start.start for start in calendars.public_day(site, planning, day, now=when).offered]

    def _before(self, day: date) -> datetime:
        """Give a moment some days before a day, and before now: when it was booked."""
        ago = timedelta(days=self.chance.randint(3, 7), minutes=self.chance.randint(0, 600))
        return min(self.now - timedelta(days=max(0, (self.today - day).days)) - ago, self.now)

    def _ago(self, **options: int) -> datetime:
        return self.now - timedelta(**options)


def _everybody() -> list[AppointmentCard]:
    """List every appointment there is."""
    cards: list[AppointmentCard] = []
    cursor = None
    while True:
        page = appointment_lists.find_appointments(Filter(), cursor=cursor, size=200)
        cards += page.appointments
        if (cursor := page.next) is None:
            return cards


def _clear_the_queue(before_all: datetime) -> None:
    """Take back all mails but the newest few, as if it were a moment at which none had been due yet."""
    old = sorted(_everybody(), key=lambda card: (card.updated_at, card.id))[:-MAILS]
    with transaction() as session:
        for card in old:
            outbox.withdraw(
                session, card.id, ("confirmation", "change", "cancellation", "site_notice", "staff_notice"), before_all
            )
