"""A small pack whose orders are priced line by line, for tests of everything that asks tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taktflow.services.caller import ENGINE
from taktflow.services.engine import Engine
from taktflow.services.start import start_instance
from taktflow_plugins.rules.node import DecisionNode, FormulaNode
from taktflow_plugins.transform.node import Transform
from tests.door import an_engine, publish

PRICE = """\
kind: decision
id: price
title: {zh: 价格, en: Price}
inputs:
  - {id: product, type: text, expr: line.sku}
  - {id: qty, type: number, expr: line.qty, range: "[1..1000)"}
outputs:
  - {id: price, type: number, scale: 2, currency: currency}
  - {id: currency, type: text, values: [CNY, EUR]}
rows:
  - [p1_few, P1, "[1..100)", "10.00", CNY]
  - [p1_many, P1, "[100..1000)", "8.00", CNY]
  - [p2, P2, "[1..1000)", "3.00", EUR]
"""
RUSH = """\
kind: formula
id: rush
title: {zh: 紧急度, en: Rush}
inputs:
  days: {type: number, expr: order.days}
expr: 100 - days
output: {type: number, scale: 0}
"""
INTAKE = """\
kind: workflow
id: intake
title: {zh: 接单, en: Intake}
data: {key: order.number, vars: {order: {type: any, required: true}}}
start: [{id: begin, type: manual}]
nodes:
  price: {type: decision, ref: price, each: order.lines, as: line, out: line.price}
  rush: {type: formula, ref: rush}
  done: {type: end, outcome: priced}
edges: [[begin, price], [price, rush], [rush, done]]
"""
PACK = {
    "pack.yaml": "kind: pack\nid: prices\ntitle: {zh: 价格, en: Prices}\n",
    "price.yaml": PRICE,
    "rush.yaml": RUSH,
    "intake.yaml": INTAKE,
}
RAISED = (
    PRICE.replace('P1, "[1..100)", "10.00"', 'P1, "[1..50)", "11.00"')
    .replace('"[100..1000)", "8.00"', '"[50..1000)", "8.00"')
    .replace("p2, P2", "p2_new, P2")
)
"""P1 dearer below 50 pieces and cheaper from 50 on; P2's row has another name."""


@contextmanager
def priced(folder: Path) -> Iterator[Engine]:
    """An engine with the pack in force."""
    with an_engine(folder, (DecisionNode, FormulaNode, Transform)) as engine:
        publish(engine, PACK)
        yield engine


def order(engine: Engine, number: str, *lines: tuple[Any, Any], days: object = 3) -> str:
    """Takes an order in; its lines are product and quantity. The id of its instance."""
    data: Mapping[str, Any] = {"number": number, "days": days, "lines": [{"sku": s, "qty": q} for s, q in lines]}
    return start_instance(engine, "intake", start=None, data={"order": data}, caller=ENGINE).id
