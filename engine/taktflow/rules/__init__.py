"""Decision tables and formulas: compiled once, immutable, explained with every answer."""

from taktflow.rules.check import decision_findings, formula_findings
from taktflow.rules.formula import Figure, compile_formula
from taktflow.rules.table import Table, compile_decision

__all__ = ["Figure", "Table", "compile_decision", "compile_formula", "decision_findings", "formula_findings"]
