"""Runs the cases that live with the definitions; they gate publishing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from taktflow.catalog import Catalog
from taktflow.definitions.data import form_fields, read_data
from taktflow.definitions.decision import Decision
from taktflow.definitions.formula import Formula
from taktflow.definitions.kinds import Entity, Form
from taktflow.definitions.workflow import Workflow
from taktflow.errors import Invalid, Refused, TaktflowError
from taktflow.expressions import Clock, parse
from taktflow.rules import compile_decision, compile_formula
from taktflow.runtime.plan import Plan
from taktflow.runtime.state import State
from taktflow.sdk import Decider, NodeError
from taktflow.services.case_form import Act, Case, Expected, Mocked
from taktflow.services.pins import split_ref
from taktflow.services.plans import pins_of, plan_for
from taktflow.services.shelf import Shelf, found
from taktflow.services.simulate import Mock, Simulation
from taktflow.services.start import chosen_start
from taktflow.services.variables import start_variables
from taktflow.values import Json, Value, normal, parse_duration, plain, shown


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case came out; ``problems`` are sentences, none when it passed. ``journal`` is what the run recorded."""

    case: Case
    problems: tuple[str, ...]
    journal: tuple[Mapping[str, Json], ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything expected held."""
        return not self.problems


class Bench:
    """What cases run on: definitions, node types, and each workflow's plan, made once for all cases."""

    def __init__(self, shelf: Shelf, catalog: Catalog, zone: str) -> None:
        self.shelf = shelf
        self.catalog = catalog
        self.zone = zone
        self._plans: dict[str, Plan] = {}
        self._deciders: dict[tuple[str, str], Decider] = {}

    def plan_of(self, ref: str) -> Plan:
        """The plan of the workflow ``ref``."""
        if ref not in self._plans:
            self._plans[ref] = _plan(self.shelf, self.catalog, ref, self.zone)
        return self._plans[ref]

    def decider_of(self, kind: str, ref: str) -> Decider:
        """The compiled table or formula ``ref``."""
        if (kind, ref) not in self._deciders:
            self._deciders[kind, ref] = _decider(self.shelf, kind, ref)
        return self._deciders[kind, ref]


def run_case(case: Case, bench: Bench) -> CaseResult:
    """Runs ``case``; never raises for what the case does wrong."""
    try:
        if case.workflow is not None:
            return _run_workflow(case, bench)
        return CaseResult(case, tuple(_run_decider(case, bench)))
    except TaktflowError as wrong:
        findings = "; ".join(f"{f.at} {f.code} {shown(dict(f.args))}" for f in getattr(wrong, "findings", ()))
        return CaseResult(case, (f"{wrong.code}: {wrong} {findings}".strip(),))


# -- decisions and formulas ---------------------------------------------------------------------------------------


def _run_decider(case: Case, bench: Bench) -> Iterable[str]:
    expect, kind = case.expect, "decision" if case.decision is not None else "formula"
    decider = bench.decider_of(kind, case.decision or case.formula or "")
    try:
        result = decider.decide(normal(case.given or {}), now=case.at, zone=ZoneInfo(bench.zone))
    except NodeError as problem:
        if expect.error != problem.code:
            yield f"it failed with {problem.code} ({problem.text.en}), expected {expect.error or _told(expect.value)}"
        return
    if expect.error is not None:
        yield f"it answered {_told(result.value)}, expected the error {expect.error}"
    elif not fits(expect.value, result.value):
        yield f"it answered {_told(result.value)}, expected {_told(expect.value)}"
    rows = (result.trace or {}).get("rows", []) if isinstance(result.trace, Mapping) else []
    answered = [r["id"] if isinstance(r, Mapping) else r for r in rows]
    if expect.row is not None and expect.row not in answered:
        yield f"the rows {', '.join(map(str, answered)) or 'none'} answered, expected {expect.row}"


def _decider(shelf: Shelf, kind: str, ref: str) -> Decider:
    version, definition = found(shelf, kind, ref)
    if isinstance(definition, Decision):
        return compile_decision(definition, version)
    assert isinstance(definition, Formula)
    return compile_formula(definition, version)


# -- workflows ----------------------------------------------------------------------------------------------------


def _run_workflow(case: Case, bench: Bench) -> CaseResult:
    shelf, zone = bench.shelf, bench.zone
    entities = {i: d for i, (_, d) in shelf.listed("entity").items() if isinstance(d, Entity)}
    run = Simulation(bench.catalog, bench.plan_of, case.at, {n: _answers(m) for n, m in case.mock.items()}, entities)
    _put_records(case, run, entities)
    _, workflow = found(shelf, "workflow", case.workflow or "")
    assert isinstance(workflow, Workflow)
    start = chosen_start(workflow, case.start)
    form = _form(shelf, start.form) if start.form else None
    variables, findings = start_variables(workflow, start, case.given, entities, form)
    if findings and case.expect.error == "start.data":
        return CaseResult(case, ())
    if findings:
        raise Invalid("start.data", findings=findings)
    if case.expect.error is not None:
        return CaseResult(case, (f"it started, expected the error {case.expect.error}",))
    run.start(workflow.id, start.id, variables, case.by)
    problems = [p for act in case.act for p in _act(run, act, bench, case, entities)]
    problems += _compared(case.expect, run, zone)
    return CaseResult(case, tuple(problems), tuple(run.journal))


def _plan(shelf: Shelf, catalog: Catalog, ref: str, zone: str) -> Plan:
    version, workflow = found(shelf, "workflow", ref)
    assert isinstance(workflow, Workflow)
    return plan_for(shelf, catalog, split_ref(ref)[0], version, pins_of(shelf, catalog, workflow), ZoneInfo(zone))


def _form(shelf: Shelf, ref: str) -> Form:
    _, form = found(shelf, "form", ref)
    assert isinstance(form, Form)
    return form


def _answers(mocked: Mocked | tuple[Mocked, ...]) -> list[Mock]:
    several = mocked if isinstance(mocked, tuple) else (mocked,)
    return [
        NodeError(m.error, m.error, retryable=m.retryable, unknown=m.unknown) if m.error else normal(m.value)
        for m in several
    ]


def _put_records(case: Case, run: Simulation, entities: Mapping[str, Entity]) -> None:
    for name, rows in case.records.items():
        entity = entities.get(name)
        if entity is None:
            raise Invalid("definition.unknown", kind="entity", ref=name)
        for index, row in enumerate(rows):
            fields, findings = read_data(entity.fields, row, entities=entities, where=f"/records/{name}/{index}")
            if findings:
                raise Invalid("start.data", findings=findings)
            run.records.put(name, shown(fields[entity.key]), fields)


def _act(run: Simulation, act: Act, bench: Bench, case: Case, entities: Mapping[str, Entity]) -> Iterable[str]:
    shelf = bench.shelf
    try:
        if act.wait is not None:
            span = parse_duration(act.wait)
            if isinstance(span, timedelta):
                run.wait(span)
        elif act.message is not None:
            run.message(act.message, act.key, normal(act.payload), early=act.early)
        elif act.broadcast is not None:
            run.broadcast(act.broadcast, normal(act.payload))
            run.settle()
        elif act.begin is not None:
            ref = act.workflow or case.workflow or ""
            given = normal(act.payload if act.payload is not None else {})
            run.start(ref, next(iter(bench.plan_of(ref).nodes)), given, act.by, act.begin)
        elif act.task is not None:
            data = _task_data(run, act, shelf, entities)
            run.decide_task(act.task, act.by, frozenset(act.roles), act.outcome, data, act.of)
    except Refused as refused:
        if act.refused != refused.code:
            yield f"{act.by} was refused: {refused.code} ({refused})"
        return
    if act.refused is not None:
        yield f"{act.by} was not refused, expected {act.refused}"


def _task_data(run: Simulation, act: Act, shelf: Shelf, entities: Mapping[str, Entity]) -> Mapping[str, Value]:
    opened = run.open_task(act.task or "", act.of)[1]
    if opened.form is None:
        data = normal(act.data)
        assert isinstance(data, dict)
        return data
    values, findings = read_data(form_fields(_form(shelf, opened.form), entities), act.data, entities=entities)
    if findings:
        raise Invalid("task.data", findings=findings)
    return values


# -- comparing ----------------------------------------------------------------------------------------------------


def _compared(expect: Expected, run: Simulation, zone: str) -> Iterable[str]:
    state = run.states["case"]
    if expect.status is not None and state.status != expect.status:
        yield f"it is {state.status}, expected {expect.status}"
    if expect.outcome is not None and state.outcome != expect.outcome:
        yield f"the outcome is {state.outcome}, expected {expect.outcome}"
    yield from _stands("it", expect.waits_at, state)
    for name, wanted in expect.instances.items():
        other = run.states.get(name)
        if other is None:
            yield f"there is no instance {name}"
            continue
        if wanted.status is not None and other.status != wanted.status:
            yield f"{name} is {other.status}, expected {wanted.status}"
        yield from _stands(name, wanted.waits_at, other)
    codes = sorted(i.fault.code for i in run.incidents.values())
    if codes != sorted(expect.incidents or ()):
        messages = "; ".join(f"{i.node}: {i.fault.en}" for i in run.incidents.values())
        yield f"open incidents are {', '.join(codes) or 'none'} ({messages}), expected {expect.incidents or 'none'}"
    yield from _compared_path(expect, run)
    yield from _compared_data(expect, run, zone)


def _stands(name: str, wanted: Sequence[str] | None, state: State) -> Iterable[str]:
    waits = sorted({t.node for t in state.tokens.values()})
    if wanted is not None and waits != sorted(wanted):
        yield f"{name} waits at {', '.join(waits) or 'nothing'}, expected {', '.join(sorted(wanted)) or 'nothing'}"


def _compared_path(expect: Expected, run: Simulation) -> Iterable[str]:
    visited = {r["node"] for r in run.journal}
    for node in expect.visited:
        if node not in visited:
            yield f"it did not come to {node}"
    for node in expect.not_visited:
        if node in visited:
            yield f"it came to {node}"
    for node, times in expect.calls.items():
        made = len(run.performed.get(node, ()))
        if made != times:
            yield f"{node} was performed {made} times, expected {times}"
    for node, wanted in expect.sent.items():
        last = next(iter(run.performed.get(node, ())[-1:]), None)
        given = {**last.config, "key": last.business_key or last.key} if last else None
        if not fits(wanted, given):
            yield f"{node} was given {_told(given)}, expected {_told(wanted)}"
    told = [p for alert in run.alerts for p in alert.to]
    if expect.alerts is not None and sorted(told) != sorted(expect.alerts):
        yield f"told were {', '.join(told) or 'nobody'}, expected {', '.join(expect.alerts) or 'nobody'}"


def _compared_data(expect: Expected, run: Simulation, zone: str) -> Iterable[str]:
    variables = run.states["case"].variables
    for path, wanted in expect.variables.items():
        value = at_path(variables, path)
        if not fits(wanted, value):
            yield f"{path} is {_told(value)}, expected {_told(wanted)}"
    clock = Clock(run.now, ZoneInfo(zone))
    for text in expect.holds:
        if parse(text).evaluate(variables, clock) is not True:
            yield f"this does not hold: {text}"
    for entity, rows in expect.records.items():
        for id, fields in rows.items():
            record = run.records.read(entity, id)
            if fields is None and record is not None:
                yield f"there is a {entity} {id}, expected none"
            elif fields is not None and not fits(fields, record.fields if record else None):
                yield f"{entity} {id} is {_told(record.fields if record else None)}, expected {_told(fields)}"


def at_path(value: Value, path: str) -> Value:
    """What stands at the dotted ``path``; a number counts list items from 1, None when there is nothing."""
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and 0 < int(part) <= len(value):
            value = value[int(part) - 1]
        else:
            return None
    return value


def fits(wanted: Json, value: Value) -> bool:
    """Whether ``value`` is what a case wants: mappings by the keys it names, numbers by value, dates by their text."""
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and all(fits(w, value.get(k)) for k, w in wanted.items())
    if isinstance(wanted, list | tuple):
        return isinstance(value, list) and len(value) == len(wanted) and all(map(fits, wanted, value))
    if isinstance(wanted, int | float | Decimal) and not isinstance(wanted, bool):
        return isinstance(value, Decimal) and value == normal(wanted)
    return bool(wanted == value) or bool(wanted == plain(value) and not isinstance(value, bool))


def _told(value: Value) -> str:
    return shown(normal(value) if not isinstance(value, Mapping) else dict(value))
