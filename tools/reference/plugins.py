"""The pages of what is installed with the product: node types, connectors and channels."""

from __future__ import annotations

from typing import Any, get_args

from taktflow.catalog import CHANNELS, CONNECTORS, NODES, Announced, Catalog, announced
from taktflow.definitions.workflow import GRAMMAR, Node
from tools.reference.markdown import code, first_sentence, page, table
from tools.reference.schemas import settings_table

IDEMPOTENCY = {
    "pure": "runs inside the segment and reads nothing but its settings and the scope",
    "native": "touches only our own database, through what it returns: exactly once",
    "key": "talks to the world with a stable key and may be sent again: at least once",
    "none": "is never sent twice; an unknown outcome becomes an incident that asks a person",
}


def bundled() -> list[Announced]:
    """The plug-ins that this distribution announces; a stranger's wheel has its own documentation."""
    return [one for one in announced() if one.distribution == "taktflow"]


def node_types() -> str:
    """The grammar's own nodes first, then each bundled node type."""
    catalog = Catalog(bundled())
    grammar = [
        f"### {title}\n\n{first_sentence(model.__doc__)}\n\n{settings_table(model.model_json_schema(by_alias=True))}"
        for title, model in _grammar()
    ]
    kinds = sorted(one.kind for one in bundled() if one.group == NODES)
    return page(
        "Node types",
        "Control nodes are the grammar and live in the interpreter; every other node type is a plug-in found through "
        "the entry point group `taktflow.nodes`. Any setting of a plug-in's node may be written `{$: FEEL}`.",
        "## Control nodes",
        *grammar,
        "## Activities that come with Taktflow",
        table(("idempotency", "meaning"), [(code(k), v) for k, v in IDEMPOTENCY.items()]),
        *(_node(catalog, kind) for kind in kinds),
    )


def _grammar() -> list[tuple[str, Any]]:
    union = get_args(get_args(Node)[0])
    models = {get_args(arm)[1].tag: get_args(arm)[0] for arm in union}
    return [(kind, models[kind]) for kind in (*GRAMMAR, "activity")]


def _node(catalog: Catalog, kind: str) -> str:
    known = catalog.node_type(kind)
    errors = table(
        ("error code", "meaning", "含义"), [(code(c), words.en, words.zh) for c, words in sorted(known.errors.items())]
    )
    return "\n\n".join(
        part
        for part in (
            f"### {kind}",
            f"**{known.title.en}** / {known.title.zh}. {known.note.en} Idempotency: `{known.idempotency}`.",
            settings_table(known.config_schema),
            errors,
        )
        if part
    )


def systems() -> str:
    """Connectors with their settings, streams and actions, then channels."""
    catalog = Catalog(bundled())
    connectors = []
    for kind in sorted(one.kind for one in bundled() if one.group == CONNECTORS):
        known = catalog.find_connector(kind) or _missing(catalog, kind)
        connectors.append(f"### {kind}\n\n**{known.title.en}** / {known.title.zh}. {known.note.en}".rstrip())
        for name, schema in (
            ("Connection", known.config_schema),
            ("Stream", known.stream_schema),
            ("Action", known.action_schema),
        ):
            if rows := settings_table(schema):
                connectors.append(f"{name}:\n\n{rows}")
    channels = []
    for kind in sorted(one.kind for one in bundled() if one.group == CHANNELS):
        channel = catalog.find_channel(kind) or _missing(catalog, kind)
        how = "It is polled." if channel.polled else "It takes webhooks."
        channels.append(f"### {kind}\n\n**{channel.title.en}** / {channel.title.zh}. {channel.note.en} {how}")
        channels.append(settings_table(channel.config_schema))
    return page(
        "Connectors and channels",
        "A connector is a kind of system, a channel a kind of way in; a *connection* definition configures one.",
        "## Connectors",
        *connectors,
        "## Channels",
        *channels,
    )


def _missing(catalog: Catalog, kind: str) -> Any:
    reasons = [one.error for one in catalog.listing() if one.kind == kind]
    raise LookupError(f"{kind} cannot be described: {'; '.join(reasons)}")
