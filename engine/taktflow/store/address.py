"""Where the database is: a SQLite file or a PostgreSQL server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from taktflow.errors import Invalid


@dataclass(frozen=True, slots=True)
class Address:
    """A database address taken apart: ``path`` for a SQLite file, else ``dsn`` for a PostgreSQL server."""

    url: URL
    path: Path | None
    dsn: str = ""

    @property
    def shown(self) -> str:
        """The address without its password, fit for logs."""
        return self.url.render_as_string(hide_password=True)


def parse_address(url: str) -> Address:
    """``sqlite:///file`` or ``postgresql://...``; Invalid for anything else, and for SQLite in memory."""
    try:
        parsed = make_url(url)
    except ArgumentError as wrong:
        raise Invalid("store.url", url=url) from wrong
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return Address(parsed, Path(parsed.database))
        case "postgresql":
            plain = parsed.set(drivername="postgresql")
            return Address(parsed.set(drivername="postgresql+psycopg"), None, plain.render_as_string(False))
        case _:
            raise Invalid("store.url", url=parsed.render_as_string(hide_password=True))
