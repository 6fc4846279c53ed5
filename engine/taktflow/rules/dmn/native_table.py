"""A DMN decision table as the parts of a native one, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from taktflow.definitions.decision import CellType
from taktflow.errors import TaktflowError
from taktflow.expressions import (
    BOOLEAN,
    DATE,
    DATETIME,
    DAYS_TIME,
    NUMBER,
    STRING,
    TIME,
    YEARS_MONTHS,
    Type,
)
from taktflow.expressions import tree as t
from taktflow.rules.dmn import boxes as b
from taktflow.rules.dmn.from_feel import (
    NotCarried,
    constant_of,
    lets_null_pass,
    native_answer,
    native_tests,
    respelled,
    slug,
)
from taktflow.rules.dmn.kinds import Kind
from taktflow.rules.dmn.nodes import Known, tests_of
from taktflow.rules.dmn.notes import Notes
from taktflow.rules.dmn.to_feel import NATIVE_POLICIES
from taktflow.rules.typed import cell_text
from taktflow.values import Json, shown

_TYPES: Mapping[Type, CellType] = {
    STRING: "text",
    NUMBER: "number",
    BOOLEAN: "boolean",
    DATE: "date",
    TIME: "time",
    DATETIME: "datetime",
    DAYS_TIME: "duration",
    YEARS_MONTHS: "duration",
}


def cell_type(kind: Kind) -> CellType:
    """The type of a column for values of ``kind``."""
    shaped = kind.item is not None or kind.fields is not None or kind.parameters is not None
    return "any" if shaped else _TYPES.get(kind.type, "any")


@dataclass(slots=True)
class NativeTable:
    """Makes the settings, columns and rows of a native table. ``kinds`` are the types of the names it sees."""

    box: b.DecisionTable
    name: str
    known: Known
    kinds: Mapping[str, Kind]
    kind: Callable[[str, b.Place], Kind]
    notes: Notes
    result: Kind
    taken: set[str] = field(default_factory=set)

    def settings(self) -> dict[str, Json]:
        """All of the definition but its envelope and its rows, which :meth:`row` makes one by one."""
        inputs = [self._input(clause) for clause in self.box.inputs]
        outputs = [self._output(clause, number) for number, clause in enumerate(self.box.outputs)]
        found: dict[str, Json] = {
            "hit_policy": NATIVE_POLICIES[self.box.hit_policy],
            "inputs": inputs,
            "outputs": outputs,
        }
        if self.box.aggregation:
            found["aggregate"] = self.box.aggregation.lower()
        if any(clause.default is not None for clause in self.box.outputs):
            pairs = zip(outputs, self.box.outputs, strict=True)
            found["default"] = {"row": {o["id"]: self._answer(c.default, o, "default") for o, c in pairs}}
        elif self.box.hit_policy not in ("COLLECT", "RULE ORDER", "OUTPUT ORDER"):
            found["default"] = {"on_none": "null"}
        return found

    def _id(self, wanted: str, otherwise: str) -> str:
        found = slug(wanted, self.taken, otherwise)
        self.taken.add(found)
        return found

    def _input(self, clause: b.InputClause) -> dict[str, Json]:
        text = " ".join(clause.expression.text.split())
        seen = self.kinds.get(text)
        kind = self.kind(clause.expression.type_ref, clause.expression.at)
        if cell_type(kind) == "any" and seen is not None:
            kind = seen
        id = self._id(text if seen is not None or not clause.label else clause.label, "input")
        found: dict[str, Json] = {"id": id, "type": cell_type(kind)}
        title = clause.label or text
        if title and title != id:
            found["title"] = {"zh": title[:400], "en": title[:400]}
        expr = self._expression(clause.expression, text)
        if expr != id:
            found["expr"] = expr
        found.update(self._domain(clause.values, kind, found["type"]))
        return found

    def _expression(self, box: b.LiteralExpression, text: str) -> str:
        try:
            return respelled(text, self.known)
        except (TaktflowError, NotCarried):
            self.notes.add("dmn.expression_not_carried", box.at, text=text[:80])
            return text or "null"

    def _domain(self, values: b.LiteralExpression | None, kind: Kind, type_: CellType) -> dict[str, Json]:
        nodes: Sequence[t.Node] = [e.root for e in kind.order]
        if values is not None:
            found = tests_of(values, self.known, Notes(""))
            nodes = found[0] if found is not None and not found[1] else ()
        tests = [n.tests[0] if isinstance(n, t.In) and len(n.tests) == 1 else n for n in nodes]
        if len(tests) == 1 and isinstance(tests[0], t.RangeLiteral) and type_ != "text":
            try:
                low, high = (shown(constant_of(n)) for n in (tests[0].low, tests[0].high))
            except NotCarried:
                return {}
            left, right = "[" if tests[0].low_closed else "(", "]" if tests[0].high_closed else ")"
            return {"range": f"{left}{low}..{high}{right}"}
        try:
            listed = [cell_text(constant_of(n)) for n in tests]
        except NotCarried:
            return {}
        return {"values": listed} if listed else {}

    def _output(self, clause: b.OutputClause, number: int) -> dict[str, Json]:
        kind = self.kind(clause.type_ref, self.box.at)
        if not clause.type_ref and len(self.box.outputs) == 1:
            kind = self.kind(self.box.type_ref, self.box.at) if self.box.type_ref else self.result
        name = clause.name or clause.label or (self.box.output_label or self.name if number == 0 else "")
        found: dict[str, Json] = {"id": self._id(name, "output"), "type": cell_type(kind)}
        if name and name != found["id"]:
            found["title"] = {"zh": name[:400], "en": name[:400]}
        domain = self._domain(clause.values, kind, found["type"])
        if "values" in domain:
            found["values"] = domain["values"]
        return found

    def row(self, rule: b.Rule, settings: Mapping[str, Json]) -> list[Json]:
        """One row; an output column of ``settings`` with a cell that is computed becomes a computed one."""
        inputs, outputs = settings["inputs"], settings["outputs"]
        cells = [self._test(test, column, rule) for test, column in zip(rule.tests, inputs, strict=True)]
        answers = [self._answer(cell, column, rule.id) for cell, column in zip(rule.answers, outputs, strict=True)]
        note = " | ".join(n for n in (*rule.notes, rule.description) if n)
        return [rule.id, *cells, *answers, *([note] if note else [])]

    def _test(self, box: b.LiteralExpression, column: Json, rule: b.Rule) -> str:
        try:
            cell = native_tests(box, column["type"], self.known)
        except (TaktflowError, NotCarried):
            self.notes.add("dmn.cell_not_carried", box.at, rule=rule.id, column=column["id"], text=box.text[:80])
            return f"= {box.text.strip()}"
        if lets_null_pass(box, cell):
            # Once for a column: what holds for one cell of it holds for all.
            self.notes.add("dmn.null_passes", self.box.at, "info", column=column["id"])
        return cell

    def _answer(self, box: b.LiteralExpression | None, column: Json, rule: str) -> str:
        if box is None:
            return ""
        try:
            text, computed = native_answer(box, column["type"], self.known)
        except TaktflowError:
            self.notes.add("dmn.cell_not_carried", box.at, rule=rule, column=column["id"], text=box.text[:80])
            text, computed = f"= {box.text.strip()}", True
        if computed:
            column["formula"] = True
        return text
