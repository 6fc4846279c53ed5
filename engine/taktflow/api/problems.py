"""Every error as problem+json (RFC 9457): a status, the code, a sentence in the reader's language, all findings."""

from __future__ import annotations

import secrets as randomness
import traceback
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from taktflow.api.exact import document
from taktflow.api.language import wanted_language
from taktflow.api.refusals import Malformed, PreconditionMissing
from taktflow.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Overloaded,
    Refused,
    Stale,
    TaktflowError,
    TooLarge,
    TooMany,
    Unauthenticated,
)
from taktflow.texts import sentence
from taktflow.values import Finding, Language, Pointer, Severity, plain_dumps

STATUSES: Sequence[tuple[type[TaktflowError], HTTPStatus]] = (
    (Malformed, HTTPStatus.BAD_REQUEST),
    (PreconditionMissing, HTTPStatus.PRECONDITION_REQUIRED),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (Refused, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Overloaded, HTTPStatus.SERVICE_UNAVAILABLE),
    (TooMany, HTTPStatus.TOO_MANY_REQUESTS),
)
"""Each class with its status; the first that fits counts, so a subclass stands before its base."""

_log = structlog.get_logger(__name__)


class FindingShape(BaseModel):
    """Something to mend, and where; ``at`` is a JSON pointer, ``line`` and ``column`` are 0 where not known."""

    code: str
    at: str
    file: str = ""
    line: int = 0
    column: int = 0
    severity: Severity = "error"
    message: str

    @classmethod
    def of(cls, finding: Finding, language: Language) -> FindingShape:
        """``finding`` with its sentence in ``language``."""
        return cls(
            code=finding.code,
            at=finding.at,
            file=finding.file,
            line=finding.line,
            column=finding.column,
            severity=finding.severity,
            message=sentence(finding.code, language, finding.args),
        )


class Problem(BaseModel):
    """What went wrong: ``code`` is stable, ``detail`` says what to do."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    where: Pointer = ""
    findings: list[FindingShape] = Field(default_factory=list)
    id: str | None = Field(None, description="Names an unexpected error in the server's log.")


def status_of(error: TaktflowError) -> HTTPStatus:
    """The status that ``error`` is answered with."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def refused_status(error: TaktflowError | HTTPException | RequestValidationError) -> int:
    """The status of any error that a route refuses with."""
    match error:
        case TaktflowError():
            return status_of(error).value
        case HTTPException():
            return error.status_code
        case RequestValidationError():
            return HTTPStatus.UNPROCESSABLE_ENTITY.value


def reader_language(request: Request) -> Language:
    """The language of whoever sent ``request``: their header's, else their own, else the server's."""
    decided: Language | None = getattr(request.state, "language", None)
    fallback: Language = request.app.state.engine.settings.language
    return decided or wanted_language(Headers(scope=request.scope).get("accept-language"), fallback)


def problem_response(problem: Problem, language: Language, headers: Mapping[str, str] | None = None) -> Response:
    """``problem`` as a response."""
    return Response(
        plain_dumps(document(problem)).encode(),
        problem.status,
        {"content-language": language, "cache-control": "no-store", **(headers or {})},
        "application/problem+json",
    )


def _problem(
    status: HTTPStatus,
    code: str,
    language: Language,
    args: Mapping[str, Any],
    *,
    where: Pointer = "",
    findings: Iterable[Finding] = (),
    id: str | None = None,
) -> Problem:
    return Problem(
        type=f"urn:taktflow:problem:{code}",
        title=sentence(f"api.status.{status.value}", language, {}),
        status=status.value,
        code=code,
        detail=sentence(code, language, args),
        where=where,
        findings=[FindingShape.of(f, language) for f in findings],
        id=id,
    )


async def _declared(request: Request, error: Exception) -> Response:
    assert isinstance(error, TaktflowError)
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return await _unexpected(request, error)
    language = reader_language(request)
    findings = error.findings if isinstance(error, Invalid) else ()
    problem = _problem(status, error.code, language, error.args_, where=error.where, findings=findings)
    return problem_response(problem, language, _headers_of(error))


def _headers_of(error: TaktflowError) -> dict[str, str]:
    if isinstance(error, TooMany):
        return {"retry-after": str(error.retry_after_s)}
    if isinstance(error, Stale) and error.args_.get("newest"):
        return {"etag": f'"{error.args_["newest"]}"'}
    return {"www-authenticate": 'Bearer realm="taktflow"'} if isinstance(error, Unauthenticated) else {}


async def _misfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    language = reader_language(request)
    findings = [_finding(e) for e in error.errors()]
    problem = _problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "api.invalid", language, {"count": len(findings)}, findings=findings
    )
    return problem_response(problem, language)


_CODES = {
    "missing": "api.field.missing",
    "extra_forbidden": "api.field.unknown",
    "string_type": "api.field.text",
    "string_too_long": "api.field.long",
    "string_too_short": "api.field.short",
    "too_long": "api.field.many",
    "too_short": "api.field.few",
    "bool_type": "api.field.boolean",
    "bool_parsing": "api.field.boolean",
    "list_type": "api.field.list",
    "dict_type": "api.field.mapping",
    "model_type": "api.field.mapping",
    "model_attributes_type": "api.field.mapping",
    "literal_error": "api.field.choice",
    "string_pattern_mismatch": "api.field.pattern",
    "greater_than_equal": "api.field.low",
    "less_than_equal": "api.field.high",
    "timezone_aware": "api.field.datetime",
}
_PREFIXES = (("int_", "api.field.integer"), ("decimal_", "api.field.number"), ("datetime_", "api.field.datetime"))


def _finding(wrong: Mapping[str, Any]) -> Finding:
    """One of pydantic's complaints about a request in our own words."""
    source, *path = wrong["loc"] or ("body",)
    kind = str(wrong["type"])
    code = _CODES.get(kind) or next((c for prefix, c in _PREFIXES if kind.startswith(prefix)), "api.field.value")
    if source == "body" and not path and kind in ("missing", "model_attributes_type", "model_type"):
        code = "api.body.json"
    pointer = "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in path)
    bounds = {k: str(v) for k, v in (wrong.get("ctx") or {}).items()}
    return Finding(code, pointer, {**bounds, "name": ".".join(str(p) for p in path) or str(source)})


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    language = reader_language(request)
    status = HTTPStatus(error.status_code)
    codes = {404: "api.route", 405: "api.method"}
    code = codes.get(error.status_code, "api.http")
    args = {"path": request.url.path, "method": request.method, "why": str(error.detail)}
    return problem_response(_problem(status, code, language, args), language, error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    id = randomness.token_hex(8)
    # As text of our own: a renderer that shows local variables would write passwords into the log.
    trace = "".join(traceback.format_exception(error))
    _log.error("unexpected error", id=id, method=request.method, path=request.url.path, trace=trace)
    language = reader_language(request)
    problem = _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "api.unexpected", language, {"id": id}, id=id)
    return problem_response(problem, language)


def answer_with_problems(app: FastAPI) -> None:
    """Makes ``app`` answer every error, its own and foreign ones, with a problem document."""
    app.add_exception_handler(TaktflowError, _declared)
    app.add_exception_handler(RequestValidationError, _misfit)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
