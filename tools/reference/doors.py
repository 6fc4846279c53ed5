"""The pages of the HTTP interface and of the audit log."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.reference.markdown import code, page, table

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "post", "put", "patch", "delete")
WRITERS = {"AuditEntry", "_audit"}
"""What makes an entry of the audit log; the act is the third argument."""


def http() -> str:
    """Every route of the published interface."""
    published = json.loads((ROOT / "designer" / "openapi.json").read_text(encoding="utf-8"))
    routes = [
        (code(method.upper()), code(path), about.get("summary", ""), about.get("x-who", ""))
        for path, methods in published["paths"].items()
        for method, about in methods.items()
        if method in METHODS
    ]
    return page(
        "HTTP interface",
        "Generated from the interface that the page is built against, `designer/openapi.json`; a running server serves "
        "it at `/openapi.json`. Errors are problem documents whose `code` stands in [messages](messages.md).",
        table(("method", "path", "what", "who may"), routes),
    )


def audit() -> str:
    """Every act that the audit log keeps, with the modules that write it."""
    acts: dict[str, set[str]] = {}
    for path in sorted((ROOT / "engine").rglob("*.py")):
        for act in _acts(ast.parse(path.read_text(encoding="utf-8"))):
            acts.setdefault(act, set()).add(path.relative_to(ROOT / "engine").as_posix())
    return page(
        "Audit log",
        "Who did what to which object and when. Changes of records have a history of their own, with who and why.",
        table(
            ("act", "written by"), [(code(act), ", ".join(code(p) for p in sorted(acts[act]))) for act in sorted(acts)]
        ),
    )


def _acts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in WRITERS:
            named: Mapping[str | None, Any] = {keyword.arg: keyword.value for keyword in node.keywords}
            act = node.args[2] if len(node.args) > 2 else named.get("action")
            if isinstance(act, ast.Constant):
                yield str(act.value)
            elif isinstance(act, ast.JoinedStr):
                yield "".join(str(p.value) if isinstance(p, ast.Constant) else f"<{_name(p)}>" for p in act.values)


def _name(part: ast.expr) -> str:
    return ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ast.unparse(part)
