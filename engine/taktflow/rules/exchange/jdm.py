"""GoRules' JSON decision models in: every decision table of a graph becomes one of ours.

ZEN's cells and expressions are said in FEEL. A table that holds anything FEEL cannot say is left out as a whole, with
a finding for each such cell; what only its surroundings did (nodes of code, loops) is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import simplejson

from taktflow.definitions.decision import Decision
from taktflow.definitions.load import definition
from taktflow.definitions.places import Loaded, pointed
from taktflow.expressions import BOOLEAN, NUMBER, STRING, ExpressionInvalid, Type, parse, parse_cell
from taktflow.rules.exchange.unary import Tested, unary_cell
from taktflow.rules.exchange.zen import Feel, Untranslatable, feel_of
from taktflow.rules.typed import CELL_TYPES
from taktflow.values import Finding, Json, Pointer, Severity, has_errors

MOST_BYTES = 30_000_000
_POLICIES = ("first", "collect")
_SILENT = ("inputNode", "outputNode", "decisionTableNode", "noteNode")
_TYPES = ("text", "number", "boolean", "date")
_FORMULAS: Mapping[Type, str] = {STRING: "text", NUMBER: "number", BOOLEAN: "boolean"}
_BARE = re.compile(r"[^\W_][\w .%/-]*")
_READ_AS_OTHER = frozenset({"null", "true", "false"})


def read_jdm(content: bytes) -> tuple[tuple[Decision, ...], tuple[Finding, ...]]:
    """Every decision table of a JDM graph that can be carried over, and what cannot."""
    if len(content) > MOST_BYTES:
        return (), (Finding("exchange.too_large", "", {"most": MOST_BYTES // 1_000_000}),)
    try:
        document = simplejson.loads(content.decode("utf-8-sig"), use_decimal=True)
    except (ValueError, RecursionError) as wrong:
        return (), (Finding("jdm.no_json", "", {"why": str(wrong)[:120]}),)
    nodes = document.get("nodes") if isinstance(document, dict) else None
    if not isinstance(nodes, list):
        return (), (Finding("jdm.no_graph", ""),)
    return _tables(nodes)


def _tables(nodes: Sequence[Json]) -> tuple[tuple[Decision, ...], tuple[Finding, ...]]:
    found: list[Decision] = []
    findings: list[Finding] = []
    names = _Names()
    for number, node in enumerate(nodes):
        if not isinstance(node, dict):
            continue
        at = pointed("nodes", number)
        name = str(node.get("name") or node.get("id") or f"table {number + 1}")
        if node.get("type") != "decisionTableNode":
            if node.get("type") not in _SILENT:
                args = {"node": name, "type": str(node.get("type"))}
                findings.append(Finding("jdm.node_left", at, args, "info"))
            continue
        table = _Table(name, node.get("content"), f"{at}/content")
        made = table.made(names.unique(name, "table"))
        findings += table.findings
        if made is not None:
            found.append(made)
    if not found and not has_errors(findings):
        findings.append(Finding("jdm.no_tables", "/nodes"))
    return tuple(found), tuple(findings)


class _Names:
    """Ids made of names, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str, otherwise: str) -> str:
        """An id for ``name``: small letters, digits and underscores."""
        apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
        slug = re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")[:50]
        slug = slug if slug[:1].isalpha() else f"{otherwise}_{slug}".strip("_")
        unique, number = slug, 1
        while unique in self._taken:
            number += 1
            unique = f"{slug}_{number}"
        self._taken.add(unique)
        return unique


