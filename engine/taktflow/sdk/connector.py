"""The connector contract: how one kind of system (ERP, WMS, any HTTP service) is read and written.

Found through the entry point group ``taktflow.connectors``. A *connection* definition names the connector and holds its
``Config``, its streams (what can be read) and its actions (what can be done), each described by the connector's models.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from taktflow.values import Text, Value


class Secret:
    """Marks a setting that must be written ``secret:name``; at run time it holds the secret itself, never shown.

    >>> token: Annotated[str, Secret()]
    """

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        found = handler(schema)
        found["format"] = "secret"
        found["writeOnly"] = True
        return found


class ConnectorConfig(BaseModel):
    """Base of connector settings, streams and actions: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


@dataclass(frozen=True, slots=True)
class TestReport:
    """What a connection test found; ``ok`` is the verdict, ``message`` says what to do when it is not."""

    __test__ = False  # Not a test, whatever pytest thinks of the name.
    ok: bool
    message: Text
    latency_ms: float | None = None


CC = TypeVar("CC", bound=ConnectorConfig)
CS = TypeVar("CS", bound=ConnectorConfig)
CA = TypeVar("CA", bound=ConnectorConfig)


class Connector(ABC, Generic[CC, CS, CA]):
    """One kind of system. One object is opened per connection version and serves all threads until closed."""

    kind: ClassVar[str]
    title: ClassVar[Text]
    Config: ClassVar[type[ConnectorConfig]]
    Stream: ClassVar[type[ConnectorConfig]]
    Action: ClassVar[type[ConnectorConfig]]

    def __init__(self, config: CC) -> None:
        self.config = config

    @abstractmethod
    def read(self, stream: CS, query: Mapping[str, Value], *, timeout_s: float | None) -> Value:
        """The records ``stream`` answers for ``query``; raises NodeError (timeout, unavailable, rejected)."""

    @abstractmethod
    def act(self, action: CA, data: Mapping[str, Value], *, key: str, timeout_s: float | None) -> Value:
        """Performs ``action`` with the idempotency key ``key``; same errors as :meth:`read`.

        A timeout after the request left is raised with ``unknown=True``: it may have happened.
        """

    @abstractmethod
    def test(self) -> TestReport:
        """Whether the system answers and lets us in; never raises for a system that does not."""

    def close(self) -> None:  # Most connectors hold nothing.
        """Lets go of sockets and the like."""
