"""Everything wrong with definitions that fit their kinds is found at once, at its line, with a remedy."""

# ruff: noqa: E501  # One case a line reads better than a broken one.

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from taktflow.catalog import Catalog
from taktflow.definitions.check import Placed, check
from taktflow.definitions.load import definition, load, load_all
from taktflow.sdk import (
    Channel,
    Connector,
    ConnectorConfig,
    Expects,
    Node,
    NodeConfig,
    NodeContext,
    Refers,
    Result,
    Secret,
    Template,
    TestReport,
    Text,
)
from taktflow.texts import sentence
from taktflow.values import Finding, has_errors

WORDS = Text("名", "Name")


class TableConfig(NodeConfig):
    ref: Annotated[str, Refers("decision")]
    data: dict[str, Any] | None = Field(None, alias="with")


class Table(Node[TableConfig]):
    kind, title, idempotency, Config = "decision", WORDS, "pure", TableConfig
    errors = {"decision.none": WORDS}

    def run(self, config: TableConfig, context: NodeContext) -> Result:
        return Result()


class FigureConfig(NodeConfig):
    ref: Annotated[str, Refers("formula")]


class Figure(Node[FigureConfig]):
    kind, title, idempotency, Config = "formula", WORDS, "pure", FigureConfig

    def run(self, config: FigureConfig, context: NodeContext) -> Result:
        return Result()


class Subject(NodeConfig):
    zh: Annotated[str, Template(), Field(pattern="^[^<]*$")]


class TellConfig(NodeConfig):
    to: list[str] = Field(min_length=1)
    subject: Subject
    loud: bool = False
    level: Literal["info", "warning"] = "info"
    times: int = Field(1, ge=1, le=5)
    only: Annotated[str | None, Expects()] = None
    extra: dict[str, Any] = Field(default_factory=dict)
    names: list[str] | None = None


class Tell(Node[TellConfig]):
    kind, title, idempotency, Config = "tell", WORDS, "key", TellConfig

    def run(self, config: TellConfig, context: NodeContext) -> Result:
        return Result()


class KeepConfig(NodeConfig):
    entity: Annotated[str, Refers("entity")]
    fields: dict[str, Any]


class Keep(Node[KeepConfig]):
    kind, title, idempotency, Config = "record.create", WORDS, "native", KeepConfig

    def run(self, config: KeepConfig, context: NodeContext) -> Result:
        return Result()


class ReadConfig(NodeConfig):
    connection: Annotated[str, Refers("connection")]
    stream: str | None = None
    action: str | None = None


class Read(Node[ReadConfig]):
    kind, title, idempotency, Config = "connector.read", WORDS, "key", ReadConfig

    def run(self, config: ReadConfig, context: NodeContext) -> Result:
        return Result()


class WireConfig(ConnectorConfig):
    url: str
    token: Annotated[str | None, Secret()] = None
    port: int = 80


class Part(ConnectorConfig):
    path: str


class Wire(Connector[WireConfig, Part, Part]):
    kind, title, Config, Stream, Action = "wire", WORDS, WireConfig, Part, Part

    def read(self, stream: Part, query: Any, *, timeout_s: float | None) -> Any:
        return None

    def act(self, action: Part, data: Any, *, key: str, timeout_s: float | None) -> Any:
        return None

    def test(self) -> TestReport:
        return TestReport(True, WORDS)


class ShopConfig(ConnectorConfig):
    secret: Annotated[str, Secret()]


class Shop(Channel[ShopConfig]):
    kind, title, Config = "shop", WORDS, ShopConfig


CATALOG = Catalog.of(nodes=[Table, Figure, Tell, Keep, Read], connectors=[Wire], channels=[Shop])

