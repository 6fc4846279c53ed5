"""JSON at the rim with exact numbers: no request or response ever passes through a float."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, WithJsonSchema
from starlette.requests import Request
from starlette.responses import JSONResponse

from taktflow.api.refusals import Malformed
from taktflow.values import Finding, Json, plain_dumps, plain_loads

Exact: TypeAlias = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""An exact number in a request or response."""


def document(content: Any) -> Json:
    """``content`` with every pydantic model in it as a mapping."""
    match content:
        case BaseModel():
            return content.model_dump(by_alias=True)
        case Mapping():
            return {k: document(v) for k, v in content.items()}
        case list() | tuple():
            return [document(v) for v in content]
        case _:
            return content


class ExactJson(JSONResponse):
    """A JSON response whose numbers are written digit by digit."""

    def render(self, content: Any) -> bytes:
        """The bytes of ``content``: models, mappings, lists and values."""
        return plain_dumps(document(content)).encode()


class ExactRequest(Request):
    """A request whose JSON numbers are ``Decimal``."""

    async def json(self) -> Json:
        """The body as a document; raises :class:`Malformed` with line and column."""
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


def read_json(body: bytes) -> Json:
    """The document in ``body``; :class:`Malformed` when it is no JSON or holds text that no database can keep."""
    try:
        found = plain_loads(body)
    except UnicodeDecodeError as wrong:
        raise Malformed("api.json.encoding") from wrong
    except ValueError as wrong:
        line, column = int(getattr(wrong, "lineno", 0)), int(getattr(wrong, "colno", 0))
        finding = Finding("api.json", args={"line": line, "column": column}, line=line, column=column)
        raise Malformed("api.json", findings=[finding], line=line, column=column) from wrong
    # Only an escape can write a NUL or half a surrogate pair, so that most bodies need no walk.
    if b"\\u" in body and not _storable(found):
        raise Malformed("api.json.character")
    return found


def _storable(value: Json) -> bool:
    match value:
        case str():
            return "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
        case dict():
            return all(_storable(k) and _storable(v) for k, v in value.items())
        case list():
            return all(_storable(v) for v in value)
        case _:
            return True
