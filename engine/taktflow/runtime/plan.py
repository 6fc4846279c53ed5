"""A published workflow made ready to run: expressions parsed, settings compiled, graph indexed. Immutable, shared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, TypeAlias

import networkx as nx
from pydantic import BaseModel

from taktflow.definitions.envelope import Computed
from taktflow.definitions.kinds import Calendar
from taktflow.definitions.triggers import Trigger, Work
from taktflow.definitions.workflow import (
    Activity,
    Durability,
    EdgeModel,
    ForEach,
    Interruptible,
    Join,
    Scope,
    Start,
    Workflow,
    routes_of,
)
from taktflow.definitions.workflow import Node as NodeModel
from taktflow.errors import Invalid
from taktflow.expressions import Clock, Expression, parse
from taktflow.runtime.arrivals import Reach, reach
from taktflow.runtime.programs import Names, Program, compiled, template_paths
from taktflow.runtime.working_time import add_working
from taktflow.sdk import Library, Node, NodeConfig, NodeContext, Result
from taktflow.values import Value, YearsMonths, parse_duration

Invoke: TypeAlias = Callable[[Node[Any], NodeConfig, NodeContext], Result]
"""Runs a pure node behind the wall to foreign code; raises NodeError and nothing else."""
Configure: TypeAlias = Callable[[Node[Any], Mapping[str, Value], str], NodeConfig]
"""Validates settings as the model of a node type, for the workflow's node named last; raises NodeError as well."""


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """An edge ready to be taken; ``index`` tells it from the others of its level."""

    index: int
    source: str
    target: str
    when: Expression | None
    otherwise: bool


@dataclass(frozen=True, slots=True)
class ActivityPlan:
    """A vocabulary node with its settings compiled; ``fixed`` is the validated config when nothing is computed."""

    node: Node[Any]
    config: Program
    fixed: NodeConfig | None
    each: Expression | None
    business_key: Expression | None
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class NodePlan:
    """A node with its ways out and in. ``level`` is the for-each it stands in, ``""`` for the workflow itself."""

    id: str
    model: NodeModel | Start
    level: str
    edges: tuple[EdgePlan, ...]
    incoming: frozenset[int]
    entries: Mapping[str, int]
    """Source node to the edge it comes by, so that error routes into a join count as that edge."""
    activity: ActivityPlan | None
    reach: Reach
    """For a join, from where tokens can come to it."""
    parts: Mapping[str, Expression]
    """The node's own FEEL settings by name, parsed."""
    programs: Mapping[str, Program]
    """The node's own literal-or-computed settings by name."""
    guarded: bool = False
    """Whether something may happen while a token stands at it, or it needs a lock."""
    undo: str | None = None
    """The node that takes back what this one did."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything :func:`taktflow.runtime.decide.decide` knows of a workflow version and what it pins."""

    workflow: str
    version: int
    titles: Mapping[str, Mapping[str, str]]
    nodes: Mapping[str, NodePlan]
    entry: Mapping[str, str]
    """For-each node to the node its inner flow begins with."""
    main: str | None
    key: Expression | None
    priority: Expression | None
    zone: tzinfo
    library: Library
    calendars: Mapping[str, Calendar]
    pins: Mapping[str, str]
    """``kind:id`` to ``id@version``, for forms and called workflows."""
    invoke: Invoke
    configure: Configure
    durability: Durability = "segment"

    def clock(self, at: datetime) -> Clock:
        """The clock that expressions see at ``at``."""
        return Clock(at, self.zone)

    def due(self, span: object, at: datetime, scope: Names) -> datetime:
        """The moment ``span`` (text, working time or computed) after ``at``; Invalid when it is no duration."""
        if isinstance(span, Work):
            length = parse_duration(span.work)
            if isinstance(length, YearsMonths):
                raise Invalid("span.working_months", text=span.work)
            return add_working(at, length, self.calendars[span.calendar])
        value: Value = span
        if isinstance(span, Computed):
            value = parse(span.feel).evaluate(scope, self.clock(at))
        if isinstance(value, str):
            value = parse_duration(value)
        if isinstance(value, timedelta):
            return at + value
        if isinstance(value, YearsMonths):
            return _months_later(at, value.months)
        raise Invalid("span.none", text=str(span))


