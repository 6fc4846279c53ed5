"""A compiled decision table: immutable, shared by all threads, answering from sets of rows (DMN 1.5, chapter 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal

from taktflow.definitions.decision import Decision
from taktflow.errors import Invalid
from taktflow.expressions import Clock, LimitExceeded
from taktflow.rules.answer import Answer, Answering, rank
from taktflow.rules.answers import Answers
from taktflow.rules.column import Column, columns_of, indexed
from taktflow.rules.headings import note_settings
from taktflow.rules.index import Index
from taktflow.rules.reading import Reading, read
from taktflow.rules.shortcut import NO_ROW, Shortcut, shortcut_of
from taktflow.rules.told import Told, Tracing
from taktflow.rules.typed import TYPE_WORDS, Mistyped
from taktflow.rules.words import Words, beyond, fault, inputs_text
from taktflow.sdk import NodeError, Result, Text
from taktflow.texts import sentence
from taktflow.values import Value, has_errors

LISTS = frozenset({"rule_order", "output_order", "collect"})
"""Hit policies that answer with a list, however many rows match."""

NEAREST = 5
"""Rows named as nearest when none matches."""


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table; ``version`` is the published one."""

    id: str
    version: int
    definition: Decision
    columns: Sequence[Column]
    index: Index = field(repr=False)
    fallback: Answer | None
    answering: Answering = field(repr=False)
    tracing: Tracing = field(repr=False)
    shortcut: Shortcut | None = field(repr=False)

    def decide(self, scope: Mapping[str, Value], *, now: datetime, zone: tzinfo) -> Result:
        """The answer for ``scope``, shaped by the hit policy alone: one value, or a list for R, O and C.

        With several outputs a value is a context. NodeError ``decision.none``, ``decision.ambiguous``,
        ``decision.input``, ``decision.output`` or ``decision.aggregate``. The trace names the rows, their cells and
        what was asked.
        """
        try:
            if self.shortcut is not None and (told := self.shortcut.one(scope, now, zone)) is not None:
                return told
            return self._decided(scope, Clock(now, zone), zone)
        except LimitExceeded as wrong:
            raise beyond("decision.output", wrong) from wrong

    def decide_many(self, scopes: Sequence[Mapping[str, Value]], *, now: datetime, zone: tzinfo) -> Answers:
        """What deciding each of ``scopes`` alone gives or raises, as a list of results and NodeErrors."""
        if self.shortcut is not None:
            rows, asked = self.shortcut.many(scopes, now, zone)
        else:
            rows, asked = [NO_ROW] * len(scopes), []
        others: dict[int, Result | NodeError] = {}
        for number in [number for number, row in enumerate(rows) if row == NO_ROW]:
            try:
                others[number] = self.decide(scopes[number], now=now, zone=zone)
            except NodeError as wrong:
                others[number] = wrong
        return Answers(rows, asked, others, self.tracing, self.shortcut)

    def _decided(self, scope: Mapping[str, Value], clock: Clock, zone: tzinfo) -> Result:
        asked = self._asked(scope, clock, zone)
        rows = self.index.rows(asked, scope, clock)
        if self.definition.hit_policy == "first":
            del rows[1:]
        if not rows and self.fallback is None:
            return self._without(asked, scope, clock)
        return self._answered(rows, scope, asked, clock, zone)

    def _answered(
        self,
        rows: Sequence[int],
        scope: Mapping[str, Value],
        asked: Sequence[Value],
        clock: Clock,
        zone: tzinfo,
    ) -> Result:
        """The result of ``rows``, or of the default when there are none."""
        answers = [self.tracing.answers[row] for row in rows]
        if not rows and self.fallback is not None:
            answers = [self.fallback]
        seen: Mapping[str, Value] = scope
        if not all(answer.constant for answer in answers):
            seen = {**scope, **self._named(asked)}
        values = [self.answering.values(answer, seen, clock, zone) for answer in answers]
        value, chosen = self._chosen(answers, values, asked)
        if not rows:
            return Told(value, self.tracing, asked, (), self.fallback)
        return Told(value, self.tracing, asked, [rows[number] for number in chosen])

    def _without(self, asked: Sequence[Value], scope: Mapping[str, Value], clock: Clock) -> Result:
        """The answer when no row matches: no row is an empty list and a count of 0, unless declared an error."""
        default, aggregate = self.definition.default, self.definition.aggregate
        empty: Value = None
        if self.definition.hit_policy in LISTS and aggregate in (None, "count"):
            empty = [] if aggregate is None else Decimal(0)
        declared = "default" in self.definition.model_fields_set and "on_none" in default.model_fields_set
        if default.on_none == "error" and (declared or empty is None):
            raise self._nothing(asked, scope, clock)
        return Told(empty, self.tracing, asked, ())

    def _asked(self, scope: Mapping[str, Value], clock: Clock, zone: tzinfo) -> list[Value]:
        found: list[Value] = []
        for column in self.columns:
            try:
                found.append(column.value(scope, clock, zone))
            except Mistyped as wrong:
                raise fault(
                    "decision.input",
                    Words(input=column.id, decision=self.id, value=column.found(scope, clock)),
                    wants=TYPE_WORDS[column.type],
                ) from wrong
        return found

    def _named(self, asked: Sequence[Value]) -> dict[str, Value]:
        return dict(zip(self.tracing.inputs, asked, strict=True))

    def _chosen(
        self, answers: Sequence[Answer], values: Sequence[Sequence[Value]], asked: Sequence[Value]
    ) -> tuple[Value, Sequence[int]]:
        """The value, and the numbers of the answers it comes from."""
        policy = self.definition.hit_policy
        order = list(range(len(answers)))
        if policy in ("priority", "output_order") and len(answers) > 1:
            order.sort(key=lambda i: rank(self.answering.outputs, values[i]))
        if policy in LISTS:
            if self.definition.aggregate is not None:
                return self._aggregate([v[0] for v in values]), order
            return [self.answering.shaped(values[i]) for i in order], order
        if policy == "unique" and len(answers) > 1:
            raise self._ambiguous(answers, asked)
        if policy == "any" and any(list(v) != list(values[0]) for v in values[1:]):
            raise self._ambiguous(answers, asked)
        return self.answering.shaped(values[order[0]]), order if policy == "any" else order[:1]

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

    def _nothing(self, asked: Sequence[Value], scope: Mapping[str, Value], clock: Clock) -> Exception:
        near = self._nearest(asked, scope, clock)
        args = {"rows": "; ".join(f"{n['row']}: {n['column']} {n['cell']}" for n in near)}
        nearest = Text(*(sentence("decision.nearest", lang, args) if near else "" for lang in ("zh", "en")))
        return fault(
            "decision.none",
            {"decision": self.id, "inputs": inputs_text(self._named(asked))},
            details={"inputs": self._named(asked), "nearest": near},
            nearest=nearest,
        )

    def _nearest(self, asked: Sequence[Value], scope: Mapping[str, Value], clock: Clock) -> list[dict[str, str]]:
        """The first rows that fail in exactly one column."""
        found: list[tuple[int, str]] = []
        for number, column in enumerate(self.columns):
            found += [(row, column.id) for row in self.index.rows(asked, scope, clock, but=number)[:NEAREST]]
        found.sort(key=lambda near: near[0])
        return [
            {"row": self.tracing.answers[row].row, "column": column, "cell": self.tracing.cells(row)[column]}
            for row, column in found[:NEAREST]
        ]

    def _ambiguous(self, answers: Sequence[Answer], asked: Sequence[Value]) -> Exception:
        names = [answer.row for answer in answers]
        more = ", …" if len(names) > NEAREST else ""
        return fault(
            "decision.ambiguous",
            {"decision": self.id, "rows": ", ".join(names[:NEAREST]) + more, "inputs": inputs_text(self._named(asked))},
            details={"inputs": self._named(asked), "rows": names},
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
    columns, index = columns_of(definition), indexed(reading)
    tracing = Tracing(
        definition.id,
        version,
        definition.hit_policy,
        [column.id for column in definition.inputs],
        [output.id for output in definition.outputs],
        [row.cells for row in reading.rows],
        [row.answer for row in reading.rows],
        [row.note for row in reading.rows],
    )
    return Table(
        id=definition.id,
        version=version,
        definition=definition,
        columns=columns,
        index=index,
        fallback=fallback,
        answering=Answering(definition.id, definition.outputs),
        tracing=tracing,
        shortcut=shortcut_of(definition.hit_policy, columns, index, tracing),
    )
