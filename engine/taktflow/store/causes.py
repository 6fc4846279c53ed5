"""What incidents have in common: the same place, the same code, the same words but for ids and numbers."""

from __future__ import annotations

import hashlib
import re

_MOST_CHARACTERS = 400
_WORD = re.compile(r"[A-Za-z0-9_]+(?:[-.:/+@%#&=]+[A-Za-z0-9_]+)*")
_FIGURES = re.compile(r"\d(?:[\d,.]*\d)?")
_SEVERAL = re.compile(r"#(?:[\s,;、，]*#)+")
_SPACES = re.compile(r"\s+")


def pattern(message: str) -> str:
    """``message`` with ``#`` for each id and number, so that the same trouble with another order reads the same."""
    short = _SPACES.sub(" ", message[: 4 * _MOST_CHARACTERS]).strip()
    marked = _WORD.sub(lambda m: "#" if any(c.isdigit() for c in m[0]) else m[0], short)
    return _SEVERAL.sub("#", _FIGURES.sub("#", marked))[:_MOST_CHARACTERS]


def cause(workflow: str, node: str, code: str, message: str) -> str:
    """A short name for everything that failed at the same node with the same code and pattern."""
    said = "\n".join((workflow, node, code, pattern(message)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
