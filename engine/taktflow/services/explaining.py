"""An answer in plain words: which rows answered and what they say, or how a figure came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taktflow.definitions.decision import Decision
from taktflow.definitions.rows import WrittenRow
from taktflow.rules.in_words import result_in_words, row_in_words
from taktflow.services.asking import Answered
from taktflow.services.tables import Declared
from taktflow.texts import sentence
from taktflow.values import Language, Value

MOST_ROWS = 20
"""Rows told in words; a list may have thousands."""


def explained(definition: Declared, answered: Answered, language: Language) -> list[str]:
    """Sentences in ``language``; for an error the one that says what to do."""
    if answered.error is not None:
        return [answered.text[language] if answered.text else answered.error]
    trace = answered.trace if isinstance(answered.trace, Mapping) else {}
    if isinstance(definition, Decision):
        return _decision(definition, trace, answered.value, language)
    return [result_in_words(definition, trace, language)]


def _decision(definition: Decision, trace: Mapping[str, Any], value: Value, language: Language) -> list[str]:
    rows: Sequence[Mapping[str, Any]] = trace.get("rows") or ()
    if not rows:
        return [sentence("tables.told_none", language, {"value": value})]
    lines = [_row(definition, row, language) for row in rows[:MOST_ROWS]]
    return lines if len(rows) <= MOST_ROWS else [*lines, "…"]


def _row(definition: Decision, row: Mapping[str, Any], language: Language) -> str:
    cells, answers = row.get("cells") or {}, row.get("answers") or {}
    texts = [cells.get(i.id, "-") for i in definition.inputs] + [answers.get(o.id, "-") for o in definition.outputs]
    name = str(row.get("id", ""))
    words = row_in_words(definition, WrittenRow(name, texts, ""), language)
    return sentence("tables.told_row", language, {"row": name, "words": words})
