"""One commit, all its parts in one transaction."""

from __future__ import annotations

from taktflow.store.apply.alerts import note_audit, tell
from taktflow.store.apply.effects import Owner, finish, owe
from taktflow.store.apply.inbound import receive
from taktflow.store.apply.instances import keep_instance
from taktflow.store.apply.messages import post
from taktflow.store.apply.records import write_record
from taktflow.store.apply.schedules import take as take_moment
from taktflow.store.apply.signals import consume
from taktflow.store.commit import Commit, CommitResult
from taktflow.store.moments import micros
from taktflow.store.rows import Notice
from taktflow.store.transaction import Transaction


def apply_commit(tx: Transaction, commit: Commit) -> tuple[CommitResult, Notice | None]:
    """Writes ``commit``.

    The instance comes first, so that a stale one is refused before anything is written; what the decision takes comes
    before what it owes, so that an effect may set again a timer that fired.
    """
    instance = commit.instance
    owner = Owner(instance.id if instance else "", instance.workflow if instance else "", commit.at, commit.claim)
    rev, seq = keep_instance(tx, commit)
    consume(tx, commit.consumed, instance.id if instance else None)
    for fire in commit.consumed.schedules:
        take_moment(tx, fire, instance.id if instance else None, commit.at)
    if commit.finished is not None:
        finish(tx, commit.finished, commit.at)
    at = micros(commit.at)
    records = tuple((w.entity, w.id, write_record(tx, w, at)) for w in commit.writes)
    for effect in commit.effects:
        owe(tx, owner, effect)
    _tell_people(tx, commit, owner)
    _take_in(tx, commit, owner)
    if instance and instance.runnable and not commit.driven:
        owner.woken.add("runnable")
    woken = frozenset(owner.woken)
    result = CommitResult(rev, seq, records, tuple(owner.claimed), woken)
    notice = Notice(owner.instance or None, rev, instance.status if instance else "", woken, owner.workflow)
    return result, notice if instance or woken else None


def weight(commit: Commit) -> int:
    """About how many bytes ``commit`` writes."""
    state = len(commit.instance.state) if commit.instance else 0
    bodies = sum(len(e.body) for e in commit.inbound) + sum(len(w.fields) * 2 for w in commit.writes)
    return 200 + state + len(commit.journal or "") + 300 * len(commit.effects) + bodies


def _tell_people(tx: Transaction, commit: Commit, owner: Owner) -> None:
    for alert, node in commit.alerts:
        tell(tx, alert, owner.instance or None, node, commit.at)
        owner.woken.add("alerts")
    for entry in commit.audit:
        note_audit(tx, entry)


def _take_in(tx: Transaction, commit: Commit, owner: Owner) -> None:
    for event in commit.inbound:
        if receive(tx, event).fresh:
            owner.woken.add("inbound")
    for message in commit.messages:
        if post(tx, message) == "delivered":
            owner.woken.add("signals")
