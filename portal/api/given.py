"""The shapes of requests: what they are checked against, and what the specification shows of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import ValidationError, fields

from portal.api.fields import Address, Choice, Count, Day, Instant, Key, KeyList, Keys, Line, Lines, Switch, Whole
from portal.config import LOCALES
from portal.domain.lifecycle import UNDO
from portal.domain.reservations import MOST_ITERATIONS
from portal.operations.availability import LONGEST_RANGE
from portal.operations.orders import KINDS

NAME, PHONE, COMMENT, REASON, REFERENCE, STATUS, UNITS, CURSOR = 120, 40, 2000, 300, 120, 40, 120, 200  # characters
DECLINING = 500  # characters of a reason that a customer reads
MOST_ON_A_PAGE = 200
MOST_ACTIVE = 1000
WHEN_SEVERAL = "Key of the planning; one or a service is needed when several serve the order."
OBJECT: dict[str, str | list[Any] | dict[Any, Any]] = {"type": "expected", "null": "expected", "required": "required"}
MOST_UNITS = 1000
LATER = ("tags",)
"""What a later version brings: refused by name until then."""


class Given(ma.Schema):
    """A request: anything unknown is refused."""

    error_messages = {"unknown": "unknown_key", "type": "expected"}  # noqa: RUF012 - marshmallow's own attribute
    later: tuple[str, ...] = ()

    class Meta:
        """Marshmallow's own settings."""

        unknown = ma.RAISE


def planning_field(description: str = "Key of the planning.") -> Key:
    """Take the key of a planning that is booked."""
    return Key(metadata={"description": description})


def service_field(description: str = "Key of the service, instead of a planning.") -> Key:
    """Take the key of a service that is booked."""
    return Key(metadata={"description": description})


class OneOfBoth(Given):
    """A planning or a service at a site: one of them, and not both."""

    @ma.validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_what(self, _given: Mapping[str, Any], sent: Any, **_: Any) -> None:
        """Accept exactly one of both."""
        if not isinstance(sent, Mapping):
            return
        named = [name for name in ("planning", "service") if name in sent]
        if not named:
            raise ValidationError("planning_or_service", "planning")
        if len(named) > 1:
            raise ValidationError("not_both", "service")


# Slots


class DaysQuery(Given):
    """A range of local dates, both included, and what is picked beside the start."""

    first = Day(required=True, data_key="from", metadata={"description": "First local date."})
    last = Day(
        required=True,
        data_key="to",
        metadata={"description": f"Last local date, included; at most {LONGEST_RANGE} days in all."},
    )

    staff = Keys(
        metadata={"description": "Keys of people of a service, separated by commas: only starts at which all are free."}
    )
    resources = Keys(metadata={"description": "Keys of rooms and assets of a service, in the same way."})
    quantity = Whole(
        least=1,
        most=MOST_UNITS,
        load_default=1,
        metadata={"description": "How many units or places are wanted, where the service lets its customers choose."},
    )
    iterations = Whole(
        least=1,
        most=MOST_ITERATIONS,
        load_default=1,
        metadata={"description": "How many lengths, or nights, in a row, where the service lets its customers choose."},
    )

    @ma.validates_schema
    def check_range(self, asked: Mapping[str, Any], **_: Any) -> None:
        """Accept days in order, and not too many of them."""
        if asked["last"] < asked["first"]:
            raise ValidationError("before_from", "to")
        if (asked["last"] - asked["first"]).days >= LONGEST_RANGE:
            raise ValidationError("too_many_days", "to")


class SlotsQuery(DaysQuery, OneOfBoth):
    """Slots of a planning, or of a service, at a site."""

    site = Key(required=True, metadata={"description": "Key of the site."})
    planning = planning_field()
    service = service_field()
    reasons = Whole(
        least=0,
        most=1,
        load_default=0,
        metadata={"description": "1: also the starts that are not offered, and why. Needs a key."},
    )
    policy = Choice(
        "public",
        "staff",
        load_default="public",
        metadata={"description": "`staff` (a key with `book`): by capacity and hours only, as that key books."},
    )


class LinkSlotsQuery(DaysQuery):
    """Slots for an order."""

    planning = planning_field(WHEN_SEVERAL)
    service = service_field()


# Appointments


class CustomerGiven(Given):
    """Who comes. An e-mail address is needed but by a key with `book`; of an order's customer nothing that is known."""

    email = Address(metadata={"description": "Confirmation and reminders go there."})
    name = Line(most=NAME, least=1, metadata={"description": "Name of the person or company."})
    phone = Line(most=PHONE, metadata={"description": "Telephone."})
    locale = Choice(*LOCALES, metadata={"description": "Language of the mails."})


