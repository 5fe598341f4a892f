"""What stands in the addresses of the staff area: an order's reference, and the number of a row."""

from __future__ import annotations

from urllib.parse import quote, unquote

from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter, IntegerConverter, Map, ValidationError

LARGEST = 2**31 - 1  # of an integer of PostgreSQL
REPLACEMENT = "\ufffd"  # stands for what is not UTF-8


class Reference(BaseConverter):
    """Write a reference so that a slash ends no part, and one made of dots climbs no folder.

    >>> Reference(None).to_url("A/B 7")
    'A%252FB%207'
    >>> Reference(None).to_python("A%2FB 7")
    'A/B 7'
    """

    def to_python(self, value: str) -> str:
        """Read a reference; what is no text is none."""
        read = unquote(value)
        if REPLACEMENT in read:
            raise ValidationError
        return read

    def to_url(self, value: str) -> str:
        """Write the signs that a path would take for its own twice encoded: servers undo it once."""
        kept = value.replace("%", "%25").replace("/", "%2F").replace("\\", "%5C")
        if set(kept) == {"."}:
            kept = kept.replace(".", "%2E")
        return quote(kept, safe="")


class Row(IntegerConverter):
    """The number of a row: a number that no database would take as one is no address of ours."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=LARGEST)


def register(state: BlueprintSetupState) -> None:
    """Let routes say ``<reference:reference>`` and ``<row:number>``."""
    state.app.url_map.converters.update(reference=Reference, row=Row)
