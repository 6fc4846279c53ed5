"""Each store test runs on SQLite and, where there is one, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from taktflow.store import Store, migrate
from tests.services import postgres_database, postgres_server

__all__ = ["postgres_database", "postgres_server"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database of the module's own. Tests keep apart by their names."""
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("store") / "taktflow.db"
        found = f"sqlite:///{path}"
    else:
        found = request.getfixturevalue("postgres_database")
    migrate(found)
    return found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store."""
    with ExitStack() as open_:
        yield open_.enter_context(Store.open(url))


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return str(request.node.name).split("[")[0]
