"""Operators see incidents by cause, act on many things at once and follow the job, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.sdk import Idempotency, Node, NodeConfig, NodeContext, NodeError, Result, Text
from taktflow.store import NewInbound
from tests.door import PACK, Door, Person, an_engine, publish, serving

FLOW = """
kind: workflow
id: order
title: {zh: 订单, en: Order}
data: {key: no, vars: {no: {type: text}, said: {type: any}}}
start: [{id: hand, type: manual}]
nodes:
  send: {type: KIND, title: {zh: 发送, en: Send}, order: {$: no}, out: said}
  check: {type: user_task, title: {zh: 检查, en: Check}, who: [role:sales]}
  done: {type: end}
edges: [[hand, send], [send, check], [check, done]]
"""


class SendConfig(NodeConfig):
    """What is sent."""

    order: str


class Send(Node[SendConfig]):
    """Refuses orders that begin with X, and does not know of those that begin with Q."""

    kind = "test.send"
    title = Text("发送", "Send")
    idempotency: ClassVar[Idempotency] = "none"
    Config = SendConfig

    def run(self, config: SendConfig, context: NodeContext) -> Result:
        """The order's number."""
        if config.order.startswith("X"):
            raise NodeError("erp.locked", f"order {config.order} is locked")
        if config.order.startswith("Q"):
            raise NodeError("timeout", "no answer", unknown=True)
        return Result(value=config.order)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with an_engine(tmp_path_factory.mktemp("door"), [Send]) as engine, serving(engine) as door:
        publish(engine, {**PACK, "order.yaml": FLOW.replace("KIND", "test.send")})
        executor = EmbeddedExecutor(engine, 2)
        executor.start()
        yield door
        executor.stop()


@pytest.fixture
def otto(door: Door) -> Person:
    return door.user("otto")


def ordered(otto: Person, *numbers: str) -> list[str]:
    found = []
    for no in numbers:
        answer = otto.send("/api/instances", {"workflow": "order", "data": {"no": no}})
        assert answer.status_code == 201, answer.text
        found.append(str(answer.json()["id"]))
    waits(otto, found)
    return found


def waits(otto: Person, ids: list[str]) -> None:
    """Until each of them stands at a person's task or an incident."""
    for id in ids:
        for _ in range(500):
            item = otto.read(f"/api/instances/{id}")
            if item["incidents"] or any(t["node"] == "check" for t in item["tokens"]):
                break
            time.sleep(0.01)
        else:
            pytest.fail(f"{id} stands at neither")


def finished(otto: Person, job: Any) -> Any:
    for _ in range(1_000):
        found = otto.read(f"/api/jobs/{job['id']}")
        if found["status"] == "done":
            return found
        time.sleep(0.02)
    return pytest.fail(f"the job does not end: {found}")


def begun(otto: Person, path: str, body: Any) -> Any:
    answer = otto.send(path, body)
    assert answer.status_code == 202, answer.text
    return answer.json()


def clear(otto: Person) -> None:
    """Ends everything that another test left."""
    body = {"which": {"workflow": "order"}, "action": "cancel", "why": "cleared"}
    finished(otto, begun(otto, "/api/jobs/instances", body))


@pytest.mark.mission("E7")
def test_incidents_are_grouped_and_a_group_is_mended_at_once(door: Door, otto: Person) -> None:
    clear(otto)
    ordered(otto, "X-1", "X-22", "X-333", "Q-1")

    groups = otto.read("/api/incidents/groups")
    spoken = door.fresh("otto", language="zh").read("/api/incidents/groups")["items"]
    locked = next(g for g in groups["items"] if g["code"] == "erp.locked")
    fixed = {"which": {"cause": locked["cause"]}, "action": "retry", "changes": {"no": "A-1"}}
    job = finished(otto, begun(otto, "/api/jobs/incidents", fixed))

    assert {(g["node"], g["count"], g["doubtful"]) for g in groups["items"]} == {("send", 3, False), ("send", 1, True)}
    assert (locked["pattern"], locked["title"]["en"], groups["more"]) == ("order # is locked", "Send", False)
    assert locked["oldest"] < locked["newest"]
    assert {g["cause"] for g in spoken} == {g["cause"] for g in groups["items"]}
    assert (job["action"], job["total"], job["done"], job["left"], job["by"]) == ("incident.retry", 3, 3, 0, "otto")
    assert (job["filter"], job["options"]["changes"]) == ({"cause": locked["cause"]}, {"no": "A-1"})
    assert [g["doubtful"] for g in otto.read("/api/incidents/groups")["items"]] == [True]
    assert otto.read("/api/incidents", cause=locked["cause"])["total"] == 0


