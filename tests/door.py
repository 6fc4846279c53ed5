"""A whole server for tests of the HTTP door: a small factory's pack on SQLite behind uvicorn on loopback."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from taktflow.api.events import HEARTBEAT_S
from taktflow.api.server import Server, free_socket, server
from taktflow.catalog import Catalog
from taktflow.errors import Invalid
from taktflow.sdk import Node
from taktflow.services import accounts
from taktflow.services.caller import Caller
from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.services.publish import File, publish_files
from taktflow.settings import Settings

# Made once: reading every certificate authority for each client would take longer than the tests.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
PASSWORD = "correct horse battery"
ADMIN = Caller("engine", frozenset({"admin"}))
USERS: Mapping[str, tuple[str, ...]] = {
    "ada": ("admin",),
    "ann": ("analyst",),
    "otto": ("operator",),
    "sam": ("sales",),
    "sue": ("supervisor",),
    "sid": ("supervisor",),
    "noa": (),
}
"""A user for each role; noa holds none."""

PACK = {
    "pack.yaml": """
kind: pack
id: workshop
title: {zh: 车间, en: Workshop}
roles:
  sales: {title: {zh: 销售, en: Sales}}
  supervisor: {title: {zh: 主管, en: Supervisor}}
""",
    "entities.yaml": """
kind: entity
id: customer
title: {zh: 客户, en: Customer}
key: code
unique: [tax_no]
index: [tier, since, credit, active]
read: [role:sales, role:supervisor, role:analyst]
write: [role:sales]
fields:
  code: {type: text, title: {zh: 编码, en: Code}, required: true, max_length: 20}
  name: {type: text, title: {zh: 名称, en: Name}, required: true, max_length: 120}
  tier: {type: choice, title: {zh: 等级, en: Tier}, values: [S, A, B]}
  credit: {type: number, title: {zh: 信用额度, en: Credit}, scale: 2, unit: CNY, min: 0}
  since: {type: date, title: {zh: 起始日期, en: Since}}
  active: {type: boolean, title: {zh: 在用, en: Active}, default: true}
  tax_no: {type: text, title: {zh: 税号, en: Tax number}, max_length: 40}
  phone: {type: text, title: {zh: 电话, en: Phone}, max_length: 40, personal: true}
  parent: {type: reference, entity: customer, title: {zh: 母公司, en: Parent}}
  tags: {type: list, title: {zh: 标签, en: Tags}, item: {type: text}}
  contact:
    type: object
    title: {zh: 联系人, en: Contact}
    fields:
      desk: {type: text}
      mobile: {type: text, personal: true}
---
kind: entity
id: note
title: {zh: 备注, en: Note}
key: id
fields:
  id: {type: text, required: true}
  text: {type: text}
""",
    "forms.yaml": """
kind: form
id: complaint
title: {zh: 投诉, en: Complaint}
submit: {zh: 提交, en: Send}
thanks: {zh: 谢谢, en: Thank you}
fields:
  what: {type: text, title: {zh: 内容, en: What}, required: true, max_length: 200}
  amount: {type: number, title: {zh: 金额, en: Amount}, scale: 2}
---
kind: form
id: verdict
title: {zh: 结论, en: Verdict}
fields:
  comment: {type: text, title: {zh: 意见, en: Comment}, max_length: 200}
""",
    "complaint.yaml": """
kind: workflow
id: complaint
title: {zh: 投诉处理, en: Complaint}
data:
  key: what
  vars:
    what: {type: text, title: {zh: 内容, en: What}}
    amount: {type: number, title: {zh: 金额, en: Amount}, scale: 2}
    verdict: {type: any}
start:
  - {id: web, type: form, form: complaint, public: true}
  - {id: desk, type: form, form: complaint, who: [role:sales]}
  - {id: hand, type: manual, who: [role:sales, role:supervisor]}
nodes:
  settle:
    type: approval
    title: {zh: 处理, en: Settle}
    who: [role:supervisor]
    four_eyes: true
    form: verdict
    show: [what, amount]
    out: verdict
  good: {type: end, outcome: settled}
  bad: {type: end, outcome: refused}
