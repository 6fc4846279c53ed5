"""Collects what a person should know about a model, each with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from taktflow.errors import TaktflowError
from taktflow.rules.dmn.boxes import Place
from taktflow.values import Finding, Severity

MOST = 1_000
"""Findings kept of one file; a file with more has one cause that the first ones tell."""


@dataclass(slots=True)
class Notes:
    """The findings of one file."""

    file: str
    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, at: Place, severity: Severity = "error", **args: Any) -> None:
        """Adds one; what is beyond :data:`MOST` is left out."""
        if len(self.found) < MOST:
            args.setdefault("element", at.element or "?")
            finding = Finding(code, at.element, args, severity, self.file, at.line)
            if finding not in self.found[-20:]:
                self.found.append(finding)

    def unread(self, wrong: TaktflowError, at: Place) -> None:
        """Adds what is wrong with an expression, in its own words."""
        self.add(wrong.code, at, **wrong.args_)
