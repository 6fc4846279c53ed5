"""Turns what came from outside into the variables an instance starts with."""

from __future__ import annotations

from collections.abc import Mapping

from taktflow.definitions.data import form_fields, read_data, read_value
from taktflow.definitions.envelope import DataField
from taktflow.definitions.kinds import Entity, Form
from taktflow.definitions.workflow import Start, Workflow
from taktflow.values import Finding, Json, Pointer, Value, normal


def declared_variables(workflow: Workflow) -> dict[str, DataField]:
    """The variables a workflow declares: its main one and ``data.vars``."""
    declared = dict(workflow.data.vars)
    main = workflow.data.name or workflow.data.entity
    if main is not None:
        declared.setdefault(main, DataField(type="object", entity=workflow.data.entity))
    return declared


def start_variables(
    workflow: Workflow, start: Start, data: Json, entities: Mapping[str, Entity], form: Form | None
) -> tuple[dict[str, Value], tuple[Finding, ...]]:
    """The variables that ``data`` gives at ``start``, and what is wrong with it.

    A form's fields must be complete. Other data is checked by type only: what an order still lacks when it comes in is
    what the workflow is there to fill.
    """
    if form is not None:
        values, findings = read_data(form_fields(form, entities), data, entities=entities)
        bind = start.bind or workflow.data.name or workflow.data.entity
        return ({bind: values} if bind else values), findings
    declared = declared_variables(workflow)
    if start.bind is not None:
        value, findings = _variable(declared, start.bind, data, entities, "")
        return {start.bind: value}, findings
    if data is None:
        return {}, ()
    if not isinstance(data, Mapping):
        return {}, (Finding("start.shape", ""),)
    return _variables(declared, data, entities)


def _variables(
    declared: Mapping[str, DataField], data: Mapping[str, Json], entities: Mapping[str, Entity]
) -> tuple[dict[str, Value], tuple[Finding, ...]]:
    found: dict[str, Value] = {}
    findings: list[Finding] = []
    for name, given in data.items():
        at = f"/{name}"
        if declared and name not in declared:
            findings.append(Finding("start.variable", at, {"name": name, "known": ", ".join(declared)}))
            continue
        found[name], wrong = _variable(declared, name, given, entities, at)
        findings += wrong
    return found, tuple(findings)


def _variable(
    declared: Mapping[str, DataField], name: str, given: Json, entities: Mapping[str, Entity], at: Pointer
) -> tuple[Value, tuple[Finding, ...]]:
    field = declared.get(name)
    if field is None:
        try:
            return normal(given), ()
        except TypeError as wrong:
            return None, (Finding("start.value", at, {"why": str(wrong)}),)
    entity = entities.get(field.entity) if field.entity and field.type == "object" else None
    if entity is not None and not field.fields:
        return read_data(entity.fields, given, entities=entities, where=at, partial=True)
    return read_value(field, given, entities=entities, where=at)
