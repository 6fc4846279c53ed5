"""DMN models in files, ready to be asked: one decision of a requirements graph, with all it requires."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path

from taktflow.errors import Invalid, NotFound, TaktflowError
from taktflow.expressions import Clock
from taktflow.rules.dmn import Model, Outcome, read_model
from taktflow.sdk import Text
from taktflow.services.asking import Answered
from taktflow.texts import sentence
from taktflow.values import Finding, Json, Value, has_errors

MAX_BYTES = 20_000_000
_MOST_BESIDE = 100


class ModelAsker:
    """Asks one decision, service or knowledge model of a DMN model; data goes by the names of its inputs."""

    def __init__(self, model: Model, decision: str, zone: tzinfo) -> None:
        self.model = model
        self.decision = decision
        self._zone = zone

    def answer(self, data: Mapping[str, Value], now: datetime) -> Answered:
        """The answer; where something came to null on the way, the trace tells why."""
        try:
            given = self.model.given(data, self._zone)
            outcome = self.model.evaluate(self.decision, given, Clock(now, self._zone))
        except TaktflowError as wrong:
            return Answered(error=wrong.code, text=Text(zh=wrong.message("zh"), en=wrong.message("en")))
        rows = [rule for step in outcome.steps[-1:] for _, rules in step.tables for rule in rules]
        return Answered(outcome.value, tuple(rows), _trace(outcome))


def _trace(outcome: Outcome) -> Json:
    steps = [
        {"decision": s.decision, "value": s.value, "tables": [{"table": t, "rows": list(r)} for t, r in s.tables]}
        for s in outcome.steps
    ]
    return {"steps": steps, "findings": [_told(f) for f in outcome.findings]}


def _told(finding: Finding) -> Json:
    text = {language: sentence(finding.code, language, finding.args) for language in ("zh", "en")}
    return {"code": finding.code, "at": finding.at, "message": text}


def model_at(path: Path) -> tuple[Model, list[Finding]]:
    """The model in the file and what is wrong with it; models that it imports are looked for beside it.

    Raises Invalid when it is no DMN.
    """
    body = _read(path)
    model, findings = read_model(body, path.name, models_beside(path, body))
    if model is None:
        raise Invalid("tables.unreadable", findings=findings, problems=len(findings))
    return model, list(findings)


def models_beside(path: Path, body: bytes) -> Mapping[str, bytes]:
    """The other DMN files in the folder, where the model in ``body`` imports any."""
    if path.suffix.lower() != ".dmn" or b"import" not in body:
        return {}
    others = sorted(p for p in path.parent.glob("*.dmn") if p != path)[:_MOST_BESIDE]
    return {p.name: _read(p) for p in others}


def asker_at(path: Path, decision: str | None, zone: tzinfo) -> ModelAsker:
    """The decision called ``decision`` of the model in the file, or its only one.

    Raises Invalid for a model with errors, NotFound when it is not said which decision is meant.
    """
    model, findings = model_at(path)
    if has_errors(findings):
        raise Invalid("tables.unreadable", findings=findings, problems=len(findings))
    names = [d.name for d in model.decisions]
    if decision is None and len(names) != 1:
        raise NotFound("tables.several" if names else "tables.none", id="-", known=", ".join(names) or "-")
    return ModelAsker(model, decision or names[0], zone)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            body = stream.read(MAX_BYTES + 1)
    except OSError as closed:
        raise Invalid("tables.input_file", name=path.name, why=closed.strerror or "") from closed
    if len(body) > MAX_BYTES:
        raise Invalid("tables.input_large", name=path.name, max_mb=MAX_BYTES // 1_000_000)
    return body