edges:
  - [web, settle]
  - [desk, settle]
  - [hand, settle]
  - {from: settle, to: good, when: approved, title: {zh: 同意赔付, en: Compensate}}
  - {from: settle, to: bad, when: rejected}
""",
}


@dataclass
class Person:
    """Someone at the door: a signed-in user, a program with a token, or nobody."""

    http: httpx.Client
    csrf: str = ""
    language: str = "en"

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Sends a request as this person would, the CSRF token with every change."""
        headers = {"accept-language": self.language, **more.pop("headers", {})}
        if self.csrf and method not in ("GET", "HEAD"):
            headers.setdefault("x-csrf-token", self.csrf)
        return self.http.request(method, path, headers=headers, **more)

    def read(self, path: str, **params: Any) -> Any:
        """The JSON at ``path``; the answer must be good."""
        answer = self.ask("GET", path, params=params)
        assert answer.is_success, answer.text
        return answer.json()

    def send(self, path: str, body: Any, method: str = "POST", **more: Any) -> httpx.Response:
        """Sends ``body`` as JSON."""
        return self.ask(method, path, json=body, **more)


@dataclass
class Door:
    """A running server."""

    engine: Engine
    base: str
    server: Server
    _open: list[httpx.Client] = field(default_factory=list)
    _known: dict[str, Person] = field(default_factory=dict)

    def stranger(self, language: str = "en") -> Person:
        """Someone who is not signed in."""
        http = httpx.Client(base_url=self.base, timeout=20, trust_env=False, verify=_NO_TLS)
        self._open.append(http)
        return Person(http, language=language)

    @cached_property
    def nobody(self) -> Person:
        """A stranger whose connection is kept."""
        return self.stranger()

    def fresh(self, name: str, password: str = PASSWORD, language: str = "en") -> Person:
        """``name`` with a sign-in of their own."""
        person = self.stranger(language)
        answer = person.send("/api/session", {"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        person.csrf = answer.json()["csrf"]
        return person

    def user(self, name: str) -> Person:
        """``name``, signed in once for all tests."""
        if name not in self._known:
            self._known[name] = self.fresh(name)
        return self._known[name]

    def close(self) -> None:
        """Ends every client."""
        for http in self._open:
            http.close()


@contextmanager
def a_door(folder: Path, **settings: Any) -> Iterator[Door]:
    """A server on a fresh database with :data:`USERS` and :data:`PACK`."""
    with an_engine(folder, **settings) as engine, serving(engine) as door:
        yield door


@contextmanager
def an_engine(folder: Path, nodes: Sequence[type[Node[Any]]] = (), **settings: Any) -> Iterator[Engine]:
    """The engine alone; it knows the node types ``nodes``."""
    given = {"database_url": f"sqlite:///{folder / 'taktflow.db'}", "var": folder, "_env_file": None, **settings}
    engine = open_engine(Settings(**given), catalog=Catalog.of(nodes))
    try:
        for name, roles in USERS.items():
            accounts.create_user(engine, name, by=ADMIN, roles=roles, password=PASSWORD)
        publish(engine, PACK)
        yield engine
    finally:
        close_engine(engine)


def publish(engine: Engine, files: Mapping[str, str]) -> None:
    """Publishes ``files``; says what is wrong with them."""
    try:
        publish_files(engine, [File(name, source) for name, source in files.items()], ADMIN)
    except Invalid as wrong:
        raise AssertionError([(f.file, f.line, f.code, dict(f.args)) for f in wrong.findings]) from wrong


@contextmanager
def serving(engine: Engine, heartbeat_s: float = HEARTBEAT_S) -> Iterator[Door]:
    """``engine`` behind a listening server that ends with the block."""
    listening = free_socket("127.0.0.1")
    running = server(engine, heartbeat_s=heartbeat_s)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, name="door", daemon=True)
    thread.start()
    door = Door(engine, f"http://127.0.0.1:{listening.getsockname()[1]}", running)
    try:
        yield door
    finally:
        door.close()
        running.stop()
        thread.join(20)
        listening.close()
        assert not thread.is_alive()
