"""What comes in from outside finds the token that waits for it; what nobody waits for any more changes nothing."""

from __future__ import annotations

from taktflow.runtime import activities, guards, loops, people, triggers, waits
from taktflow.runtime.events import EffectDone, EffectFailed, MessageArrived, TimerFired
from taktflow.runtime.segment import Segment
from taktflow.runtime.state import Token


def waiting(segment: Segment, on: str, name: str, value: str) -> Token | None:
    """The token that waits on ``on`` with this ``value``; None when nothing does any more."""
    for token in segment.state.tokens.values():
        if token.wait is not None and token.wait["on"] == on and token.wait.get(name) == value:
            return token
    return None


def effect(segment: Segment, event: EffectDone | EffectFailed) -> None:
    """The result of an effect reaches the token that asked for it."""
    token = waiting(segment, "effect", "key", event.key)
    if token is None:
        return
    if isinstance(event, EffectDone):
        activities.done(segment, token, event)
    else:
        activities.failed(segment, token, event)


def timer(segment: Segment, event: TimerFired) -> None:
    """A timer reaches the wait, the task or the boundary event that set it."""
    for token in segment.state.tokens.values():
        if (name := triggers.named(token.wait, "timers", event.timer)) is not None:
            if token.wait is not None and token.wait["on"] == "wait":
                waits.came(segment, token, name)
            else:
                people.timer_fired(segment, token, name)
            return
        if (name := triggers.named(token.guard, "timers", event.timer)) is not None:
            guards.happen(segment, token, name)
            return


def message(segment: Segment, event: MessageArrived) -> None:
    """A message or broadcast reaches the wait, the open for-each or the boundary event that wants it."""
    for token in segment.state.tokens.values():
        if (name := triggers.named(token.wait, "subscriptions", event.subscription)) is not None:
            if token.wait is not None and token.wait["on"] == "foreach":
                loops.told(segment, token, name, event)
            else:
                waits.message_arrived(segment, token, name, event)
            return
        if (name := triggers.named(token.guard, "subscriptions", event.subscription)) is not None:
            guards.happen(segment, token, name, event.payload, message=event.message)
            return


def come_true(segment: Segment) -> bool:
    """Lets the first condition happen that is waited for and holds; False when there is none."""
    found = next(triggers.conditions(segment), None)
    if found is None:
        return False
    token, name, guard = found
    if guard:
        guards.happen(segment, token, name)
    else:
        waits.came(segment, token, name)
    return True