ENTITY = """
kind: entity
id: order
title: {zh: 订单, en: Order}
key: number
fields:
  number: {type: text, required: true}
  due: {type: date}
  amount: {type: number}
  state: {type: choice, values: [new, done]}
  lines: {type: list, item: {type: object, fields: {sku: {type: text}, qty: {type: number}, price: {type: number}}}}
"""
DECISION = """
kind: decision
id: price
title: {zh: 价格, en: Price}
inputs: [{id: sku, type: text, expr: line.sku}, {id: qty, type: number, expr: line.qty}]
outputs: [{id: price, type: number}]
rows: [[r1, "-", "-", 1]]
"""
FORMULA = """
kind: formula
id: rank
title: {zh: 优先级, en: Rank}
inputs: {amount: {type: number, expr: order.amount}}
expr: amount / 2
"""
FORM = """
kind: form
id: release
title: {zh: 放行, en: Release}
fields: {comment: {type: text, title: {zh: 理由, en: Reason}}}
"""
ERP = """
kind: connection
id: erp
title: {zh: 系统, en: ERP}
connector: wire
config: {url: "env:ERP_URL", token: "secret:erp"}
streams: {stock: {path: /stock}}
actions: {book: {path: /book}}
"""
SHOP = """
kind: connection
id: shop
title: {zh: 商城, en: Shop}
channel: shop
config: {secret: "secret:shop"}
"""
CALENDAR = """
kind: calendar
id: plant
title: {zh: 日历, en: Plant}
week: {mon: ["08:00-17:00"]}
"""
PACK = """
kind: pack
id: pack
title: {zh: 包, en: Pack}
roles: {supervisor: {title: {zh: 主管, en: Supervisor}}}
needs: [tell, wire, shop]
"""
FLOW = """
kind: workflow
id: flow
title: {zh: 流程, en: Flow}
data: {entity: order, key: order.number}
start: [{id: go, type: manual}]
"""
OTHERS = (ENTITY, DECISION, FORMULA, FORM, ERP, SHOP, CALENDAR, PACK)
DONE = "nodes: {done: {type: end}}\nedges: [[go, done]]\n"


def placed(text: str) -> Placed:
    loaded = load(text.strip() + "\n", "x.yaml")
    found, wrong = definition(loaded)
    assert found is not None, (loaded.findings, wrong)
    return Placed(found, loaded)


WORLD = tuple(placed(o) for o in OTHERS)


def findings_of(text: str) -> list[Finding]:
    """What is found in ``text``, which stands among the definitions above (or in place of its namesake)."""
    mine = placed(text)
    others = [w for w in WORLD if (w.definition.kind, w.definition.id) != (mine.definition.kind, mine.definition.id)]
    return check([mine], CATALOG, published=others)


def flow(nodes: str, edges: str = "", *, head: str = FLOW) -> str:
    """A workflow with these node lines; each is one line of a flow mapping."""
    lines = "".join(f"  {line}\n" for line in nodes.strip().splitlines())
    more = "".join(f"  - {line}\n" for line in edges.strip().splitlines())
    return f"{head}nodes:\n{lines}" + (f"edges:\n{more}" if more else "")


def test_the_definitions_that_the_cases_stand_among_have_no_findings() -> None:
    assert check(WORLD, CATALOG) == []
    assert findings_of(FLOW + DONE) == []


GOOD = flow(
    """
price: {type: decision, ref: price, each: order.lines, as: line, out: line.price}
rank: {type: formula, ref: rank@2, out: rank_value}
tell: {type: tell, to: [role:supervisor, {$: 'instance.by'}], subject: {zh: "订单 {{ order.number }}"}, times: {$: 'count(order.lines)'}}
stock: {type: connector.read, connection: erp, stream: stock, out: stock, timeout: PT5S, on: {timeout: late, error: late}}
late: {type: tell, to: [user:ann], subject: {zh: "{{ error.code }}"}, extra: {deep: [{$: error.node}]}}
hold: {type: approval, title: {zh: 批, en: Approve}, who: [role:supervisor], form: release, due: {work: PT4H, calendar: plant}, escalate: {after: PT1H, to: [role:admin]}, out: verdict, on: {overdue: late}}
keep: {type: record.create, entity: order, fields: {number: {$: order.number}}, on: {duplicate: late}}
each: {type: foreach, over: order.lines, as: l, nodes: {show: {type: tell, to: [user:a], subject: {zh: "{{ l.sku }} {{ index }}"}, out: l.told}}, collect: l.told, complete_when: done >= 1, out: told}
wait: {type: wait, any: {paid: {message: paid, key: {$: order.number}, out: payment}, late: {after: {$: 'duration("P3D")'}}}}
sub: {type: call, ref: flow, with: {order: {$: order}}, collect: order.number, out: child}
done: {type: end}
""",
    """
[go, price]
{from: hold, to: keep, when: approved and verdict.by != null}
{from: hold, to: done, when: outcome = "rejected"}
{from: wait, to: done, when: paid}
{from: stock, to: done, when: 'stock != null and rank_value > 1'}
""",
)


@pytest.mark.mission("E1")
def test_a_workflow_that_uses_everything_rightly_has_no_findings_but_what_it_does_not_declare() -> None:
    found = findings_of(GOOD)

    assert [(f.code, f.severity, f.args["path"]) for f in found] == [("out.undeclared", "info", "l.told")]


