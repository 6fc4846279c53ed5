"""The migrations and the tables say the same."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from taktflow.errors import Invalid
from taktflow.store import Store, StoreFailed, migrate, revision
from taktflow.store.address import parse_address
from taktflow.store.migrate import config, newest_revision
from taktflow.store.tables import metadata


def of_its_own(name: str | None, kind: str, _: object) -> bool:
    """Whether it is no part of another table: the journal's months."""
    return not (kind == "table" and str(name).startswith("journal_"))


def test_migrations_and_tables_agree(url: str) -> None:
    engine = create_engine(parse_address(url).url)
    with engine.connect() as connection:
        opts = {"compare_type": True, "compare_server_default": True, "include_name": of_its_own}
        context = MigrationContext.configure(connection, opts=opts)
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_migrating_again_changes_nothing(url: str) -> None:
    def shape() -> object:
        engine = create_engine(parse_address(url).url)
        found = inspect(engine)
        tables = {
            t: (repr(found.get_columns(t)), sorted(str(i["name"]) for i in found.get_indexes(t)))
            for t in found.get_table_names()
        }
        engine.dispose()
        return tables

    before = shape()

    assert migrate(url) == newest_revision() == revision(url)
    assert shape() == before


def test_going_back_and_forth_ends_where_it_began(url: str) -> None:
    engine = create_engine(parse_address(url).url)
    with engine.begin() as connection:
        command.downgrade(config(connection), "base")
        left = set(inspect(connection).get_table_names())
    engine.dispose()

    assert left == {"alembic_version"}
    assert migrate(url) == newest_revision()
    with Store.open(url) as store:
        assert store.instances.counts() == {}


def test_an_old_database_is_refused_with_the_remedy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    with pytest.raises(Invalid) as refused:
        Store.open(url)
    assert refused.value.code == "store.unmigrated"
    assert "taktflow migrate" in refused.value.message("zh")
    assert not (tmp_path / "empty.db").exists()


def test_a_database_of_a_newer_engine_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'newer.db'}"
    migrate(url)
    with closing(sqlite3.connect(tmp_path / "newer.db", isolation_level=None)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")

    for act in (migrate, Store.open):
        with pytest.raises(Invalid) as refused:
            act(url)
        assert refused.value.code == "store.unmigrated"
    assert revision(url) == "9999"


@pytest.mark.parametrize("act", [migrate, revision, Store.open])
def test_a_database_that_cannot_be_used_is_named(act: Callable[[str], object], tmp_path: Path) -> None:
    (tmp_path / "note.db").write_text("this is no database " * 100)

    for url in (f"sqlite:///{tmp_path / 'note.db'}", "postgresql://nobody:secret@127.0.0.1:1/none"):
        with pytest.raises(StoreFailed) as refused:
            act(url)
        assert "secret" not in str(refused.value)
        assert ("note.db" in str(refused.value)) or ("127.0.0.1" in str(refused.value))


def test_the_folder_and_the_file_are_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a' / 'b' / 'new.db'}"
    assert revision(url) is None

    migrate(url)

    assert revision(url) == newest_revision()


def test_two_processes_may_migrate_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    act = f"from taktflow.store import migrate; print(migrate({url!r}))"

    both = [subprocess.Popen([sys.executable, "-c", act], stdout=subprocess.PIPE, text=True) for _ in range(2)]

    assert [p.communicate(timeout=60)[0].strip() for p in both] == [newest_revision()] * 2


def test_sqlite_is_told_of_indexes_that_exist(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'new.db'}")
    with closing(sqlite3.connect(tmp_path / "new.db")) as raw:
        told = set(raw.execute("SELECT tbl, idx FROM sqlite_stat1"))
        there = {
            (table, index)
            for (table,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            for index in (table, *(r[1] for r in raw.execute(f"PRAGMA index_list('{table}')")))
        }
        plan = raw.execute(
            "EXPLAIN QUERY PLAN SELECT fields FROM record WHERE entity = 'o' AND id IN ('a', 'b') ORDER BY changed_at"
        ).fetchall()

    assert told
    assert told <= there
    assert "(entity=? AND id=?)" in plan[0][3]


@pytest.mark.parametrize("url", ["", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_an_address_of_no_usable_database_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_address(url)
    assert "postgresql://" in refused.value.message("zh")


def test_a_password_is_not_shown() -> None:
    address = parse_address("postgresql://me:secret@db/x")
    assert "secret" not in address.shown
    assert "secret" in address.dsn
