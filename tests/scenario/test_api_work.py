"""From a filled form to a decision: forms, instances, user tasks, messages and alerts at the door."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from taktflow.sdk import Alert, Text
from taktflow.store import Commit
from tests.door import PACK, Door, Person, a_door, publish

_numbers = itertools.count()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with a_door(tmp_path_factory.mktemp("door"), public_rate_per_minute=10_000) as door:
        yield door


def complain(person: Person, start: str = "web", **data: Any) -> Any:
    """A complaint by form; what came of it."""
    body = {"submission_id": f"submission-{next(_numbers)}", "data": {"what": "broken seal", **data}}
    answer = person.send(f"/api/forms/complaint/{start}", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def task_of(person: Person, instance: str) -> Any:
    """The open task of an instance in the person's inbox."""
    found = [t for t in person.read("/api/user-tasks", limit=500)["items"] if t["instance"] == instance]
    return found[0] if found else None


def test_a_form_is_drawn_in_the_readers_language(door: Door) -> None:
    english = door.stranger("en").read("/api/forms/complaint/web")
    chinese = door.stranger("zh").read("/api/forms/complaint/web")

    assert english["schema"]["properties"]["what"]["title"] == "What"
    assert (english["submit"], english["thanks"]) == ("Send", "Thank you")
    assert chinese["schema"]["properties"]["what"]["title"] == "内容"
    assert chinese["title"] == "投诉"


def test_who_sees_which_form(door: Door) -> None:
    def starts(person: Person) -> list[str]:
        return [f["start"] for f in person.read("/api/forms")]

    assert starts(door.stranger()) == ["web"]
    assert starts(door.user("sue")) == ["web"]
    assert starts(door.user("sam")) == ["web", "desk"]
    assert door.stranger().ask("GET", "/api/forms/complaint/desk").json()["code"] == "form.unknown"
    assert door.user("sue").ask("GET", "/api/forms/complaint/desk").status_code == 404
    assert door.stranger().ask("GET", "/api/forms/nosuch/web").status_code == 404