NODE_CASES: list[tuple[str, str, str]] = [
    ("a: {type: tel, to: [x], subject: {zh: x}}", "node.type_near", "/nodes/a/type"),
    ("a: {type: something.else}", "node.type_unknown", "/nodes/a/type"),
    ("a: {type: decision, ref: prise}", "reference.near", "/nodes/a/ref"),
    ("a: {type: decision, ref: zzz@3}", "reference.unknown", "/nodes/a/ref"),
    ("a: {type: decision, ref: price}", "reference.input_missing", "/nodes/a/ref"),
    ("a: {type: formula, ref: rank, each: 'order.lines', as: order}", "reference.input_missing", "/nodes/a/ref"),
    ("a: {type: tell, to: [], subject: {zh: x}}", "definition.few", "/nodes/a/to"),
    ("a: {type: tell, to: [x], subject: {zh: x}, lod: true}", "definition.key_near", "/nodes/a/lod"),
    ("a: {type: tell, to: [x], subject: {zh: x}, zzz: true}", "definition.key_unknown", "/nodes/a/zzz"),
    ("a: {type: tell, to: [x]}", "definition.missing", "/nodes/a"),
    ("a: {type: tell, to: [x], subject: {zh: x}, loud: 'yes'}", "definition.type_boolean", "/nodes/a/loud"),
    ("a: {type: tell, to: [x], subject: {zh: x}, times: 9}", "definition.number_high", "/nodes/a/times"),
    ("a: {type: tell, to: [x], subject: {zh: x}, times: '1'}", "definition.type_integer", "/nodes/a/times"),
    ("a: {type: tell, to: [x], subject: {zh: x}, level: warn}", "definition.choice_near", "/nodes/a/level"),
    ("a: {type: tell, to: [x], subject: {zh: x}, level: 3}", "definition.choice", "/nodes/a/level"),
    ("a: {type: tell, to: x, subject: {zh: x}}", "definition.type_list", "/nodes/a/to"),
    ("a: {type: tell, to: [x], subject: {zh: '<b>'}}", "definition.pattern", "/nodes/a/subject/zh"),
    ("a: {type: tell, to: [x], subject: [1]}", "definition.type_mapping", "/nodes/a/subject"),
    ("a: {type: tell, to: [x], subject: {zh: x}, names: [1]}", "definition.type_text", "/nodes/a/names/0"),
    ("a: {type: tell, to: [x], subject: {zh: x}, names: 1}", "definition.type_list", "/nodes/a/names"),
    (
        "a: {type: tell, to: [x], subject: {zh: '{{ ordr.number }}'}}",
        "expressions.names.unknown",
        "/nodes/a/subject/zh",
    ),
    ("a: {type: tell, to: [x], subject: {zh: '{{ order.number'}}", "expression.template_open", "/nodes/a/subject/zh"),
    ("a: {type: tell, to: [x], subject: {zh: x}, only: 'a >'}", "expressions.syntax.unfinished", "/nodes/a/only"),
    ("a: {type: tell, to: [x], subject: {zh: x}, times: {$: order.number}}", "expression.type", "/nodes/a/times/$"),
    ("a: {type: tell, to: [role:suprvisor], subject: {zh: x}}", "role.unknown", "/nodes/a/to/0"),
    (
        "a: {type: tell, to: [x], subject: {zh: x}, extra: {d: [{$: ordr}]}}",
        "expressions.names.unknown",
        "/nodes/a/extra/d/0/$",
    ),
    (
        "a: {type: tell, to: [x], subject: {zh: x}, extra: {d: {$: error.code}}}",
        "expressions.names.unknown",
        "/nodes/a/extra/d/$",
    ),
    ("a: {type: tell, to: [x], subject: {zh: x}, each: order.lines}", "each.not_pure", "/nodes/a/each"),
    ("a: {type: formula, ref: rank, as: line}", "each.missing", "/nodes/a/as"),
    (
        "a: {type: formula, ref: rank, each: 'order.lines[qty > 1]', as: line, out: line.price}",
        "each.no_path",
        "/nodes/a/out",
    ),
    ("a: {type: formula, ref: rank, each: order.number}", "expression.type", "/nodes/a/each"),
    ("a: {type: formula, ref: rank, on: {timeot: done}}", "route.code_unknown", "/nodes/a/on/timeot"),
    ("a: {type: formula, ref: rank, on: {error: doen}}", "edge.node_near", "/nodes/a/on/error"),
    ("a: {type: formula, ref: rank, timeout: 5s}", "span.form", "/nodes/a/timeout"),
    ("a: {type: formula, ref: rank, timeout: P1M}", "span.months", "/nodes/a/timeout"),
    ("a: {type: formula, ref: rank, retry: {first: -PT5S}}", "span.negative", "/nodes/a/retry/first"),
    ("a: {type: formula, ref: rank, out: 'order priority'}", "out.form", "/nodes/a/out"),
    ("a: {type: formula, ref: rank, out: instance.key}", "out.reserved", "/nodes/a/out"),
    ("a: {type: formula, ref: rank, out: order.number}", "out.type", "/nodes/a/out"),
    ("a: {type: formula, ref: rank, each: order.lines, as: line, out: line.sku}", "out.type", "/nodes/a/out"),
    ("a: {type: formula, ref: rank, each: order.lines, as: line, out: line.prise}", "out.near", "/nodes/a/out"),
    ("a: {type: formula, ref: rank, out: order.amuont}", "out.near", "/nodes/a/out"),
    ("a: {type: formula, ref: rank, out: order.priority}", "out.undeclared", "/nodes/a/out"),
    ("a: {type: formula, ref: rank, idempotency: {$: order.lines}}", "expression.type", "/nodes/a/idempotency/$"),
    ("a: {type: connector.read, connection: erp, stream: stok}", "reference.stream_near", "/nodes/a/stream"),
    ("a: {type: connector.read, connection: erp, stream: zzz}", "reference.stream_unknown", "/nodes/a/stream"),
    ("a: {type: connector.read, connection: erp, action: bok}", "reference.action_near", "/nodes/a/action"),
    ("a: {type: connector.read, connection: erp, action: zzz}", "reference.action_unknown", "/nodes/a/action"),
    ("a: {type: record.create, entity: order, fields: {nmber: 1}}", "entity.field_near", "/nodes/a/fields/nmber"),
    ("a: {type: record.create, entity: order, fields: {zzz: 1}}", "entity.field_unknown", "/nodes/a/fields/zzz"),
    ("a: {type: user_task, who: [role:boss], title: {zh: 做, en: Do}}", "role.unknown", "/nodes/a/who/0"),
    ("a: {type: user_task, who: [{$: order.amount}], title: {zh: 做, en: Do}}", "expression.type", "/nodes/a/who/0/$"),
    ("a: {type: user_task, who: [user:a], form: relase, title: {zh: 做, en: Do}}", "reference.near", "/nodes/a/form"),
    (
        "a: {type: user_task, who: [user:a], show: [ordr], title: {zh: 做, en: Do}}",
        "expressions.names.unknown",
        "/nodes/a/show/0",
    ),
    (
        "a: {type: user_task, who: [user:a], outcomes: [], title: {zh: 做, en: Do}}",
        "task.no_outcome",
        "/nodes/a/outcomes",
    ),
    (
        "a: {type: user_task, who: [user:a], outcomes: [x, x], title: {zh: 做, en: Do}}",
        "task.outcome_twice",
        "/nodes/a/outcomes/1",
    ),
    ("a: {type: user_task, who: [user:a]}", "task.title_missing", "/nodes/a"),
    (
        "a: {type: user_task, who: [user:a], on: {overdue: done}, title: {zh: 做, en: Do}}",
        "task.due_missing",
        "/nodes/a/on/overdue",
    ),
    (
        "a: {type: user_task, who: [user:a], escalate: {to: [user:b]}, title: {zh: 做, en: Do}}",
        "task.due_missing",
        "/nodes/a/escalate",
    ),
    (
        "a: {type: user_task, who: [user:a], on: {boom: done}, title: {zh: 做, en: Do}}",
        "route.code_unknown",
        "/nodes/a/on/boom",
    ),
    ("a: {type: user_task, who: [user:a], due: soon, title: {zh: 做, en: Do}}", "span.form", "/nodes/a/due"),
    (
        "a: {type: user_task, who: [user:a], due: {work: PT4H, calendar: plnt}, title: {zh: 做, en: Do}}",
        "reference.near",
        "/nodes/a/due/calendar",
    ),
    (
        "a: {type: user_task, who: [user:a], due: {$: order.amount}, title: {zh: 做, en: Do}}",
        "expression.type",
        "/nodes/a/due/$",
    ),
    (
        "a: {type: approval, who: [user:a], rule: {mode: at_least}, title: {zh: 批, en: Do}}",
        "approval.n_missing",
        "/nodes/a/rule",
    ),
    (
        "a: {type: approval, who: [user:a], rule: {mode: all, n: 2}, title: {zh: 批, en: Do}}",
        "approval.n_unused",
        "/nodes/a/rule/n",
    ),
    ("a: {type: wait}", "wait.nothing", "/nodes/a"),
    ("a: {type: wait, after: PT1H, message: x}", "wait.several", "/nodes/a/message"),
    ("a: {type: wait, after: PT1H, events: {e: {escalation: x, to: done}}}", "event.escalation", "/nodes/a/events/e"),
    (
        "a: {type: wait, after: PT1H, events: {e: {broadcast: x, every: true, to: done}}}",
        "event.every",
        "/nodes/a/events/e/every",
    ),
    (
        "a: {type: wait, after: PT1H, events: {e: {broadcast: x, to: nowhere}}}",
        "edge.node_unknown",
        "/nodes/a/events/e/to",
    ),
    ("a: {type: wait, after: PT1H, undo: nowhere}", "edge.node_unknown", "/nodes/a/undo"),
    ("a: {type: compensate, of: [nowhere]}", "edge.node_unknown", "/nodes/a/of/0"),
    ("a: {type: cancel, nodes: [nowhere]}", "edge.node_unknown", "/nodes/a/nodes/0"),
    ("a: {type: wait, when: 1 + 1}", "expression.type", "/nodes/a/when"),
    ("a: {type: wait, after: PT1H, lock: {name: {$: '1 = 1'}}}", "expression.type", "/nodes/a/lock/name/$"),
    ("a: {type: wait, after: PT1H, any: {b: {after: PT2H}}}", "wait.both", "/nodes/a/after"),
    ("a: {type: wait, after: PT1H, out: x}", "wait.no_message", "/nodes/a"),
    ("a: {type: wait, until: order.due}", "expression.type", "/nodes/a/until"),
    ("a: {type: wait, message: x, key: {$: order.lines}}", "expression.type", "/nodes/a/key/$"),
    ("a: {type: foreach, over: order.number, as: l, nodes: {b: {type: end}}}", "expression.type", "/nodes/a/over"),
    (
        "a: {type: foreach, over: order.lines, as: l, complete_when: done, nodes: {b: {type: end}}}",
        "expression.type",
        "/nodes/a/complete_when",
    ),
    (
        "a: {type: foreach, over: order.lines, as: l, collect: l.skv, nodes: {b: {type: end}}}",
        "expressions.fields.unknown",
        "/nodes/a/collect",
    ),
    (
        "a: {type: foreach, over: order.lines, as: l, nodes: {b: {type: end}}, edges: [[b, done]]}",
        "edge.node_unknown",
        "/nodes/a/edges/0/to",
    ),
    ("a: {type: call, ref: flov}", "reference.near", "/nodes/a/ref"),
    ("a: {type: call, ref: flow, with: {order: {$: ordr}}}", "expressions.names.unknown", "/nodes/a/with/order/$"),
    ("a: {type: call, ref: flow, with: {ordr: 1}}", "call.input_unknown", "/nodes/a/with/ordr"),
    ("a: {type: call, ref: flow, collect: ordr.number}", "expressions.names.unknown", "/nodes/a/collect"),
]


