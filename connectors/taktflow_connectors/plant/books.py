"""The factory's books: stock, reservations, orders, and a ledger of every write that ever arrived.

One SQLite connection, used by the event loop alone. With a file, everything survives a restart, also by force.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import simplejson

_TABLES = """
create table if not exists stock (sku text primary key, on_hand text not null, reserved text not null default '0',
  uom text not null default 'pcs');
create table if not exists orders (seq integer primary key autoincrement, number text not null unique,
  customer text not null, doc text not null);
create table if not exists reservations (seq integer primary key autoincrement, open integer not null default 1,
  doc text not null);
create table if not exists keys (system text, key text, digest text not null, status integer not null,
  answer text not null, primary key (system, key));
create table if not exists ledger (seq integer primary key autoincrement, system text not null, method text not null,
  path text not null, key text, sent integer not null default 0, applied integer not null default 0, status integer,
  result text, first_at text not null, last_at text not null);
create unique index if not exists ledger_key on ledger (system, method, path, key);
create table if not exists notices (seq integer primary key autoincrement, id text not null unique, type text not null,
  doc text not null, sent integer not null default 0, delivered integer not null default 0);
"""

_GOODS = (
    *("FL-DN15", "FL-DN25", "FL-DN50", "FL-DN80", "FL-DN100", "FL-DN150", "FL-DN200"),
    *("V-050", "V-080", "V-100", "V-150", "V-200", "GV-50", "GV-100", "BV-25", "BV-50", "CV-50"),
    *("GS-50", "GS-100", "BT-M16"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system says: a status and a JSON document. ``applied`` when the books changed by it."""

    status: int
    doc: Mapping[str, Any]
    applied: bool = False


def dumps(doc: Any) -> str:
    """``doc`` as JSON text with exact numbers."""
    return simplejson.dumps(doc, use_decimal=True, ensure_ascii=False, separators=(",", ":"))


def loads(text: str | bytes) -> Any:
    """The document in ``text``, numbers as Decimal; ``ValueError`` when it is no JSON."""
    return simplejson.loads(text, use_decimal=True, parse_int=Decimal, allow_nan=False)


