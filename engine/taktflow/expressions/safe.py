"""The careful evaluator: the emitted Python expression walked by ``simpleeval``, for what a person is typing right now.

Only the node types that :mod:`.emission` makes are switched on, only the functions it chose can be called, names come
from the expression itself, and there are no operators and no attributes at all.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import simpleeval  # type: ignore[import-untyped]  # It ships no types.

from taktflow.expressions.emission import RUN, SCOPE, Emitted
from taktflow.expressions.run import Run
from taktflow.values import Value


class _Walker(simpleeval.SimpleEval):  # type: ignore[misc]  # It ships no types.
    """One evaluation; never shared, since names change while lambdas run."""

    names: dict[str, Value]

    def __init__(self, functions: Mapping[str, Callable[..., Any]], names: dict[str, Value]) -> None:
        super().__init__(operators={ast.Is: _is}, functions=dict(functions), names=names, allowed_attrs={})
        self.ATTR_INDEX_FALLBACK = False
        self.nodes = {
            ast.Constant: self._eval_constant,
            ast.Name: self._own_name,
            ast.Call: self._eval_call,
            ast.IfExp: self._eval_ifexp,
            ast.BoolOp: self._eval_boolop,
            ast.Compare: self._eval_compare,
            ast.NamedExpr: self._keep,
            ast.Lambda: self._lambda,
            ast.Tuple: self._tuple,
        }

    def _check_disallowed_items(self, item: Any) -> None:
        """Values are data and functions ours by name; walking every list again at every node would cost its square."""

    def _own_name(self, node: ast.Name) -> Value:
        return self.names[node.id]

    def _keep(self, node: ast.NamedExpr) -> Value:
        value = self._eval(node.value)
        self.names[node.target.id] = value
        return value

    def _tuple(self, node: ast.Tuple) -> Value:
        return tuple(self._eval(part) for part in node.elts)

    def _lambda(self, node: ast.Lambda) -> Callable[..., Value]:
        outer = self.names
        parameters = [a.arg for a in node.args.args]

        def body(*arguments: Value) -> Value:
            before = self.names
            self.names = {**outer, **dict(zip(parameters, arguments, strict=True))}
            try:
                return self._eval(node.body)
            finally:
                self.names = before

        return body


def _is(left: Value, right: Value) -> bool:
    return left is right


def evaluated(emitted: Emitted, scope: Mapping[str, Value], run: Run) -> Value:
    """The value of ``emitted``, walked node by node."""
    names = {SCOPE: scope, RUN: run, **emitted.constants}
    return _Walker(emitted.functions, names).eval("", previously_parsed=emitted.body)
