"""The sample day as it is written down: who sends what, what people do about it, and what it must come to."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field

from taktflow_connectors.plant.traffic import Placed

ROOT = Path(__file__).resolve().parents[2]
PACKS = (ROOT / "workflows" / "order-to-cash", ROOT / "workflows" / "purchase-approval")
SAMPLE = PACKS[0] / "sample"

Way: TypeAlias = Literal["shopify", "woocommerce", "whatsapp", "text", "web", "excel", "csv"]
FILES: tuple[Way, ...] = ("excel", "csv")
_PREFIX = {"shopify": "SH-", "woocommerce": "WC-", "whatsapp": "WA-", "text": "WA-", "excel": "XL-", "csv": "XL-"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Words(_Part):
    """The same words in Chinese and English."""

    zh: str
    en: str


class Sent(_Part):
    """Something that reaches the company for the first time; ``due`` is in days from the day of sending."""

    by: Way
    number: str
    customer: str | None = None
    contact: str = ""
    phone: str = ""
    lines: dict[str, int] = Field(default_factory=dict)
    text: str = ""
    template: Literal["domestic", "export"] | None = None
    due: int | None = None
    urgent: bool = False
    entered_by: str | None = None
    signed_in: str | None = None
    ends: str

    @property
    def order(self) -> str:
        """The order's number in the order master."""
        return f"WEB-{self.customer}-{self.number}" if self.by == "web" else _PREFIX[self.by] + self.number

    def placed(self, day: date, phones: dict[str, str]) -> Placed:
        """As the customer places it on ``day``."""
        due = day + timedelta(days=self.due) if self.due is not None else None
        return Placed(
            self.number,
            tuple(self.lines.items()),
            customer=self.customer,
            contact=self.contact,
            phone=self.phone or phones.get(self.customer or "", ""),
            template=self.template,
            due=due,
            urgent=self.urgent,
            text=self.text.format(due=due.isoformat() if due else ""),
        )


class Again(_Part):
    """Something sent once more: as it was, under a new event, with other lines, or with a body nobody signed."""

    again: str
    new_event: bool = False
    forged: bool = False
    lines: dict[str, int] = Field(default_factory=dict)


class Typed(_Part):
    """An order that somebody typed into the ERP by hand."""

    number: str
    customer: str
    lines: dict[str, int]


class Request(_Part):
    """A form that somebody of the staff fills in."""

    who: str = Field(alias="as")
    form: str
    number: str
    data: dict[str, Any]


class Act(_Part):
    """A task that somebody decides, or tries to: then ``refused`` is the code of the rule that stops them."""

    who: str = Field(alias="as")
    order: str | None = None
    workflow: str | None = None
    does: str
    data: dict[str, Any] = Field(default_factory=dict)
    refused: str | None = None


class Phase(_Part):
    """A part of the day; ``wms`` is how the warehouse system behaves meanwhile."""

    id: str
    title: Words
    wms: Literal["none", "hang", "503"] = "none"
    typed_into_erp: tuple[Typed, ...] = ()
    send: tuple[Sent | Again, ...] = ()
    requests: tuple[Request, ...] = ()
    people: tuple[Act, ...] = ()


class Day(_Part):
    """The whole day."""

    phases: tuple[Phase, ...]

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What is sent for the first time."""
        return tuple(s for phase in self.phases for s in phase.send if isinstance(s, Sent))


class Expected(_Part):
    """What the day must come to; ``meaning`` says how each figure is counted."""

    meaning: dict[str, str]
    last_line: dict[str, int]
    details: dict[str, int | dict[str, int]]


def sample_day() -> Day:
    """The day that comes with the pack."""
    return Day.model_validate(_yaml("day.yaml"))


def expected() -> Expected:
    """What it must come to."""
    return Expected.model_validate(_yaml("expected.yaml"))


def table(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the sample."""
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def phones() -> dict[str, str]:
    """The number under which each customer writes."""
    return {row["code"]: row["phone"] for row in table("customers")}


def _yaml(name: str) -> Any:
    return yaml.safe_load((SAMPLE / name).read_text(encoding="utf-8"))
