"""Sets of classes as people write and read them: a native cell, and words in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from taktflow.definitions.decision import DecisionInput
from taktflow.expressions import ExpressionInvalid, parse_cell
from taktflow.rules.analysis.fact import Extent
from taktflow.rules.analysis.grid import Grid, Side
from taktflow.rules.axis import NULL, Axis
from taktflow.rules.rowset import members, runs
from taktflow.rules.typed import CELL_TYPES
from taktflow.rules.words import short
from taktflow.values import Range, Text, Value, shown

MOST_NAMED = 4
"""Values or ranges of one column that are named in a sentence."""


def extents(grid: Grid, box: Sequence[int]) -> tuple[Extent, ...]:
    """``box`` column by column; of columns that test the same, only the first limits."""
    found: dict[int, Extent] = {}
    for side, classes in zip(grid.sides, box, strict=True):
        first, *more = side.columns
        found[first] = _extent(grid.definition.inputs[first], side, classes)
        for column in more:
            found[column] = Extent(grid.definition.inputs[column].id, "-", (), (), True, True, Text("", ""))
    return tuple(found[number] for number in sorted(found))


def told(box: Sequence[Extent]) -> Text:
    """``P100 / EU / Quantity 500..1000 pcs / from 2026-07-01``; what is said of nothing is said of everything."""
    said = [extent.words for extent in box if not extent.whole]
    if not said:
        return Text("任何输入", "any input")
    return Text(" / ".join(words.zh for words in said), " / ".join(words.en for words in said))


def _extent(column: DecisionInput, side: Side, classes: int) -> Extent:
    axis = side.axis
    whole = side.asked & ~classes == 0
    if axis.ordered:
        tests = list(_tests(side, classes))
        values = [test.low for test in tests if test.low is not None and test.low == test.high]
        ranges = [test for test in tests if test.low is None or test.low != test.high]
        others = False
    else:
        ranges = []
        last = len(axis.constants)
        others = bool(classes) and side.places[classes.bit_length() - 1] > last
        listed = side.possible & ~classes if others else classes
        places = [side.places[place] for place in members(listed & ~NULL)]
        values = [axis.constants[place - 1] for place in places if place <= last]
    known = Extent(column.id, "", values, ranges, others, whole, Text("", ""))
    cell = "-" if classes == side.possible else cell_of(column, known, null=bool(classes & NULL))
    return Extent(column.id, cell, values, ranges, others, whole, _words(column, known))


def _tests(side: Side, classes: int) -> Iterator[Range]:
    """The runs of ``classes``: what nothing can be, such as a moment between two days, does not break one."""
    for low, high in runs(classes & ~NULL):
        yield _range(side.axis, side.places[low], side.places[high])


def _range(axis: Axis, low: int, high: int) -> Range:
    """From class ``low`` to class ``high`` of an ordered axis."""
    last = len(axis.constants)
    bottom = None if low == 1 else axis.constants[(low - 2) // 2]
    top = None if high == 2 * last + 1 else axis.constants[(high - 1) // 2]
    return Range(bottom, top, low % 2 == 0, high % 2 == 0)


def cell_of(column: DecisionInput, extent: Extent, *, null: bool) -> str:
    """The cell that holds exactly ``extent``, and null with ``null``."""
    named = [literal_text(column, value) for value in extent.values]
    if extent.others:
        if not named:
            return "-" if null else "not(null)"
        return f"not({','.join(named)})"
    tests = [*named, *(_test(column, one) for one in extent.ranges), *(["null"] if null else [])]
    if extent.ranges and any(one.low is None and one.high is None for one in extent.ranges):
        return "-" if null else "not(null)"
    return ",".join(tests)


def _test(column: DecisionInput, one: Range) -> str:
    low = None if one.low is None else literal_text(column, one.low)
    high = None if one.high is None else literal_text(column, one.high)
    if low is None:
        return f"{'<=' if one.high_closed else '<'}{high}"
    if high is None:
        return f"{'>=' if one.low_closed else '>'}{low}"
    return f"{'[' if one.low_closed else '('}{low}..{high}{']' if one.high_closed else ')'}"


def literal_text(column: DecisionInput, value: Value) -> str:
    """``value`` as a cell of ``column`` writes it, quoted where it must be."""
    text = shown(value)
    if not isinstance(value, str):
        return text
    try:
        found = parse_cell(text, CELL_TYPES[column.type])
    except ExpressionInvalid:
        found = None
    plain = found is not None and found.values == (value,) and not found.intervals and not found.negated
    if plain and not any(mark in text for mark in ",()[]"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _words(column: DecisionInput, extent: Extent) -> Text:
    title = column.title.text() if column.title is not None else Text(column.id, column.id)
    unit = f" {column.unit}" if column.unit else ""
    parts = [_value_words(value) for value in extent.values]
    if extent.others:
        if not parts:
            return Text(f"任何{title.zh}", f"any {title.en}")
        names = _listed(parts)
        return Text(f"{title.zh}：除 {names.zh} 以外", f"{title.en} other than {names.en}")
    parts += [_range_words(one) for one in extent.ranges]
    names = _listed(parts)
    if column.type == "text" and not extent.ranges:
        return names
    if column.type == "date":
        return Text(f"{title.zh} {names.zh}", f"{title.en} {names.en}")
    return Text(f"{title.zh} {names.zh}{unit}", f"{title.en} {names.en}{unit}")


def _listed(parts: Sequence[Text]) -> Text:
    named = parts[:MOST_NAMED]
    zh, en = "、".join(one.zh for one in named), ", ".join(one.en for one in named)
    more = len(parts) - len(named)
    return Text(f"{zh} 等 {len(parts)} 项", f"{en} and {more} more") if more else Text(zh, en)


def _value_words(value: Value) -> Text:
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    return Text(short(value), short(value))


def _range_words(one: Range) -> Text:
    one = _in_days(one)
    if one.low is not None and one.low == one.high:
        return _value_words(one.low)
    day = isinstance(one.high if one.low is None else one.low, date)
    low, high = short(one.low), short(one.high)
    if one.low is None and one.high is None:
        return Text("任何值", "any value")
    if one.low is None:
        if day:
            return Text(f"至 {high}", f"until {high}") if one.high_closed else Text(f"{high} 之前", f"before {high}")
        return Text(f"{high} 及以下", f"up to {high}") if one.high_closed else Text(f"{high} 以下", f"below {high}")
    if one.high is None:
        if day:
            return Text(f"自 {low} 起", f"from {low}") if one.low_closed else Text(f"{low} 之后", f"after {low}")
        return Text(f"{low} 及以上", f"from {low}") if one.low_closed else Text(f"{low} 以上", f"above {low}")
    if one.low_closed and one.high_closed:
        return Text(f"{low}..{high}", f"{low}..{high}")
    bottom = Text(low, low) if one.low_closed else Text(f"大于 {low}", f"above {low}")
    top = Text(high, high) if one.high_closed else Text(f"不足 {high}", f"below {high}")
    return Text(f"{bottom.zh} 至{top.zh if not one.high_closed else ' ' + top.zh}", f"{bottom.en} to {top.en}")


def _in_days(one: Range) -> Range:
    """A range of days by its first and last day."""
    low, high = one.low, one.high
    if isinstance(low, datetime) or isinstance(high, datetime):
        return one
    if isinstance(low, date) and not one.low_closed:
        low = low + timedelta(days=1)
    if isinstance(high, date) and not one.high_closed:
        high = high - timedelta(days=1)
    days = isinstance(low, date) or isinstance(high, date)
    return Range(low, high, low is not None, high is not None) if days else one
