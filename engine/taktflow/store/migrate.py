"""Brings a database to the newest revision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from taktflow.errors import Invalid
from taktflow.store.address import Address, parse_address
from taktflow.store.failures import StoreFailed

_LOCK = 0x7461_6B74
"""Keeps two processes from migrating one PostgreSQL database at once."""


def migrate(url: str) -> str:
    """Creates the database's tables, or brings older ones up to date; gives back the revision.

    Invalid when a newer engine made them, StoreFailed when the database cannot be reached.
    """
    address = parse_address(url)
    if address.path is not None:
        address.path.parent.mkdir(parents=True, exist_ok=True)
    with _connected(address) as connection, connection.begin():
        if address.path is None:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in _known():
            raise Invalid("store.unmigrated", found=found, needed=newest_revision())
        command.upgrade(config(connection), "head")
    return newest_revision()


def revision(url: str) -> str | None:
    """The revision the database is at; None for an empty or absent one."""
    address = parse_address(url)
    if address.path is not None and not address.path.exists():
        return None
    with _connected(address) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """The revision this engine works with."""
    return str(ScriptDirectory.from_config(config()).get_current_head())


def check_revision(url: str) -> None:
    """Invalid when the database is not at the newest revision."""
    found, needed = revision(url), newest_revision()
    if found != needed:
        raise Invalid("store.unmigrated", found=found or "-", needed=needed)


def config(connection: Connection | None = None) -> Config:
    """Alembic's settings for our packaged migrations."""
    found = Config()
    found.set_main_option("script_location", "taktflow.store:migrations")
    found.attributes["connection"] = connection
    return found


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


@contextmanager
def _connected(address: Address) -> Iterator[Connection]:
    engine = _engine(address)
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StoreFailed(f"{address.shown}: {error}") from error
    finally:
        engine.dispose()


def _engine(address: Address) -> Engine:
    engine = create_engine(address.url, poolclass=NullPool)
    if address.path is not None:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(raw: object, _: object) -> None:
    # The driver would commit before each table; we begin ourselves, so that a migration is all or nothing.
    raw.isolation_level = None  # type: ignore[attr-defined]
    execute = raw.execute  # type: ignore[attr-defined]
    execute("PRAGMA busy_timeout=30000")
    # Only an empty file takes this: pages that retention frees can then be given back to the disk.
    execute("PRAGMA auto_vacuum=INCREMENTAL")
    execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
