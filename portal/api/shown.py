"""The shapes of answers: what the specification shows. ``portal.api.answers`` writes them, quicker than marshmallow."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from portal.api.fields import Day, Instant
from portal.domain.fields import Kind
from portal.domain.lifecycle import Status
from portal.domain.matching import KINDS as RESOURCES
from portal.operations.orders import KINDS


class Answer(ma.Schema):
    """What the API sends: documented here, written by ``portal.api.answers``."""

    class Meta:
        """Marshmallow's own settings."""

        unknown = ma.EXCLUDE


def said(description: str, *, nullable: bool = False, **more: Any) -> fields.String:
    """Describe a text of an answer, which is always there."""
    return fields.String(required=True, allow_none=nullable, metadata={"description": description, **more})


def moment(description: str, *, nullable: bool = False) -> Instant:
    """Describe an instant of an answer."""
    return Instant(required=True, allow_none=nullable, metadata={"description": description})


def keys_of(description: str) -> fields.Field[Any]:
    """Describe a list of keys of an answer."""
    return fields.List(fields.String, required=True, metadata={"description": description})


def words(description: str) -> fields.Dict:
    """Describe a text by language."""
    return fields.Dict(required=True, metadata={"description": f"{description}, by language."})


# Problems


class Wrong(Answer):
    """One wrong value."""

    field = said("Path to the value: `customer.email`, or the name of a parameter or header.")
    code = said("Stable name of what is wrong: `required`, `unknown_key`, `email`, `not_an_instant` …")
    detail = said("The same in words.")
    pointer = fields.String(metadata={"description": "JSON Pointer into the body, where the value is in it."})


class Serving(Answer):
    """What serves an order."""

    key = said("Its key.")
    name = said("Its name.")


class Problem(Answer):
    """A problem document, RFC 9457."""

    type = said("`about:blank`: the status and the code say it all.")
    title = said("Why, in words.")
    status = fields.Integer(required=True, metadata={"description": "The HTTP status again."})
    code = said("Stable name of the refusal.")
    errors = fields.List(fields.Nested(Wrong), metadata={"description": "For `invalid`: every wrong value."})
    plannings = fields.List(fields.Nested(Serving), metadata={"description": "Plannings of a link, one of which …"})
    services = fields.List(fields.Nested(Serving), metadata={"description": "… or of these services must be named."})
    reasons = fields.List(fields.String, metadata={"description": "Why the start is not offered, most telling first."})
    retry_after = fields.Integer(metadata={"description": "Seconds to wait, as in the header `Retry-After`."})


class CheckMail(Answer):
    """Nothing is booked yet: whoever comes must go on by a mail that was sent to the address."""

    status = fields.Constant(
        "check_mail", required=True, metadata={"description": "Says nothing about the address, ever."}
    )


# Slots


class Slot(Answer):
    """A start that can be booked."""

    start = moment("Begins.")
    end = moment("Ends.")
    places = fields.Integer(required=True, metadata={"description": "Places left."})
    staff = keys_of("Keys of the people of a service who could be given it; empty in plannings.")


class RefusedStart(Answer):
    """A start that is not offered."""

    start = moment("Would begin.")
    code = said(
        "The most telling reason: `closed`, `break`, `off_grid`, `past`, `notice`, `horizon`, `full`, "
        "`resource_absent`, `resource_busy` …"
    )
    text = said("The reason in words.")


class Slots(Answer):
    """What can be booked in a range of days."""

    timezone = said("IANA zone of the site, in which all times are given.")
    slots = fields.List(fields.Nested(Slot), required=True)
    next = Day(
        required=True,
        allow_none=True,
        metadata={"description": "The first date after the range with a free slot, if any."},
    )
    refused = fields.List(fields.Nested(RefusedStart), metadata={"description": "With `reasons=1` and a key."})


# Sites, plannings, services, resources


