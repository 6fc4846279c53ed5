"""What a ``typeRef`` means, and which values conform to it (DMN 1.5, 7.3.2 and 10.3.2.9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from taktflow.expressions import ANY, SUBJECT, Expression, Function, Type, conforms
from taktflow.expressions.types import ANY_CONTEXT, ANY_LIST, DATETIME, ContextOf, FunctionOf, ListOf, written_type
from taktflow.rules.dmn.boxes import LiteralExpression, Place
from taktflow.rules.dmn.document import ItemDefinition
from taktflow.rules.dmn.nodes import Known, one_test, tests_of
from taktflow.rules.dmn.notes import Notes
from taktflow.rules.dmn.passage import Passage
from taktflow.values import Value

_BUILT_IN: Mapping[str, str] = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "any": "Any",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A type with its constraints: of a list when ``item`` is set, of a context when ``fields`` are.

    ``tests`` are conditions over ``?`` that all must hold; ``order`` are the allowed values one by one.
    """

    name: str
    type: Type = ANY
    item: Kind | None = None
    fields: Mapping[str, Kind] | None = None
    parameters: int | None = None
    tests: tuple[Expression, ...] = ()
    order: tuple[Expression, ...] = ()

    def as_type(self) -> Type:
        """What an expression knows of it; its constraints are not."""
        if self.item is not None:
            return ListOf(self.item.as_type())
        if self.fields is not None:
            return ContextOf({name: kind.as_type() for name, kind in self.fields.items()}, open=True)
        if self.parameters is not None:
            return FunctionOf((ANY,) * self.parameters, ANY)
        return self.type

    def holds(self, value: Value, passage: Passage) -> bool:
        """Whether ``value`` conforms as it is; null always does."""
        if value is None:
            return True
        passage.run.charge(1)
        if not self._shaped(value, passage):
            return False
        return all(test.evaluate_within({SUBJECT: value}, passage.run) is True for test in self.tests)

    def _shaped(self, value: Value, passage: Passage) -> bool:
        if self.item is not None:
            item = self.item
            return isinstance(value, list | tuple) and all(item.holds(v, passage) for v in value)
        if self.fields is not None:
            return isinstance(value, Mapping) and all(
                name in value and kind.holds(value[name], passage) for name, kind in self.fields.items()
            )
        if self.parameters is not None:
            return isinstance(value, Function) and len(value.parameters) == self.parameters
        return conforms(value, self.type)

    def fitted(self, value: Value, passage: Passage, at: Place) -> Value:
        """``value``, a list of one standing for its entry and an entry for a list of one; null when it does not fit."""
        if self.holds(value, passage):
            return value
        if isinstance(value, list | tuple) and len(value) == 1 and self.holds(value[0], passage):
            return value[0]
        if (self.item is not None or self.type == ANY_LIST) and self.holds([value], passage):
            return [value]
        if self.type == DATETIME and type(value) is date:
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        passage.note("dmn.type_mismatch", at, value=value, type=self.name)
        return None


ANYTHING = Kind("Any")


@dataclass(slots=True)
class Kinds:
    """The types of one file, resolved when first asked for. ``imported`` are those of other files by import name."""

    items: Mapping[str, ItemDefinition]
    notes: Notes
    imported: Mapping[str, Kinds] = field(default_factory=dict)
    _known: dict[str, Kind] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def kind(self, type_ref: str, at: Place) -> Kind:
        """What ``type_ref`` means; anything when it is empty or, with a finding, when there is no such type."""
        name = " ".join(type_ref.split())
        if not name:
            return ANYTHING
        found = self._find(name)
        if found is None and ":" in name:
            found = self._find(name.partition(":")[2])
        if found is None:
            self.notes.add("dmn.type_unknown", at, "warning", type=name)
            return ANYTHING
        return found

    def declared(self) -> Iterator[tuple[str, Type]]:
        """Every type of the file and of those it imports, by the name it is spoken of."""
        for name, item in self.items.items():
            yield name, self.kind(name, item.at).as_type()
        for prefix, kinds in self.imported.items():
            for name, item in kinds.items.items():
                yield f"{prefix}.{name}" if prefix else name, kinds.kind(name, item.at).as_type()

    def _find(self, name: str) -> Kind | None:
        if name in self._known:
            return self._known[name]
        if name in self.items:
            return self._declared(name, self.items[name])
        for prefix, kinds in self.imported.items():
            if prefix and name.startswith(prefix + "."):
                return kinds._find(name[len(prefix) + 1 :])
        unnamed = self.imported.get("")
        if unnamed is not None and (found := unnamed._find(name)) is not None:
            return found
        return _built_in(name)

    def _declared(self, name: str, item: ItemDefinition) -> Kind:
        if name in self._open:
            self.notes.add("dmn.type_circle", item.at, type=name)
            return ANYTHING
        self._open.add(name)
        try:
            made = self._made(item)
        finally:
            self._open.discard(name)
        self._known[name] = made
        return made

    def _made(self, item: ItemDefinition) -> Kind:
        base, allowed, constraint = self._base(item), self._tests(item.allowed), self._tests(item.constraint)
        order = self._order(item.allowed) or base.order
        if item.collection:
            one = replace(base, tests=base.tests + allowed, order=order)
            return Kind(item.name, item=one, tests=constraint)
        return replace(base, name=item.name, tests=base.tests + allowed + constraint, order=order)

    def _base(self, item: ItemDefinition) -> Kind:
        if item.components:
            return Kind(item.name, fields={c.name: self._made(c) for c in item.components})
        if item.function is not None:
            return Kind(item.name, parameters=len(item.function[0]))
        return self.kind(item.type_ref, item.at)

    def _tests(self, tests: LiteralExpression | None) -> tuple[Expression, ...]:
        node = None if tests is None else one_test(tests, Known(), self.notes)
        return () if node is None else (Expression("", node),)

    def _order(self, tests: LiteralExpression | None) -> tuple[Expression, ...]:
        found = None if tests is None else tests_of(tests, Known(), self.notes)
        return () if found is None else tuple(Expression("", node) for node in found[0])


def _built_in(name: str) -> Kind | None:
    if name == "context":
        return Kind(name, ANY_CONTEXT)
    if name == "function":
        return ANYTHING
    found = written_type(_BUILT_IN.get(name, name))
    return None if found is None else Kind(name, found)
