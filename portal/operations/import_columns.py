"""Which column of a file is which field of an order: guessed by its head, from the words that people use."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.domain.errors import Invalid
from portal.operations.orders import KINDS

FIELDS = (
    "reference", "kind", "site", "status", "units", "ship_date", "delivery_date", "name", "email", "phone", "locale",
)  # fmt: skip
KNOWN = ("update", "leave", "refuse")
"""What to do with references that are there already."""

WORDS: Mapping[str, str] = {
    "reference": "reference|ref|commande|n commande|no commande|num commande|numero commande|numero de commande|"
    "n de commande|reference commande|reference de la commande|bon de commande|order|order number|order no|"
    "order reference|order id|po|po number|purchase order",
    "kind": "kind|type|type de commande|order type|nature|sens|flux",
    "site": "site|depot|entrepot|plateforme|agence|magasin|warehouse|depot name|location|place|lieu",
    "status": "status|statut|etat|state|order status|statut de la commande",
    "units": "units|quantity|quantite|qte|qty|palettes|pallets|nombre de palettes|nb palettes|colis|volume|goods",
    "ship_date": "ship date|shipping date|date d envoi|date envoi|envoi|date d expedition|date expedition|expedition|"
    "date d enlevement|"
    "date enlevement|enlevement|pickup date|collection date|date de depart|ready date|date de mise a disposition",
    "delivery_date": "delivery date|date de livraison|date livraison|livraison|date prevue|date d arrivee|due date|"
    "requested date|date souhaitee|date demandee",
    "name": "name|nom|customer|client|customer name|customer s name|nom du client|nom client|fournisseur|supplier|"
    "supplier name|nom du fournisseur|societe|company|raison sociale|contact|tiers",
    "email": "email|e mail|mail|courriel|adresse e mail|adresse email|adresse mail|email address|e mail address|"
    "customer email|email client|mail client",
    "phone": "phone|telephone|tel|tel portable|mobile|portable|phone number|numero de telephone|gsm",
    "locale": "language|langue|locale|lang",
}  # fmt: skip
BY_WORD = {word: field for field, words in WORDS.items() for word in words.split("|")}


@dataclass(frozen=True, slots=True)
class Choices:
    """How a file is to be read: the field of each column taken, by the column's place.

    ``site`` (a key) and ``kind`` are for the lines that say none. ``invite``: send a link to each that can be invited.
    """

    columns: Mapping[int, str]
    site: str | None = None
    kind: str | None = None
    known: str = "update"
    invite: bool = False

    def plain(self) -> dict[str, Any]:
        """Write it as JSON keeps it."""
        columns = {str(place): field for place, field in self.columns.items()}
        return {
            "columns": columns, "site": self.site, "kind": self.kind, "known": self.known, "invite": self.invite,
        }  # fmt: skip

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Choices:
        """Read what ``plain`` wrote."""
        columns = {int(place): field for place, field in kept["columns"].items()}
        return cls(**{**kept, "columns": columns})

    def check(self, width: int) -> None:
        """Refuse what gives no order. Raises Invalid naming the field, or the column (its place)."""
        taken: dict[str, int] = {}
        for place, field in sorted(self.columns.items()):
            if field not in FIELDS or not 0 <= place < width:
                raise Invalid(field=f"columns-{place}", problem="not_a_choice", value=field, choices=FIELDS)
            if field in taken:
                raise Invalid(field=f"columns-{place}", problem="twice", value=field, first=taken[field])
            taken[field] = place
        if "reference" not in taken:
            raise Invalid(field="columns", problem="no_reference")
        if "site" not in taken and self.site is None:
            raise Invalid(field="site", problem="required")
        if "kind" not in taken and self.kind is None:
            raise Invalid(field="kind", problem="required")
        if self.known not in KNOWN:
            raise Invalid(field="known", problem="not_a_choice", value=self.known, choices=KNOWN)
        if self.kind is not None and self.kind not in KINDS:
            raise Invalid(field="kind", problem="not_a_choice", value=self.kind, choices=KINDS)


def folded(text: str) -> str:
    """Write words as they are compared: small letters and numbers, without accents and signs.

    >>> folded(" N° de Commande (réf.) ")
    'n de commande ref'
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter if letter.isalnum() else " " for letter in letters if not unicodedata.combining(letter))
    return " ".join(plain.split())


def guess(head: Sequence[str], remembered: Mapping[str, str]) -> dict[int, str]:
    """Guess the columns by their heads: as the same head was taken before, else by our words; each field once."""
    found: dict[int, str] = {}
    for known in (remembered, BY_WORD):
        for place, text in enumerate(head):
            field = known.get(folded(text))
            if field is not None and place not in found and field not in found.values():
                found[place] = field
    return found
