"""Every bundled node keeps the contract that strangers' nodes are held to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from taktflow.catalog import NODES, announced
from taktflow.definitions.workflow import Activity
from taktflow.sdk import Alert, NodeContext, NodeError, Range, RecordWrite, Result, Text
from taktflow.sdk.schema import RESERVED
from taktflow.sdk.testing import (
    Fails,
    FixedDecider,
    MemoryConnections,
    MemoryLibrary,
    MemoryRecords,
    NodeContract,
    a_context,
)
from taktflow_plugins.alerting.node import AlertNode
from taktflow_plugins.checks.node import Checks
from taktflow_plugins.records.node import RecordCreate, RecordQuery, RecordUpdate
from taktflow_plugins.rules.node import DecisionNode, FormulaNode
from taktflow_plugins.systems.node import ConnectorAct, ConnectorRead
from taktflow_plugins.transform.node import Transform

LIBRARY = MemoryLibrary(
    decisions={
        "unit_price": FixedDecider(lambda scope: {"unit_price": Decimal("12.50"), "sku": scope["sku"]}),
        "bare": FixedDecider(NodeError("decision.none", "no row matches")),
    },
    formulas={
        "rank": FixedDecider(lambda scope: scope["tier"] * 2),
        "broken": FixedDecider(NodeError("formula.input", "tier is missing")),
    },
)


class TestDecision(NodeContract):
    node = DecisionNode
    examples = [
        ({"ref": "unit_price"}, {"sku": "P1"}, {"unit_price": Decimal("12.50"), "sku": "P1"}),
        ({"ref": "unit_price", "with": {"sku": "P2"}}, {"sku": "P1"}, {"unit_price": Decimal("12.50"), "sku": "P2"}),
        ({"ref": "bare"}, {}, Fails("decision.none")),
    ]

    def context(self, scope: Mapping[str, Any]) -> NodeContext:
        return a_context(scope, library=LIBRARY)


class TestFormula(NodeContract):
    node = FormulaNode
    examples = [
        ({"ref": "rank"}, {"tier": 3}, 6),
        ({"ref": "rank", "with": {"tier": 4}}, {}, 8),
        ({"ref": "broken"}, {}, Fails("formula.input")),
    ]

    def context(self, scope: Mapping[str, Any]) -> NodeContext:
        return a_context(scope, library=LIBRARY)


class TestRecordCreate(NodeContract):
    node = RecordCreate
    examples = [
        (
            {"entity": "order", "id": "SO-1", "fields": {"qty": 5, "due": date(2026, 2, 1)}, "why": "came by mail"},
            {},
            Result(
                value={"qty": Decimal(5), "due": date(2026, 2, 1), "id": "SO-1"},
                writes=[
                    RecordWrite(
                        "order", "create", "SO-1", {"qty": Decimal(5), "due": date(2026, 2, 1)}, why="came by mail"
                    )
                ],
            ),
        ),
        (
            {"entity": "order", "id": "SO-1", "fields": {}, "mode": "upsert"},
            {},
            Result(value={"id": "SO-1"}, writes=[RecordWrite("order", "upsert", "SO-1", {})]),
        ),
    ]


class TestRecordUpdate(NodeContract):
    node = RecordUpdate
    examples = [
        (
            {"entity": "order", "id": "SO-1", "fields": {"state": "held"}, "expected_rev": 3},
            {},
            Result(
                value={"state": "held", "id": "SO-1"},
                writes=[RecordWrite("order", "update", "SO-1", {"state": "held"}, expected_rev=3)],
            ),
        ),
    ]


class TestRecordQuery(NodeContract):
    node = RecordQuery
    examples = [
        ({"entity": "order", "id": "SO-2"}, {}, {"qty": 7, "customer": "ACME", "id": "SO-2", "rev": 1}),
        ({"entity": "order", "id": "SO-9"}, {}, None),
        (
            {"entity": "order", "where": {"customer": "ACME", "qty": {"from": 6, "to": 7}}},
            {},
            [{"qty": 7, "customer": "ACME", "id": "SO-2", "rev": 1}],
        ),
        (
            {"entity": "order", "where": {"customer": ["ACME", "Bolt"]}, "limit": 1, "newest_first": False},
            {},
            [{"qty": 5, "customer": "ACME", "id": "SO-1", "rev": 2}],
        ),
        ({"entity": "order", "where": {"qty": Range(None, Decimal(4))}}, {}, []),
        ({"entity": "order", "where": {"qty": {"above": 6}}}, {}, Fails("invalid")),
    ]

    def context(self, scope: Mapping[str, Any]) -> NodeContext:
        records = MemoryRecords()
        records.put("order", "SO-1", {"qty": Decimal(4), "customer": "ACME"})
        records.put("order", "SO-1", {"qty": Decimal(5), "customer": "ACME"})
        records.put("order", "SO-2", {"qty": Decimal(7), "customer": "ACME"})
        return a_context(scope, records=records)


class TestAlert(NodeContract):
    node = AlertNode
    examples = [
        (
            {
                "to": ["role:planner", "user:ann", "role:planner"],
                "cc": ["user:ann", "user:bo"],
                "subject": {"zh": "缺料", "en": "Shortage"},
                "body": {"zh": "缺 5 件", "en": "5 pieces missing"},
                "severity": "warning",
                "link": "/orders/SO-1",
            },
            {},
            Result(
                alerts=[
                    Alert(
                        to=["role:planner", "user:ann"],
                        cc=["user:bo"],
                        title=Text("缺料", "Shortage"),
                        body=Text("缺 5 件", "5 pieces missing"),
                        severity="warning",
                        link="/orders/SO-1",
                    )
                ]
            ),
        ),
    ]


SYSTEMS = {
    ("wms", "available"): lambda query: {"sku": query["sku"], "qty": Decimal(40)},
    ("wms", "slow"): NodeError("timeout", "no answer", retryable=True),
    ("erp", "create_order"): {"order": "4711"},
    ("erp", "closed"): NodeError("rejected", "the period is closed"),
}


class TestConnectorRead(NodeContract):
    node = ConnectorRead
    examples = [
        ({"connection": "wms", "stream": "available", "with": {"sku": "P1"}}, {}, {"sku": "P1", "qty": 40}),
        ({"connection": "wms", "stream": "slow"}, {}, Fails("timeout")),
        ({"connection": "none", "stream": "slow"}, {}, Fails("unavailable")),
    ]

    def context(self, scope: Mapping[str, Any]) -> NodeContext:
        return a_context(scope, connections=MemoryConnections(SYSTEMS))


class TestConnectorAct(NodeContract):
    node = ConnectorAct
    examples = [
        ({"connection": "erp", "action": "create_order", "with": {"qty": 1}}, {}, {"order": "4711"}),
        ({"connection": "erp", "action": "closed"}, {}, Fails("rejected")),
    ]

    def context(self, scope: Mapping[str, Any]) -> NodeContext:
        return a_context(scope, connections=MemoryConnections(SYSTEMS))


class TestTransform(NodeContract):
    node = Transform
    examples = [({"set": {"a": 1, "b": [True, {"c": "x"}]}}, {}, {"a": 1, "b": [True, {"c": "x"}]})]


class TestChecks(NodeContract):
    node = Checks
    rules = [
        {"id": "has_lines", "message": {"zh": "没有明细", "en": "no lines"}, "holds": True},
        {"id": "fob", "severity": "warning", "message": {"zh": "须 FOB", "en": "must be FOB"}, "holds": False},
        {"id": "known", "message": {"zh": "客户未知", "en": "unknown customer"}, "holds": None},
    ]
    examples = [
        (
            {"rules": rules},
            {},
            [
                {"rule": "fob", "severity": "warning", "message": {"zh": "须 FOB", "en": "must be FOB"}},
                {"rule": "known", "severity": "error", "message": {"zh": "客户未知", "en": "unknown customer"}},
            ],
        ),
        ({"rules": rules[:1]}, {}, []),
    ]


CONTRACTS = [
    c for c in globals().values() if isinstance(c, type) and issubclass(c, NodeContract) and c is not NodeContract
]


def test_every_bundled_node_but_those_tested_elsewhere_has_its_contract_here() -> None:
    ours = {
        a.kind
        for a in announced()
        if a.group == NODES and a.distribution == "taktflow" and not a.target.startswith("taktflow_plugins.intake")
    }

    assert ours == {contract.node.kind for contract in CONTRACTS}


def test_the_names_no_setting_may_take_are_those_every_activity_has() -> None:
    taken = {field.alias or name for name, field in Activity.model_fields.items()}

    assert taken == RESERVED


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.node.kind)
def test_every_setting_of_a_bundled_node_is_named_in_chinese_too(contract: type[NodeContract]) -> None:
    schema = contract.node.Config.model_json_schema()

    for part in (schema, *schema.get("$defs", {}).values()):
        for name, about in part.get("properties", {}).items():
            assert about.get("x-title", {}).get("zh"), name
