"""Is it alive, is it ready, and how is it doing."""

from __future__ import annotations

from concurrent.futures import TimeoutError as NotYet
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from taktflow.api.deps import Running, Shared
from taktflow.api.door import Door
from taktflow.api.exact import ExactJson
from taktflow.api.guard import anyone, who
from taktflow.api.metrics import CONTENT_TYPE, Metric, exposition
from taktflow.api.shapes import Shape
from taktflow.errors import TaktflowError
from taktflow.services.engine import Engine
from taktflow.store import check_revision

door = Door("health")
WRITER_PATIENCE_S = 5.0
State = Literal["ok", "failed"]


class Alive(Shape):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Shape):
    """Whether the process can work, and what keeps it from it."""

    status: State
    database: State
    migrations: State
    writer: State


@door.get("/healthz", who=anyone)
async def healthz() -> Alive:
    """Whether the process is alive."""
    return Alive()


@door.get("/readyz", who=anyone, answers=Ready)
def readyz(engine: Running) -> Response:
    """Whether the process can work: the database answers, is migrated, and its writer writes. 503 when not."""
    parts: dict[str, State] = {
        "database": _works(lambda: engine.store.people.find("nobody")),
        "migrations": _works(lambda: check_revision(engine.settings.database_url)),
        # An empty change still makes the round trip through the writer's thread and its connection.
        "writer": _works(lambda: engine.store.write(lambda _: None).result(WRITER_PATIENCE_S)),
    }
    ok = all(state == "ok" for state in parts.values())
    return ExactJson(Ready(status="ok" if ok else "failed", **parts), 200 if ok else 503)


def _works(ask: Any) -> State:
    try:
        ask()
    except (TaktflowError, NotYet):
        return "failed"
    return "ok"


@door.get("/metrics", who=who("operator"), media="text/plain")
def metrics(engine: Running, rim: Shared) -> Response:
    """Figures in Prometheus's text format. A monitoring system reads them with an API token of an operator."""
    found = [*_work(engine), *_stream(rim), *rim.traffic.metrics()]
    return Response(exposition(found), media_type=CONTENT_TYPE)


def _work(engine: Engine) -> list[Metric]:
    waiting = engine.store.figures.waiting()
    instances = sorted(engine.store.instances.counts().items())
    return [
        Metric(
            "taktflow_instances",
            "gauge",
            "Instances by workflow and status.",
            [({"workflow": w, "status": s}, n) for (w, s), n in instances],
        ),
        Metric(
            "taktflow_effects",
            "gauge",
            "Effects that are not settled, by status.",
            [({"status": s}, n) for s, n in sorted(waiting.effects.items())],
        ),
        Metric("taktflow_incidents_open", "gauge", "Incidents that wait for a person.", [({}, waiting.open_incidents)]),
        Metric("taktflow_user_tasks_open", "gauge", "User tasks that wait for a person.", [({}, waiting.open_tasks)]),
        Metric("taktflow_inbound_pending", "gauge", "Raw events not yet worked on.", [({}, waiting.pending_inbound)]),
        Metric("taktflow_writer_queue", "gauge", "Changes that wait for the writer.", [({}, engine.store.waiting)]),
    ]


def _stream(rim: Shared) -> list[Metric]:
    return [
        Metric(
            "taktflow_commits_total", "counter", "Commits of this process that moved work.", [({}, rim.hub.commits)]
        ),
        Metric("taktflow_event_streams", "gauge", "Open event streams.", [({}, rim.hub.readers)]),
    ]


@door.get("/openapi.json", who=anyone, media="application/json")
async def openapi(request: Request) -> Response:
    """This description."""
    return ExactJson(request.app.openapi())
