"""Makes plans: a workflow version with exactly the versions it pins."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from typing import Any

from taktflow.catalog import Catalog
from taktflow.definitions.decision import Decision
from taktflow.definitions.formula import Formula
from taktflow.definitions.kinds import Calendar
from taktflow.definitions.workflow import Workflow
from taktflow.errors import NotFound
from taktflow.rules import compile_decision, compile_formula
from taktflow.runtime.plan import Plan, make_plan
from taktflow.sdk import Decider
from taktflow.services.foreign import configured, invoked
from taktflow.services.pins import references
from taktflow.services.shelf import Shelf, found

Pins = Mapping[str, str]
"""``kind:reference`` as written in the workflow, to ``id@version``."""


@dataclass(frozen=True)
class PinnedLibrary:
    """The tables and formulas of one plan, compiled, by the reference the workflow uses."""

    decisions: Mapping[str, Decider] = field(default_factory=dict)
    formulas: Mapping[str, Decider] = field(default_factory=dict)

    def decision(self, ref: str) -> Decider:
        """The pinned table; raises NotFound for one the workflow did not name literally."""
        return _held(self.decisions, "decision", ref)

    def formula(self, ref: str) -> Decider:
        """The pinned formula; same error."""
        return _held(self.formulas, "formula", ref)


def _held(held: Mapping[str, Decider], kind: str, ref: str) -> Decider:
    if ref not in held:
        raise NotFound("definition.unknown", kind=kind, ref=ref)
    return held[ref]


def pins_of(shelf: Shelf, catalog: Catalog, workflow: Workflow) -> dict[str, str]:
    """What an instance started now pins; raises NotFound for what is not published."""

    def schema(kind: str) -> Mapping[str, Any]:
        found_schema: Mapping[str, Any] = catalog.node_type(kind).config_schema
        return found_schema

    pins = {}
    for kind, ref in sorted(references(workflow, schema)):
        version, definition = found(shelf, kind, ref)
        pins[f"{kind}:{ref}"] = f"{definition.id}@{version}"
    return pins


def plan_id(workflow: str, version: int, pins: Pins) -> str:
    """The id of a plan: equal for equal pins, so that it is stored once."""
    text = f"{workflow}@{version};" + ";".join(f"{k}={v}" for k, v in sorted(pins.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def plan_for(shelf: Shelf, catalog: Catalog, workflow: str, version: int, pins: Pins, zone: tzinfo) -> Plan:
    """The plan of ``workflow@version`` with ``pins``; raises NotFound when a version is gone."""
    _, definition = found(shelf, "workflow", f"{workflow}@{version}")
    if not isinstance(definition, Workflow):
        raise NotFound("definition.unknown", kind="workflow", ref=f"{workflow}@{version}")
    decisions: dict[str, Decider] = {}
    formulas: dict[str, Decider] = {}
    calendars: dict[str, Calendar] = {}
    for written, pinned in pins.items():
        kind, _, ref = written.partition(":")
        _, target = found(shelf, kind, pinned)
        number = int(pinned.partition("@")[2])
        if isinstance(target, Decision):
            decisions[ref] = decider_of(target, number)
        elif isinstance(target, Formula):
            formulas[ref] = decider_of(target, number)
        elif isinstance(target, Calendar):
            calendars[ref] = target
    return make_plan(
        definition,
        version,
        node=catalog.node,
        library=PinnedLibrary(decisions, formulas),
        calendars=calendars,
        pins=pins,
        zone=zone,
        invoke=invoked,
        configure=configured,
    )


def decider_of(definition: Decision | Formula, version: int) -> Decider:
    """The published table or formula, compiled once for as long as it is in use; raises Invalid."""
    same = _Same(definition)
    return _decision(same, version) if isinstance(definition, Decision) else _formula(same, version)


@dataclass(frozen=True, eq=False)
class _Same:
    """A definition as a cache key: the very object, since comparing big tables would cost more than compiling."""

    definition: Any

    def __hash__(self) -> int:
        return id(self.definition)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.definition is self.definition


@lru_cache(maxsize=256)
def _decision(key: _Same, version: int) -> Decider:
    return compile_decision(key.definition, version)


@lru_cache(maxsize=256)
def _formula(key: _Same, version: int) -> Decider:
    return compile_formula(key.definition, version)