class ByPolicy(Given):
    """By which rules a key acts."""

    later = LATER

    policy = Choice(
        "public",
        "staff",
        metadata={
            "description": "`public`: all rules apply. By default a key books as staff: capacity and hours only."
        },
    )
    overbook = Line(
        most=REASON,
        least=1,
        metadata={"description": "Reason to book beyond capacity and hours. Needs the scope `admin`."},
    )

    @ma.validates_schema
    def check_policy(self, given: Mapping[str, Any], **_: Any) -> None:
        """Accept no overbooking by the public rules."""
        if given.get("overbook") and given.get("policy") == "public":
            raise ValidationError("public_only", "overbook")


def answers_field() -> fields.Dict:
    """Take answers to what a planning asks; which they may be, the planning says."""
    return fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True, metadata={"type": ["string", "integer", "boolean"]}),
        data_key="fields",
        error_messages={"invalid": "expected", "null": "expected"},
        metadata={
            "description": "Answers by key to what is shown in `fields` of the planning or the service.",
            "example": {},
        },
    )


class Picking(Given):
    """What is picked beside the start of a service."""

    staff = Key(metadata={"description": "Key of the person of a service who is to have it; else one is chosen."})
    resources = KeyList(metadata={"description": "Keys of those picked by name: rooms, assets, more people."})
    quantity = Count(
        least=1,
        most=MOST_UNITS,
        load_default=1,
        metadata={"description": "How many units or places, where the service lets its customers choose."},
    )
    iterations = Count(
        least=1,
        most=MOST_ITERATIONS,
        load_default=1,
        metadata={"description": "How many lengths, or nights, in a row, where the service lets its customers choose."},
    )


class LinkBooking(Picking):
    """Book for an order."""

    later = LATER

    start = Instant(required=True, metadata={"description": "A start that the link's slots offer."})
    planning = planning_field(WHEN_SEVERAL)
    service = service_field()
    customer = fields.Nested(
        CustomerGiven,
        load_default=dict,
        error_messages=OBJECT,
        metadata={"description": "What the order does not know; what it knows may only be repeated."},
    )
    comment = Lines(most=COMMENT, load_default="", metadata={"description": "Message to the site."})
    answers = answers_field()


class Booking(ByPolicy, Picking, OneOfBoth):
    """Book in a planning, or a service, at a site."""

    site = Key(required=True, metadata={"description": "Key of the site."})
    planning = planning_field()
    service = service_field()
    start = Instant(required=True, metadata={"description": "A start that `GET /slots` offers."})
    customer = fields.Nested(
        CustomerGiven,
        required=True,
        error_messages=OBJECT,
    )
    comment = Lines(most=COMMENT, load_default="", metadata={"description": "Message to the site."})
    answers = answers_field()
    order = Line(most=REFERENCE, least=1, metadata={"description": "Reference of an order. Needs a key."})


class Rescheduling(ByPolicy):
    """Move an appointment."""

    start = Instant(required=True, metadata={"description": "The new start."})


class Reassigning(Given):
    """Give an appointment to somebody else."""

    staff = Key(required=True, metadata={"description": "Key of the person who is to have it."})
    of = Key(metadata={"description": "Key of the person who gives it up; needed where several people have it."})


class Cancelling(Given):
    """Cancel an appointment."""

    policy = Choice(
        "public", "staff", metadata={"description": "`public`: the customers' deadline for changes applies."}
    )


class Answering(Given):
    """Answer what waits for an answer."""

    start = Instant(
        metadata={
            "description": "The start that was seen. Where another waits by now, nothing is done (`state_changed`)."
        }
    )


class Accepting(Answering):
    """Accept a request, or a move that was asked for."""

    overbook = Line(
        most=REASON,
        least=1,
        metadata={"description": "Reason to accept beyond capacity and hours. Needs the scope `admin`."},
    )


class Declining(Answering):
    """Decline a request, or a move that was asked for."""

    reason = Lines(most=DECLINING, metadata={"description": "Why, for the customer."})


class Marking(Given):
    """Write down what became of an appointment."""


class Undoing(Given):
    """Take the last thing back."""

    status = Choice(
        *(status.value for status in UNDO),
        metadata={"description": "The status to be left. Another one, left already, changes nothing: safe to repeat."},
    )


class DetailsGiven(Given):
    """What may be corrected of who comes."""

    name = Line(most=NAME, least=1)
    phone = Line(most=PHONE)


