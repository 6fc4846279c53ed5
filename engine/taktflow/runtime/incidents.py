"""Incidents: how a path that stopped for a person goes on."""

from __future__ import annotations

from dataclasses import replace

from taktflow.runtime import activities
from taktflow.runtime.effects import CloseIncident
from taktflow.runtime.events import EffectDone, IncidentResolved
from taktflow.runtime.segment import Segment
from taktflow.runtime.state import Token


def settled(segment: Segment, token: Token, event: IncidentResolved) -> None:
    """Tries again where the path stopped, after the changes, or goes on without what failed."""
    wait = token.wait
    assert wait is not None
    for path, value in event.changes.items():
        segment.assign(token, path, value)
    segment.owe(CloseIncident(event.incident, event.action, event.by))
    segment.record("settled", token.node, incident=event.incident, how=event.action, by=event.by)
    freed = replace(token, wait=None)
    segment.state.tokens[token.id] = freed
    node = segment.plan.nodes[token.node]
    if event.action == "happened" and wait["stage"] == "effect":
        activities.done(segment, freed, EffectDone(event.at, wait["effect"], event.value))
    elif event.action != "retry":
        segment.assign(token, getattr(node.model, "out", None), event.value)
        segment.leave(freed, done=False)
    elif wait["stage"] == "leave":
        segment.leave(freed, done=False)
    elif wait["stage"] == "effect" and node.activity is not None:
        activities.request(segment, freed, node, node.activity, wait["effect"])
    else:
        segment.wake(token)
