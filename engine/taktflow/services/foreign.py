"""The wall to foreign code: whatever a node does, a result or a NodeError comes out."""

from __future__ import annotations

from typing import Any

import structlog

from taktflow.errors import TaktflowError
from taktflow.sdk import Node, NodeConfig, NodeContext, NodeError, Result, Text
from taktflow.texts import sentence

log = structlog.get_logger(__name__)


def invoked(node: Node[Any], config: NodeConfig, context: NodeContext) -> Result:
    """What ``node`` gives back; any exception but NodeError becomes NodeError ``node.crashed``."""
    try:
        result = node.run(config, context)
    except NodeError:
        raise
    except TaktflowError as known:
        raise NodeError(known.code, Text(zh=known.message("zh"), en=known.message("en"))) from known
    except Exception as broken:  # The wall: a plug-in may raise anything.
        log.exception("node crashed", node=node.kind, instance=context.instance)
        raise crashed(node.kind, f"{type(broken).__name__}: {broken}") from broken
    if not isinstance(result, Result):
        raise crashed(node.kind, f"it returned {type(result).__name__} where a Result is due")
    return result


def crashed(kind: str, problem: str) -> NodeError:
    """The error for a node type that broke its contract."""
    args = {"node": kind, "problem": problem[:300]}
    text = Text(zh=sentence("node.crashed", "zh", args), en=sentence("node.crashed", "en", args))
    # The effect may have gone out before the node broke.
    return NodeError("node.crashed", text, unknown=True)