def cases_of(found: list[Finding]) -> list[tuple[str, str]]:
    return [(f.code, f.at) for f in found]


@pytest.mark.mission("E1")
@pytest.mark.parametrize(("node", "code", "at"), NODE_CASES)
def test_a_wrong_node_is_one_finding_at_its_setting(node: str, code: str, at: str) -> None:
    found = findings_of(flow(f"{node}\ndone: {{type: end}}"))

    assert {(f.code, f.at, f.line) for f in found} == {(code, at, 7)}


EDGE_CASES: list[tuple[str, str, str]] = [
    ("[go, nowhere]", "edge.node_unknown", "/edges/0/to"),
    ("[goo, done]", "edge.node_near", "/edges/0/from"),
    ("{from: go, to: done, when: order.amount}", "expression.type", "/edges/0/when"),
    ("{from: go, to: done, when: approved}", "expressions.names.unknown", "/edges/0/when"),
    ("{from: go, to: done, when: order.amount > }", "expressions.syntax.unfinished", "/edges/0/when"),
    ("{from: go, to: done, when: order.stat = 1}", "expressions.fields.unknown", "/edges/0/when"),
    ("{from: go, to: done, when: order.number > 5}", "expressions.types.compare", "/edges/0/when"),
]


@pytest.mark.parametrize(("edge", "code", "at"), EDGE_CASES)
def test_a_wrong_edge_is_one_finding(edge: str, code: str, at: str) -> None:
    found = findings_of(flow("done: {type: end}", edge))

    assert [(f.code, f.at, f.line) for f in found] == [(code, at, 9)]


