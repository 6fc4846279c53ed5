"""A workflow as screens draw and name it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from taktflow.api.shapes import Document, Shape, Words
from taktflow.definitions.forms import form_schema
from taktflow.definitions.kinds import Form
from taktflow.definitions.workflow import EdgeModel, ForEach, Scope, Workflow
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.services.record_lists import choices
from taktflow.texts import sentence
from taktflow.values import Language


class GraphNode(Shape):
    """A box; ``parent`` is the for-each or scope it stands in. A start is a box of the type ``start.<its type>``."""

    id: str
    type: str
    title: Words | None = None
    parent: str | None = None


class GraphEdge(Shape):
    """An arrow; ``when`` is its condition as written."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    title: Words | None = None
    when: str | None = None
    otherwise: bool = Field(False, alias="else")


class Graph(Shape):
    """Boxes and arrows."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]


def workflow_at(engine: Engine, id: str, version: int) -> Workflow | None:
    """That very version; None when it is gone."""
    found = engine.published.shelf.at("workflow", id, version)
    return found if isinstance(found, Workflow) else None


def workflow_words(engine: Engine, id: str, version: int | None = None) -> Words:
    """The workflow's title, at ``version`` or as it is in force; its id when it is gone."""
    shelf = engine.published.shelf
    newest = shelf.newest("workflow", id)
    found = shelf.at("workflow", id, version) if version is not None else newest[1] if newest else None
    return Words.of(found.title if found else None, id)


def graph(workflow: Workflow | None) -> Graph:
    """Every node and edge, those of inner flows too."""
    if workflow is None:
        return Graph(nodes=[], edges=[])
    starts = [GraphNode(id=s.id, type=f"start.{s.type}", title=_words(s)) for s in workflow.start]
    return Graph(
        nodes=[*starts, *_nodes(workflow.nodes, None)], edges=[_edge(e) for e in _edges(workflow.edges, workflow.nodes)]
    )


def _nodes(nodes: Mapping[str, Any], parent: str | None) -> Iterator[GraphNode]:
    for id, node in nodes.items():
        yield GraphNode(id=id, type=node.type, title=_words(node), parent=parent)
        if isinstance(node, ForEach | Scope):
            yield from _nodes(node.nodes, id)


def _edges(edges: tuple[EdgeModel, ...], nodes: Mapping[str, Any]) -> Iterator[EdgeModel]:
    yield from edges
    for node in nodes.values():
        if isinstance(node, ForEach | Scope):
            yield from _edges(node.edges, node.nodes)


def _edge(edge: EdgeModel) -> GraphEdge:
    return GraphEdge(
        source=edge.source, target=edge.target, title=_words(edge), when=edge.when, otherwise=edge.otherwise
    )


def _words(part: Any) -> Words | None:
    return None if part.title is None else Words(zh=part.title.zh, en=part.title.en)


def node_titles(workflow: Workflow | None) -> dict[str, Words]:
    """The title of every node that has one."""
    return {n.id: n.title for n in graph(workflow).nodes if n.title is not None}


def outcome_words(workflow: Workflow | None, node: str, outcome: str) -> Words:
    """What an outcome is called: by the arrow that leaves with it, else by its usual name, else its id."""
    if workflow is not None:
        for edge in _edges(workflow.edges, workflow.nodes):
            if edge.source == node and (edge.when or "").strip() == outcome and edge.title is not None:
                return Words(zh=edge.title.zh, en=edge.title.en)
    code = f"outcome.{outcome}"
    known = {language: sentence(code, language, {}) for language in ("zh", "en")}
    return Words(**known) if known["zh"] != code else Words(zh=outcome, en=outcome)


def form_view(engine: Engine, form: Form, caller: Caller | None, language: Language) -> tuple[Document, Document]:
    """The schemas that draw ``form`` for ``caller``: the answer's, and how it looks."""
    schema, ui_schema = form_schema(
        form, engine.published.entities(), language, lambda entity: choices(engine, entity, caller)
    )
    return schema, ui_schema
