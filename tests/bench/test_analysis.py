"""How long the analysis of a price list takes, next to comparing its rows pair by pair and to what is allowed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import TypeVar

from taktflow.definitions.decision import Decision
from taktflow.rules.analysis import Analysis, Budget, analyse
from taktflow.rules.analysis.cover import Cover
from taktflow.rules.analysis.domain import domains_of
from taktflow.rules.analysis.fact import Found
from taktflow.rules.analysis.grid import grid_of
from taktflow.rules.analysis.overlap import overlaps
from taktflow.rules.reading import Reading, read
from tests.bench.figures import Figure, figure, told
from tests.bench.price_lists import Price, Shape, our_table, prices

ROUNDS = 3
SMALL, LARGE = 1_000, 10_000
ALLOWED_S = 2.0
SHAPES: tuple[Shape, ...] = ("grid", "wild")
T = TypeVar("T")


def a_reading(rows: Sequence[Price]) -> Reading:
    """The list without its last row, which matches everything, as a table whose rows exclude each other."""
    document = our_table(rows[:-1])
    return read(Decision.model_validate({**document, "hit_policy": "unique"}))


def timed(act: Callable[[], T]) -> tuple[float, T]:
    """Seconds of processor time and what came out."""
    start = time.process_time()
    found = act()
    return time.process_time() - start, found


def overlaps_alone(reading: Reading) -> Found:
    """The overlaps, from the reading on."""
    return overlaps(Cover(grid_of(reading, domains_of(reading)), sure=True), Budget())


def meet(a: Price, b: Price) -> bool:
    """Whether some order matches both rows."""
    return (
        (a.product is None or b.product is None or a.product == b.product)
        and (not a.regions or not b.regions or not set(a.regions).isdisjoint(b.regions))
        and (a.qty is None or b.qty is None or (a.qty[0] < b.qty[1] and b.qty[0] < a.qty[1]))
        and (a.days is None or b.days is None or (a.days[0] < b.days[1] and b.days[0] < a.days[1]))
        and (a.tier is None or b.tier is None or a.tier == b.tier)
    )


def against_pairs(shape: Shape) -> Figure:
    """Lists a second whose overlaps are found: by sets, and by comparing rows pair by pair."""
    rows = prices(shape, SMALL)
    reading = a_reading(rows)
    ours, peer = [], []
    for _ in range(ROUNDS):
        spent, found = timed(lambda: overlaps_alone(reading))
        slow, pairs = timed(lambda: sum(meet(a, b) for a, b in combinations(rows[:-1], 2)))
        assert found.total == pairs
        ours.append(1 / spent)
        peer.append(1 / slow)
    return figure(f"overlaps_{shape}_{SMALL}", ours, peer, "pair_by_pair")


def against_allowance(shape: Shape) -> tuple[Figure, Analysis]:
    """Milliseconds allowed for 10,000 rows, for each one used."""
    reading = a_reading(prices(shape, LARGE))
    rounds = [timed(lambda: analyse(reading)) for _ in range(ROUNDS)]
    allowed, used = [ALLOWED_S * 1000] * ROUNDS, [1000 * spent for spent, _ in rounds]
    return figure(f"analysis_{shape}_{LARGE}_allowed_ms", allowed, used, "used_ms", 1), rounds[0][1]


def test_how_long_a_price_list_takes_to_analyse() -> None:
    figures, covered = [], {}
    for shape in SHAPES:
        figures.append(against_pairs(shape))
        found, analysis = against_allowance(shape)
        figures.append(found)
        covered[shape] = {name: round(share, 3) for name, share in analysis.unfinished.items()}

    lines = [one.line() for one in figures]
    lines += [f"searched only in part, {shape}: {shares}" for shape, shares in covered.items() if shares]
    told("analysis", lines, {"figures": [asdict(one) for one in figures], "covered": covered})
