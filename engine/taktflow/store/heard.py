"""Which executors show that they live, asked from outside: without a store, which would begin to write."""

from __future__ import annotations

from datetime import timedelta

from taktflow.store.address import parse_address
from taktflow.store.backends import reader
from taktflow.store.readers import Readers
from taktflow.store.runs import SERVER_CLOCK

_HEARD = f"SELECT count(*) FROM executor WHERE substr(id, 1, ?) = ? AND heartbeat_at >= {SERVER_CLOCK} - ?"  # noqa: S608 - our own clock


def runs_heard(url: str, name: str, within: timedelta) -> int:
    """On the PostgreSQL server at ``url``: how many runs of executors called ``name...`` renewed their lease lately."""
    address = parse_address(url)
    readers = Readers(lambda: reader(address))
    try:
        return int(readers.rows(_HEARD, (len(name), name, within // timedelta(microseconds=1)))[0][0])
    finally:
        readers.close()
