"""Whatever breaks between a process and its store, and in whatever order: nothing is lost and nothing counts twice.

A few hundred schedules by default; as many as ``TAKTFLOW_TEST_SCHEDULES`` says, on every core, otherwise.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest

from taktflow.store import Commit, NewInstance, StoreFailed
from tests.builders import NOON
from tests.unit.runtime.memory import MemoryStore
from tests.unit.runtime.schedules import Schedule, checked, planned, random_block, tried

ASKED = int(os.environ.get("TAKTFLOW_TEST_SCHEDULES", "40"))
EACH = 20
"""Schedules a workflow."""
FEW = 60


def counted(found: Counter[str]) -> str:
    return " ".join(f"{name.replace(' ', '_')}={n}" for name, n in sorted(found.items()))


@pytest.mark.mission("E2")
def test_no_order_of_faults_loses_or_doubles_anything() -> None:
    found: Counter[str] = Counter()
    for seed in range(FEW):
        found.update(tried(seed, 2))

    assert found["schedules"] == 2 * FEW
    assert min(found[fault] for fault in ("fail", "lost", "die before", "die after", "meanwhile", "again")) > 10


@pytest.mark.mission("E2")
@pytest.mark.timeout(60 + ASKED // 10)
def test_nor_does_it_in_very_many_schedules() -> None:
    found: Counter[str] = Counter()
    with ProcessPoolExecutor() as pool:
        for one in pool.map(partial(tried, schedules=EACH), range(-(-ASKED // EACH)), chunksize=10):
            found.update(one)

    print(f"\n{counted(found)}")
    assert found["schedules"] >= ASKED


def test_a_schedule_is_the_same_whenever_its_seed_is() -> None:
    plan = planned(random_block(random.Random(3), races=True))

    one = checked(first := Schedule(plan, 7))
    other = checked(second := Schedule(plan, 7))

    assert one == other
    assert first.store.journal == second.store.journal


def test_the_store_in_memory_keeps_nothing_of_what_fails_and_all_of_what_nobody_heard() -> None:
    faults = iter(("fail", "lost"))
    store = MemoryStore(lambda: next(faults), lambda: None)  # type: ignore[arg-type]  # They are faults.
    commits = [Commit(NOON, NewInstance(id, "p", "w", 1, "", "{}", NOON, "ann"), "[]") for id in ("i1", "i2")]

    outcomes = [store.commit(commit).exception() for commit in commits]

    assert [type(o) for o in outcomes] == [StoreFailed, StoreFailed]
    assert list(store.loaded) == ["i2"]
