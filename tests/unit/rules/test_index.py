"""The index finds exactly the rows that asking every cell would find."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.expressions import ANY, DATE, DATETIME, DAYS_TIME, NUMBER, STRING, TIME, Cell, Clock, Type, parse_cell
from taktflow.rules import partition
from taktflow.rules.index import Cells, Index, index_of
from taktflow.rules.reading import _words
from taktflow.values import YearsMonths

CLOCK = Clock(datetime(2026, 1, 1, tzinfo=UTC), UTC)
SCOPE = {"limit": Decimal(3)}


def an_index(columns: Sequence[Sequence[Cell]]) -> Index:
    """The index of rows whose cells stand in ``columns``."""
    described = []
    for column in columns:
        distinct = list(dict.fromkeys(cell.text for cell in column))
        by_text = {cell.text: cell for cell in column}
        described.append(Cells([by_text[t] for t in distinct], [distinct.index(cell.text) for cell in column]))
    return index_of(described, len(columns[0]))


def asked_one_by_one(columns: Sequence[Sequence[Cell]], values: Sequence[Any], but: int | None = None) -> list[int]:
    """The rows that match, by asking every cell of every row."""
    rows = range(len(columns[0]))
    return [
        row
        for row in rows
        if all(
            number == but or column[row].matches(value, SCOPE, CLOCK)
            for number, (column, value) in enumerate(zip(columns, values, strict=True))
        )
    ]


WORDS = ["-", "A", "B", "A,B", "not(A)", "null", "not(B, null)", "A,B,C,D,E,F,G,H,I,J", '= ? != "C"']
NUMBERS = ["-", "1", "2,4", "[1..3)", "(2..5]", ">=3", "<2", "not(2)", "<= limit", "null", "[0..2], ? > limit"]
DAYS = ["-", "2026-01-03", "[2026-01-02..2026-01-05)", ">=2026-01-04", "not(2026-01-03)"]
KINDS: list[tuple[list[str], Type, list[Any]]] = [
    (WORDS, STRING, [None, "A", "B", "C", "Z"]),
    (NUMBERS, NUMBER, [None, *map(Decimal, ("0", "1", "1.5", "2", "3", "4", "5.0", "9"))]),
    (DAYS, DATE, [None, *(date(2026, 1, day) for day in range(1, 7))]),
]


@pytest.mark.parametrize("divided_from", [0, 10_000])
@settings(max_examples=60, derandomize=True, deadline=None)
@given(data=st.data())
def test_the_rows_are_those_whose_every_cell_matches(divided_from: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 25))
    columns = [
        [
            parse_cell(text, type_)
            for text in data.draw(st.lists(st.sampled_from(texts), min_size=count, max_size=count))
        ]
        for texts, type_, _ in KINDS
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("taktflow.rules.index.DIVIDED_FROM", divided_from)
        index = an_index(columns)

    for _ in range(4):
        values = [data.draw(st.sampled_from(known)) for _, _, known in KINDS]
        but = data.draw(st.sampled_from([None, 0, 1, 2]))
        assert index.rows(values, SCOPE, CLOCK, but) == asked_one_by_one(columns, values, but)


def test_a_long_table_is_divided_by_the_column_that_names_most_and_finds_the_same() -> None:
    chance = random.Random(5)
    products = [f"P{n}" for n in range(60)]
    columns = [
        [parse_cell(chance.choice(["EU", "US", "EU,US", "-"]), STRING) for _ in range(900)],
        [parse_cell(chance.choice([*products, "-", "P1,P2", "not(P3)"]), STRING) for _ in range(900)],
        [parse_cell(f"[{low}..{low + 40})", NUMBER) for low in (chance.randrange(400) for _ in range(900))],
    ]

    index = an_index(columns)

    assert index.divider == 1
    assert len(index.wide.rows) < 60
    for _ in range(60):
        values = [chance.choice(["EU", "US", "CN", None]), chance.choice(products), Decimal(chance.randrange(420))]
        assert index.rows(values, SCOPE, CLOCK) == asked_one_by_one(columns, values)


def test_sets_that_would_take_too_much_memory_are_shared_and_their_rows_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "MOST_BITS", 2_000)
    chance = random.Random(6)
    columns = [[parse_cell(f"[{low}..{low + 9})", NUMBER) for low in (chance.randrange(500) for _ in range(200))]]

    index = an_index(columns)

    (sets,) = index.wide.columns
    assert sets is not None
    assert sets.loose
    assert len({id(one) for one in sets.sets}) < 30
    for value in map(Decimal, range(-1, 510, 7)):
        assert index.rows([value], SCOPE, CLOCK) == asked_one_by_one(columns, [value])


@pytest.mark.parametrize(
    ("texts", "type_", "values"),
    [
        (["1", '"1"', "true", "-", ">=2"], ANY, [Decimal(1), "1", True, False, Decimal(3), None, [Decimal(1)], {}]),
        (["08:00:00", ">=12:00:00", "08:00:00Z"], TIME, [time(8), time(12), time(8, tzinfo=UTC), None]),
        (["P1D", "<P2D", "-"], DAYS_TIME, [timedelta(days=1), YearsMonths(1), None]),
        (["1", ">=2"], NUMBER, ["1", True, date(2026, 1, 1), Decimal(2)]),
        (["2026-01-01T00:00:00Z", ">2026-01-01T00:00:00Z"], DATETIME, [CLOCK.now, CLOCK.now + timedelta(hours=1)]),
    ],
)
def test_values_that_do_not_compare_are_left_to_the_cells(texts: list[str], type_: Type, values: list[Any]) -> None:
    columns = [[parse_cell(text, type_) for text in texts]]

    index = an_index(columns)

    assert [index.rows([v], SCOPE, CLOCK) for v in values] == [asked_one_by_one(columns, [v]) for v in values]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.one_of(st.text('AB,. -/_n(ul)?"<>=1，', max_size=12), st.sampled_from(WORDS)))
def test_plain_words_are_read_as_the_grammar_reads_them(text: str) -> None:
    def read(reader: Any, *args: Any) -> Any:
        try:
            return reader(text, *args)
        except ValueError as wrong:
            return type(wrong)
        except Exception as wrong:  # noqa: BLE001 - whatever one of the two raises, the other must raise as well.
            return str(wrong)

    # Expressions are compared by their text: each reading makes its own.
    assert repr(read(_words)) == repr(read(parse_cell, STRING))
