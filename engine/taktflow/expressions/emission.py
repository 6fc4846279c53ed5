"""From the typed tree to a Python expression made of our own nodes only.

The result holds names, constants, calls of our own functions, lambdas, conditions and identity tests: no attribute, no
subscript, no operator of Python's. Both evaluators run the same result. Every identifier in it is invented here, so no
word of an author's becomes one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias

from taktflow.expressions import access, charges, iteration, operators
from taktflow.expressions import tree as t
from taktflow.expressions.builtins import Builtin, Form, built_in_value, chosen_form, find
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
from taktflow.expressions.temporal import Day, joined, read_date, read_time
from taktflow.expressions.types import ANY, Simple, Type, is_instance, written_type
from taktflow.values import Value

SCOPE, RUN = "_s", "_r"
_ARITHMETIC: dict[str, Callable[..., Value]] = {
    "-": operators.subtract,
    "*": operators.multiply,
    "/": operators.divide,
    "**": operators.power,
}
_PAID = {sign: charges.paid(work) for sign, work in _ARITHMETIC.items()}
_ORDER: dict[str, Callable[..., Value]] = {
    "<": operators.less,
    "<=": operators.less_equal,
    ">": operators.greater,
    ">=": operators.greater_equal,
}
_PAID_ORDER = {sign: charges.paid_order(work) for sign, work in _ORDER.items()}
_PAID_BETWEEN = charges.paid_order(operators.between, 2 * operators.STEPS_TO_COMPARE)
_PAID_INTERVAL = charges.paid_order(operators.interval, 2 * operators.STEPS_TO_COMPARE)
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
class Locals:
    """Names an iterator, a parameter or a context entry brings, each with its Python variable."""

    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class EntryOf:
    """The entry a filter looks at."""

    variable: str


Frames: TypeAlias = tuple[Locals | EntryOf, ...]


def emit(root: t.Node, types: Mapping[str, Type] | None = None) -> Emitted:
    """``root`` as Python; ``types`` are those that its author declared by name."""
    emitter = Emitter(types=types or {})
    body = emitter.node(root, ())
    return Emitted(body, emitter.functions, emitter.constants, frozenset(emitter.names))


_STEPS_TO_JOIN = 3
_STEPS: Mapping[type[t.Node], int] = {t.Call: 6, t.ListLiteral: 4, t.ContextLiteral: 4, t.FunctionLiteral: 4}
"""A call fits its arguments to the parameters first, which costs as much as a few operators.

