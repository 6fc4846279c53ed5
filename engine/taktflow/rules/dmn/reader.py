"""Reads one DMN file, 1.1 to 1.5, by local name; what cannot be read becomes a finding and stands empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from taktflow.rules.dmn.boxes import LiteralExpression, Place
from taktflow.rules.dmn.boxes_reader import BoxReader, name_of, placed, type_of
from taktflow.rules.dmn.document import (
    Decision,
    Document,
    Import,
    InputData,
    ItemDefinition,
    Knowledge,
    Part,
    Service,
)
from taktflow.rules.dmn.extension import extension_in
from taktflow.rules.dmn.notes import Notes
from taktflow.rules.dmn.xml import Element, XmlUnreadable, parse_xml


def read_document(document: bytes, name: str) -> tuple[Document | None, Notes]:
    """The file ``document`` called ``name``; None when it is no DMN at all."""
    notes = Notes(name)
    try:
        root = parse_xml(document)
    except XmlUnreadable as wrong:
        notes.add(wrong.code, Place("", wrong.line), line=wrong.line, **wrong.args_)
        return None, notes
    if root.tag != "definitions" or "DMN" not in root.space:
        notes.add("dmn.no_definitions", placed(root), found=root.tag)
        return None, notes
    return _Reader(notes).document(root), notes


class _Reader:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.boxes = BoxReader(notes)

    def document(self, root: Element) -> Document:
        items: dict[str, ItemDefinition] = {}
        parts: dict[str, Part] = {}
        for element in root.all("itemDefinition"):
            item = self._item(element)
            if item.name in items:
                self.notes.add("dmn.twice", item.at, name=item.name)
            items.setdefault(item.name, item)
        for part in self._parts(root):
            if part.id in parts:
                self.notes.add("dmn.twice", part.at, name=part.id)
            parts.setdefault(part.id, part)
        imports = tuple(
            Import(name_of(e), e.attributes.get("namespace", "").strip(), placed(e))
            for e in root.all("import")
            if "DMN" in e.attributes.get("importType", "DMN")
        )
        return Document(
            name=name_of(root),
            namespace=root.attributes.get("namespace", "").strip(),
            items=items,
            parts=parts,
            imports=imports,
            words=frozenset(_words(root)),
        )

    def _item(self, element: Element) -> ItemDefinition:
        function = element.first("functionItem")
        return ItemDefinition(
            name=name_of(element),
            type_ref=(element.text_of("typeRef") or element.attributes.get("typeRef", "")).strip(),
            components=tuple(self._item(c) for c in element.all("itemComponent")),
            collection=element.attributes.get("isCollection", "").strip() in ("true", "1"),
            allowed=self._tests(element, "allowedValues"),
            constraint=self._tests(element, "typeConstraint"),
            function=None
            if function is None
            else (
                tuple(p.attributes.get("typeRef", "").strip() for p in function.all("parameters")),
                function.attributes.get("outputTypeRef", "").strip(),
            ),
            at=placed(element),
        )

    def _tests(self, element: Element, tag: str) -> LiteralExpression | None:
        found = element.first(tag)
        return None if found is None else self.boxes.literal(found, placed(element))

    def _parts(self, root: Element) -> Iterator[Part]:
        for number, element in enumerate(root.children):
            if element.space != root.space:
                continue
            made = self._part(element, element.attributes.get("id", "").strip() or f"_{number}")
            if made is not None:
                if not made.name:
                    self.notes.add("dmn.no_name", made.at, tag=element.tag)
                yield made

    def _part(self, element: Element, id: str) -> Part | None:
        given = _shared(element, id)
        match element.tag:
            case "inputData":
                return InputData(**given)
            case "decision":
                return Decision(
                    **given,
                    value=self.boxes.only_box(element, given["at"]),
                    requires=_references(element, "informationRequirement", "requiredDecision", "requiredInput"),
                    knowledge=_references(element, "knowledgeRequirement", "requiredKnowledge"),
                    question=(element.text_of("question") or "").strip(),
                    extension=extension_in(element),
                )
            case "businessKnowledgeModel":
                logic = element.first("encapsulatedLogic")
                return Knowledge(
                    **given,
                    function=None if logic is None else self.boxes.function(logic, given["at"]),
                    knowledge=_references(element, "knowledgeRequirement", "requiredKnowledge"),
                )
            case "decisionService":
                return Service(
                    **given,
                    outputs=_hrefs(element, "outputDecision"),
                    encapsulated=_hrefs(element, "encapsulatedDecision"),
                    input_decisions=_hrefs(element, "inputDecision"),
                    inputs=_hrefs(element, "inputData"),
                )
            case _:
                return None


class _Shared(TypedDict):
    id: str
    name: str
    type_ref: str
    at: Place
    description: str


def _shared(element: Element, id: str) -> _Shared:
    variable = element.first("variable")
    return {
        "id": id,
        "name": name_of(element) or (name_of(variable) if variable is not None else ""),
        "type_ref": "" if variable is None else type_of(variable),
        "at": placed(element),
        "description": (element.text_of("description") or "").strip(),
    }


def _words(root: Element) -> Iterator[str]:
    todo = [root]
    while todo:
        element = todo.pop()
        name = name_of(element)
        if name and not name.isidentifier():
            yield name
        todo += (c for c in element.children if c.space == root.space)


def _hrefs(element: Element, *tags: str) -> tuple[str, ...]:
    return tuple(e.attributes.get("href", "").strip() for e in element.all(*tags))


def _references(element: Element, through: str, *tags: str) -> tuple[str, ...]:
    return tuple(href for requirement in element.all(through) for href in _hrefs(requirement, *tags))
