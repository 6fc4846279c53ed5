"""A terminal for tests of the command line."""

from __future__ import annotations

from typer.testing import CliRunner

from taktflow.cli import app


def run(*arguments: object) -> tuple[int, str]:
    """The exit code and everything that was printed."""
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    return done.exit_code, done.output
