"""Price lists of any length, and orders that ask them: as our tables, as GoRules' and as SpiffWorkflow's."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeAlias

Shape: TypeAlias = Literal["grid", "wild"]
REGIONS = [f"R{n:02}" for n in range(40)]
SALES = [tuple(REGIONS[:14]), tuple(REGIONS[14:27]), tuple(REGIONS[27:38])]
TIERS = ["A", "B", "C", "D"]
BREAKS = [(1, 50), (50, 500), (500, 5_000), (5_000, 1_000_000)]
YEARS = [(date(2025, 1, 1), date(2026, 1, 1)), (date(2026, 1, 1), date(2027, 1, 1))]
ROWS_A_PRODUCT = 30


@dataclass(frozen=True, slots=True)
class Price:
    """One row: None and an empty list match anything; quantities and days run to before their second end."""

    product: str | None
    regions: Sequence[str]
    qty: tuple[int, int] | None
    days: tuple[date, date] | None
    tier: str | None
    price: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked."""

    product: str
    region: str
    qty: int
    day: date
    tier: str


def prices(shape: Shape, count: int) -> list[Price]:
    """``count`` rows, the last of which matches everything.

    ``grid`` is a price list as companies keep it: every product by group of regions, quantity break and year, with a
    few prices for single tiers before them. ``wild`` is the worst case: narrow overlapping ranges, a third of the
    products left open, and orders that mostly fall through to the last row.
    """
    chance = random.Random(count)
    rows = _grid(chance, count) if shape == "grid" else [_wild(chance, count) for _ in range(count - 1)]
    return [*rows[: count - 1], Price(None, (), None, None, None, Decimal("999.99"), "USD")]


def _amount(chance: random.Random) -> tuple[Decimal, str]:
    return Decimal(chance.randrange(100, 50_000)) / 100, chance.choice(["USD", "EUR", "CNY"])


