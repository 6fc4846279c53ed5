"""A compiled decision table: immutable, shared by all threads, answering from sets of rows (DMN 1.5, chapter 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal

from taktflow.definitions.decision import Decision
from taktflow.errors import Invalid
from taktflow.expressions import Clock, LimitExceeded
from taktflow.rules.answer import Answer, Answering, rank
from taktflow.rules.column import Column, columns_of
from taktflow.rules.headings import note_settings
from taktflow.rules.reading import Reading, read
from taktflow.rules.rowset import members, united
from taktflow.rules.typed import TYPE_WORDS, Mistyped
from taktflow.rules.words import Words, beyond, fault, inputs_text
from taktflow.sdk import Json, Result, Text
from taktflow.texts import sentence
from taktflow.values import Value, has_errors

LISTS = frozenset({"rule_order", "output_order", "collect"})
"""Hit policies that answer with a list, however many rows match."""

NEAREST = 5
"""Rows named as nearest when none matches."""


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table; ``version`` is the published one. Row ``i`` is bit ``i`` of every set."""

    id: str
    version: int
    definition: Decision
    columns: Sequence[Column]
    answers: Sequence[Answer]
    notes: Sequence[str]
    fallback: Answer | None
    residual: int
    answering: Answering

    def decide(self, scope: Mapping[str, Value], *, now: datetime, zone: tzinfo) -> Result:
        """The answer for ``scope``, shaped by the hit policy alone: one value, or a list for R, O and C.

        With several outputs a value is a context. NodeError ``decision.none``, ``decision.ambiguous``,
        ``decision.input``, ``decision.output`` or ``decision.aggregate``. The trace names the rows, their cells and
        what was asked.
        """
        try:
            return self._decided(scope, Clock(now, zone), zone)
        except LimitExceeded as wrong:
            raise beyond("decision.output", wrong) from wrong

    def _decided(self, scope: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Result:
        inputs = self._inputs(scope, clock, zone)
        sets = [c.rows(inputs[c.id], scope, clock) for c in self.columns]
        rows = self._hits(sets, inputs, scope, clock)
        answers = [self.answers[row] for row in rows]
        if not rows:
            if self.fallback is None:
                return self._without(sets, inputs, scope, clock)
            answers = [self.fallback]
        seen = {**scope, **inputs} if not all(a.constant for a in answers) else scope
        values = [self.answering.values(answer, seen, clock, zone) for answer in answers]
        value, chosen = self._chosen(answers, values, inputs)
        return Result(value=value, trace=self._trace(inputs, rows, chosen))

    def _without(
        self, sets: Sequence[int], inputs: Mapping[str, Value], scope: Mapping[str, Value], clock: Clock
    ) -> Result:
        """The answer when no row matches: no row is an empty list and a count of 0, unless declared an error."""
        default, aggregate = self.definition.default, self.definition.aggregate
        empty: Value = None
        if self.definition.hit_policy in LISTS and aggregate in (None, "count"):
            empty = [] if aggregate is None else Decimal(0)
        declared = "default" in self.definition.model_fields_set and "on_none" in default.model_fields_set
        if default.on_none == "error" and (declared or empty is None):
            raise self._nothing(sets, inputs, scope, clock)
        return Result(value=empty, trace=self._trace(inputs, (), ()))

    def _inputs(self, scope: Mapping[str, Value], clock: Clock, zone: tzinfo) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for column in self.columns:
            try:
                found[column.id] = column.value(scope, clock, zone)
            except Mistyped as wrong:
                given = scope.get(column.id) if column.source is None else column.source.evaluate(scope, clock)
                raise fault(
                    "decision.input",
                    Words(input=column.id, decision=self.id, value=given),
                    wants=TYPE_WORDS[column.type],
                ) from wrong
        return found

    def _hits(
        self, sets: Sequence[int], inputs: Mapping[str, Value], scope: Mapping[str, Value], clock: Clock
    ) -> list[int]:
        found = -1
        for one in sets:
            found &= one
        if found and found & self.residual:
            found = self._asked(found, inputs, scope, clock)
        if self.definition.hit_policy == "first" and found:
            found &= -found
        return list(members(found))

    def _asked(
        self, rows: int, inputs: Mapping[str, Value], scope: Mapping[str, Value], clock: Clock, but: int = -1
    ) -> int:
        """``rows`` without those whose residual cells do not match, column ``but`` left out."""
        for row in members(rows & self.residual):
            bit = 1 << row
            for number, column in enumerate(self.columns):
                if (
                    number != but
                    and column.residual & bit
                    and not column.cell(row).matches(inputs[column.id], scope, clock)
                ):
                    rows ^= bit
                    break
        return rows

    def _chosen(
        self, answers: Sequence[Answer], values: Sequence[Sequence[Value]], inputs: Mapping[str, Value]
    ) -> tuple[Value, Sequence[Answer]]:
        """The value, and the answers it comes from."""
        policy = self.definition.hit_policy
        if policy in ("priority", "output_order") and len(answers) > 1:
            order = sorted(range(len(answers)), key=lambda i: rank(self.answering.outputs, values[i]))
            answers, values = [answers[i] for i in order], [values[i] for i in order]
        if policy in LISTS:
            if self.definition.aggregate is not None:
                return self._aggregate([v[0] for v in values]), answers
            return [self.answering.shaped(v) for v in values], answers
        if policy == "unique" and len(answers) > 1:
            raise self._ambiguous(answers, inputs)
        if policy == "any" and any(list(v) != list(values[0]) for v in values[1:]):
            raise self._ambiguous(answers, inputs)
        return self.answering.shaped(values[0]), answers if policy == "any" else answers[:1]

    def _aggregate(self, values: Sequence[Value]) -> Value:
        aggregate = self.definition.aggregate
        if aggregate == "count":
            return Decimal(len(values))
        known = [v for v in values if v is not None]
        if len(known) < len(values):
            raise fault("decision.aggregate", Words(aggregate=aggregate, decision=self.id, value=None))
        if not known:
            return None
        match aggregate:
            case "min":
                return min(known)
            case "max":
                return max(known)
            case _:
                return sum(known, Decimal(0))

    def _trace(self, inputs: Mapping[str, Value], rows: Sequence[int], chosen: Sequence[Answer]) -> Json:
        places = {self.answers[row].row: row for row in rows}
        return {
            "decision": self.id,
            "version": self.version,
            "policy": self.definition.hit_policy,
            "inputs": dict(inputs),
            "rows": [
                {
                    "id": answer.row,
                    "cells": {c.id: c.text(places[answer.row]) for c in self.columns} if answer.row in places else {},
                    "answers": {
                        o.id: text or "-" for o, text in zip(self.definition.outputs, answer.texts, strict=True)
                    },
                    "note": self.notes[places[answer.row]] if answer.row in places else "",
                }
                for answer in chosen
            ],
        }

    def _nothing(
        self, sets: Sequence[int], inputs: Mapping[str, Value], scope: Mapping[str, Value], clock: Clock
    ) -> Exception:
        near = self._nearest(sets, inputs, scope, clock)
        args = {"rows": "; ".join(f"{n['row']}: {n['column']} {n['cell']}" for n in near)}
        nearest = Text(*(sentence("decision.nearest", lang, args) if near else "" for lang in ("zh", "en")))
        return fault(
            "decision.none",
            {"decision": self.id, "inputs": inputs_text(inputs)},
            details={"inputs": dict(inputs), "nearest": near},
            nearest=nearest,
        )

    def _nearest(
        self, sets: Sequence[int], inputs: Mapping[str, Value], scope: Mapping[str, Value], clock: Clock
    ) -> list[dict[str, str]]:
        """The first rows that fail in exactly one column."""
        found: list[tuple[int, Column]] = []
        for number, column in enumerate(self.columns):
            others = (1 << len(self.answers)) - 1
            for other, one in enumerate(sets):
                if other != number:
                    others &= one
            others = self._asked(others, inputs, scope, clock, but=number)
            found += [(row, column) for row in _first(others, NEAREST)]
        found.sort(key=lambda near: near[0])
        return [
            {"row": self.answers[row].row, "column": column.id, "cell": column.text(row)}
            for row, column in found[:NEAREST]
        ]

    def _ambiguous(self, answers: Sequence[Answer], inputs: Mapping[str, Value]) -> Exception:
        names = [answer.row for answer in answers]
        more = ", …" if len(names) > NEAREST else ""
        return fault(
            "decision.ambiguous",
            {"decision": self.id, "rows": ", ".join(names[:NEAREST]) + more, "inputs": inputs_text(inputs)},
            details={"inputs": dict(inputs), "rows": names},
        )


def compile_decision(definition: Decision, version: int) -> Table:
    """The table ready to answer; raises Invalid (``table.refused``) with all findings when any is an error.

    Overlaps are not looked for again: publishing did, and answering tells them.
    """
    reading, settings = read(definition), Reading(definition)
    fallback = note_settings(settings)
    findings = [*settings.findings, *reading.findings]
    if has_errors(findings):
        raise Invalid("table.refused", findings=findings, decision=definition.id, problems=len(findings))
    columns = columns_of(reading)
    return Table(
        id=definition.id,
        version=version,
        definition=definition,
        columns=columns,
        answers=tuple(row.answer for row in reading.rows),
        notes=tuple(row.note for row in reading.rows),
        fallback=fallback,
        residual=united(column.residual for column in columns),
        answering=Answering(definition.id, definition.outputs),
    )


def _first(rows: int, most: int) -> Iterator[int]:
    for _, row in zip(range(most), members(rows), strict=False):
        yield row
