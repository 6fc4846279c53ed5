"""What type an expression gives, and what cannot be right about it, before any value is known.

A finding is made only where every value of the known types would give null or nothing: ``ANY`` and open contexts are
trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from taktflow.expressions import tree as t
from taktflow.expressions.builtins import Builtin, Form, builtins, chosen_form, find
from taktflow.expressions.emission import declared
from taktflow.expressions.kinds import (
    arithmetic_type,
    comparable,
    item_of,
    orderable,
    parts_of,
    property_types,
    takes,
)
from taktflow.expressions.suggestions import READERS, built_in_type, close_name, signature
from taktflow.expressions.types import (
    ANY,
    BOOLEAN,
    DATETIME,
    DAYS_TIME,
    NULL,
    NUMBER,
    STRING,
    YEARS_MONTHS,
    ContextOf,
    FunctionOf,
    ListOf,
    RangeOf,
    Simple,
    Type,
    joined,
    type_of_value,
)
from taktflow.values import Finding


def inferred(
    root: t.Node, text: str, types: Mapping[str, Type], known: Mapping[str, Type]
) -> tuple[Type, tuple[Finding, ...]]:
    """The type of ``root``, read from ``text``, where the variables have ``types``; and its findings in order.

    ``known`` are the types that an author declared by name.
    """
    inference = _Inference(text, types, known)
    kind = inference.of(root, ())
    return kind, tuple(sorted(inference.findings, key=lambda f: f.column))


@dataclass(frozen=True, slots=True)
class _Locals:
    types: Mapping[str, Type]


@dataclass(frozen=True, slots=True)
class _Item:
    type: Type


_TYPE_PARTS = 1_000
_Frames: TypeAlias = tuple[_Locals | _Item, ...]


@dataclass(slots=True)
class _Inference:
    text: str
    scope: Mapping[str, Type]
    types: Mapping[str, Type]
    findings: list[Finding] = field(default_factory=list)
    _sizes: dict[int, tuple[Type, int]] = field(default_factory=dict)

    def of(self, node: t.Node, frames: _Frames) -> Type:
        """The type of ``node``, its names meant as ``frames`` say, outermost first."""
        kind = _INFER[type(node)](self, node, frames)
        # A context may hold one other many times over; written out, its type would have no end.
        return kind if isinstance(kind, Simple) or parts_of(kind, self._sizes) <= _TYPE_PARTS else ANY

    def _find(self, code: str, at: t.Node, **args: Any) -> Type:
        shown = {k: str(v) for k, v in args.items()}
        # What is wrong with a path is its last step.
        offset = at.end - len(at.field) if isinstance(at, t.Path) else at.at
        place = {"offset": offset, "column": offset + 1, "length": at.end - offset}
        self.findings.append(Finding(code, args={**shown, **place}, column=offset + 1))
        return ANY

    def _source(self, node: t.Node) -> str:
        return self.text[node.at : node.end]

    def _literal(self, node: t.Literal, frames: _Frames) -> Type:
        return type_of_value(node.value)

    def _local_date_time(self, node: t.LocalDateTime, frames: _Frames) -> Type:
        return DATETIME

    def _name(self, node: t.Name, frames: _Frames) -> Type:
        for frame in reversed(frames):
            if isinstance(frame, _Locals) and node.name in frame.types:
                return frame.types[node.name]
            if isinstance(frame, _Item):
                found = self._in_item(node.name, frame.type)
                if found is not None:
                    return found
        if node.name in self.scope:
            return self.scope[node.name]
        built_in = find(node.name)
        if built_in is not None:
            return built_in_type(built_in)
        return self._find("expressions.names.unknown", node, name=node.name, hint=self._close_name(node.name, frames))

    def _in_item(self, name: str, item: Type) -> Type | None:
        if name == "item":
            return item
        if isinstance(item, ContextOf):
            return item.fields.get(name, ANY if item.open else None)
        return ANY if item == ANY else None

    def _close_name(self, name: str, frames: _Frames) -> str:
        known = set(self.scope)
        for frame in frames:
            if isinstance(frame, _Locals):
                known |= frame.types.keys()
            elif isinstance(frame.type, ContextOf):
                known |= frame.type.fields.keys()
        return close_name(name, known)

    def _path(self, node: t.Path, frames: _Frames) -> Type:
        return self._field(self.of(node.of, frames), node)

    def _field(self, of: Type, node: t.Path) -> Type:
        if isinstance(of, ListOf):
            return ListOf(self._field(of.item, node))
        known = of.fields if isinstance(of, ContextOf) else property_types(of)
        if known is None or (isinstance(of, ContextOf) and of.open and node.field not in known):
            return ANY
        if node.field in known:
            return known[node.field]
        source = self._source(node.of)
        if not known:
            return self._find("expressions.fields.none", node, of=source, type=of, field=node.field)
        hint = close_name(node.field, known)
        return self._find("expressions.fields.unknown", node, of=source, field=node.field, hint=hint)

    def _filter(self, node: t.Filter, frames: _Frames) -> Type:
        of = self.of(node.of, frames)
        test = self.of(node.test, (*frames, _Item(item_of(of))))
        if isinstance(of, ContextOf) and test == STRING:
            return self._entry(of, node.test)
        if of == ANY or test == ANY:
            return ANY
        if test == NUMBER:
            return item_of(of)
        if test not in (BOOLEAN, NULL):
            return self._find("expressions.types.filter", node.test, source=self._source(node.test), type=test)
        return of if isinstance(of, ListOf) else ListOf(of)

    def _entry(self, of: ContextOf, key: t.Node) -> Type:
        """An entry by a name that is only known when it is a constant."""
        if isinstance(key, t.Literal) and not of.open:
            return of.fields.get(key.value, NULL)
        return ANY

    def _application(self, node: t.Call, frames: _Frames) -> Type:
        given = tuple(self.of(a.value, frames) for a in node.arguments)
        if isinstance(node.of, t.Name):
            local = any(isinstance(f, _Locals) and node.of.name in f.types for f in frames)
            built_in = None if local else find(node.of.name)
            if built_in is not None:
                return self._built_in(built_in, node, given)
            if not local and node.of.name not in self.scope and not any(isinstance(f, _Item) for f in frames):
                hint = close_name(node.of.name, [*builtins(), *self.scope])
                return self._find("expressions.functions.unknown", node, name=node.of.name, hint=hint)
        function = self.of(node.of, frames)
        if not isinstance(function, FunctionOf):
            if function in (ANY, NULL):
                return ANY
            return self._find("expressions.functions.none", node, of=self._source(node.of), type=function)
        if len(given) != len(function.parameters):
            name, wanted = self._source(node.of), len(function.parameters)
            return self._find("expressions.functions.count", node, name=name, given=len(given), wanted=wanted)
        if not any(a.name for a in node.arguments):
            self._arguments(node, function, given)
        return function.result

    def _arguments(self, node: t.Call, function: FunctionOf, given: tuple[Type, ...]) -> None:
        for place, (argument, wanted, type) in enumerate(zip(node.arguments, function.parameters, given, strict=True)):
            if not takes(wanted, type):
                shown = {"name": self._source(node.of), "parameter": f"#{place + 1}", "wanted": wanted}
                code = "expressions.functions.argument"
                self._find(code, argument, source=self._source(argument), type=type, **shown)

    def _built_in(self, built_in: Builtin, node: t.Call, given: tuple[Type, ...]) -> Type:
        chosen = chosen_form(built_in, len(given), tuple(a.name for a in node.arguments))
        if chosen is None:
            wanted = " / ".join(signature(built_in, form) for form in built_in.forms)
            return self._find("expressions.functions.arguments", node, name=built_in.name, wanted=wanted)
        form, order = chosen
        for place, index in enumerate(order):
            if index is not None:
                self._argument(built_in, form, place, node.arguments[index], given[index])
        constant = self._constant(built_in, node)
        if constant is not None:
            return constant
        ordered = tuple(given[i] for i in order if i is not None)
        return form.result(ordered) if callable(form.result) else form.result

    def _argument(self, built_in: Builtin, form: Form, place: int, argument: t.Argument, given: Type) -> None:
        parameter = form.parameters[min(place, len(form.parameters) - 1)]
        if not takes(parameter.type, given):
            self._find(
                "expressions.functions.argument",
                argument,
                name=built_in.name,
                parameter=parameter.name,
                wanted=parameter.type,
                source=self._source(argument),
                type=given,
            )

    def _constant(self, built_in: Builtin, node: t.Call) -> Type | None:
        """A call such as ``date("2026-13-01")`` is known to be wrong already, and a duration's kind to be known."""
        reader = READERS.get(built_in.name)
        argument = node.arguments[0].value if len(node.arguments) == 1 else None
        if reader is None or not isinstance(argument, t.Literal) or not isinstance(argument.value, str):
            return None
        found = reader(argument.value)
        if found is None:
            return self._find("expressions.types.constant", node, found=argument.value, name=built_in.name)
        return type_of_value(found)

    def _negation(self, node: t.Negation, frames: _Frames) -> Type:
        kind = self.of(node.of, frames)
        if kind in (ANY, NULL, NUMBER, DAYS_TIME, YEARS_MONTHS):
            return kind
        return self._find("expressions.types.negate", node, source=self._source(node.of), type=kind)

    def _arithmetic(self, node: t.Arithmetic, frames: _Frames) -> Type:
        left, right = self.of(node.left, frames), self.of(node.right, frames)
        found = arithmetic_type(node.operator, left, right)
        if found is not None:
            return found
        return self._clash("expressions.types.arithmetic", node, node.operator, (node.left, left), (node.right, right))

    def _clash(
        self, code: str, at: t.Node, operator: str, left: tuple[t.Node, Type], right: tuple[t.Node, Type]
    ) -> Type:
        return self._find(
            code,
            at,
            operator=operator,
            left=self._source(left[0]),
            left_type=left[1],
            right=self._source(right[0]),
            right_type=right[1],
        )

    def _compare(self, at: t.Node, operator: str, left: tuple[t.Node, Type], right: tuple[t.Node, Type]) -> None:
        fits = comparable(left[1], right[1])
        if fits and operator not in ("=", "!="):
            fits = orderable(left[1]) and orderable(right[1])
        if not fits:
            self._clash("expressions.types.compare", at, operator, left, right)

    def _comparison(self, node: t.Comparison, frames: _Frames) -> Type:
        left, right = (node.left, self.of(node.left, frames)), (node.right, self.of(node.right, frames))
        self._compare(node, node.operator, left, right)
        return BOOLEAN

    def _between(self, node: t.Between, frames: _Frames) -> Type:
        of = (node.of, self.of(node.of, frames))
        self._compare(node, ">=", of, (node.low, self.of(node.low, frames)))
        self._compare(node, "<=", of, (node.high, self.of(node.high, frames)))
        return BOOLEAN

    def _logic(self, node: t.Conjunction | t.Disjunction, frames: _Frames) -> Type:
        for operand in node.operands:
            self._condition(operand, frames)
        return BOOLEAN

    def _condition(self, node: t.Node, frames: _Frames) -> None:
        kind = self.of(node, frames)
        if kind not in (ANY, NULL, BOOLEAN):
            self._find("expressions.types.condition", node, source=self._source(node), type=kind)

    def _unary_test(self, node: t.UnaryTest, frames: _Frames) -> Type:
        return RangeOf(self.of(node.operand, frames))

    def _in(self, node: t.In, frames: _Frames) -> Type:
        of = (node.of, self.of(node.of, frames))
        for test in node.tests:
            if isinstance(test, t.UnaryTest):
                self._compare(test, test.operator, of, (test.operand, self.of(test.operand, frames)))
                continue
            kind = self.of(test, frames)
            inner = kind.of if isinstance(kind, RangeOf) else kind.item if isinstance(kind, ListOf) else kind
            if not isinstance(of[1], ListOf | RangeOf) and not isinstance(inner, ListOf | RangeOf):
                self._compare(test, "=", of, (test, inner))
        return BOOLEAN

    def _range(self, node: t.RangeLiteral, frames: _Frames) -> Type:
        low, high = (node.low, self.of(node.low, frames)), (node.high, self.of(node.high, frames))
        self._compare(node, "<=", low, high)
        return RangeOf(joined(low[1], high[1]))

    def _list(self, node: t.ListLiteral, frames: _Frames) -> Type:
        return ListOf(joined(*(self.of(i, frames) for i in node.items)))

    def _context(self, node: t.ContextLiteral, frames: _Frames) -> Type:
        fields: dict[str, Type] = {}
        for entry in node.entries:
            seen = dict(fields)
            if isinstance(entry.value, t.FunctionLiteral):
                seen[entry.key] = FunctionOf((ANY,) * len(entry.value.parameters), ANY)
            fields[entry.key] = self.of(entry.value, (*frames, _Locals(seen)))
        return ContextOf(fields)

    def _if(self, node: t.If, frames: _Frames) -> Type:
        self._condition(node.test, frames)
        return joined(self.of(node.then, frames), self.of(node.otherwise, frames))

    def _iterators(self, iterators: Iterable[t.Iterator], frames: _Frames) -> dict[str, Type]:
        inner: dict[str, Type] = {}
        for iterator in iterators:
            seen = (*frames, _Locals(dict(inner)))
            kind = self.of(iterator.domain, seen)
            if iterator.upto is not None:
                upto = self.of(iterator.upto, seen)
                self._compare(iterator, "<=", (iterator.domain, kind), (iterator.upto, upto))
                inner[iterator.name] = kind
            else:
                inner[iterator.name] = item_of(kind)
        return inner

    def _for(self, node: t.For, frames: _Frames) -> Type:
        inner = self._iterators(node.iterators, frames)
        return ListOf(self.of(node.body, (*frames, _Locals({"partial": ListOf(ANY), **inner}))))

    def _quantified(self, node: t.Quantified, frames: _Frames) -> Type:
        inner = self._iterators(node.iterators, frames)
        self._condition(node.body, (*frames, _Locals(inner)))
        return BOOLEAN

    def _instance(self, node: t.InstanceOf, frames: _Frames) -> Type:
        self.of(node.of, frames)
        self._written(node.type)
        return BOOLEAN

    def _written(self, written: t.TypeName) -> Type:
        found = declared(written, self.types)
        return self._find("expressions.types.unknown", written, name=written.name) if found is None else found

    def _function(self, node: t.FunctionLiteral, frames: _Frames) -> Type:
        types = tuple(ANY if w is None else self._written(w) for w in node.types)
        known = dict(zip(node.parameters, types, strict=True))
        if node.external:
            return FunctionOf(types, ANY)
        return FunctionOf(types, self.of(node.body, (*frames, _Locals(known))))


_INFER: dict[type[t.Node], Callable[[_Inference, Any, _Frames], Type]] = {
    t.Literal: _Inference._literal,
    t.LocalDateTime: _Inference._local_date_time,
    t.Name: _Inference._name,
    t.Path: _Inference._path,
    t.Filter: _Inference._filter,
    t.Call: _Inference._application,
    t.Negation: _Inference._negation,
    t.Arithmetic: _Inference._arithmetic,
    t.Comparison: _Inference._comparison,
    t.Conjunction: _Inference._logic,
    t.Disjunction: _Inference._logic,
    t.Between: _Inference._between,
    t.UnaryTest: _Inference._unary_test,
    t.In: _Inference._in,
    t.RangeLiteral: _Inference._range,
    t.ListLiteral: _Inference._list,
    t.ContextLiteral: _Inference._context,
    t.If: _Inference._if,
    t.For: _Inference._for,
    t.Quantified: _Inference._quantified,
    t.InstanceOf: _Inference._instance,
    t.FunctionLiteral: _Inference._function,
}
