"""What is wrong with a draft, what it has no answer for, and rows that would fill the gaps."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from taktflow.definitions.check import located
from taktflow.definitions.decision import Decision, Row
from taktflow.definitions.pack import Placed
from taktflow.rules.analysis import Analysis, Budget, analyse, rows_for_gaps
from taktflow.rules.check import decision_findings, settings_findings
from taktflow.rules.reading import read
from taktflow.services.tables import table_findings
from taktflow.values import Finding, has_errors

MOST_SECONDS = 10.0
"""Time after which an analysis at a door ends and says what it has not searched."""


@dataclass(frozen=True, slots=True)
class Examined:
    """``analysis`` is None for a formula, and for a table that cannot be read.

    ``rows`` fill the gaps, their answers left to their author.
    """

    findings: Sequence[Finding]
    analysis: Analysis | None
    rows: Sequence[Row]

    @property
    def ok(self) -> bool:
        """Whether nothing keeps it from being published."""
        return not has_errors(self.findings)


def examined(placed: Placed, today: date, *, most_s: float = MOST_SECONDS) -> Examined:
    """Everything that can be known of the table or formula without running it, within a bounded time."""
    definition = placed.definition
    if not isinstance(definition, Decision):
        return Examined(table_findings(placed), None, ())
    end = time.monotonic() + most_s
    budget = Budget(over=lambda: time.monotonic() > end)
    reading = read(definition)
    written = [*settings_findings(definition), *reading.findings]
    if has_errors(written):
        return Examined(located(placed, decision_findings(definition)), None, ())
    analysis = analyse(reading, today=today, budget=budget)
    rows = rows_for_gaps(definition, budget=budget) if analysis.gaps else ()
    return Examined(located(placed, [*written, *analysis.findings]), analysis, rows)


def row_document(definition: Decision, row: Row) -> Mapping[str, object]:
    """A row's cells by the ids of their columns."""
    names = ["id", *(i.id for i in definition.inputs), *(o.id for o in definition.outputs)]
    return dict(zip(names, row, strict=False))