class Books:
    """All that the factory remembers. Stock is drawn by ``seed`` unless ``stock`` says how much there is."""

    def __init__(self, file: Path | None = None, *, seed: int = 1, stock: Mapping[str, Decimal] | None = None) -> None:
        self._db = sqlite3.connect(file or ":memory:", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        # A kill of this process loses nothing; only a power cut could, and a simulation need not survive that.
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(_TABLES)
        draw = random.Random(seed)  # noqa: S311  # Figures of a simulation, not secrets.
        drawn = {sku: Decimal(draw.randrange(0, 5000, 10)) for sku in _GOODS}
        self._opening = drawn if stock is None else dict(stock)
        if not self._db.execute("select 1 from stock limit 1").fetchone():
            self.count(self._opening)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def reset(self) -> None:
        """Forgets everything and opens with the first day's stock."""
        with self._transaction():
            for table in ("stock", "orders", "reservations", "keys", "ledger", "notices"):
                self._db.execute(f"delete from {table}")  # noqa: S608  # Names of our own.
            self._db.execute("delete from sqlite_sequence")
        self.count(self._opening)

    def count(self, counted: Mapping[str, Decimal]) -> None:
        """Sets how much lies in the warehouse."""
        with self._transaction():
            self._db.executemany(
                "insert into stock (sku, on_hand) values (?, ?) on conflict do update set on_hand = excluded.on_hand",
                [(sku, str(amount)) for sku, amount in counted.items()],
            )

    def stock(self, skus: Sequence[str] | None) -> list[dict[str, Any]]:
        """What lies there and what of it may be sold; goods nobody knows are left out."""
        rows = self._db.execute("select * from stock order by sku").fetchall()
        wanted = None if skus is None else set(skus)
        return [_stock_line(row) for row in rows if wanted is None or row["sku"] in wanted]

    def reserve(self, key: str | None, doc: Mapping[str, Any]) -> Answer:
        """Sets goods aside, all lines or none; 409 when there is too little."""
        return self._once("wms", key, doc, self._reserve)

    def _reserve(self, doc: Mapping[str, Any]) -> Answer:
        amounts: dict[str, Decimal] = {}
        for line in doc["lines"]:
            amounts[line["sku"]] = amounts.get(line["sku"], Decimal(0)) + line["qty"]
        there = {line["sku"]: line["sellable"] for line in self.stock(list(amounts))}
        short = {sku: there.get(sku, Decimal(0)) for sku, qty in amounts.items() if there.get(sku, Decimal(0)) < qty}
        if short:
            lines = [{"sku": sku, "sellable": left, "qty": amounts[sku]} for sku, left in short.items()]
            return Answer(409, {"error": "short", "message": "not enough sellable stock", "lines": lines})
        self._set_aside(amounts)
        seq = self._db.execute("insert into reservations (doc) values (?)", (dumps(dict(doc)),)).lastrowid
        return Answer(201, {"no": f"R-{seq:06d}", "open": True, **doc}, applied=True)

    def release(self, no: str) -> Answer:
        """Gives the goods of a reservation back; a second time changes nothing."""
        row = self._db.execute("select * from reservations where seq = ?", (_seq(no),)).fetchone()
        if row is None:
            return Answer(404, {"error": "missing", "message": f"there is no reservation {no}"})
        doc = loads(row["doc"])
        if row["open"]:
            with self._transaction():
                self._db.execute("update reservations set open = 0 where seq = ?", (row["seq"],))
                for line in doc["lines"]:
                    self._set_aside({line["sku"]: -line["qty"]})
        return Answer(200, {"no": no, "open": False, **doc}, applied=bool(row["open"]))

    def reservations(self) -> list[dict[str, Any]]:
        """Every reservation, the oldest first."""
        rows = self._db.execute("select * from reservations order by seq").fetchall()
        return [{"no": f"R-{r['seq']:06d}", "open": bool(r["open"]), **loads(r["doc"])} for r in rows]

    def book(self, key: str | None, doc: Mapping[str, Any]) -> Answer:
        """Books an order, once for ``key``; 409 with the order's number when another key booked the same one."""
        return self._once("erp", key, doc, self._book)

    def _book(self, doc: Mapping[str, Any]) -> Answer:
        row = self._db.execute("select seq from orders where number = ?", (doc["number"],)).fetchone()
        if row:
            no = f"SO-{row['seq']:06d}"
            message = f"{doc['number']} is booked already as {no}"
            return Answer(409, {"error": "duplicate", "message": message, "no": no, "number": doc["number"]})
        total = sum((line["qty"] * (line.get("unit_price") or 0) for line in doc["lines"]), Decimal(0))
        whole = {**doc, "status": "open", "total": total, "booked_at": _now()}
        seq = self._db.execute(
            "insert into orders (number, customer, doc) values (?, ?, ?)",
            (doc["number"], doc["customer"], dumps(whole)),
        ).lastrowid
        no = f"SO-{seq:06d}"
        notice = {"no": no, "number": doc["number"], "status": "open"}
        self._db.execute(
            "insert into notices (id, type, doc) values (?, ?, ?)", (f"evt-{no}-booked", "order.booked", dumps(notice))
        )
        return Answer(201, {"no": no, **whole}, applied=True)

    def order(self, no: str) -> dict[str, Any] | None:
        """The order with the ERP's number ``no``."""
        row = self._db.execute("select * from orders where seq = ?", (_seq(no),)).fetchone()
        return _order(row) if row else None

    def orders(self, *, after: str, limit: int, number: str | None, customer: str | None) -> list[dict[str, Any]]:
        """Up to ``limit`` orders that follow the order ``after``, the oldest first."""
        rows = self._db.execute(
            "select * from orders where seq > ? and (? is null or number = ?) and (? is null or customer = ?)"
            " order by seq limit ?",
            (_seq(after) if after else 0, number, number, customer, customer, limit),
        ).fetchall()
        return [_order(row) for row in rows]

    def arrived(self, system: str, method: str, path: str, key: str | None) -> int:
        """Notes that a write arrived, whatever becomes of it; the ledger line to settle later."""
        row = self._db.execute(
            "insert into ledger (system, method, path, key, sent, first_at, last_at) values (?, ?, ?, ?, 1, ?, ?)"
            " on conflict (system, method, path, key) do update set sent = sent + 1, last_at = excluded.last_at"
            " returning seq",
            (system, method, path, key, _now(), _now()),
        ).fetchone()
        return int(row["seq"])

    def settled(self, seq: int, answer: Answer) -> None:
        """Notes what became of the write at ledger line ``seq``."""
        self._db.execute(
            "update ledger set status = ?, applied = applied + ?, result = coalesce(?, result) where seq = ?",
            (answer.status, int(answer.applied), answer.doc.get("no"), seq),
        )

    def ledger(self, key: str | None = None) -> list[dict[str, Any]]:
        """Every write with how often it was sent and applied, in the order of first arrival."""
        rows = self._db.execute("select * from ledger where ? is null or key = ? order by seq", (key, key)).fetchall()
        return [dict(row) for row in rows]

    def notices(self, *, open_only: bool = False) -> list[dict[str, Any]]:
        """What the factory tells others, with how often it was sent and whether anybody took it."""
        rows = self._db.execute(
            "select * from notices where ? = 0 or delivered = 0 order by seq", (int(open_only),)
        ).fetchall()
        return [{**dict(row), "doc": loads(row["doc"])} for row in rows]

    def told(self, id: str, *, delivered: bool) -> None:
        """Notes one sending of a notice."""
        self._db.execute(
            "update notices set sent = sent + 1, delivered = delivered + ? where id = ?", (int(delivered), id)
        )

    def _once(self, system: str, key: str | None, doc: Mapping[str, Any], do: Any) -> Answer:
        digest = sha256(dumps(_sorted(doc)).encode()).hexdigest()
        with self._transaction():
            kept = self._db.execute("select * from keys where system = ? and key = ?", (system, key)).fetchone()
            if kept and kept["digest"] != digest:
                return Answer(422, {"error": "key_reused", "message": "this key belongs to another request"})
            if kept:
                return Answer(200, loads(kept["answer"]))
            answer: Answer = do(doc)
            if key is not None and answer.applied:
                self._db.execute(
                    "insert into keys values (?, ?, ?, ?, ?)", (system, key, digest, answer.status, dumps(answer.doc))
                )
            return answer

    def _set_aside(self, amounts: Mapping[str, Decimal]) -> None:
        for sku, qty in amounts.items():
            row = self._db.execute("select reserved from stock where sku = ?", (sku,)).fetchone()
            if row:
                new = str(Decimal(row["reserved"]) + qty)
                self._db.execute("update stock set reserved = ? where sku = ?", (new, sku))

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("begin immediate")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("commit" if kind is None else "rollback")


def _stock_line(row: sqlite3.Row) -> dict[str, Any]:
    on_hand, reserved = Decimal(row["on_hand"]), Decimal(row["reserved"])
    return {
        "sku": row["sku"],
        "warehouse": "MAIN",
        "on_hand": on_hand,
        "reserved": reserved,
        "sellable": max(on_hand - reserved, Decimal(0)),
        "uom": row["uom"],
    }


def _order(row: sqlite3.Row) -> dict[str, Any]:
    return {"no": f"SO-{row['seq']:06d}", **loads(row["doc"])}


def _seq(no: str) -> int:
    tail = no.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdecimal() and len(tail) < 16 else -1


def _sorted(doc: Any) -> Any:
    if isinstance(doc, Mapping):
        return {name: _sorted(doc[name]) for name in sorted(doc)}
    return [_sorted(part) for part in doc] if isinstance(doc, list) else doc


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