START = FLOW.replace("[{id: go, type: manual}]", "[{id: go, START}]")
HEADS: list[tuple[str, str, str]] = [
    (START.replace("START", "type: message"), "start.needs", "/start/0"),
    (START.replace("START", "type: webhook"), "start.needs", "/start/0"),
    (START.replace("START", "type: form"), "start.needs", "/start/0"),
    (START.replace("START", "type: schedule"), "start.needs", "/start/0"),
    (START.replace("START", "type: schedule, cron: daily"), "start.cron", "/start/0/cron"),
    (START.replace("START", "type: schedule, cron: '0 0 30 2 *'"), "start.cron", "/start/0/cron"),
    (
        START.replace("START", "type: schedule, cron: '0 2 * * *', timezone: Mars/Base"),
        "calendar.zone",
        "/start/0/timezone",
    ),
    (START.replace("START", "type: manual, cron: '0 2 * * *'"), "start.unscheduled", "/start/0/cron"),
    (START.replace("START", "type: manual, catch_up: {all: 3}"), "start.unscheduled", "/start/0/catch_up"),
    (
        START.replace("START", "type: schedule, cron: '0 2 * * *', calendar: plnt"),
        "reference.near",
        "/start/0/calendar",
    ),
    (
        START.replace("START", "type: schedule, cron: '0 2 * * *', on_holiday: after"),
        "start.no_holidays",
        "/start/0/on_holiday",
    ),
    (START.replace("START", "type: schedule, cron: '0 2 * * 0', calendar: plant"), "start.days_off", "/start/0/cron"),
    (START.replace("START", "type: webhook, connection: erp"), "start.no_channel", "/start/0/connection"),
    (START.replace("START", "type: webhook, connection: shp"), "reference.near", "/start/0/connection"),
    (START.replace("START", "type: manual, public: true"), "start.public", "/start/0/public"),
    (START.replace("START", "type: manual, who: [role:boss]"), "role.unknown", "/start/0/who/0"),
    (START.replace("START", "type: form, form: relese"), "reference.near", "/start/0/form"),
    (START.replace("START", "type: manual, dedupe: ordr.number"), "expressions.names.unknown", "/start/0/dedupe"),
    (FLOW.replace("entity: order", "entity: oder, as: order"), "reference.near", "/data/entity"),
    (FLOW.replace("key: order.number", "key: order.lines"), "expression.type", "/data/key"),
    (FLOW.replace("{entity", "{vars: {instance: {type: text}}, entity"), "out.reserved", "/data/vars/instance"),
    (FLOW + "priority: order.number\n", "expression.type", "/priority"),
    (FLOW.replace("{entity", "{vars: {x: {type: choice}}, entity"), "field.choice_empty", "/data/vars/x"),
]


