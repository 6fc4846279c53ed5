"""Walks an expression's tree and tells every node in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from taktflow.expressions import tree as t
from taktflow.expressions.builtins import Form, chosen_form, find
from taktflow.expressions.plain.constants import aside, constant_told, is_moment
from taktflow.expressions.plain.phrase import (
    Hold,
    Phrase,
    bracketed,
    call_template,
    filled,
    known,
    separated,
    template,
)
from taktflow.expressions.types import BOOLEAN
from taktflow.values import Language, Text

_PLAIN_NAME = re.compile(r"\w+(?: \w+)*")
_TAKEN = frozenset({"nothing", "true", "false", "missing", "given", "today", "now", "空", "真", "假", "今天", "现在"})
"""Words of our own that a variable's name must not be mistaken for."""
_SUBJECT = "?"
_MOMENTS = frozenset({"date", "time", "date and time", "today", "now"})


@dataclass(slots=True)
class Teller:
    """Tells in one language. ``subject`` is what a cell calls ``?``.

    ``means`` is what names stand for further in: a variable of ``for l in order.lines`` for ``order.lines``, so that
    its fields have their titles; empty where it stands for nothing that is declared.
    """

    language: Language
    titles: Mapping[str, Text]
    subject: str = ""
    means: dict[str, str] = field(default_factory=dict)
    items: tuple[str, ...] = ()

    def of(self, node: t.Node) -> Phrase:
        """``node`` in words."""
        return TOLD[type(node)](self, node)

    def at(self, node: t.Node, hold: Hold) -> str:
        """``node`` as it stands where ``hold`` is wanted."""
        return self.of(node).within(hold, self.language)

    def say(self, group: str, name: str, /, **parts: str) -> str:
        """The phrase with its parts filled in."""
        return filled(template(group, name, self.language), parts, self.language)

    def listed(self, nodes: Iterable[t.Node]) -> str:
        """Nodes one after the other; only clauses hold commas of their own."""
        return separated([self.at(n, Hold.DISJUNCTION) for n in nodes], self.language)

    # -- names ---------------------------------------------------------------------------------------------------

    def titled(self, path: str) -> str | None:
        """What people call ``path``; its name stands behind a title that another one has too."""
        title = self.titles.get(path)
        if title is None:
            return None
        text = title[self.language]
        same = Counter(other[self.language] for other in self.titles.values())[text]
        return aside(text, path, self.language) if same > 1 else text

    def path_of(self, node: t.Node) -> str:
        """The declared path that ``node`` stands for; empty when it stands for none."""
        match node:
            case t.Name(name=name):
                return self.means.get(name, name)
            case t.Path(of=of, field=name):
                before = self.path_of(of)
                return f"{before}.{name}" if before else ""
            case t.Filter(of=of):
                return self.path_of(of)
            case _:
                return ""

    def named(self, name: str) -> str:
        """A name without a title."""
        return name if _PLAIN_NAME.fullmatch(name) and name not in _TAKEN else f"“{name}”"

    def _name(self, node: t.Name) -> Phrase:
        if node.name == _SUBJECT:
            return Phrase(self.subject or template("cell", "subject", self.language), Hold.WORD)
        if node.name in self.means:
            return Phrase(self.named(node.name), Hold.WORD)
        for item in reversed(self.items):
            if (title := self.titled(f"{item}.{node.name}")) is not None:
                return Phrase(title, Hold.WORD)
        return Phrase(self.titled(node.name) or self.named(node.name), Hold.WORD)

    def _path(self, node: t.Path) -> Phrase:
        path = self.path_of(node)
        title = self.titled(path) if path else None
        if title is not None and isinstance(self._root(node), t.Name) and self._root_is_free(node):
            return Phrase(title, Hold.WORD)
        named = title or self.named(node.field)
        return Phrase(self.say("node", "path", of=self.at(node.of, Hold.WORD), field=named), Hold.WORD)

    def _root(self, node: t.Node) -> t.Node:
        return self._root(node.of) if isinstance(node, t.Path) else node

    def _root_is_free(self, node: t.Node) -> bool:
        root = self._root(node)
        return isinstance(root, t.Name) and root.name not in self.means

    # -- values --------------------------------------------------------------------------------------------------

    def _literal(self, node: t.Literal) -> Phrase:
        return constant_told(node.value, self.language)

    def _local(self, node: t.LocalDateTime) -> Phrase:
        return Phrase(self.say("node", "local", text=node.text.replace("T", " ")), Hold.WORD)

    def _list(self, node: t.ListLiteral) -> Phrase:
        return Phrase(f"[{self.listed(node.items)}]", Hold.WORD)

    def _context(self, node: t.ContextLiteral) -> Phrase:
        told = []
        with_entries = self._inner({})
        for entry in node.entries:
            told.append(f"{self.named(entry.key)}: {with_entries.at(entry.value, Hold.DISJUNCTION)}")
            with_entries.means[entry.key] = ""
        return Phrase("{" + separated(told, self.language) + "}", Hold.WORD)

    def _entry(self, node: t.Entry) -> Phrase:
        return Phrase(f"{self.named(node.key)}: {self.at(node.value, Hold.DISJUNCTION)}", Hold.CLAUSE)

    def _argument(self, node: t.Argument) -> Phrase:
        value = self.at(node.value, Hold.DISJUNCTION)
        return Phrase(f"{node.name}: {value}" if node.name else value, Hold.CLAUSE)

    def _range(self, node: t.RangeLiteral) -> Phrase:
        return Phrase(self.say("node", "range", of=self.test(node)), Hold.SENTENCE)

    def _unary(self, node: t.UnaryTest) -> Phrase:
        return Phrase(self.say("node", "range", of=self.test(node)), Hold.SENTENCE)

    # -- operators -----------------------------------------------------------------------------------------------

    def _negation(self, node: t.Negation) -> Phrase:
        return Phrase(self.say("node", "negation", of=self.at(node.of, Hold.WORD)), Hold.NOUN)

    def _arithmetic(self, node: t.Arithmetic) -> Phrase:
        hold = {"+": Hold.SUM, "-": Hold.SUM, "**": Hold.POWER}.get(node.operator, Hold.PRODUCT)
        # Read from the left: a right side of the same strength was bracketed by its author. Few know how powers of
        # powers are read, so that both sides of one are.
        left = self.at(node.left, Hold.WORD if hold is Hold.POWER else hold)
        right = self.at(node.right, Hold(hold + 1))
        return Phrase(self.say("arithmetic", node.operator, left=left, right=right), hold)

    def _comparison(self, node: t.Comparison) -> Phrase:
        left = self.at(node.left, Hold.NOUN)
        if isinstance(node.right, t.Literal) and node.right.value is None and node.operator in ("=", "!="):
            return Phrase(self.say("compare", "missing" if node.operator == "=" else "given", left=left), Hold.SENTENCE)
        group = "compare_moment" if self._speaks_of_moments(node.left, node.right) else "compare"
        right = self.at(node.right, Hold.NOUN)
        return Phrase(self.say(group, node.operator, left=left, right=right), Hold.SENTENCE)

    def _speaks_of_moments(self, *nodes: t.Node) -> bool:
        return any(
            isinstance(n, t.LocalDateTime)
            or (isinstance(n, t.Literal) and is_moment(n.value))
            or (isinstance(n, t.Call) and isinstance(n.of, t.Name) and n.of.name in _MOMENTS)
            for n in nodes
        )

    def _conjunction(self, node: t.Conjunction) -> Phrase:
        told = [self.at(o, Hold.SENTENCE) for o in node.operands]
        return Phrase(template("node", "conjunction", self.language).join(told), Hold.CONJUNCTION)

    def _disjunction(self, node: t.Disjunction) -> Phrase:
        # "And" binds firmer than "or", but not every reader knows: such sides stand in brackets.
        told = [self.at(o, Hold.SENTENCE) for o in node.operands]
        return Phrase(template("node", "disjunction", self.language).join(told), Hold.DISJUNCTION)

    def _between(self, node: t.Between) -> Phrase:
        parts = {"of": node.of, "low": node.low, "high": node.high}
        told = {name: self.at(part, Hold.NOUN) for name, part in parts.items()}
        return Phrase(self.say("node", "between", **told), Hold.SENTENCE)

    def _in(self, node: t.In) -> Phrase:
        of = self.at(node.of, Hold.NOUN)
        if len(node.tests) > 1:
            tests = separated([self.test(test) for test in node.tests], self.language)
            return Phrase(self.say("node", "in_any", of=of, test=tests), Hold.SENTENCE)
        name = "in_range" if isinstance(node.tests[0], t.RangeLiteral | t.UnaryTest) else "in"
        return Phrase(self.say("node", name, of=of, test=self.test(node.tests[0])), Hold.SENTENCE)

    def test(self, node: t.Node) -> str:
        """``node`` as what may follow "is": ``at least 3``, ``from 1 to under 5``, or a value."""
        match node:
            case t.UnaryTest(operator=operator, operand=operand):
                group = "test_moment" if self._speaks_of_moments(operand) else "test"
                return self.say(group, operator, right=self.at(operand, Hold.NOUN))
            case t.RangeLiteral(low=low, high=high):
                group = "test_moment" if self._speaks_of_moments(low, high) else "test"
                marks = ("[" if node.low_closed else "(") + ("]" if node.high_closed else ")")
                return self.say(group, marks, low=self.at(low, Hold.NOUN), high=self.at(high, Hold.NOUN))
            case _:
                return self.at(node, Hold.NOUN)

    # -- clauses -------------------------------------------------------------------------------------------------

    def _if(self, node: t.If) -> Phrase:
        test, then = self.at(node.test, Hold.DISJUNCTION), self.at(node.then, Hold.DISJUNCTION)
        # A further "if" after "otherwise" reads on as a chain.
        last = self.of(node.otherwise)
        hold = Hold.CLAUSE if isinstance(node.otherwise, t.If) else Hold.DISJUNCTION
        return Phrase(
            self.say("node", "if", test=test, then=then, otherwise=last.within(hold, self.language)), Hold.CLAUSE
        )

    def _inner(self, means: Mapping[str, str]) -> Teller:
        return Teller(self.language, self.titles, self.subject, {**self.means, **means}, self.items)

    def _walked(self, iterators: Sequence[t.Iterator]) -> tuple[str, Teller]:
        inner, told = self, []
        for iterator in iterators:
            told.append(inner.of(iterator).text)
            inner = inner._inner({iterator.name: "" if iterator.upto else inner.path_of(iterator.domain)})
        return separated(told, self.language), inner

    def _iterator(self, node: t.Iterator) -> Phrase:
        domain, name = self.at(node.domain, Hold.WORD), self.named(node.name)
        if node.upto is None:
            return Phrase(self.say("node", "iterator", name=name, domain=domain), Hold.CLAUSE)
        upto = self.at(node.upto, Hold.WORD)
        return Phrase(self.say("node", "iterator_upto", name=name, domain=domain, upto=upto), Hold.CLAUSE)

    def _for(self, node: t.For) -> Phrase:
        iterators, inner = self._walked(node.iterators)
        body = inner._inner({"partial": ""}).at(node.body, Hold.WORD)
        return Phrase(self.say("node", "for", iterators=iterators, body=body), Hold.CLAUSE)

    def _quantified(self, node: t.Quantified) -> Phrase:
        iterators, inner = self._walked(node.iterators)
        body = inner.of(node.body).text
        return Phrase(self.say("node", "every" if node.every else "some", iterators=iterators, body=body), Hold.CLAUSE)

    def _function(self, node: t.FunctionLiteral) -> Phrase:
        inner = self._inner(dict.fromkeys(node.parameters, ""))
        parameters = separated([self.named(p) for p in node.parameters], self.language)
        body = inner.at(node.body, Hold.WORD)
        return Phrase(self.say("node", "function", parameters=parameters, body=body), Hold.CLAUSE)

    # -- parts of lists and types --------------------------------------------------------------------------------

    def _filter(self, node: t.Filter) -> Phrase:
        of = self.at(node.of, Hold.WORD)
        test = node.test
        if isinstance(test, t.Literal) and isinstance(test.value, Decimal):
            return self._numbered(of, test.value)
        inner = Teller(self.language, self.titles, self.subject, {**self.means, "item": ""}, self.items)
        if path := self.path_of(node.of):
            inner.items = (*self.items, path)
        if asks(test):
            return Phrase(self.say("node", "where", of=of, test=inner.of(test).text), Hold.NOUN)
        return Phrase(self.say("node", "entry", of=of, test=inner.at(test, Hold.WORD)), Hold.NOUN)

    def _numbered(self, of: str, number: Decimal) -> Phrase:
        if number in (1, -1):
            return Phrase(self.say("node", "first" if number == 1 else "last", of=of), Hold.NOUN)
        name = "nth" if number >= 0 else "nth_last"
        return Phrase(self.say("node", name, of=of, test=constant_told(abs(number), self.language).text), Hold.NOUN)

    def _instance(self, node: t.InstanceOf) -> Phrase:
        of, type_ = self.at(node.of, Hold.NOUN), self.of(node.type).text
        return Phrase(self.say("node", "instance", of=of, type=type_), Hold.SENTENCE)

    def _type(self, node: t.TypeName) -> Phrase:
        word = " ".join(node.name.split())
        name = template("type", word, self.language) if word in known("type") else self.named(word)
        told = [self.of(part).text for part in node.parts]
        if not told:
            return Phrase(name, Hold.NOUN)
        if word == "function":
            parts = separated(told[:-1], self.language)
            return Phrase(self.say("type", "signature", parts=parts, result=told[-1]), Hold.NOUN)
        if node.fields:
            told = [f"{f}: {part}" for f, part in zip(node.fields, told, strict=True)]
        return Phrase(self.say("type", "of", name=name, parts=separated(told, self.language)), Hold.NOUN)

    # -- calls ---------------------------------------------------------------------------------------------------

    def _call(self, node: t.Call) -> Phrase:
        name = node.of.name if isinstance(node.of, t.Name) else ""
        built_in = find(name) if name and name not in self.means else None
        names = tuple(a.name for a in node.arguments)
        chosen = chosen_form(built_in, len(names), names) if built_in else None
        if built_in is not None and chosen is not None:
            form, order = chosen
            text = call_template(name, built_in.forms.index(form), self.language)
            if text is not None:
                told = self._parameters(form, order, [a.value for a in node.arguments])
                return Phrase(filled(text, told, self.language), _hold(form))
        arguments = separated([self.of(a).text for a in node.arguments], self.language)
        if name:
            return Phrase(self.at(node.of, Hold.WORD) + bracketed(arguments, self.language), Hold.WORD)
        of = bracketed(self.of(node.of).text, self.language)
        return Phrase(self.say("node", "applied", of=of, arguments=arguments), Hold.NOUN)

    def _parameters(self, form: Form, order: Sequence[int | None], values: Sequence[t.Node]) -> dict[str, str]:
        told: dict[str, str] = {}
        for place, parameter in enumerate(form.parameters):
            if form.rest and place == len(form.parameters) - 1:
                told[f"*{parameter.name}"] = self.listed(values[place:])
            elif (index := order[place]) is not None:
                told[parameter.name] = self.at(values[index], Hold.WORD)
        return told


