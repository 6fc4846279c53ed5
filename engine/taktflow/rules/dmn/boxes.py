"""The boxed expressions of DMN (1.5, chapters 7, 8 and 10.2) as read, before they mean anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: the id of the nearest element that has one, and the line."""

    element: str = ""
    line: int = 0


NOWHERE = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An expression; ``type_ref`` is the declared type of its value, empty when none is."""

    at: Place = NOWHERE
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class LiteralExpression(Box):
    text: str
    foreign: bool = False
    """Written in a language other than FEEL."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``name`` is empty for the entry that is the context's result."""

    name: str
    value: Box | None
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class Context(Box):
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Invocation(Box):
    of: Box | None
    bindings: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Relation(Box):
    columns: tuple[str, ...]
    column_types: tuple[str, ...]
    rows: tuple[tuple[Box | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Listing(Box):
    items: tuple[Box | None, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type_ref: str = ""


@dataclass(frozen=True, slots=True)
class FunctionDefinition(Box):
    parameters: tuple[Parameter, ...]
    body: Box | None
    language: str = "FEEL"


@dataclass(frozen=True, slots=True)
class Conditional(Box):
    test: Box | None
    then: Box | None
    otherwise: Box | None


@dataclass(frozen=True, slots=True)
class Filtering(Box):
    of: Box | None
    test: Box | None


@dataclass(frozen=True, slots=True)
class Iteration(Box):
    """``for``, ``some`` or ``every``."""

    word: Literal["for", "some", "every"]
    name: str
    domain: Box | None
    body: Box | None


HitPolicy: TypeAlias = Literal["UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT"]
Aggregation: TypeAlias = Literal["", "SUM", "MIN", "MAX", "COUNT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputClause:
    id: str = ""
    label: str = ""
    expression: LiteralExpression
    values: LiteralExpression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputClause:
    id: str = ""
    name: str = ""
    label: str = ""
    type_ref: str = ""
    values: LiteralExpression | None = None
    default: LiteralExpression | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    tests: tuple[LiteralExpression, ...]
    answers: tuple[LiteralExpression, ...]
    notes: tuple[str, ...] = ()
    description: str = ""
    at: Place = NOWHERE
    written: Sequence[Any] | None = None
    """The native row that the rule was written from: id, cells, perhaps a note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTable(Box):
    id: str = ""
    hit_policy: HitPolicy = "UNIQUE"
    aggregation: Aggregation = ""
    inputs: tuple[InputClause, ...] = ()
    outputs: tuple[OutputClause, ...] = ()
    annotations: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = field(default=())
    output_label: str = ""
