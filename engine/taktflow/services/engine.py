"""Everything a door needs, made once a process."""

from __future__ import annotations

import os
import platform
import secrets as randomness
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from taktflow.catalog import Catalog, announced
from taktflow.services.published import Published
from taktflow.services.secrets import Secrets
from taktflow.services.tracing import NoTracing, Tracing, tracing_of
from taktflow.services.watching import Watch
from taktflow.settings import Settings
from taktflow.store import ClaimedEffect, Store

_STRIPES = 256


def new_id(now: datetime) -> str:
    """A UUIDv7 (RFC 9562) for ``now``: sorts by time, guessable by nobody."""
    stamp = int(now.timestamp() * 1000) & 0xFFFF_FFFF_FFFF
    value = (stamp << 80) | (0x7 << 76) | (randomness.randbits(12) << 64) | (0b10 << 62) | randomness.randbits(62)
    return str(uuid.UUID(int=value))


@dataclass(frozen=True, eq=False)
class Engine:
    """The parts of a running engine. ``take`` hands effects claimed by a commit to this process's executor."""

    store: Store
    catalog: Catalog
    settings: Settings
    published: Published
    secrets: Secrets
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    epoch: int = 0
    take: list[Callable[[Sequence[tuple[int, ClaimedEffect]]], None]] = field(default_factory=list)
    watch: Watch = field(default_factory=Watch)
    tracing: Tracing = field(default_factory=NoTracing)
    stripes: Sequence[threading.Lock] = field(default_factory=lambda: [threading.Lock() for _ in range(_STRIPES)])

    def new_id(self) -> str:
        """An id nobody has used."""
        return new_id(self.now())

    def stripe(self, instance: str) -> threading.Lock:
        """The lock under which this process decides for ``instance``.

        It only spares wasted work: what keeps two deciders apart is the revision in the commit.
        """
        return self.stripes[hash(instance) % _STRIPES]


def this_machine(part: str) -> str:
    """The name under which executor runs of ``part`` (server, worker) on this machine are kept, less their process."""
    return f"{part}:{platform.node()}:"


def open_engine(
    settings: Settings,
    *,
    catalog: Catalog | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    part: str = "server",
) -> Engine:
    """The engine on the database of ``settings``, migrated first."""
    tracing = tracing_of(settings)
    store = Store.migrated(settings.database_url, settings.queue_limit)
    catalog = catalog or Catalog(announced())
    secrets = Secrets(settings)
    published = Published(store, catalog, secrets, settings.timezone)
    epoch = store.boot(f"{this_machine(part)}{os.getpid()}", now())
    return Engine(store, catalog, settings, published, secrets, now, epoch, tracing=tracing)


def close_engine(engine: Engine) -> None:
    """Lets go of connections and the database; what is queued is written first."""
    engine.published.close()
    engine.store.close()
    engine.tracing.close()
