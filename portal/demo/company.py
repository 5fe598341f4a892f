"""The invented company: warehouses in France with their plannings, customers and suppliers, dated around today."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from portal.demo import agency

NAME = "Dupont Logistique"
SENDER = "Dupont Logistique <rendez-vous@example.com>"
ZONE = "Europe/Paris"
SHOWN_LINKS = (
    ("Customer", "CMD-1042", "an order to pick up in Bordeaux, nothing booked yet"),
    ("Supplier", "FRN-2007/B", "a delivery to Lyon, with appointments"),
)
BORDEAUX_DOCKS, LYON_DOCKS, COUNTER, TOURS = "quais", "quais-gerland", "comptoir", "visites"


COLLEAGUES = (
    ("antoine.girard@example.com", "Antoine Girard", "manager"),
    ("karim.haddad@example.com", "Karim Haddad", "agent"),
    ("direction@example.com", "Hélène Dupont", "viewer"),
)


QUESTIONS = (
    {
        "key": "plate",
        "label": {"fr": "Immatriculation du véhicule", "en": "Number plate"},
        "help": {"fr": "Par exemple AB-123-CD", "en": "For example AB-123-CD"},
        "type": "text",
        "required": True,
    },
    {"key": "carrier", "label": {"fr": "Transporteur", "en": "Carrier"}, "type": "text", "required": False},
    {
        "key": "tail_lift",
        "label": {"fr": "Hayon élévateur", "en": "Tail lift"},
        "type": "yes_no",
        "required": False,
    },
)
"""What the docks ask of whoever books."""


@dataclass(frozen=True, slots=True)
class Partner:
    """A customer or supplier; without an address they are called."""

    name: str
    email: str | None
    phone: str
    kind: str


CUSTOMERS = (
    Partner("Vins Castaing", "expeditions.castaing@example.com", "05 36 49 11 08", "customer"),
    Partner("Menuiserie Lartigue", "atelier.lartigue@example.com", "05 36 49 27 90", "customer"),
    Partner("Papeterie Bellecour", "achats.bellecour@example.org", "04 65 71 30 22", "customer"),
    Partner("Brasserie du Confluent", "logistique.confluent@example.org", "04 65 71 08 15", "customer"),
    Partner("Meubles Saint-Clair", "transport.saintclair@example.com", "04 65 71 44 61", "customer"),
    Partner("Bio Sud-Ouest Distribution", "quai.biosudouest@example.com", "05 36 49 63 37", "customer"),
    Partner("Librairie des Capucins", "commandes.capucins@example.org", "05 36 49 50 12", "customer"),
    Partner("Épicerie Marchetti", None, "06 39 98 14 75", "customer"),
)
SUPPLIERS = (
    Partner("Emballages Vidal", "livraisons.vidal@example.com", "05 36 49 18 44", "supplier"),
    Partner("Cartonnages Rhodaniens", "exploitation.rhodaniens@example.org", "04 65 71 92 03", "supplier"),
    Partner("Palettes d’Aquitaine", "planning.palettes@example.com", "05 36 49 70 26", "supplier"),
    Partner("Verrerie du Forez", "camions.forez@example.org", "04 65 71 15 58", "supplier"),
    Partner("Transports Etxegaray", None, "06 39 98 52 20", "supplier"),
)


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """An order of a partner at a site."""

    reference: str
    partner: Partner
    site: str
    units: str
    status: str


def orders() -> list[DemoOrder]:
    """List the orders: half to pick up, half to deliver, at both sites."""
    units = ("12 palettes", "36 palettes", "4 palettes", "18 palettes", "1 conteneur", "8 palettes", "24 rolls")
    found = []
    for number in range(28):
        partner = CUSTOMERS[number % len(CUSTOMERS)]
        site = "lyon" if partner.phone.startswith("04") else "bordeaux"
        status = ("prête", "prête", "en préparation", "expédiée")[number % 4]
        found.append(DemoOrder(f"CMD-{1034 + number}", partner, site, units[number % 7], status))
    for number in range(20):
        partner = SUPPLIERS[number % len(SUPPLIERS)]
        site = "lyon" if partner.phone.startswith("04") or number == 7 else "bordeaux"
        status = ("confirmée", "confirmée", "attendue")[number % 3]
        reference = f"FRN-{2000 + number}/{'AB'[number % 2]}"
        found.append(DemoOrder(reference, partner, site, units[(number + 3) % 7], status))
    return found


def today(now: datetime) -> date:
    """Give the company's date."""
    return now.astimezone(ZoneInfo(ZONE)).date()


def configuration(today: date) -> str:
    """Write the company as a configuration file: JSON is YAML, too."""
    return json.dumps(
        {
            "organisation": {"name": NAME, "locale": "fr", "timezone": ZONE},
            "regions": agency.REGIONS,
            "sites": [*_sites(today), *agency.SITES],
            "plannings": [*_plannings(today), *agency.plannings()],
            "skills": agency.SKILLS,
            "resources": agency.resources(today),
            "groups": agency.GROUPS,
            "services": agency.services(),
            "customers": [
                {"email": one.email, "name": one.name, "phone": one.phone, "kind": one.kind, "locale": "fr"}
                for one in (*CUSTOMERS, *SUPPLIERS)
                if one.email
            ],
            "orders": [_order(order) for order in orders()],
        },
        ensure_ascii=False,
    )


