"""Reading requests strictly: what is unknown, doubled, or of another type is refused, with the path to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request, abort
from webargs.flaskparser import FlaskParser

from portal.domain.errors import Invalid

JSON_TYPES = ("application/json", "application/merge-patch+json")
EVERYWHERE = ("lang",)  # the language of texts, in any address

Step = str | int


class Unreadable(Invalid):
    """Values of a request that cannot be accepted: ``wrong`` lists the path to each and the code of what is wrong.

    ``place`` is where they came: ``json`` or ``query``.
    """

    def __init__(self, place: str, wrong: Sequence[tuple[tuple[Step, ...], str]]) -> None:
        super().__init__()
        self.place = place
        self.wrong = wrong


class Reader(FlaskParser):
    """Webargs with the mercy taken out."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}  # noqa: RUF012 - webargs' own attribute: the schema decides

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Read the body; none is an empty object. Abort with 415 for another type of content, with 400 for bad JSON."""
        del schema
        if not (body := req.get_data()):
            return {}
        if req.mimetype not in JSON_TYPES:
            abort(415)
        return parsed(body)

    def load_querystring(self, req: Request, schema: ma.Schema) -> dict[str, str]:
        """Read the address; a value given twice is refused, for nobody knows which was meant."""
        del schema
        doubled = [name for name, values in req.args.lists() if len(values) > 1]
        if doubled:
            raise ma.ValidationError({name: ["twice"] for name in doubled})
        return {name: value for name, value in req.args.items() if name not in EVERYWHERE}

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Turn marshmallow's tree of messages into our refusal."""
        del req, error_status_code, error_headers
        messages: Mapping[str, Any] = error.messages if isinstance(error.messages, dict) else {}
        place, tree = next(iter(messages.items()))
        later = getattr(schema, "later", ())
        raise Unreadable(place, [(path, _code(path, code, later)) for path, code in _leaves(tree)]) from error


def parsed(body: bytes) -> Any:
    """Read JSON as RFC 8259 means it; abort with 400 for anything looser, or nested beyond reason."""
    try:
        return json.loads(body.decode(), parse_constant=_refuse, object_pairs_hook=_once_each)
    except (ValueError, RecursionError):
        abort(400)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name is there twice")
    return members


def _leaves(tree: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(tree, Mapping):
        for name, inner in tree.items():
            yield from _leaves(inner, path if name == "_schema" else (*path, name))
    elif isinstance(tree, list):
        yield from ((path, str(code)) for code in tree)
    else:
        yield path, str(tree)


def _code(path: tuple[Step, ...], code: str, later: Sequence[str]) -> str:
    """Tell what nobody knows from what a later version will."""
    return "not_supported_yet" if code == "unknown_key" and len(path) == 1 and path[0] in later else code
