"""What a decision table's input cell asks of its column's value (unary tests, DMN 1.5, 7.3.3), in a form to index.

``-`` asks nothing; ``EU, US`` lists values, unquoted in a text column; ``[100..500)`` and ``>= 2026-01-01`` are
intervals; ``not(...)`` turns the answer around; names and expressions become residuals that see the value as ``?``.
A cell that begins with ``=`` is one whole expression.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from typing import TypeAlias, cast

from taktflow.expressions.expression import Expression, parse
from taktflow.expressions.faults import ExpressionInvalid
from taktflow.expressions.limits import SOURCE_CHARS
from taktflow.expressions.literals import NotLiteral, cell_literal, meant_instead
from taktflow.expressions.operators import disjunction, includes, less, same
from taktflow.expressions.run import Clock, Run
from taktflow.expressions.types import ANY, BOOLEAN, NULL, Simple, Type
from taktflow.values import Finding, Range, Value

SUBJECT = "?"
"""The name by which an expression in a cell reads the column's value."""

_INTERVAL = re.compile(r"([\[\](])\s*(.+?)\s*\.\.\s*(.+?)\s*([\])\[])", re.DOTALL)
_COMPARISON = re.compile(r"(<=|>=|!=|<|>)\s*(.+)", re.DOTALL)

_BARE_MOMENT = re.compile(
    r'(?<!["\w-])\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?(?!["\w-])', re.ASCII
)


@dataclass(frozen=True, slots=True)
class Residual:
    """A test that only the running table can settle. ``asks``: it speaks of ``?`` itself, so it may ask for null."""

    expression: Expression
    asks: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One input cell: the value must meet any of its tests, or none of them when it is ``negated``.

    ``wildcard``: every value meets it, null too. ``null``: the word ``null`` is among the tests. ``values`` are
    constants to equal, ``intervals`` constant ranges, open where an end is None.
    """

    text: str
    type: Type
    wildcard: bool = False
    negated: bool = False
    null: bool = False
    values: tuple[Value, ...] = ()
    intervals: tuple[Range, ...] = ()
    residuals: tuple[Residual, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The variables its residuals read from the scope."""
        return frozenset().union(*(r.expression.names for r in self.residuals)) - {SUBJECT}

    def matches(self, value: Value, scope: Mapping[str, Value], clock: Clock) -> bool:
        """Whether ``value`` meets the cell; what cannot be compared does not, negated or not."""
        if self.wildcard:
            return True
        answer = disjunction(*self._answers(value, scope, clock))
        return answer is False if self.negated else answer is True

    def _answers(self, value: Value, scope: Mapping[str, Value], clock: Clock) -> Iterator[Value]:
        if value is None:
            # Null is unknown, not "none of these": a missing region must not pass not("EU").
            yield True if self.null else None if self.negated else False
        else:
            yield from (same(value, v) for v in self.values)
            yield from (includes(i, value) for i in self.intervals)
            yield False
        asked = [r.expression for r in self.residuals if value is not None or r.asks]
        seen = ChainMap({SUBJECT: value}, cast(dict[str, Value], scope)) if asked else scope
        if len(asked) == 1:
            yield asked[0].evaluate(seen, clock)
        else:
            # One budget for all of them: a cell may hold hundreds.
            run = Run(clock)
            yield from (expression.evaluate_sharing(seen, run) for expression in asked)

    def infer(self, types: Mapping[str, Type]) -> tuple[Finding, ...]:
        """What cannot be right about its residuals, where the variables have ``types``."""
        known = {**types, SUBJECT: self.type}
        return tuple(f for r in self.residuals for f in r.expression.infer(known)[1])


Names: TypeAlias = frozenset[str]


@lru_cache(maxsize=16_384)
def parse_cell(
    text: str, type: Type, zone: tzinfo | None = None, names: Names = frozenset(), fields: Names = frozenset()
) -> Cell:
    """The cell that ``text`` writes in a column of ``type``; ``zone`` is meant by dates with a time but no offset.

    ``names`` and ``fields`` are those :func:`parse` asks for. :class:`ExpressionInvalid` has the offset of the mistake
    in ``text`` and a hint where one can be given.
    """
    if len(text) > SOURCE_CHARS:
        raise ExpressionInvalid("expressions.limit.source", offset=SOURCE_CHARS, limit=SOURCE_CHARS)
    body = text.strip()
    at = len(text) - len(text.lstrip())
    if body in ("", "-"):
        return Cell(text, type, wildcard=True)
    if body.startswith("=") and not body.startswith("=="):
        expression = body[1:].strip()
        whole = _Tests(type, zone, text, names, fields).residual(expression, at + len(body) - len(expression))
        return Cell(text, type, residuals=(whole,))
    inner = _negated(body)
    if inner is not None:
        at += body.index(inner, body.index("(") + 1)
    found = _Tests(type, zone, text, names, fields)
    for piece, place in _pieces(inner if inner is not None else body):
        found.take(piece, at + place)
    return Cell(
        text,
        type,
        negated=inner is not None,
        null=found.null,
        values=tuple(found.values),
        intervals=tuple(found.intervals),
        residuals=tuple(found.residuals),
    )


def _negated(body: str) -> str | None:
    """What stands between the brackets when all of ``body`` is ``not(...)``."""
    match = re.match(r"not\s*\(", body)
    if match is None or not body.endswith(")"):
        return None
    inner = body[match.end() : -1]
    depth = 0
    for mark, _ in _marks(inner):
        depth += (mark in "([{") - (mark in ")]}")
        if depth < 0 and mark == ")":
            return None
    return inner if inner.strip() else None