def _months_later(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    for day in range(at.day, 27, -1):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return at.replace(year=year, month=month + 1)


def make_plan(
    workflow: Workflow,
    version: int,
    *,
    node: Callable[[str], Node[Any]],
    library: Library,
    calendars: Mapping[str, Calendar],
    pins: Mapping[str, str],
    zone: tzinfo,
    invoke: Invoke,
    configure: Configure,
) -> Plan:
    """The plan of ``workflow``, which has been checked; ``node`` finds a node type, ``calendars`` go by reference."""
    nodes: dict[str, NodePlan] = {}
    entry: dict[str, str] = {}
    _add_level("", {**{s.id: s for s in workflow.start}, **workflow.nodes}, workflow.edges, nodes, entry, node)
    titles = {i: _title(i, p.model) for i, p in nodes.items()}
    data = workflow.data
    return Plan(
        workflow=workflow.id,
        version=version,
        titles=titles,
        nodes=nodes,
        entry=entry,
        main=data.name or data.entity,
        key=parse(data.key) if data.key else None,
        priority=parse(workflow.priority) if workflow.priority else None,
        zone=zone,
        library=library,
        calendars=calendars,
        pins=pins,
        invoke=invoke,
        configure=configure,
        durability=workflow.durability,
    )


def _title(id: str, model: Any) -> Mapping[str, str]:
    words = getattr(model, "title", None)
    return {"zh": words.zh, "en": words.en} if words else {"zh": id, "en": id}


def _add_level(
    level: str,
    members: Mapping[str, Any],
    edges: tuple[EdgeModel, ...],
    nodes: dict[str, NodePlan],
    entry: dict[str, str],
    node: Callable[[str], Node[Any]],
) -> None:
    leaving: dict[str, list[EdgePlan]] = defaultdict(list)
    arriving: dict[str, dict[str, int]] = defaultdict(dict)
    incoming: dict[str, set[int]] = defaultdict(set)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(members)
    for index, edge in enumerate(edges):
        when = parse(edge.when) if edge.when else None
        leaving[edge.source].append(EdgePlan(index, edge.source, edge.target, when, edge.otherwise))
        arriving[edge.target].setdefault(edge.source, index)
        incoming[edge.target].add(index)
        graph.add_edge(edge.source, edge.target)
    for id, model in members.items():
        for target in routes_of(model):
            graph.add_edge(id, target)
    for id, model in members.items():
        nodes[id] = NodePlan(
            id=id,
            model=model,
            level=level,
            edges=tuple(leaving[id]),
            incoming=frozenset(incoming[id]),
            entries=arriving[id],
            activity=_activity(model, node) if isinstance(model, Activity) else None,
            reach=_reach(graph, id, members, incoming[id], edges, arriving[id]) if isinstance(model, Join) else {},
            parts=_parts(model),
            programs=_programs(model),
            guarded=isinstance(model, Interruptible) and bool(model.events or model.lock),
            undo=getattr(model, "undo", None),
        )
    if level:
        entry[level] = next(id for id in members if not incoming[id] and not _routed_to(id, members))
    for id, model in members.items():
        if isinstance(model, ForEach | Scope):
            _add_level(id, model.nodes, model.edges, nodes, entry, node)


def _reach(
    graph: nx.DiGraph[str],
    join: str,
    members: Mapping[str, Any],
    incoming: Iterable[int],
    edges: Sequence[EdgeModel],
    entries: Mapping[str, int],
) -> Reach:
    ways = [(index, edges[index].source) for index in incoming]
    ways += [(entries.get(id, -1), id) for id in members if _routes_to(members[id], join)]
    return reach(graph, join, ways)


def _routes_to(member: Any, id: str) -> bool:
    return id in routes_of(member)


def _routed_to(id: str, members: Mapping[str, Any]) -> bool:
    """Whether something other than an edge leads to ``id``: an error, an event, or what takes a step back."""
    return any(_routes_to(m, id) or getattr(m, "undo", None) == id for m in members.values())


def _activity(model: Activity, node: Callable[[str], Node[Any]]) -> ActivityPlan:
    found = node(model.type)
    config = compiled(model.config, template_paths(found.Config))
    duration = parse_duration(model.timeout) if model.timeout else None
    return ActivityPlan(
        node=found,
        config=config,
        fixed=found.Config.model_validate(config.constant()) if config.is_constant else None,
        each=parse(model.each) if model.each else None,
        business_key=parse(model.idempotency.feel) if model.idempotency else None,
        timeout_s=duration.total_seconds() if isinstance(duration, timedelta) else None,
    )


_FEEL_PARTS = ("over", "complete_when", "collect", "until", "dedupe", "when")


def _parts(model: Any) -> Mapping[str, Expression]:
    parts = {name: parse(text) for name in _FEEL_PARTS if (text := _own(model, name))}
    for name, trigger in _triggers(model):
        parts |= {f"{name}.{part}": parse(text) for part in ("until", "when") if (text := getattr(trigger, part))}
    for text in _own(model, "show") or ():
        parts[f"show.{text}"] = parse(text)
    return parts


def _programs(model: Any) -> Mapping[str, Program]:
    programs: dict[str, Program] = {}
    if (key := _own(model, "key")) is not None:
        programs["key"] = compiled(_raw(key))
    for name, trigger in _triggers(model):
        if trigger.key is not None:
            programs[f"{name}.key"] = compiled(_raw(trigger.key))
    if lock := _own(model, "lock"):
        programs["lock"] = compiled(_raw(lock.name))
    if (opened := _own(model, "open")) and opened.key is not None:
        programs["open.key"] = compiled(_raw(opened.key))
    if variables := _own(model, "vars"):
        programs["vars"] = compiled({k: _raw(v) for k, v in variables.items()})
    if (data := _own(model, "data")) and isinstance(data, Mapping):
        programs["data"] = compiled({k: _raw(v) for k, v in data.items()})
    return programs


def _triggers(model: Any) -> Iterator[tuple[str, Trigger]]:
    """Every named trigger of a node with its place."""
    for part in ("any", "events"):
        for name, trigger in (_own(model, part) or {}).items():
            yield f"{part}.{name}", trigger


def _own(model: Any, name: str) -> Any:
    """A setting that the node's kind declares; an activity's further settings belong to its plug-in."""
    return getattr(model, name, None) if name in type(model).model_fields else None


def _raw(value: Any) -> Any:
    return value.model_dump(by_alias=True) if isinstance(value, BaseModel) else value
