"""XML as a bounded tree with line numbers; no document types, no entities, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

BYTES = 32 * 1024 * 1024
ELEMENTS = 1_000_000
DEPTH = 100
_SEPARATOR = "\n"
"""Stands between namespace and name; no name holds a line break."""


class XmlUnreadable(Exception):
    """The document is no XML that we read; ``code`` names the sentence."""

    def __init__(self, code: str, line: int, **args_: Any) -> None:
        self.code, self.line, self.args_ = code, line, args_
        super().__init__(code)


@dataclass(slots=True)
class Element:
    """One element: ``tag`` is its local name, ``space`` its namespace; ``attributes`` are those without a namespace.

    ``foreign`` holds the attributes of other namespaces by ``(namespace, name)``.
    """

    tag: str
    space: str
    line: int
    attributes: Mapping[str, str]
    foreign: Mapping[tuple[str, str], str]
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text directly inside, as written."""
        return "".join(self.texts)

    def all(self, *tags: str) -> Iterator[Element]:
        """The children of the same language that are called so."""
        return (c for c in self.children if c.tag in tags and c.space == self.space)

    def first(self, *tags: str) -> Element | None:
        """The first of :meth:`all`."""
        return next(self.all(*tags), None)

    def text_of(self, tag: str) -> str | None:
        """The text of the first child called so."""
        found = self.first(tag)
        return None if found is None else found.text


def parse_xml(document: bytes) -> Element:
    """The root of ``document``; raises :class:`XmlUnreadable`."""
    if len(document) > BYTES:
        raise XmlUnreadable("dmn.xml_large", 0, most=BYTES // 1024 // 1024)
    reading = _Reading()
    try:
        reading.parser.Parse(document, True)
    except expat.ExpatError as wrong:
        problem = expat.ErrorString(wrong.code) or str(wrong.code)
        raise XmlUnreadable("dmn.xml_broken", wrong.lineno, problem=problem, column=wrong.offset + 1) from None
    except (UnicodeError, LookupError, ValueError) as wrong:
        raise XmlUnreadable("dmn.xml_broken", 1, problem=str(wrong), column=1) from None
    if reading.root is None:
        raise XmlUnreadable("dmn.xml_broken", 1, problem="no element", column=1)
    return reading.root


class _Reading:
    """One document being read."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._document_type
        self.root: Element | None = None
        self.open: list[Element] = []
        self.elements = 0

    def _document_type(self, *_: Any) -> None:
        # Entities can only be declared here: without it there is no bomb and nothing to fetch.
        raise XmlUnreadable("dmn.xml_doctype", self.parser.CurrentLineNumber)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        self.elements += 1
        if self.elements > ELEMENTS:
            raise XmlUnreadable("dmn.xml_elements", line, most=ELEMENTS)
        if len(self.open) >= DEPTH:
            raise XmlUnreadable("dmn.xml_deep", line, most=DEPTH)
        space, tag = _named(name)
        own, foreign = {}, {}
        for key, value in attributes.items():
            of, local = _named(key)
            if of:
                foreign[of, local] = value
            else:
                own[local] = value
        element = Element(tag, space, line, own, foreign)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def _end(self, _: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        if self.open:
            self.open[-1].texts.append(text)


def _named(name: str) -> tuple[str, str]:
    space, _, local = name.rpartition(_SEPARATOR)
    return space, local
