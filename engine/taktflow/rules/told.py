"""A table's result: the value at once, and the trace when somebody reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from taktflow.rules.answer import Answer
from taktflow.sdk import Json, Result
from taktflow.values import Value


@dataclass(frozen=True, slots=True)
class Tracing:
    """What a table's traces are made of. ``texts[i]`` are row ``i``'s input cells as written."""

    id: str
    version: int
    policy: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    texts: Sequence[Sequence[str]]
    answers: Sequence[Answer]
    notes: Sequence[str]

    def trace(self, values: Sequence[Value], rows: Sequence[int], fallback: Answer | None = None) -> Json:
        """What was asked, and the ``rows`` that answered with their cells; ``fallback`` answers without a row."""
        told = [self._row(self.answers[row], self.cells(row), self.notes[row]) for row in rows]
        if fallback is not None:
            told.append(self._row(fallback, {}, ""))
        return {
            "decision": self.id,
            "version": self.version,
            "policy": self.policy,
            "inputs": dict(zip(self.inputs, values, strict=True)),
            "rows": told,
        }

    def cells(self, row: int) -> dict[str, str]:
        """The input cells of ``row`` as their author wrote them; ``-`` where empty."""
        return {name: text or "-" for name, text in zip(self.inputs, self.texts[row], strict=True)}

    def _row(self, answer: Answer, cells: Json, note: str) -> Json:
        answers = {name: text or "-" for name, text in zip(self.outputs, answer.texts, strict=True)}
        return {"id": answer.row, "cells": cells, "answers": answers, "note": note}


class Told(Result):
    """The result of a table. Its trace costs nothing until it is read."""

    __slots__ = ("_made",)

    writes = ()
    alerts = ()
    _made: tuple[Tracing, Sequence[Value], Sequence[int], Answer | None]

    def __init__(
        self,
        value: Value,
        tracing: Tracing,
        asked: Sequence[Value],
        rows: Sequence[int],
        fallback: Answer | None = None,
    ) -> None:
        set_value(self, value)
        set_made(self, (tracing, asked, rows, fallback))

    @property
    def trace(self) -> Json:  # A field there, made when it is read here.
        """The rows that answered, their cells and what was asked; the caller's own."""
        tracing, asked, rows, fallback = self._made
        return tracing.trace(asked, rows, fallback)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and (self.value, self.trace) == (other.value, other.trace)

    __hash__ = None  # type: ignore[assignment]  # A value may be a list.


# The quickest way to fill a frozen object; every answer passes here.
set_value: Any = Result.__dict__["value"].__set__
set_made: Any = Told.__dict__["_made"].__set__
