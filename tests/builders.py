"""Builders for tests: ``a_workflow().step("set", ...)`` makes a small definition, ``a_plan`` makes it ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from taktflow.catalog import Catalog
from taktflow.definitions.kinds import Calendar
from taktflow.definitions.workflow import Workflow
from taktflow.runtime.plan import Plan, make_plan
from taktflow.sdk import Idempotency, Library, Node, NodeConfig, NodeContext, NodeError, Result, Text
from taktflow.sdk.testing import MemoryLibrary
from taktflow.services.foreign import configured, invoked
from taktflow.values import Value

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""A Monday, noon in Shanghai."""
ZONE = ZoneInfo("Asia/Shanghai")


class SetConfig(NodeConfig):
    """The value to give."""

    value: Annotated[Any, Field(description="Given back as it is.")] = None
    fail: Annotated[str | None, Field(description="The error code to fail with.")] = None


class SetValue(Node[SetConfig]):
    """Gives back its value: the smallest pure node."""

    kind = "test.set"
    title = Text("赋值", "Set")
    idempotency = "pure"
    Config = SetConfig

    def run(self, config: SetConfig, context: NodeContext) -> Result:
        """The configured value, or the configured failure."""
        if config.fail:
            raise NodeError(config.fail, config.fail)
        return Result(value=config.value)


class Send(Node[SetConfig]):
    """An effect that can be sent again."""

    kind = "test.send"
    title = Text("发送", "Send")
    idempotency: ClassVar[Idempotency] = "key"
    Config = SetConfig

    def run(self, config: SetConfig, context: NodeContext) -> Result:
        """The configured value, or the configured failure."""
        if config.fail:
            raise NodeError(config.fail, config.fail)
        return Result(value=config.value)


class SendOnce(Send):
    """An effect that must never be sent twice."""

    kind = "test.send_once"
    idempotency: ClassVar[Idempotency] = "none"


CATALOG = Catalog.of(nodes=[SetValue, Send, SendOnce])


class a_workflow:  # noqa: N801  # Reads as a phrase where it is used.
    """A workflow under construction; each call adds to it and gives it back."""

    def __init__(self, id: str = "flow") -> None:
        self.document: dict[str, Any] = {
            "kind": "workflow",
            "id": id,
            "title": {"zh": id, "en": id},
            "start": [{"id": "begin", "type": "manual"}],
            "nodes": {},
            "edges": [],
        }
        self._last = "begin"

    def node(self, id: str, type: str, /, **settings: Any) -> a_workflow:
        """A node that no edge leads to yet."""
        self.document["nodes"][id] = {"type": type, **{k.rstrip("_"): v for k, v in settings.items()}}
        return self

    def step(self, id: str, type: str, /, **settings: Any) -> a_workflow:
        """A node behind the last step."""
        self.node(id, type, **settings)
        self.document["edges"].append([self._last, id])
        self._last = id
        return self

    def edge(self, source: str, target: str, when: str | None = None, *, otherwise: bool = False) -> a_workflow:
        """An edge, with its condition."""
        edge: dict[str, Any] = {"from": source, "to": target}
        if when is not None:
            edge["when"] = when
        if otherwise:
            edge["else"] = True
        self.document["edges"].append(edge)
        return self

    def with_(self, **parts: Any) -> a_workflow:
        """Further parts of the document."""
        self.document.update(parts)
        return self

    def build(self) -> Workflow:
        """The definition."""
        return Workflow.model_validate(self.document)


def a_plan(
    workflow: a_workflow | Workflow,
    *,
    catalog: Catalog = CATALOG,
    library: Library | None = None,
    calendars: Mapping[str, Calendar] | None = None,
    pins: Mapping[str, str] | None = None,
) -> Plan:
    """The plan of ``workflow``, version 1."""
    built = workflow.build() if isinstance(workflow, a_workflow) else workflow
    return make_plan(
        built,
        1,
        node=catalog.node,
        library=library or MemoryLibrary(),
        calendars=calendars or {},
        pins=pins or {},
        zone=ZONE,
        invoke=invoked,
        configure=configured,
    )


def feel(text: str) -> Mapping[str, Value]:
    """``{$: text}``."""
    return {"$": text}
