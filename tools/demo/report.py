"""What a day came to: counted, compared with what it must come to, and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx

from tools.demo.day import Expected, Sent
from tools.demo.office import Office
from tools.demo.outside import padded

Figure: TypeAlias = int | dict[str, int]

_STATES: Mapping[str, tuple[str, str]] = {
    "booked": ("已登记到 ERP", "booked in the ERP"),
    "held": ("暂停，等主管确认", "held, wait for a supervisor"),
    "suspected": ("疑似重复，等判断", "suspected duplicates, wait to be judged"),
    "unclear": ("客户待定", "wait for a customer's name"),
    "unpriced": ("待财务定价", "wait for a price"),
    "accepted": ("已受理，登记未成", "accepted, booking failed"),
    "received": ("处理中", "being worked on"),
    "refused": ("已拒绝", "refused"),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """The figures of a day: those of the last line, all others, and the orders' states."""

    last_line: dict[str, int]
    details: dict[str, Figure]
    states: dict[str, str]

    def line(self) -> str:
        """The one line that a program reads."""
        return " ".join(f"{name}={count}" for name, count in self.last_line.items())


def counted(office: Office, plant: httpx.Client, forged_refused: int) -> Counted:
    """Counts what stands in the order master, the inboxes and the plant's books now."""
    orders = [r["fields"] for r in office.records("order")]
    states = Counter(o["state"] for o in orders)
    ends = Counter(i["outcome"] for i in office.instances(workflow="order_intake", status="ended"))
    incidents = len(office.incidents())
    last_line = {
        "orders": len(orders),
        "booked": states["booked"],
        "held": states["held"],
        "refused": states["refused"],
        "duplicates": states["suspected"],
        "incidents": incidents,
    }
    overseas = [o for o in orders if o.get("region") not in (None, "CN")]
    booked = Counter(o["number"] for o in _erp_orders(plant))
    details: dict[str, Figure] = {
        "states": dict(states),
        "channels": dict(Counter(o["channel"] for o in orders)),
        "ever_suspected": sum(bool(o.get("suspects")) for o in orders),
        "top_of_queue": sum(o.get("queue") == "top" for o in orders),
        "progress_pages": len(office.records("progress_link")),
        "overseas_fob": sum(o.get("incoterm") == "FOB" for o in overseas),
        "overseas_otherwise": sum(o.get("incoterm") not in (None, "FOB") for o in overseas),
        "by_last_known_stock": sum(o.get("stock_source") == "last_known" for o in orders),
        "released_by_another_person": sum(
            bool(o.get("released_by")) and o.get("released_by") != o.get("submitted_by") for o in orders
        ),
        "repeats_ended": ends["repeated"],
        "repeats_that_differ": ends["differs"],
        "forged_refused": forged_refused,
        "acts_refused": office.acts_refused,
        "alerts": {who: len(office.alerts(who)) for who in ("key_account_manager", "sales", "planner")},
        "erp_orders": sum(booked.values()),
        "erp_doubled": sum(count - 1 for count in booked.values()),
        "open_tasks": office.figures()["taktflow_user_tasks_open"],
        "purchase_requests": dict(Counter(r["fields"]["state"] for r in office.records("purchase_request"))),
    }
    return Counted(last_line, details, {o["number"]: o["state"] for o in orders})


def _erp_orders(plant: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = plant.get("/erp/orders", params={"limit": 1000, "after": found[-1]["no"] if found else ""}).json()
        found += page["orders"]
        if page["next"] is None:
            return found


def differences(found: Counted, wanted: Expected, sent: Sequence[Sent]) -> Iterator[str]:
    """Every figure and every order that is not as it must be."""
    for name, count in wanted.last_line.items():
        if found.last_line.get(name) != count:
            yield f"{name}: {found.last_line.get(name)}, expected {count}"
    for name, figure in wanted.details.items():
        if found.details.get(name) != figure:
            yield f"{name}: {found.details.get(name)}, expected {figure}"
    for one in sent:
        ends = found.states.get(one.order, "none")
        if ends != one.ends:
            yield f"{one.order}: {ends}, expected {one.ends}"


def table(found: Counted) -> Iterator[str]:
    """The summary in both languages, a line each."""
    rows = [("订单", "orders", found.last_line["orders"])]
    states = found.details["states"]
    assert isinstance(states, dict)
    rows += [(f"  {zh}", f"  {en}", states[name]) for name, (zh, en) in _STATES.items() if states.get(name)]
    alerts = found.details["alerts"]
    assert isinstance(alerts, dict)
    rows += [
        ("曾疑似重复", "were suspected of repeating another", _number(found, "ever_suspected")),
        ("重发被识别", "repeats known again", _number(found, "repeats_ended") + _number(found, "repeats_that_differ")),
        ("S 级订单置顶", "S-class orders on top, manager told", _number(found, "top_of_queue")),
        ("海外订单均为 FOB", "overseas orders, all FOB", _number(found, "overseas_fob")),
        ("仓库停止答复时用最近库存", "by the last known stock", _number(found, "by_last_known_stock")),
        ("由他人放行", "released by another person", _number(found, "released_by_another_person")),
        ("事件（等操作员）", "incidents, wait for an operator", found.last_line["incidents"]),
        ("发出的通知", "alerts told", sum(alerts.values())),
        ("待办", "open tasks", _number(found, "open_tasks")),
        ("ERP 账上的订单", "orders in the ERP's books", _number(found, "erp_orders")),
        ("  其中重复登记", "  of them booked twice", _number(found, "erp_doubled")),
    ]
    for zh, en, count in rows:
        yield f"  {padded(zh, 28)}{padded(en, 42)}{count:5}"


def _number(found: Counted, name: str) -> int:
    figure = found.details[name]
    assert isinstance(figure, int)
    return figure
