"""The second emission: the same tree with Python's own operators wherever a region allows them.

An expression without loops and calls of unknown functions is *direct*: its whole body may be left by an exception (a
name that is missing, a division by zero, a null where a number was promised) and is then answered by the first
emission from the start. What has loops is never begun twice, and so does its sums by FEEL's own functions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from taktflow.expressions import tree as t
from taktflow.expressions.access import name as name_of
from taktflow.expressions.builtins import Form, chosen_form, conversions, numbers, texts, times
from taktflow.expressions.emission import RUN, SCOPE, Emitter, EntryOf, Frames, called_built_in
from taktflow.expressions.python_nodes import (
    all_of,
    any_of,
    called,
    compared,
    constant,
    either,
    entry_of,
    is_just,
    kept,
    loaded,
    reckoned,
)
from taktflow.expressions.regions import KINDS, NotRaw, Read, Region
from taktflow.expressions.temporal import near
from taktflow.expressions.types import ANY, ContextOf, Simple, Type
from taktflow.values import Value

CLOCK, NEW_RUN = "_c", "_new"
_OPERATIONS = (t.Arithmetic, t.Negation, t.Comparison, t.Between, t.In, t.Conjunction, t.Disjunction)
_ROOTS = (*_OPERATIONS, t.Call)
_SCALAR = (*_OPERATIONS, t.Literal, t.LocalDateTime, t.InstanceOf)
_DIRECT = (
    *_SCALAR,
    t.Name,
    t.Path,
    t.If,
    t.Argument,
    t.UnaryTest,
    t.RangeLiteral,
    t.ListLiteral,
    t.TypeName,
)
_CALLABLE = {b.name for module in (conversions, numbers, texts, times) for b in module.FUNCTIONS} - {
    "matches",
    "replace",
    "split",
} | {"count", "sum", "min", "max", "mean", "all", "any", "list contains"}
"""Built-ins that call no function back and never take long, so that working them out twice does no harm."""
_PROPERTIES = frozenset(
    {"year", "month", "day", "weekday", "hour", "minute", "second", "time offset", "timezone", "value"}
    | {"days", "hours", "minutes", "seconds", "years", "months", "start", "end", "start included", "end included"}
)
"""Fields that other values than contexts have."""


@dataclass(frozen=True, slots=True)
class Fast:
    """A Python expression over ``_s`` (scope), ``_c`` (clock) and ``_r`` (run).

    ``direct``: it may be left by an exception and answered otherwise. ``reckons``: it wants the decimal context.
    ``runs``: it wants a run from the start. ``scalar``: it gives no list and no context. ``result``: what it must
    give unless a promise was broken, empty where it looks at its operands itself.
    """

    body: ast.expr
    functions: Mapping[str, Callable[..., Any]]
    constants: Mapping[str, Value]
    direct: bool
    reckons: bool
    runs: bool
    scalar: bool
    result: str


def emit_fast(root: t.Node, promised: Mapping[str, Type], types: Mapping[str, Type] | None = None) -> Fast:
    """``root`` as fast Python, where the variables have the ``promised`` types, or any type when none is promised.

    ``types`` are those that the author declared by name.
    """
    direct = _is_direct(root)
    emitter = _FastEmitter(paid=not direct, direct=direct, promised=promised if direct else {}, types=types or {})
    body = emitter.node(root, ())
    # Python's operators without a guard: the promised types are all that is known of the operands.
    trusting = isinstance(body, ast.BinOp | ast.Compare | ast.BoolOp)
    result = "" if not trusting else "number" if isinstance(body, ast.BinOp) else "boolean"
    scalar = _is_scalar(root) or trusting
    if direct and isinstance(root, t.Arithmetic) and isinstance(body, ast.IfExp):
        # Only FEEL's own functions reckon with dates, whose results may have to be settled.
        body.orelse, scalar = called("_settled", [body.orelse]), True
    return Fast(body, emitter.functions, emitter.constants, direct, emitter.reckons, emitter.runs, scalar, result)


def _is_direct(root: t.Node) -> bool:
    todo = [root]
    while todo:
        node = todo.pop()
        match node:
            case t.Call(of=t.Name(name=name)) if name in _CALLABLE:
                todo += node.arguments
                continue
            case t.Filter(test=t.Literal()):
                pass
            case _ if not isinstance(node, _DIRECT):
                return False
        todo += t.parts(node)
    return True


def _is_scalar(node: t.Node) -> bool:
    if isinstance(node, t.If):
        return _is_scalar(node.then) and _is_scalar(node.otherwise)
    if isinstance(node, t.Literal):
        return near(node.value) is node.value
    return isinstance(node, _SCALAR) and not isinstance(node, t.Arithmetic | t.LocalDateTime)


@dataclass(slots=True)
class _FastEmitter(Emitter):
    direct: bool = False
    promised: Mapping[str, Type] = field(default_factory=dict)
    reckons: bool = False
    runs: bool = False
    _replaced: dict[int, str] = field(default_factory=dict)
    _generally: int = 0

    def node(self, node: t.Node, frames: Frames) -> ast.expr:
        """``node`` as a region where it is one."""
        if id(node) in self._replaced:
            return loaded(self._replaced[id(node)])
        region, code = self.region(node, frames) if not self._generally else (None, constant(None))
        if region is None:
            self.reckons |= isinstance(node, t.Call)  # Some built-ins do sums by Python's operators.
            return Emitter.node(self, node, frames)
        self.reckons |= region.reckons
        others = [is_just(kept(v, self.node(n, frames)), KINDS[kind].__name__) for v, kind, n in region.others]
        guards = [*_all_at_once(others), *region.guards]
        if not guards:
            return code
        self._replaced |= {id(n): v for v, _, n in region.others}
        return either(all_of(guards), code, self._general(node, frames))

    def region(self, node: t.Node, frames: Frames) -> tuple[Region | None, ast.expr]:
        """``node`` as a region and its code; None where it is none."""
        region = Region(self, frames)
        try:
            return (region, region.root(node)) if isinstance(node, _ROOTS) else (None, constant(None))
        except NotRaw:
            return None, constant(None)

    def _general(self, node: t.Node, frames: Frames) -> ast.expr:
        """``node`` by FEEL's own functions; a run is made only if one of them wants it."""
        before, self.runs = self.runs, False
        self._generally += 1
        code = Emitter.node(self, node, frames)
        self._generally -= 1
        if self.runs and self.direct:
            made = kept(RUN, any_of([loaded(RUN), called(NEW_RUN, [loaded(CLOCK)])]))
            code = either(compared(made, (ast.Is(), constant(None))), constant(None), code)
            self.runs = False
        self.runs |= before
        return code

    def _run_call(self, function: Callable[..., Any], *arguments: ast.expr, name: str = "") -> ast.expr:
        self.runs = True
        return Emitter._run_call(self, function, *arguments, name=name)

    def read(self, node: t.Name | t.Path, frames: Frames) -> Read:
        """How a region reads ``node``."""
        steps, of = _steps(node)
        if of is None:
            raise NotRaw
        for frame in reversed(frames):
            if isinstance(frame, EntryOf) or of in frame.variables:
                if of == "partial":
                    raise NotRaw
                return Read("\n".join((of, *steps)), self._general(node, frames), "")
        self.names.add(of)
        promised = _kind_promised(self.promised.get(of), steps)
        if not self.direct or _PROPERTIES & set(steps):
            return Read("\n".join((of, *steps)), self._read_generally(node, frames), "")
        code = entry_of(loaded(SCOPE), of)
        for step in steps:
            code = entry_of(code, step)
        return Read("\n".join((of, *steps)), code, promised)

    def _read_generally(self, node: t.Name | t.Path, frames: Frames) -> ast.expr:
        if isinstance(node, t.Name):
            return self.call(name_of, loaded(SCOPE), constant(node.name))
        return self._general(node, frames)

    def form(self, node: t.Call, frames: Frames) -> tuple[str, Form, list[t.Node | None]] | None:
        """The built-in that ``node`` calls: its name, its form and the argument of each parameter."""
        built_in = called_built_in(node, frames)
        if built_in is None:
            return None
        placed = chosen_form(built_in, len(node.arguments), tuple(a.name for a in node.arguments))
        if placed is None:
            return None
        form, order = placed
        return built_in.name, form, [None if i is None else node.arguments[i].value for i in order]


def _all_at_once(tests: list[ast.expr]) -> list[ast.expr]:
    """The tests as one in which each is worked out, whatever those before it gave."""
    if not tests:
        return []
    whole = tests[0]
    for test in tests[1:]:
        whole = reckoned(whole, ast.BitAnd(), test)
    return [whole]


def _steps(node: t.Name | t.Path) -> tuple[tuple[str, ...], str | None]:
    steps: list[str] = []
    of: t.Node = node
    while isinstance(of, t.Path):
        steps.append(of.field)
        of = of.of
    return tuple(reversed(steps)), of.name if isinstance(of, t.Name) else None


def _kind_promised(type: Type | None, steps: tuple[str, ...]) -> str:
    for step in steps:
        type = type.fields.get(step) if isinstance(type, ContextOf) else None
    return type.name if isinstance(type, Simple) and type != ANY and type.name in KINDS else ""
