"""Secrets and environment values that definitions name but never hold."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taktflow.errors import Invalid, NotFound
from taktflow.settings import Settings
from taktflow.values import plain_loads


class Secrets:
    """Answers ``secret:name`` from the environment (``<prefix>NAME``) or a file of the owner's."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.secret_prefix
        self._file = _read(settings.secrets_file) if settings.secrets_file else {}

    def reveal(self, name: str) -> str:
        """The secret ``name``; NotFound tells where to put it."""
        variable = self._prefix + name.upper()
        found = os.environ.get(variable) or self._file.get(name)
        if not found:
            raise NotFound("secret.missing", name=name, variable=variable)
        return found

    def filled(self, config: Any) -> Any:
        """``config`` with every ``secret:name`` and ``env:NAME`` text replaced."""
        match config:
            case str() if config.startswith("secret:"):
                return self.reveal(config.removeprefix("secret:"))
            case str() if config.startswith("env:"):
                return _environment(config.removeprefix("env:"))
            case Mapping():
                return {k: self.filled(v) for k, v in config.items()}
            case list() | tuple():
                return [self.filled(v) for v in config]
            case _:
                return config


def _environment(name: str) -> str:
    name, _, default = name.partition("|")
    found = os.environ.get(name, default)
    if not found:
        raise NotFound("env.missing", name=name)
    return found


def _read(path: Path) -> dict[str, str]:
    try:
        document = plain_loads(path.read_bytes())
    except (OSError, ValueError) as wrong:
        raise Invalid("secrets.unreadable", path=str(path), why=str(wrong)) from wrong
    if not isinstance(document, dict) or not all(isinstance(v, str) for v in document.values()):
        raise Invalid("secrets.shape", path=str(path))
    return document
