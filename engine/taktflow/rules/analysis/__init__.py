"""The static analysis of decision tables: what is wrong, missing or idle, each with an example that shows it."""

from taktflow.rules.analysis.analyse import Analysis, analyse
from taktflow.rules.analysis.fact import Extent, Fact, Witness
from taktflow.rules.analysis.fill import rows_for_gaps
from taktflow.rules.analysis.meter import Budget

__all__ = ["Analysis", "Budget", "Extent", "Fact", "Witness", "analyse", "rows_for_gaps"]
