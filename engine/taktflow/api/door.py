"""How a route is declared: a path, who may, what comes back. There is no way to declare one without a policy."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol, TypeVar, get_type_hints

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from structlog.contextvars import bound_contextvars

from taktflow.api.exact import ExactJson, ExactRequest
from taktflow.api.guard import Policy, admit
from taktflow.api.problems import Problem, refused_status
from taktflow.errors import TaktflowError

E = TypeVar("E", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_PROBLEM: dict[int | str, dict[str, Any]] = {"default": {"description": "What went wrong.", "model": Problem}}


class Declares(Protocol):
    """Keeps a function as a route and gives it back as it was."""

    def __call__(self, endpoint: E, /) -> E: ...


@dataclass(frozen=True, slots=True)
class Opening:
    """One declared route."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    who: Policy
    status: int
    media: str | None
    answers: Any


@dataclass(frozen=True, slots=True)
class Door:
    """The routes of one noun. A function's name is its operation id, its docstring's first line the summary."""

    noun: str
    openings: list[Opening] = field(default_factory=list)

    def get(self, path: str, *, who: Policy, media: str | None = None, answers: Any = None) -> Declares:
        """Declares a GET route.

        ``media`` is the content type of one that answers with something else than JSON; ``answers`` is what the body
        holds where the function makes the response itself.
        """
        return self._declare("GET", path, who, 200, media, answers)

    def post(
        self, path: str, *, who: Policy, status: int = 200, media: str | None = None, answers: Any = None
    ) -> Declares:
        """Declares a POST route."""
        return self._declare("POST", path, who, status, media, answers)

    def patch(self, path: str, *, who: Policy, answers: Any = None) -> Declares:
        """Declares a PATCH route."""
        return self._declare("PATCH", path, who, 200, None, answers)

    def delete(self, path: str, *, who: Policy) -> Declares:
        """Declares a DELETE route."""
        return self._declare("DELETE", path, who, 204, None, None)

    def _declare(self, method: str, path: str, who: Policy, status: int, media: str | None, answers: Any) -> Declares:
        def declared(endpoint: E) -> E:
            said = answers or get_type_hints(endpoint).get("return")
            self.openings.append(Opening(method, path, endpoint, who, status, media, said))
            return endpoint

        return declared

    def open(self, app: FastAPI) -> None:
        """Adds the routes to ``app``."""
        for opening in self.openings:
            app.router.routes.append(_route(self.noun, opening))


class GuardedRoute(APIRoute):
    """A route that asks who is there before it reads a byte of the body."""

    policy: Policy

    def get_route_handler(self) -> Handler:
        """FastAPI's handler behind the guard."""
        serve = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            state = request.app.state
            facts = {"method": request.method, "route": self.path}
            if "id" in request.path_params:
                facts["id"] = str(request.path_params["id"])
            begun = time.perf_counter()
            status = 500
            with bound_contextvars(**facts), state.engine.tracing.span("request", facts, request.headers) as span:
                try:
                    response = await self._serve(serve, request)
                    status = response.status_code
                    return response
                except (TaktflowError, HTTPException, RequestValidationError) as refused:
                    status = refused_status(refused)
                    raise
                finally:
                    state.rim.traffic.count(self.methods, self.path, status, time.perf_counter() - begun)
                    span.tell("status", status)
                    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                        span.fail()

        return guarded

    async def _serve(self, serve: Handler, request: Request) -> Response:
        await self._let_in(request)
        exact = ExactRequest(request.scope, request.receive, request._send)
        if self.body_field is not None and _is_json(request):
            # Read here, since FastAPI would hide our errors behind one of its own.
            await exact.json()
        return await serve(exact)

    async def _let_in(self, request: Request) -> None:
        admitted = await run_in_threadpool(admit, request.app.state.engine, request, self.policy)
        request.state.admitted = admitted
        request.state.language = admitted.caller.language


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _route(noun: str, opening: Opening) -> GuardedRoute:
    is_model = opening.media is None and opening.answers is not None and not _is_response(opening.answers)
    responses: dict[int | str, dict[str, Any]] = dict(_PROBLEM)
    summary, _, more = (inspect.getdoc(opening.endpoint) or "").partition("\n")
    if opening.media:
        responses[opening.status] = {"content": {opening.media: {}}, "description": "The content."}
    route = GuardedRoute(
        opening.path,
        _answering(opening.endpoint, opening.status),
        methods=[opening.method],
        name=opening.endpoint.__name__,
        operation_id=opening.endpoint.__name__,
        summary=summary.rstrip("."),
        description=more.strip() or None,
        tags=[noun],
        status_code=opening.status,
        response_model=opening.answers if is_model else None,
        response_class=Response if opening.media or opening.status == 204 else ExactJson,
        responses=responses,
        openapi_extra=_security(opening.who),
    )
    route.policy = opening.who
    return route


def _is_response(answers: Any) -> bool:
    return answers is type(None) or (inspect.isclass(answers) and issubclass(answers, Response))


def _security(policy: Policy) -> dict[str, Any]:
    schemes: list[dict[str, list[str]]] = [{}] if policy.kind == "anyone" else [{"session": []}, {"token": []}]
    return {"security": schemes, "x-who": str(policy)}


def _answering(endpoint: Callable[..., Any], status: int) -> Callable[..., Any]:
    """``endpoint`` with what it returns turned into a response here, where no number becomes a float."""
    if inspect.iscoroutinefunction(endpoint):

        @functools.wraps(endpoint)
        async def answering_async(*args: Any, **kwargs: Any) -> Response:
            return _response(await endpoint(*args, **kwargs), status)

        return answering_async

    @functools.wraps(endpoint)
    def answering(*args: Any, **kwargs: Any) -> Response:
        return _response(endpoint(*args, **kwargs), status)

    return answering


def _response(answer: Any, status: int) -> Response:
    if isinstance(answer, Response):
        return answer
    return Response(status_code=status) if status == 204 else ExactJson(answer, status)
