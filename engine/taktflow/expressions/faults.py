"""What can be wrong with an expression: it cannot be read, or it would do too much."""

from __future__ import annotations

from typing import Any

from taktflow.errors import Invalid
from taktflow.values import Finding


class ExpressionInvalid(Invalid):
    """The text is no expression. ``offset`` counts characters from 0 to the place; ``hint`` may say what was meant."""

    def __init__(self, code: str, /, *, offset: int, **args_: Any) -> None:
        self.offset = offset
        finding = Finding(code, args={**args_, "offset": offset, "column": offset + 1}, column=offset + 1)
        super().__init__(code, findings=(finding,), **dict(finding.args))


class LimitExceeded(Invalid):
    """The expression is well formed, but evaluating it would pass a bound of :mod:`taktflow.expressions.limits`."""