class SiteAnswer(Answer):
    """A site."""

    key = said("Its key.")
    name = said("Its name.")
    address = said("Postal address.")
    timezone = said("IANA zone in which its days and pages are.")
    latitude = fields.Float(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    phone = said("Whom to call.", nullable=True)
    region = said("Key of its region.", nullable=True)
    modes = keys_of(
        "How services are booked there, the first unless asked otherwise: `service` (people are assigned), "
        "`service_staff`, `staff_service` (people may be chosen)."
    )
    plannings = keys_of("Keys of the plannings that can be booked there.")
    services = keys_of("Keys of the services that can be booked there.")


class Sites(Answer):
    """Sites, by name."""

    sites = fields.List(fields.Nested(SiteAnswer), required=True)


class Option(Answer):
    """An answer to choose."""

    key = said("What is sent.")
    label = fields.Dict(required=True, metadata={"description": "What people read, by language."})


class Question(Answer):
    """What a planning or a service asks of who books."""

    key = said("Name of the answer in `fields`.")
    label = fields.Dict(required=True, metadata={"description": "What people read, by language."})
    type = fields.String(
        required=True,
        validate=validate.OneOf([kind.value for kind in Kind]),
        metadata={"description": "What it is: a text, a whole number, a key of `choices`, true or false, a date."},
    )
    required = fields.Boolean(required=True, metadata={"description": "Whether the public must answer."})
    help = fields.Dict(metadata={"description": "How to answer, by language."})
    pattern = fields.String(metadata={"description": "Pattern (RE2) that all of a text fits."})
    lowest = fields.Integer(metadata={"description": "The smallest number."})
    highest = fields.Integer(metadata={"description": "The largest number."})
    choices = fields.List(fields.Nested(Option), metadata={"description": "The answers to choose from."})


def questions_field() -> fields.Field[Any]:
    """Describe what a planning or a service asks."""
    described = {"description": "What it asks of who books, in order."}
    return fields.List(fields.Nested(Question), required=True, data_key="fields", metadata=described)


class PlanningAnswer(Answer):
    """A planning."""

    key = said("Its key.")
    name = said("Its name.")
    timezone = said("IANA zone in which its hours are written.")
    sites = fields.List(fields.String, required=True, metadata={"description": "Keys of the sites it applies to."})
    kinds = fields.List(
        fields.String, required=True, metadata={"description": "Kinds of orders whose links may book it."}
    )
    guests = fields.Boolean(required=True, metadata={"description": "Whether it can be booked without a link or key."})
    slot_minutes = fields.Integer(required=True, metadata={"description": "Length of an appointment."})
    step_minutes = fields.Integer(required=True, metadata={"description": "Distance between starts."})
    questions = questions_field()


class Plannings(Answer):
    """Plannings, by name."""

    plannings = fields.List(fields.Nested(PlanningAnswer), required=True)


class Reservation(Answer):
    """What of a service may be chosen: how many units, how many lengths or nights in a row."""

    quantity = fields.Boolean(required=True, metadata={"description": "Whether `quantity` may be more than 1."})
    iterations = fields.Boolean(required=True, metadata={"description": "Whether `iterations` may be more than 1."})
    unit = fields.String(required=True, validate=validate.OneOf(("length", "night")))
    from_ = fields.String(
        required=True,
        allow_none=True,
        data_key="from",
        metadata={"description": "Local time at which nights begin, on their first evening: `15:00`."},
    )
    until = said("Local time at which they end, on the morning after the last.", nullable=True)


class Timed(Answer):
    """How long a service takes, and how it is met."""

    mode = fields.String(required=True, validate=validate.OneOf(("in_person", "phone", "video")))
    minutes = fields.Integer(required=True, metadata={"description": "Length of an appointment."})
    step = fields.Integer(required=True, metadata={"description": "Minutes between starts."})
    buffer_before = fields.Integer(required=True, metadata={"description": "Minutes kept free before."})
    buffer_after = fields.Integer(required=True, metadata={"description": "Minutes kept free after."})
    reservation = fields.Nested(Reservation, required=True)
    questions = questions_field()


class Requires(Answer):
    """Resources that a service needs: `count` of a kind, each with all that is said here."""

    kind = fields.String(required=True, validate=validate.OneOf(RESOURCES))
    count = fields.Integer(metadata={"description": "How many; 1 unless it is said."})
    skills = fields.Dict(metadata={"description": "The least level of each skill, by key."})
    persons = fields.Integer(metadata={"description": "How many persons a room must hold."})
    features = fields.List(fields.String)
    optional = fields.Boolean(metadata={"description": "true: only taken when it is free."})


class ServiceAnswer(Timed):
    """A service."""

    key = said("Its key.")
    name = words("Its name")
    description = words("What it is")
    price = words("What it costs, in words")
    group = said("Key of the topic under which it is found.", nullable=True)
    sites = keys_of("Keys of the sites at which it can be booked.")
    planning = said("Key of the planning in which its bookings take a place, too.", nullable=True)
    kinds = keys_of("Kinds of orders whose links may book it.")
    guests = fields.Boolean(required=True, metadata={"description": "Whether it can be booked without a link or key."})
    requires = fields.List(fields.Nested(Requires), metadata={"description": "What it needs; with a key with `read`."})


class Services(Answer):
    """Services, by name."""

    services = fields.List(fields.Nested(ServiceAnswer), required=True)


class ResourceAnswer(Answer):
    """A person, a room or an asset."""

    key = said("Its key.")
    kind = fields.String(required=True, validate=validate.OneOf(RESOURCES))
    name = said("Its name.")
    email = said("Where it is told of its appointments.", nullable=True)
    timezone = said("IANA zone of its absences and of its days.")
    sites = keys_of("Keys of the sites at which it can be booked.")
    plannings = keys_of("Keys of the plannings that are its hours. Without one a room is always open, a person never.")
    skills = fields.Dict(required=True, metadata={"description": "Levels from 0 to 10, by the key of the skill."})
    persons = fields.Integer(required=True, allow_none=True, metadata={"description": "How many a room holds."})
    features = fields.List(fields.String, required=True, metadata={"description": "What it offers."})
    max_per_day = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The largest number of appointments of a day."}
    )


