"""The other kinds of definition, and the pack that holds them together."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from taktflow.definitions.decision import Decision
from taktflow.definitions.envelope import (
    AlsoItems,
    DataField,
    Envelope,
    FieldType,
    Model,
    Principal,
    Slug,
    Words,
)
from taktflow.definitions.formula import Formula
from taktflow.definitions.workflow import Workflow


class FormField(DataField):
    """A field of a form; without a type it is the field of that name of the form's entity."""

    type: FieldType | None = None  # type: ignore[assignment]  # Only here the type may be left to the entity.


class Form(Envelope):
    """What a person fills in; drawn from this description alone."""

    kind: Literal["form"]
    fields: dict[Slug, FormField] = Field(min_length=1)
    entity: Slug | None = Field(None, description="Fields without a type take it from this entity.")
    submit: Words | None = None
    thanks: Words | None = None


class Unique(Model):
    """Fields whose values together occur once."""

    fields: tuple[Slug, ...] = Field(min_length=1, max_length=4)


def _unique(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [{"fields": [v] if isinstance(v, str) else v} if not isinstance(v, dict) else v for v in value]
    return value


_UNIQUE = {
    "anyOf": [
        {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,62}$"},
        {
            "type": "array",
            "items": {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,62}$"},
            "minItems": 1,
            "maxItems": 4,
        },
    ],
    "description": "A field, or the list of fields whose values together occur once.",
}


class Entity(Envelope):
    """A type of record: every write is checked against it, and its history is kept."""

    kind: Literal["entity"]
    fields: dict[Slug, DataField] = Field(min_length=1)
    key: Slug = Field(description="The field that names a record to people, unique, never changed.")
    unique: Annotated[tuple[Unique, ...], BeforeValidator(_unique), AlsoItems(_UNIQUE)] = ()
    index: tuple[Slug, ...] = Field((), max_length=8, description="Fields that lists filter and sort by.")
    read: tuple[Principal, ...] = Field((), description="Who may read; anyone signed in when empty.")
    write: tuple[Principal, ...] = Field((), description="Who may write by hand; nobody when empty.")


class Connection(Envelope):
    """A configured system (connector) or way in (channel). Secrets are written ``secret:name``."""

    kind: Literal["connection"]
    connector: str | None = None
    channel: str | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    streams: dict[Slug, dict[str, Any]] = Field(default_factory=dict, description="What can be read.")
    actions: dict[Slug, dict[str, Any]] = Field(default_factory=dict, description="What can be done.")


Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Calendar(Envelope):
    """Working time: hours of each weekday such as ``08:00-12:00``, holidays, and days with hours of their own."""

    kind: Literal["calendar"]
    timezone: str = "Asia/Shanghai"
    week: dict[Weekday, tuple[str, ...]]
    holidays: tuple[str, ...] = Field((), description="ISO dates on which nobody works.")
    special: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="ISO date to that day's hours.")


class Role(Model):
    """A role people can hold in this pack."""

    title: Words


class Pack(Envelope):
    """A folder of definitions that belong together and are published together."""

    kind: Literal["pack"]
    roles: dict[Slug, Role] = Field(default_factory=dict)
    needs: tuple[str, ...] = Field((), description="Node types, connectors and channels that must be installed.")


Definition: TypeAlias = Workflow | Decision | Formula | Form | Entity | Connection | Calendar | Pack

KINDS: dict[str, type[Envelope]] = {
    "workflow": Workflow,
    "decision": Decision,
    "formula": Formula,
    "form": Form,
    "entity": Entity,
    "connection": Connection,
    "calendar": Calendar,
    "pack": Pack,
}
