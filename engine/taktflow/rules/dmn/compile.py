"""From boxed expressions to one FEEL tree each, so that one evaluator runs them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from taktflow.expressions import ANY, Expression, Function, Type, operators
from taktflow.expressions import tree as t
from taktflow.rules.dmn import boxes as b
from taktflow.rules.dmn.kinds import ANYTHING, Kind, Kinds
from taktflow.rules.dmn.nodes import NULL, Known, called, named, one_test, ours, read_text, span_of, tests_of
from taktflow.rules.dmn.notes import Notes
from taktflow.rules.dmn.passage import KEY, Passage
from taktflow.rules.dmn.table import Answer, Clause, Line, Table
from taktflow.values import Value

_RESULT = "\0result"
"""The entry of a context that is its value; no text can write the name."""


class Compiler:
    """Compiles the boxed expressions of one file."""

    def __init__(self, kinds: Kinds, notes: Notes) -> None:
        self.kinds, self.notes = kinds, notes

    def node(self, box: b.Box | None, known: Known, expected: str = "") -> t.Node:
        """The tree of ``box`` in a scope that knows ``known``; its value is fitted to its own declared type.

        ``expected`` is the type that the surroundings declare; they fit the value to it themselves.
        """
        if box is None:
            return NULL
        node = _COMPILE[type(box)](self, box, known, expected)
        if isinstance(box, b.FunctionDefinition):
            return node
        return self.fitted(node, box.type_ref, box.at)

    def fitted(self, node: t.Node, type_ref: str, at: b.Place) -> t.Node:
        """``node`` with its value fitted to ``type_ref``."""
        kind = self.kinds.kind(type_ref, at)
        if kind is ANYTHING or kind.name == "Any":
            return node

        def fit(passage: Passage, value: Value) -> Value:
            return kind.fitted(value, passage, at)

        return ours(fit, node)

    def _literal(self, box: b.LiteralExpression, known: Known, _: str) -> t.Node:
        return read_text(box, known, self.notes)

    def _context(self, box: b.Context, known: Known, _: str) -> t.Node:
        entries: list[t.Entry] = []
        for entry in box.entries:
            value = self.fitted(self.node(entry.value, known, entry.type_ref), entry.type_ref, box.at)
            entries.append(t.Entry(key=entry.name or _RESULT, value=value, at=0, end=0))
            known = known.with_names(entry.name)
        literal = t.ContextLiteral(entries=tuple(entries), at=0, end=0)
        if any(e.key == _RESULT for e in entries):
            return t.Path(of=literal, field=_RESULT, at=0, end=0)
        return literal

    def _invocation(self, box: b.Invocation, known: Known, _: str) -> t.Node:
        of = self.node(box.of, known)
        arguments = [
            (e.name, self.fitted(self.node(e.value, known, e.type_ref), e.type_ref, box.at)) for e in box.bindings
        ]
        if any(not name for name, _ in arguments):
            self.notes.add("dmn.binding_name", box.at)
            return NULL
        return called(of, arguments)

    def _relation(self, box: b.Relation, known: Known, _: str) -> t.Node:
        rows = []
        for row in box.rows:
            cells = zip(box.columns, box.column_types, row, strict=True)
            entries = {c: self.fitted(self.node(cell, known, kind), kind, box.at) for c, kind, cell in cells}
            # A row's cells do not see one another, so none is an entry that the next one reads.
            rows.append(_context_of(entries))
        return t.ListLiteral(items=tuple(rows), at=0, end=0)

    def _listing(self, box: b.Listing, known: Known, _: str) -> t.Node:
        return t.ListLiteral(items=tuple(self.node(i, known) for i in box.items), at=0, end=0)

    def _conditional(self, box: b.Conditional, known: Known, expected: str) -> t.Node:
        test, then, otherwise = (self.node(n, known, expected) for n in (box.test, box.then, box.otherwise))
        return t.If(test=test, then=then, otherwise=otherwise, at=0, end=0)

    def _filtering(self, box: b.Filtering, known: Known, _: str) -> t.Node:
        test = ours(condition, self.node(box.test, known.with_names("item")))
        found = t.Filter(of=self.node(box.of, known), test=test, at=0, end=0)
        return ours(unless_unfit, t.FunctionLiteral(parameters=(), body=found, at=0, end=0))

    def _iteration(self, box: b.Iteration, known: Known, _: str) -> t.Node:
        iterator = self._iterator(box, known)
        body = self.node(box.body, known.with_names(box.name, "partial"))
        if box.word == "for":
            return t.For(iterators=(iterator,), body=body, at=0, end=0)
        # All answers are looked at, also after one that settles it: each must be a condition.
        answers = t.For(iterators=(iterator,), body=ours(condition, body), at=0, end=0)
        settle = operators.conjunction if box.word == "every" else operators.disjunction
        found = ours(lambda _, values: None if values is None else settle(*values), answers)
        return ours(unless_unfit, t.FunctionLiteral(parameters=(), body=found, at=0, end=0))

    def _iterator(self, box: b.Iteration, known: Known) -> t.Iterator:
        span = span_of(box.domain, known)
        if span is not None:
            return t.Iterator(name=box.name, domain=span[0], upto=span[1], at=0, end=0)
        return t.Iterator(name=box.name, domain=self.node(box.domain, known), upto=None, at=0, end=0)

    def _function(self, box: b.FunctionDefinition, known: Known, expected: str) -> t.Node:
        if box.language != "FEEL":
            return NULL
        parameters = tuple(p.name for p in box.parameters)
        body = self.node(box.body, known.with_names(*parameters), box.type_ref)
        literal = t.FunctionLiteral(parameters=parameters, body=body, at=0, end=0)
        return self._typed(literal, box)

    def _typed(self, literal: t.Node, box: b.FunctionDefinition) -> t.Node:
        takes = tuple(self.kinds.kind(p.type_ref, box.at) for p in box.parameters)
        gives = self.kinds.kind(box.type_ref, box.at)

        def typed(passage: Passage, function: Value) -> Value:
            return typed_function(function, takes, gives, passage, box.at)

        return ours(typed, literal)

    def _table(self, box: b.DecisionTable, known: Known, expected: str) -> t.Node:
        table = self.table(box, known, expected)
        free = sorted(table.names - {KEY})

        def answer(passage: Passage, *values: Value) -> Value:
            return table.answer(dict(zip(free, values, strict=True)), passage)

        return ours(answer, *(named(n) for n in free))

    def table(self, box: b.DecisionTable, known: Known, expected: str = "") -> Table:
        """The decision table ready to answer."""
        asked = tuple(
            Clause(
                known.expression(read_text(i.expression, known, self.notes), i.expression.text),
                self.kinds.kind(i.expression.type_ref, i.expression.at),
                self._test(i.values, known),
            )
            for i in box.inputs
        )
        answered = tuple(self._answer(o, box, expected, known) for o in box.outputs)
        # A large table says the same in many cells: each text is read and compiled once.
        tests = {cell.text: cell for rule in box.rules for cell in rule.tests}
        answers = {cell.text: cell for rule in box.rules for cell in rule.answers}
        tested = {text: self._test(cell, known) for text, cell in tests.items()}
        given = {text: self._output(cell, known) for text, cell in answers.items()}
        lines = tuple(
            Line(rule.id, tuple(tested[c.text] for c in rule.tests), tuple(given[c.text] for c in rule.answers))
            for rule in box.rules
        )
        return Table(box.id or box.at.element, box.at, box.hit_policy, box.aggregation, asked, answered, lines)

    def _answer(self, clause: b.OutputClause, box: b.DecisionTable, expected: str, known: Known) -> Answer:
        type_ref = clause.type_ref
        order = None if clause.values is None else tests_of(clause.values, known, self.notes)
        around = (box.type_ref or expected) if len(box.outputs) == 1 else ""
        kind = self.kinds.kind(type_ref, box.at)
        declared = kind if kind.order or not around else self.kinds.kind(around, box.at)
        return Answer(
            clause.name,
            kind,
            tuple(map(known.expression, order[0])) if order else declared.order,
            None if clause.default is None else self._output(clause.default, known),
        )

    def _output(self, box: b.LiteralExpression, known: Known) -> Expression:
        # An output entry left empty, or a dash, answers nothing.
        empty = box.text.strip() in ("", "-")
        return known.expression(NULL if empty else read_text(box, known, self.notes), box.text)

    def _test(self, box: b.LiteralExpression | None, known: Known) -> Expression | None:
        node = None if box is None else one_test(box, known, self.notes)
        return None if node is None or box is None else known.expression(node, box.text)


class _Unfit(Exception):
    """Inside this module only: a condition gave something else, so the expression around it is null."""


def condition(_: Passage, value: Value) -> Value:
    """``value``, which is true, false or unknown."""
    if value is not None and not isinstance(value, bool):
        raise _Unfit
    return value


def unless_unfit(_: Passage, function: Value) -> Value:
    """The value of ``function``; null when one of its conditions is none."""
    try:
        return function.body() if isinstance(function, Function) else None
    except _Unfit:
        return None


def _context_of(entries: Mapping[str, t.Node]) -> t.Node:
    keys = tuple(entries)

    def together(_: Value, *values: Value) -> Value:
        return dict(zip(keys, values, strict=True))

    return ours(together, *entries.values())


def typed_function(function: Value, takes: tuple[Kind, ...], gives: Kind, passage: Passage, at: b.Place) -> Value:
    """``function`` with its arguments and result fitted; an argument that does not fit makes the call null."""
    if not isinstance(function, Function):
        return None
    body = function.body

    def fitting(*arguments: Value) -> Value:
        fitted = [kind.fitted(value, passage, at) for kind, value in zip(takes, arguments, strict=True)]
        if any(new is None and old is not None for new, old in zip(fitted, arguments, strict=True)):
            return None
        return gives.fitted(body(*fitted), passage, at)

    return Function(function.parameters, fitting, *declared_types(takes, gives))


def declared_types(takes: Sequence[Kind], gives: Kind) -> tuple[tuple[Type, ...], Type | None]:
    """The types of a function's parameters and result as expressions know them; none where none is declared."""
    result = gives.as_type()
    types = tuple(kind.as_type() for kind in takes)
    return types if any(one != ANY for one in types) else (), None if result == ANY else result


_COMPILE: Mapping[type[b.Box], Callable[[Compiler, Any, Known, str], t.Node]] = {
    b.LiteralExpression: Compiler._literal,
    b.DecisionTable: Compiler._table,
    b.Context: Compiler._context,
    b.Invocation: Compiler._invocation,
    b.Relation: Compiler._relation,
    b.Listing: Compiler._listing,
    b.FunctionDefinition: Compiler._function,
    b.Conditional: Compiler._conditional,
    b.Filtering: Compiler._filtering,
    b.Iteration: Compiler._iteration,
}
