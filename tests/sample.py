"""A site with a dock planning, an order and its link, for the tests of use cases. Call inside an app context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.domain.slots import Start
from portal.extensions import reading, transaction
from portal.models import (
    Absence,
    Closure,
    Customer,
    ExceptionalDay,
    Link,
    Order,
    Organisation,
    Planning,
    PlanningVersion,
    Pool,
    Region,
    Resource,
    ResourcePlanning,
    ResourceSite,
    Service,
    ServiceGroup,
    Site,
    WeeklyOpening,
)
from portal.operations import appointments, availability, bookables, tokens
from portal.operations.actors import GUEST
from portal.operations.keepsakes import new_revision
from portal.operations.wishes import Booked, Contact, Wish

PARIS = ZoneInfo("Europe/Paris")
MADE = datetime(2026, 1, 1, tzinfo=UTC)
PLATE = {
    "key": "plate",
    "label": {"en": "Plate", "fr": "Plaque"},
    "type": "text",
    "required": True,
    "help": {"en": "Such as AB-123-CD.", "fr": "Par exemple AB-123-CD."},
    "pattern": "[A-Z]{2}-[0-9]{3}-[A-Z]{2}",
}
PALLETS = {
    "key": "pallets",
    "label": {"en": "Pallets", "fr": "Palettes"},
    "type": "number",
    "required": False,
    "lowest": 1,
    "highest": 33,
}
CARRIER = {"key": "carrier", "label": {"en": "Carrier", "fr": "Transporteur"}, "type": "text", "required": False}
LORRY = {
    "key": "lorry",
    "label": {"en": "Lorry", "fr": "Véhicule"},
    "type": "choice",
    "required": False,
    "choices": [
        {"key": "van", "label": {"en": "Van", "fr": "Fourgon"}},
        {"key": "semi", "label": {"en": "Articulated lorry", "fr": "Semi-remorque"}},
    ],
}
LIFT = {"key": "lift", "label": {"en": "Tail lift", "fr": "Hayon"}, "type": "yes_no", "required": False}
LOADED = {"key": "loaded", "label": {"en": "Loaded on", "fr": "Chargé le"}, "type": "date", "required": False}
NOTES = {"key": "notes", "label": {"en": "Access", "fr": "Accès"}, "type": "long_text", "required": False}
"""What a dock asks: the first is required."""

QUESTIONS = (PLATE, PALLETS, CARRIER, LORRY, LIFT, LOADED, NOTES)
WORKING_WEEK = dict.fromkeys(range(1, 6), ((8 * 60, 12 * 60, 6), (14 * 60, 18 * 60, 4)))


def paris(text: str) -> datetime:
    """Read a Paris wall time: ``paris("2026-12-07 08:30")``."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def site(
    *,
    key: str = "bordeaux",
    policy: Mapping[str, Any] | None = None,
    closures: Sequence[tuple[Any, Any]] = (),
    email: str | None = "quais@example.com",
) -> None:
    """Make a site in Bordeaux that is told of its appointments."""
    with transaction() as session:
        if session.get(Organisation, 1) is None:
            session.add(Organisation(id=1, name="Dupont Logistique", locale="fr", timezone="Europe/Paris"))
        session.add(
            Site(
                key=key,
                name=key.capitalize(),
                address="12 quai des Chartrons, 33000 Bordeaux",
                timezone="Europe/Paris",
                email=email,
                phone="05 56 00 10 42",
                policy=dict(policy or {}),
                revision=new_revision(),
                closures=[Closure(first_day=first, last_day=last, label="Pont") for first, last in closures],
            )
        )


