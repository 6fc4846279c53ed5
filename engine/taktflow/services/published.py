"""What is published, ready to use: definitions in memory, plans and opened connections by version."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from taktflow.catalog import Catalog
from taktflow.definitions.kinds import Connection, Entity, Form
from taktflow.definitions.workflow import Workflow
from taktflow.errors import Invalid, NotFound
from taktflow.runtime.plan import Plan
from taktflow.sdk import Channel, Connector
from taktflow.services.plans import pins_of, plan_for, plan_id
from taktflow.services.secrets import Secrets
from taktflow.services.shelf import StoredShelf, found
from taktflow.store import PlanRow, Store
from taktflow.values import dumps, loads

_PLANS_KEPT = 512


class Published:
    """The published definitions. Safe for all threads: what is read is exchanged as a whole, never changed."""

    def __init__(self, store: Store, catalog: Catalog, secrets: Secrets, zone: str) -> None:
        self._store = store
        self._catalog = catalog
        self._secrets = secrets
        self.zone = ZoneInfo(zone)
        self._lock = threading.Lock()
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._started: dict[str, str] = {}
        self._connectors: dict[tuple[str, int], Connector[Any, Any, Any]] = {}
        self._channels: dict[tuple[str, int], Channel[Any]] = {}
        self._stamp = store.definitions.stamp()
        self.shelf = StoredShelf(store)

    def refresh(self) -> None:
        """Reads anew what is in force; what instances have pinned stays as it was."""
        self.shelf.refresh()
        self._started = {}

    def refresh_if_changed(self) -> None:
        """The same when another process has published since."""
        stamp = self._store.definitions.stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            self.refresh()

    def workflow(self, ref: str) -> tuple[int, Workflow]:
        """The workflow ``ref`` in force, or at the version it names; raises NotFound."""
        version, definition = found(self.shelf, "workflow", ref)
        if not isinstance(definition, Workflow):
            raise NotFound("definition.unknown", kind="workflow", ref=ref)
        return version, definition

    def entity(self, ref: str) -> Entity:
        """The entity in force; raises NotFound."""
        _, definition = found(self.shelf, "entity", ref)
        if not isinstance(definition, Entity):
            raise NotFound("definition.unknown", kind="entity", ref=ref)
        return definition

    def entities(self) -> Mapping[str, Entity]:
        """Every entity in force, by id."""
        return {i: d for i, (_, d) in self.shelf.listed("entity").items() if isinstance(d, Entity)}

    def form(self, ref: str) -> Form:
        """The form ``ref``; raises NotFound."""
        _, definition = found(self.shelf, "form", ref)
        if not isinstance(definition, Form):
            raise NotFound("definition.unknown", kind="form", ref=ref)
        return definition

    def plan_to_start(self, ref: str) -> tuple[str, Plan]:
        """The plan of an instance started now, and its stored id; pins are taken at this moment."""
        known = self._started.get(ref)
        if known is None:
            version, workflow = self.workflow(ref)
            pins = pins_of(self.shelf, self._catalog, workflow)
            known = plan_id(workflow.id, version, pins)
            self._store.definitions.keep_plan(PlanRow(known, workflow.id, version, dumps(pins)))
            self._started[ref] = known
        return known, self.plan(known)

    def plan(self, id: str) -> Plan:
        """The plan that an instance runs by; raises NotFound."""
        with self._lock:
            plan = self._plans.get(id)
            if plan is not None:
                self._plans.move_to_end(id)
                return plan
        row = self._store.definitions.plan(id)
        if row is None:
            raise NotFound("definition.unknown", kind="plan", ref=id)
        made = plan_for(self.shelf, self._catalog, row.workflow, row.version, loads(row.pins), self.zone)
        with self._lock:
            self._plans[id] = made
            while len(self._plans) > _PLANS_KEPT:
                self._plans.popitem(last=False)
        return made

    def connection(self, ref: str) -> tuple[int, Connection]:
        """The connection in force; raises NotFound."""
        version, definition = found(self.shelf, "connection", ref)
        if not isinstance(definition, Connection):
            raise NotFound("connection.unknown", id=ref)
        return version, definition

    def connector(self, ref: str) -> tuple[Connector[Any, Any, Any], Connection]:
        """The opened connector of the connection ``ref``; raises NotFound, or Invalid for an unusable config."""
        version, connection = self.connection(ref)
        if connection.connector is None:
            raise Invalid("connection.config", id=ref, problem="it is a channel")
        made = self._connectors.get((ref, version))
        if made is None:
            kind = self._catalog.connector(connection.connector)
            made = kind(self.filled(ref, kind.Config, connection.config))
            with self._lock:
                # Two threads may open it at once: one of the two is kept, the other holds nothing yet.
                made = self._connectors.setdefault((ref, version), made)
        return made, connection

    def channel(self, ref: str) -> Channel[Any]:
        """The channel of the connection ``ref``; same errors."""
        version, connection = self.connection(ref)
        if connection.channel is None:
            raise NotFound("connection.unknown", id=ref)
        made = self._channels.get((ref, version))
        if made is None:
            kind = self._catalog.channel(connection.channel)
            made = self._channels.setdefault((ref, version), kind(self.filled(ref, kind.Config, connection.config)))
        return made

    def filled(self, ref: str, model: type[Any], config: Mapping[str, Any]) -> Any:
        """``config`` of the connection ``ref`` with its secrets, as the plug-in's model; raises Invalid."""
        try:
            return model.model_validate(self._secrets.filled(config))
        except ValidationError as wrong:
            first = wrong.errors(include_url=False, include_input=False)[0]
            problem = ".".join(str(p) for p in first["loc"]) + ": " + first["msg"]
            raise Invalid("connection.config", id=ref, problem=problem) from wrong

    def close(self) -> None:
        """Lets go of every opened connector."""
        for connector in self._connectors.values():
            connector.close()
