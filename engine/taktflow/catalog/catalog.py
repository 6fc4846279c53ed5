"""The catalog: node types, connectors and channels by kind, each loaded when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import RLock
from typing import Any, Generic, TypeVar

from taktflow.catalog.announced import CHANNELS, CONNECTORS, NODES, Announced, Group, order
from taktflow.catalog.described import (
    ChannelType,
    ConnectorType,
    Installed,
    NodeType,
    Unfit,
    describe_channel,
    describe_connector,
    describe_node,
)
from taktflow.errors import NotFound
from taktflow.sdk import Channel, Connector, Node

T = TypeVar("T", NodeType, ConnectorType, ChannelType)


class _Shelf(Generic[T]):
    """The plug-ins of one group; a broken one stays on it with its reason."""

    def __init__(self, group: Group, describe: Any, entries: Iterable[Announced]) -> None:
        self.group = group
        self._describe = describe
        self._lock = RLock()
        self._known: dict[str, T] = {}
        self._first: dict[str, Announced] = {}
        self._reasons: dict[tuple[str, str], str] = {}
        self.entries = sorted((e for e in entries if e.group == group), key=order)
        for entry in self.entries:
            taken = self._first.setdefault(entry.kind, entry)
            if taken is not entry:
                self._reasons[entry.kind, entry.distribution] = f"{taken.distribution or 'another'} brings it already"

    def find(self, kind: str) -> T | None:
        """The plug-in, or ``None`` when none is announced or the announced one is broken."""
        with self._lock:
            if kind in self._known:
                return self._known[kind]
            entry = self._first.get(kind)
            if entry is None or (kind, entry.distribution) in self._reasons:
                return None
            return self._load(entry)

    def kinds(self) -> list[str]:
        return sorted(self._first)

    def reason(self, entry: Announced) -> str:
        """Why ``entry`` cannot be used; empty when it can or was not tried."""
        return self._reasons.get((entry.kind, entry.distribution), "")

    def _load(self, entry: Announced) -> T | None:
        try:
            known: T = self._describe(entry.kind, entry.load())
        except Unfit as unfit:
            self._reasons[entry.kind, entry.distribution] = str(unfit)
        except (Exception, SystemExit) as broken:  # noqa: BLE001 - the wall to foreign code: it may raise anything.
            self._reasons[entry.kind, entry.distribution] = f"{type(broken).__name__}: {broken}"
        else:
            self._known[entry.kind] = known
            return known
        return None


class Catalog:
    """Everything installed. Reading the listing loads all; asking for one kind loads that one."""

    def __init__(self, entries: Iterable[Announced]) -> None:
        entries = list(entries)
        self._nodes: _Shelf[NodeType] = _Shelf(NODES, describe_node, entries)
        self._connectors: _Shelf[ConnectorType] = _Shelf(CONNECTORS, describe_connector, entries)
        self._channels: _Shelf[ChannelType] = _Shelf(CHANNELS, describe_channel, entries)

    @classmethod
    def of(
        cls,
        nodes: Sequence[type[Node[Any]]] = (),
        connectors: Sequence[type[Connector[Any, Any, Any]]] = (),
        channels: Sequence[type[Channel[Any]]] = (),
    ) -> Catalog:
        """A catalog of these classes and nothing installed, for tests."""
        groups: list[tuple[Group, Sequence[Any]]] = [(NODES, nodes), (CONNECTORS, connectors), (CHANNELS, channels)]
        return cls(
            Announced(group, part.kind, _giving(part), part.__qualname__, part.__module__)
            for group, parts in groups
            for part in parts
        )

    def node(self, kind: str) -> Node[Any]:
        """The one handler of ``kind``, shared by all threads; raises NotFound naming what is installed."""
        return self.node_type(kind).handler

    def node_type(self, kind: str) -> NodeType:
        """The handler with everything known about it; same error as :meth:`node`."""
        return _found(self._nodes, kind)

    def connector(self, kind: str) -> type[Connector[Any, Any, Any]]:
        """The connector class of ``kind``; raises NotFound."""
        return _found(self._connectors, kind).made_by

    def channel(self, kind: str) -> type[Channel[Any]]:
        """The channel class of ``kind``; raises NotFound."""
        return _found(self._channels, kind).made_by

    def find_node(self, kind: str) -> NodeType | None:
        """What is known of a node type; ``None`` for a missing or broken one, for which findings speak."""
        return self._nodes.find(kind)

    def find_connector(self, kind: str) -> ConnectorType | None:
        """Same for a connector."""
        return self._connectors.find(kind)

    def find_channel(self, kind: str) -> ChannelType | None:
        """Same for a channel."""
        return self._channels.find(kind)

    def node_kinds(self) -> list[str]:
        """The announced node types, broken ones included, sorted."""
        return self._nodes.kinds()

    def listing(self) -> list[Installed]:
        """Every announced plug-in with its state, by group and kind; loads all of them."""
        found = [
            _installed(shelf, entry)
            for shelf in (self._nodes, self._connectors, self._channels)
            for entry in shelf.entries
        ]
        return sorted(found, key=lambda i: (i.group, i.kind, i.distribution))


def _giving(part: Any) -> Callable[[], Any]:
    return lambda: part


def _found(shelf: _Shelf[T], kind: str) -> T:
    known = shelf.find(kind)
    if known is not None:
        return known
    broken = next((shelf.reason(e) for e in shelf.entries if e.kind == kind), "")
    family = shelf.group.rpartition(".")[2]
    if broken:
        raise NotFound(f"catalog.{family}.broken", kind=kind, reason=broken)
    raise NotFound(f"catalog.{family}.unknown", kind=kind, installed=", ".join(shelf.kinds()) or "-")


def _installed(shelf: _Shelf[Any], entry: Announced) -> Installed:
    known = shelf.find(entry.kind)
    reason = shelf.reason(entry)
    return Installed(
        group=entry.group,
        kind=entry.kind,
        distribution=entry.distribution,
        version=entry.version,
        target=entry.target,
        title=known.title if known and not reason else None,
        note=known.note if known and not reason else None,
        idempotency=known.idempotency if isinstance(known, NodeType) and not reason else None,
        error=reason,
    )
