"""The company's people and programs, through the same HTTP door that everybody uses."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from taktflow.services import accounts, passwords
from taktflow.services.caller import ENGINE
from taktflow.services.engine import Engine, close_engine, open_engine
from taktflow.settings import Settings
from tools.demo.day import PACKS, SAMPLE, Act, Request, table
from tools.demo.house import PATIENCE_S, House, Trouble, client

TOKEN_TITLE = "sample day"  # noqa: S105  # The name of the tokens, not one of them.
_METRIC = re.compile(r"^(\w+)(?:\{(.*)\})? ([0-9.]+)$", re.MULTILINE)


def prepare(house: House, *, new_passwords: bool) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """A token for each of the demo's people, and name, roles and password of those whose password is new."""
    settings = Settings(database_url=house.database_url, var=house.var)
    engine = open_engine(settings)
    try:
        told = [(name, ", ".join(roles), password) for name, roles, password in accounts.ensure_demo_users(engine)]
        if new_passwords:
            told = [_new_password(engine, name, roles) for name, _, roles in accounts.DEMO_USERS]
        until = engine.now() + timedelta(hours=1)
        tokens = {
            name: accounts.create_token(engine, by=ENGINE, title=TOKEN_TITLE, expires_at=until, user_name=name)[1]
            for name, _, _ in accounts.DEMO_USERS
        }
    finally:
        close_engine(engine)
    return tokens, told


def _new_password(engine: Engine, name: str, roles: tuple[str, ...]) -> tuple[str, str, str]:
    password = passwords.random_password()
    accounts.change_user(engine, name, by=ENGINE, password=password)
    return name, ", ".join(roles), password


