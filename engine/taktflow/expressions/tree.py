"""The typed tree of a FEEL expression (DMN 1.5, chapter 10): one frozen class per kind of node.

``at`` and ``end`` are the offsets of the node's first character and of the one after its last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from taktflow.values import Value

Comparator: TypeAlias = OneOf["=", "!=", "<", "<=", ">", ">="]
Operator: TypeAlias = OneOf["+", "-", "*", "/", "**"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    at: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant: number, text, boolean, null, date, time with its offset, or duration."""

    value: Value


@dataclass(frozen=True, slots=True)
class LocalDateTime(Node):
    """A date and time written without a zone; it is meant in the zone of the caller's clock."""

    text: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Path(Node):
    of: Node
    field: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """``of[test]``: entries of a list that pass, one entry by its number, or a context's entry by its name."""

    of: Node
    test: Node


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """``name`` is empty for a positional argument."""

    name: str
    value: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    of: Node
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Negation(Node):
    of: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    operator: Operator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    operator: Comparator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Conjunction(Node):
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Disjunction(Node):
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Between(Node):
    of: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class UnaryTest(Node):
    """``> 5`` on the right of ``in``; as a value, ``(> 5)`` is a range open at one end."""

    operator: Comparator
    operand: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    of: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class RangeLiteral(Node):
    low: Node
    high: Node
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry(Node):
    key: str
    value: Node


@dataclass(frozen=True, slots=True)
class ContextLiteral(Node):
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    test: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Iterator(Node):
    """``name in domain``, or ``name in domain..upto`` over whole numbers or dates."""

    name: str
    domain: Node
    upto: Node | None


@dataclass(frozen=True, slots=True)
class For(Node):
    iterators: tuple[Iterator, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """``some`` or ``every`` ... ``satisfies``."""

    every: bool
    iterators: tuple[Iterator, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class TypeName(Node):
    """A type as written after ``instance of``; ``fields`` names the parts of a context."""

    name: str
    parts: tuple[TypeName, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    of: Node
    type: TypeName


@dataclass(frozen=True, slots=True)
class FunctionLiteral(Node):
    """``types`` has a type or None for every parameter; the body of an ``external`` one names foreign code."""

    parameters: tuple[str, ...]
    body: Node
    types: tuple[TypeName | None, ...] = ()
    external: bool = False


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes directly below ``node``, in reading order."""
    found: list[Node] = []
    for slot in _slots(type(node)):
        value = getattr(node, slot)
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            found += [v for v in value if isinstance(v, Node)]
    return tuple(found)


def _slots(kind: type[Node]) -> tuple[str, ...]:
    return tuple(name for name in kind.__dataclass_fields__ if name not in ("at", "end"))