@pytest.mark.parametrize(("head", "code", "at"), HEADS)
def test_a_wrong_head_of_a_workflow_is_one_finding(head: str, code: str, at: str) -> None:
    assert cases_of(findings_of(head + DONE)) == [(code, at)]


F = ENTITY.replace("  due: {type: date}", "  due: FIELD")
OTHER_CASES: list[tuple[str, str, str]] = [
    (F.replace("FIELD", "{type: text, scale: 2}"), "field.misplaced", "/fields/due/scale"),
    (F.replace("FIELD", "{type: choice}"), "field.choice_empty", "/fields/due"),
    (F.replace("FIELD", "{type: choice, values: [a, a]}"), "field.choice_twice", "/fields/due/values/1"),
    (F.replace("FIELD", "{type: reference}"), "field.entity_missing", "/fields/due"),
    (F.replace("FIELD", "{type: reference, entity: ordr}"), "reference.near", "/fields/due/entity"),
    (F.replace("FIELD", "{type: number, min: 2, max: 1}"), "field.bounds", "/fields/due"),
    (F.replace("FIELD", "{type: text, pattern: '(?=a)'}"), "field.pattern", "/fields/due/pattern"),
    (F.replace("FIELD", "{type: date, default: tomorrow}"), "data.date", "/fields/due/default"),
    (F.replace("FIELD", "{type: list, item: {type: choice}}"), "field.choice_empty", "/fields/due/item"),
    (F.replace("FIELD", "{type: object, fields: {a: {type: choice}}}"), "field.choice_empty", "/fields/due/fields/a"),
    (ENTITY.replace("key: number", "key: nmber"), "entity.field_near", "/key"),
    (ENTITY.replace("key: number", "key: zzz"), "entity.field_unknown", "/key"),
    (ENTITY.replace("key: number", "key: due"), "entity.key_type", "/key"),
    (ENTITY + "index: [lines]\n", "entity.index_type", "/index/0"),
    (ENTITY + "unique: [[number, zzz]]\n", "entity.field_unknown", "/unique/0"),
    (ENTITY + "read: [role:boss]\n", "role.unknown", "/read/0"),
    (FORM.replace("type: text, ", ""), "form.field_untyped", "/fields/comment"),
    (FORM.replace("type: text, ", "") + "entity: order\n", "entity.field_unknown", "/fields/comment"),
    (FORM + "entity: zzz\n", "reference.unknown", "/entity"),
    (FORM.replace(", title: {zh: 理由, en: Reason}", ""), "form.title_missing", "/fields/comment"),
    (ERP.replace("connector: wire", "connector: wire\nchannel: shop"), "connection.one", ""),
    (ERP.replace("connector: wire", "connector: wyre"), "connection.connector_unknown", "/connector"),
    (ERP.replace('"secret:erp"', "hunter2"), "connection.secret_literal", "/config/token"),
    (ERP.replace("env:ERP_URL", "secret:url"), "connection.secret_misplaced", "/config/url"),
    (ERP.replace("url:", "ulr:"), "definition.key_near", "/config/ulr"),
    (ERP.replace('"secret:erp"', '"secret:erp", port: http'), "definition.type_integer", "/config/port"),
    (ERP.replace("{path: /stock}", "{}"), "definition.missing", "/streams/stock"),
    (ERP.replace("{path: /book}", "{path: 1}"), "definition.type_text", "/actions/book/path"),
    (SHOP.replace("channel: shop", "channel: shopp"), "connection.channel_unknown", "/channel"),
    (SHOP + "streams: {a: {}}\n", "connection.channel_only", "/streams"),
    (SHOP.replace("secret:shop", "secret:"), "connection.secret_literal", "/config/secret"),
    (CALENDAR.replace("08:00-17:00", "8-17"), "calendar.hours", "/week/mon/0"),
    (CALENDAR.replace('"08:00-17:00"', '"08:00-17:00", "16:00-18:00"'), "calendar.overlap", "/week/mon/1"),
    (CALENDAR + "holidays: [2026-02-30]\n", "calendar.day", "/holidays/0"),
    (CALENDAR + "special: {tomorrow: []}\n", "calendar.day", "/special/tomorrow"),
    (CALENDAR + "timezone: Mars/Base\n", "calendar.zone", "/timezone"),
    (CALENDAR.replace('["08:00-17:00"]', "[]"), "calendar.never_works", "/week"),
    (PACK.replace("tell, wire", "tel, wire"), "pack.need_near", "/needs/0"),
    (PACK.replace("tell, wire", "wire, zzz"), "pack.need_missing", "/needs/1"),
]


