"""Links the files of a model: every part with what it sees, its type and its compiled expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from taktflow.expressions import Expression, Type
from taktflow.rules.dmn.boxes import Place
from taktflow.rules.dmn.compile import Compiler, declared_types
from taktflow.rules.dmn.document import Decision, Document, Knowledge, Part, Service
from taktflow.rules.dmn.kinds import ANYTHING, Kind, Kinds
from taktflow.rules.dmn.nodes import Known
from taktflow.rules.dmn.notes import Notes

Key: TypeAlias = tuple[str, str]
"""Namespace and id of a part."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A part as another one sees it: ``prefix`` is the import's name, empty for a part of the same file."""

    prefix: str
    key: Key


@dataclass(frozen=True, slots=True)
class Ready:
    """A part with all that evaluation needs of it. ``expression`` is None where it has no logic."""

    key: Key
    part: Part
    kind: Kind
    expression: Expression | None = None
    seen: Sequence[Seen] = ()
    takes: Sequence[Key] = ()
    """The inputs and input decisions of a service, in the order of its parameters."""
    gives: Sequence[Key] = ()
    """The output decisions of a service."""
    types: tuple[tuple[Type, ...], Type | None] = ((), None)
    """Of a function or service: those of its parameters and of its result."""


@dataclass(slots=True)
class _File:
    document: Document
    notes: Notes
    kinds: Kinds
    prefixes: dict[str, str]
    """Import names by namespace."""


def link(documents: Sequence[tuple[Document, Notes]]) -> tuple[dict[Key, Ready], Kinds]:
    """Every part of ``documents`` and the types of the first, which is the model itself.

    Findings go to each file's notes.
    """
    files: dict[str, _File] = {}
    for document, notes in documents:
        prefixes = {i.namespace: i.name for i in document.imports}
        files.setdefault(document.namespace, _File(document, notes, Kinds(document.items, notes), prefixes))
    for file in files.values():
        for one in file.document.imports:
            if one.namespace not in files:
                file.notes.add("dmn.import_missing", one.at, name=one.name, namespace=one.namespace)
        file.kinds.imported = {p: files[n].kinds for n, p in file.prefixes.items() if n in files}
    parts = {ready.key: ready for file in files.values() for ready in _Linker(file, files).every()}
    return parts, files[documents[0][0].namespace].kinds


class _Linker:
    def __init__(self, file: _File, files: Mapping[str, _File]) -> None:
        self.file, self.files = file, files
        self.compiler = Compiler(file.kinds, file.notes)
        known = [file, *(files[n] for n in file.prefixes if n in files)]
        self.types = tuple(file.kinds.declared())
        self.fields = frozenset().union(*(f.document.words for f in known))

    def every(self) -> Iterator[Ready]:
        for part in self.file.document.parts.values():
            yield self._ready((self.file.document.namespace, part.id), part)

    def _ready(self, key: Key, part: Part) -> Ready:
        kind = self._kind(part)
        match part:
            case Decision():
                seen = self._seen((*part.requires, *part.knowledge), part.at)
                if part.value is None:
                    return Ready(key, part, kind, seen=seen)
                root = self.compiler.node(part.value, self._known(seen), part.type_ref)
                return Ready(key, part, kind, self._known(seen).expression(root, part.name), seen)
            case Knowledge():
                seen = self._seen(part.knowledge, part.at)
                if part.function is None:
                    return Ready(key, part, kind, seen=seen)
                known = self._known(seen)
                root = self.compiler.node(part.function, known, part.type_ref)
                result = self.file.kinds.kind(part.function.type_ref, part.at)
                takes = [self.file.kinds.kind(p.type_ref, part.at) for p in part.function.parameters]
                types = declared_types(takes, kind if result is ANYTHING else result)
                return Ready(key, part, kind, known.expression(root, part.name), seen, types=types)
            case Service():
                keys = [s.key for s in self._seen((*part.inputs, *part.input_decisions), part.at)]
                gives = [s.key for s in self._seen(part.outputs, part.at)]
                taken = [self.files[k[0]].kinds.kind(self._part(k).type_ref, part.at) for k in keys]
                return Ready(key, part, kind, takes=keys, gives=gives, types=declared_types(taken, kind))
            case _:
                return Ready(key, part, kind)

    def _kind(self, part: Part) -> Kind:
        kind = self.file.kinds.kind(part.type_ref, part.at)
        # The variable of a function may name the function's type, or that of its result.
        return ANYTHING if kind.parameters is not None and isinstance(part, Knowledge | Service) else kind

    def _seen(self, references: Sequence[str], at: Place) -> list[Seen]:
        found: list[Seen] = []
        for reference in references:
            namespace, _, id = reference.rpartition("#")
            namespace = namespace or self.file.document.namespace
            file = self.files.get(namespace)
            if file is None or id not in file.document.parts:
                self.file.notes.add("dmn.reference", at, reference=reference)
                continue
            own = namespace == self.file.document.namespace
            if not own and namespace not in self.file.prefixes:
                self.file.notes.add("dmn.not_imported", at, reference=reference)
                continue
            seen = Seen("" if own else self.file.prefixes[namespace], (namespace, id))
            if seen not in found:
                found.append(seen)
        return found

    def _known(self, seen: Sequence[Seen]) -> Known:
        return Known(frozenset(s.prefix or self._part(s.key).name for s in seen), self.fields, self.types)

    def _part(self, key: Key) -> Part:
        return self.files[key[0]].document.parts[key[1]]
