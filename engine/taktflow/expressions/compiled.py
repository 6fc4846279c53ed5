"""The fast evaluator: the emitted Python expression compiled once to a function that sees nothing but what it calls."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import TypeAlias, cast

from taktflow.expressions.emission import RUN, SCOPE, Emitted
from taktflow.expressions.python_nodes import lambda_of
from taktflow.expressions.run import Run
from taktflow.values import Value

Compiled: TypeAlias = Callable[[Mapping[str, Value], Run], Value]


def compiled(emitted: Emitted) -> Compiled:
    """``emitted`` as a function of the scope and the run. No text is parsed: the tree is ours, node by node."""
    whole = ast.Expression(lambda_of([SCOPE, RUN], emitted.body))
    code = compile(whole, "<expression>", "eval")
    (body,) = (c for c in code.co_consts if isinstance(c, CodeType))
    names = {"__builtins__": {}, **emitted.functions, **emitted.constants}
    return cast(Compiled, FunctionType(body, names))