def _grid(chance: random.Random, count: int) -> list[Price]:
    rows: list[Price] = []
    for number in range(max(1, count // ROWS_A_PRODUCT)):
        product = f"P{number:05}"
        for _ in range(5):
            place = (chance.choice(SALES), chance.choice(BREAKS), chance.choice(YEARS), chance.choice(TIERS))
            rows.append(Price(product, *place, *_amount(chance)))
        for sales in SALES:
            for qty in BREAKS:
                rows += [Price(product, sales, qty, year, None, *_amount(chance)) for year in YEARS]
    while len(rows) < count - 1:
        place = (chance.choice(SALES), chance.choice(BREAKS), chance.choice(YEARS), chance.choice(TIERS))
        rows.append(Price(None, *place, *_amount(chance)))
    return rows


def _wild(chance: random.Random, count: int) -> Price:
    low = chance.randrange(3_000)
    first = date(2025, 1, 1) + timedelta(days=chance.randrange(600))
    return Price(
        None if chance.random() < 0.3 else f"P{chance.randrange(max(1, count // ROWS_A_PRODUCT)):05}",
        () if chance.random() < 0.05 else tuple(chance.sample(REGIONS, chance.randint(1, 6))),
        (low, low + chance.choice([1, 5, 10, 50])),
        (first, first + timedelta(days=chance.choice([5, 10, 30]))),
        None if chance.random() < 0.3 else chance.choice(TIERS),
        *_amount(chance),
    )


def orders(count: int, rows: int) -> list[Order]:
    """``count`` orders for a list of ``rows`` rows; one in fifty is for a product that is not in it."""
    chance = random.Random(rows + 1)
    products = max(1, rows // ROWS_A_PRODUCT)
    return [
        Order(
            f"P{chance.randrange(products):05}" if chance.random() < 0.98 else "PX",
            chance.choice(REGIONS),
            chance.randrange(*chance.choice([(1, 50), (50, 500), (500, 5_000), (5_000, 9_000)])),
            date(2025, 1, 1) + timedelta(days=chance.randrange(730)),
            chance.choice(TIERS),
        )
        for _ in range(count)
    ]


def first_row(rows: Sequence[Price], order: Order) -> int:
    """The number of the first row that matches, by looking at one after the other."""
    return next(
        number
        for number, row in enumerate(rows)
        if row.product in (None, order.product)
        and (not row.regions or order.region in row.regions)
        and (row.qty is None or row.qty[0] <= order.qty < row.qty[1])
        and (row.days is None or row.days[0] <= order.day < row.days[1])
        and row.tier in (None, order.tier)
    )


def our_table(rows: Sequence[Price]) -> dict[str, Any]:
    """The list as the JSON document of a decision table."""
    return {
        "kind": "decision",
        "id": "unit_price",
        "title": {"zh": "单价", "en": "Unit price"},
        "hit_policy": "first",
        "inputs": [
            {"id": "product", "type": "text"},
            {"id": "region", "type": "text"},
            {"id": "qty", "type": "number"},
            {"id": "day", "type": "date"},
            {"id": "tier", "type": "text"},
        ],
        "outputs": [{"id": "price", "type": "number", "scale": 2}, {"id": "currency", "type": "text"}],
        "rows": [
            [
                f"r{number}",
                row.product or "-",
                ",".join(row.regions) or "-",
                f"[{row.qty[0]}..{row.qty[1]})" if row.qty else "-",
                f"[{row.days[0]}..{row.days[1]})" if row.days else "-",
                row.tier or "-",
                str(row.price),
                row.currency,
            ]
            for number, row in enumerate(rows)
        ],
    }


def our_request(order: Order) -> dict[str, str]:
    """The order as JSON brings it: dates and numbers are text."""
    day, qty = order.day.isoformat(), str(order.qty)
    return {"product": order.product, "region": order.region, "qty": qty, "day": day, "tier": order.tier}


def zen_table(rows: Sequence[Price]) -> dict[str, Any]:
    """The list as GoRules' JDM. Days are counted, its fastest form."""
    columns = ["product", "region", "qty", "day", "tier"]
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": name, "name": name, "field": name} for name in columns],
        "outputs": [{"id": name, "name": name, "field": name} for name in ("price", "currency", "row")],
        "rules": [
            {
                "_id": f"r{number}",
                "product": f'"{row.product}"' if row.product else "",
                "region": ",".join(f'"{region}"' for region in row.regions),
                "qty": f"[{row.qty[0]}..{row.qty[1]})" if row.qty else "",
                "day": f"[{row.days[0].toordinal()}..{row.days[1].toordinal()})" if row.days else "",
                "tier": f'"{row.tier}"' if row.tier else "",
                "price": str(row.price),
                "currency": f'"{row.currency}"',
                "row": str(number),
            }
            for number, row in enumerate(rows)
        ],
    }
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode", "position": {"x": 0, "y": 0}},
        {"id": "table", "name": "table", "type": "decisionTableNode", "position": {"x": 1, "y": 0}, "content": table},
        {"id": "out", "name": "out", "type": "outputNode", "position": {"x": 2, "y": 0}},
    ]
    edges = [("in", "table"), ("table", "out")]
    return {
        "nodes": nodes,
        "edges": [{"id": f"{a}-{b}", "sourceId": a, "targetId": b, "type": "edge"} for a, b in edges],
    }


def counted(order: Order) -> dict[str, Any]:
    """The order with its day counted, as the peers' tables ask it."""
    day = order.day.toordinal()
    return {"product": order.product, "region": order.region, "qty": order.qty, "day": day, "tier": order.tier}


def spiff_table(model: Any, rows: Sequence[Price]) -> Any:
    """The list as SpiffWorkflow's decision table, made of the classes of its module ``model``."""
    table = model.DecisionTable("price", "price", model.HitPolicy.UNIQUE.value)
    inputs = {n: model.Input(n, n, n, n, "string") for n in ("product", "region", "qty", "day", "tier")}
    outputs = {n: model.Output(n, n, n, "number") for n in ("price", "row")}
    for number, row in enumerate(rows):
        rule = model.Rule(str(number))
        for name, test in _python_tests(row).items():
            entry = model.InputEntry(name, inputs[name])
            entry.lhs = [test]
            rule.inputEntries.append(entry)
        for name, text in (("price", str(row.price)), ("row", str(number))):
            output = model.OutputEntry(name, outputs[name])
            output.text = text
            rule.outputEntries.append(output)
        table.rules.append(rule)
    return table


def _python_tests(row: Price) -> Mapping[str, str]:
    found = {}
    if row.product:
        found["product"] = f"? == '{row.product}'"
    if row.regions:
        found["region"] = f"? in {tuple(row.regions)!r}"
    if row.qty:
        found["qty"] = f"{row.qty[0]} <= ? < {row.qty[1]}"
    if row.days:
        found["day"] = f"{row.days[0].toordinal()} <= ? < {row.days[1].toordinal()}"
    if row.tier:
        found["tier"] = f"? == '{row.tier}'"
    return found