@dataclass(slots=True)
class _Table:
    name: str
    content: Json
    at: Pointer
    findings: list[Finding] = field(default_factory=list)

    def _note(self, code: str, at: Pointer = "", severity: Severity = "error", **args: Any) -> None:
        self.findings.append(Finding(code, self.at + at, {"table": self.name, **args}, severity))

    def made(self, id: str) -> Decision | None:
        """The table as one of ours; None when any of it cannot be carried over."""
        content = self.content
        lists = [content.get(k) for k in ("inputs", "outputs", "rules")] if isinstance(content, dict) else [None]
        if not all(isinstance(part, list) and all(isinstance(p, dict) for p in part) for part in lists):
            self._note("jdm.no_table")
            return None
        if content.get("hitPolicy", "first") not in _POLICIES:
            self._note("jdm.policy", "/hitPolicy", policy=str(content.get("hitPolicy")))
        self._surroundings()
        names = _Names()
        inputs, tests = self._inputs(names)
        outputs, answers = self._outputs(names, _known_types(inputs))
        if has_errors(self.findings):
            return None
        document = {
            "kind": "decision",
            "id": id,
            "title": {"zh": self.name[:400], "en": self.name[:400]},
            "hit_policy": content.get("hitPolicy", "first"),
            "inputs": inputs,
            "outputs": outputs,
            "default": {"on_none": "null"},
            "rows": [
                [row, *(column[n] for column in (*tests, *answers)), *note]
                for n, (row, note) in enumerate(self._row_names())
            ],
        }
        found, findings = definition(Loaded(self.name, document))
        self.findings += (Finding(f.code, self.at, f.args, f.severity) for f in findings)
        return found if isinstance(found, Decision) else None

    def _surroundings(self) -> None:
        if self.content.get("passThrough"):
            self._note("jdm.pass_through", "/passThrough", "info")
        if self.content.get("executionMode") == "loop":
            self._note("jdm.loop", "/executionMode", "warning")
        for key in ("inputField", "outputPath"):
            if self.content.get(key):
                self._note("jdm.path", pointed(key), "warning", setting=key, path=str(self.content[key]))

    def _row_names(self) -> Iterable[tuple[str, list[str]]]:
        taken: set[str] = set()
        for number, rule in enumerate(self.content["rules"], start=1):
            name = unique = str(rule.get("_id") or f"r{number}").strip() or f"r{number}"
            count = 1
            while unique in taken:
                count += 1
                unique = f"{name}-{count}"
            taken.add(unique)
            note = str(rule.get("_description") or "")
            yield unique, [note] if note else []

    def _cells(self, column: Mapping[str, Json]) -> Iterable[tuple[Pointer, str]]:
        key = str(column.get("id"))
        for number, rule in enumerate(self.content["rules"]):
            cell = rule.get(key)
            text = "" if cell is None else cell if isinstance(cell, str) else simplejson.dumps(cell, use_decimal=True)
            yield pointed("rules", number, key), text

    def _inputs(self, names: _Names) -> tuple[list[Json], list[list[str]]]:
        columns: list[Json] = []
        cells = []
        for number, column in enumerate(self.content["inputs"]):
            source = str(column.get("field") or "").strip()
            title = str(column.get("name") or source or f"input {number + 1}")
            declared: dict[str, Json] = {"id": names.unique(title, "input"), **_title(title)}
            tests = self._tests(column, alone=not source)
            declared["type"] = "boolean" if not source else _input_type(tests)
            expr = self._translated(source, f"/inputs/{number}/field") if source else Feel("true")
            declared["expr"] = expr.text if expr else source
            columns.append(declared)
            cells.append([test.cell for test in tests])
            self._check(declared, [test.cell for test in tests], column)
        if not columns:
            self._note("jdm.no_inputs", "/inputs")
        return columns, cells

    def _tests(self, column: Mapping[str, Json], *, alone: bool) -> list[Tested]:
        """The column's cells; ``alone``: it tests nothing, so that each cell is a condition of its own."""
        found = []
        for at, text in self._cells(column):
            if text.strip() == "-":
                self._note("jdm.dash", at, "warning")
            try:
                if alone and text.strip() not in ("", "-"):
                    found.append(Tested(f"= {feel_of(text).text}", frozenset(), whole=True))
                else:
                    found.append(unary_cell(text))
            except Untranslatable as unsaid:
                self._note("jdm.cell", at, cell=text[:80], part=unsaid.what)
                found.append(Tested("-", frozenset()))
        return found

    def _check(self, declared: Mapping[str, Json], cells: Sequence[str], column: Mapping[str, Json]) -> None:
        for (at, text), cell in zip(self._cells(column), cells, strict=True):
            try:
                parse_cell(cell, CELL_TYPES[declared["type"]])
            except ExpressionInvalid:
                self._note("jdm.cell", at, cell=text[:80], part=cell[:80])

    def _outputs(self, names: _Names, known: Mapping[str, Type]) -> tuple[list[Json], list[list[str]]]:
        columns: list[Json] = []
        cells = []
        for number, column in enumerate(self.content["outputs"]):
            path = str(column.get("field") or column.get("name") or f"output {number + 1}")
            declared: dict[str, Json] = {"id": names.unique(path, "output"), **_title(str(column.get("name") or path))}
            if declared["id"] != path:
                self._note("jdm.output", f"/outputs/{number}/field", "info", path=path, id=declared["id"])
            answers = [
                Feel("null", "null", "null") if text.strip() in ("", "-") else self._translated(text, at)
                for at, text in self._cells(column)
            ]
            declared["type"] = _output_type([a for a in answers if a is not None], known)
            declared["formula"] = declared["type"] == "any" or any(a is not None and not a.kind for a in answers)
            columns.append(declared)
            cells.append([_answer(a, declared["type"]) for a in answers])
        if not columns:
            self._note("jdm.no_outputs", "/outputs")
        return columns, cells

    def _translated(self, text: str, at: Pointer) -> Feel | None:
        try:
            found = feel_of(text)
            parse(found.text)
        except Untranslatable as unsaid:
            self._note("jdm.cell", at, cell=text[:80], part=unsaid.what)
        except ExpressionInvalid:
            self._note("jdm.cell", at, cell=text[:80], part=text[:80])
        else:
            return found
        return None


def _title(name: str) -> Mapping[str, Json]:
    return {"title": {"zh": name[:400], "en": name[:400]}}


def _input_type(tests: Sequence[Tested]) -> str:
    """The one type of all constants; a cell that asks about the value as a whole may be about any."""
    kinds = {kind for test in tests for kind in test.kinds} - {"null"}
    if any(test.whole and not test.kinds for test in tests) or len(kinds) != 1:
        return "any"
    kind = next(iter(kinds))
    return kind if kind in _TYPES else "any"


def _known_types(inputs: Sequence[Mapping[str, Json]]) -> Mapping[str, Type]:
    """The types of the variables that typed columns test."""
    return {i["expr"]: CELL_TYPES[i["type"]] for i in inputs if str(i["expr"]).isidentifier() and i["type"] != "any"}


def _output_type(answers: Sequence[Feel], known: Mapping[str, Type]) -> str:
    """The one type of all answers, of formulas as far as it can be told."""
    kinds = {a.kind or _FORMULAS.get(parse(a.text).infer(known)[0], "any") for a in answers} - {"null"}
    return next(iter(kinds)) if len(kinds) == 1 and kinds <= set(_TYPES) else "any"


def _answer(found: Feel | None, type: str) -> str:
    if found is None or found.kind == "null":
        return "null"
    if found.kind == "text" and type == "text":
        text = found.constant
        return text if _BARE.fullmatch(text) and text == text.strip() and text not in _READ_AS_OTHER else _quoted(text)
    return found.constant if found.kind == type else f"= {found.text}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