def _hold(form: Form) -> Hold:
    if form.result == BOOLEAN:
        return Hold.SENTENCE
    return Hold.NOUN if form.parameters else Hold.WORD


def asks(node: t.Node) -> bool:
    """Whether ``node`` says something that is true or false, as far as its form tells."""
    if isinstance(node, t.Call) and isinstance(node.of, t.Name):
        built_in = find(node.of.name)
        return built_in is not None and all(f.result == BOOLEAN for f in built_in.forms)
    told = t.Comparison | t.Conjunction | t.Disjunction | t.Between | t.In | t.Quantified | t.InstanceOf
    return isinstance(node, told) or (isinstance(node, t.Literal) and isinstance(node.value, bool))


TOLD: Mapping[type[t.Node], Callable[[Teller, Any], Phrase]] = {
    t.Literal: Teller._literal,
    t.LocalDateTime: Teller._local,
    t.Name: Teller._name,
    t.Path: Teller._path,
    t.Filter: Teller._filter,
    t.Argument: Teller._argument,
    t.Call: Teller._call,
    t.Negation: Teller._negation,
    t.Arithmetic: Teller._arithmetic,
    t.Comparison: Teller._comparison,
    t.Conjunction: Teller._conjunction,
    t.Disjunction: Teller._disjunction,
    t.Between: Teller._between,
    t.UnaryTest: Teller._unary,
    t.In: Teller._in,
    t.RangeLiteral: Teller._range,
    t.ListLiteral: Teller._list,
    t.Entry: Teller._entry,
    t.ContextLiteral: Teller._context,
    t.If: Teller._if,
    t.Iterator: Teller._iterator,
    t.For: Teller._for,
    t.Quantified: Teller._quantified,
    t.TypeName: Teller._type,
    t.InstanceOf: Teller._instance,
    t.FunctionLiteral: Teller._function,
}