def test_a_form_sent_twice_counts_once(door: Door) -> None:
    body = {"submission_id": "the-very-same", "data": {"what": "twice"}}

    first, second = (door.stranger().send("/api/forms/complaint/web", body) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert second.json()["existing"]


def test_a_form_that_does_not_fit_starts_nothing(door: Door) -> None:
    otto = door.user("otto")
    before = otto.read("/api/instances")["total"]

    answer = door.stranger().send(
        "/api/forms/complaint/web", {"submission_id": "bad-form-1", "data": {"amount": "1.999", "waht": "x"}}
    )

    assert answer.status_code == 422
    assert {f["at"].rpartition("/")[2] for f in answer.json()["findings"]} == {"what", "amount", "waht"}
    assert otto.read("/api/instances")["total"] == before


def test_a_visitor_with_a_stale_cookie_still_reaches_a_public_form(door: Door) -> None:
    visitor = door.stranger()
    visitor.http.cookies.set("taktflow_session", "long-over")

    assert visitor.read("/api/forms")
    assert complain(visitor)["status"] == "running"


def test_a_task_shows_what_the_person_needs_to_decide(door: Door) -> None:
    started = complain(door.user("sam"), "desk", amount="12.50")
    sue = door.user("sue")

    listed = task_of(sue, started["id"])
    task = sue.read(f"/api/user-tasks/{listed['id']}")

    assert listed["title"] == {"zh": "处理", "en": "Settle"}
    assert listed["workflow_title"]["en"] == "Complaint"
    assert task["may_decide"]
    assert [(s["label"], s["value"]) for s in task["shown"]] == [("What", "broken seal"), ("Amount", 12.5)]
    assert task["shown"][1]["data"]["scale"] == 2
    assert [o["id"] for o in task["outcomes"]] == ["approved", "rejected"]
    assert task["outcomes"][0]["title"] == {"zh": "同意赔付", "en": "Compensate"}
    assert task["outcomes"][1]["title"]["zh"] == "驳回"
    assert task["form"]["schema"]["properties"]["comment"]["title"] == "Comment"


def test_a_decision_ends_the_task_and_the_instance(door: Door) -> None:
    started = complain(door.stranger())
    sue = door.user("sue")
    id = task_of(sue, started["id"])["id"]

    done = sue.send(f"/api/user-tasks/{id}/decide", {"outcome": "approved", "data": {"comment": "fair"}})

    assert done.json() == {"status": "done", "outcome": "approved"}
    assert task_of(sue, started["id"]) is None
    assert id in [t["id"] for t in sue.read("/api/user-tasks", status="done")["items"]]
    instance = door.user("otto").read(f"/api/instances/{started['id']}")
    assert (instance["status"], instance["outcome"], instance["tokens"]) == ("ended", "settled", [])
    again = sue.send(f"/api/user-tasks/{id}/decide", {"outcome": "approved"})
    assert again.status_code in (403, 409)
    assert door.user("ada").read("/api/audit", action="task.decided")["items"][0]["by"] == "sue"


@pytest.mark.mission("I9")
def test_whoever_submitted_it_may_not_release_it(door: Door) -> None:
    ada = door.user("ada")
    ada.send("/api/users", {"name": "max", "roles": ["supervisor", "sales"], "password": "a long password"})
    both = door.fresh("max", "a long password")
    started = both.send("/api/instances", {"workflow": "complaint", "start": "hand", "data": {"what": "mine"}}).json()
    id = task_of(door.user("sue"), started["id"])["id"]

    answer = both.send(f"/api/user-tasks/{id}/decide", {"outcome": "approved"})

    assert task_of(both, started["id"]) is None
    assert (answer.status_code, answer.json()["code"]) == (403, "task.four_eyes")
    detail = both.read(f"/api/user-tasks/{id}")
    assert not detail["may_decide"]
    assert detail["why_not"]
    assert door.user("sue").send(f"/api/user-tasks/{id}/decide", {"outcome": "approved"}).status_code == 200


def test_a_task_of_others_is_not_found(door: Door) -> None:
    started = complain(door.stranger())
    id = task_of(door.user("sue"), started["id"])["id"]

    assert door.user("sam").ask("GET", f"/api/user-tasks/{id}").json()["code"] == "task.unknown"
    assert door.user("sam").send(f"/api/user-tasks/{id}/decide", {"outcome": "approved"}).status_code == 404


def test_a_claimed_task_leaves_the_colleagues_inbox_until_it_is_given_back(door: Door) -> None:
    started = complain(door.stranger())
    sue, sid = door.user("sue"), door.user("sid")
    id = task_of(sue, started["id"])["id"]

    assert sue.ask("POST", f"/api/user-tasks/{id}/claim").json()["claimed_by"] == "sue"

    assert task_of(sid, started["id"]) is None
    refused = sid.send(f"/api/user-tasks/{id}/decide", {"outcome": "approved"})
    assert (refused.status_code, refused.json()["code"]) == (403, "task.claimed")
    assert sue.ask("POST", f"/api/user-tasks/{id}/release").json()["claimed_by"] is None
    assert task_of(sid, started["id"])["id"] == id


def test_a_form_of_a_task_is_held_against_its_fields(door: Door) -> None:
    started = complain(door.stranger())
    sue = door.user("sue")
    id = task_of(sue, started["id"])["id"]

    answer = sue.send(f"/api/user-tasks/{id}/decide", {"outcome": "approved", "data": {"coment": "x"}})

    assert answer.status_code == 422
    assert answer.json()["findings"][0]["at"].endswith("/coment")
    assert task_of(sue, started["id"])["id"] == id


def test_an_instance_tells_where_it_stands_and_what_happened(door: Door) -> None:
    started = complain(door.user("sam"), "desk", amount=3)
    otto = door.user("otto")

    instance = otto.read(f"/api/instances/{started['id']}")
    journal = otto.read(f"/api/instances/{started['id']}/journal")

    assert instance["key"] == "broken seal"
    assert instance["by"] == "sam"
    assert instance["variables"] == {"what": "broken seal", "amount": 3.0}
    assert [(t["node"], t["waits_on"]) for t in instance["tokens"]] == [("settle", "approval")]
    assert {"from": "desk", "to": "settle"}.items() <= instance["graph"]["edges"][1].items()
    assert {n["id"]: n["type"] for n in instance["graph"]["nodes"]}["settle"] == "approval"
    assert [row["seq"] for row in journal["items"]] == [1]
    assert journal["items"][0]["steps"][-1]["title"]["en"] == "Settle"


def test_variables_are_shown_to_those_who_may_see_them(door: Door) -> None:
    started = complain(door.user("sam"), "desk")

    assert door.user("sam").read(f"/api/instances/{started['id']}")["variables"]
    assert door.user("ann").read(f"/api/instances/{started['id']}")["variables"]
    assert door.user("noa").read(f"/api/instances/{started['id']}")["variables"] == {}
    steps = [
        step
        for row in door.user("noa").read(f"/api/instances/{started['id']}/journal")["items"]
        for step in row["steps"]
    ]
    assert {"step": "started", "node": "desk", "by": "sam"}.items() <= steps[0].items()
    assert not any("variables" in step for step in steps)


def test_instances_are_listed_by_workflow_status_key_and_incidents(door: Door) -> None:
    started = complain(door.stranger(), what="unlike any other")
    otto = door.user("otto")

    found = otto.read("/api/instances", workflow="complaint", status="running", key="unlike", incidents="false")

    assert [i["id"] for i in found["items"]] == [started["id"]]
    assert otto.read("/api/instances", incidents="true")["items"] == []
    assert otto.read("/api/instances", status="ended", key="unlike")["items"] == []


def test_a_cancelled_instance_takes_its_tasks_along(door: Door) -> None:
    started = complain(door.stranger())

    done = door.user("otto").send(f"/api/instances/{started['id']}/cancel", {"why": "sent by mistake"})

    assert done.json()["status"] == "cancelled"
    assert task_of(door.user("sue"), started["id"]) is None
    again = door.user("otto").send(f"/api/instances/{started['id']}/cancel", {"why": "again"})
    assert again.status_code in (403, 409)


def test_who_may_start_by_hand_is_declared_at_the_start(door: Door) -> None:
    body = {"workflow": "complaint", "start": "hand", "data": {"what": "by hand"}}

    assert door.user("sam").send("/api/instances", body).status_code == 201
    refused = door.user("noa").send("/api/instances", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "start.forbidden")
    unknown = door.user("sam").send("/api/instances", {**body, "workflow": "nosuch"})
    assert unknown.status_code == 404


def test_what_only_a_webhook_may_say_nobody_says_by_hand(door: Door) -> None:
    start = "  - {id: paid, type: message, name: order.paid}\n"
    flow = (
        PACK["complaint.yaml"]
        .replace("  - {id: hand", start + "  - {id: hand")
        .replace("  - [hand, settle]", "  - [hand, settle]\n  - [paid, settle]")
    )
    publish(door.engine, {**PACK, "complaint.yaml": flow})
    body = {"workflow": "complaint", "start": "paid", "data": {"what": "forged"}}

    assert door.user("sam").send("/api/instances", body).json()["code"] == "api.forbidden"
    assert door.user("otto").send("/api/instances", body).status_code == 201


def test_a_message_that_nobody_waits_for_is_kept(door: Door) -> None:
    answer = door.user("otto").send("/api/messages", {"name": "order.shipped", "key": "o-1", "payload": {"sum": 1.10}})

    assert answer.status_code == 202
    assert answer.json()["started"] == []


def test_an_alert_reaches_each_of_its_readers_until_it_is_read(door: Door) -> None:
    alert = Alert(to=["role:supervisor"], cc=["user:sam"], title=Text("迟了", "Late"), body=Text("很迟", "Very late"))
    engine = door.engine
    engine.store.commit(Commit(at=engine.now(), alerts=((alert, ""),))).result()
    sue, sam = door.user("sue"), door.user("sam")

    found = sue.read("/api/alerts", unread="true")
    copied = sam.read("/api/alerts")["items"][0]

    assert (found["unread"], found["items"][0]["title"], found["items"][0]["cc"]) == (1, "Late", False)
    assert copied["cc"]
    assert door.user("noa").read("/api/alerts")["items"] == []
    assert sue.ask("POST", f"/api/alerts/{found['items'][0]['id']}/read").status_code == 204
    assert sue.read("/api/alerts", unread="true")["items"] == []
    assert sam.read("/api/alerts", unread="true")["unread"] == 1


def test_definitions_are_told_by_version_with_their_source(door: Door) -> None:
    ann = door.user("ann")

    listed = ann.read("/api/definitions", kind="workflow")["items"]
    one = ann.read("/api/definitions/workflow/complaint")

    assert [(d["id"], d["version"], d["status"], d["pack"]) for d in listed] == [
        ("complaint", 2, "published", "workshop")
    ]
    assert "# " not in one["document"]
    assert one["document"]["id"] == "complaint"
    assert "four_eyes: true" in one["source"]
    assert [v["version"] for v in one["versions"]] == [2, 1]
    assert ann.ask("GET", "/api/definitions/workflow/complaint?version=9").status_code == 404
    assert ann.ask("GET", "/api/definitions/nosuch/x").json()["code"] == "api.kind"


@pytest.mark.parametrize("kind", ["workflow", "decision", "entity", "form", "definition"])
def test_the_schema_of_every_kind_is_served_to_any_editor(door: Door, kind: str) -> None:
    schema = door.stranger().read(f"/api/schemas/{kind}")

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_figures_of_the_engine_are_served_to_a_monitoring_system(door: Door) -> None:
    answer = door.user("otto").ask("GET", "/metrics")

    figures = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert int(figures['taktflow_instances{workflow="complaint",status="running"}']) >= 1
    assert int(figures["taktflow_user_tasks_open"]) >= 1
    assert int(figures["taktflow_commits_total"]) >= 1
    assert "taktflow_writer_queue" in figures


def test_health_is_told_to_anyone(door: Door) -> None:
    ready = door.stranger().ask("GET", "/readyz")

    assert door.stranger().read("/healthz") == {"status": "ok"}
    assert ready.status_code == 200
    parts = ("status", "database", "migrations", "queue", "writer", "executor")
    assert ready.json() == {**dict.fromkeys(parts, "ok"), "reasons": {}}
