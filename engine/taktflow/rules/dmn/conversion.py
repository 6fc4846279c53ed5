"""Turns the decisions of a DMN model into native definitions: tables into decisions, expressions into formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

from pydantic import ValidationError

from taktflow.definitions.decision import Decision
from taktflow.definitions.formula import Formula
from taktflow.errors import TaktflowError
from taktflow.rules.dmn import boxes as b
from taktflow.rules.dmn.document import Decision as Decided
from taktflow.rules.dmn.document import Knowledge
from taktflow.rules.dmn.extension import header_of
from taktflow.rules.dmn.from_feel import NotCarried, plain, respelled, slug, spelled
from taktflow.rules.dmn.kinds import Kind
from taktflow.rules.dmn.linking import Ready
from taktflow.rules.dmn.model import Model
from taktflow.rules.dmn.native_table import NativeTable, cell_type
from taktflow.rules.dmn.nodes import Known
from taktflow.rules.dmn.notes import Notes
from taktflow.rules.dmn.restoring import restored
from taktflow.values import Finding, Json

Native: TypeAlias = Decision | Formula
D = TypeVar("D", Decision, Formula)


def decisions_of(model: Model) -> tuple[tuple[Native, ...], tuple[Finding, ...]]:
    """The tables and formulas that the model's decisions and knowledge models are, and what could not be carried over.

    A definition is made of every table and expression that stands for itself. One that needs another's answer asks for
    it as an input of that name, and a finding says so.
    """
    converting = _Conversion(model)
    found = [converting.definition(ready) for ready in converting.own()]
    return tuple(d for d in found if d is not None), tuple(converting.notes.found)


class _Conversion:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.notes = Notes(model.name)
        self.ids: set[str] = set()

    def own(self) -> Sequence[Ready]:
        """The parts of the model's own file that can become definitions."""
        space = self.model.document.namespace
        return [r for (of, _), r in self.model.parts.items() if of == space and isinstance(r.part, Decided | Knowledge)]

    def definition(self, ready: Ready) -> Native | None:
        """The definition that one decision or knowledge model is; None, mostly with a finding, when it is none."""
        part = ready.part
        assert isinstance(part, Decided | Knowledge)
        header = header_of(part.extension) if isinstance(part, Decided) else None
        if isinstance(part, Decided) and part.extension is not None and part.extension.tag == "column":
            return None  # A column of one of our tables, written as a decision for others to read.
        box = part.value if isinstance(part, Decided) else part.function.body if part.function else None
        match box:
            case None:
                self.notes.add("dmn.no_logic", part.at, "warning", name=part.name)
                return None
            case b.DecisionTable():
                return self._decision(ready, box, header)
            case b.LiteralExpression() | b.Context():
                return self._formula(ready, box)
            case _:
                self.notes.add("dmn.not_carried", part.at, "warning", name=part.name)
                return None

    def _decision(self, ready: Ready, box: b.DecisionTable, header: Decision | None) -> Decision | None:
        known, kinds = self._seen(ready)
        notes = Notes(self.notes.file)
        table = NativeTable(box, ready.part.name, known, kinds, self.model.kind_of, notes, ready.kind)
        settings = table.settings()
        before = len(notes.found)
        given = None if header is None else restored(header, box, settings, lambda rule: table.row(rule, settings))
        if given is None:
            settings["rows"] = [table.row(rule, settings) for rule in box.rules]
            self.notes.found += notes.found
            self._needs(ready)
            return self._made(Decision, ready, {"kind": "decision", **self._envelope(ready), **settings})
        # What is wrong with a setting does not matter where the one that was written still holds.
        self.notes.found += notes.found[before:]
        self.ids.add(str(given["id"]))
        return self._made(Decision, ready, given)

    def _formula(self, ready: Ready, box: b.LiteralExpression | b.Context) -> Formula | None:
        known, kinds = self._seen(ready)
        found: dict[str, Json] = {"kind": "formula"}
        ids: dict[str, str] = {}
        for name in kinds:
            ids[name] = slug(name, set(ids.values()), "input")
        try:
            if isinstance(box, b.LiteralExpression):
                expr = respelled(box.text.strip(), known, ids)
            else:
                found["steps"], expr = self._steps(box, known, ids)
        except (TaktflowError, NotCarried):
            self.notes.add("dmn.not_carried", ready.part.at, "warning", name=ready.part.name)
            return None
        if not ids:
            self.notes.add("dmn.no_inputs", ready.part.at, "warning", name=ready.part.name)
            return None
        self._needs(ready)
        inputs = {ids[n]: _formula_input(n, k, ids[n]) for n, k in kinds.items()}
        output = {"type": cell_type(ready.kind)}
        given = {**found, **self._envelope(ready), "inputs": inputs, "expr": expr, "output": output}
        return self._made(Formula, ready, given)

    def _steps(self, box: b.Context, known: Known, ids: Mapping[str, str]) -> tuple[dict[str, str], str]:
        """A context with a result as steps and the expression of the result."""
        steps: dict[str, str] = {}
        ids = dict(ids)
        for entry in box.entries:
            if not isinstance(entry.value, b.LiteralExpression):
                raise NotCarried
            text = respelled(entry.value.text.strip(), known, ids)
            if not entry.name:
                return steps, text
            ids[entry.name] = slug(entry.name, set(ids.values()), "step")
            steps[ids[entry.name]] = text
            known = known.with_names(entry.name)
        raise NotCarried

    def _seen(self, ready: Ready) -> tuple[Known, Mapping[str, Kind]]:
        """The names that the part's expressions may read, with their types."""
        part = ready.part
        seen = [(self.model.parts[s.key], s.prefix) for s in ready.seen]
        kinds = {r.part.name: r.kind for r, prefix in seen if not prefix and not isinstance(r.part, Knowledge)}
        if isinstance(part, Knowledge) and part.function is not None:
            kinds |= {p.name: self.model.kind_of(p.type_ref, part.at) for p in part.function.parameters}
        names = {prefix or r.part.name for r, prefix in seen} | kinds.keys()
        return Known(frozenset(names), self.model.document.words), kinds

    def _needs(self, ready: Ready) -> None:
        """Tells what the definition asks of those who use it, and under which names."""
        for name in self._seen(ready)[1]:
            if not plain(name):
                self.notes.add("dmn.asks_as", ready.part.at, "info", name=name, input=spelled(name))
        for seen in ready.seen:
            other = self.model.parts[seen.key].part
            if isinstance(other, Decided):
                self.notes.add(
                    "dmn.asks_decision", ready.part.at, "info", name=ready.part.name, input=spelled(other.name)
                )
            elif isinstance(other, Knowledge):
                self.notes.add("dmn.calls", ready.part.at, "warning", name=ready.part.name, called=other.name)

    def _envelope(self, ready: Ready) -> dict[str, Json]:
        part = ready.part
        id = slug(part.name, self.ids, "decision")
        self.ids.add(id)
        note = part.description or (part.question if isinstance(part, Decided) else "")
        name = part.name[:400] or id
        return {"id": id, "title": {"zh": name, "en": name}, **({"note": note} if note else {})}

    def _made(self, kind: type[D], ready: Ready, given: Mapping[str, Json]) -> D | None:
        try:
            return kind.model_validate(given)
        except ValidationError as wrong:
            problem = wrong.errors()[0]
            place = "/".join(str(p) for p in problem["loc"])
            self.notes.add("dmn.misfit", ready.part.at, name=ready.part.name, place=place, problem=problem["msg"])
            return None


def _formula_input(name: str, kind: Kind, id: str) -> dict[str, Json]:
    found: dict[str, Json] = {"type": cell_type(kind), "required": False}
    if name != id:
        found["title"] = {"zh": name[:400], "en": name[:400]}
    if spelled(name) != id:
        found["expr"] = spelled(name)
    return found
