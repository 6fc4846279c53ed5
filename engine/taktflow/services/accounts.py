"""People and programs: who they are, how they prove it, and what roles they hold.

Only hashes are kept of passwords, sessions and tokens. Every change of an account lands in the audit log in the same
commit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from taktflow.definitions.kinds import Pack
from taktflow.errors import Conflict, Forbidden, Invalid, NotFound, Refused, Unauthenticated
from taktflow.services import passwords
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine
from taktflow.store import ApiTokenRow, AuditEntry, SessionRow, UserRow
from taktflow.values import Json, Language, Text

BUILT_IN_ROLES = {
    "admin": Text("管理员", "Administrator"),
    "analyst": Text("业务分析员", "Business analyst"),
    "operator": Text("运行操作员", "Operator"),
}
"""Roles the engine itself asks for; packs declare all others."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.@-]{0,62}")
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class User:
    """A person, or a program that acts under a name of its own."""

    name: str
    display: str
    roles: frozenset[str]
    language: Language
    active: bool
    created_at: datetime

    @property
    def caller(self) -> Caller:
        """The user as one who asks."""
        return Caller(self.name, self.roles, self.language)


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that holds."""

    user: User
    csrf: str
    expires_at: datetime
    token_hash: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh sign-in; ``token`` is told once and never kept."""

    session: Session
    token: str


@dataclass(frozen=True, slots=True)
class Role:
    """A role people can hold."""

    id: str
    title: Text
    holders: int


def sign_in(engine: Engine, name: str, password: str) -> SignedIn:
    """Opens a session; Unauthenticated alike, and as slowly, for a wrong password, name or inactive account."""
    row = engine.store.people.find(name)
    kept = row.password_hash if row is not None and row.active else None
    right = passwords.is_password(kept, password)
    if row is None or not right:
        raise Unauthenticated("account.wrong")
    now = engine.now()
    engine.store.people.end_expired(now)
    if passwords.needs_new_hash(row.password_hash):
        engine.store.people.change(name, password_hash=passwords.password_hash(password))
    token = passwords.random_token()
    session = SessionRow(
        token_hash=passwords.token_hash(token),
        user=name,
        created_at=now,
        expires_at=now + timedelta(hours=engine.settings.session_hours),
        csrf=passwords.random_token(),
    )
    engine.store.people.sign_in(session, _audit(engine, name, "user.signed_in", f"user:{name}"))
    return SignedIn(Session(_user(row), session.csrf, session.expires_at, session.token_hash), token)


def sign_out(engine: Engine, session: Session) -> None:
    """Ends the session everywhere it is used."""
    name = session.user.name
    engine.store.people.sign_out(session.token_hash, _audit(engine, name, "user.signed_out", f"user:{name}"))


def session_by_token(engine: Engine, token: str) -> Session:
    """The session that ``token`` proves; Unauthenticated when it is over."""
    row = engine.store.people.session(passwords.token_hash(token), engine.now())
    user = engine.store.people.find(row.user) if row else None
    if row is None or user is None or not user.active:
        raise Unauthenticated("account.session_over")
    return Session(_user(user), row.csrf, row.expires_at, row.token_hash)


def caller_by_token(engine: Engine, token: str) -> Caller:
    """Whoever an API token acts for; Unauthenticated for one that is unknown, revoked or expired."""
    now = engine.now()
    row = engine.store.people.token(passwords.token_hash(token), now) if token.startswith("tf_") else None
    user = engine.store.people.find(row.user) if row else None
    if row is None or user is None or not user.active:
        raise Unauthenticated("account.token_wrong")
    if row.last_used is None or now - row.last_used >= _USE_NOTED_EVERY:
        engine.store.people.note_use(row.id, now)
    return _user(user).caller


def users(engine: Engine) -> list[User]:
    """Everyone, by name."""
    return [_user(row) for row in engine.store.people.all()]


def user(engine: Engine, name: str) -> User:
    """One user; raises NotFound."""
    row = engine.store.people.find(name)
    if row is None:
        raise NotFound("account.unknown", name=name)
    return _user(row)


def create_user(
    engine: Engine,
    name: str,
    *,
    by: Caller,
    display: str = "",
    roles: Collection[str] = (),
    language: Language = "zh",
    password: str | None = None,
) -> tuple[User, str | None]:
    """A new user, and the password made for them when none is given (told once). Raises Invalid or Conflict."""
    if not _NAME.fullmatch(name):
        raise Invalid("account.name", where="/name", name=name)
    _check_roles(roles)
    made = passwords.random_password() if password is None else None
    chosen = made or password or ""
    _check_password(name, chosen)
    row = UserRow(
        name=name,
        display=display or name,
        password_hash=passwords.password_hash(chosen),
        active=True,
        language=language,
        created_at=engine.now(),
        roles=frozenset(roles),
    )
    audit = _audit(engine, by.name, "user.created", f"user:{name}", {"roles": sorted(roles), "display": row.display})
    if engine.store.people.find(name) is not None:
        raise Conflict("account.exists", where="/name", name=name)
    engine.store.people.create(row, audit)
    return _user(row), made


