"""What a node may wait for: spans of time, moments, messages, broadcasts, conditions, locks."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import Field

from taktflow.definitions.envelope import Computed, Feel, Flag, Model, Open, Ref, Slug


class Work(Model):
    """A duration counted in the working time of a calendar."""

    work: str = Field(description="ISO 8601 duration of working time, such as PT4H.")
    calendar: Ref


Span: TypeAlias = str | Work | Computed
"""An ISO 8601 duration in wall-clock time, in working time, or computed."""


class Trigger(Model):
    """What is waited for: a span of time, a moment, a message, a broadcast, or a condition that comes true."""

    after: Span | None = None
    until: Feel | None = Field(None, description="A date and time.")
    message: str | None = None
    key: Open = Field(None, description="The correlation key of the message; the business key when unset.")
    broadcast: str | None = Field(None, description="A broadcast, heard only while it is waited for.")
    when: Feel | None = Field(
        None, description="A condition over the variables; instance.at lists the nodes at which the instance stands."
    )
    out: str | None = Field(None, description="Where the payload of the message or broadcast goes.")


class Boundary(Trigger):
    """What may happen while a node waits. It goes on at ``to``: instead of the node, or beside it."""

    to: Slug
    interrupt: Flag = Field(True, description="Ends the node; otherwise the node goes on and a second path begins.")
    every: Flag = Field(False, description="Happens each time, not only once (beside the node).")
    escalation: Slug | None = Field(None, description="An escalation of this name from inside the node.")


class Lock(Model):
    """A thing that one instance at a time may use: a machine, a mould, an inspector."""

    name: Open = Field(description="Which thing, such as {$: order.machine}; its queue can be looked at.")


class Opened(Model):
    """How items are added to a for-each that runs, and how it learns that no more will come."""

    add: str = Field(description="The message whose payload is one more item.")
    close: str = Field(description="The message after which none comes.")
    key: Open = Field(None, description="The correlation key of both; the business key when unset.")
