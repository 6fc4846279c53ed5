"""The common case of a table as one straight-line function: values of the usual types, one constant row that answers.

Anything else (a formula cell, a cell that depends on other data, several rows, none, a value of the wrong type) gives
None, and the table answers the general way. The function is put together from lines of our own that differ in numbers
alone; no word of a definition is ever part of them. The same lines in a loop answer many requests at once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import partial
from operator import itemgetter
from types import CodeType, FunctionType
from typing import Any, TypeAlias, cast

from taktflow.definitions.decision import CellType
from taktflow.expressions import Clock, Expression, tree
from taktflow.rules.column import Column
from taktflow.rules.index import Index, IndexColumn
from taktflow.rules.partition import Part, Sets
from taktflow.rules.told import Told, Tracing, set_made, set_value
from taktflow.rules.typed import Mistyped, coerced
from taktflow.values import Value

One: TypeAlias = Callable[[Mapping[str, Value], datetime, tzinfo], Told | None]
Many: TypeAlias = Callable[[Iterable[Mapping[str, Value]], datetime, tzinfo], tuple[list[int], list[Value]]]
Valued: TypeAlias = Callable[[Sequence[int]], list[Value]]

NO_ROW = -1


@dataclass(frozen=True, slots=True)
class Shortcut:
    """``one`` answers a request, or gives None. ``many`` gives for each request the row that answers or NO_ROW, and all
    that was asked in one row, request by request. ``values`` are what rows answer, null for NO_ROW."""

    one: One
    many: Many
    values: Valued


ONE_VALUE = frozenset({"first", "unique", "any", "priority"})
"""Hit policies that answer with one value."""

_MOST_KEPT = 8_192
_LONGEST_KEPT = 64
_KINDS: Mapping[CellType, type] = {
    "text": str,
    "number": Decimal,
    "boolean": bool,
    "date": date,
    "time": time,
    "datetime": datetime,
    "duration": timedelta,
}


class Unusual(Exception):
    """A value that the shortcut leaves to the general way."""


class Kept(dict[Any, Any]):
    """What has been found for a key, as long as there is room: the same texts come again and again."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[Any], Any]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, key: Any) -> Any:
        found = self._find(key)
        if not isinstance(key, str) or len(key) <= _LONGEST_KEPT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[key] = found
        return found


def _word(column: IndexColumn, value: Any) -> int:
    """The class of a text or of null."""
    place = column.place(value) if value is None or type(value) is str else None
    if place is None:
        raise Unusual
    return place


def _written(type_: CellType, column: IndexColumn, text: str) -> tuple[Value, int]:
    """The value that ``text`` writes, and its class."""
    if (type_ == "date" and len(text) != 10) or type_ == "datetime":
        raise Unusual  # What such a text means may depend on the caller's zone.
    try:
        value = coerced(text, type_, UTC)
    except Mistyped as wrong:
        raise Unusual from wrong
    place = column.place(value)
    if place is None:
        raise Unusual
    return value, place


def shortcut_of(policy: str, columns: Sequence[Column], index: Index, tracing: Tracing) -> Shortcut | None:
    """The shortcut of a table; None where it has none."""
    if policy not in ONE_VALUE or any(c.axis is None for c in index.columns) or any(c.type == "any" for c in columns):
        return None
    constants = _constants(tracing)
    names: dict[str, Any] = {
        "__builtins__": {},
        "type_": type,
        "bisect": bisect_right,
        "bisect_left": bisect_left,
        "new": Told.__new__,
        "Told": Told,
        "set_value": set_value,
        "set_made": set_made,
        "tracing": tracing,
        "constants": constants,
        "constant": constants.__getitem__,
        "map": map,
        "list": list,
        "END": index.count,
        "Clock": Clock,
        "KeyError": KeyError,
        "Odd": (Unusual, TypeError, ArithmeticError),
        "NotImplemented": NotImplemented,
        "NO_ROW": NO_ROW,
        **{f"output{i}": name for i, name in enumerate(tracing.outputs)},
        "str": str,
        "dict": dict,
    }
    lines = [*_read(columns, index, names), *_search(policy == "first", index, names), "if best == END: return None"]
    if any(one is NotImplemented for one in constants):
        lines.append("if constants[best] is NotImplemented: return None")
    asked = f"({', '.join(f'v{i}' for i in range(len(columns)))},)"
    one = ["try:", *_inner([*lines, *_answer(asked, tracing)]), "except Odd: return None"]
    names["blank"] = (None,) * len(columns)
    turn = [line.replace("return None", "add(NO_ROW); given += blank; continue") for line in lines]
    turn += ["add(best)", f"given += {asked}"]
    loop = ["for scope in scopes:", *_inner(["try:", *_inner(turn), "except Odd: add(NO_ROW); given += blank"])]
    # Two flat lists: thousands of small ones would keep the garbage collector busy.
    many = ["chosen, given = [], []", "add = chosen.append", *loop, "return chosen, given"]
    return Shortcut(
        cast(One, _function("one(scope, now, zone)", one, names)),
        cast(Many, _function("many(scopes, now, zone)", many, names)),
        cast(Valued, _function("values(rows)", [f"return {_valued(tracing)}"], names)),
    )


