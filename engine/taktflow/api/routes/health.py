"""Is it alive, is it ready, and how is it doing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from taktflow.api.deps import Running, Shared
from taktflow.api.door import Door
from taktflow.api.exact import ExactJson
from taktflow.api.figures import figures
from taktflow.api.guard import anyone, who
from taktflow.api.metrics import CONTENT_TYPE, Metric, exposition
from taktflow.api.shapes import Shape
from taktflow.services.readiness import readiness

door = Door("health")
State = Literal["ok", "failed"]


class Alive(Shape):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Shape):
    """Whether the process can work, and what keeps it from it: ``reasons`` has the code of each failed part."""

    status: State
    database: State
    migrations: State
    queue: State
    writer: State
    executor: State
    reasons: dict[str, str] = Field(default_factory=dict)


@door.get("/healthz", who=anyone)
async def healthz() -> Alive:
    """Whether the process is alive."""
    return Alive()


@door.get("/readyz", who=anyone, answers=Ready)
def readyz(engine: Running) -> Response:
    """Whether the process can work, 503 when not.

    The database answers, is migrated and takes a change, the queue has room, and the executor goes round.
    """
    wrong = readiness(engine)
    reasons = {part: code for part, code in wrong.items() if code}
    parts: dict[str, State] = {part: "failed" if code else "ok" for part, code in wrong.items()}
    ready = Ready(status="failed" if reasons else "ok", reasons=reasons, **parts)
    return ExactJson(ready, 503 if reasons else 200)


@door.get("/metrics", who=who("operator"), media="text/plain")
def metrics(engine: Running, rim: Shared) -> Response:
    """Figures in Prometheus's text format. A monitoring system reads them with an API token of an operator."""
    found = [*figures(engine), *_stream(rim), *rim.traffic.metrics()]
    return Response(exposition(found), media_type=CONTENT_TYPE)


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
