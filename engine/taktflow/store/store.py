"""The store's front: the state path here, the screens' lists in rooms by noun."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import TypeVar

from taktflow.errors import Invalid
from taktflow.store.address import Address, parse_address
from taktflow.store.apply import claims
from taktflow.store.apply.inbound import Received, receive
from taktflow.store.apply.messages import Posted, expire, post
from taktflow.store.apply.whole import apply_commit, weight
from taktflow.store.backends import Presence, keep_months, presence, reader, writer_connection
from taktflow.store.commit import Commit, CommitResult, NewInbound, NewMessage
from taktflow.store.due import Due
from taktflow.store.lists.alerts import Alerts
from taktflow.store.lists.audits import Audits
from taktflow.store.lists.definitions import Definitions
from taktflow.store.lists.figures import Figures
from taktflow.store.lists.inbounds import Inbounds
from taktflow.store.lists.incidents import Incidents
from taktflow.store.lists.instances import Instances
from taktflow.store.lists.jobs import Jobs
from taktflow.store.lists.locks import Locks
from taktflow.store.lists.paging import Asking
from taktflow.store.lists.people import People
from taktflow.store.lists.records import Records
from taktflow.store.lists.schedules import Schedules
from taktflow.store.lists.tasks import Tasks
from taktflow.store.migrate import check_revision, migrate, newest_revision
from taktflow.store.moments import micros
from taktflow.store.readers import Readers
from taktflow.store.retention import Retention
from taktflow.store.rows import ClaimedEffect, InboundRow, LoadedInstance, Notice, SignalRow, TimerRow
from taktflow.store.runs import Lost, lost_runs
from taktflow.store.search import RecordSearch
from taktflow.store.tally import Spread
from taktflow.store.transaction import Transaction
from taktflow.store.writer import Change, Writer

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Store:
    """All that is kept, behind one writer. Open it with :meth:`open`; it may be used from any thread.

    What changes rows gives a future that is done once the change is on the disk. Never wait for one inside a listener:
    listeners run in the writer's thread.
    """

    def __init__(self, address: Address, queue_limit: int) -> None:
        self.address = address
        self._listeners: list[Callable[[Sequence[Notice]], None]] = []
        self._readers = Readers(lambda: reader(address))
        self._due = Due(self._readers)
        self._writer = Writer(lambda: writer_connection(address), queue_limit, self._announce)
        self._asking = Asking(address)
        self.search = RecordSearch(self._readers)
        self.instances = Instances(self._asking, self._writer)
        self.tasks = Tasks(self._asking, self._writer)
        self.incidents = Incidents(self._asking, self._writer)
        self.jobs = Jobs(self._asking, self.write)
        self.locks = Locks(self._asking, self._writer)
        self.schedules = Schedules(self._asking, self._writer)
        self.records = Records(self._asking, self._writer)
        self.alerts = Alerts(self._asking, self._writer)
        self.audits = Audits(self._asking, self._writer)
        self.inbounds = Inbounds(self._asking, self._writer)
        self.definitions = Definitions(self._asking, self._writer)
        self.people = People(self._asking, self._writer)
        self.figures = Figures(self._asking, self._writer)
        self.retention = Retention(address, self._readers, self.write)

    @classmethod
    def open(cls, url: str, queue_limit: int = 2_000) -> Store:
        """The store at ``url``; Invalid when it is not at the newest revision (see :func:`taktflow.store.migrate`)."""
        check_revision(url)
        return cls(parse_address(url), queue_limit)

    @classmethod
    def migrated(cls, url: str, queue_limit: int = 2_000) -> Store:
        """The store at ``url``, brought to the newest revision first."""
        migrate(url)
        return cls(parse_address(url), queue_limit)

    def close(self) -> None:
        """Writes what still waits, then lets the database go."""
        self._writer.close()
        self._readers.close()
        self._asking.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Changes

    def commit(self, commit: Commit) -> Future[CommitResult]:
        """Keeps everything ``commit`` holds, or nothing.

        The future fails with StaleInstance, AlreadyStarted, AlreadyTaken, RecordExists, StaleRecord, DuplicateValue,
        NotFound (a record to update) or StoreFailed; StoreBusy is raised at once when too many changes wait.
        """
        return self._writer.submit(lambda tx: apply_commit(tx, commit), weight(commit), relaxed=commit.relaxed)

    def post_message(self, message: NewMessage) -> Future[Posted]:
        """Gives the message to one instance that waits for it, or keeps it until it expires."""

        def change(tx: Transaction) -> tuple[Posted, Notice | None]:
            posted = post(tx, message)
            return posted, _work("signals") if posted == "delivered" else None

        return self._writer.submit(change, 400)

    def receive(self, event: NewInbound) -> Future[Received]:
        """Keeps a raw event once."""

        def change(tx: Transaction) -> tuple[Received, Notice | None]:
            received = receive(tx, event)
            return received, _work("inbound") if received.fresh else None

        return self._writer.submit(change, 400 + len(event.body))

    def settle_inbound(
        self, id: int, status: str, *, error: str | None = None, next_at: datetime | None = None
    ) -> Future[None]:
        """Sets a raw event aside (``failed`` or ``ignored``), or lets it wait again (``pending``) until ``next_at``.

        ``done`` is written by the commit that consumes it.
        """
        sql = """UPDATE inbound SET status = ?, error = ?, attempts = attempts + ?, next_at = coalesce(?, next_at)
         WHERE id = ?"""
        at = None if next_at is None else micros(next_at)
        params = (status, error, int(error is not None), at, id)
        return self.write(lambda tx: tx.run(sql, params), "inbound")

    def expire_messages(self, now: datetime) -> Future[int]:
        """Gives up waiting messages whose time is over; tells how many."""
        return self.write(lambda tx: expire(tx, now))

    def write(self, act: Callable[[Transaction], T], work: str = "") -> Future[T]:
        """Runs ``act`` in the writer; ``work`` names a kind of work it makes. It may be run again after a rollback."""

        def change(tx: Transaction) -> tuple[T, Notice | None]:
            return act(tx), _work(work) if work else None

        return self.submit(change)

    def submit(self, change: Change[T]) -> Future[T]:
        """Runs ``change`` in the writer."""
        return self._writer.submit(change)

    # Executors

    def boot(self, executor: str, now: datetime) -> int:
        """A new epoch for this run of ``executor``."""
        return self.write(lambda tx: claims.boot(tx, executor, now)).result()

    def check_revision(self) -> None:
        """Invalid when the database is no longer at the revision it was opened at; never waits for a writer."""
        ((found,),) = self._readers.rows("SELECT version_num FROM alembic_version")
        if found != newest_revision():
            raise Invalid("store.unmigrated", found=found, needed=newest_revision())

    def prove_writable(self, epoch: int) -> Future[int]:
        """Renews the lease of ``epoch``, which only a database that takes changes lets through."""
        sql = "UPDATE executor SET heartbeat_at = {clock} WHERE epoch = ?"
        return self.write(lambda tx: tx.count(sql.format(clock=tx.clock), (epoch,)))

    def lost_runs(self, epoch: int, silence: timedelta) -> Lost:
        """Runs other than ``epoch`` that hold effects and seem dead."""
        return lost_runs(self._readers, epoch, silence, shared=self.address.path is None)

    def presence(self, epoch: int, bereaved: Callable[[], None]) -> Presence | None:
        """What shows others on a server that the run ``epoch`` lives, once started; None for a file of one process.

        ``bereaved`` is called, in a thread of its own, soon after another run's process has died.
        """
        return presence(self.address, epoch, bereaved)

    def claim_effects(self, limit: int, now: datetime, epoch: int) -> list[ClaimedEffect]:
        """Takes up to ``limit`` effects that are due; nobody else gets them."""
        return self.write(lambda tx: claims.claim(tx, limit, now, epoch)).result()

    def release_effects(self, keys: Sequence[str], now: datetime, epoch: int) -> int:
        """Gives back claimed effects that were not begun; tells how many."""
        return self.write(lambda tx: claims.release(tx, keys, epoch, now), "effects").result()

    def holds_effect(self, key: str, epoch: int) -> bool:
        """Whether ``epoch`` still holds the effect it took."""
        sql = "SELECT 1 FROM effect WHERE key = ? AND epoch = ? AND status = 'running'"
        return bool(self._readers.rows(sql, (key, epoch)))

    def held_effects(self, epoch: int) -> list[str]:
        """What ``epoch`` has taken and not told the outcome of, but for what must never be sent twice."""
        sql = "SELECT key FROM effect WHERE status = 'running' AND epoch = ? AND idempotency <> 'none'"
        return [str(key) for (key,) in self._readers.rows(sql, (epoch,))]

    def requeue_orphans(
        self, epoch: int, now: datetime, dead: Sequence[int] | None = None
    ) -> tuple[int, list[ClaimedEffect]]:
        """Frees what ``dead`` runs held: how many are pending again, and those that a person must decide.

        The latter (idempotency ``none``) are now held by ``epoch`` and come back at every boot until an EffectOutcome
        settles them. For None every run but ``epoch`` is dead.
        """
        return self.write(lambda tx: claims.requeue(tx, epoch, now, dead), "effects").result()

    def keep_months(self, now: datetime) -> tuple[Sequence[str], Sequence[str]]:
        """Makes the journal's coming months and drops those that nothing needs; which. A file has one journal."""
        return keep_months(self.address, now)

    # What is due

    def load_instance(self, id: str) -> LoadedInstance:
        """What deciding needs of an instance; NotFound when there is none."""
        return self._due.instance(id)

    def due_timers(self, now: datetime, limit: int) -> list[TimerRow]:
        """Timers whose moment has come; a commit that consumes one takes it."""
        return self._due.timers(now, limit)

    def anything_waits(self, now: datetime) -> bool:
        """Whether any timer, signal, raw event, effect or instance is due."""
        return self._due.anything(now)

    def next_due(self) -> datetime | None:
        """When the next timer, effect or raw event is due."""
        return self._due.next_moment()

    def pending_signals(self, limit: int, after: int = 0) -> list[SignalRow]:
        """What instances are to be told, oldest first, from ids beyond ``after``."""
        return self._due.signals(limit, after)

    def pending_inbound(self, now: datetime, limit: int) -> list[InboundRow]:
        """Raw events to be taken in."""
        return self._due.inbound(now, limit)

    def inbound_event(self, id: int) -> InboundRow | None:
        """One raw event, whatever its status."""
        return self._due.inbound_event(id)

    def ready_instances(self, limit: int) -> list[str]:
        """Instances that must go on by themselves (Continue)."""
        return self._due.runnable(limit)

    @property
    def waiting(self) -> int:
        """How many changes wait for the writer."""
        return self._writer.waiting

    @property
    def batch_sizes(self) -> Mapping[str, Spread]:
        """Changes by batch this process has written, ``durable`` and ``relaxed`` ones apart."""
        return self._writer.sizes.spreads()

    @property
    def batch_seconds(self) -> Mapping[str, Spread]:
        """Seconds by batch, likewise."""
        return self._writer.seconds.spreads()

    # Listeners

    def listen(self, listener: Callable[[Sequence[Notice]], None]) -> Callable[[], None]:
        """Calls ``listener`` in the writer's thread after each group of changes; the result ends that.

        It must be quick and must not wait for the store.
        """
        self._listeners = [*self._listeners, listener]

        def stop() -> None:
            self._listeners = [known for known in self._listeners if known is not listener]

        return stop

    def _announce(self, notices: Sequence[Notice]) -> None:
        for listener in self._listeners:
            try:
                listener(notices)
            except Exception:  # noqa: BLE001 - what a listener does must never stop the writer
                _log.exception("a listener failed")


def _work(kind: str) -> Notice:
    return replace(_NOTHING, work=frozenset((kind,)))


_NOTHING = Notice(None, 0, "", frozenset())
