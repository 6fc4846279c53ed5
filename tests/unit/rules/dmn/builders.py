"""Small DMN models, written as a modeller would export them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from taktflow.expressions import UNZONED, Clock
from taktflow.rules.dmn import Model, Outcome, read_model
from taktflow.values import Finding

CLOCK = Clock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC), UNZONED)
DMN_15 = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def a_file(*elements: str, namespace: str = "urn:mine", dmn: str = DMN_15) -> bytes:
    """A file with these elements."""
    inside = "\n".join(elements)
    return f'<definitions xmlns="{dmn}" name="mine" namespace="{namespace}">\n{inside}\n</definitions>'.encode()


def feel(text: str, type_ref: str = "") -> str:
    """A literal expression."""
    return f'<literalExpression typeRef="{type_ref}"><text>{escape(text)}</text></literalExpression>'


def an_input(name: str, type_ref: str = "") -> str:
    return f'<inputData id="i_{name}" name="{name}"><variable name="{name}" typeRef="{type_ref}"/></inputData>'


def a_decision(name: str, box: str, requires: Sequence[str] = (), type_ref: str = "") -> str:
    """A decision; it requires ``Input:i_a``, ``Decision:d_b`` or ``Knowledge:k``."""
    needs = "".join(_need(*one.split(":", 1)) for one in requires)
    variable = f'<variable name="{name}" typeRef="{type_ref}"/>'
    return f'<decision id="d_{name}" name="{name}">{variable}{needs}{box}</decision>'


def _need(kind: str, href: str) -> str:
    around = "knowledgeRequirement" if kind == "Knowledge" else "informationRequirement"
    href = href if "#" in href else f"#{href}"
    return f'<{around}><required{kind} href="{href}"/></{around}>'


def a_type(name: str, type_ref: str = "", allowed: str = "", inside: str = "", **attributes: str) -> str:
    """An item definition."""
    reference = f"<typeRef>{type_ref}</typeRef>" if type_ref else ""
    values = f"<allowedValues><text>{escape(allowed)}</text></allowedValues>" if allowed else ""
    more = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<itemDefinition name="{name}"{more}>{reference}{values}{inside}</itemDefinition>'


def a_table(
    inputs: Mapping[str, str], outputs: Mapping[str, str], rules: Sequence[Sequence[str]], policy: str = "", **more: str
) -> str:
    """A table; ``inputs`` are expressions with their types, ``outputs`` names with further elements inside."""
    clauses = "".join(
        f'<input><inputExpression typeRef="{kind}"><text>{escape(text)}</text></inputExpression></input>'
        for text, kind in inputs.items()
    )
    answers = "".join(f'<output name="{name}">{inside}</output>' for name, inside in outputs.items())
    lines = "".join(_rule(number, rule, len(inputs)) for number, rule in enumerate(rules, 1))
    attributes = f' hitPolicy="{policy}"' if policy else ""
    attributes += "".join(f' {key}="{value}"' for key, value in more.items())
    return f"<decisionTable{attributes}>{clauses}{answers}{lines}</decisionTable>"


def _rule(number: int, cells: Sequence[str], inputs: int) -> str:
    tests = "".join(f"<inputEntry><text>{escape(c)}</text></inputEntry>" for c in cells[:inputs])
    answers = "".join(f"<outputEntry><text>{escape(c)}</text></outputEntry>" for c in cells[inputs:])
    return f'<rule id="r{number}">{tests}{answers}</rule>'


def read(*elements: str, imports: Mapping[str, bytes] | None = None) -> tuple[Model, list[Finding]]:
    """The model with these elements."""
    model, findings = read_model(a_file(*elements), "mine.dmn", imports)
    assert model is not None
    return model, list(findings)


def outcome(*elements: str, name: str = "d", imports: Mapping[str, bytes] | None = None, **inputs: Any) -> Outcome:
    """What the part ``name`` of a sound model answers."""
    model, findings = read(*elements, imports=imports)
    assert findings == []
    return model.evaluate(name, inputs, CLOCK)


def value(*elements: str, **given: Any) -> Any:
    """The value of :func:`outcome`."""
    return outcome(*elements, **given).value
