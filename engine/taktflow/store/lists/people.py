"""People, their roles, sign-ins and keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from taktflow.errors import Conflict, NotFound
from taktflow.store.commit import AuditEntry
from taktflow.store.lists.room import Room
from taktflow.store.moments import micros, micros_or_none
from taktflow.store.rows import ApiTokenRow, SessionRow, UserRow
from taktflow.store.tables import metadata
from taktflow.store.transaction import Transaction

_u = metadata.tables["user"].c
_r = metadata.tables["user_role"].c
_s = metadata.tables["session"].c
_t = metadata.tables["api_token"].c
_INSERT = """INSERT INTO "user" (name, display, password_hash, active, language, created_at) VALUES (?, ?, ?, ?, ?, ?)
 ON CONFLICT (name) DO NOTHING"""
_CHANGE = """UPDATE "user" SET display = coalesce(?, display), password_hash = coalesce(?, password_hash),
 active = coalesce(?, active), language = coalesce(?, language) WHERE name = ?"""
_ROLE = 'INSERT INTO user_role ("user", role) VALUES (?, ?) ON CONFLICT DO NOTHING'
_SESSION = 'INSERT INTO session (token_hash, "user", created_at, expires_at, csrf) VALUES (?, ?, ?, ?, ?)'
_KEY = """INSERT INTO api_token (id, hash, "user", title, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)"""


class People(Room):
    """Own order: by name."""

    def create(self, user: UserRow, audit: AuditEntry | None = None) -> None:
        """A new person with roles; Conflict when the name is taken."""

        def act(tx: Transaction) -> None:
            params = (user.name, user.display, user.password_hash, user.active, user.language, micros(user.created_at))
            tx.expect(_INSERT, params, lambda: Conflict("store.user.exists", name=user.name))
            _grant(tx, user.name, user.roles)

        self._write(act, audit)

    def change(
        self,
        name: str,
        *,
        display: str | None = None,
        password_hash: str | None = None,
        active: bool | None = None,
        language: str | None = None,
        roles: Collection[str] | None = None,
        audit: AuditEntry | None = None,
    ) -> None:
        """Changes what is given; NotFound when there is no such person.

        A new password, or an end to the account, ends every sign-in of theirs.
        """

        def act(tx: Transaction) -> None:
            tx.expect(
                _CHANGE,
                (display, password_hash, active, language, name),
                lambda: NotFound("store.user.missing", name=name),
            )
            if roles is not None:
                tx.run('DELETE FROM user_role WHERE "user" = ?', (name,))
                _grant(tx, name, roles)
            if password_hash is not None or active is False:
                tx.run('DELETE FROM session WHERE "user" = ?', (name,))

        self._write(act, audit)

    def find(self, name: str) -> UserRow | None:
        """One person with their roles."""
        found = self._asking.rows(select(*_u).where(_u.name == name))
        if not found:
            return None
        roles = self._asking.rows(select(_r.role).where(_r.user == name))
        return _user(found[0], [r[0] for r in roles])

    def all(self) -> tuple[UserRow, ...]:
        """Everyone."""
        roles: defaultdict[str, list[str]] = defaultdict(list)
        for user, role in self._asking.rows(select(_r.user, _r.role)):
            roles[user].append(role)
        return tuple(_user(r, roles[r[0]]) for r in self._asking.rows(select(*_u).order_by(_u.name)))

    def holders(self, role: str) -> tuple[str, ...]:
        """The names of those who hold ``role`` and are active."""
        joined = metadata.tables["user_role"].join(metadata.tables["user"], _u.name == _r.user)
        query = select(_u.name).select_from(joined).where(_r.role == role, _u.active).order_by(_u.name)
        return tuple(r[0] for r in self._asking.rows(query))

    def sign_in(self, session: SessionRow, audit: AuditEntry | None = None) -> None:
        """Keeps a sign-in."""
        params = (
            session.token_hash,
            session.user,
            micros(session.created_at),
            micros(session.expires_at),
            session.csrf,
        )
        self._write(lambda tx: tx.run(_SESSION, params), audit)

    def session(self, token_hash: str, now: datetime) -> SessionRow | None:
        """A sign-in that still holds."""
        query = select(*_s).where(_s.token_hash == token_hash, _s.expires_at > now)
        found = self._asking.rows(query)
        return SessionRow(**found[0]._mapping) if found else None

    def sign_out(self, token_hash: str, audit: AuditEntry | None = None) -> None:
        """Ends a sign-in."""
        self._write(lambda tx: tx.run("DELETE FROM session WHERE token_hash = ?", (token_hash,)), audit)

    def end_expired(self, now: datetime) -> int:
        """Forgets sign-ins that are over; tells how many."""
        return self._write(lambda tx: tx.count("DELETE FROM session WHERE expires_at <= ?", (micros(now),)))

    def create_token(self, token: ApiTokenRow, audit: AuditEntry | None = None) -> None:
        """Keeps a program's key."""
        params = (
            token.id,
            token.hash,
            token.user,
            token.title,
            micros(token.created_at),
            micros_or_none(token.expires_at),
        )
        self._write(lambda tx: tx.run(_KEY, params), audit)

    def token(self, hash: str, now: datetime) -> ApiTokenRow | None:
        """A key that still holds."""
        found = self._asking.rows(select(*_t).where(_t.hash == hash, _t.revoked_at.is_(None)))
        row = ApiTokenRow(**found[0]._mapping) if found else None
        return row if row and (row.expires_at is None or row.expires_at > now) else None

    def tokens(self, user: str | None = None) -> tuple[ApiTokenRow, ...]:
        """Keys of one person or of all, newest first."""
        query = select(*_t).order_by(_t.created_at.desc(), _t.id)
        if user is not None:
            query = query.where(_t.user == user)
        return tuple(ApiTokenRow(**r._mapping) for r in self._asking.rows(query))

    def note_use(self, token_id: str, at: datetime) -> None:
        """Notes when a key was used last. Not waited for: losing it harms nobody."""
        sql = "UPDATE api_token SET last_used = ? WHERE id = ?"

        def change(tx: Transaction) -> tuple[None, None]:
            tx.run(sql, (micros(at), token_id))
            return None, None

        self._writer.submit(change)

    def revoke_token(self, token_id: str, at: datetime, audit: AuditEntry | None = None) -> None:
        """Ends a key for good."""
        sql = "UPDATE api_token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
        self._write(lambda tx: tx.run(sql, (micros(at), token_id)), audit)


def _grant(tx: Transaction, name: str, roles: Collection[str]) -> None:
    for role in sorted(roles):
        tx.run(_ROLE, (name, role))


def _user(row: Row[Any], roles: Sequence[str]) -> UserRow:
    r = row._mapping
    return UserRow(
        r["name"], r["display"], r["password_hash"], r["active"], r["language"], r["created_at"], frozenset(roles)
    )
