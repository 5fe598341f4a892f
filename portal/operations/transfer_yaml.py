"""The configuration file as text: YAML 1.2 in and out, and the line of every value."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from portal.domain.zones import parse_day
from portal.operations.transfer_problems import Path, bad_configuration, written

TAG = "tag:yaml.org,2002:"
AS_WRITTEN = {TAG + "str", TAG + "timestamp"}  # a date stays the text that it is: the schemas read it
COMPUTED = {TAG + "int", TAG + "float", TAG + "bool", TAG + "null"}
LARGEST = 2_000_000  # values, once every alias is unfolded: a small file can mean billions
INLINE = {
    "openings",
    "closures",
    "absences",
    "requires",
    "fields",
    "regions",
    "skills",
    "groups",
    "customers",
    "orders",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
}
PLAIN = re.compile(r"[^\W_][\w .@/()+’-]*")  # the library leaves bare what it cannot read again, such as {name: ?0}
DATES = {"from", "to", "date"}
CLOCK_TIMES = {"start", "end"}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's values, and the means to find their lines."""

    value: Any
    root: Node | None

    def located(self, path: Path, message: str) -> str:
        """Say a problem with its path and line."""
        return f"{written(path)}: {message} (line {self.line(path)})".removeprefix(": ")

    def line(self, path: Path) -> int:
        """Find the line of a value, counted from 1; of something missing, that of what should hold it."""
        node, line = self.root, 1
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            marked, node = found
            line = marked.start_mark.line + 1
        return line


def parse(text: str) -> Parsed:
    """Read a file. Raises BadConfiguration with the line of what is no YAML, or not of the plain kind."""
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
        value = _Reader(yaml).value(root) if root is not None else None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise bad_configuration([f"{error.problem or error.context}{line}"]) from error
    except YAMLError as error:  # a character that no YAML may hold
        raise bad_configuration([" ".join(str(error).split())]) from error
    except RecursionError as error:
        raise bad_configuration(["nested too deep"]) from error
    return Parsed(value, root)


class _Reader:
    """Turns nodes into plain values; a node that several aliases name is read once."""

    def __init__(self, yaml: YAML) -> None:
        self._scalars = yaml.constructor
        self._known: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()

    def value(self, node: Node) -> Any:
        """Give the value of a node."""
        return self._sized(node)[0]

    def _sized(self, node: Node) -> tuple[Any, int]:
        """Give a value, and how many there are in it."""
        if id(node) in self._known:
            return self._known[id(node)]
        if id(node) in self._open:
            raise _at(node, "contains itself")
        self._open.add(id(node))
        found = self._read(node)
        if found[1] > LARGEST:
            raise _at(node, "too large once its aliases are unfolded")
        self._open.discard(id(node))
        self._known[id(node)] = found
        return found

    def _read(self, node: Node) -> tuple[Any, int]:
        if isinstance(node, ScalarNode):
            return self._scalar(node), 1
        if isinstance(node, SequenceNode) and node.tag == TAG + "seq":
            items = [self._sized(item) for item in node.value]
            return [value for value, _ in items], 1 + sum(size for _, size in items)
        if isinstance(node, MappingNode) and node.tag == TAG + "map":
            pairs = {key: self._sized(value) for key, (_, value) in self._entries(node).items()}
            return {key: value for key, (value, _) in pairs.items()}, 1 + sum(size for _, size in pairs.values())
        raise _at(node, f"a tag such as {node.tag} is not accepted")

    def _entries(self, node: MappingNode) -> dict[Any, tuple[Node, Node]]:
        found: dict[Any, tuple[Node, Node]] = {}
        for key, value in node.value:
            if key.tag == TAG + "merge":
                continue
            if not isinstance(key, ScalarNode):
                raise _at(key, "a key must be a plain text")
            if (name := self._scalar(key)) in found:
                raise _at(key, f"{name}: appears twice")
            found[name] = (key, value)
        for merged in _merged(node):
            found = {**self._entries(merged), **found}
        return found

    def _scalar(self, node: ScalarNode) -> Any:
        if node.tag in AS_WRITTEN:  # JSON writes a rare character as the two halves of UTF-16
            text: str = node.value
            return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        if node.tag not in COMPUTED:
            raise _at(node, f"a tag such as {node.tag} is not accepted")
        try:
            return self._scalars.construct_object(node)
        except (YAMLError, ValueError, KeyError) as error:
            raise _at(node, f"{node.value[:40]} cannot be read") from error


def _merged(node: MappingNode) -> Iterator[MappingNode]:
    """Yield the mappings that ``<<`` brings in, the weakest last."""
    for key, value in node.value:
        if key.tag != TAG + "merge":
            continue
        for source in value.value if isinstance(value, SequenceNode) else [value]:
            if not isinstance(source, MappingNode) or source is node:
                raise _at(key, "<<: must name a mapping")
            yield source


def _at(node: Node, message: str) -> Exception:
    return bad_configuration([f"{message} (line {node.start_mark.line + 1})"])


def _child(node: Node | None, step: str | int) -> tuple[Node, Node] | None:
    """Find what a step leads to: the node that marks its line, and the node itself."""
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == str(step):
                return key, value
        return next((found for merged in _merged(node) if (found := _child(merged, step))), None)
    return None


class _Representer(RoundTripRepresenter):
    """Writes nothing as ``null``: a key with nothing behind it looks like a mistake."""

    def represent_none(self, _value: None) -> ScalarNode:
        """Write None."""
        return self.represent_scalar(TAG + "null", "null")


_Representer.add_representer(type(None), _Representer.represent_none)


def printed(document: Mapping[str, Sequence[Any] | Mapping[str, Any]]) -> str:
    """Write a configuration as a file that a person likes to read."""
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.width = 160
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(_block(document), stream)
    return stream.getvalue()


def _block(value: Any, name: str = "", *, inline: bool = False) -> Any:
    if isinstance(value, Mapping):
        block = CommentedMap((key, _block(below, str(key), inline=inline)) for key, below in value.items())
        if inline:
            block.fa.set_flow_style()
        return block
    if isinstance(value, list | tuple):
        rows = CommentedSeq(_block(item, inline=inline or name in INLINE) for item in value)
        if inline or not any(isinstance(item, Mapping | list | tuple) for item in value):
            rows.fa.set_flow_style()
        return rows
    return _scalar(value, name)


def _scalar(value: Any, name: str) -> Any:
    if name in DATES and isinstance(value, str) and (day := parse_day(value)) is not None:
        return day
    if isinstance(value, str) and "\n" in value:  # a text of the company's: its lines are printable and trimmed
        return LiteralScalarString(value)
    if isinstance(value, str) and (name in CLOCK_TIMES or not PLAIN.fullmatch(value)):
        return DoubleQuotedScalarString(value)
    return value
