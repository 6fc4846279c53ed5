"""Reads boxed expressions; one that cannot be read is None, which means null, and a finding says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, cast

from taktflow.rules.dmn.boxes import (
    NOWHERE,
    Box,
    Conditional,
    Context,
    DecisionTable,
    Entry,
    Filtering,
    FunctionDefinition,
    Invocation,
    Iteration,
    Listing,
    LiteralExpression,
    Parameter,
    Place,
    Relation,
)
from taktflow.rules.dmn.notes import Notes
from taktflow.rules.dmn.table_reader import table_of
from taktflow.rules.dmn.xml import Element


def name_of(element: Element) -> str:
    """The ``name`` attribute, its spaces as one each."""
    return " ".join(element.attributes.get("name", "").split())


def placed(element: Element, within: Place = NOWHERE) -> Place:
    """Where ``element`` stands, named by its own id or that of what is around it."""
    return Place(element.attributes.get("id", "").strip() or name_of(element) or within.element, element.line)


def type_of(element: Element) -> str:
    """The declared type of the value."""
    return element.attributes.get("typeRef", "").strip()


class BoxReader:
    """Reads the boxed expressions of one file."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def box(self, element: Element, within: Place) -> Box:
        """The boxed expression that ``element``, one of :data:`TAGS`, is."""
        return _READ[element.tag](self, element, placed(element, within))

    def only_box(self, element: Element, within: Place) -> Box | None:
        """The one boxed expression inside ``element``; None when there is none."""
        found = list(element.all(*_READ))
        if len(found) > 1:
            self.notes.add("dmn.several_expressions", placed(found[1], within))
        return self.box(found[0], within) if found else None

    def boxed(self, element: Element, tag: str, within: Place) -> Box | None:
        """The boxed expression inside the child ``tag``; a finding when it is missing."""
        child = element.first(tag)
        box = None if child is None else self.only_box(child, within)
        if box is None:
            self.notes.add("dmn.no_expression", placed(element, within), tag=tag)
        return box

    def literal(self, element: Element, within: Place) -> LiteralExpression:
        """A literal expression, unary tests or another element with ``text``."""
        language = element.attributes.get("expressionLanguage", "").strip()
        foreign = bool(language) and "feel" not in language.lower()
        at = placed(element, within)
        if foreign:
            self.notes.add("dmn.language", at, language=language)
        if element.first("importedValues") is not None:
            self.notes.add("dmn.imported_values", at)
            foreign = True
        text = element.text_of("text")
        return LiteralExpression(at=at, type_ref=type_of(element), text=text or "", foreign=foreign)

    def function(self, element: Element, at: Place) -> FunctionDefinition:
        """A function definition, or the logic of a knowledge model."""
        language = element.attributes.get("kind", "FEEL").strip() or "FEEL"
        if language not in ("FEEL", "F"):
            self.notes.add("dmn.function_kind", at, "warning", kind=language)
        return FunctionDefinition(
            at=at,
            type_ref=type_of(element),
            parameters=tuple(Parameter(name_of(p), type_of(p)) for p in element.all("formalParameter")),
            body=self.only_box(element, at),
            language="FEEL" if language in ("FEEL", "F") else language,
        )

    def _table(self, element: Element, at: Place) -> DecisionTable:
        return table_of(self.literal, self.notes, element, at)

    def _context(self, element: Element, at: Place) -> Context:
        entries: list[Entry] = []
        for child in element.all("contextEntry"):
            variable = child.first("variable")
            name = "" if variable is None else name_of(variable)
            type_ref = "" if variable is None else type_of(variable)
            if any(e.name == name for e in entries):
                self.notes.add("dmn.entry_twice", placed(child, at), name=name)
            entries.append(Entry(name, self.only_box(child, at), type_ref))
        return Context(at=at, type_ref=type_of(element), entries=tuple(entries))

    def _invocation(self, element: Element, at: Place) -> Invocation:
        bindings = []
        for child in element.all("binding"):
            parameter = child.first("parameter")
            name = "" if parameter is None else name_of(parameter)
            bindings.append(Entry(name, self.only_box(child, at), "" if parameter is None else type_of(parameter)))
        return Invocation(at=at, type_ref=type_of(element), of=self.only_box(element, at), bindings=tuple(bindings))

    def _relation(self, element: Element, at: Place) -> Relation:
        columns = list(element.all("column"))
        rows = []
        for row in element.all("row"):
            cells = tuple(self.box(c, at) for c in row.all(*_READ))
            if len(cells) != len(columns):
                self.notes.add("dmn.relation_row", placed(row, at), cells=len(cells), columns=len(columns))
            rows.append((*cells, *[None] * len(columns))[: len(columns)])
        return Relation(
            at=at,
            type_ref=type_of(element),
            columns=tuple(name_of(c) for c in columns),
            column_types=tuple(type_of(c) for c in columns),
            rows=tuple(rows),
        )

    def _list(self, element: Element, at: Place) -> Listing:
        return Listing(at=at, type_ref=type_of(element), items=tuple(self.box(c, at) for c in element.all(*_READ)))

    def _conditional(self, element: Element, at: Place) -> Conditional:
        test, then, otherwise = (self.boxed(element, tag, at) for tag in ("if", "then", "else"))
        return Conditional(at=at, type_ref=type_of(element), test=test, then=then, otherwise=otherwise)

    def _filter(self, element: Element, at: Place) -> Filtering:
        of, test = (self.boxed(element, tag, at) for tag in ("in", "match"))
        return Filtering(at=at, type_ref=type_of(element), of=of, test=test)

    def _iteration(self, element: Element, at: Place) -> Iteration:
        word = cast(Literal["for", "some", "every"], element.tag)
        return Iteration(
            at=at,
            type_ref=type_of(element),
            word=word,
            name=" ".join(element.attributes.get("iteratorVariable", "").split()),
            domain=self.boxed(element, "in", at),
            body=self.boxed(element, "return" if word == "for" else "satisfies", at),
        )


_READ: Mapping[str, Callable[[BoxReader, Element, Place], Box]] = {
    "literalExpression": BoxReader.literal,
    "decisionTable": BoxReader._table,
    "context": BoxReader._context,
    "invocation": BoxReader._invocation,
    "relation": BoxReader._relation,
    "list": BoxReader._list,
    "functionDefinition": BoxReader.function,
    "conditional": BoxReader._conditional,
    "filter": BoxReader._filter,
    "for": BoxReader._iteration,
    "some": BoxReader._iteration,
    "every": BoxReader._iteration,
}
