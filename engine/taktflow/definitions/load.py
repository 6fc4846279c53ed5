"""From text to definitions: nothing raises for a wrong document, everything wrong with it is a finding."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, ValidationError

from taktflow.definitions.budget import MAX_BYTES
from taktflow.definitions.json_source import read_json
from taktflow.definitions.kinds import KINDS, Definition
from taktflow.definitions.misfits import misfits, nearest
from taktflow.definitions.places import Loaded
from taktflow.definitions.yaml_source import read_yaml
from taktflow.values import Finding


def load(source: str | bytes, name: str) -> Loaded:
    """The one document in ``source``, YAML or (when ``name`` ends in .json) JSON."""
    loaded = load_all(source, name)
    if len(loaded) == 1:
        return loaded[0]
    first = loaded[0]
    extra = loaded[1].finding("definition.several", count=len(loaded))
    return Loaded(first.name, first.document, first.places, (*first.findings, extra), first.source)


def load_all(source: str | bytes, name: str) -> tuple[Loaded, ...]:
    """Every document in ``source`` (YAML separates them by ``---``); at least one, be it an unreadable one."""
    if isinstance(source, str) and len(source) <= MAX_BYTES:
        source = source.encode("utf-8", "surrogatepass")
    if len(source) > MAX_BYTES:
        return (_nothing(name, "definition.too_large", max_mb=MAX_BYTES // 1_000_000),)
    try:
        text = cast(bytes, source).decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = cast(bytes, source)[: wrong.start].count(b"\n") + 1
        return (_nothing(name, "definition.encoding", line),)
    if name.lower().endswith(".json") and text.strip():
        return (_mapped(read_json(text, name)),)
    documents = tuple(_mapped(d) for d in read_yaml(text, name) if d.document is not None or d.findings)
    return documents or (_nothing(name, "definition.empty"),)


def _nothing(name: str, code: str, line: int = 0, **args: Any) -> Loaded:
    return Loaded(name, None, {}, (Finding(code, "", args, "error", name, line, 1 if line else 0),))


def _mapped(loaded: Loaded) -> Loaded:
    """Refuses a document that is no mapping."""
    if isinstance(loaded.document, dict) or loaded.document is None:
        return loaded
    wrong = loaded.finding("definition.no_mapping")
    return Loaded(loaded.name, None, loaded.places, (*loaded.findings, wrong), loaded.source)


def definition(loaded: Loaded) -> tuple[Definition | None, tuple[Finding, ...]]:
    """The definition that ``loaded`` holds, or None with the findings that say why it holds none."""
    document = loaded.document
    if not isinstance(document, dict):
        return None, ()
    kind = document.get("kind")
    if kind is None:
        return None, (loaded.finding("definition.kind_missing", known=", ".join(KINDS)),)
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        return None, (_kind_unknown(loaded, kind),)
    made, findings = modelled(loaded, model)
    return cast("Definition | None", made), findings


def _kind_unknown(loaded: Loaded, kind: Any) -> Finding:
    given = str(kind)[:80]
    if near := nearest(given, KINDS):
        return loaded.finding("definition.kind_near", "/kind", kind=given, near=near)
    return loaded.finding("definition.kind_unknown", "/kind", kind=given, known=", ".join(KINDS))


def modelled(loaded: Loaded, model: type[BaseModel]) -> tuple[BaseModel | None, tuple[Finding, ...]]:
    """``loaded`` as a ``model`` (of any pydantic model), or None with what keeps it from being one."""
    try:
        return model.model_validate(loaded.document), ()
    except ValidationError as wrong:
        return None, tuple(misfits(loaded, wrong, model))
