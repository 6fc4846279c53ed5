"""The command line; ``python -m taktflow.cli`` and ``taktflow`` are the same."""

from taktflow.cli.commands import app

__all__ = ["app"]
