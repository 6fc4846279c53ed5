"""The fast evaluator: an emitted Python expression compiled once to a function that sees nothing but what it calls."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from decimal import getcontext, setcontext
from types import CodeType, FunctionType
from typing import Any, TypeAlias, cast

from taktflow.expressions.emission import RUN, SCOPE, Emitted
from taktflow.expressions.fast import CLOCK, NEW_RUN, Fast
from taktflow.expressions.operators import MATH
from taktflow.expressions.python_nodes import (
    assigned,
    called,
    constant,
    done,
    either,
    finally_done,
    for_each,
    forever,
    function_of,
    is_just,
    kept,
    lambda_of,
    loaded,
    returned,
    tried,
)
from taktflow.expressions.regions import KINDS
from taktflow.expressions.run import Clock, Run
from taktflow.values import Value

Compiled: TypeAlias = Callable[[Mapping[str, Value], Run], Value]
Quick: TypeAlias = Callable[[Mapping[str, Value], Clock], Value]
Many: TypeAlias = Callable[[list[Mapping[str, Value]], Clock], list[Value]]
_FALLS = (KeyError, TypeError, ArithmeticError, ValueError, RecursionError)
"""What Python's operators raise where FEEL's answer null, or know another way."""


def compiled(emitted: Emitted | Fast) -> Compiled:
    """``emitted`` as a function of the scope and the run. No text is parsed: the tree is ours, node by node."""
    return cast(Compiled, _function(ast.Expression(lambda_of([SCOPE, RUN], emitted.body)), "eval", emitted, {}))


def quick(fast: Fast, general: Quick, settled: Callable[[Value], Value]) -> Quick:
    """``fast``, which is direct, as a function of the scope and the clock; ``general`` answers where it cannot."""
    value = fast.body if fast.scalar else called("_settled", [fast.body])
    body = [returned(value)]
    if fast.reckons:
        body = _within_math(body)
    whole = [_run(fast), tried(body, "_falls"), returned(called("_general", [loaded(SCOPE), loaded(CLOCK)]))]
    module = function_of([SCOPE, CLOCK], whole)
    return cast(Quick, _function(module, "exec", fast, {"_general": general, "_settled": settled}))


def many(fast: Fast, general: Quick, settled: Callable[[Value], Value]) -> Many:
    """The same for a list of scopes, the decimal context set once for all of them."""
    otherwise = called("_general", [loaded(SCOPE), loaded(CLOCK)])
    value = fast.body if fast.scalar else called("_settled", [fast.body])
    if fast.result:
        value = either(is_just(kept("_v", value), KINDS[fast.result].__name__), loaded("_v"), otherwise)
    each = for_each(SCOPE, loaded("_i"), [_run(fast), done(called("_add", [value]))])
    rounds = forever([tried([each, returned(loaded("_out"))], "_falls"), done(called("_add", [otherwise]))])
    body = [
        assigned("_out", called("_list", [])),
        assigned("_add", called("_adding_to", [loaded("_out")])),
        assigned("_i", called("_iter", [loaded("_scopes")])),
        *(_within_math([rounds]) if fast.reckons else [rounds]),
    ]
    module = function_of(["_scopes", CLOCK], body)
    own = {"_general": general, "_settled": settled, "_list": list, "_iter": iter, "_adding_to": _adding_to}
    return cast(Many, _function(module, "exec", fast, own))


def _adding_to(found: list[Value]) -> Callable[[Value], None]:
    return found.append


def _run(fast: Fast) -> ast.stmt:
    return assigned(RUN, called(NEW_RUN, [loaded(CLOCK)]) if fast.runs else constant(None))


def _within_math(body: list[ast.stmt]) -> list[ast.stmt]:
    """``body`` under the decimal context of FEEL; the caller's is back before the caller is."""
    return [
        assigned("_before", called("_context", [])),
        done(called("_set_context", [loaded("_math")])),
        finally_done(body, [done(called("_set_context", [loaded("_before")]))]),
    ]


def _function(
    tree: ast.Expression | ast.Module, mode: str, emitted: Emitted | Fast, own: Mapping[str, Any]
) -> FunctionType:
    code = compile(tree, "<expression>", mode)
    (body,) = (c for c in code.co_consts if isinstance(c, CodeType))
    names = {"__builtins__": {}, **_SURROUNDINGS, **emitted.functions, **emitted.constants, **own}
    return FunctionType(body, names)


_SURROUNDINGS: Mapping[str, Any] = {
    "type": type,
    **{kind.__name__: kind for kind in KINDS.values()},
    NEW_RUN: Run,
    "_falls": _FALLS,
    "_context": getcontext,
    "_set_context": setcontext,
    "_math": MATH,
}