class Office:
    """Everybody at their desks; close it at the end of the day."""

    def __init__(self, base: str, tokens: Mapping[str, str]) -> None:
        self._open = ExitStack()
        self._people = {name: self._open.enter_context(client(base, token)) for name, token in tokens.items()}
        self.acts_refused = 0

    def close(self) -> None:
        """Ends the tokens and the connections."""
        admin = self._people["admin"]
        ours = [t for t in admin.get("/api/tokens").json() if t["title"] == TOKEN_TITLE and t["revoked_at"] is None]
        # The one that ends the others goes last.
        for token in sorted(ours, key=lambda t: t["user"] == "admin"):
            admin.delete(f"/api/tokens/{token['id']}")
        self._open.close()

    def person(self, name: str) -> httpx.Client:
        """The desk of ``name``."""
        return self._people[name]

    # -- the house in order ------------------------------------------------------------------------------------------

    def publish(self) -> Iterator[tuple[str, int, int]]:
        """Publishes each pack: its name, how many definitions are new, and how many cases passed."""
        for pack in PACKS:
            # Price lists and their cases stand in files of their own.
            files = [f for f in sorted(pack.rglob("*")) if f.suffix in (".yaml", ".csv") and SAMPLE not in f.parents]
            body = [{"name": _name(f, pack), "source": f.read_text(encoding="utf-8")} for f in files]
            done = self.ask("analyst", "POST", "/api/packs/publish", {"files": body})
            yield pack.name, len(done["published"]), done["cases"]

    def load_master_data(self) -> dict[str, int]:
        """Adds customers, products and last known stock that are not there yet; how many of each."""
        customers = [{name: value for name, value in row.items() if value} for row in table("customers")]
        products = [
            {
                "sku": row["sku"],
                "names": row["names"].split("|"),
                "min_qty": int(row["min_qty"]),
                "active": row["active"] == "true",
            }
            for row in table("products")
        ]
        stock = [{"sku": row["sku"], "sellable": int(row["last_known"])} for row in table("stock")]
        return {
            "customer": self._add("sales", "customer", "code", customers),
            "product": self._add("planner", "product", "sku", products),
            "stock": self._add("planner", "stock", "sku", stock),
        }

    def _add(self, who: str, entity: str, key: str, rows: list[dict[str, Any]]) -> int:
        known = {record["id"] for record in self.records(entity, who)}
        new = [row for row in rows if row[key] not in known]
        for row in new:
            self.ask(who, "POST", f"/api/records/{entity}", {"fields": row, "why": "sample data"})
        return len(new)

    # -- the day -----------------------------------------------------------------------------------------------------

    def fill_in(self, request: Request) -> None:
        """Somebody of the staff fills in a form."""
        body = {"submission_id": f"sample-day-{request.number}", "data": request.data}
        self.ask(request.who, "POST", f"/api/forms/{request.form}", body)

    def act(self, act: Act) -> bool:
        """Somebody decides a task, or is refused as they must be; False when there is nothing to decide any more."""
        task = self._task(act)
        if task is None:
            return False
        body = {"outcome": act.does, "data": act.data}
        answer = self._people[act.who].post(f"/api/user-tasks/{task}/decide", json=body)
        code = None if answer.is_success else answer.json().get("code")
        if code != act.refused:
            raise Trouble(
                f"{act.who} 处理 {act.order or act.workflow} 的结果是 {code or '成功'}，应为 {act.refused or '成功'}。",
                f"{act.who} at {act.order or act.workflow} came to {code or 'done'}, not {act.refused or 'done'}.",
            )
        self.acts_refused += act.refused is not None
        return True

    def _task(self, act: Act) -> str | None:
        """The open task that is meant, whoever may see it."""
        wanted = {"key": act.order} if act.order else {"workflow": act.workflow}
        for http in self._people.values():
            found = http.get("/api/user-tasks", params={**wanted, "limit": 1}).json()["items"]
            if found:
                return str(found[0]["id"])
        return None

    def settle(self) -> None:
        """Waits until everything stands still: what still runs waits for a person."""
        until = time.monotonic() + PATIENCE_S
        while not self._still():
            if time.monotonic() > until:
                raise Trouble(f"{PATIENCE_S:.0f} 秒后仍有工作未完成。", f"After {PATIENCE_S:.0f} s there is work left.")
            time.sleep(0.15)

    def _still(self) -> bool:
        figures = self.figures()
        owed = sum(figures.get(f"taktflow_{n}", 0) for n in ("effects", "inbound_pending", "writer_queue"))
        waiting = figures["taktflow_user_tasks_open"] + figures["taktflow_incidents_open"]
        return owed == 0 and figures.get("taktflow_instances running", 0) == waiting

    def figures(self) -> dict[str, int]:
        """The server's figures by name, instances by name and status; labels besides are summed up."""
        found: dict[str, int] = {}
        for name, labels, value in _METRIC.findall(self.text("operator", "/metrics")):
            status = re.search(r'status="(\w+)"', labels or "")
            key = f"{name} {status[1]}" if status and name == "taktflow_instances" else name
            found[key] = found.get(key, 0) + int(float(value))
        return found

    # -- looking -----------------------------------------------------------------------------------------------------

    def records(self, entity: str, who: str = "supervisor", **where: str) -> list[dict[str, Any]]:
        """Every record of ``entity``."""
        return self._all(who, f"/api/records/{entity}", where)

    def any_order(self) -> bool:
        """Whether there is an order already."""
        return bool(self.ask("supervisor", "GET", "/api/records/order", limit=1)["items"])

    def instances(self, **where: str) -> list[dict[str, Any]]:
        """Instances, as an operator sees them."""
        return self._all("operator", "/api/instances", where)

    def alerts(self, who: str) -> list[dict[str, Any]]:
        """What ``who`` was told."""
        return self._all(who, "/api/alerts", {})

    def incidents(self) -> list[dict[str, Any]]:
        """What waits for an operator."""
        return self._all("operator", "/api/incidents", {})

    def _all(self, who: str, path: str, where: Mapping[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.ask(who, "GET", path, None, limit=500, **where, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return found

    def ask(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """What the server answers ``who``; Trouble when that is no success."""
        return self._asked(who, method, path, body, params).json()

    def text(self, who: str, path: str) -> str:
        """The same, as text."""
        return self._asked(who, "GET", path, None, {}).text

    def _asked(self, who: str, method: str, path: str, body: Any, params: Mapping[str, Any]) -> httpx.Response:
        answer = self._people[who].request(method, path, json=body, params=params)
        if not answer.is_success:
            raise Trouble(f"{who} {method} {path} 被拒绝：", f"{answer.status_code} {answer.text[:1500]}")
        return answer


def _name(file: Path, pack: Path) -> str:
    return file.relative_to(pack).as_posix()
