"""What is told when a table changes: rows by id, cells by meaning, order where it counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.definitions.decision import Decision
from taktflow.rules.exchange import Difference, difference
from taktflow.rules.exchange.order import out_of_order
from taktflow.values import plain_dumps, plain_loads
from tests.unit.rules.builders import PRICE_ROWS, a_decision, a_list, a_price_table


def told(found: Difference) -> list[tuple[str, str, list[tuple[str, Any, Any]]]]:
    return [(c.kind, c.row, [(x.column, x.old, x.new) for x in c.cells]) for c in found.rows]


def with_cell(row: int, column: int, cell: Any) -> Decision:
    rows = [list(r) for r in PRICE_ROWS]
    rows[row][column] = cell
    return a_price_table(rows)


def test_rows_added_removed_and_changed_are_told_by_their_ids() -> None:
    new = a_price_table([PRICE_ROWS[3], ["r9", "P9", "-", "", "-", 1], ["r1", *PRICE_ROWS[0][1:5], "13", "dearer"]])

    found = difference(a_price_table(), new)

    assert told(found) == [
        ("removed", "r2", [("product", "P100", None), *_cells(PRICE_ROWS[1])]),
        ("removed", "r3", [("product", "P100", None), *_cells(PRICE_ROWS[2])]),
        ("added", "r9", [("product", None, "P9"), ("region", None, "-"), ("day", None, "-"), ("price", None, 1)]),
        ("changed", "r1", [("price", "12.50", "13"), ("", "base", "dearer")]),
    ]


def _cells(row: list[Any]) -> list[tuple[str, Any, Any]]:
    return [(name, cell, None) for name, cell in zip(["region", "qty", "day", "price"], row[2:], strict=True)]


@pytest.mark.parametrize(
    ("row", "column", "cell"),
    [
        (0, 2, "US , EU"),
        (0, 2, '"EU", "US"'),
        (0, 3, "[ 1.0 .. 100 )"),
        (0, 5, Decimal("12.5")),
        (0, 5, "12.500"),
        (2, 3, ">= 1.00"),
        (2, 4, ""),
        (2, 4, None),
        (2, 5, 9),
        (0, 4, '[date("2026-01-01")..2026-07-01)'),
    ],
)
def test_a_cell_written_differently_that_means_the_same_is_no_change(row: int, column: int, cell: Any) -> None:
    assert not difference(a_price_table(), with_cell(row, column, cell))


@pytest.mark.parametrize(
    ("row", "column", "cell"),
    [
        (0, 2, "EU"),
        (0, 2, "not(EU,US)"),
        (0, 3, "[1..100]"),
        (0, 5, "12.51"),
        (2, 3, ">1"),
        (0, 3, "5.."),
        (2, 4, "null"),
    ],
)
def test_a_cell_that_means_something_else_is_one(row: int, column: int, cell: Any) -> None:
    found = difference(a_price_table(), with_cell(row, column, cell))

    assert [(c.kind, len(c.cells)) for c in found.rows] == [("changed", 1)]


def test_expressions_are_compared_by_what_they_compute() -> None:
    def table(cell: str, answer: str) -> Decision:
        return a_decision(
            [{"id": "n", "type": "number"}], [{"id": "p", "type": "number", "formula": True}], [["r", cell, answer]]
        )

    assert not difference(table("= ? > limit*2", "= cost * 1.10"), table("=? >  limit * 2", "=cost*1.1"))
    assert difference(table("= ? > limit * 2", "1"), table("= ? > limit * 3", "1"))
    assert difference(table("-", "= cost * 1.1"), table("-", "= cost * 1.2"))


def test_a_period_that_is_effective_ends_before_its_second_day_however_it_is_written() -> None:
    def table(cell: str) -> Decision:
        return a_decision(
            [{"id": "day", "type": "date"}], [{"id": "p", "type": "number"}], [["r", cell, 1]], effective="day"
        )

    assert not difference(table("2026-01-01..2026-07-01"), table("[2026-01-01..2026-07-01)"))
    assert not difference(table("2026-01-01.."), table(">=2026-01-01"))
    assert difference(table("2026-01-01..2026-07-01"), table("[2026-01-01..2026-07-01]"))


def test_the_order_of_rows_counts_only_where_answers_depend_on_it() -> None:
    rows = [["a", "1", "low"], ["b", "2", "high"], ["c", "3", "low"]]
    moved = [rows[2], rows[0], rows[1]]

    assert not difference(a_list("unique", rows), a_list("unique", moved))
    found = difference(a_list("first", rows), a_list("first", moved))
    assert [(c.kind, c.row, c.old_place, c.new_place) for c in found.rows] == [("moved", "c", 2, 0)]


def test_settings_are_told_by_the_ids_of_columns() -> None:
    inputs = [{"id": "n", "type": "number"}, {"id": "m", "type": "text"}]
    old = a_decision(inputs, [{"id": "p", "type": "number"}], [])
    new = a_decision(
        [{"id": "m", "type": "text", "unit": "kg"}, {"id": "n", "type": "number"}],
        [{"id": "p", "type": "number"}, {"id": "q", "type": "text"}],
        [],
        hit_policy="first",
        layout="crosstab",
    )

    found = difference(old, new)

    assert [(c.at, c.old, c.new) for c in found.settings if c.at != "/outputs/q"] == [
        ("/hit_policy", "unique", "first"),
        ("/inputs/m/unit", None, "kg"),
        ("/inputs", ["n", "m"], ["m", "n"]),
    ]
    assert "/outputs/q" in {c.at for c in found.settings}


def test_a_setting_written_out_as_its_default_is_no_change() -> None:
    assert not difference(a_price_table(), a_price_table(hit_policy="unique", complete=False, tags=[]))


def test_rows_of_crosstabs_are_told_by_their_sheet() -> None:
    def table(price: Any) -> Decision:
        sheet = {"id": "s", "down": ["n"], "across": [{"id": "eu"}], "cell": "p", "rows": [["a", "1", price]]}
        return a_decision([{"id": "n", "type": "number"}], [{"id": "p", "type": "number"}], [], crosstab=[sheet])

    found = difference(table("5.0"), table(6))

    assert not difference(table("5.0"), table(5))
    assert [(c.sheet, c.row, c.cells[0].column) for c in found.rows] == [("s", "a", "eu")]
    assert found.lines()[0].en == "Row s.a: eu 5.0 becomes 6"


def test_a_difference_is_told_in_words_of_both_languages_and_to_machines() -> None:
    new = a_price_table([*PRICE_ROWS[:2], ["r9", "P9", "-", "-", "-", Decimal("1.10")]], hit_policy="first")

    found = difference(a_price_table(), new)

    assert found.summary().en == "1 rows added, 2 rows removed, 1 settings changed"
    assert found.summary().zh == "新增 1 行，删除 2 行，更改 1 项设置"
    assert "hit_policy" in found.lines()[0].zh
    assert len(found.lines(most=2)) == 2
    assert plain_loads(plain_dumps(found.document()))["rows"][2]["cells"][-1]["new"] == Decimal("1.10")
    assert difference(new, new).summary().en == "Nothing changes."


@settings(max_examples=100)
@given(st.permutations(range(8)))
def test_the_rows_told_as_moved_are_the_fewest(places: list[int]) -> None:
    moved = out_of_order(places)

    kept = [p for p in places if p not in moved]
    assert kept == sorted(kept)
    assert len(kept) == max(_rising(places, place) for place in range(len(places)))


def _rising(places: list[int], place: int) -> int:
    """The longest rising run that ends at ``place``, by trying all."""
    return 1 + max((_rising(places, p) for p in range(place) if places[p] < places[place]), default=0)
