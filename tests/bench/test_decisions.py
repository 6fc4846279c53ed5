"""Decision tables of ten thousand rows next to GoRules' zen-engine and SpiffWorkflow, answers compared first."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import cycle
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from taktflow.definitions.decision import Decision
from taktflow.rules import Table, compile_decision, decision_findings
from taktflow.rules.exchange.xlsx import read_xlsx, write_xlsx
from taktflow.sdk import NodeError
from tests.bench.figures import Figure, figure, told
from tests.bench.price_lists import (
    Order,
    Price,
    Shape,
    counted,
    first_row,
    orders,
    our_request,
    our_table,
    prices,
    spiff_table,
    zen_table,
)

ROUNDS = 5
ROUND_S = 0.4
ROWS = 10_000
MANY = 10_000
BATCHES = 10
COMPARED = 200
NOW = datetime(2026, 1, 15, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
ZEN = "zen_engine"

pytestmark = pytest.mark.timeout(1_200)


def peer(name: str) -> Any:
    """The module of a peer; without it the benchmark says how to get it."""
    return pytest.importorskip(name, reason=f"{name} is not installed; `make bench-decisions` installs it")


def compiled(rows: Sequence[Price]) -> Table:
    """The list as a published table would answer it."""
    return compile_decision(Decision.model_validate(our_table(rows)), 1)


class Zen:
    """zen-engine by its fastest path: a table compiled by its loader."""

    def __init__(self, rows: Sequence[Price]) -> None:
        loader = {"type": "static", "content": {"price": zen_table(rows)}}
        self.engine = peer("zen").ZenEngine({"loader": loader})

    def decide(self, data: dict[str, Any]) -> Any:
        """The answer alone."""
        return self.engine.evaluate("price", data)

    def explained(self, data: dict[str, Any]) -> Any:
        """The answer with its trace."""
        return self.engine.evaluate("price", data, {"trace": True})

    def many(self, data: Sequence[dict[str, Any]]) -> Any:
        """The answers to all of ``data`` at once."""
        return self.engine.evaluate_batch([{"key": "price", "context": one} for one in data])


def rate(decide: Callable[[Any], Any], requests: Sequence[Any], seconds: float = ROUND_S) -> float:
    """Requests answered a second, one after the other."""
    done, asked = 0, cycle(requests)
    begun = time.perf_counter()
    until = begun + seconds
    while time.perf_counter() < until:
        for _ in range(16):
            decide(next(asked))
        done += 16
    return done / (time.perf_counter() - begun)


def seconds(act: Callable[[], Any]) -> float:
    """How long ``act`` takes."""
    gc.collect()
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def cpu_seconds(act: Callable[[], Any]) -> float:
    """The processor's seconds that ``act`` takes: the machine may have other work, and there is no peer to slow too."""
    gc.collect()
    begun = time.process_time()
    act()
    return time.process_time() - begun


def cpu_rate(decide: Callable[[Any], Any], requests: Sequence[Any]) -> float:
    """Requests answered in a second of the processor, the median of several rounds."""
    return statistics.median(
        len(requests) / cpu_seconds(lambda: deque(map(decide, requests), maxlen=0)) for _ in range(ROUNDS)
    )


def at_least(name: str, ours: float, goal: float) -> Figure:
    """The figure of something held against what it should be at least."""
    return Figure(name, ours, goal, "goal", ours / goal, 1.0)


def interleaved(
    name: str, ours: Callable[[], float], theirs: Callable[[], float], peer_name: str, target: float | None
) -> Figure:
    """The figure of alternating rounds."""
    pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    return figure(name, [a for a, _ in pairs], [b for _, b in pairs], peer_name, target)


def at_most(name: str, ours: float, limit: float) -> Figure:
    """The figure of something of which less is better, held against what it may be at most."""
    return Figure(name, ours, limit, "limit", limit / ours, 1.0)


def compare(rows: Sequence[Price], table: Table, zen: Zen, asked: Sequence[Order]) -> None:
    """Both engines give what looking at one row after the other gives."""
    for order in asked:
        row = first_row(rows, order)
        ours = table.decide(our_request(order), now=NOW, zone=ZONE)
        theirs = zen.decide(counted(order))["result"]
        assert ours.value == {"price": rows[row].price, "currency": rows[row].currency}
        assert ours.trace["rows"][0]["id"] == f"r{row}"
        assert (int(theirs["row"]), Decimal(str(theirs["price"]))) == (row, rows[row].price)