def _valued(tracing: Tracing) -> str:
    if len(tracing.outputs) == 1:
        return "list(map(constant, rows))"
    values, pairs = _pairs(tracing)
    return f"[{pairs} for {values} in map(constant, rows)]"


def _pairs(tracing: Tracing) -> tuple[str, str]:
    """The names of a row's values, and the context they make."""
    count = range(len(tracing.outputs))
    return ", ".join(f"a{i}" for i in count), f"{{{', '.join(f'output{i}: a{i}' for i in count)}}}"


def _inner(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _function(head: str, lines: Sequence[str], names: dict[str, Any]) -> Any:
    module = compile("\n".join([f"def {head}:", *_inner(lines)]), "<decision table>", "exec")
    (code,) = (constant for constant in module.co_consts if isinstance(constant, CodeType))
    return FunctionType(code, names)


def _read(columns: Sequence[Column], index: Index, names: dict[str, Any]) -> Iterator[str]:
    """Lines that read column ``i``'s value into ``v{i}`` and its class into ``k{i}``."""
    plain = [i for i, column in enumerate(columns) if column.source is None]
    names.update({f"name{i}": columns[i].id for i in plain})
    asked = [f"v{i} = scope.get(name{i})" for i in plain]
    if len(plain) > 1:
        # All at once, as long as none is missing.
        names["pick"] = itemgetter(*(columns[i].id for i in plain))
        yield f"try: {', '.join(f'v{i}' for i in plain)} = pick(scope)"
        asked = ["except KeyError:", *_inner(asked)]
    yield from asked
    for i, (column, known) in enumerate(zip(columns, index.columns, strict=True)):
        assert known.axis is not None
        if column.source is not None:
            yield _computed(i, column.source, names)
        if column.type == "text":
            names[f"known{i}"] = Kept(partial(_word, known))
            yield f"k{i} = known{i}[v{i}]"
            continue
        names[f"kind{i}"] = _KINDS[column.type]
        names[f"exact{i}"] = known.axis.exact.get
        names[f"points{i}"] = known.axis.constants
        names[f"other{i}"] = known.axis.size - 1
        if column.dated:
            yield f"if v{i} is None: v{i} = now.astimezone(zone).date()"
        yield f"t = type_(v{i})"
        if column.type == "boolean":
            yield f"if t is kind{i}:"
        else:
            names[f"known{i}"] = Kept(partial(_written, column.type, known))
            yield f"if t is str: v{i}, k{i} = known{i}[v{i}]"
            yield f"elif t is kind{i}:"
        yield from _inner(_classed(i, known))
        yield f"elif v{i} is not None: return None"
        yield f"else: k{i} = 0"


def _computed(i: int, source: Expression, names: dict[str, Any]) -> str:
    """The line that computes a column's value; one field of one variable, by far the most usual, is looked up."""
    names[f"source{i}"] = source.evaluate
    match source.root:
        case tree.Path(of=tree.Name(name=name), field=field):
            names[f"of{i}"], names[f"field{i}"] = name, field
            return (
                f"v{i} = of.get(field{i}) if type_(of := scope.get(of{i})) is dict "
                f"else source{i}(scope, Clock(now, zone))"
            )
        case _:
            return f"v{i} = source{i}(scope, Clock(now, zone))"


def _classed(i: int, known: IndexColumn) -> Iterator[str]:
    assert known.axis is not None
    if not known.axis.constants:
        yield f"k{i} = other{i}"
    elif not known.axis.ordered:
        yield f"k{i} = exact{i}(v{i}, other{i})"
    else:
        yield f"k{i} = exact{i}(v{i})"
        yield f"if k{i} is None: k{i} = 2 * bisect_left(points{i}, v{i}) + 1"


def _search(first: bool, index: Index, names: dict[str, Any]) -> Iterator[str]:
    """Lines that put the row that answers into ``best``; END when there is none."""
    yield "best = END"
    if index.divider is not None:
        yield from _divided(first, index, names)
    if not index.wide.rows:
        return
    names["wide_rows"], names["wide_asked"] = index.wide.rows, index.wide.asked
    names["wide_first"] = index.wide.rows[-1]
    known = [i for i, sets in enumerate(index.wide.columns) if sets is not None]
    for i in known:
        names[f"wide{i}"] = cast(Sets, index.wide.columns[i]).sets
    names["wide_every"] = (1 << len(index.wide.rows)) - 1
    found = " & ".join(f"wide{i}[k{i}]" for i in known) or "wide_every"
    yield f"m = {found} if wide_first < best else 0" if first else f"m = {found}"
    yield "if m:"
    yield from _inner(_met(first, "wide_", bool(index.wide.asked), divided=index.divider is not None))


def _met(first: bool, of: str, asked: bool, *, divided: bool) -> Iterator[str]:
    """Lines for rows that match: ``m`` holds them."""
    if asked:
        yield f"if m & {of}asked: return None"
    if not first:
        yield "if best != END or m & (m - 1): return None" if divided else "if m & (m - 1): return None"
        yield f"best = {of}rows[m.bit_length() - 1]"
    elif divided:
        yield f"row = {of}rows[m.bit_length() - 1]"
        yield "if row < best: best = row"
    else:
        yield f"best = {of}rows[m.bit_length() - 1]"


def _divided(first: bool, index: Index, names: dict[str, Any]) -> Iterator[str]:
    tested = [i for i in range(len(index.columns)) if any(sets is not None for sets in _column(index, i))]
    points = [i for i in tested if any(s is not None and s.points is not None for s in _column(index, i))]
    plain = [i for i in tested if i not in points]
    names["parts"] = {place: _flat(part, plain, points, index) for place, part in index.parts.items()}.get
    inner = [f"s{i}" for i in plain] + [f"p{i}, s{i}" for i in points]
    yield f"part = parts(k{index.divider})"
    yield "if part is not None:"
    yield f"    {', '.join(['rows', 'asked', 'm', *inner])} = part"
    if plain:
        yield f"    m = {' & '.join(f's{i}[k{i}]' for i in plain)}"
    for i in points:
        yield f"    if m: m &= s{i}[bisect(p{i}, k{i})]"
    yield "    if m:"
    asked = any(part.asked for part in index.parts.values())
    yield from _inner(_inner(_met(first, "", asked, divided=False)))


def _column(index: Index, number: int) -> Iterator[Sets | None]:
    return (part.columns[number] for part in index.parts.values())


def _flat(part: Part, plain: Sequence[int], points: Sequence[int], index: Index) -> tuple[Any, ...]:
    every = (1 << len(part.rows)) - 1
    found: list[Any] = [part.rows, part.asked, every]
    for i in plain:
        axis = index.columns[i].axis
        assert axis is not None
        sets = part.columns[i]
        found.append([every] * axis.size if sets is None else sets.sets)
    for i in points:
        sets = part.columns[i]
        found += [(), (every,)] if sets is None else [sets.points, sets.sets]
    return tuple(found)


def _constants(tracing: Tracing) -> Sequence[Value]:
    """What each row answers: a value for one output, all of them for several; NotImplemented where it is computed.

    One more stands at the end, for NO_ROW.
    """
    single = len(tracing.outputs) == 1
    found = [(a.cells[0] if single else a.cells) if a.constant else NotImplemented for a in tracing.answers]
    return [*found, None if single else (None,) * len(tracing.outputs)]


def _answer(asked: str, tracing: Tracing) -> Iterator[str]:
    yield "told = new(Told)"
    if len(tracing.outputs) == 1:
        yield "set_value(told, constants[best])"
    else:
        values, pairs = _pairs(tracing)
        yield f"{values} = constants[best]"
        yield f"set_value(told, {pairs})"
    yield f"set_made(told, (tracing, {asked}, (best,), None))"
    yield "return told"
