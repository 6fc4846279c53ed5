"""DMN 1.1 to 1.5: models read, linked and evaluated, turned into native definitions, and written."""

from taktflow.rules.dmn.conversion import decisions_of
from taktflow.rules.dmn.evaluation import Outcome, Step
from taktflow.rules.dmn.model import Member, Model, read_model
from taktflow.rules.dmn.writer import write_model

__all__ = ["Member", "Model", "Outcome", "Step", "decisions_of", "read_model", "write_model"]