@pytest.mark.parametrize(("shape", "single"), [("grid", 4.0), ("wild", 10.0)])
def test_answers_a_second_next_to_zen(shape: Shape, single: float) -> None:
    rows, asked = prices(shape, ROWS), orders(MANY, ROWS)
    table, zen = compiled(rows), Zen(rows)
    compare(rows, table, zen, asked[:COMPARED])
    ours, theirs = [our_request(order) for order in asked], [counted(order) for order in asked]

    decide = partial(table.decide, now=NOW, zone=ZONE)

    def explained(data: dict[str, str]) -> Any:
        return decide(data).trace

    def at_once() -> float:
        # Several times, since one batch is over before the machine's other work comes to its turn.
        def batches() -> None:
            for _ in range(BATCHES):
                table.decide_many(ours, now=NOW, zone=ZONE).values()

        return BATCHES * MANY / seconds(batches)

    def zen_at_once() -> float:
        return MANY / seconds(lambda: zen.many(theirs))

    at_once()
    calls = interleaved(
        f"decide.{shape}_10k.per_s", lambda: rate(decide, ours), lambda: rate(zen.decide, theirs), ZEN, single
    )
    found = [
        calls,
        at_least(f"decide.{shape}_10k.per_cpu_s", cpu_rate(decide, ours), 150_000),
        interleaved(
            f"decide.{shape}_10k.with_trace_read_per_s",
            lambda: rate(explained, ours),
            lambda: rate(zen.explained, theirs[:50]),
            f"{ZEN}_trace",
            100.0,
        ),
        interleaved(f"decide.{shape}_10k.batch_per_s", at_once, zen_at_once, f"{ZEN}_batch", 10.0),
    ]

    told(f"decisions_{shape}", [f.line() for f in found], {f.name: asdict(f) for f in found})
    assert not isinstance(table.decide_many(ours[:1], now=NOW, zone=ZONE)[0], NodeError)


def test_answers_a_second_next_to_spiffworkflow() -> None:
    rows, asked = prices("grid", 1_000), orders(MANY, 1_000)
    engine = peer("SpiffWorkflow.dmn.engine.DMNEngine").DMNEngine(
        spiff_table(peer("SpiffWorkflow.dmn.specs.model"), rows)
    )
    script = peer("SpiffWorkflow.bpmn.script_engine").PythonScriptEngine()
    table = compiled(rows)

    def spiff(data: dict[str, Any]) -> Any:
        return engine.result(SimpleNamespace(data=data, workflow=SimpleNamespace(script_engine=script)))

    for order in asked[:5]:
        assert int(spiff(counted(order))["row"]) == first_row(rows, order)
    ours, theirs = [our_request(order) for order in asked], [counted(order) for order in asked[:20]]
    found = interleaved(
        "decide.grid_1k.per_s",
        lambda: rate(partial(table.decide, now=NOW, zone=ZONE), ours),
        lambda: 3 / seconds(lambda: [spiff(data) for data in theirs[:3]]),
        "spiffworkflow",
        1_000.0,
    )

    told("decisions_spiff", [found.line()], asdict(found))
    assert found.ours > 0


@pytest.mark.parametrize("shape", ["grid", "wild"])
def test_compiling_long_tables_takes_little_time_and_memory(shape: Shape) -> None:
    document = our_table(prices(shape, ROWS))
    took = [cpu_seconds(lambda: compile_decision(Decision.model_validate(document), 1)) for _ in range(3)]
    tracemalloc.start()
    table = compile_decision(Decision.model_validate(document), 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    found = [
        at_most(f"compile.{shape}_10k.cpu_ms", statistics.median(took) * 1_000, 1_000),
        at_most(f"compile.{shape}_10k.peak_kb", peak / 1_000, 20_000),
    ]
    told(f"decisions_compile_{shape}", [f.line() for f in found], {f.name: asdict(f) for f in found})
    assert table.index.count == ROWS


@pytest.mark.parametrize("shape", ["grid", "wild"])
def test_a_hundred_thousand_rows_compile_and_still_answer(shape: Shape) -> None:
    rows, asked = prices(shape, 10 * ROWS), orders(2_000, 10 * ROWS)
    document = our_table(rows)
    took = [cpu_seconds(lambda: compile_decision(Decision.model_validate(document), 1)) for _ in range(3)]
    table = compiled(rows)
    for order in asked[:20]:
        row = table.decide(our_request(order), now=NOW, zone=ZONE).trace["rows"][0]["id"]
        assert row == f"r{first_row(rows, order)}"
    requests = [our_request(order) for order in asked]
    ours = cpu_rate(partial(table.decide, now=NOW, zone=ZONE), requests)

    found = [
        at_most(f"compile.{shape}_100k.cpu_ms", statistics.median(took) * 1_000, 10_000),
        at_least(f"decide.{shape}_100k.per_cpu_s", ours, 20_000),
    ]
    told(f"decisions_100k_{shape}", [f.line() for f in found], {f.name: asdict(f) for f in found})
    assert ours > 0


@pytest.mark.parametrize("shape", ["grid", "wild"])
def test_ten_thousand_rows_are_analysed(shape: Shape) -> None:
    # Rows that may answer once, and no last row that hides every gap.
    table = Decision.model_validate({**our_table(prices(shape, ROWS)[:-1]), "hit_policy": "any"})
    findings = decision_findings(table)
    took = [cpu_seconds(lambda: decision_findings(table)) for _ in range(3)]

    found = at_most(f"analyse.{shape}_10k.cpu_ms", statistics.median(took) * 1_000, 2_000)
    told(f"decisions_analyse_{shape}", [found.line()], asdict(found))
    assert any(f.code.startswith("table.overlap") for f in findings)


def test_ten_thousand_rows_go_out_and_in_through_excel() -> None:
    table = Decision.model_validate(our_table(prices("grid", ROWS)))

    def out_and_in() -> None:
        back, problems = read_xlsx(write_xlsx(table), into=table)
        assert problems == ()
        assert back is not None
        assert back.rows == table.rows

    found = at_most(
        "excel.10k_out_and_in.cpu_ms", statistics.median(cpu_seconds(out_and_in) for _ in range(3)) * 1_000, 5_000
    )
    told("decisions_excel", [found.line()], asdict(found))
    assert found.ours > 0
