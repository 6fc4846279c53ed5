"""The few kinds of Python expression that emission uses, each made by one function."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

# The compiler wants a place for every node; ours all stand for FEEL text, whose places the typed tree keeps.
_AT: dict[str, Any] = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}


def loaded(name: str) -> ast.expr:
    """``name``."""
    return ast.Name(id=name, ctx=ast.Load(), **_AT)


def constant(value: bool | str | int | None) -> ast.expr:
    """A constant that Python itself can hold."""
    return ast.Constant(value=value, **_AT)


def called(function: str, arguments: Sequence[ast.expr]) -> ast.expr:
    """``function(a, b)``."""
    return ast.Call(func=loaded(function), args=list(arguments), keywords=[], **_AT)


def kept(variable: str, value: ast.expr) -> ast.expr:
    """``(variable := value)``."""
    return ast.NamedExpr(target=ast.Name(id=variable, ctx=ast.Store(), **_AT), value=value, **_AT)


def same_as(left: ast.expr, value: bool) -> ast.expr:
    """``left is value``."""
    return ast.Compare(left=left, ops=[ast.Is()], comparators=[constant(value)], **_AT)


def any_of(parts: list[ast.expr]) -> ast.expr:
    """``a or b``."""
    return ast.BoolOp(op=ast.Or(), values=parts, **_AT)


def all_of(parts: list[ast.expr]) -> ast.expr:
    """``a and b``."""
    return ast.BoolOp(op=ast.And(), values=parts, **_AT)


def either(test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.expr:
    """``then if test else otherwise``."""
    return ast.IfExp(test=test, body=then, orelse=otherwise, **_AT)


def lambda_of(parameters: Sequence[str], body: ast.expr) -> ast.expr:
    """``lambda a, b: body``."""
    named = [ast.arg(arg=p, **_AT) for p in parameters]
    arguments = ast.arguments(posonlyargs=[], args=named, kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(args=arguments, body=body, **_AT)


def tuple_of(items: Sequence[ast.expr]) -> ast.expr:
    """``(a, b)``."""
    return ast.Tuple(elts=list(items), ctx=ast.Load(), **_AT)


def words(items: Sequence[str]) -> ast.expr:
    """A tuple of texts."""
    return tuple_of([constant(i) for i in items])