@pytest.mark.parametrize(("text", "code", "at"), OTHER_CASES)
def test_a_wrong_definition_of_another_kind_is_found_at_its_place(text: str, code: str, at: str) -> None:
    found = findings_of(text)

    assert (code, at) in cases_of(found)
    assert all(f.line > 0 and f.file == "x.yaml" for f in found)


def test_a_table_reads_data_of_the_wrong_type() -> None:
    wrong = flow("a: {type: foreach, over: '[{sku: 1, qty: 2}]', as: line, nodes: {b: {type: decision, ref: price}}}")

    found = findings_of(wrong)

    assert [(f.code, f.args["input"], f.args["found"]) for f in found] == [
        ("reference.input_type", "line.sku", "number")
    ]


def test_what_a_table_answers_is_known_behind_it() -> None:
    nodes = "a: {type: decision, ref: price, with: {line: {$: 'order.lines[1]'}}, out: unit}\ndone: {type: end}"

    right = findings_of(flow(nodes, "{from: a, to: done, when: unit > 1}"))
    wrong = findings_of(flow(nodes, '{from: a, to: done, when: unit = "a"}'))

    assert cases_of(right) == []
    assert cases_of(wrong) == [("expressions.types.compare", "/edges/0/when")]


def test_what_a_person_answers_is_known_behind_the_task() -> None:
    nodes = (
        "a: {type: approval, who: [user:a], form: release, out: verdict, title: {zh: 批, en: Do}}\ndone: {type: end}"
    )
    edge = "{from: a, to: done, when: 'approved and verdict.FIELD != null'}"

    for known in ("comment", "by", "decisions[1].by"):
        assert cases_of(findings_of(flow(nodes, edge.replace("FIELD", known)))) == []
    assert cases_of(findings_of(flow(nodes, edge.replace("FIELD", "coment")))) == [
        ("expressions.fields.unknown", "/edges/0/when")
    ]