def test_an_unsure_effect_is_answered_for_alone(otto: Person) -> None:
    clear(otto)
    (first, second) = ordered(otto, "Q-1", "Q-2")
    found = {i["instance"]: i for i in otto.read("/api/incidents")["items"]}

    retried = finished(otto, begun(otto, "/api/jobs/incidents", {"which": {"workflow": "order"}, "action": "retry"}))
    answered = otto.send(f"/api/incidents/{found[first]['id']}/answer", {"happened": True, "value": "ERP 7"})
    again = otto.send(f"/api/incidents/{found[first]['id']}/answer", {"happened": True})
    waits(otto, [first])

    assert all(i["doubtful"] for i in found.values())
    assert (retried["done"], retried["skipped"]) == (0, 2)
    assert [(r["code"], r["count"]) for r in retried["reasons"]] == [("incident.doubtful", 2)]
    items = otto.read(f"/api/jobs/{retried['id']}/items", status="skipped")
    assert {i["object"] for i in items["items"]} == {i["id"] for i in found.values()}
    assert (answered.json(), again.status_code) == ({"status": "closed", "how": "happened"}, 404)
    assert otto.read(f"/api/instances/{first}")["variables"]["said"] == "ERP 7"
    assert otto.read(f"/api/instances/{second}")["incidents"]


def test_instances_move_to_another_version_as_a_job(door: Door, otto: Person) -> None:
    clear(otto)
    good, stuck = ordered(otto, "A-1", "X-1")
    publish(door.engine, {**PACK, "order.yaml": FLOW.replace("send", "ship").replace("KIND", "test.send")})
    body = {"workflow": "order", "version": 2, "why": "renamed"}

    preview = otto.send("/api/workflows/order/migration/preview", {"version": 2}).json()
    job = finished(otto, begun(otto, "/api/jobs/migrate", body))
    mapped = finished(otto, begun(otto, "/api/jobs/migrate", {**body, "nodes": {"send": "ship"}, "ids": [stuck]}))
    publish(door.engine, {**PACK, "order.yaml": FLOW.replace("KIND", "test.send")})

    assert (preview["move"], preview["choice"]) == (job["done"], job["skipped"]) == (1, 1)
    assert "send" in job["reasons"][0]["message"].lower()
    assert mapped["done"] == 1
    assert [otto.read(f"/api/instances/{i}")["version"] for i in (good, stuck)] == [2, 2]


def test_jobs_are_listed_newest_first_and_one_that_is_over_cannot_be_cancelled(door: Door, otto: Person) -> None:
    clear(otto)
    (one,) = ordered(otto, "A-1")
    job = begun(otto, "/api/jobs/instances", {"which": {"ids": [one]}, "action": "suspend"})
    finished(otto, job)

    refused = otto.send(f"/api/jobs/{job['id']}/cancel", {})
    listed = otto.read("/api/jobs", limit=1)

    assert (refused.status_code, refused.json()["code"]) == (403, "jobs.over")
    assert (listed["items"][0]["id"], listed["items"][0]["status"]) == (job["id"], "done")
    assert listed["items"][0]["title"] == "Suspend"
    assert otto.read("/api/jobs", limit=1, cursor=listed["next_cursor"])["items"][0]["id"] < job["id"]
    log = door.user("ada").read("/api/audit", object=f"job:{job['id']}")["items"]
    assert [(a["action"], a["by"]) for a in log] == [("job.started", "otto")]


def test_paths_at_one_node_are_moved_by_hand_in_bulk(otto: Person) -> None:
    clear(otto)
    many = ordered(otto, "A-1", "A-2", "X-1")
    body = {"which": {"workflow": "order"}, "at": "check", "action": "end", "why": "checked on paper"}

    job = finished(otto, begun(otto, "/api/jobs/modify", body))

    assert (job["done"], [(r["code"], r["count"]) for r in job["reasons"]]) == (2, [("modify.nobody", 1)])
    assert [otto.read(f"/api/instances/{i}")["status"] for i in many] == ["ended", "ended", "running"]


