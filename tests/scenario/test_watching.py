"""What a process tells a monitoring system is what it did, and it is ready only when it can work."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy.engine import make_url

from taktflow.api.figures import figures
from taktflow.api.metrics import Traffic, exposition
from taktflow.errors import Refused
from taktflow.executor.ownership import take_over
from taktflow.sdk import NodeError
from taktflow.services.readiness import readiness
from taktflow.services.tracing import NoTracing, OpenTelemetry, tracing_of
from taktflow.services.watching import Pulse
from taktflow.settings import Settings
from tests.builders import a_workflow
from tests.door import an_engine, serving
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import Life, World, begin, publish, row, wait_until

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]


def told(life: Life) -> dict[str, float]:
    """The figures by name and labels, as a monitoring system reads them."""
    lines = exposition(figures(life.engine)).splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_what_was_done_and_what_waits_is_counted(world: World) -> None:
    life = world.born()
    publish(
        life.engine,
        a_workflow().step("tell", "test.tell", value=1),
        a_workflow("bad").step("once", "test.tell_once", value=1),
        a_workflow("late").step("w", "wait", after="PT1H"),
    )
    life.work()
    for _ in range(3):
        begin(life)
    life.idle()
    world.outside.trouble = [NodeError("no", "no")]
    begin(life, "bad")
    begin(life, "late")
    life.idle()
    before = told(life)
    assert life.executor is not None
    life.executor.stop()
    life.executor = None
    world.offset += timedelta(hours=2)

    after = told(life)

    assert before['taktflow_instances_started_total{workflow="flow"}'] == 3
    assert before['taktflow_instances_ended_total{workflow="flow",status="ended"}'] == 3
    assert before['taktflow_effect_seconds_count{kind="test.tell",result="done"}'] == 3
    assert before['taktflow_effect_seconds_count{kind="test.tell_once",result="failed"}'] == 1
    assert before['taktflow_incidents_total{code="no"}'] == 1
    assert before['taktflow_incidents_open_by_code{code="no"}'] == 1
    assert before["taktflow_timers_due"] == 0
    assert 'taktflow_lag_seconds{of="timer"}' not in before
    assert before["taktflow_executor_alive"] == 1
    assert before['taktflow_batch_changes_sum{kind="durable"}'] >= 10
    assert after["taktflow_timers_due"] == 1
    assert 3_000 < after['taktflow_lag_seconds{of="timer"}'] < 4_000
    assert "taktflow_executor_alive" not in after


def test_work_taken_over_from_the_dead_is_counted(world: World) -> None:
    dead = world.born()
    publish(dead.engine, a_workflow().step("tell", "test.tell", value=1))
    begin(dead)
    assert len(dead.store.claim_effects(10, dead.engine.now(), dead.engine.epoch)) == 1
    dead.end()
    life = world.born()

    taken = take_over(life.engine, lambda _: None)

    assert taken == 1
    assert told(life)["taktflow_takeovers_total"] == 1
    assert told(life)["taktflow_effects_taken_over_total"] == 1


def test_a_process_that_can_work_is_ready(world: World) -> None:
    life = world.born().work()

    assert set(readiness(life.engine).values()) == {""}


def test_a_database_that_takes_no_changes_is_not_ready(world: World) -> None:
    life = world.born().work()
    if world.url.startswith("sqlite"):
        file = sqlite3.connect(world.url.removeprefix("sqlite:///"))
        file.execute("CREATE TRIGGER full BEFORE UPDATE ON executor BEGIN SELECT raise(FAIL, 'disk full'); END")
        file.commit()
        file.close()
    else:
        url = make_url(world.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as server:
            name = server.execute("SELECT current_database()").fetchall()[0][0]
            server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    wait_until(lambda: readiness(life.engine)["writer"] != "", "it is ready without writing")

    assert readiness(life.engine)["writer"] in ("store.failed", "store.unknown")


def test_a_full_queue_is_not_ready(world: World) -> None:
    world.settings = {"queue_limit": 1}
    life = world.born()
    begun, gone_on = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        begun.set()
        gone_on.wait(10)

    held = life.store.write(slow)
    assert begun.wait(10)
    waiting = life.store.write(lambda _: None)

    wrong = readiness(life.engine)
    gone_on.set()
    held.result(10)
    waiting.result(10)

    assert wrong["queue"] == wrong["writer"] == "store.busy"
    assert readiness(life.engine)["queue"] == ""


def test_a_process_whose_executor_stands_still_is_not_ready(tmp_path: Path) -> None:
    with an_engine(tmp_path) as engine, serving(engine) as door:
        alive = [True]
        engine.watch.pulses.append(Pulse(lambda: alive[0]))
        assert door.stranger().ask("GET", "/readyz").status_code == 200
        alive[0] = False

        answer = door.stranger().ask("GET", "/readyz")

        assert answer.status_code == 503
        assert answer.json()["reasons"] == {"executor": "executor.stopped"}


def test_a_database_at_another_revision_is_not_ready(world: World) -> None:
    life = world.born()
    life.store.write(lambda tx: tx.run("UPDATE alembic_version SET version_num = '0001'")).result()

    assert readiness(life.engine)["migrations"] == "store.unmigrated"


def test_what_is_logged_while_an_effect_runs_names_it(world: World) -> None:
    life = world.born()
    publish(life.engine, a_workflow().step("tell", "test.tell", value=1))
    bound: list[dict[str, object]] = []
    call = world.outside.call

    def noting(key: str, value: object) -> object:
        bound.append(structlog.contextvars.get_contextvars())
        return call(key, value)

    world.outside.call = noting  # type: ignore[method-assign]  # To look from inside the node.
    life.work()

    started = begin(life)
    life.idle()

    (seen,) = bound
    assert (seen["instance"], seen["node"]) == (started.id, "tell")
    assert str(seen["effect"]).startswith(started.id)
    assert structlog.contextvars.get_contextvars() == {}


LOGGING = """
import logging, structlog
from taktflow.api.logs import configure_logs
configure_logs()
with structlog.contextvars.bound_contextvars(instance="i1", node="n1"):
    structlog.get_logger().info("ours", n=1)
    logging.getLogger("theirs").warning("foreign %s", "line")
    try:
        secret = "hidden"
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("theirs").exception("it broke")
"""


def test_every_line_of_the_log_is_json_and_names_what_it_is_about() -> None:
    done = subprocess.run([sys.executable, "-c", LOGGING], capture_output=True, text=True, check=True)

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["ours", "foreign line", "it broke"]
    assert {(line["instance"], line["node"]) for line in lines} == {("i1", "n1")}
    assert lines[1]["logger"] == "theirs"
    assert "broken" in json.dumps(lines[2]["exception"])
    assert "hidden" not in done.stderr


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Where spans are kept."""
    return InMemorySpanExporter()


