"""Serves the built designer; every page of it is the same document, since the browser routes within."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Match, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from taktflow.texts import sentence

SERVERS_OWN = ("/api/", "/hooks/", "/healthz", "/readyz", "/metrics", "/openapi.json")
"""What never falls back to the designer: an unknown address there is a problem document."""
_FOREVER = "public, max-age=31536000, immutable"


class Designer(Route):
    """Files of the build below ``folder``; any other path that is no server's own gives its ``index.html``."""

    def __init__(self, folder: Path) -> None:
        super().__init__("/{path:path}", self._serve, methods=["GET"], name="designer", include_in_schema=False)
        self._folder = folder
        self._files = StaticFiles(directory=folder, check_dir=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Everything but the server's own paths."""
        if scope["type"] == "http" and (scope["path"] + "/").startswith(SERVERS_OWN):
            return Match.NONE, {}
        return super().matches(scope)

    async def _serve(self, request: Request) -> Response:
        path: str = request.path_params["path"]
        if path and not path.endswith("/"):
            found = await self._file(path, request.scope)
            if found is not None:
                return found
            if path.startswith("assets/"):
                # A page of an earlier build asks for its script: the index would be taken for one.
                raise HTTPException(404)
        index = self._folder / "index.html"
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT.format(en=_said("en"), zh=_said("zh")), 503)
        return FileResponse(index, headers={"cache-control": "no-cache"})

    async def _file(self, path: str, scope: Scope) -> Response | None:
        try:
            found = await self._files.get_response(path, scope)
        except HTTPException:
            return None
        # The build names its assets by their content, so that they never change.
        found.headers["cache-control"] = _FOREVER if path.startswith("assets/") else "no-cache"
        return found


_NOT_BUILT = "<!doctype html><meta charset=utf-8><title>Taktflow</title><p>{zh}<p>{en}"


def _said(language: str) -> str:
    return sentence("api.designer", "zh" if language == "zh" else "en", {})