def test_a_name_that_two_nodes_set_differently_may_be_either() -> None:
    nodes = """
a: {type: formula, ref: rank, out: x}
b: {type: approval, who: [user:a], out: x, title: {zh: 批, en: Do}}
done: {type: end}
"""

    assert (
        cases_of(findings_of(flow(nodes, "{from: a, to: done, when: x > 1}\n{from: b, to: done, when: x.by != null}")))
        == []
    )


def test_a_forms_fields_are_variables_of_what_it_starts() -> None:
    head = FLOW.replace("data: {entity: order, key: order.number}\n", "").replace(
        "type: manual", "type: form, form: release"
    )

    assert (
        cases_of(findings_of(flow("done: {type: end}", "{from: go, to: done, when: comment != null}", head=head))) == []
    )
    assert cases_of(
        findings_of(flow("done: {type: end}", "{from: go, to: done, when: coment != null}", head=head))
    ) == [("expressions.names.unknown", "/edges/0/when")]


def test_a_workflow_that_declares_nothing_may_read_whatever_its_message_brings() -> None:
    head = FLOW.replace("data: {entity: order, key: order.number}\n", "")

    assert (
        cases_of(findings_of(flow("done: {type: end}", "{from: go, to: done, when: sum(whatever) > 1}", head=head)))
        == []
    )


def test_the_error_is_known_only_where_an_error_route_leads() -> None:
    nodes = "a: {type: formula, ref: rank, on: {error: b}}\nb: {type: end}\nc: {type: end}"

    assert cases_of(findings_of(flow(nodes, '{from: b, to: c, when: error.code = "x"}'))) == []
    assert cases_of(findings_of(flow(nodes, '{from: a, to: c, when: error.code = "x"}'))) == [
        ("expressions.names.unknown", "/edges/0/when")
    ]


def test_without_declared_roles_every_role_may_be_right() -> None:
    task = flow("a: {type: user_task, who: [role:anybody], title: {zh: 做, en: Do}}")

    assert check([placed(ENTITY), placed(task)], CATALOG) == []


def test_only_errors_stop_publishing() -> None:
    assert not has_errors(findings_of(flow("a: {type: formula, ref: rank, out: order.priority}")))
    assert has_errors(findings_of(flow("a: {type: formula, ref: rnk}")))


def test_findings_of_many_definitions_come_together_each_with_its_own_file() -> None:
    text = f"{ENTITY.strip()}\n---\n{flow('a: {type: zzz}').strip()}\n---\n{flow('a: {type: yyy}').strip()}\n"
    text = text.replace("id: flow", "id: other", 1)
    many = [Placed(d, loaded) for loaded in load_all(text, "many.yaml") if (d := definition(loaded)[0])]

    found = check(many, CATALOG)

    assert [(f.code, f.line) for f in found] == [("node.type_unknown", 18), ("node.type_unknown", 26)]


def all_findings() -> list[Finding]:
    texts = [flow(f"{n}\ndone: {{type: end}}") for n, _, _ in NODE_CASES]
    texts += [flow("done: {type: end}", e) for e, _, _ in EDGE_CASES]
    texts += [h + DONE for h, _, _ in HEADS] + [t for t, _, _ in OTHER_CASES]
    return [f for t in texts for f in findings_of(t)]


def test_every_code_of_checking_is_shown_by_a_case_and_its_sentences_are_filled() -> None:
    ours = tomllib.loads(files("taktflow.texts").joinpath("definitions.toml").read_text(encoding="utf-8"))
    elsewhere = {"definition", "data"}
    at_run_time = {"calendar.unreadable", "calendar.too_far", "reference.input_type"}
    of_reading = {"pack.missing", "pack.several", "pack.id_twice", "pack.unreadable", "pack.files"}
    found = all_findings()

    shown = {f.code for f in found if f.code in ours}
    for finding in found:
        for text in (sentence(finding.code, "zh", finding.args), sentence(finding.code, "en", finding.args)):
            assert not text.startswith(finding.code)

    assert {c for c in ours if c.partition(".")[0] not in elsewhere} == {
        c for c in shown if c.partition(".")[0] not in elsewhere
    } | at_run_time | of_reading
