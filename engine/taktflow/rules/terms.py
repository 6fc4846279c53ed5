"""The expressions of one formula as they are read one after the other: their names, types and units, and mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taktflow.definitions.formula import Formula
from taktflow.expressions import ANY, Expression, ExpressionInvalid, Type, parse
from taktflow.expressions.tree import Filter, Name, Node, parts
from taktflow.rules.typed import CELL_TYPES
from taktflow.rules.units import Quantity, Unit, mixtures, unit_read
from taktflow.values import Finding, Pointer, Severity

_DOUBTS = ("expressions.types.", "expressions.functions.", "expressions.fields.")


@dataclass(frozen=True, slots=True)
class Term:
    """One expression that could be read, with what is known of its value."""

    expression: Expression
    type: Type
    quantity: Quantity


@dataclass(slots=True)
class Terms:
    """What the next expression may name; ``findings`` gathers what was wrong with those before."""

    types: dict[str, Type]
    units: dict[str, Unit | None]
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, definition: Formula) -> Terms:
        """The inputs alone. A duration counts days or months; which of them only its value tells."""
        inputs = definition.inputs.items()
        types = {n: ANY if i.type == "duration" else CELL_TYPES[i.type] for n, i in inputs}
        return cls(types, {n: unit_read(i.unit) if i.unit else None for n, i in inputs})

    def read(self, text: str, at: Pointer) -> Expression | None:
        """The expression; a finding where it is none."""
        try:
            return parse(text)
        except ExpressionInvalid as unread:
            self.findings.append(Finding(unread.code, at, dict(unread.args_)))
            return None

    def take(self, text: str, at: Pointer) -> Term | None:
        """The expression and what is known of it; findings for names nobody declares, for types and for units."""
        expression = self.read(text, at)
        if expression is None:
            return None
        known = ", ".join(self.types)
        unknown = sorted((expression.names & outside_filters(expression.root)) - self.types.keys())
        self.findings += [Finding("formula.name", at, {"name": name, "known": known}) for name in unknown]
        type_, doubts = self._inferred(expression)
        self.findings += [
            Finding(doubt.code, at, dict(doubt.args), column=doubt.column)
            for doubt in doubts
            if doubt.code.startswith(_DOUBTS)
        ]
        quantity, mixed = mixtures(expression, self.units)
        for one in mixed:
            severity: Severity = "warning" if one.scaled else "error"
            self.findings.append(Finding("formula.unit", at, one.args(), severity=severity))
        return Term(expression, type_, quantity)

    def learn(self, name: str, term: Term | None) -> None:
        """Lets later expressions name this one."""
        self.types[name] = term.type if term else ANY
        self.units[name] = term.quantity.unit if term and not term.quantity.scaled else None

    def _inferred(self, expression: Expression) -> tuple[Type, tuple[Finding, ...]]:
        types: Mapping[str, Type] = {**dict.fromkeys(expression.names, ANY), **self.types}
        return expression.infer(types)


def outside_filters(node: Node) -> set[str]:
    """The names that stand outside of filters, where a name may be a field of the filtered entries."""
    if isinstance(node, Name):
        return {node.name}
    below = (node.of,) if isinstance(node, Filter) else parts(node)
    return {name for part in below for name in outside_filters(part)}
