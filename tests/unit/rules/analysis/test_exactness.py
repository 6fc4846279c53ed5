"""On small random tables the analysis finds exactly what trying every point finds.

``TAKTFLOW_ANALYSIS=1500`` in the environment asks for so many tables a fact.
"""

from __future__ import annotations

import os
from decimal import Decimal
from itertools import combinations, pairwise
from operator import gt, lt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.definitions.decision import Decision
from taktflow.rules import compile_decision
from taktflow.rules.analysis import analyse, rows_for_gaps
from tests.unit.rules.analysis.worlds import CELLS, INPUTS, ROWS, a_world, chosen, hits, points
from tests.unit.rules.builders import a_decision

EXACT = settings(max_examples=int(os.environ.get("TAKTFLOW_ANALYSIS", "40")), derandomize=True, deadline=None)


@EXACT
@given(ROWS)
def test_the_overlaps_of_a_unique_table_are_the_pairs_that_match_the_same_point(rows: Any) -> None:
    definition = a_world(rows, "unique")
    matching = hits(definition)

    analysis = analyse(definition)

    met = {pair for point in points(null=True) for pair in combinations(matching(point), 2)}
    assert {tuple(fact.rows) for fact in analysis.overlaps} == met
    assert analysis.overlap_pairs == len(met)
    assert all(set(fact.rows) <= set(matching(fact.witnesses[0])) for fact in analysis.overlaps)


@EXACT
@given(ROWS)
def test_the_overlaps_of_an_any_table_are_its_ambiguous_points(rows: Any) -> None:
    definition = a_world(rows, "any")
    answers = {f"r{i}": level for i, (_, level) in enumerate(rows)}
    matching = hits(definition)

    met = {pair for point in points(null=True) for pair in combinations(matching(point), 2)}

    contradicting = {pair for pair in met if answers[pair[0]] != answers[pair[1]]}
    assert {tuple(fact.rows) for fact in analyse(definition).overlaps} == contradicting


@EXACT
@given(ROWS)
def test_the_gaps_of_a_complete_table_are_the_points_that_nothing_matches(rows: Any) -> None:
    definition = a_world(rows, "unique", complete=True)
    matching = hits(definition)

    analysis = analyse(definition)

    missed = [point for point in points(null=False) if not matching(point)]
    assert bool(analysis.gaps) is bool(missed)
    assert all(matching(fact.witnesses[0]) == [] for fact in analysis.gaps)
    if analysis.gaps:
        boxes = [[f"b{i}", *(extent.cell for extent in fact.box), "low"] for i, fact in enumerate(analysis.gaps)]
        boxed = hits(definition.model_copy(update={"rows": tuple(map(tuple, boxes))}))
        reached = [point for point in points(null=False) if boxed(point)]
        assert [point for point in reached if matching(point)] == []
        assert len(analysis.gaps) == 20 or reached == missed


@EXACT
@given(ROWS)
def test_the_rows_for_the_gaps_match_once_what_nothing_matched(rows: Any) -> None:
    definition = a_world(rows, "unique", complete=True)
    before = hits(definition)

    new = rows_for_gaps(definition, most=1000)

    assert isinstance(definition.rows, tuple)
    filled = definition.model_copy(update={"rows": (*definition.rows, *new)})
    after = hits(filled)
    names = {row[0] for row in new}
    for point in points(null=True):
        old = before(point)
        added = [row for row in after(point) if row in names]
        assert len(added) <= (0 if old else 1)
        assert added or old or None in point.values()
    assert analyse(filled).gaps == ()
    assert analyse(filled).overlap_pairs == analyse(definition).overlap_pairs


@EXACT
@given(ROWS)
def test_filling_the_gaps_of_a_table_that_promises_nothing_leaves_none(rows: Any) -> None:
    definition = a_world(rows, "first")

    new = rows_for_gaps(definition, most=1000)

    assert isinstance(definition.rows, tuple)
    assert bool(new) is bool(analyse(definition).gaps)
    assert analyse(definition.model_copy(update={"rows": (*definition.rows, *new)})).gaps == ()


@EXACT
@given(ROWS, st.sampled_from(["first", "priority"]))
def test_the_rows_never_chosen_are_those_no_point_chooses(rows: Any, policy: str) -> None:
    definition = a_world(rows, policy)
    table = compile_decision(definition, 1)

    analysis = analyse(definition)

    alive = {row for point in points(null=True) for row in chosen(table, point)[1]}
    shadowed = analysis.of("table.shadowed", "table.shadowed_together")
    idle = {fact.rows[0] for fact in shadowed} | {f.rows[0] for f in analysis.of("table.row_barren")}
    idle |= {fact.rows[1] for fact in analysis.of("table.duplicate")}
    assert idle == {f"r{i}" for i in range(len(rows))} - alive
    assert all(fact.rows[0] not in chosen(table, fact.witnesses[0])[1] for fact in shadowed)


@EXACT
@given(ROWS)
def test_a_default_is_idle_when_every_point_has_a_row(rows: Any) -> None:
    definition = a_world(rows, "first", default={"row": {"level": "low"}})
    matching = hits(definition)

    idle = bool(analyse(definition).of("table.default_unused"))

    assert idle is all(matching(point) for point in points(null=True))


AMOUNTS = st.lists(st.tuples(CELLS, st.integers(0, 3)), min_size=2, max_size=6)


def a_price(rows: Any, policy: str, direction: str) -> Decision:
    output = {"id": "price", "type": "number", "values": ["3", "0", "2", "1"], "monotone": {"n": direction}}
    written = [[f"r{i}", *cells, str(amount)] for i, (cells, amount) in enumerate(rows)]
    return a_decision(INPUTS, [output], written, hit_policy=policy)


@pytest.mark.parametrize("policy", ["unique", "any", "first", "priority"])
@EXACT
@given(AMOUNTS, st.sampled_from(["increasing", "decreasing"]))
def test_the_broken_promises_are_the_rows_that_a_larger_input_betrays(policy: str, rows: Any, direction: str) -> None:
    definition = a_price(rows, policy, direction)
    table = compile_decision(definition, 1)

    facts = analyse(definition).of("table.promise")

    ways: dict[Any, list[tuple[Decimal, list[str]]]] = {}
    for point in points(null=True):
        value, by = chosen(table, point)
        if point["n"] is not None and by:
            ways.setdefault((point["r"], point["d"]), []).append((value, by))
    worse = lt if direction == "decreasing" else gt
    betrayed = {
        name
        for way in ways.values()
        for (value, by), (other, _) in combinations(way, 2)
        if worse(value, other)
        for name in by
    }
    assert {fact.rows[0] for fact in facts} == betrayed
    for fact in facts:
        low, high = fact.witnesses
        assert low["n"] < high["n"]
        assert {k: v for k, v in low.items() if k != "n"} == {k: v for k, v in high.items() if k != "n"}
        assert worse(chosen(table, low)[0], chosen(table, high)[0])


@EXACT
@given(ROWS)
def test_everything_is_decided_where_no_cell_depends_on_other_data(rows: Any) -> None:
    analysis = analyse(a_world(rows, "unique", complete=True))

    assert analysis.complete
    assert [a.severity for a, b in pairwise(analysis.facts) if (a.severity, b.severity) == ("info", "error")] == []
