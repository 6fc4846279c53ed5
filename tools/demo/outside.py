"""The world outside, for one day: sends it over every channel and says how far it is."""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from zoneinfo import ZoneInfo

import httpx

from taktflow_connectors.plant import traffic, traffic_files
from taktflow_connectors.plant.traffic import Delivery, Placed
from tools.demo.day import FILES, Again, Phase, Sent, Typed, Way, phones
from tools.demo.house import PATIENCE_S, Trouble

TITLES: Mapping[Way, str] = {
    "shopify": "Shopify",
    "woocommerce": "WooCommerce",
    "whatsapp": "WhatsApp 目录 catalogue",
    "text": "WhatsApp 文字 text",
    "web": "网页表单 web form",
    "excel": "Excel",
    "csv": "CSV",
}
_AT_ONCE = 4
_TEMPLATES = {"domestic": "国内", "export": "出口"}


@dataclass
class Progress:
    """A bar for each channel, drawn anew in place on a terminal, told once at the end elsewhere."""

    total: Counter[Way]
    _done: Counter[Way] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)
    _drawn: bool = False

    def one(self, way: Way) -> None:
        """One more is sent."""
        with self._lock:
            self._done[way] += 1
            if sys.stdout.isatty():
                self._draw()

    def end(self) -> None:
        """All is sent."""
        if not sys.stdout.isatty():
            self._draw()

    def _draw(self) -> None:
        if self._drawn and self.total:
            sys.stdout.write(f"\x1b[{len(self.total)}A")
        for way, total in self.total.items():
            done = self._done[way]
            bar = ("█" * round(20 * done / total)).ljust(20, "·")
            sys.stdout.write(f"  {padded(TITLES[way], 26)} {bar} {done:3}/{total}\n")
        sys.stdout.flush()
        self._drawn = True


def padded(text: str, width: int) -> str:
    """``text`` filled up to ``width`` columns; Chinese characters take two."""
    taken = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return text + " " * max(0, width - taken)


@dataclass
class Outside:
    """Everybody who sends something. What they send is the same whenever it is sent for the same ``day``."""

    http: httpx.Client
    as_user: Callable[[str], httpx.Client]
    keys: Mapping[str, str]
    folder: Path
    day: date
    zone: ZoneInfo
    forged_refused: int = 0
    _sent: dict[str, Sent] = field(default_factory=dict)
    _files: int = 0

    def send(self, phase: Phase) -> None:
        """Sends all of ``phase``; returns when the files among it are taken."""
        items = list(phase.send)
        self._sent |= {item.order: item for item in items if isinstance(item, Sent)}
        progress = Progress(Counter(self._first(item).by for item in items))
        by_file = [item for item in items if self._first(item).by in FILES]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            jobs = [pool.submit(self._one, item, progress) for item in items if item not in by_file]
            dropped = list(self._drop(by_file, progress))
            self.forged_refused += sum(job.result() for job in jobs)
        self._await_files(dropped)
        progress.end()

    def type_into_erp(self, plant: httpx.Client, typed: Typed) -> None:
        """Somebody types an order into the ERP by hand."""
        lines = [{"sku": sku, "qty": qty} for sku, qty in typed.lines.items()]
        body = {"number": typed.number, "customer": typed.customer, "lines": lines}
        plant.post("/erp/orders", json=body, headers={"idempotency-key": f"by-hand-{typed.number}"}).raise_for_status()

    def _first(self, item: Sent | Again) -> Sent:
        return item if isinstance(item, Sent) else self._sent[item.again]

    def _one(self, item: Sent | Again, progress: Progress) -> bool:
        """Sends one; whether it was a forged one, refused."""
        first = self._first(item)
        delivery = self._delivery(item, first)
        sender = self.as_user(first.signed_in) if first.signed_in else self.http
        answer = sender.post(delivery.path, content=delivery.body, headers=dict(delivery.headers))
        forged = isinstance(item, Again) and item.forged
        if answer.status_code not in ((401,) if forged else (200, 201)):
            raise Trouble(f"{first.order} 未被接收：", f"{first.order}: {answer.status_code} {answer.text[:500]}")
        progress.one(first.by)
        return forged

    def _delivery(self, item: Sent | Again, first: Sent) -> Delivery:
        placed = first.placed(self.day, phones())
        again = item if isinstance(item, Again) else None
        if again is not None and again.lines:
            placed = replace(placed, lines=tuple(again.lines.items()))
        event = f"sample-day-{first.number}-{2 if again is not None and again.new_event else 1}"
        # One moment for all, since what is sent again is sent with the same bytes.
        at = datetime.combine(self.day, time(8), self.zone)
        delivery = self._signed(first.by, placed, event, at)
        return delivery.forged() if again is not None and again.forged else delivery

    def _signed(self, way: Way, placed: Placed, event: str, at: datetime) -> Delivery:
        match way:
            case "shopify":
                return traffic.shopify(placed, self.keys["shopify"], event=event, at=at)
            case "woocommerce":
                return traffic.woocommerce(placed, self.keys["woocommerce"], event=event, at=at)
            case "whatsapp":
                return traffic.whatsapp_order(placed, self.keys["whatsapp"], at=at)
            case "text":
                return traffic.whatsapp_text(placed, self.keys["whatsapp"], at=at)
            case _:
                return traffic.web_form(placed, submission=event)

    # -- files -------------------------------------------------------------------------------------------------------

    def _drop(self, items: Sequence[Sent | Again], progress: Progress) -> Iterator[Path]:
        """Puts a list for each kind of file into the folder, under its name only when it is whole."""
        for way in FILES:
            rows = [self._row(self._first(item)) for item in items if self._first(item).by == way]
            if not rows:
                continue
            self._files += 1
            content = traffic_files.workbook(rows) if way == "excel" else traffic_files.csv_file(rows)
            target = self.folder / f"订单-{self.day}-{self._files}.{'xlsx' if way == 'excel' else 'csv'}"
            part = target.with_suffix(".part")
            part.write_bytes(content)
            part.replace(target)
            for _ in rows:
                progress.one(way)
            yield target

    def _row(self, sent: Sent) -> traffic_files.Row:
        [(sku, qty)] = sent.lines.items()
        return {
            "单号": sent.number,
            "客户": sent.customer,
            "产品": sku,
            "数量": qty,
            "交期": self.day + timedelta(days=sent.due) if sent.due is not None else None,
            "模板": _TEMPLATES.get(sent.template or ""),
            "加急": "是" if sent.urgent else None,
            "录入人": sent.entered_by,
        }

    def _await_files(self, dropped: Sequence[Path]) -> None:
        until = monotonic() + PATIENCE_S
        while any(path.exists() for path in dropped):
            if monotonic() > until:
                raise Trouble(f"{self.folder} 中的文件没有被读取。", f"The files in {self.folder} were not taken.")
            sleep(0.1)
