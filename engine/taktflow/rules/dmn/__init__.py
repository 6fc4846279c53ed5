"""DMN 1.1 to 1.5: models read, linked and evaluated."""

from taktflow.rules.dmn.evaluation import Outcome, Step
from taktflow.rules.dmn.model import Member, Model, read_model

__all__ = ["Member", "Model", "Outcome", "Step", "read_model"]
