"""The channel contract: how orders and messages of the outside come in, raw, signed and possibly twice.

Found through the entry point group ``taktflow.channels``. A webhook is answered fast: verify, keep the raw body,
return; its events are taken out of the kept body afterwards. A folder is polled.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from taktflow.sdk.connector import ConnectorConfig
from taktflow.values import Json, Text


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came: ``headers`` have lower-case names, ``body`` is untouched."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class RawResponse:
    """An answer that a channel wants to give itself, such as a challenge."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class ChannelEvent:
    """One thing that happened outside. ``id`` is the sender's and makes a second delivery harmless."""

    id: str
    topic: str
    payload: Json
    headers: Mapping[str, str] = field(default_factory=dict)


class SignatureWrong(Exception):
    """The request is not proven to come from the sender; ``reason`` is for the log, never for the caller."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class BodyUnreadable(Exception):
    """The verified body is not what this channel sends; ``reason`` says what is wrong with it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Batch:
    """One polled source, such as a file: its events, and ``accept``/``reject`` tokens for :meth:`Channel.settle`."""

    name: str
    events: Sequence[ChannelEvent]
    problems: Sequence[str] = ()


CC = TypeVar("CC", bound=ConnectorConfig)


class Channel(ABC, Generic[CC]):
    """One kind of way in. A channel may take webhooks, be polled, or both."""

    kind: ClassVar[str]
    title: ClassVar[Text]
    Config: ClassVar[type[ConnectorConfig]]
    polled: ClassVar[bool] = False

    def __init__(self, config: CC) -> None:
        self.config = config

    def challenge(self, request: RawRequest) -> RawResponse | None:  # The base has none.
        """The answer to a sender's proof-of-ownership question; ``None`` when the request is no such question.

        Raises :class:`SignatureWrong` when the question does not carry our token.
        """
        return None

    def verify(self, request: RawRequest) -> None:
        """Raises :class:`SignatureWrong` unless the raw body is signed by the sender."""
        raise SignatureWrong("this channel takes no webhooks")

    def events(self, request: RawRequest) -> Sequence[ChannelEvent]:
        """The events in a verified request, in order; raises :class:`BodyUnreadable`."""
        raise BodyUnreadable("this channel takes no webhooks")

    def poll(self) -> Iterator[Batch]:
        """What is waiting outside, one batch a source; nothing is removed until :meth:`settle`."""
        return iter(())

    def settle(self, batch: Batch, *, accepted: bool) -> None:  # Webhooks have nothing to settle.
        """Tells the source that ``batch`` is stored (or refused), after the commit that holds it."""
