"""``python -m taktflow.cli``."""

from taktflow.cli import app

app()
