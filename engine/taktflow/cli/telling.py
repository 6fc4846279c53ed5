"""How commands speak: the language of the terminal, findings by file and line, errors without a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

from taktflow.errors import Invalid, TaktflowError
from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.settings import Settings
from taktflow.texts import sentence
from taktflow.values import Finding, Language


def language() -> Language:
    """The language of whoever sits at the terminal: ``TAKTFLOW_LANGUAGE``, else that of the system."""
    spoken = os.environ.get("TAKTFLOW_LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LANG") or "en"
    return "zh" if spoken.lower().startswith("zh") else "en"


@contextmanager
def told() -> Iterator[None]:
    """Errors we raise on purpose end the command with their sentence and their findings, never with a traceback."""
    try:
        yield
    except TaktflowError as wrong:
        if isinstance(wrong, Invalid):
            print_findings(wrong.findings)
        print(f"{wrong.code}: {wrong.message(language())}", file=sys.stderr)
        raise typer.Exit(1) from wrong


@contextmanager
def running_engine() -> Iterator[Engine]:
    """The engine on the database of the settings, closed afterwards."""
    engine = open_engine(Settings())
    try:
        yield engine
    finally:
        close_engine(engine)


def print_findings(findings: Iterable[Finding]) -> None:
    """One line a finding: ``file:line:column severity code pointer sentence``."""
    for finding in findings:
        place = f"{finding.file or '-'}:{finding.line}:{finding.column}"
        message = sentence(finding.code, language(), finding.args)
        print(f"{place} {finding.severity} {finding.code} {finding.at or '/'} {message}")