class Resources(Answer):
    """People, rooms and assets, by name."""

    resources = fields.List(fields.Nested(ResourceAnswer), required=True)


# Appointments


class Customer(Answer):
    """Who comes."""

    email = said("E-mail address.", nullable=True)
    name = said("Name.")
    phone = said("Telephone.")
    locale = said("Language of the mails: `fr` or `en`.")


class Wanted(Answer):
    """Where a move that waits for its answer leads."""

    start = moment("Would begin.")
    end = moment("Would end.")


class AppointmentAnswer(Answer):
    """An appointment, the same in every answer."""

    id = said("Its id in this API.")
    reference = said("What is said on the telephone and at the gate.")
    status = fields.String(required=True, validate=validate.OneOf([status.value for status in Status]))
    start = moment("Begins.")
    end = moment("Ends.")
    timezone = said("IANA zone of the site.")
    site = said("Key of the site.")
    planning = said("Key of the planning, if it is of one.", nullable=True)
    service = said("Key of the service, if it is of one.", nullable=True)
    order = said("Reference of the order, if it has one.", nullable=True)
    staff = keys_of("Keys of the people who have it; empty in plannings.")
    resources = keys_of("Keys of the rooms and assets that it has; empty in plannings.")
    quantity = fields.Integer(required=True, metadata={"description": "How many units or places it takes."})
    iterations = fields.Integer(required=True, metadata={"description": "How many lengths, or nights, in a row."})
    customer = fields.Nested(Customer, required=True)
    comment = said("Message of the customer.")
    answers = fields.Dict(
        required=True, data_key="fields", metadata={"description": "Answers to what was asked, by key."}
    )
    answer_by = moment("When a request, or a move that waits, expires without an answer.", nullable=True)
    wanted = fields.Nested(
        Wanted, required=True, allow_none=True, metadata={"description": "The move that waits for its answer, if any."}
    )
    manage_url = said("Page on which the customer sees, moves and cancels it.", format="uri")
    created_at = moment("When it was booked.")
    updated_at = moment("When it last changed.")


