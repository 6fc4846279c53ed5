"""Messages to people, as each reader sees them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, case, func, select

from taktflow.store.lists.paging import Order, Part
from taktflow.store.lists.room import Room
from taktflow.store.moments import micros
from taktflow.store.rows import AlertRow, Page
from taktflow.store.tables import metadata
from taktflow.store.transaction import Transaction
from taktflow.values import Text

_a = metadata.tables["alert"].c
_p = metadata.tables["alert_recipient"].c
_READ = """UPDATE alert_recipient SET read_by = ?, read_at = ?
 WHERE alert_id = ? AND principal = ? AND read_at IS NULL"""


class Alerts(Room):
    """Own order: newest first."""

    def page(
        self,
        principals: Collection[str] | None,
        part: Part | None = None,
        *,
        unread: bool = False,
        instance: str | None = None,
    ) -> Page[AlertRow]:
        """Alerts to any of ``principals``, each once; None means to anyone."""
        query = _shown(principals)
        if instance is not None:
            query = query.where(_a.instance_id == instance)
        if unread:
            query = query.having(func.max(_p.read_at).is_(None))
        return self._asking.page(query, Order("-id", (_a.id,), descending=True), part or Part(), _alert)

    def unread(self, principals: Collection[str]) -> int:
        """How many alerts nobody among ``principals`` has read."""
        query = _shown(principals).having(func.max(_p.read_at).is_(None)).subquery()
        return int(self._asking.rows(select(func.count()).select_from(query))[0][0])

    def mark_read(self, ids: Sequence[int], principals: Collection[str], by: str, at: datetime) -> None:
        """Notes that ``by`` has read them, for all of ``principals``."""

        def act(tx: Transaction) -> None:
            for id in ids:
                for principal in sorted(principals):
                    tx.run(_READ, (by, micros(at), id, principal))

        self._write(act, work="alerts")

    def recipients(self, id: int) -> tuple[tuple[str, bool], ...]:
        """Whom an alert went to, each with whether for information only."""
        query = select(_p.principal, _p.cc).where(_p.alert_id == id).order_by(_p.cc, _p.principal)
        return tuple((principal, cc) for principal, cc in self._asking.rows(query))


def _shown(principals: Collection[str] | None) -> Select[Any]:
    mine = _p.alert_id == _a.id
    if principals is not None:
        mine = and_(mine, _p.principal.in_(sorted(principals)))
    joined = metadata.tables["alert"].join(metadata.tables["alert_recipient"], mine)
    # Whoever is addressed under one name and in copy under another is addressed.
    direct = func.max(case((_p.cc, 0), else_=1)).label("direct")
    return select(*_a, direct, func.max(_p.read_at).label("read_at")).select_from(joined).group_by(*_a)


def _alert(row: Row[Any]) -> AlertRow:
    r = row._mapping
    return AlertRow(
        id=r["id"],
        at=r["at"],
        instance=r["instance_id"],
        node=r["node"],
        severity=r["severity"],
        title=Text(zh=r["title_zh"], en=r["title_en"]),
        body=Text(zh=r["body_zh"], en=r["body_en"]),
        link=r["link"],
        cc=not r["direct"],
        read_at=r["read_at"],
    )