def _marks(text: str) -> Iterator[tuple[str, int]]:
    """The characters of ``text`` outside double quotes."""
    quoted = escaped = False
    for place, mark in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and mark == "\\":
            escaped = True
        elif mark == '"':
            quoted = not quoted
        elif not quoted:
            yield mark, place


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """The tests between the commas that no bracket and no quote encloses, each with its offset."""
    depth, start = 0, 0
    for mark, place in [*_marks(text), (",", len(text))]:
        if mark in "([{":
            depth += 1
        elif mark in ")]}":
            depth -= 1
        elif (mark == "," and depth == 0) or place == len(text):
            piece = text[start:place]
            yield piece.strip(), start + len(piece) - len(piece.lstrip())
            start = place + 1


@dataclass(slots=True)
class _Tests:
    """Gathers the tests of one cell."""

    type: Type
    zone: tzinfo | None
    text: str
    names: Names = frozenset()
    fields: Names = frozenset()
    null: bool = False
    values: list[Value] = field(default_factory=list)
    intervals: list[Range] = field(default_factory=list)
    residuals: list[Residual] = field(default_factory=list)

    def take(self, piece: str, at: int) -> None:
        """Adds the test ``piece``, which stands at offset ``at`` of the cell."""
        if not piece:
            raise ExpressionInvalid("expressions.cell.empty", offset=min(at, max(len(self.text) - 1, 0)))
        if piece == "null":
            self.null = True
        elif (match := _COMPARISON.fullmatch(piece)) is not None:
            self._compare(match[1], match[2], at, at + match.start(2))
        elif (match := _INTERVAL.fullmatch(piece)) is not None and self._interval(match, at):
            pass
        else:
            self._equal(piece, at)

    def _equal(self, piece: str, at: int) -> None:
        try:
            value = cell_literal(piece, self.type, self.zone)
        except NotLiteral:
            _refuse_habits(piece, at, self.type)
            self.residuals.append(self.residual(piece, at))
            return
        self.values.append(value)

    def _compare(self, operator: str, operand: str, at: int, operand_at: int) -> None:
        try:
            bound = cell_literal(operand, self.type, self.zone)
        except NotLiteral:
            _refuse_habits(operand, operand_at, self.type)
            expression = self._parsed(f"{SUBJECT} {operator} ", operand, "", operand_at)
            self.residuals.append(Residual(expression, asks=False))
            return
        match operator:
            case "<" | "<=":
                self.intervals.append(Range(None, bound, False, operator == "<="))
            case ">" | ">=":
                self.intervals.append(Range(bound, None, operator == ">=", False))
            case _:
                self._other_than(bound)

    def _other_than(self, bound: Value) -> None:
        if isinstance(bound, str | bool) or less(bound, bound) is None:
            self.residuals.append(Residual(_unequal_to(bound), asks=False))
        else:
            self.intervals += [Range(None, bound, False, False), Range(bound, None, False, False)]

    def _interval(self, match: re.Match[str], at: int) -> bool:
        try:
            low = cell_literal(match[2], self.type, self.zone)
            high = cell_literal(match[3], self.type, self.zone)
        except NotLiteral:
            return False
        if less(high, low) is True:
            raise ExpressionInvalid("expressions.cell.backwards", offset=at, low=match[2], high=match[3])
        self.intervals.append(Range(low, high, match[1] == "[", match[4] == "]"))
        return True

    def residual(self, piece: str, at: int) -> Residual:
        """What only the running table can settle, read from ``piece``."""
        alone = self._parsed("", piece, "", at)
        if SUBJECT in alone.names:
            return Residual(alone, asks=True)
        type = self.type
        kind = alone.infer({})[0] if not alone.names else ANY
        fits = kind in (ANY, NULL, type, BOOLEAN) or not (isinstance(kind, Simple) and isinstance(type, Simple))
        if type != ANY and not fits:
            hint = _example(type)
            raise ExpressionInvalid("expressions.cell.kind", offset=at, found=piece, type=str(type), hint=hint)
        return Residual(self._parsed(f"{SUBJECT} in (", piece, ")", at), asks=False)

    def _parsed(self, before: str, piece: str, after: str, at: int) -> Expression:
        try:
            return parse(f"{before}{_BARE_MOMENT.sub(_wrapped, piece)}{after}", self.names, self.fields)
        except ExpressionInvalid as wrong:
            arguments = {k: v for k, v in wrong.args_.items() if k not in ("offset", "column")}
            offset = at + max(0, min(wrong.offset - len(before), len(piece)))
            raise ExpressionInvalid(wrong.code, offset=offset, **arguments) from None


def _unequal_to(bound: Value) -> Expression:
    word = str(bound).lower() if isinstance(bound, bool) else '"' + _escaped(str(bound)) + '"'
    return parse(f"{SUBJECT} != {word}")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")


def _wrapped(match: re.Match[str]) -> str:
    return f'date and time("{match[0]}")' if "T" in match[0] else f'@"{match[0]}"'


def _refuse_habits(piece: str, at: int, type: Type) -> None:
    meant = meant_instead(piece, type)
    if meant:
        raise ExpressionInvalid("expressions.cell.meant", offset=at, found=piece, type=str(type), hint=meant)


def _example(type: Type) -> str:
    examples = {
        "number": "100",
        "string": '"EU"',
        "boolean": "true",
        "date": "2026-11-23",
        "time": "14:30:00",
        "date and time": "2026-11-23T14:30:00+08:00",
        "days and time duration": "PT4H",
        "years and months duration": "P1Y6M",
    }
    return examples.get(str(type), "-")
