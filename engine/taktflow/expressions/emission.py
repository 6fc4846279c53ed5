"""From the typed tree to a Python expression made of our own nodes only.

The result holds names, constants, calls of our own functions, lambdas, conditions and identity tests: no attribute, no
subscript, no operator of Python's. Both evaluators run the same result. Every identifier in it is invented here, so no
word of an author's becomes one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from taktflow.expressions import access, iteration, operators
from taktflow.expressions import tree as t
from taktflow.expressions.builtins import Form, built_in_value, chosen_form, find
from taktflow.expressions.python_nodes import (
    all_of,
    any_of,
    called,
    constant,
    either,
    kept,
    lambda_of,
    loaded,
    same_as,
    tuple_of,
    words,
)
from taktflow.expressions.run import Clock, Run
from taktflow.expressions.temporal import read_date_and_time
from taktflow.expressions.types import ANY, Simple, Type, is_instance, written_type
from taktflow.values import Value

SCOPE, RUN = "_s", "_r"
_ARITHMETIC: dict[str, Callable[..., Value]] = {
    "-": operators.subtract,
    "*": operators.multiply,
    "/": operators.divide,
    "**": operators.power,
}
_ORDER: dict[str, Callable[..., Value]] = {
    "<": operators.less,
    "<=": operators.less_equal,
    ">": operators.greater,
    ">=": operators.greater_equal,
}
_FOLDED = frozenset({"date", "time", "duration", "years and months duration"})
"""Built-ins whose call with constants is worked out once."""


@dataclass(frozen=True, slots=True)
class Emitted:
    """A Python expression over ``_s`` (scope) and ``_r`` (run), and what its other free names stand for."""

    body: ast.expr
    functions: Mapping[str, Callable[..., Any]]
    constants: Mapping[str, Value]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Locals:
    """Names an iterator, a parameter or a context entry brings, each with its Python variable."""

    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """The entry a filter looks at."""

    variable: str


_Frames: TypeAlias = tuple[_Locals | _Entry, ...]


def emit(root: t.Node, types: Mapping[str, Type] | None = None) -> Emitted:
    """``root`` as Python; ``types`` are those that its author declared by name."""
    emitter = _Emitter(types=types or {})
    body = emitter.node(root, ())
    return Emitted(body, emitter.functions, emitter.constants, frozenset(emitter.names))


_CALL_STEPS = 6
"""A call fits its arguments to the parameters first, which costs as much as a few operators."""


def weight_of(node: t.Node) -> int:
    """How many steps going once through ``node`` costs."""
    todo, count = [node], 2
    while todo:
        node = todo.pop()
        count += _CALL_STEPS if isinstance(node, t.Call) else 1
        todo += t.parts(node)
    return count


def _calls_built_in(node: t.Call, frames: _Frames) -> bool:
    return isinstance(node.of, t.Name) and not any(
        isinstance(f, _Locals) and node.of.name in f.variables for f in frames
    )


@dataclass(slots=True)
class _Emitter:
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    constants: dict[str, Value] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    variables: int = 0
    types: Mapping[str, Type] = field(default_factory=dict)

    def node(self, node: t.Node, frames: _Frames) -> ast.expr:
        """``node`` as Python, its names meant as ``frames`` say, outermost first."""
        return _EMIT[type(node)](self, node, frames)

    def _fresh(self) -> str:
        self.variables += 1
        return f"_v{self.variables}"

    def _call(self, function: Callable[..., Any], *arguments: ast.expr, name: str = "") -> ast.expr:
        key = name or function.__name__
        while self.functions.setdefault(key, function) is not function:
            key += "_"
        return called(key, arguments)

    def _run_call(self, function: Callable[..., Any], *arguments: ast.expr) -> ast.expr:
        return self._call(function, loaded(RUN), *arguments)

    def _value(self, value: Value) -> ast.expr:
        if value is None or isinstance(value, bool | str):
            return constant(value)
        key = f"_k{len(self.constants)}"
        self.constants[key] = value
        return loaded(key)

    def _literal(self, node: t.Literal, frames: _Frames) -> ast.expr:
        return self._value(node.value)

    def _local_date_time(self, node: t.LocalDateTime, frames: _Frames) -> ast.expr:
        return self._run_call(_in_zone, constant(node.text))

    def _name(self, node: t.Name, frames: _Frames) -> ast.expr:
        return self._named(node.name, frames)

    def _named(self, name: str, frames: _Frames) -> ast.expr:
        if not frames:
            self.names.add(name)
            if find(name) is not None:
                own = self._run_call(built_in_value, constant(name))
                return self._call(access.name_or, loaded(SCOPE), constant(name), own)
            return self._call(access.name, loaded(SCOPE), constant(name))
        *outer, inner = frames
        if isinstance(inner, _Locals):
            if name not in inner.variables:
                return self._named(name, tuple(outer))
            variable = loaded(inner.variables[name])
            return self._run_call(iteration.partial, variable) if name == "partial" else variable
        entry = loaded(inner.variable)
        if name == "item":
            return self._call(access.in_entry, entry, constant(name), self._call(access.whole, entry))
        return self._call(access.in_entry, entry, constant(name), self._named(name, tuple(outer)))

    def _path(self, node: t.Path, frames: _Frames) -> ast.expr:
        return self._run_call(access.path, self.node(node.of, frames), constant(node.field))

    def _filter(self, node: t.Filter, frames: _Frames) -> ast.expr:
        of = self.node(node.of, frames)
        if isinstance(node.test, t.Literal) and isinstance(node.test.value, Decimal):
            return self._call(access.entry_at, of, self._value(node.test.value))
        entry = self._fresh()
        test = lambda_of([entry], self.node(node.test, (*frames, _Entry(entry))))
        return self._run_call(access.select, of, test, constant(weight_of(node.test)))

    def _application(self, node: t.Call, frames: _Frames) -> ast.expr:
        built_in = find(node.of.name) if isinstance(node.of, t.Name) and _calls_built_in(node, frames) else None
        if built_in is None:
            names = tuple(a.name for a in node.arguments if a.name)
            arguments = [self.node(a.value, frames) for a in node.arguments]
            return self._run_call(access.invoke, self.node(node.of, frames), words(names), *arguments)
        placed = chosen_form(built_in, len(node.arguments), tuple(a.name for a in node.arguments))
        if placed is None:
            return constant(None)
        form, order = placed
        if built_in.name in _FOLDED and all(isinstance(a.value, t.Literal) for a in node.arguments):
            return self._folded(form, [None if i is None else node.arguments[i].value for i in order])
        given = [constant(None) if i is None else self.node(node.arguments[i].value, frames) for i in order]
        return self._call(form.call, loaded(RUN), *given, name="f_" + built_in.name.replace(" ", "_"))

    def _folded(self, form: Form, arguments: list[t.Node | None]) -> ast.expr:
        values = [a.value if isinstance(a, t.Literal) else None for a in arguments]
        # No built-in in _FOLDED looks at the clock, so none is given.
        return self._value(form.call(Run(_NO_CLOCK), *values))

    def _negation(self, node: t.Negation, frames: _Frames) -> ast.expr:
        return self._call(operators.negate, self.node(node.of, frames))

    def _arithmetic(self, node: t.Arithmetic, frames: _Frames) -> ast.expr:
        left, right = self.node(node.left, frames), self.node(node.right, frames)
        if node.operator == "+":
            return self._run_call(operators.add, left, right)
        return self._call(_ARITHMETIC[node.operator], left, right)

    def _comparison(self, node: t.Comparison, frames: _Frames) -> ast.expr:
        return self._compared(node.operator, self.node(node.left, frames), self.node(node.right, frames))

    def _compared(self, operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
        if operator in _ORDER:
            return self._call(_ORDER[operator], left, right)
        return self._run_call(operators.equal if operator == "=" else operators.unequal, left, right)

    def _conjunction(self, node: t.Conjunction, frames: _Frames) -> ast.expr:
        return self._settled(node.operands, frames, settles=False)

    def _disjunction(self, node: t.Disjunction, frames: _Frames) -> ast.expr:
        return self._settled(node.operands, frames, settles=True)

    def _settled(self, operands: tuple[t.Node, ...], frames: _Frames, *, settles: bool) -> ast.expr:
        """Flat, whatever the number of operands: one that ``settles`` ends it, all of the other kind decide it."""
        variables = [self._fresh() for _ in operands]
        pairs = list(zip(variables, operands, strict=True))
        found = any_of([same_as(kept(v, self.node(o, frames)), settles) for v, o in pairs])
        others = all_of([same_as(loaded(v), not settles) for v in variables])
        return either(found, constant(settles), either(others, constant(not settles), constant(None)))

    def _between(self, node: t.Between, frames: _Frames) -> ast.expr:
        return self._call(operators.between, *(self.node(n, frames) for n in (node.of, node.low, node.high)))

    def _unary_test(self, node: t.UnaryTest, frames: _Frames) -> ast.expr:
        return self._call(operators.half_open, constant(node.operator), self.node(node.operand, frames))

    def _in(self, node: t.In, frames: _Frames) -> ast.expr:
        variable = self._fresh()
        value = kept(variable, self.node(node.of, frames))
        tests = [self._test(test, loaded(variable), frames) for test in node.tests]
        return self._call(operators.disjoined, value, *tests)

    def _test(self, test: t.Node, value: ast.expr, frames: _Frames) -> ast.expr:
        if isinstance(test, t.UnaryTest):
            return self._compared(test.operator, value, self.node(test.operand, frames))
        of_null = isinstance(test, t.Literal) and test.value is None
        return self._run_call(operators.equal if of_null else operators.inside, value, self.node(test, frames))

    def _range(self, node: t.RangeLiteral, frames: _Frames) -> ast.expr:
        ends = (node.low_closed, node.high_closed)
        if isinstance(node.low, t.Literal) and isinstance(node.high, t.Literal):
            return self._value(operators.interval(node.low.value, node.high.value, *ends))
        low, high = self.node(node.low, frames), self.node(node.high, frames)
        return self._call(operators.interval, low, high, *(constant(e) for e in ends))

    def _list(self, node: t.ListLiteral, frames: _Frames) -> ast.expr:
        return self._call(access.listing, *(self.node(i, frames) for i in node.items))

    def _context(self, node: t.ContextLiteral, frames: _Frames) -> ast.expr:
        entries: list[ast.expr] = []
        known: dict[str, str] = {}
        for entry in node.entries:
            variable = self._fresh()
            # A function knows itself by its entry's name; any other value does not exist before it is worked out.
            itself = {entry.key: variable} if isinstance(entry.value, t.FunctionLiteral) else {}
            entries.append(kept(variable, self.node(entry.value, (*frames, _Locals({**known, **itself})))))
            known[entry.key] = variable
        return self._call(access.mapping, words([e.key for e in node.entries]), *entries)

    def _if(self, node: t.If, frames: _Frames) -> ast.expr:
        test, then, otherwise = (self.node(n, frames) for n in (node.test, node.then, node.otherwise))
        if isinstance(test, ast.Constant):
            return then if test.value is True else otherwise
        return either(same_as(test, True), then, otherwise)

    def _for(self, node: t.For, frames: _Frames) -> ast.expr:
        domains, variables, inner = self._domains(node.iterators, frames)
        so_far = self._fresh()
        body = self.node(node.body, (*frames, _Locals({"partial": so_far, **inner})))
        function = lambda_of([*variables, so_far], body)
        return self._run_call(iteration.each, domains, function, constant(weight_of(node.body)))

    def _quantified(self, node: t.Quantified, frames: _Frames) -> ast.expr:
        domains, variables, inner = self._domains(node.iterators, frames)
        body = lambda_of(variables, self.node(node.body, (*frames, _Locals(inner))))
        loop = iteration.every if node.every else iteration.some
        return self._run_call(loop, domains, body, constant(weight_of(node.body)))

    def _domains(
        self, iterators: tuple[t.Iterator, ...], frames: _Frames
    ) -> tuple[ast.expr, list[str], dict[str, str]]:
        domains: list[ast.expr] = []
        variables: list[str] = []
        inner: dict[str, str] = {}
        for iterator in iterators:
            seen = (*frames, _Locals(dict(inner)))
            domain = self.node(iterator.domain, seen)
            if iterator.upto is not None:
                domain = self._call(iteration.span, domain, self.node(iterator.upto, seen))
            domains.append(lambda_of(list(variables), domain))
            variables.append(self._fresh())
            inner[iterator.name] = variables[-1]
        return tuple_of(domains), variables, inner

    def _instance(self, node: t.InstanceOf, frames: _Frames) -> ast.expr:
        wanted = self._value(declared(node.type, self.types))
        return self._call(_is_instance, self.node(node.of, frames), wanted)

    def _function(self, node: t.FunctionLiteral, frames: _Frames) -> ast.expr:
        variables = [self._fresh() for _ in node.parameters]
        inner = _Locals(dict(zip(node.parameters, variables, strict=True)))
        # Foreign code is named in the body; it is nothing we would run.
        result = constant(None) if node.external else self.node(node.body, (*frames, inner))
        body, weight = lambda_of(variables, result), constant(weight_of(node.body))
        if not any(node.types):
            return self._run_call(access.function, words(node.parameters), body, weight)
        types = [ANY if w is None else declared(w, self.types) or _NOTHING for w in node.types]
        return self._run_call(access.function, words(node.parameters), body, weight, self._value(tuple(types)))


_EMIT: dict[type[t.Node], Callable[[_Emitter, Any, _Frames], ast.expr]] = {
    t.Literal: _Emitter._literal,
    t.LocalDateTime: _Emitter._local_date_time,
    t.Name: _Emitter._name,
    t.Path: _Emitter._path,
    t.Filter: _Emitter._filter,
    t.Call: _Emitter._application,
    t.Negation: _Emitter._negation,
    t.Arithmetic: _Emitter._arithmetic,
    t.Comparison: _Emitter._comparison,
    t.Conjunction: _Emitter._conjunction,
    t.Disjunction: _Emitter._disjunction,
    t.Between: _Emitter._between,
    t.UnaryTest: _Emitter._unary_test,
    t.In: _Emitter._in,
    t.RangeLiteral: _Emitter._range,
    t.ListLiteral: _Emitter._list,
    t.ContextLiteral: _Emitter._context,
    t.If: _Emitter._if,
    t.For: _Emitter._for,
    t.Quantified: _Emitter._quantified,
    t.InstanceOf: _Emitter._instance,
    t.FunctionLiteral: _Emitter._function,
}
_NO_CLOCK = Clock(datetime(1970, 1, 1, tzinfo=UTC), UTC)


_NOTHING = Simple("")
"""Stands for a type that nobody declared: no value is of it."""


def declared(written: t.TypeName, known: Mapping[str, Type] | None = None) -> Type | None:
    """The type that ``written`` names; None when it, or a part of it, is no type."""
    parts = [declared(p, known) for p in written.parts]
    found = [p for p in parts if p is not None]
    return written_type(written.name, tuple(found), written.fields, known) if len(found) == len(parts) else None


def _is_instance(value: Value, wanted: Type | None) -> Value:
    return None if wanted is None else is_instance(value, wanted)


def _in_zone(run: Run, text: str) -> Value:
    return read_date_and_time(text, run.clock.zone)
