"""The HTTP door: every route behind its guard, every error a problem document, the designer beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from taktflow import __version__
from taktflow.api.body_limit import BodyLimit
from taktflow.api.buckets import Buckets
from taktflow.api.deps import Rim
from taktflow.api.designer import Designer
from taktflow.api.door import Door
from taktflow.api.events import HEARTBEAT_S, Hub
from taktflow.api.guard import COOKIE
from taktflow.api.headers import SecurityHeaders
from taktflow.api.problems import answer_with_problems
from taktflow.api.routes import (
    alerts,
    audit,
    changes,
    definitions,
    forms,
    health,
    hooks,
    inbound,
    incidents,
    instances,
    jobs,
    locks,
    messages,
    people,
    plugins,
    records,
    schedules,
    session,
    stream,
    tables,
    work,
)
from taktflow.services.engine import Engine

SIGN_INS_PER_MINUTE = 10
"""Tries for one name from one address."""
BUILT_DESIGNER = Path(__file__).parent / "static"
DOORS: tuple[Door, ...] = (
    session.door,
    instances.door,
    locks.door,
    schedules.door,
    messages.door,
    stream.door,
    work.door,
    incidents.door,
    inbound.door,
    jobs.door,
    records.door,
    definitions.door,
    tables.door,
    forms.door,
    hooks.door,
    alerts.door,
    people.door,
    plugins.door,
    audit.door,
    changes.door,
    health.door,
)


def create_app(engine: Engine, *, heartbeat_s: float = HEARTBEAT_S) -> FastAPI:
    """The app on a running engine, which outlives it. ``heartbeat_s`` is how often a quiet event stream shows life."""
    app = bare_app()
    settings = engine.settings
    app.state.engine = engine
    app.state.rim = Rim(
        public=Buckets(settings.public_rate_per_minute), sign_in=Buckets(SIGN_INS_PER_MINUTE), hub=Hub(heartbeat_s)
    )
    # The last one added is the first to see a request.
    app.add_middleware(BodyLimit, limit_bytes=settings.body_limit_bytes)
    app.add_middleware(SecurityHeaders, https=settings.cookie_secure)
    return app


def bare_app() -> FastAPI:
    """The routes and their description, without an engine behind them."""
    app = FastAPI(
        title="Taktflow",
        version=__version__,
        lifespan=_lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    for door in DOORS:
        door.open(app)
    answer_with_problems(app)
    app.router.routes.append(Designer(BUILT_DESIGNER))
    app.openapi = lambda: _description(app)  # type: ignore[method-assign]  # FastAPI documents this way to replace it
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    hub = app.state.rim.hub
    hub.open()
    stop = app.state.engine.store.listen(hub.told)
    try:
        yield
    finally:
        stop()
        hub.close()


def _description(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        found = get_openapi(
            title=app.title,
            version=app.version,
            routes=app.routes,
            description="Errors are problem documents (RFC 9457) with a stable `code`; language by Accept-Language.",
        )
        for operations in found["paths"].values():
            for operation in operations.values():
                # FastAPI describes every answer as plain JSON; ours for errors is a problem document.
                content = operation["responses"]["default"]["content"]
                operation["responses"]["default"]["content"] = {"application/problem+json": content["application/json"]}
        found["components"]["securitySchemes"] = {
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            "token": {"type": "http", "scheme": "bearer", "bearerFormat": "tf_..."},
        }
        app.openapi_schema = found
    return app.openapi_schema
