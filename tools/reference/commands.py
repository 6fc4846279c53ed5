"""The page of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from taktflow.cli import app
from tools.reference.markdown import code, first_sentence, page, table


def commands() -> str:
    """Every command of ``taktflow`` with its arguments and options."""
    return page(
        "Command line",
        "The project installs one command, `taktflow`; `make` calls it for you in the usual cases.",
        *(_command(name, command) for name, command in _leaves("taktflow", typer.main.get_command(app))),
    )


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    # Typer carries a copy of click of its own, so its classes are told by what they hold.
    children = getattr(command, "commands", None)
    if children is not None:
        for child, one in sorted(children.items()):
            yield from _leaves(f"{name} {child}", one)
    elif not command.hidden:
        yield name, command


def _command(name: str, command: Any) -> str:
    rows = [(code(_written(one)), one.help or "") for one in command.params if one.name != "help"]
    parts = (f"## {name}", first_sentence(command.help), table(("argument", "meaning"), rows))
    return "\n\n".join(part for part in parts if part)


def _written(parameter: Any) -> str:
    name = str(parameter.name)
    return name.upper() if parameter.param_type_name == "argument" else ", ".join(parameter.opts)
