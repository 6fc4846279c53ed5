"""Which names an expression sees and of which types, and what is wrong with an expression there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from taktflow.definitions.checking.world import Notes
from taktflow.expressions import (
    ANY,
    DATETIME,
    DAYS_TIME,
    NULL,
    STRING,
    YEARS_MONTHS,
    ContextOf,
    ExpressionInvalid,
    ListOf,
    Type,
    parse,
)
from taktflow.values import Pointer

INSTANCE = ContextOf({"id": STRING, "key": STRING, "by": STRING, "started_at": DATETIME, "workflow": STRING})
ERROR = ContextOf({"code": STRING, "message": STRING, "zh": STRING, "details": ANY, "node": STRING})
PATH = re.compile(r"[a-zA-Z_]\w*(\.[a-zA-Z_]\w*)*", re.A)
_HOLE = re.compile(r"\{\{(.*?)\}\}", re.S)

LIST = ListOf(ANY)
SPAN = (DAYS_TIME, YEARS_MONTHS, STRING)
PRINCIPALS = (STRING, ListOf(STRING))


@dataclass(frozen=True, slots=True)
class Scope:
    """The names in sight. An ``open`` scope may hold more names than are known, such as a start's payload."""

    types: Mapping[str, Type] = field(default_factory=dict)
    open: bool = False

    def with_names(self, **types: Type) -> Scope:
        """The scope with ``types`` laid over it."""
        return Scope({**self.types, **types}, self.open)

    def types_for(self, names: frozenset[str]) -> Mapping[str, Type]:
        """The types for an expression that reads ``names``."""
        if not self.open:
            return self.types
        return {**dict.fromkeys(names, ANY), **self.types}


def expression(notes: Notes, text: str, at: Pointer, scope: Scope, *expects: Type) -> Type:
    """The type of ``text`` in ``scope``; findings when it cannot be read, is wrong, or is none of ``expects``."""
    try:
        parsed = parse(text)
    except ExpressionInvalid as wrong:
        for finding in wrong.findings:
            notes.add(finding.code, at, "error", **{**finding.args})
        return ANY
    type_, findings = parsed.infer(scope.types_for(parsed.names))
    for finding in findings:
        notes.add(finding.code, at, finding.severity, **{**finding.args})
    if expects and not findings and not any(fits(type_, e) for e in expects):
        notes.add(
            "expression.type", at, expected=" / ".join(dict.fromkeys(_word(e) for e in expects)), found=str(type_)
        )
    return type_


def fits(found: Type, expected: Type) -> bool:
    """Whether a value of type ``found`` may be what is ``expected``; what is not known may be."""
    if found in (ANY, NULL) or expected == ANY or found == expected:
        return True
    if isinstance(found, ListOf) and isinstance(expected, ListOf):
        return fits(found.item, expected.item)
    return isinstance(found, ContextOf) and isinstance(expected, ContextOf)


def _word(type_: Type) -> str:
    return "list" if type_ == LIST else "context" if isinstance(type_, ContextOf) else str(type_)


def template(notes: Notes, text: str, at: Pointer, scope: Scope) -> None:
    """Findings about the ``{{ FEEL }}`` in ``text``."""
    for hole in _HOLE.finditer(text):
        expression(notes, hole[1].strip(), at, scope)
    if text.count("{{") != text.count("}}"):
        notes.add("expression.template_open", at)


def computed_in(value: object, at: Pointer) -> Iterator[tuple[str, Pointer]]:
    """Every ``{$: FEEL}`` anywhere in ``value`` with its pointer."""
    if isinstance(value, Mapping):
        if value.keys() == {"$"} and isinstance(value["$"], str):
            yield value["$"], f"{at}/$"
            return
        for key, inner in value.items():
            yield from computed_in(inner, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from computed_in(inner, f"{at}/{i}")


def assigned(types: dict[str, Type], path: str, value: Type) -> bool:
    """Notes in ``types`` that ``path`` (dotted) is assigned; False when a closed context did not declare it.

    Lists on the way are gone through: what a for-each assigns to its item is assigned to every item.
    """
    head, *rest = path.split(".")
    if head not in types:
        types[head] = _nested(rest, value)
        return True
    types[head], declared = _assigned(types[head], rest, value)
    return declared


def _nested(rest: list[str], value: Type) -> Type:
    return value if not rest else ContextOf({rest[0]: _nested(rest[1:], value)}, open=True)


def _assigned(here: Type, rest: list[str], value: Type) -> tuple[Type, bool]:
    if not rest:
        # What is declared stays what readers may rely on.
        return here, True
    if isinstance(here, ListOf):
        item, declared = _assigned(here.item, rest, value)
        return ListOf(item), declared
    if not isinstance(here, ContextOf):
        return here, True
    name = rest[0]
    if name in here.fields:
        inner, declared = _assigned(here.fields[name], rest[1:], value)
        return ContextOf({**here.fields, name: inner}, here.open), declared
    return ContextOf({**here.fields, name: _nested(rest[1:], value)}, here.open), here.open


def item_of(type_: Type) -> Type:
    """What a list of ``type_`` holds; anything when it is not known to be a list."""
    return type_.item if isinstance(type_, ListOf) else ANY
