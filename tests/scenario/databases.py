"""A world for each engine test, on SQLite and, where there is one, on PostgreSQL."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from taktflow.store import migrate
from tests.scenario.world import World, fresh_sqlite, migrated_sqlite
from tests.services import database, postgres_server

__all__ = ["another_world", "postgres_server", "postgres_template", "sqlite_template", "world"]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    return migrated_sqlite(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """A migrated PostgreSQL database to copy."""
    with database(postgres_server) as url:
        migrate(url)
        yield url


@contextmanager
def copied(template: str) -> Iterator[str]:
    """A copy of the PostgreSQL database ``template``, dropped afterwards."""
    name = f"taktflow_test_{uuid.uuid4().hex}"
    administration = make_url(template).set(drivername="postgresql", database="postgres")
    with psycopg.connect(administration.render_as_string(hide_password=False), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{make_url(template).database}"'.encode())
        try:
            yield make_url(template).set(database=name).render_as_string(hide_password=False)
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def another_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], World]]:
    """Makes worlds, each with an empty database of its own."""
    with ExitStack() as stack:
        # Dying processes complain at length, and drawing their tracebacks takes longer than the tests.
        stack.enter_context(capture_logs())
        numbers = itertools.count()

        def made() -> World:
            folder = tmp_path / f"world{next(numbers)}"
            folder.mkdir()
            if request.param == "sqlite":
                url = fresh_sqlite(request.getfixturevalue("sqlite_template"), folder)
            else:
                url = stack.enter_context(copied(request.getfixturevalue("postgres_template")))
            world = World(url, folder)
            stack.callback(world.end)
            return world

        yield made


@pytest.fixture
def world(another_world: Callable[[], World]) -> World:
    """A world with an empty database."""
    return another_world()
