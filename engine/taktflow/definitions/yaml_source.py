"""YAML text to documents, keeping every line and column.

The well-kept C parser gives events; composing is ours, because its own composer follows YAML 1.1 (``on`` is true),
expands aliases without bound and keeps no places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from taktflow.definitions.budget import Budget, Unreadable
from taktflow.definitions.places import Loaded, Place, pointed
from taktflow.definitions.scalars import ScalarWrong, plain_scalar
from taktflow.values import Finding, Json, Pointer, Severity

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = {_CORE + t for t in ("str", "int", "float", "bool", "null")}


@dataclass(slots=True)
class _Node:
    """A parsed value before it has a pointer. ``value`` is a scalar, a list of nodes or a list of key-node pairs."""

    kind: str
    value: Any
    line: int
    column: int
    broken: str = ""


@dataclass(slots=True)
class _Reading:
    name: str
    events: Iterator[Any]
    parsed: Budget = field(default_factory=Budget)
    built: Budget = field(default_factory=Budget)
    anchors: dict[str, _Node | None] = field(default_factory=dict)
    places: dict[Pointer, Place] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def found(self, code: str, at: Pointer, line: int, column: int, severity: Severity = "error", **args: Any) -> None:
        self.findings.append(Finding(code, at, args, severity, self.name, line, column))

    # Parsing: events to nodes. Depth is bounded by the budget, so recursion is safe.

    def node(self, event: Any, depth: int) -> _Node:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        self.parsed.spend(depth, line, column)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, line, column)
        if event.anchor:
            # Known but not yet complete: an alias inside of it would hold itself.
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            made = self._scalar(event, line, column)
        elif isinstance(event, yaml.SequenceStartEvent):
            made = self._tagged(event, "seq", _Node("list", self._items(depth), line, column))
        else:
            made = self._tagged(event, "map", _Node("map", self._pairs(depth), line, column))
        if event.anchor:
            self.anchors[event.anchor] = made
        return made

    def _alias(self, anchor: str | None, line: int, column: int) -> _Node:
        if anchor is None or anchor not in self.anchors:
            raise Unreadable("definition.alias_unknown", line, column, name=anchor)
        target = self.anchors[anchor]
        if target is None:
            raise Unreadable("definition.alias_circle", line, column, name=anchor)
        return target

    def _items(self, depth: int) -> list[_Node]:
        items = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, depth + 1))
        return items

    def _pairs(self, depth: int) -> list[tuple[Any, _Node]]:
        pairs = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise Unreadable("definition.key_no_text", event.start_mark.line + 1, event.start_mark.column + 1)
            pairs.append((event, self.node(next(self.events), depth + 1)))
        return pairs

    def _tagged(self, event: Any, own: str, node: _Node) -> _Node:
        if event.tag and event.tag not in ("!", _CORE + own):
            node.broken = event.tag
        return node

    def _scalar(self, event: Any, line: int, column: int) -> _Node:
        text = event.value
        if event.tag and event.tag != "!":
            if event.tag not in _SCALAR_TAGS:
                return _Node("scalar", text, line, column, event.tag)
            return _Node("scalar" if event.tag == _CORE + "str" else "plain", text, line, column)
        return _Node("plain" if event.implicit[0] else "scalar", text, line, column)

    # Building: nodes to the document with its pointers. An alias is built once for each place it stands at.

    def build(self, node: _Node, at: Pointer, depth: int, place: Place | None = None) -> Json:
        self.built.spend(depth, node.line, node.column)
        self.places[at] = place or Place(node.line, node.column)
        if node.broken:
            self.found("definition.tag", at, node.line, node.column, tag=node.broken.removeprefix(_CORE))
        if node.kind == "list":
            return [self.build(item, f"{at}/{i}", depth + 1) for i, item in enumerate(node.value)]
        if node.kind == "map":
            return self._mapping(node, at, depth)
        if node.kind == "scalar":
            return node.value
        try:
            return plain_scalar(node.value)
        except ScalarWrong as wrong:
            self.found(wrong.code, at, node.line, node.column, given=node.value[:80])
            return node.value

    def _mapping(self, node: _Node, at: Pointer, depth: int) -> dict[str, Json]:
        made: dict[str, Json] = {}
        first: dict[str, int] = {}
        for key, value in node.value:
            name = key.value
            line, column = key.start_mark.line + 1, key.start_mark.column + 1
            inner = at + pointed(name)
            if name in made:
                self.found("definition.key_twice", inner, line, column, key=name, first=first[name])
                continue
            first[name] = line
            made[name] = self.build(value, inner, depth + 1, Place(line, column))
        return made


def read_yaml(source: str, name: str) -> list[Loaded]:
    """Every document in ``source``; one that cannot be read has ``document`` None and a finding that says why."""
    loaded: list[Loaded] = []
    try:
        reading = _Reading(name, iter(yaml.parse(source, Loader=_LOADER)))
        end = 0
        for event in reading.events:
            if isinstance(event, yaml.DocumentStartEvent):
                document = _document(reading)
                start, end = end, next(reading.events).end_mark.index
                text = source[start:end].removeprefix("---\n")
                loaded.append(Loaded(name, document, reading.places, tuple(reading.findings), text))
    except yaml.YAMLError as wrong:
        loaded.append(Loaded(name, None, {}, (_unreadable(name, syntax_wrong(wrong, source)),), source))
    except Unreadable as wrong:
        loaded.append(Loaded(name, None, {}, (_unreadable(name, wrong),), source))
    return loaded


def _document(reading: _Reading) -> Json:
    reading.places, reading.findings, reading.anchors = {}, [], {}
    root = reading.node(next(reading.events), 1)
    return reading.build(root, "", 1)


def _unreadable(name: str, wrong: Unreadable) -> Finding:
    return Finding(wrong.code, "", wrong.args_, "error", name, wrong.line, wrong.column)


_KNOWN = (
    ("mapping values are not allowed", "definition.colon"),
    ("could not find expected ':'", "definition.colon_missing"),
    ("unexpected end of stream", "definition.quote_open"),
    ("did not find expected ',' or", "definition.bracket_open"),
    ("expected ',' or ", "definition.bracket_open"),
    ("did not find expected node content", "definition.bracket_open"),
    ("did not find expected '-' indicator", "definition.indent"),
    ("did not find expected key", "definition.indent"),
    ("expected <block end>", "definition.indent"),
    ("did not find expected <document start>", "definition.indent"),
    ("block sequence entries are not allowed", "definition.indent"),
    ("unknown escape", "definition.escape"),
    ("special characters are not allowed", "definition.control_character"),
    ("control characters are not allowed", "definition.control_character"),
)


def syntax_wrong(wrong: yaml.YAMLError, source: str) -> Unreadable:
    """The parser's complaint in plain words and with its place."""
    problem = " ".join(str(p) for p in (getattr(wrong, "problem", ""), getattr(wrong, "reason", "")) if p) or str(wrong)
    mark = getattr(wrong, "problem_mark", None) or getattr(wrong, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else _position(wrong, source)
    lines = source.splitlines()
    if "tab character" in problem:
        return Unreadable("definition.tab", line, column)
    if "cannot start any token" in problem:
        text = lines[line - 1] if line <= len(lines) else ""
        code = "definition.tab" if "\t" in text[:column] else "definition.character"
        return Unreadable(code, line, column, given=text[column - 1 : column])
    for known, code in _KNOWN:
        if known in problem:
            return Unreadable(code, line, column)
    return Unreadable("definition.syntax", line, column, problem=problem)


def _position(wrong: yaml.YAMLError, source: str) -> tuple[int, int]:
    offset = getattr(wrong, "position", None)
    if not isinstance(offset, int):
        return 0, 0
    before = source[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
