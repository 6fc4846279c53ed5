"""How a case is written: what is given, what happens, what is expected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field, model_validator

from taktflow.definitions.envelope import Flag, Model, Slug, Words

DEFAULT_MOMENT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""When a case happens unless it says otherwise: a Monday, 09:00 in Shanghai."""


class Act(Model):
    """One thing that happens after the start: a person decides, a message or broadcast comes, time passes.

    With ``begin`` another instance of that workflow starts; ``of`` names the instance whose task is decided.
    """

    task: Slug | None = Field(None, description="The node whose open task is decided.")
    by: str = "somebody"
    roles: tuple[str, ...] = ()
    outcome: str = ""
    data: dict[str, Any] = Field(default_factory=dict)
    refused: str | None = Field(None, description="The code of the rule that must refuse the act.")
    of: str | None = Field(None, description="The instance that is meant, by the name it began with.")
    message: str | None = None
    key: str = ""
    payload: Any = None
    early: Flag = Field(False, description="The message comes before anyone waits for it.")
    broadcast: str | None = None
    begin: Slug | None = Field(None, description="A name for another instance that starts now.")
    workflow: Slug | None = Field(None, description="What it is an instance of; the case's workflow when unset.")
    wait: str | None = Field(None, description="ISO 8601 duration that passes.")

    @model_validator(mode="after")
    def _one_thing(self) -> Act:
        if sum(x is not None for x in (self.task, self.message, self.wait, self.broadcast, self.begin)) != 1:
            raise ValueError("an act is one of task, message, wait, broadcast or begin")
        return self


class Mocked(Model):
    """What a node that talks to a system answers: a value, or an error with its code."""

    value: Any = None
    error: str | None = None
    retryable: bool = False
    unknown: bool = False


class Stands(Model):
    """Where another instance stands."""

    status: str | None = None
    waits_at: tuple[Slug, ...] | None = None


class Expected(Model):
    """What must hold afterwards; what is not named is not looked at."""

    value: Any = Field(None, description="The answer of a decision or formula.")
    row: str | None = Field(None, description="The id of the row that answered.")
    error: str | None = Field(None, description="The error code, of a decision, a formula or the start.")
    status: str | None = None
    outcome: str | None = None
    waits_at: tuple[Slug, ...] | None = Field(None, description="The nodes at which the instance waits.")
    visited: tuple[Slug, ...] = ()
    not_visited: tuple[Slug, ...] = ()
    variables: dict[str, Any] = Field(default_factory=dict, description="Dotted path to value.")
    holds: tuple[str, ...] = Field((), description="FEEL over the variables that must be true.")
    records: dict[Slug, dict[str, dict[str, Any] | None]] = Field(
        default_factory=dict, description="Entity, record id, and the fields it must have; null when there is none."
    )
    alerts: tuple[str, ...] | None = Field(None, description="The principals told, in order.")
    calls: dict[Slug, int] = Field(default_factory=dict, description="How often a node was performed.")
    sent: dict[Slug, dict[str, Any]] = Field(
        default_factory=dict, description="What a node's last call was given, its idempotency key as `key`."
    )
    instances: dict[Slug, Stands] = Field(default_factory=dict, description="Where instances that began later stand.")
    incidents: tuple[str, ...] | None = Field(None, description="The codes of open incidents.")


class Case(Model):
    """One case of a workflow, decision or formula."""

    name: str | Words
    mission: tuple[str, ...] = ()
    workflow: Slug | None = None
    decision: Slug | None = None
    formula: Slug | None = None
    start: Slug | None = None
    by: str = "somebody"
    at: datetime = DEFAULT_MOMENT
    given: Any = None
    records: dict[Slug, tuple[dict[str, Any], ...]] = Field(default_factory=dict)
    mock: dict[Slug, Mocked | tuple[Mocked, ...]] = Field(default_factory=dict)
    act: tuple[Act, ...] = ()
    expect: Expected

    @model_validator(mode="after")
    def _one_subject(self) -> Case:
        if sum(x is not None for x in (self.workflow, self.decision, self.formula)) != 1:
            raise ValueError("a case is about one workflow, decision or formula")
        if self.at.tzinfo is None:
            raise ValueError("at needs a time zone, such as 2026-03-02T09:00:00+08:00")
        return self

    @property
    def title(self) -> str:
        """The case's name as one text."""
        return self.name if isinstance(self.name, str) else self.name.en


class CaseFile(Model):
    """A ``cases.yaml``."""

    note: str | None = None
    defaults: dict[str, Any] = Field(default_factory=dict, description="Keys every case has unless its own.")
    cases: tuple[Case, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or not isinstance(raw.get("defaults"), dict):
            return raw
        cases = [_laid_over(raw["defaults"], c) if isinstance(c, dict) else c for c in raw.get("cases", ())]
        return {**raw, "cases": cases}


def _laid_over(below: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """``case`` over the defaults; records and mocks are joined key by key."""
    joined = {**below, **case}
    for part in ("records", "mock"):
        if part in below and part in case:
            joined[part] = {**below[part], **case[part]}
    return joined
