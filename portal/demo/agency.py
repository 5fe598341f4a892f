"""The company's estate agency beside its docks: people, rooms, bicycles and beds, and what can be booked with them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

AGENCY, BEACH = "agence", "arcachon"
VALUATION, CALL, ROOM, BICYCLE, NIGHT = "evaluation", "appel", "salle", "velo", "chambre"
AGENTS = ("jean", "ryan", "lea")
OFFICE, ROOM_HOURS, BICYCLE_HOURS = "bureau", "salles", "velos"

REGIONS = (
    {"key": "nouvelle-aquitaine", "name": "Nouvelle-Aquitaine"},
    {"key": "gironde", "name": "Gironde", "parent": "nouvelle-aquitaine"},
    {"key": "auvergne-rhone-alpes", "name": "Auvergne-Rhône-Alpes"},
)
SITES = (
    {
        "key": AGENCY,
        "name": "Agence des Chartrons",
        "address": "31 cours Portal, 33000 Bordeaux",
        "region": "gironde",
        "latitude": 44.8508,
        "longitude": -0.5749,
        "email": "agence.bordeaux@example.com",
        "phone": "05 36 49 80 12",
        "holidays": "FR",
        "policy": {"min_notice": "2h", "max_days": 45, "change_notice": "2h", "reminders": ["24h"]},
    },
    {
        "key": BEACH,
        "name": "Agence d’Arcachon",
        "address": "8 avenue Gambetta, 33120 Arcachon",
        "region": "gironde",
        "latitude": 44.6601,
        "longitude": -1.1659,
        "email": "agence.arcachon@example.com",
        "phone": "05 36 49 80 77",
        "holidays": "FR",
        "policy": {"min_notice": "1d", "max_days": 45, "change_notice": "1d", "modes": ["service"]},
    },
)
SKILLS = (
    {"key": "evaluation", "name": {"fr": "Évaluation de biens", "en": "Valuation"}},
    {"key": "anglais", "name": {"fr": "Anglais", "en": "English"}},
)
GROUPS = (
    {"key": "vente", "name": {"fr": "Vendre un bien", "en": "Selling a property"}, "position": 1},
    {"key": "sur-place", "name": {"fr": "À l’agence", "en": "At the agency"}, "position": 2},
)


def plannings() -> list[dict[str, Any]]:
    """List the hours of people, rooms and bicycles: Saturday morning is kept for valuations."""
    working = "mon tue wed thu fri"
    saturday = [{"start": "09:00", "end": "12:30", "slots": 1, "services": [VALUATION]}]
    return [
        _hours(OFFICE, "Bureau de l’agence", [AGENCY, BEACH], {
            **_week(working, ("09:00", "12:30", 1), ("14:00", "18:30", 1)), "sat": saturday,
        }),
        _hours(ROOM_HOURS, "Salles de l’agence", [AGENCY], _week(f"{working} sat", ("08:00", "20:00", 1))),
        _hours(BICYCLE_HOURS, "Prêt de vélos", [AGENCY], _week(f"{working} sat", ("09:00", "19:00", 6))),
    ]  # fmt: skip


def _hours(key: str, name: str, sites: list[str], week: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "name": name, "sites": sites, "kinds": [], "versions": [{"from": None, "week": week}]}


def _week(weekdays: str, *hours: tuple[str, str, int]) -> dict[str, Any]:
    day = [{"start": start, "end": end, "slots": slots} for start, end, slots in hours]
    return dict.fromkeys(weekdays.split(), day)


def resources(today: date) -> list[dict[str, Any]]:
    """List three agents with what they can do, two rooms, two guest rooms, a camera and the bicycles."""
    holiday, training = today + timedelta(days=12), today + timedelta(days=5)
    return [
        {
            **_agent("jean", "Jean Delmas", "#1d4f91", {"evaluation": 5}),
            "absences": [{"from": f"{holiday}T00:00", "to": f"{holiday + timedelta(days=4)}T00:00", "label": "Congés"}],
        },
        {**_agent("ryan", "Ryan Carter", "#8a3b12", {"evaluation": 3, "anglais": 10}), "max_per_day": 5},
        {
            **_agent("lea", "Léa Fontaine", "#1b5e20", {"evaluation": 4, "anglais": 6}),
            "sites": [AGENCY, BEACH],
            "absences": [{"from": f"{training}T09:00", "to": f"{training}T12:30", "label": "Formation"}],
        },
        {**_room("salon", "Salon Garonne", 4), "features": ["écran"]},
        {**_room("grande-salle", "Grande salle", 12), "features": ["écran", "visioconférence"]},
        _guest_room("chambre-garonne", "Chambre Garonne"),
        _guest_room("chambre-dune", "Chambre Dune"),
        {"key": "camera", "kind": "asset", "name": "Caméra 360°", "sites": [AGENCY], "features": ["caméra"]},
        {
            "key": "velos",
            "kind": "asset",
            "name": "Vélos",
            "sites": [AGENCY],
            "plannings": [BICYCLE_HOURS],
            "features": ["vélo"],
        },
    ]


def _agent(key: str, name: str, colour: str, skills: dict[str, int]) -> dict[str, Any]:
    return {
        "key": key,
        "kind": "staff",
        "name": name,
        "email": f"{key}@example.com",
        "sites": [AGENCY],
        "plannings": [OFFICE],
        "skills": skills,
        "colour": colour,
    }


def _room(key: str, name: str, persons: int) -> dict[str, Any]:
    return {
        "key": key,
        "kind": "room",
        "name": name,
        "sites": [AGENCY],
        "plannings": [ROOM_HOURS],
        "persons": persons,
    }


def _guest_room(key: str, name: str) -> dict[str, Any]:
    """Describe a room to sleep in: without hours of its own, it is always open."""
    return {"key": key, "kind": "room", "name": name, "sites": [AGENCY], "persons": 2, "features": ["lit"]}


def services() -> list[dict[str, Any]]:
    """List what can be booked: with an agent, by telephone, a room by the hour, bicycles, a bed by the night."""
    return [_valuation(), _call(), _room_booking(), _bicycles(), _nights()]


def _valuation() -> dict[str, Any]:
    return {
        "key": VALUATION,
        "name": {"fr": "Évaluation de bien", "en": "Property valuation"},
        "description": {
            "fr": "Un agent visite votre bien et vous remet une estimation écrite sous trois jours.",
            "en": "An agent visits your property; you get a written estimate within three days.",
        },
        "instructions": {
            "fr": "Préparez le titre de propriété et les derniers diagnostics, si vous les avez.",
            "en": "Have the title deed and the latest surveys ready, if you have them.",
        },
        "price": {"fr": "Gratuit", "en": "Free"},
        "group": "vente",
        "sites": [AGENCY, BEACH],
        "minutes": 60,
        "step": 30,
        "buffer_after": 30,
        "requires": [
            {"kind": "staff", "skills": {"evaluation": 2}},
            {"kind": "asset", "features": ["caméra"], "optional": True},
        ],
        "fields": [
            {
                "key": "address",
                "label": {"fr": "Adresse du bien", "en": "Address of the property"},
                "type": "text",
                "required": True,
            },
            {
                "key": "kind",
                "label": {"fr": "Type de bien", "en": "Kind of property"},
                "type": "choice",
                "choices": [
                    {"key": "house", "label": {"fr": "Maison", "en": "House"}},
                    {"key": "flat", "label": {"fr": "Appartement", "en": "Flat"}},
                    {"key": "land", "label": {"fr": "Terrain", "en": "Land"}},
                ],
            },
        ],
    }


def _call() -> dict[str, Any]:
    return {
        "key": CALL,
        "name": {"fr": "Premier échange par téléphone", "en": "First call"},
        "description": {
            "fr": "Un agent vous rappelle pour parler de votre projet.",
            "en": "An agent calls you back to talk about your plans.",
        },
        "price": {"fr": "Gratuit", "en": "Free"},
        "group": "vente",
        "sites": [AGENCY, BEACH],
        "minutes": 30,
        "step": 30,
        "mode": "phone",
        "requires": [{"kind": "staff"}],
    }


def _room_booking() -> dict[str, Any]:
    return {
        "key": ROOM,
        "name": {"fr": "Salle de réunion", "en": "Meeting room"},
        "description": {
            "fr": "Avec écran et café, à l’heure, à deux pas des quais.",
            "en": "With a screen and coffee, by the hour, a short walk from the river.",
        },
        "price": {"fr": "25 € l’heure", "en": "€25 an hour"},
        "group": "sur-place",
        "sites": [AGENCY],
        "minutes": 60,
        "step": 60,
        "requires": [{"kind": "room", "features": ["écran"]}],
        "reservation": {"iterations": True},
    }


def _bicycles() -> dict[str, Any]:
    return {
        "key": BICYCLE,
        "name": {"fr": "Vélo pour découvrir le quartier", "en": "Bicycle to see the neighbourhood"},
        "price": {"fr": "3 € l’heure", "en": "€3 an hour"},
        "group": "sur-place",
        "sites": [AGENCY],
        "minutes": 60,
        "step": 30,
        "requires": [{"kind": "asset", "features": ["vélo"]}],
        "reservation": {"quantity": True, "iterations": True},
    }


def _nights() -> dict[str, Any]:
    return {
        "key": NIGHT,
        "name": {"fr": "Chambre d’hôtes", "en": "Guest room"},
        "description": {
            "fr": "Une chambre pour deux au-dessus de l’agence, petit déjeuner compris, le temps de visiter la région.",
            "en": "A room for two above the agency, breakfast included, while you look around the region.",
        },
        "instructions": {
            "fr": "Arrivée à partir de 16\u00a0h, départ avant 11\u00a0h. L’agence vous remet la clé.",
            "en": "Come from 4 p.m. on, leave by 11 a.m. The agency has your key.",
        },
        "price": {"fr": "85 € la nuit", "en": "€85 a night"},
        "group": "sur-place",
        "sites": [AGENCY],
        "requires": [{"kind": "room", "features": ["lit"]}],
        "reservation": {"unit": "night", "from": "16:00", "until": "11:00", "iterations": True},
    }
