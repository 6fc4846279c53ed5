"""Waits, and the outcomes that the edges behind a node may name."""

from __future__ import annotations

from taktflow.definitions.checking.scope import Scope, computed_in, expression
from taktflow.definitions.checking.spans import check_span
from taktflow.definitions.checking.world import Notes
from taktflow.definitions.envelope import Computed
from taktflow.definitions.places import pointed
from taktflow.definitions.workflow import Approval, Node, Trigger, UserTask, Wait
from taktflow.expressions import DATETIME, NUMBER, STRING
from taktflow.values import Pointer

_ENDINGS = ("after", "until", "message")


def check_wait(notes: Notes, wait: Wait, at: Pointer, scope: Scope) -> None:
    """Findings about a wait: exactly one ending, or several named ones."""
    own = [e for e in _ENDINGS if getattr(wait, e) is not None]
    if wait.any:
        if own:
            notes.add("wait.both", f"{at}/{own[0]}", key=own[0])
        for name, trigger in wait.any.items():
            _trigger(notes, trigger, f"{at}/any{pointed(name)}", scope)
    _trigger(notes, wait, at, scope, needed=not wait.any)


def _trigger(notes: Notes, trigger: Trigger | Wait, at: Pointer, scope: Scope, *, needed: bool = True) -> None:
    own = [e for e in _ENDINGS if getattr(trigger, e) is not None]
    if needed and not own:
        notes.add("wait.nothing", at)
    if len(own) > 1:
        notes.add("wait.several", f"{at}/{own[1]}", keys=", ".join(own))
    check_span(notes, trigger.after, f"{at}/after", scope)
    if trigger.until is not None:
        expression(notes, trigger.until, f"{at}/until", scope, DATETIME)
    if trigger.message is None and (trigger.key is not None or trigger.out is not None):
        notes.add("wait.no_message", at)
    raw = trigger.key.model_dump(by_alias=True) if isinstance(trigger.key, Computed) else trigger.key
    for text, where in computed_in(raw, f"{at}/key"):
        expression(notes, text, where, scope, STRING, NUMBER)


def outcomes_of(node: Node) -> tuple[str, ...]:
    """The names that tell how a node ended."""
    match node:
        case UserTask():
            return node.outcomes
        case Approval():
            return ("approved", "rejected")
        case Wait():
            return tuple(node.any)
        case _:
            return ()
