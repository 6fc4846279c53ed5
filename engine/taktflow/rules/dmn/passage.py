"""One evaluation of a model under way: its budget and clock, and what happened on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taktflow.expressions.run import Run
from taktflow.rules.dmn.boxes import Place
from taktflow.values import Finding, Value

MOST = 200
"""Findings kept of one evaluation."""

KEY = "\0passage"
"""Under this name, which no text can write, expressions hand the passage on to what they call."""


@dataclass(slots=True)
class Passage:
    """Shared by everything that one evaluation calls; never by two."""

    run: Run
    findings: list[Finding] = field(default_factory=list)
    rows: list[tuple[str, Sequence[str]]] = field(default_factory=list)
    """Of each table answered since it was last emptied: its id and the ids of the rules that matched."""

    def note(self, code: str, at: Place, **args: Any) -> None:
        """Something that made a value null."""
        if len(self.findings) < MOST:
            finding = Finding(code, at.element, {"element": at.element, **args}, "warning", "", at.line)
            if finding not in self.findings:
                self.findings.append(finding)


def scope_of(names: Mapping[str, Value], passage: Passage) -> dict[str, Value]:
    """What an expression sees: ``names``, and hidden among them the passage."""
    return {**names, KEY: passage}