def tracing(spans: InMemorySpanExporter) -> OpenTelemetry:
    """Tracing into ``spans``."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return OpenTelemetry(provider)


def facts(span: ReadableSpan) -> dict[str, object]:
    """What the span tells."""
    return {k.removeprefix("taktflow."): v for k, v in (span.attributes or {}).items()}


def test_each_attempt_at_an_effect_is_a_span(world: World, spans: InMemorySpanExporter) -> None:
    life = world.born()
    object.__setattr__(life.engine, "tracing", tracing(spans))
    publish(
        life.engine,
        a_workflow().step("tell", "test.tell", value=1),
        a_workflow("bad").step("once", "test.tell_once", value=1),
    )
    life.work()

    good = begin(life)
    life.idle()
    world.outside.trouble = [NodeError("no", "no")]
    bad = begin(life, "bad")
    life.idle()

    first, second = spans.get_finished_spans()
    assert (facts(first)["instance"], facts(first)["node"], facts(first)["result"]) == (good.id, "tell", "done")
    assert (facts(second)["instance"], facts(second)["kind"]) == (bad.id, "test.tell_once")
    assert (first.status.is_ok, second.status.is_ok) == (True, False)
    assert row(life, good.id).status == "ended"


def test_each_request_is_a_span_in_the_trace_of_whoever_asks(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    with an_engine(tmp_path) as engine, serving(engine) as door:
        object.__setattr__(engine, "tracing", tracing(spans))
        door.stranger().ask("GET", "/healthz", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        door.user("otto").ask("GET", "/api/instances/nothing")

    first = next(s for s in spans.get_finished_spans() if facts(s)["route"] == "/healthz")
    missing = next(s for s in spans.get_finished_spans() if facts(s)["route"] == "/api/instances/{id}")
    assert first.context is not None
    assert f"{first.context.trace_id:032x}" == trace
    assert (facts(missing)["id"], facts(missing)["status"]) == ("nothing", 404)


LOADING = """
import sys
from taktflow.services.engine import open_engine
from taktflow.services.tracing import tracing_of
from taktflow.settings import Settings
tracing_of(Settings(_env_file=None))
print([m for m in sys.modules if m.startswith("opentelemetry.sdk")])
"""


def test_without_an_address_nothing_is_traced_and_nothing_is_loaded() -> None:
    asked = "import sys; from taktflow.services.tracing import tracing_of; from taktflow.settings import Settings;"
    asked += (
        "tracing_of(Settings(_env_file=None)); print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])"
    )

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
    assert isinstance(tracing_of(Settings(_env_file=None)), NoTracing)


def test_an_address_without_the_libraries_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(Refused) as refused:
        tracing_of(Settings(_env_file=None, otlp_endpoint="http://127.0.0.1:1/v1/traces"))

    assert refused.value.code == "tracing.absent"
    assert "taktflow[otel]" in refused.value.message("en")


def test_every_figure_is_explained_to_whoever_operates(world: World) -> None:
    life = world.born()
    page = (Path(__file__).parents[2] / "docs" / "guides" / "operations.md").read_text(encoding="utf-8")
    table = page.split("## What to watch")[1].split("## Alert rules")[0]
    explained = set(re.findall(r"taktflow_\w+", table))

    known = {metric.name for metric in [*figures(life.engine), *Traffic().metrics()]}

    assert explained == known
    for named in re.findall(r"taktflow_\w+", page.split("```yaml")[1].split("```")[0]):
        assert named.removesuffix("_bucket") in known
