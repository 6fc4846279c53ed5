"""The project's own files, for the tests that hold the house to its rules."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("engine/", "plugins/", "connectors/")


@cache
def files() -> tuple[str, ...]:
    """Every file that git holds and that is still there, by its path in the project."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for path in listed.split("\0") if path and (ROOT / path).is_file())


def text(path: str) -> str:
    """What ``path`` says; empty for a file that is no text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def modules(*folders: str) -> tuple[tuple[str, ast.Module], ...]:
    """Every Python module under ``folders`` with its syntax tree."""
    return tuple((p, ast.parse(text(p))) for p in files() if p.startswith(folders) and p.endswith(".py"))


def strings(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every literal text in ``tree`` with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno
