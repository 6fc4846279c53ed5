"""Commits that were kept though nobody heard so, and words that come in another order than they were said."""

from __future__ import annotations

import time
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest

from taktflow.runtime.effects import Perform
from taktflow.services.incidents import cancel_instance
from taktflow.services.signals import deliver
from taktflow.store import AlreadyTaken, Commit, CommitResult, EffectOutcome, StoreFailed
from tests.builders import a_workflow
from tests.scenario.databases import another_world, postgres_server, postgres_template, sqlite_template, world
from tests.scenario.world import ANN, Life, World, begin, effects, instances, publish, row

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]


class Unheard:
    """Keeps one commit that takes an effect, then says that the connection broke."""

    def __init__(self, life: Life) -> None:
        self._commit = life.store.commit
        self.times = 0

    def __call__(self, commit: Commit) -> Future[CommitResult]:
        """The store's own commit, unheard the first time."""
        done = self._commit(commit)
        if self.times or not any(isinstance(effect, Perform) for effect in commit.effects):
            return done
        self.times += 1
        done.result()
        broken: Future[Any] = Future()
        broken.set_exception(StoreFailed("the connection broke", unknown=True))
        return broken


def test_an_effect_taken_by_a_commit_that_nobody_heard_of_is_performed_all_the_same(world: World) -> None:
    life = world.born().work()
    publish(life.engine, a_workflow().step("tell", "test.tell", value=7, out="told").step("fin", "end"))
    life.store.commit = unheard = Unheard(life)  # type: ignore[method-assign]  # A connection that breaks.

    with pytest.raises(StoreFailed):
        begin(life, start_key="once")
    done = begin(life, start_key="once")
    # Two sweeps: what is a stray for the first time may have been taken just now.
    until = time.monotonic() + 15
    while row(life, done.id).status != "ended":
        assert time.monotonic() < until, f"nobody performs it: {effects(life, done.id)}"
        world.jump(timedelta(seconds=6), life)
        time.sleep(0.2)

    assert unheard.times == 1
    assert len(world.outside.applied) == 1


def test_a_child_that_is_not_wanted_any_more_before_it_began_never_begins(world: World) -> None:
    life = world.born()
    child = a_workflow("child").step("tell", "test.tell", value=1)
    publish(life.engine, child, a_workflow().step("sub", "call", ref="child"))
    done = begin(life)
    (starting,) = life.engine.store.pending_signals(10)

    cancel_instance(life.engine, done.id, ANN, "no more")
    left = life.engine.store.pending_signals(10)
    deliver(life.engine, starting)

    assert starting.kind == "start_child"
    assert left == []
    assert instances(life, "child") == []


def test_an_attempt_that_was_taken_for_lost_does_not_end_the_one_after_it(world: World) -> None:
    life = world.born()
    publish(life.engine, a_workflow().step("tell", "test.tell", value=7))
    begin(life)
    store, now, epoch = life.engine.store, world.now(), life.engine.epoch
    (claimed,) = store.claim_effects(1, now, epoch)
    store.write(lambda tx: tx.run("UPDATE effect SET attempts = 2")).result()

    outcome = EffectOutcome(claimed.perform.key, "failed", None, epoch, claimed.perform.attempt)
    late = store.commit(Commit(at=now, finished=outcome)).exception()
    outcome = EffectOutcome(claimed.perform.key, "done", None, epoch, 2)
    in_time = store.commit(Commit(at=now, finished=outcome)).exception()

    assert isinstance(late, AlreadyTaken)
    assert in_time is None
