"""A JSON Schema told as a table of settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from taktflow.sdk.schema import settings_of
from tools.reference.markdown import code, table

EVERYWHERE = ("Words.", "Computed.")
"""Parts that every kind has and the page's introduction explains."""


def settings_table(schema: Mapping[str, Any]) -> str:
    """Every setting of ``schema``, nested ones with dots, with its type, default and meaning."""
    required = set(schema.get("required", ()))
    rows = [
        (code(name), shape(about), "yes" if name in required else _default(about), _meaning(about))
        for name, about in settings_of(schema)
        if not name.startswith(EVERYWHERE)
    ]
    return table(("setting", "type", "required or default", "meaning"), rows)


def shape(about: Mapping[str, Any]) -> str:
    """The type of a setting in a few words."""
    if "const" in about:
        return code(str(about["const"]))
    if "enum" in about:
        return ", ".join(code(str(v)) for v in about["enum"])
    if "$ref" in about:
        return str(about["$ref"]).rpartition("/")[2]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in about:
            return " or ".join(dict.fromkeys(shape(part) for part in about[choice]))
    kind = about.get("type", "any")
    if kind == "array":
        return f"list of {shape(about.get('items', {}))}"
    if kind == "object" and isinstance(about.get("additionalProperties"), Mapping):
        return f"map of {shape(about['additionalProperties'])}"
    return str(kind)


def _default(about: Mapping[str, Any]) -> str:
    default = about.get("default")
    if isinstance(default, dict):
        default = {key: value for key, value in default.items() if value not in (None, "", [], {})}
    if default in (None, "", [], {}):
        return ""
    return code(default if isinstance(default, str) else json.dumps(default, ensure_ascii=False))


def _meaning(about: Mapping[str, Any]) -> str:
    title = about.get("x-title")
    named = f"{title['en']} / {title['zh']}." if title else ""
    marks = [
        f"Names a {about['x-ref']}." if "x-ref" in about else "",
        "FEEL." if about.get("x-feel") else "",
        "Text template." if about.get("x-template") else "",
        "Secret: write `secret:name`." if about.get("format") == "secret" else "",
    ]
    return " ".join(part for part in (named, about.get("description", ""), *marks) if part)
