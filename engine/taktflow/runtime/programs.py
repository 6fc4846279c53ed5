"""Settings that mix literals with ``{$: FEEL}`` and ``{{ FEEL }}``, compiled once and computed often."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel

from taktflow.expressions import Clock, Expression, parse
from taktflow.values import Value, normal, shown

Names: TypeAlias = Mapping[str, Value]
_Compute: TypeAlias = Callable[[Names, Clock], Value]
_HOLE = re.compile(r"\{\{(.*?)\}\}", re.S)


class Program:
    """A compiled setting: a constant, or a computation over a scope."""

    __slots__ = ("_compute", "_constant", "is_constant")

    def __init__(self, *, constant: Value = None, compute: _Compute | None = None) -> None:
        self._constant = constant
        self._compute = compute
        self.is_constant = compute is None

    def constant(self) -> Value:
        """The value of a constant program."""
        return self._constant

    def __call__(self, scope: Names, clock: Clock) -> Value:
        """The value over ``scope``."""
        return self._constant if self._compute is None else self._compute(scope, clock)


def compiled(raw: Any, templates: frozenset[str] = frozenset(), at: str = "") -> Program:
    """The program of ``raw``; ``templates`` holds the dotted places whose text may contain ``{{ FEEL }}``."""
    match raw:
        case {"$": str(text)} if len(raw) == 1:
            expression = parse(text)
            return Program(compute=expression.evaluate)
        case Mapping():
            return _mapping({str(k): compiled(v, templates, f"{at}.{k}" if at else str(k)) for k, v in raw.items()})
        case list() | tuple():
            return _sequence([compiled(v, templates, at) for v in raw])
        case str() if at in templates and "{{" in raw:
            return _template(raw)
        case _:
            return Program(constant=normal(raw))


def _mapping(parts: Mapping[str, Program]) -> Program:
    if all(p.is_constant for p in parts.values()):
        return Program(constant={k: p.constant() for k, p in parts.items()})
    items = tuple(parts.items())
    return Program(compute=lambda scope, clock: {k: p(scope, clock) for k, p in items})


def _sequence(parts: list[Program]) -> Program:
    if all(p.is_constant for p in parts):
        return Program(constant=[p.constant() for p in parts])
    return Program(compute=lambda scope, clock: [p(scope, clock) for p in parts])


def _template(text: str) -> Program:
    pieces: list[str | Expression] = []
    end = 0
    for hole in _HOLE.finditer(text):
        pieces += [text[end : hole.start()], parse(hole[1].strip())]
        end = hole.end()
    pieces.append(text[end:])

    def compute(scope: Names, clock: Clock) -> Value:
        return "".join(p if isinstance(p, str) else _words(p.evaluate(scope, clock)) for p in pieces)

    return Program(compute=compute)


def _words(value: Value) -> str:
    # A missing value leaves a visible dash: an alert with a hole in it should look like one.
    return "—" if value is None else value if isinstance(value, str) else shown(value)


def template_paths(config: type[BaseModel]) -> frozenset[str]:
    """The dotted places of ``config`` marked as text templates."""
    schema = config.model_json_schema()
    found: set[str] = set()
    _collect_templates(schema, schema, "", found, 0)
    return frozenset(found)


def _collect_templates(
    schema: Mapping[str, Any], root: Mapping[str, Any], at: str, found: set[str], depth: int
) -> None:
    if depth > 8:
        return
    if schema.get("x-template"):
        found.add(at)
    if "$ref" in schema:
        target = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        _collect_templates(target, root, at, found, depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(key, ()):
            _collect_templates(part, root, at, found, depth + 1)
    for name, part in schema.get("properties", {}).items():
        _collect_templates(part, root, f"{at}.{name}" if at else name, found, depth + 1)
    if isinstance(schema.get("items"), Mapping):
        _collect_templates(schema["items"], root, at, found, depth + 1)
