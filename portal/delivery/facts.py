"""What a letter is about: plain values, whoever read them, for whoever writes them down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from portal.domain.mail_texts import OURS, MailText


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site."""

    name: str
    zone: ZoneInfo
    address: str = ""
    email: str | None = None
    phone: str | None = None
    geo: tuple[float, float] | None = None  # latitude, longitude in degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What is booked where a service is, as its reader may know it: names of people, of rooms and equipment.

    ``mode`` is in_person, phone or video; ``nights`` is 0 where no nights are booked.
    """

    name: str
    people: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    mode: str = "in_person"
    nights: int = 0
    quantity: int = 1
    price: str = ""
    instructions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An appointment. ``token`` manages it; ``kind`` is the order's: customer (pick-up) or supplier (delivery)."""

    public_id: str
    token: str
    sequence: int
    reference: str
    start: datetime
    end: datetime
    place: Place
    planning: str = ""
    order: str | None = None
    kind: str | None = None
    units: str = ""
    cancelled: bool = False
    change_until: datetime | None = None  # the last instant for a customer's change online
    email: str = ""
    name: str = ""
    phone: str = ""
    comment: str = ""
    answers: tuple[tuple[str, str], ...] = ()  # to what the planning asks: names of facts and facts
    repeated: tuple[tuple[str, str], ...] = ()  # those of them that a customer's mail may repeat
    served: Served | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A booking link with its order, or its service at a site. Days are the site's, both included."""

    token: str
    place: Place
    order: str | None = None
    kind: str | None = None
    service: str = ""
    units: str = ""
    first_day: date | None = None
    last_day: date | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffLink:
    """A link by which somebody of the staff chooses a password; its end is told in the organisation's zone."""

    token: str
    expires_at: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A slot that was chosen, with whom, and the page by which its chooser goes on ``until`` then."""

    page: str
    query: Mapping[str, str]
    place: Place
    planning: str
    start: datetime
    end: datetime
    until: datetime
    people: tuple[str, ...] = ()
    order: str | None = None
    kind: str | None = None
    units: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A place that is offered ``until`` an instant; ``alone``: it is kept for the one who reads this."""

    token: str
    place: Place
    planning: str
    start: datetime
    end: datetime
    until: datetime
    alone: bool = False
    order: str | None = None
    kind: str | None = None
    units: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """Days for which somebody waits, the site's, both included; ``token`` leaves the list."""

    token: str
    place: Place
    planning: str
    first_day: date
    last_day: date
    order: str | None = None
    kind: str | None = None
    units: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What waits for an answer, or how it ended. ``wanted`` is the new place of a move, ``token`` answers a request.

    ``people`` are asked to answer instead of who reads this. ``unconfirmed``: what was cancelled had never been
    confirmed, so that it is in nobody's calendar.
    """

    until: datetime | None = None
    wanted: tuple[datetime, datetime] | None = None
    reason: str = ""
    token: str = ""
    people: tuple[str, ...] = ()
    unconfirmed: bool = False


NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The day of a site, whose key is ``key``: who comes, ``more`` than are listed, what waits, what did not arrive."""

    key: str
    place: Place
    day: date
    visits: tuple[Visit, ...] = ()
    more: int = 0
    requests: tuple[tuple[Visit, Asked], ...] = ()
    troubles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail to write: its kind names a folder of templates, and the facts that this kind needs are there."""

    kind: str
    to: str
    locale: str
    organisation: str
    key: str  # names the message for good, in its Message-ID
    now: datetime
    sender: str = ""  # the name beside the address it comes from; empty: the organisation's
    accent: str | None = None  # the colour of its links and buttons; none: the portal's own
    visit: Visit | None = None
    invitation: Invitation | None = None
    staff_link: StaffLink | None = None
    step: Step | None = None
    offer: Offered | None = None
    waited: Waited | None = None
    summary: Summary | None = None
    asked_at_once: int | None = None  # to how many a freed place was offered at once; none: to one after the other
    visits: tuple[Visit, ...] = ()
    before: tuple[datetime, datetime] | None = None  # where a move came from
    change: str = ""  # of a notice: new, moved, cancelled
    by: str = ""  # who cancelled: customer, staff; who of the staff invites
    book_token: str = ""  # a link that books another
    words: str = ""  # of the staff, to those whose appointments it changes together
    asked: Asked = NOTHING_ASKED
    own: MailText = OURS  # the company's own words
    test: bool = False  # to somebody of the staff, who tries the words: nothing in it works

    @property
    def place(self) -> Place | None:
        """The site it is about, if it is about one."""
        told = self.visit or self.invitation or self.step or self.summary or self.offer or self.waited
        return told.place if told else None
