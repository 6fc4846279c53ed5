"""One DMN file as read: its types, inputs, decisions, knowledge models, services and what it imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from taktflow.rules.dmn.boxes import NOWHERE, Box, FunctionDefinition, LiteralExpression, Place
from taktflow.rules.dmn.xml import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDefinition:
    """A declared type, or one component of it."""

    name: str
    type_ref: str = ""
    components: tuple[ItemDefinition, ...] = ()
    collection: bool = False
    allowed: LiteralExpression | None = None
    constraint: LiteralExpression | None = None
    function: tuple[tuple[str, ...], str] | None = None
    """The types of the parameters and of the result."""
    at: Place = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the parts of a requirements graph share; ``type_ref`` is the type of the variable."""

    id: str
    name: str
    type_ref: str = ""
    at: Place = NOWHERE
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputData(Named):
    """Data from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Named):
    """``requires`` and ``knowledge`` are references to inputs, decisions, knowledge models and services."""

    value: Box | None = None
    requires: tuple[str, ...] = ()
    knowledge: tuple[str, ...] = ()
    question: str = ""
    extension: Element | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge(Named):
    """A business knowledge model: a function."""

    function: FunctionDefinition | None = None
    knowledge: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Named):
    """A decision service: a function of its inputs and input decisions that answers its output decisions."""

    outputs: tuple[str, ...] = ()
    encapsulated: tuple[str, ...] = ()
    input_decisions: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Import:
    name: str
    namespace: str
    at: Place = NOWHERE


Part: TypeAlias = InputData | Decision | Knowledge | Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file. ``parts`` are found by id."""

    name: str
    namespace: str
    items: Mapping[str, ItemDefinition] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    imports: tuple[Import, ...] = ()
    words: frozenset[str] = frozenset()
    """Every name given anywhere in the file that is more than a word: what may stand after a dot."""

    def named(self, kind: type[Named], name: str) -> Iterator[Named]:
        """The parts of one kind called ``name``."""
        return (p for p in self.parts.values() if isinstance(p, kind) and p.name == name)
