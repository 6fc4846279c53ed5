"""The wall to foreign code: whatever a plug-in does, a result or an error that we know comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import structlog
from pydantic import ValidationError

from taktflow.errors import TaktflowError
from taktflow.sdk import (
    BodyUnreadable,
    Channel,
    ChannelEvent,
    Node,
    NodeConfig,
    NodeContext,
    NodeError,
    RawRequest,
    Result,
    Text,
)
from taktflow.store import StoreFailed
from taktflow.texts import sentence
from taktflow.values import Json, Value, normal

log = structlog.get_logger(__name__)


class Through(BaseException):
    """Passes the wall: what our own parts raise through a node that calls them. No plug-in can raise it."""


def invoked(node: Node[Any], config: NodeConfig, context: NodeContext) -> Result:
    """What ``node`` gives back, its value and trace normal; anything else becomes NodeError ``node.crashed``.

    StoreFailed passes: a database that is away while a node reads is no failure of the node, it is run again later.
    """
    try:
        result = node.run(config, context)
        if not isinstance(result, Result):
            raise crashed(node.kind, f"it returned {type(result).__name__} where a Result is due")
        return Result(normal(result.value), result.writes, result.alerts, _told(result.trace))
    except NodeError as problem:
        problem.details = _told(problem.details)
        raise
    except StoreFailed:
        raise
    except TaktflowError as known:
        raise NodeError(known.code, Text(zh=known.message("zh"), en=known.message("en"))) from known
    except (Through, KeyboardInterrupt):
        raise
    except BaseException as broken:  # noqa: BLE001  # The wall: a plug-in may raise anything, SystemExit included.
        _crash(node, broken, context.instance)


def configured(node: Node[Any], settings: Mapping[str, Value], at: str) -> NodeConfig:
    """``settings`` as the model of ``node`` at the workflow's node ``at``; raises NodeError and nothing else."""
    try:
        config: NodeConfig = node.Config.model_validate(settings)
        return config
    except ValidationError as wrong:
        raise _unusable(at, wrong) from wrong
    except KeyboardInterrupt:
        raise
    except BaseException as broken:  # noqa: BLE001  # The same wall.
        _crash(node, broken, "")


def read_events(channel: Channel[Any], request: RawRequest) -> Sequence[ChannelEvent]:
    """The events in a kept body, which its channel could read once; raises BodyUnreadable and nothing else."""
    try:
        return channel.events(request)
    except (BodyUnreadable, KeyboardInterrupt):
        raise
    except BaseException as broken:  # The wall to channels.
        log.error("channel broke", channel=channel.kind, exc_info=broken)
        raise BodyUnreadable(f"the channel broke: {type(broken).__name__}: {broken}") from broken


def _unusable(at: str, wrong: ValidationError) -> NodeError:
    first = wrong.errors(include_url=False)[0]
    args = {"node": at, "setting": ".".join(str(p) for p in first["loc"]), "problem": first["msg"]}
    return NodeError(
        "config.invalid", Text(zh=sentence("config.invalid", "zh", args), en=sentence("config.invalid", "en", args))
    )


def _crash(node: Node[Any], broken: BaseException, instance: str) -> NoReturn:
    log.error("node crashed", node=node.kind, instance=instance, exc_info=broken)
    raise crashed(node.kind, f"{type(broken).__name__}: {broken}") from broken


def _told(facts: Json) -> Json:
    """What a node tells besides its value; what no value can hold is told in words."""
    try:
        return None if facts is None else normal(facts)
    except (TypeError, RecursionError):
        return repr(facts)[:1000]


def crashed(kind: str, problem: str) -> NodeError:
    """The error for a node type that broke its contract."""
    args = {"node": kind, "problem": problem[:300]}
    text = Text(zh=sentence("node.crashed", "zh", args), en=sentence("node.crashed", "en", args))
    # The effect may have gone out before the node broke.
    return NodeError("node.crashed", text, unknown=True)