What is made anew, Python's collector looks at time and again, and the answer's copy of it too.
"""


def weight_of(node: t.Node, frames: Frames) -> int:
    """How many steps going once through ``node`` costs; a name is looked for in every filter around it."""
    todo, count = [node], 2
    filters = sum(isinstance(f, EntryOf) for f in frames)
    while todo:
        node = todo.pop()
        count += 1 + filters if isinstance(node, t.Name) else _STEPS.get(type(node), 1)
        todo += t.parts(node)
    return count


def called_built_in(node: t.Call, frames: Frames) -> Builtin | None:
    """The built-in that ``node`` calls, unless a local name hides it."""
    if not isinstance(node.of, t.Name):
        return None
    hidden = any(isinstance(f, Locals) and node.of.name in f.variables for f in frames)
    return None if hidden else find(node.of.name)


@dataclass(slots=True)
class Emitter:
    """Emission under way, by FEEL's own functions throughout."""

    paid: bool = True
    """Whether sums of other things than numbers are paid for, as they must be in loops."""
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    constants: dict[str, Value] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    variables: int = 0
    types: Mapping[str, Type] = field(default_factory=dict)

    def node(self, node: t.Node, frames: Frames) -> ast.expr:
        """``node`` as Python, its names meant as ``frames`` say, outermost first."""
        return _EMIT[type(node)](self, node, frames)

    def fresh(self) -> str:
        """A Python variable nobody else has."""
        self.variables += 1
        return f"_v{self.variables}"

    def call(self, function: Callable[..., Any], *arguments: ast.expr, name: str = "") -> ast.expr:
        """A call of ``function``, by its own name or another."""
        key = name or function.__name__
        while self.functions.setdefault(key, function) is not function:
            key += "_"
        return called(key, arguments)

    def _run_call(self, function: Callable[..., Any], *arguments: ast.expr, name: str = "") -> ast.expr:
        return self.call(function, loaded(RUN), *arguments, name=name)

    def value(self, value: Value) -> ast.expr:
        """``value`` itself."""
        if value is None or isinstance(value, bool | str):
            return constant(value)
        key = f"_k{len(self.constants)}"
        self.constants[key] = value
        return loaded(key)

    def _literal(self, node: t.Literal, frames: Frames) -> ast.expr:
        return self.value(node.value)

    def _local_date_time(self, node: t.LocalDateTime, frames: Frames) -> ast.expr:
        day, _, clock = node.text.partition("T")
        return self._run_call(_in_zone, self.value(read_date(day)), self.value(read_time(clock)))

    def _name(self, node: t.Name, frames: Frames) -> ast.expr:
        return self._named(node.name, frames)

    def _named(self, name: str, frames: Frames) -> ast.expr:
        if not frames:
            self.names.add(name)
            if find(name) is not None:
                own = self._run_call(built_in_value, constant(name))
                return self.call(access.name_or, loaded(SCOPE), constant(name), own)
            return self.call(access.name, loaded(SCOPE), constant(name))
        *outer, inner = frames
        if isinstance(inner, Locals):
            if name not in inner.variables:
                return self._named(name, tuple(outer))
            variable = loaded(inner.variables[name])
            return self._run_call(iteration.partial, variable) if name == "partial" else variable
        entry = loaded(inner.variable)
        if name == "item":
            return self.call(access.in_entry, entry, constant(name), self.call(access.whole, entry))
        return self.call(access.in_entry, entry, constant(name), self._named(name, tuple(outer)))

    def _path(self, node: t.Path, frames: Frames) -> ast.expr:
        return self._run_call(access.path, self.node(node.of, frames), constant(node.field))

    def _filter(self, node: t.Filter, frames: Frames) -> ast.expr:
        of = self.node(node.of, frames)
        if isinstance(node.test, t.Literal) and isinstance(node.test.value, Decimal):
            return self.call(access.entry_at, of, self.value(node.test.value))
        entry = self.fresh()
        test = lambda_of([entry], self.node(node.test, (*frames, EntryOf(entry))))
        return self._run_call(access.select, of, test, constant(weight_of(node.test, frames)))

    def _application(self, node: t.Call, frames: Frames) -> ast.expr:
        built_in = called_built_in(node, frames)
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
        return self._run_call(form.call, *given, name="f_" + built_in.name.replace(" ", "_"))

    def _folded(self, form: Form, arguments: list[t.Node | None]) -> ast.expr:
        values = [a.value if isinstance(a, t.Literal) else None for a in arguments]
        # No built-in in _FOLDED looks at the clock, so none is given.
        return self.value(form.call(Run(_NO_CLOCK), *values))

    def _negation(self, node: t.Negation, frames: Frames) -> ast.expr:
        return self.call(operators.negate, self.node(node.of, frames))

    def _arithmetic(self, node: t.Arithmetic, frames: Frames) -> ast.expr:
        left, right = self.node(node.left, frames), self.node(node.right, frames)
        if node.operator == "+":
            return self._run_call(operators.add, left, right)
        if self.paid and node.operator in _PAID:
            return self._run_call(_PAID[node.operator], left, right)
        return self.call(_ARITHMETIC[node.operator], left, right)

    def _comparison(self, node: t.Comparison, frames: Frames) -> ast.expr:
        return self._compared(node.operator, self.node(node.left, frames), self.node(node.right, frames))

    def _compared(self, operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
        if operator in _ORDER:
            if self.paid:
                return self._run_call(_PAID_ORDER[operator], left, right, name=_ORDER[operator].__name__)
            return self.call(_ORDER[operator], left, right)
        if isinstance(right, ast.Constant) and right.value is None:
            return self.call(operators.is_null if operator == "=" else operators.is_no_null, left)
        return self._run_call(operators.equal if operator == "=" else operators.unequal, left, right)

    def _conjunction(self, node: t.Conjunction, frames: Frames) -> ast.expr:
        return self._settled(node.operands, frames, settles=False)

    def _disjunction(self, node: t.Disjunction, frames: Frames) -> ast.expr:
        return self._settled(node.operands, frames, settles=True)

    def _settled(self, operands: tuple[t.Node, ...], frames: Frames, *, settles: bool) -> ast.expr:
        """Flat, whatever the number of operands: one that ``settles`` ends it, all of the other kind decide it."""
        variables = [self.fresh() for _ in operands]
        pairs = list(zip(variables, operands, strict=True))
        found = any_of([same_as(kept(v, self.node(o, frames)), settles) for v, o in pairs])
        others = all_of([same_as(loaded(v), not settles) for v in variables])
        return either(found, constant(settles), either(others, constant(not settles), constant(None)))

    def _between(self, node: t.Between, frames: Frames) -> ast.expr:
        operands = [self.node(n, frames) for n in (node.of, node.low, node.high)]
        if self.paid:
            return self._run_call(_PAID_BETWEEN, *operands, name="between")
        return self.call(operators.between, *operands)

    def _unary_test(self, node: t.UnaryTest, frames: Frames) -> ast.expr:
        return self.call(operators.half_open, constant(node.operator), self.node(node.operand, frames))

    def _in(self, node: t.In, frames: Frames) -> ast.expr:
        variable = self.fresh()
        value = kept(variable, self.node(node.of, frames))
        tests = [self._test(test, loaded(variable), frames) for test in node.tests]
        return self.call(operators.disjoined, value, *tests)

    def _test(self, test: t.Node, value: ast.expr, frames: Frames) -> ast.expr:
        if isinstance(test, t.UnaryTest):
            return self._compared(test.operator, value, self.node(test.operand, frames))
        of_null = isinstance(test, t.Literal) and test.value is None
        return self._run_call(operators.equal if of_null else operators.inside, value, self.node(test, frames))

    def _range(self, node: t.RangeLiteral, frames: Frames) -> ast.expr:
        ends = (node.low_closed, node.high_closed)
        if isinstance(node.low, t.Literal) and isinstance(node.high, t.Literal):
            return self.value(operators.interval(node.low.value, node.high.value, *ends))
        low, high = self.node(node.low, frames), self.node(node.high, frames)
        closed = [constant(e) for e in ends]
        if self.paid:
            return self._run_call(_PAID_INTERVAL, low, high, *closed, name="interval")
        return self.call(operators.interval, low, high, *closed)

    def _list(self, node: t.ListLiteral, frames: Frames) -> ast.expr:
        return self.call(access.listing, *(self.node(i, frames) for i in node.items))

    def _context(self, node: t.ContextLiteral, frames: Frames) -> ast.expr:
        entries: list[ast.expr] = []
        known: dict[str, str] = {}
        for entry in node.entries:
            variable = self.fresh()
            # A function knows itself by its entry's name; any other value does not exist before it is worked out.
            itself = {entry.key: variable} if isinstance(entry.value, t.FunctionLiteral) else {}
            entries.append(kept(variable, self.node(entry.value, (*frames, Locals({**known, **itself})))))
            known[entry.key] = variable
        return self.call(access.mapping, words([e.key for e in node.entries]), *entries)

    def _if(self, node: t.If, frames: Frames) -> ast.expr:
        test, then, otherwise = (self.node(n, frames) for n in (node.test, node.then, node.otherwise))
        if isinstance(test, ast.Constant):
            return then if test.value is True else otherwise
        return either(same_as(test, True), then, otherwise)

    def _for(self, node: t.For, frames: Frames) -> ast.expr:
        domains, variables, inner = self._domains(node.iterators, frames)
        so_far = self.fresh()
        body = self.node(node.body, (*frames, Locals({"partial": so_far, **inner})))
        function = lambda_of([*variables, so_far], body)
        return self._run_call(iteration.each, domains, function, constant(weight_of(node.body, frames)))

    def _quantified(self, node: t.Quantified, frames: Frames) -> ast.expr:
        domains, variables, inner = self._domains(node.iterators, frames)
        body = lambda_of(variables, self.node(node.body, (*frames, Locals(inner))))
        loop = iteration.every if node.every else iteration.some
        return self._run_call(loop, domains, body, constant(weight_of(node.body, frames)))

    def _domains(self, iterators: tuple[t.Iterator, ...], frames: Frames) -> tuple[ast.expr, list[str], dict[str, str]]:
        domains: list[ast.expr] = []
        variables: list[str] = []
        inner: dict[str, str] = {}
        for iterator in iterators:
            seen = (*frames, Locals(dict(inner)))
            domain = self.node(iterator.domain, seen)
            if iterator.upto is not None:
                domain = self._run_call(iteration.span, domain, self.node(iterator.upto, seen))
            domains.append(lambda_of(list(variables), domain))
            variables.append(self.fresh())
            inner[iterator.name] = variables[-1]
        return tuple_of(domains), variables, inner

    def _instance(self, node: t.InstanceOf, frames: Frames) -> ast.expr:
        wanted = self.value(declared(node.type, self.types))
        return self._run_call(_is_instance, self.node(node.of, frames), wanted)

    def _function(self, node: t.FunctionLiteral, frames: Frames) -> ast.expr:
        variables = [self.fresh() for _ in node.parameters]
        inner = Locals(dict(zip(node.parameters, variables, strict=True)))
        # Foreign code is named in the body; it is nothing we would run.
        result = constant(None) if node.external else self.node(node.body, (*frames, inner))
        body, weight = lambda_of(variables, result), constant(weight_of(node.body, frames))
        if not any(node.types):
            return self._run_call(access.function, words(node.parameters), body, weight)
        types = [ANY if w is None else declared(w, self.types) or _NOTHING for w in node.types]
        return self._run_call(access.function, words(node.parameters), body, weight, self.value(tuple(types)))


_EMIT: dict[type[t.Node], Callable[[Emitter, Any, Frames], ast.expr]] = {
    t.Literal: Emitter._literal,
    t.LocalDateTime: Emitter._local_date_time,
    t.Name: Emitter._name,
    t.Path: Emitter._path,
    t.Filter: Emitter._filter,
    t.Call: Emitter._application,
    t.Negation: Emitter._negation,
    t.Arithmetic: Emitter._arithmetic,
    t.Comparison: Emitter._comparison,
    t.Conjunction: Emitter._conjunction,
    t.Disjunction: Emitter._disjunction,
    t.Between: Emitter._between,
    t.UnaryTest: Emitter._unary_test,
    t.In: Emitter._in,
    t.RangeLiteral: Emitter._range,
    t.ListLiteral: Emitter._list,
    t.ContextLiteral: Emitter._context,
    t.If: Emitter._if,
    t.For: Emitter._for,
    t.Quantified: Emitter._quantified,
    t.InstanceOf: Emitter._instance,
    t.FunctionLiteral: Emitter._function,
}
_NO_CLOCK = Clock(datetime(1970, 1, 1, tzinfo=UTC), UTC)


_NOTHING = Simple("")
"""Stands for a type that nobody declared: no value is of it."""


def declared(written: t.TypeName, known: Mapping[str, Type] | None = None) -> Type | None:
    """The type that ``written`` names; None when it, or a part of it, is no type."""
    parts = [declared(p, known) for p in written.parts]
    found = [p for p in parts if p is not None]
    return written_type(written.name, tuple(found), written.fields, known) if len(found) == len(parts) else None


def _is_instance(run: Run, value: Value, wanted: Type | None) -> Value:
    run.charge_extent(access.STEPS_TO_LOOK, value)
    return None if wanted is None else is_instance(value, wanted)


def _in_zone(run: Run, day: Day, at: time) -> Value:
    run.charge(_STEPS_TO_JOIN)
    return joined(day, at, run.clock.zone)