def change_user(
    engine: Engine,
    name: str,
    *,
    by: Caller,
    display: str | None = None,
    roles: Collection[str] | None = None,
    language: Language | None = None,
    active: bool | None = None,
    password: str | None = None,
) -> User:
    """Changes what is given. A new password or an end to the account ends the user's sessions.

    Raises NotFound, Invalid, and Refused when nobody would be left who may administer.
    """
    # One at a time in this process, so that two administrators cannot dismiss each other at once.
    with engine.stripe("accounts"):
        before = user(engine, name)
        if roles is not None:
            _check_roles(roles)
        if password is not None:
            _check_password(name, password)
        _keep_an_admin(engine, before, roles, active)
        after = {"display": display, "roles": None if roles is None else sorted(roles), "language": language}
        changes: dict[str, Json] = {k: v for k, v in {**after, "active": active}.items() if v is not None}
        if password is not None:
            changes["password"] = "changed"  # noqa: S105 - tells that it was changed, not what it is
        engine.store.people.change(
            name,
            display=display,
            password_hash=None if password is None else passwords.password_hash(password),
            active=active,
            language=language,
            roles=roles,
            audit=_audit(
                engine, by.name, "user.changed", f"user:{name}", {**changes, "roles_before": sorted(before.roles)}
            ),
        )
    return user(engine, name)


def roles(engine: Engine) -> list[Role]:
    """Every role there is: built in, declared by a published pack, or held by someone."""
    titles = dict(BUILT_IN_ROLES)
    for _, pack in engine.published.shelf.listed("pack").values():
        if isinstance(pack, Pack):
            titles |= {id: role.title.text() for id, role in pack.roles.items()}
    held = [role for one in users(engine) if one.active for role in one.roles]
    for role in held:
        titles.setdefault(role, Text(role, role))
    return [Role(id, title, held.count(id)) for id, title in sorted(titles.items())]


def create_token(
    engine: Engine, *, by: Caller, title: str, expires_at: datetime | None = None, user_name: str | None = None
) -> tuple[ApiTokenRow, str]:
    """A key for a program that acts as ``by``, or as another user when an administrator makes it; told once."""
    name = user_name or by.name
    if name != by.name and not by.is_admin:
        raise Forbidden("api.forbidden", roles="admin")
    user(engine, name)
    now = engine.now()
    if expires_at is not None and expires_at <= now:
        raise Invalid("token.expiry", where="/expires_at")
    token = passwords.TOKEN_PREFIX + passwords.random_token()
    row = ApiTokenRow(
        id=engine.new_id(),
        hash=passwords.token_hash(token),
        user=name,
        title=title,
        created_at=now,
        expires_at=expires_at,
        last_used=None,
        revoked_at=None,
    )
    details = {"user": name, "title": title, "expires_at": expires_at}
    engine.store.people.create_token(row, _audit(engine, by.name, "token.created", f"token:{row.id}", details))
    return row, token


def tokens(engine: Engine, caller: Caller) -> Sequence[ApiTokenRow]:
    """The caller's keys, or everyone's for an administrator; newest first, revoked ones too."""
    return engine.store.people.tokens(None if caller.is_admin else caller.name)


def revoke_token(engine: Engine, id: str, caller: Caller) -> None:
    """Ends a key for good; one that is revoked stays so. NotFound for one that is not the caller's."""
    row = next((t for t in tokens(engine, caller) if t.id == id), None)
    if row is None:
        raise NotFound("token.unknown", id=id)
    if row.revoked_at is None:
        audit = _audit(engine, caller.name, "token.revoked", f"token:{id}", {"user": row.user, "title": row.title})
        engine.store.people.revoke_token(id, audit.at, audit)


DEMO_USERS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("admin", "管理员 Admin", ("admin",)),
    ("analyst", "分析员 Analyst", ("analyst",)),
    ("operator", "操作员 Operator", ("operator",)),
    ("supervisor", "主管甲 Supervisor", ("supervisor", "team_lead")),
    ("supervisor2", "主管乙 Supervisor 2", ("department_manager", "supervisor")),
    ("planner", "计划员 Planner", ("planner",)),
    ("sales", "销售 Sales", ("sales",)),
    ("finance", "财务 Finance", ("finance",)),
    ("gm", "总经理 General manager", ("gm",)),
    ("key_account_manager", "大客户经理 Key account manager", ("key_account_manager",)),
)
"""Name, display and roles; two supervisors, since whoever submits may not release."""


def ensure_demo_users(engine: Engine) -> list[tuple[str, tuple[str, ...], str]]:
    """Creates the demo's users that are missing: name, roles and the random password, told this once."""
    by = Caller("engine", frozenset({"admin"}))
    made = []
    for name, display, held in DEMO_USERS:
        if engine.store.people.find(name) is None:
            _, password = create_user(
                engine, name, by=by, display=display, roles=held, language=engine.settings.language
            )
            made.append((name, held, password or ""))
    return made


def _user(row: UserRow) -> User:
    language: Language = "en" if row.language == "en" else "zh"
    return User(row.name, row.display, row.roles, language, bool(row.active), row.created_at)


def _audit(engine: Engine, by: str, action: str, object: str, details: Json = None) -> AuditEntry:
    return AuditEntry(engine.now(), by, action, object, details)


def _check_roles(roles: Collection[str]) -> None:
    for role in roles:
        if not _ROLE.fullmatch(role):
            raise Invalid("account.role", where="/roles", role=role)


def _check_password(name: str, password: str) -> None:
    if not passwords.SHORTEST <= len(password) <= passwords.LONGEST or password.lower() == name.lower():
        raise Invalid("account.password", where="/password", shortest=passwords.SHORTEST, longest=passwords.LONGEST)


def _keep_an_admin(engine: Engine, before: User, roles: Collection[str] | None, active: bool | None) -> None:
    stays = (active is None or active) and (roles is None or "admin" in roles)
    if (
        "admin" in before.roles
        and before.active
        and not stays
        and engine.store.people.holders("admin") == (before.name,)
    ):
        raise Refused("account.last_admin", name=before.name)
