"""Asks a table or formula with data of either form: the variables that its columns read, or columns by their ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property
from itertools import islice
from typing import Any

from taktflow.definitions.decision import Decision
from taktflow.errors import TaktflowError
from taktflow.expressions import parse
from taktflow.rules import Table
from taktflow.sdk import Decider, NodeError, Result
from taktflow.services.tables import Declared, Ready, compiled
from taktflow.values import Json, Language, Text, Value

_PATH = re.compile(r"\s*\w+(\s*\.\s*\w+)*\s*")


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of asking once: a value, or the error in its place. ``rows`` are the ids of the rows that answered."""

    value: Value = None
    rows: tuple[str, ...] = ()
    trace: Json = None
    error: str | None = None
    text: Text | None = None
    details: Json = None


def answer_document(answered: Answered, language: Language, *, trace: bool = False) -> dict[str, Json]:
    """The answer as JSON; an error is told in ``language``."""
    if answered.error is not None:
        message = answered.text[language] if answered.text else answered.error
        return {"error": {"code": answered.error, "message": message, "details": answered.details}}
    found: dict[str, Json] = {"value": answered.value, "rows": list(answered.rows)}
    return {**found, "trace": answered.trace} if trace else found


class Asker:
    """Asks one table or formula."""

    def __init__(self, table: Ready, zone: tzinfo) -> None:
        self.table = table
        self._zone = zone
        self.columns = _sources(table.definition)
        self._paths = {id: _parts(text) for id, text in self.columns.items() if text and _PATH.fullmatch(text)}
        self._computed = {id: text for id, text in self.columns.items() if text and id not in self._paths}

    def answer(self, data: Mapping[str, Value], now: datetime) -> Answered:
        """The answer for ``data``, which holds variables as a workflow does, or values by column id, or both.

        A column's own id counts where the variable that it reads is not there.
        """
        return self._asked(*self._scope(data), now)

    def answers(self, cases: Iterable[Mapping[str, Value]], now: datetime) -> Iterator[Answered]:
        """The answer for each of ``cases``, as :meth:`answer` gives it."""
        decider = self.table.decider
        if not isinstance(decider, Table) or self._computed:
            yield from (self.answer(data, now) for data in cases)
            return
        for part in _parts_of(cases):
            scopes = [self._scope(data)[1] for data in part]
            yield from map(_answered, decider.decide_many(scopes, now=now, zone=self._zone))

    def _scope(self, data: Mapping[str, Value]) -> tuple[Decider, Mapping[str, Value]]:
        scope = dict(data)
        for id, path in self._paths.items():
            if id in data and path[0] not in data:
                scope = _planted(scope, path, data[id])
        by_id = any(i in data and not self._names[i] & data.keys() for i in self._computed)
        return (self._by_id if by_id else self.table.decider), scope

    def answer_recorded(self, inputs: Mapping[str, Value], now: datetime) -> Answered:
        """The answer for typed values by column id, as the trace of an earlier answer holds them."""
        scope = {i: v for i, v in inputs.items() if i not in self._paths}
        for id, path in self._paths.items():
            if id in inputs:
                scope = _planted(scope, path, inputs[id])
        return self._asked(self._by_id if self._computed else self.table.decider, scope, now)

    @cached_property
    def _names(self) -> Mapping[str, frozenset[str]]:
        return {id: frozenset(parse(text).names) for id, text in self._computed.items()}

    @cached_property
    def _by_id(self) -> Decider:
        """The same table with computed columns read by their ids, since what they were computed from is not known."""
        return compiled(_without_sources(self.table.definition, self._computed.keys()))

    def _asked(self, decider: Decider, scope: Mapping[str, Value], now: datetime) -> Answered:
        try:
            return _answered(decider.decide(scope, now=now, zone=self._zone))
        except NodeError as problem:
            return _answered(problem)
        except TaktflowError as wrong:
            return Answered(error=wrong.code, text=Text(zh=wrong.message("zh"), en=wrong.message("en")))


def _answered(result: Result | NodeError) -> Answered:
    if isinstance(result, NodeError):
        return Answered(error=result.code, text=result.text, details=result.details)
    trace = result.trace
    return Answered(result.value, rows_of(trace), trace)


def _parts_of(cases: Iterable[Mapping[str, Value]]) -> Iterator[Sequence[Mapping[str, Value]]]:
    left = iter(cases)
    while part := list(islice(left, 500)):
        yield part


def rows_of(trace: Json) -> tuple[str, ...]:
    """The ids of the rows that a trace names."""
    rows = trace.get("rows", ()) if isinstance(trace, Mapping) else ()
    return tuple(str(r["id"]) if isinstance(r, Mapping) else str(r) for r in rows)


def _sources(definition: Declared) -> dict[str, str | None]:
    """Where each input comes from, by id; None for the variable of that very name."""
    if isinstance(definition, Decision):
        return {column.id: column.expr for column in definition.inputs}
    return {id: about.expr for id, about in definition.inputs.items()}


def _without_sources(definition: Declared, ids: Any) -> Declared:
    if isinstance(definition, Decision):
        inputs = tuple(c.model_copy(update={"expr": None}) if c.id in ids else c for c in definition.inputs)
        return definition.model_copy(update={"inputs": inputs})
    named = {i: a.model_copy(update={"expr": None}) if i in ids else a for i, a in definition.inputs.items()}
    return definition.model_copy(update={"inputs": named})


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("."))


def _planted(scope: Mapping[str, Value], path: tuple[str, ...], value: Value) -> dict[str, Value]:
    """``scope`` with ``value`` at ``path``; what is no context on the way becomes one."""
    head, *rest = path
    if not rest:
        return {**scope, head: value}
    inner = scope.get(head)
    return {**scope, head: _planted(inner if isinstance(inner, Mapping) else {}, tuple(rest), value)}