class Appointments(Answer):
    """A page of appointments, by their start."""

    appointments = fields.List(fields.Nested(AppointmentAnswer), required=True)
    next = said("Cursor of the following page: give it as `after`. null on the last.", nullable=True)


# Orders


class OrderAnswer(Answer):
    """An order."""

    reference = said("Its reference.")
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    status = said("Its status in your own words.")
    site = said("Key of the site.")
    customer = fields.Nested(Customer, required=True)
    units = said("How much, as people say it: `36 pallets`.")
    ship_date = moment("When it ships.", nullable=True)
    delivery_date = moment("When it is delivered.", nullable=True)
    created_at = moment("When it came.")
    updated_at = moment("When it last changed.")


class LinkMade(Answer):
    """A new booking link."""

    url = said("The page that it opens; its last part is the token.", format="uri")
    expires_at = moment("From when on it opens nothing.", nullable=True)


# Customers


class CustomerAnswer(Answer):
    """A customer of the base."""

    email = said("E-mail address.")
    name = said("Name.")
    phone = said("Telephone.")
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    locale = said("Language of the mails; null: not known.", nullable=True)
    created_at = moment("When the customer came into the base.")


class Erased(Answer):
    """What an erasure did."""

    appointments = fields.Integer(required=True, metadata={"description": "Appointments that were anonymised."})


# Links


class LinkOrder(Answer):
    """The order of a link, as far as its holder may know."""

    reference = said("Its reference.")
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    status = said("Its status.")
    units = said("How much.")
    ship_date = moment("When it ships.", nullable=True)
    delivery_date = moment("When it is delivered.", nullable=True)


class LinkPlanning(Answer):
    """A planning that serves the order."""

    key = said("Its key.")
    name = said("Its name.")
    slot_minutes = fields.Integer(required=True, metadata={"description": "Length of an appointment."})
    questions = questions_field()


class LinkService(Timed):
    """A service that serves the order."""

    key = said("Its key.")
    name = words("Its name")
    price = words("What it costs, in words")


class LinkAnswer(Answer):
    """What a booking link opens."""

    order = fields.Nested(
        LinkOrder, required=True, allow_none=True, metadata={"description": "null: the link is for a service."}
    )
    site = said("Key of the site.")
    timezone = said("IANA zone of the site.")
    customer = fields.Nested(Customer, required=True, metadata={"description": "What the order knows of who comes."})
    plannings = fields.List(fields.Nested(LinkPlanning), required=True)
    services = fields.List(fields.Nested(LinkService), required=True)
    first_day = Day(required=True, allow_none=True)
    last_day = Day(required=True, allow_none=True)
    expires_at = moment("From when on it opens nothing.", nullable=True)
    max_active = fields.Integer(required=True, allow_none=True)
    appointments = fields.List(fields.Nested(AppointmentAnswer), required=True)


# Events


class EventAnswer(Answer):
    """One change of an appointment."""

    id = said("Its place in the log.")
    kind = said(
        "`scheduled`, `rescheduled`, `edited`, `cancelled`, `freed`, `arrived`, `completed`, `no_show`, `undone`, "
        "`noted` …"
    )
    at = moment("When.")
    appointment = said("Id of the appointment.")
    actor = said("`customer`, a user's address, `key:<name>`, or `system`.")
    origin = said("From where: `link`, `guest`, `staff`, `api`, `worker`.")
    before = fields.Dict(required=True, metadata={"description": "What was, of what changed."})
    after = fields.Dict(
        required=True,
        metadata={"description": "What is since; of a service also `staff` and `resources`, whom and what it took."},
    )


class Events(Answer):
    """A page of the event log, oldest first."""

    events = fields.List(fields.Nested(EventAnswer), required=True)
    next = said("Give it as `after` to go on, now or later.", nullable=True)
    more = fields.Boolean(required=True, metadata={"description": "Whether more can be read at once."})