def planning(
    *,
    key: str = "quais",
    sites: Sequence[str] = ("bordeaux",),
    week: Mapping[int, Sequence[tuple[int, int, int]]] = WORKING_WEEK,
    guests: bool = True,
    kinds: Sequence[str] = ("customer", "supplier"),
    policy: Mapping[str, Any] | None = None,
    slot_minutes: int = 60,
    step_minutes: int = 30,
    closed_days: Sequence[Any] = (),
    fields: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Make a planning: by default Monday to Friday, 8:00-12:00 with 6 slots and 14:00-18:00 with 4."""
    openings = [
        WeeklyOpening(weekday=day, start_minute=start, end_minute=end, slots=slots)
        for day, hours in week.items()
        for start, end, slots in hours
    ]
    with transaction() as session:
        found = [session.query(Site).filter_by(key=one).one() for one in sites]
        session.add(
            Planning(
                key=key,
                name=f"Planning {key}",
                timezone="Europe/Paris",
                kinds=list(kinds),
                guests=guests,
                slot_minutes=slot_minutes,
                step_minutes=step_minutes,
                policy=dict(policy or {}),
                fields=list(fields),
                revision=new_revision(),
                versions=[PlanningVersion(openings=openings)],
                exceptions=[ExceptionalDay(day=day) for day in closed_days],
                pools=[Pool(site_id=one.id) for one in found],
            )
        )


def resource(
    key: str,
    kind: str = "staff",
    *,
    name: str | None = None,
    sites: Sequence[str] = ("bordeaux",),
    plannings: Sequence[str] = (),
    absences: Sequence[tuple[str, str]] = (),
    **columns: Any,
) -> int:
    """Make a person, a room or an asset, and give its id; absences are local times: ``("2026-12-07T09:00", ...)``."""
    with transaction() as session:
        made = Resource(
            key=key,
            kind=kind,
            name=name or key.capitalize(),
            timezone="Europe/Paris",
            revision=new_revision(),
            **{"email": f"{key}@example.com" if kind == "staff" else None, **columns},
        )
        session.add(made)
        session.flush()
        session.add(Pool(resource_id=made.id))
        for one in session.query(Site).filter(Site.key.in_(sites)):
            session.add(ResourceSite(resource_id=made.id, site_id=one.id))
        for hours in session.query(Planning).filter(Planning.key.in_(plannings)):
            session.add(ResourcePlanning(resource_id=made.id, planning_id=hours.id))
        for since, until in absences:
            bounds = {"starts_local": datetime.fromisoformat(since), "ends_local": datetime.fromisoformat(until)}
            session.add(Absence(resource_id=made.id, label="Congés", **bounds))
        return made.id


def service(
    key: str = "evaluation",
    *,
    requires: Sequence[Mapping[str, Any]] = ({"kind": "staff"},),
    sites: Sequence[str] = ("bordeaux",),
    planning: str | None = None,
    minutes: int = 60,
    step: int = 30,
    group: str | None = None,
    **columns: Any,
) -> None:
    """Make a service that needs one person: Évaluation de bien."""
    with transaction() as session:
        hours = session.query(Planning).filter_by(key=planning).one().id if planning is not None else None
        topic = session.query(ServiceGroup).filter_by(key=group).one().id if group is not None else None
        made = Service(
            key=key,
            requires=list(requires),
            minutes=minutes,
            step=step,
            planning_id=hours,
            group_id=topic,
            revision=new_revision(),
            **{"name": {"fr": "Évaluation de bien", "en": "Property valuation"}, **columns},
        )
        session.add(made)
        session.flush()
        for one in session.query(Site).filter(Site.key.in_(sites)):
            session.add(Pool(service_id=made.id, site_id=one.id))


def group(key: str, name: Mapping[str, str]) -> None:
    """Make a topic of services."""
    with transaction() as session:
        session.add(ServiceGroup(key=key, name=dict(name)))


def retire(key: str) -> None:
    """Take a person, a room or an asset out of use."""
    with transaction() as session:
        found = session.query(Resource).filter_by(key=key).one()
        found.active, found.revision = False, new_revision()


def regions(names: Mapping[str, Sequence[str]]) -> None:
    """Make regions, each within the one before, with their sites."""
    with transaction() as session:
        before = None
        for number, (name, keys) in enumerate(names.items()):
            made = Region(key=f"region-{number}", name=name, parent_id=before)
            session.add(made)
            session.flush()
            for one in session.query(Site).filter(Site.key.in_(keys)):
                one.region_id = made.id
            before = made.id


def lies(key: str, latitude: float, longitude: float, address: str) -> None:
    """Say where a site is."""
    with transaction() as session:
        found = session.query(Site).filter_by(key=key).one()
        found.latitude, found.longitude, found.address = latitude, longitude, address
        found.revision = new_revision()


def retire_service(key: str = "evaluation") -> None:
    """Offer a service no more."""
    with transaction() as session:
        found = session.query(Service).filter_by(key=key).one()
        found.active, found.revision = False, new_revision()


def agency(people: Sequence[str] = ("jean", "ryan", "lea"), **options: Any) -> None:
    """Make the agency of Bordeaux: people with office hours (Monday to Friday 9:00-12:00, 14:00-18:00), a valuation."""
    hours = dict.fromkeys(range(1, 6), ((540, 720, 1), (840, 1080, 1)))
    site(policy=options.pop("policy", None))
    planning(key="bureau", guests=False, kinds=(), week=hours)
    for one in people:
        resource(one, plannings=("bureau",), skills={"evaluation": 5})
    service(**options)


def ask(questions: Sequence[Mapping[str, Any]], *, former: Sequence[Mapping[str, Any]] = ()) -> None:
    """Let every planning ask these questions, and once have asked others."""
    known = [*questions, *({**one, "former": True} for one in former)]
    with transaction() as session:
        for one in session.query(Planning):
            one.fields, one.revision = known, new_revision()


def close() -> None:
    """Take all hours away, once and for all."""
    with transaction() as session:
        for one in session.query(Planning):
            one.versions[0].openings.clear()
            one.revision = new_revision()


def docks(**options: Any) -> None:
    """Make the site and its dock planning."""
    site()
    planning(**options)


def order(reference: str = "CMD-1042", *, kind: str = "supplier", email: str | None = "achats@example.com") -> None:
    """Make an order of Emballages Vidal at Bordeaux."""
    with transaction() as session:
        customer = session.query(Customer).filter_by(email=email).first() or Customer(
            email=email, name="Emballages Vidal", kind=kind, locale="fr", created_at=MADE
        )
        session.add(customer)
        session.flush()
        session.add(
            Order(
                reference=reference,
                kind=kind,
                status="ready",
                customer_id=customer.id,
                site_id=session.query(Site).filter_by(key="bordeaux").one().id,
                units="36 palettes",
                created_at=MADE,
                updated_at=MADE,
            )
        )


def order_id(reference: str = "CMD-1042") -> int:
    """Give the id of an order."""
    with reading() as session:
        return session.query(Order).filter_by(reference=reference).one().id


def link(reference: str = "CMD-1042", **scope: Any) -> str:
    """Make a booking link for an order and give its token."""
    with transaction() as session:
        made = Link(
            public_id=tokens.new_public_id(),
            generation=1,
            order_id=session.query(Order).filter_by(reference=reference).one().id,
            created_at=MADE,
            **scope,
        )
        session.add(made)
        session.flush()
        return tokens.token(tokens.BOOK, made.public_id, made.generation)


def contact(number: int = 0) -> Contact:
    """Give somebody's details."""
    return Contact(email=f"chauffeur{number}@example.com", name=f"Chauffeur {number}", locale="fr")


def wish(start: str, number: int = 0, **options: Any) -> Wish:
    """Ask as a guest for a start, in Paris wall time: on the docks of Bordeaux, or for a service there."""
    given = {"site": "bordeaux", "planning": None if "service" in options else "quais", "actor": GUEST, **options}
    return Wish(start=paris(start), contact=contact(number), **given)


def judged(start: str | datetime, *, now: datetime, site: str = "bordeaux") -> Start:
    """Judge one start of a planning's docks as the public search does; in Paris wall time, on the grid or not."""
    moment = paris(start) if isinstance(start, str) else start
    with reading() as session:
        return availability.judge(session, bookables.find(session, site, "quais"), moment, now=now)


def booked(start: str, *, now: datetime, number: int = 0, **options: Any) -> Booked:
    """Book as a guest."""
    return appointments.book(wish(start, number, **options), now=now)
