"""The common case of a table as one straight-line function: values of the usual types, one constant row that answers.

Anything else (a formula cell, a cell that depends on other data, several rows, none, a value of the wrong type) gives
None, and the table answers the general way. The function is put together from lines of our own that differ in numbers
alone; no word of a definition is ever part of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from types import CodeType, FunctionType
from typing import Any, TypeAlias, cast

from taktflow.definitions.decision import CellType
from taktflow.expressions import Clock
from taktflow.rules.column import Column
from taktflow.rules.index import Index, IndexColumn
from taktflow.rules.partition import Part, Sets
from taktflow.rules.told import Told, Tracing, set_made, set_value
from taktflow.rules.typed import Mistyped, coerced
from taktflow.values import Value

Shortcut: TypeAlias = Callable[[Mapping[str, Value], datetime, tzinfo], Told | None]

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


class Known(dict[str, tuple[Value, int]]):
    """What texts mean in one column, as value and class; as many as fit are kept, since the same ones come again."""

    __slots__ = ("_column", "_type")

    def __init__(self, type_: CellType, column: IndexColumn) -> None:
        super().__init__()
        self._type = type_
        self._column = column

    def __missing__(self, text: str) -> tuple[Value, int]:
        if (self._type == "date" and len(text) != 10) or self._type == "datetime":
            raise Unusual  # What such a text means may depend on the caller's zone.
        try:
            value = coerced(text, self._type, UTC)
        except Mistyped as wrong:
            raise Unusual from wrong
        place = self._column.place(value)
        if place is None:
            raise Unusual
        if len(text) <= _LONGEST_KEPT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[text] = value, place
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
        "END": index.count,
        "Clock": Clock,
        "Odd": (Unusual, TypeError, ArithmeticError),
        "NotImplemented": NotImplemented,
        "str": str,
    }
    lines = [
        *_read(columns, index, names),
        *_search(policy == "first", index, names),
        "    if best == END: return None",
        *_answer(len(columns), tracing, constants, names),
    ]
    source = "\n".join(["def shortcut(scope, now, zone):", "  try:", *lines, "  except Odd: return None"])
    module = compile(source, "<decision table>", "exec")
    (code,) = (c for c in module.co_consts if isinstance(c, CodeType))
    return cast(Shortcut, FunctionType(code, names))


def _read(columns: Sequence[Column], index: Index, names: dict[str, Any]) -> Iterator[str]:
    """Lines that read column ``i``'s value into ``v{i}`` and its class into ``k{i}``."""
    yield "    get = scope.get"
    if any(column.source is not None for column in columns):
        yield "    clock = Clock(now, zone)"
    for i, (column, known) in enumerate(zip(columns, index.columns, strict=True)):
        assert known.axis is not None
        names[f"name{i}"] = column.id
        names[f"kind{i}"] = _KINDS[column.type]
        names[f"exact{i}"] = known.axis.exact.get
        names[f"points{i}"] = known.axis.constants
        names[f"other{i}"] = known.axis.size - 1
        if column.source is None:
            yield f"    v{i} = get(name{i})"
        else:
            names[f"source{i}"] = column.source.evaluate
            yield f"    v{i} = source{i}(scope, clock)"
        yield f"    t = type_(v{i})"
        if column.type != "text" and column.type != "boolean":
            names[f"known{i}"] = Known(column.type, known)
            yield f"    if t is str: v{i}, k{i} = known{i}[v{i}]"
            yield f"    elif t is kind{i}:"
        else:
            yield f"    if t is kind{i}:"
        yield from _classed(i, known)
        yield f"    elif v{i} is not None: return None"
        yield "    else: return None" if column.dated else f"    else: k{i} = 0"


