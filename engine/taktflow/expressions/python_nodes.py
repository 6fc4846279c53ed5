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
    return parts[0] if len(parts) == 1 else ast.BoolOp(op=ast.Or(), values=parts, **_AT)


def all_of(parts: list[ast.expr]) -> ast.expr:
    """``a and b``."""
    return parts[0] if len(parts) == 1 else ast.BoolOp(op=ast.And(), values=parts, **_AT)


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


def entry_of(value: ast.expr, key: str) -> ast.expr:
    """``value[key]``."""
    return ast.Subscript(value=value, slice=constant(key), ctx=ast.Load(), **_AT)


def reckoned(left: ast.expr, operator: ast.operator, right: ast.expr) -> ast.expr:
    """``left operator right``."""
    return ast.BinOp(left=left, op=operator, right=right, **_AT)


def compared(left: ast.expr, *rest: tuple[ast.cmpop, ast.expr]) -> ast.expr:
    """``left < a <= b``, for any comparisons."""
    return ast.Compare(left=left, ops=[op for op, _ in rest], comparators=[right for _, right in rest], **_AT)


def is_just(value: ast.expr, kind: str) -> ast.expr:
    """``type(value) is kind``."""
    return compared(called("type", [value]), (ast.Is(), loaded(kind)))


def opposite(value: ast.expr) -> ast.expr:
    """``not value``."""
    return ast.UnaryOp(op=ast.Not(), operand=value, **_AT)


def done(value: ast.expr) -> ast.stmt:
    """The statement ``value``."""
    return ast.Expr(value=value, **_AT)


def assigned(variable: str, value: ast.expr) -> ast.stmt:
    """``variable = value``."""
    return ast.Assign(targets=[ast.Name(id=variable, ctx=ast.Store(), **_AT)], value=value, **_AT)


def returned(value: ast.expr) -> ast.stmt:
    """``return value``."""
    return ast.Return(value=value, **_AT)


def forever(body: list[ast.stmt]) -> ast.stmt:
    """``while True: body``."""
    return ast.While(test=constant(True), body=body, orelse=[], **_AT)


def for_each(variable: str, items: ast.expr, body: list[ast.stmt]) -> ast.stmt:
    """``for variable in items: body``."""
    return ast.For(target=ast.Name(id=variable, ctx=ast.Store(), **_AT), iter=items, body=body, orelse=[], **_AT)


def tried(body: list[ast.stmt], passed_over: str) -> ast.stmt:
    """``try: body`` with ``except passed_over: pass``."""
    handler = ast.ExceptHandler(type=loaded(passed_over), name=None, body=[ast.Pass(**_AT)], **_AT)
    return ast.Try(body=body, handlers=[handler], orelse=[], finalbody=[], **_AT)


def finally_done(body: list[ast.stmt], last: list[ast.stmt]) -> ast.stmt:
    """``try: body`` with ``finally: last``."""
    return ast.Try(body=body, handlers=[], orelse=[], finalbody=last, **_AT)


def function_of(parameters: Sequence[str], body: list[ast.stmt]) -> ast.Module:
    """A module that holds ``def _f(a, b): body`` alone."""
    named = [ast.arg(arg=p, **_AT) for p in parameters]
    arguments = ast.arguments(posonlyargs=[], args=named, kwonlyargs=[], kw_defaults=[], defaults=[])
    function = ast.FunctionDef(name="_f", args=arguments, body=body, decorator_list=[], **_AT)
    return ast.Module(body=[function], type_ignores=[])
