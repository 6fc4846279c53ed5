"""Every workflow under workflows/, its process killed at any write: the end is the one it would have been.

A few writes of every case by default; every one of them, and on both databases, with ``TAKTFLOW_TEST_CRASHES=all``.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.scenario.crash_points import WORKFLOWS, Run, Stage, Where, difference, staged
from tests.scenario.databases import copied, postgres_server, postgres_template, sqlite_template
from tools.history.reading import read_history

__all__ = ["postgres_server", "postgres_template", "sqlite_template"]

EVERY = os.environ.get("TAKTFLOW_TEST_CRASHES") == "all"
PACKS = sorted(file.parent.name for file in WORKFLOWS.glob("*/pack.yaml"))
STRIDE = {"sqlite": 1 if EVERY else 12, "postgresql": 4}
"""Every how many-th case is played besides each workflow's first one."""
FEW = 5
"""Workflows whose first case is played on a server by default, where databases take longer to make."""
Copies = Callable[[], AbstractContextManager[str]]


@contextmanager
def sqlite_copies(template: Path, folder: Path) -> Iterator[tuple[str, Copies]]:
    """A file to publish in, and how to copy it."""
    numbers = itertools.count()
    published = shutil.copyfile(template, folder / "published.db")

    @contextmanager
    def copy() -> Iterator[str]:
        file = shutil.copyfile(published, folder / f"run{next(numbers)}.db")
        try:
            yield f"sqlite:///{file}"
        finally:
            for part in folder.glob(f"{file.name}*"):
                part.unlink()

    yield f"sqlite:///{published}", copy


@contextmanager
def postgres_copies(template: str) -> Iterator[tuple[str, Copies]]:
    """The same on a server."""
    with copied(template) as published:
        yield published, lambda: copied(published)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=PACKS)
def stage(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Iterator[Stage]:
    """The pack, published."""
    database = (
        sqlite_copies(request.getfixturevalue("sqlite_template"), tmp_path)
        if kind == "sqlite"
        else postgres_copies(request.getfixturevalue("postgres_template"))
    )
    # Dying processes complain at length.
    with capture_logs(), database as (url, copies), staged(request.param, url, copies, tmp_path) as ready:
        yield ready


def chosen(stage: Stage, kind: str) -> list[int]:
    """The cases to play: each workflow's first, and every so many-th."""
    first = {case.workflow: n for n, case in reversed(list(enumerate(stage.cases)))}
    if kind == "postgresql" and not EVERY:
        return sorted(first.values())[:FEW]
    return sorted({*first.values(), *range(0, len(stage.cases), STRIDE[kind])})


def points(writes: int, chance: random.Random) -> list[tuple[int, Where]]:
    """At which writes to die: at all of them, or at one."""
    if EVERY:
        return [(k, where) for k in range(1, writes + 1) for where in ("before", "after")]
    return [(chance.randint(1, writes), chance.choice(("before", "after")))]


@pytest.mark.mission("E2")
@pytest.mark.timeout(1800 if EVERY else 300)
def test_a_death_at_any_write_of_a_packs_case_changes_nothing_that_can_be_seen(stage: Stage, kind: str) -> None:
    chance = random.Random(20260302)
    deaths = 0

    for n in chosen(stage, kind):
        case = stage.cases[n]
        with stage.copies() as url:
            calm = Run(stage, case, url)
            expected = calm.play()
            assert read_history(url).anomalies == ()
        for k, where in points(calm.writes, chance):
            with stage.copies() as url:
                run = Run(stage, case, url, last=k, where=where)
                assert difference(expected, run.play()) == {}, f"{case.title}: died {where} write {k}"
                assert read_history(url).anomalies == (), f"{case.title}: died {where} write {k}"
                deaths += run.deaths

    assert deaths >= len(chosen(stage, kind)) / 2


@pytest.mark.mission("E2")
@pytest.mark.timeout(1800 if EVERY else 300)
def test_processes_that_die_again_and_again_get_there_all_the_same(stage: Stage, kind: str) -> None:
    deaths = 0

    for n in chosen(stage, kind)[:: 1 if EVERY else FEW]:
        case = stage.cases[n]
        with stage.copies() as url:
            expected = Run(stage, case, url).play()
        with stage.copies() as url:
            run = Run(stage, case, url, last=2, always=True)
            assert difference(expected, run.play()) == {}, case.title
            assert read_history(url).anomalies == (), case.title
            deaths += run.deaths

    assert deaths > 0
