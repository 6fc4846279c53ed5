"""How large a document may be, so that no text can exhaust the process that reads it."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BYTES = 2_000_000
MAX_NODES = 200_000
MAX_DEPTH = 60


class Unreadable(Exception):
    """The text cannot be read; ``code`` and ``args_`` name the finding, at ``line`` and ``column`` (from 1)."""

    def __init__(self, code: str, line: int = 0, column: int = 0, **args_: object) -> None:
        self.code = code
        self.line = line
        self.column = column
        self.args_ = args_
        super().__init__(code)


@dataclass(slots=True)
class Budget:
    """Counts what a file's documents hold together; raises :class:`Unreadable` beyond the bounds."""

    nodes: int = 0

    def spend(self, depth: int, line: int, column: int) -> None:
        """One more value, ``depth`` levels down."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise Unreadable("definition.too_many_values", line, column, max=MAX_NODES)
        if depth > MAX_DEPTH:
            raise Unreadable("definition.too_deep", line, column, max=MAX_DEPTH)
