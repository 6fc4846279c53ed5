"""Waits, and the outcomes that the edges behind a node may name."""

from __future__ import annotations

from collections.abc import Callable

from taktflow.definitions.checking.scope import INSTANCE, Scope, computed_in, expression
from taktflow.definitions.checking.spans import check_span
from taktflow.definitions.checking.world import Notes
from taktflow.definitions.envelope import Computed
from taktflow.definitions.places import pointed
from taktflow.definitions.triggers import Trigger
from taktflow.definitions.workflow import Approval, End, ForEach, Interruptible, Node, UserTask, Wait
from taktflow.definitions.workflow import Scope as ScopeNode
from taktflow.expressions import BOOLEAN, DATETIME, NUMBER, STRING, ContextOf, ListOf
from taktflow.values import Pointer

_ENDINGS = ("after", "until", "message", "broadcast", "when")
_CONDITIONS = ContextOf({**INSTANCE.fields, "at": ListOf(STRING)})
"""What ``instance`` is to a condition that is waited for."""


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
    if trigger.when is not None:
        expression(notes, trigger.when, f"{at}/when", scope.with_names(instance=_CONDITIONS), BOOLEAN)
    told = trigger.message is not None or trigger.broadcast is not None or getattr(trigger, "escalation", None)
    if (trigger.message is None and trigger.key is not None) or (not told and trigger.out is not None):
        notes.add("wait.no_message", at)
    raw = trigger.key.model_dump(by_alias=True) if isinstance(trigger.key, Computed) else trigger.key
    for text, where in computed_in(raw, f"{at}/key"):
        expression(notes, text, where, scope, STRING, NUMBER)


def check_guard(
    notes: Notes, node: Interruptible, known: Callable[[str, Pointer], None], at: Pointer, scope: Scope
) -> None:
    """Findings about what a node holds while it waits, and how it is taken back."""
    for name, event in node.events.items():
        here = f"{at}/events{pointed(name)}"
        _trigger(notes, event, here, scope, needed=event.escalation is None)
        known(event.to, f"{here}/to")
        if event.escalation is not None and (own := [e for e in _ENDINGS if getattr(event, e) is not None]):
            notes.add("wait.several", f"{here}/{own[0]}", keys=", ".join([*own, "escalation"]))
        if event.escalation is not None and not isinstance(node, ForEach | ScopeNode):
            notes.add("event.escalation", here, escalation=event.escalation)
        if event.every and event.interrupt:
            notes.add("event.every", f"{here}/every", event=name)
    if node.lock is not None:
        raw = node.lock.name.model_dump(by_alias=True) if isinstance(node.lock.name, Computed) else node.lock.name
        for text, where in computed_in(raw, f"{at}/lock/name"):
            expression(notes, text, where, scope, STRING, NUMBER)
    if node.undo is not None:
        known(node.undo, f"{at}/undo")


def outcomes_of(node: Node) -> tuple[str, ...]:
    """The names that tell how a node ended."""
    match node:
        case UserTask():
            return node.outcomes
        case Approval():
            return ("approved", "rejected")
        case Wait():
            return tuple(node.any)
        case ScopeNode():
            found = [n.outcome for n in node.nodes.values() if isinstance(n, End) and n.outcome]
            return tuple(dict.fromkeys(found))
        case _:
            return ()