class Correction(Given):
    """Correct the details of an appointment; what is left out stays as it is."""

    later = LATER

    customer = fields.Nested(DetailsGiven, load_default=dict, error_messages=OBJECT)
    comment = Lines(most=COMMENT)
    answers = answers_field()


class AppointmentsQuery(Given):
    """Filters, all of which apply, and the page."""

    later = LATER

    first = Day(
        data_key="from",
        metadata={"description": "First local date of the start, in the site's zone, else the organisation's."},
    )
    last = Day(data_key="to", metadata={"description": "Last local date of the start, included."})
    site = Key(metadata={"description": "Key of the site."})
    planning = planning_field()
    service = service_field("Key of the service.")
    staff = Key(metadata={"description": "Key of somebody, or of something, that they have."})
    status = Line(
        most=CURSOR, metadata={"description": "One status or several, separated by commas.", "examples": ["confirmed"]}
    )
    order = Line(most=REFERENCE, least=1, metadata={"description": "Reference of the order."})
    email = Address(metadata={"description": "Address of who comes."})
    after = Line(most=CURSOR, metadata={"description": "The `next` of the page before."})
    limit = Whole(least=1, most=MOST_ON_A_PAGE, load_default=50, metadata={"description": "Length of the page."})


# Orders


class OrderCustomer(Given):
    """The customer of an order: known by the address, made when there is none such."""

    email = Address(
        allow_none=True, metadata={"description": "null: a customer without address, who cannot be invited."}
    )
    name = Line(most=NAME)
    phone = Line(most=PHONE)
    locale = Choice(*LOCALES)


class CustomerPut(Given):
    """A customer of the base: what is left out stays as it is."""

    kind = Choice(*KINDS, metadata={"description": "`customer`: collects. `supplier`: delivers."})
    name = Line(most=NAME)
    phone = Line(most=PHONE)
    locale = Choice(*LOCALES, metadata={"description": "Language of the mails."})


class OrderGiven(Given):
    """What may be said of an order."""

    status = Line(most=STATUS, metadata={"description": "Its status in your own words."})
    customer = fields.Nested(OrderCustomer, load_default=dict, error_messages=OBJECT)
    units = Line(most=UNITS, metadata={"description": "How much, as people say it: `36 pallets`."})
    ship_date = Instant(allow_none=True)
    delivery_date = Instant(allow_none=True)

    @ma.pre_load
    def expand(self, given: Any, **_: Any) -> Any:
        """Accept an address alone for the customer, as the configuration file writes it."""
        if isinstance(given, dict) and isinstance(given.get("customer"), str):
            return {**given, "customer": {"email": given["customer"]}}
        return given


class OrderPut(OrderGiven):
    """Create an order, or update it: what is left out stays as it is."""

    ship_date = Instant()
    delivery_date = Instant()
    kind = Choice(*KINDS, required=True, metadata={"description": "`customer`: collects. `supplier`: delivers."})
    site = Key(required=True, metadata={"description": "Key of the site."})


class OrderPatch(OrderGiven):
    """Change some fields of an order; null empties one."""

    kind = Choice(*KINDS)
    site = Key()


class LinkScope(Given):
    """What a new booking link allows."""

    first_day = Day(allow_none=True, metadata={"description": "First local date that it may book."})
    last_day = Day(allow_none=True, metadata={"description": "Last local date that it may book."})
    expires_at = Instant(allow_none=True, metadata={"description": "From when on it opens nothing."})
    max_active = Count(
        least=1,
        most=MOST_ACTIVE,
        allow_none=True,
        metadata={"description": "The largest number of appointments to come."},
    )

    @ma.validates_schema
    def check_days(self, given: Mapping[str, Any], **_: Any) -> None:
        """Accept days in order."""
        first, last = given.get("first_day"), given.get("last_day")
        if first and last and last < first:
            raise ValidationError("before_from", "last_day")


class LinkGiven(LinkScope):
    """A new booking link of an order."""

    send = Switch(load_default=False, metadata={"description": "true: mail it to the order's customer."})


class ServiceLinkGiven(LinkScope):
    """A new booking link of a service."""

    site = Key(required=True, metadata={"description": "Where it books: the key of a site that offers the service."})
    send_to = Address(load_default=None, allow_none=True, metadata={"description": "Mail it to this address."})
    locale = Choice(*LOCALES, load_default=None, metadata={"description": "The language of that mail."})


# Events


class EventsQuery(Given):
    """Where to go on reading."""

    after = Line(most=20, metadata={"description": "The `next` of the answer before."})
    limit = Whole(least=1, most=MOST_ON_A_PAGE, load_default=100, metadata={"description": "Length of the page."})
