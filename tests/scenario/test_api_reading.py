"""What screens call the data they show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from taktflow.api.reading import label_of, main_variable, reading_at, reading_of, role_words, variable_fields
from taktflow.definitions.workflow import Workflow
from taktflow.services.engine import Engine
from taktflow_plugins.records.node import RecordQuery
from tests.door import an_engine

FLOW = """
kind: workflow
id: visit
title: {zh: 拜访, en: Visit}
data:
  entity: note
  as: memo
  vars:
    found: {type: any}
    lines:
      type: list
      title: {zh: 明细, en: Lines}
      item:
        type: object
        fields:
          qty: {type: number, title: {zh: 数量, en: Quantity}, unit: kg, scale: 3}
          kind: {type: choice, values: [{value: a, title: {zh: 甲, en: First}}, b]}
          deep: {type: object, fields: {at: {type: date, title: {zh: 日期, en: Date}}}}
start:
  - {id: web, type: form, form: complaint, as: filled, title: {zh: 填表, en: Fill in}}
nodes:
  whose: {type: record.query, title: {zh: 查客户, en: Look up}, entity: customer, id: {$: filled.what}, out: customer}
  all: {type: record.query, title: {zh: 查全部, en: Look at all}, entity: customer, where: {tier: S}, out: found}
  before: {type: record.query, title: {zh: 查旧备注, en: Earlier note}, entity: note, id: x, out: earlier}
  count: {type: transform, title: {zh: 计数, en: Count}, set: {n: 1}, out: counted}
  tier: {type: transform, title: {zh: 等级, en: Tier}, set: 1, out: memo.tier}
  judge: {type: user_task, title: {zh: 判断, en: Judge}, who: [role:sales], form: verdict, out: judged}
edges: []
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with an_engine(tmp_path_factory.mktemp("reading"), [RecordQuery]) as engine:
        yield engine


@pytest.fixture(scope="module")
def flow() -> Workflow:
    return Workflow.model_validate(yaml.safe_load(FLOW))


@pytest.mark.parametrize(
    ("expression", "label"),
    [
        ("memo.text", "text"),
        ("lines", "Lines"),
        ("customer", "Customer"),
        ("customer.name", "Customer · Name"),
        ("found", "Look at all"),
        ("earlier", "Earlier note"),
        ("filled.amount", "Fill in · Amount"),
        ("judged.comment", "Judge · Comment"),
        ("counted.n", "Count · n"),
        ("unknown", "unknown"),
        ("count(lines) + 1", "count(lines) + 1"),
    ],
)
def test_data_is_called_by_its_titles_along_the_way(
    engine: Engine, flow: Workflow, expression: str, label: str
) -> None:
    assert label_of(engine, flow, expression).en == label


def test_a_list_tells_what_its_items_hold(engine: Engine, flow: Workflow) -> None:
    lines = reading_at(engine, flow, "lines")

    assert lines is not None
    qty, kind, deep = lines.fields
    assert (qty.key, qty.title and qty.title.zh, qty.type, qty.unit, qty.scale) == ("qty", "数量", "number", "kg", 3)
    assert [(c.value, c.title and c.title.en) for c in kind.values] == [("a", "First"), ("b", None)]
    assert [f.key for f in deep.fields] == ["at"]


def test_an_instance_is_told_from_its_main_variable_on(engine: Engine, flow: Workflow) -> None:
    known = variable_fields(engine, flow)

    assert main_variable(flow) == "memo"
    assert list(known)[:3] == ["memo", "found", "lines"]
    assert "memo.tier" not in known
    assert [f.key for f in reading_of(engine, "found", known["found"]).fields][:2] == ["code", "name"]


def test_nothing_is_known_of_a_workflow_that_is_gone(engine: Engine) -> None:
    assert variable_fields(engine, None) == {}
    assert main_variable(None) is None
    assert label_of(engine, None, "order.total").zh == "order.total"
    assert reading_at(engine, None, "order.total") is None


def test_roles_are_called_as_their_packs_say(engine: Engine) -> None:
    words = role_words(engine)

    assert words["supervisor"].zh == "主管"
    assert words["admin"].zh != "admin"
