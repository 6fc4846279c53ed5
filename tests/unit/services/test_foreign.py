"""Plug-ins may do what they like; what comes over the wall is known."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import field_validator
from structlog.testing import capture_logs

from taktflow.errors import NotFound
from taktflow.sdk import (
    BodyUnreadable,
    Channel,
    ChannelEvent,
    ConnectorConfig,
    Node,
    NodeConfig,
    NodeContext,
    NodeError,
    RawRequest,
    Result,
    Text,
)
from taktflow.sdk.testing import MemoryLibrary
from taktflow.services.foreign import Through, configured, invoked, read_events

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CONTEXT = NodeContext(
    instance="i", node="n", key="k", now=NOW, zone=ZoneInfo("UTC"), scope={}, library=MemoryLibrary(), by="ann"
)


class Settings(NodeConfig):
    """What the plug-in below is told."""

    n: int = 0

    @field_validator("n")
    @classmethod
    def _odd(cls, n: int) -> int:
        if n < 0:
            raise LookupError("its own kind of trouble")
        return n


class Doing(Node[Settings]):
    """Does what the test says."""

    kind = "test.doing"
    title = Text("做", "Do")
    idempotency = "pure"
    Config = Settings

    def __init__(self, act: Any) -> None:
        self._act = act

    def run(self, config: Settings, context: NodeContext) -> Result:
        """Whatever the act gives."""
        if isinstance(self._act, BaseException):
            raise self._act
        return self._act  # type: ignore[no-any-return]  # Anything, which is the point.


def refused(act: Any) -> NodeError:
    with capture_logs(), pytest.raises(NodeError) as broken:
        invoked(Doing(act), Settings(), CONTEXT)
    return broken.value


def test_a_result_comes_over_with_exact_numbers() -> None:
    result = invoked(Doing(Result(value={"a": [1, 0.1]}, trace={"n": 1})), Settings(), CONTEXT)

    assert result.value == {"a": [Decimal(1), Decimal("0.1")]}
    assert result.trace == {"n": Decimal(1)}


@pytest.mark.parametrize(
    "act", [KeyError("x"), SystemExit(2), GeneratorExit(), MemoryError(), None, "text", Result(value=object())]
)
def test_whatever_else_a_node_does_is_a_crash_whose_outcome_is_unknown(act: Any) -> None:
    problem = refused(act)

    assert problem.code == "node.crashed"
    assert problem.unknown
    assert "test.doing" in problem.text.en


def test_a_nodes_own_error_keeps_its_code_and_tells_its_details_in_words_when_nothing_else_will_do() -> None:
    problem = refused(NodeError("own", "mine", retryable=True, details={"odd": object()}))

    assert (problem.code, problem.retryable) == ("own", True)
    assert isinstance(problem.details, str)
    assert "odd" in problem.details


def test_an_error_of_ours_keeps_its_code_and_both_languages() -> None:
    problem = refused(NotFound("record.unknown", entity="part", id="A"))

    assert problem.code == "record.unknown"
    assert problem.text.zh != problem.text.en


def test_a_trace_that_no_value_can_hold_does_not_cost_the_result() -> None:
    result = invoked(Doing(Result(value=1, trace={object()})), Settings(), CONTEXT)

    assert result.value == 1
    assert isinstance(result.trace, str)


@pytest.mark.parametrize("passing", [KeyboardInterrupt(), Through()])
def test_only_an_interrupt_and_our_own_signals_pass(passing: BaseException) -> None:
    with pytest.raises(type(passing)):
        invoked(Doing(passing), Settings(), CONTEXT)


@pytest.mark.parametrize(("n", "code"), [("many", "config.invalid"), (-1, "node.crashed")])
def test_unusable_settings_name_the_node_or_its_broken_validator(n: Any, code: str) -> None:
    with capture_logs(), pytest.raises(NodeError) as wrong:
        configured(Doing(None), {"n": n}, "price")

    assert wrong.value.code == code
    assert ("price" if code == "config.invalid" else "LookupError") in wrong.value.text.en


class Reading(Channel[ConnectorConfig]):
    """Reads what the test says."""

    kind = "reading"
    title = Text("读", "Read")
    Config = ConnectorConfig
    act: Any = ()

    def events(self, request: RawRequest) -> list[ChannelEvent]:
        """Whatever the act gives."""
        if isinstance(self.act, BaseException):
            raise self.act
        return list(self.act)


@pytest.mark.parametrize("act", [KeyError("x"), SystemExit(1), BodyUnreadable("torn"), 5])
def test_a_channel_that_breaks_over_a_kept_body_makes_it_unreadable_and_nothing_worse(act: Any) -> None:
    channel = Reading(ConnectorConfig())
    channel.act = act

    with capture_logs(), pytest.raises(BodyUnreadable):
        read_events(channel, RawRequest("POST", {}, {}, b"", NOW))
