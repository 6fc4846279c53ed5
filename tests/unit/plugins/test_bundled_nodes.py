"""What the bundled nodes do beyond the contract."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from taktflow.rules import compile_decision, compile_formula
from taktflow.sdk import NodeError
from taktflow.sdk.testing import MemoryConnections, MemoryLibrary, MemoryRecords, a_context
from taktflow_plugins.alerting.node import AlertConfig
from taktflow_plugins.checks.node import ChecksConfig
from taktflow_plugins.records.node import (
    CreateConfig,
    QueryConfig,
    RecordCreate,
    RecordQuery,
    RecordUpdate,
    UpdateConfig,
)
from taktflow_plugins.rules.node import DecisionConfig, DecisionNode, FormulaConfig, FormulaNode
from taktflow_plugins.systems.node import ActConfig, ConnectorAct
from tests.unit.rules.builders import a_decision, a_formula

SUBJECT = {"zh": "缺料", "en": "Shortage"}


def test_a_repeated_action_is_performed_once() -> None:
    systems = MemoryConnections({("erp", "book"): {"order": "4711"}})
    config = ActConfig.model_validate({"connection": "erp", "action": "book", "with": {"qty": 1}})

    for attempt in (1, 2):
        ConnectorAct().run(config, a_context(connections=systems, attempt=attempt))

    assert [key for _, _, _, key in systems.performed] == ["i-1/node/1"]


def test_an_action_sends_the_business_key_its_author_declared() -> None:
    systems = MemoryConnections({("erp", "book"): None})

    ConnectorAct().run(ActConfig(connection="erp", action="book"), a_context(connections=systems, business_key="SO-1"))

    assert systems.performed[0][3] == "SO-1"


def test_a_second_create_of_one_id_fails_and_an_upsert_does_not() -> None:
    records = MemoryRecords()
    create = CreateConfig(entity="order", id="SO-1", fields={"qty": 1})
    upsert = CreateConfig(entity="order", id="SO-1", fields={"state": "held"}, mode="upsert")

    records.apply(RecordCreate().run(create, a_context()).writes)
    with pytest.raises(NodeError) as refused:
        records.apply(RecordCreate().run(create, a_context()).writes)
    records.apply(RecordCreate().run(upsert, a_context()).writes)

    assert refused.value.code == "exists"
    kept = records.read("order", "SO-1")
    assert kept is not None
    assert kept.fields == {"qty": 1, "state": "held"}


@pytest.mark.mission("C5")
def test_an_update_based_on_an_old_revision_is_stale() -> None:
    records = MemoryRecords()
    records.put("order", "SO-1", {"qty": 1})
    records.put("order", "SO-1", {"qty": 2})

    change = UpdateConfig(entity="order", id="SO-1", fields={"qty": 3}, expected_rev=1)
    with pytest.raises(NodeError) as refused:
        records.apply(RecordUpdate().run(change, a_context()).writes)

    assert refused.value.code == "stale"


def test_a_field_called_rev_does_not_hide_the_revision() -> None:
    records = MemoryRecords()
    records.put("order", "SO-1", {"rev": "A"})

    value = RecordQuery().run(QueryConfig(entity="order", id="SO-1"), a_context(records=records)).value

    assert value == {"id": "SO-1", "rev": 1}


@pytest.mark.parametrize("link", ["https://evil.example", "//evil.example", "/\\evil.example", "orders", "/a b"])
def test_an_alert_links_to_this_server_only(link: str) -> None:
    with pytest.raises(ValidationError):
        AlertConfig.model_validate({"to": ["role:planner"], "subject": SUBJECT, "link": link})


@pytest.mark.parametrize("to", [[], ["planner"], ["role:"], ["mail:ann@example.com"]])
def test_an_alert_needs_somebody_to_tell(to: list[str]) -> None:
    with pytest.raises(ValidationError):
        AlertConfig.model_validate({"to": to, "subject": SUBJECT})


@pytest.mark.parametrize("holds", ["true", 1, "yes"])
def test_a_rule_holds_by_a_boolean_and_nothing_like_it(holds: Any) -> None:
    with pytest.raises(ValidationError):
        ChecksConfig.model_validate({"rules": [{"id": "a", "message": SUBJECT, "holds": holds}]})


def test_two_rules_of_one_id_are_refused() -> None:
    rule = {"id": "a", "message": SUBJECT, "holds": True}

    with pytest.raises(ValidationError, match="rule ids must differ"):
        ChecksConfig.model_validate({"rules": [rule, rule]})


@pytest.mark.mission("S11")
def test_the_nodes_answer_from_compiled_tables_and_formulas_and_explain_it() -> None:
    rows = [["s", "S", 3], ["o", "-", 1]]
    columns = [{"id": "tier", "type": "text"}], [{"id": "weight", "type": "number"}]
    level = a_decision(*columns, rows, hit_policy="first")
    rank = a_formula({"weight": {"type": "number"}, "amount": {"type": "number"}}, "weight * amount")
    library = MemoryLibrary({"level": compile_decision(level, 4)}, {"rank": compile_formula(rank, 5)})

    weight = DecisionNode().run(DecisionConfig(ref="level"), a_context({"tier": "S"}, library=library))
    value = FormulaNode().run(
        FormulaConfig(ref="rank", data={"weight": weight.value}), a_context({"amount": 7}, library=library)
    )

    assert (weight.value, value.value) == (3, 21)
    assert (weight.trace["version"], weight.trace["rows"][0]["id"]) == (4, "s")
    assert value.trace["inputs"] == {"weight": 3, "amount": 7}