def test_a_failed_event_is_shown_with_its_reason_and_retried_or_dropped(door: Door, otto: Person) -> None:
    store = door.engine.store
    at = datetime.now(UTC)
    for n in range(3):
        event = store.receive(NewInbound("nowhere", f"e{n}", "orders", {}, b'{"a": "\xe4"}', at)).result()
        for _ in range(500):
            if otto.read(f"/api/inbound/{event.id}")["status"] == "failed":
                break
            time.sleep(0.01)

    page = otto.read("/api/inbound", connection="nowhere")
    ids = [e["id"] for e in page["items"]]
    shown = otto.read(f"/api/inbound/{ids[0]}")
    dropped = otto.send(f"/api/inbound/{ids[0]}/drop", {"why": "a test"})
    again = otto.send(f"/api/inbound/{ids[0]}/drop", {})
    body = {"which": {"connection": "nowhere"}, "action": "drop", "why": "the others too"}
    job = finished(otto, begun(otto, "/api/jobs/inbound", body))

    assert page["total"] == 3
    assert all(e["error"] and e["status"] == "failed" and e["topic"] == "orders" for e in page["items"])
    assert (shown["body"], shown["cut"]) == ('{"a": "\ufffd"}', False)
    assert (dropped.json()["status"], again.status_code) == ("dropped", 403)
    assert (job["done"], job["skipped"]) == (2, 0)
    assert otto.read("/api/inbound", connection="nowhere")["items"] == []


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/api/jobs/instances", {"which": {}, "action": "cancel"}, 422, "jobs.nothing"),
        ("/api/jobs/instances", {"which": {"ids": ["a"], "workflow": "order"}, "action": "cancel"}, 422, "jobs.both"),
        ("/api/jobs/instances", {"which": {"ids": []}, "action": "cancel"}, 422, "api.field.few"),
        ("/api/jobs/instances", {"which": {"workflow": "order"}, "action": "retry"}, 422, "api.field.choice"),
        ("/api/jobs/instances", {"action": "cancel"}, 422, "api.field.missing"),
        ("/api/jobs/instances", {"which": {"status": "ended"}, "action": "cancel"}, 422, "api.field.choice"),
        ("/api/jobs/instances", {"which": {"version": 0}, "action": "cancel"}, 422, "api.field.low"),
        ("/api/jobs/incidents", {"which": {"casue": "x"}, "action": "retry"}, 422, "api.field.unknown"),
        ("/api/jobs/incidents", {"which": {}, "action": "skip"}, 422, "jobs.nothing"),
        ("/api/jobs/inbound", {"which": {"ids": ["x"]}, "action": "drop"}, 422, "api.field.integer"),
        ("/api/jobs/inbound", {"which": {"ids": [2**70]}, "action": "drop"}, 422, "api.field.value"),
        ("/api/jobs/migrate", {"workflow": "order", "version": 99}, 404, "definition.unknown"),
        ("/api/jobs/migrate", {"workflow": "nothing", "version": 1}, 404, "definition.unknown"),
        ("/api/jobs/migrate", {"workflow": "order", "version": 1, "nodes": {"send": "x"}}, 422, "migrate.unknown"),
        ("/api/jobs/modify", {"which": {"workflow": "order"}, "at": "x", "action": "end"}, 422, "api.field.missing"),
        ("/api/jobs/nobody/cancel", {}, 404, "jobs.unknown"),
        ("/api/incidents/nobody/answer", {"happened": True}, 404, "incident.unknown"),
        ("/api/incidents/nobody/answer", {}, 422, "api.field.missing"),
        ("/api/inbound/4711/retry", {}, 404, "inbound.unknown"),
        ("/api/inbound/0/drop", {}, 422, "api.field.low"),
        ("/api/inbound/x/drop", {}, 422, "api.field.integer"),
    ],
)
def test_what_does_not_fit_is_told_with_its_code(otto: Person, path: str, body: Any, status: int, code: str) -> None:
    answer = otto.send(path, body)

    problem = answer.json()
    assert answer.status_code == status, answer.text
    assert code in {problem["code"], *(f["code"] for f in problem.get("findings", ()))}, answer.text
    assert problem["detail"] and "{" not in problem["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/jobs/nobody", 404),
        ("/api/jobs/nobody/items", 404),
        ("/api/jobs?status=lost", 422),
        ("/api/jobs?limit=0", 422),
        ("/api/jobs?cursor=x", 422),
        ("/api/inbound?status=lost", 422),
        ("/api/inbound/4711", 404),
        ("/api/incidents/groups?limit=501", 422),
    ],
)
def test_a_question_that_does_not_fit_is_refused(otto: Person, path: str, status: int) -> None:
    assert otto.ask("GET", path).status_code == status


def test_only_operators_act_on_many(door: Door) -> None:
    body = {"which": {"workflow": "order"}, "action": "cancel"}

    assert door.user("sam").send("/api/jobs/instances", body).status_code == 403
    assert door.user("ann").ask("GET", "/api/incidents/groups").status_code == 200
    assert door.user("ann").ask("GET", "/api/jobs").status_code == 403