def _classed(i: int, known: IndexColumn) -> Iterator[str]:
    assert known.axis is not None
    if not known.axis.constants:
        yield f"        k{i} = other{i}"
    elif not known.axis.ordered:
        yield f"        k{i} = exact{i}(v{i}, other{i})"
    else:
        yield f"        k{i} = exact{i}(v{i})"
        yield f"        if k{i} is None: k{i} = 2 * bisect_left(points{i}, v{i}) + 1"


def _search(first: bool, index: Index, names: dict[str, Any]) -> Iterator[str]:
    """Lines that put the row that answers into ``best``; END when there is none."""
    yield "    best = END"
    if index.divider is not None:
        yield from _divided(first, index, names)
    if not index.wide.rows:
        return
    names["wide_rows"], names["wide_asked"] = index.wide.rows, index.wide.asked
    names["wide_first"] = index.wide.rows[0]
    known = [i for i, sets in enumerate(index.wide.columns) if sets is not None]
    for i in known:
        names[f"wide{i}"] = cast(Sets, index.wide.columns[i]).sets
    names["wide_every"] = (1 << len(index.wide.rows)) - 1
    found = " & ".join(f"wide{i}[k{i}]" for i in known) or "wide_every"
    yield f"    if wide_first < best: m = {found}" if first else f"    m = {found}"
    if first:
        yield "    else: m = 0"
    yield "    if m:"
    if index.wide.asked:
        yield "        if m & wide_asked: return None"
    if first:
        yield "        row = wide_rows[(m & -m).bit_length() - 1]"
        yield "        if row < best: best = row"
    else:
        yield "        if best != END or m & (m - 1): return None"
        yield "        best = wide_rows[m.bit_length() - 1]"


def _divided(first: bool, index: Index, names: dict[str, Any]) -> Iterator[str]:
    tested = [i for i in range(len(index.columns)) if any(part.columns[i] for part in index.parts.values())]
    points = [i for i in tested if any(s is not None and s.points is not None for s in _column(index, i))]
    plain = [i for i in tested if i not in points]
    names["parts"] = {place: _flat(part, plain, points, index) for place, part in index.parts.items()}.get
    asked = any(part.asked for part in index.parts.values())
    inner = [f"s{i}" for i in plain] + [f"p{i}, s{i}" for i in points]
    yield f"    part = parts(k{index.divider})"
    yield "    if part is not None:"
    yield f"        rows, asked, m, {', '.join(inner)}{',' if inner else ''} = part"
    if plain:
        yield f"        m = {' & '.join(f's{i}[k{i}]' for i in plain)}"
    for i in points:
        yield f"        if m: m &= s{i}[bisect(p{i}, k{i})]"
    yield "        if m:"
    if asked:
        yield "            if m & asked: return None"
    if first:
        yield "            best = rows[(m & -m).bit_length() - 1]"
    else:
        yield "            if m & (m - 1): return None"
        yield "            best = rows[m.bit_length() - 1]"


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
    """What each row answers: a value for one output, all of them for several; NotImplemented where it is computed."""
    single = len(tracing.outputs) == 1
    return [(a.cells[0] if single else a.cells) if a.constant else NotImplemented for a in tracing.answers]


def _answer(inputs: int, tracing: Tracing, constants: Sequence[Value], names: dict[str, Any]) -> Iterator[str]:
    yield "    found = constants[best]"
    if any(one is NotImplemented for one in constants):
        yield "    if found is NotImplemented: return None"
    yield "    told = new(Told)"
    if len(tracing.outputs) == 1:
        yield "    set_value(told, found)"
    else:
        names.update({f"output{i}": name for i, name in enumerate(tracing.outputs)})
        count = range(len(tracing.outputs))
        yield f"    {', '.join(f'a{i}' for i in count)} = found"
        yield f"    set_value(told, {{{', '.join(f'output{i}: a{i}' for i in count)}}})"
    asked = ", ".join(f"v{i}" for i in range(inputs))
    yield f"    set_made(told, (tracing, ({asked},), (best,), None))"
    yield "    return told"