def _order(order: DemoOrder) -> dict[str, Any]:
    partner = order.partner
    return {
        "reference": order.reference,
        "kind": partner.kind,
        "site": order.site,
        "customer": partner.email or {"name": partner.name, "phone": partner.phone},
        "status": order.status,
        "units": order.units,
    }


def _sites(today: date) -> list[dict[str, Any]]:
    works = _next(today + timedelta(days=19), 1)
    return [
        {
            "key": "bordeaux",
            "name": "Bordeaux",
            "address": "12 quai des Chartrons, 33000 Bordeaux",
            "region": "gironde",
            "latitude": 44.852,
            "longitude": -0.5705,
            "email": "quais.bordeaux@example.com",
            "phone": "05 36 49 10 42",
            "holidays": "FR",
            "closures": [
                {"from": works.isoformat(), "to": works.isoformat(), "label": "Travaux sur la voie d’accès"},
                {"from": f"{today.year}-12-24", "to": f"{today.year + 1}-01-01", "label": "Fermeture de fin d’année"},
            ],
            "policy": {"min_notice": "2h", "max_days": 60, "change_notice": "2h", "reminders": ["24h"]},
        },
        {
            "key": "lyon",
            "name": "Lyon",
            "address": "8 rue de Gerland, 69007 Lyon",
            "region": "auvergne-rhone-alpes",
            "latitude": 45.7351,
            "longitude": 4.8357,
            "email": "reception.lyon@example.com",
            "phone": "04 65 71 20 17",
            "holidays": "FR",
            "policy": {"min_notice": "1d", "business_days": True, "max_days": 45, "change_notice": "12h"},
        },
    ]


def _plannings(today: date) -> list[dict[str, Any]]:
    stocktaking = _next(today + timedelta(days=9), 5)
    saturday = _next(today + timedelta(days=11), 6)
    later = _next(today + timedelta(days=35), 1)
    return [
        {
            "key": BORDEAUX_DOCKS,
            "name": "Quais de chargement",
            "fields": QUESTIONS,
            "sites": ["bordeaux"],
            "versions": [
                {
                    "from": None,
                    "week": {
                        **_week("mon tue wed thu fri", ("08:00", "12:00", 6), ("14:00", "18:00", 4)),
                        **_week("sun", ("17:00", "21:00", 3)),  # lorries leave on Sunday night
                    },
                },
                {
                    "from": later.isoformat(),
                    "week": {
                        **_week("mon tue wed thu fri", ("07:00", "12:00", 6), ("13:30", "18:00", 5)),
                        **_week("sat", ("08:00", "12:00", 2)),
                        **_week("sun", ("17:00", "21:00", 3)),
                    },
                },
            ],
            "exceptions": [
                {"date": stocktaking.isoformat(), "label": "Inventaire", "openings": _day(("08:00", "11:00", 3))},
                {"date": saturday.isoformat(), "label": "Samedi de renfort", "openings": _day(("08:00", "12:00", 3))},
            ],
        },
        {
            "key": LYON_DOCKS,
            "name": "Quais de Gerland",
            "fields": QUESTIONS,
            "sites": ["lyon"],
            "versions": [
                {
                    "from": None,
                    "week": {
                        **_week("mon tue wed thu fri", ("07:00", "12:00", 4), ("13:30", "17:00", 3)),
                        **_week("sat", ("08:00", "11:00", 2)),
                    },
                }
            ],
            "exceptions": [{"date": stocktaking.isoformat(), "label": "Inventaire", "openings": []}],
        },
        {
            "key": COUNTER,
            "name": "Retrait au comptoir",
            "sites": ["bordeaux", "lyon"],
            "kinds": [],
            "guests": True,
            "slot_minutes": 30,
            "step_minutes": 30,
            "policy": {"min_notice": 60, "max_days": 30, "change_notice": 30},
            "versions": [
                {
                    "from": None,
                    "week": {
                        **_week("mon tue wed thu fri", ("09:00", "12:30", 2), ("13:30", "17:30", 2)),
                        **_week("sat", ("09:00", "12:00", 1)),
                    },
                }
            ],
        },
        {
            "key": TOURS,
            "name": "Visite de l’entrepôt",
            "sites": ["bordeaux"],
            "kinds": [],
            "guests": True,
            # Somebody has to be there to show it: each visit is accepted or declined.
            "policy": {
                "validation": "manager",
                "answer_within": "3d",
                "min_notice": "3d",
                "change_notice": "1d",
                "waiting_list": True,
            },
            "versions": [{"from": None, "week": _week("tue wed thu", ("10:00", "12:00", 1), ("14:00", "16:00", 1))}],
        },
    ]


Hours = tuple[str, str, int]


def _week(weekdays: str, *hours: Hours) -> dict[str, Any]:
    return {weekday: _day(*hours) for weekday in weekdays.split()}


def _day(*hours: Hours) -> list[dict[str, Any]]:
    return [{"start": start, "end": end, "slots": slots} for start, end, slots in hours]


def _next(day: date, weekday: int) -> date:
    """Give the first date from ``day`` on that is this ISO weekday."""
    return day + timedelta(days=(weekday - day.isoweekday()) % 7)
