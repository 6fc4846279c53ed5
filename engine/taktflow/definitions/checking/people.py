"""User tasks and approvals: who may act, on what, until when."""

from __future__ import annotations

from taktflow.definitions.checking.scope import PRINCIPALS, Scope, expression
from taktflow.definitions.checking.spans import check_span
from taktflow.definitions.checking.world import Notes
from taktflow.definitions.envelope import Computed
from taktflow.definitions.places import pointed
from taktflow.definitions.workflow import Approval, UserTask
from taktflow.values import Pointer

_ROUTED = frozenset({"overdue", "error", "task", "span", "expressions"})
"""Error codes, or their first parts, that a task can end with."""


def check_user_task(notes: Notes, task: UserTask, at: Pointer, scope: Scope) -> None:
    """Findings about a user task."""
    _both(notes, task, at, scope)
    seen: set[str] = set()
    for i, outcome in enumerate(task.outcomes):
        if outcome in seen:
            notes.add("task.outcome_twice", f"{at}/outcomes/{i}", outcome=outcome)
        seen.add(outcome)
    if not task.outcomes:
        notes.add("task.no_outcome", f"{at}/outcomes")


def check_approval(notes: Notes, approval: Approval, at: Pointer, scope: Scope) -> None:
    """Findings about an approval."""
    _both(notes, approval, at, scope)
    rule = approval.rule
    if rule.mode == "at_least" and rule.n is None:
        notes.add("approval.n_missing", f"{at}/rule")
    if rule.mode != "at_least" and rule.n is not None:
        notes.add("approval.n_unused", f"{at}/rule/n", mode=rule.mode)


def _both(notes: Notes, task: UserTask | Approval, at: Pointer, scope: Scope) -> None:
    for key in ("who", "exclude"):
        for i, who in enumerate(getattr(task, key)):
            if isinstance(who, Computed):
                expression(notes, who.feel, f"{at}/{key}/{i}/$", scope, *PRINCIPALS)
            else:
                notes.principal(who, f"{at}/{key}/{i}")
    notes.ref("form", task.form, f"{at}/form")
    for i, text in enumerate(task.show):
        expression(notes, text, f"{at}/show/{i}", scope)
    if task.title is None:
        notes.add("task.title_missing", at, "warning")
    _late(notes, task, at, scope)


def _late(notes: Notes, task: UserTask | Approval, at: Pointer, scope: Scope) -> None:
    """What happens when nobody acts in time."""
    check_span(notes, task.due, f"{at}/due", scope)
    if task.escalate is not None:
        check_span(notes, task.escalate.after, f"{at}/escalate/after", scope)
        for i, principal in enumerate(task.escalate.to):
            notes.principal(principal, f"{at}/escalate/to/{i}")
        if task.due is None:
            notes.add("task.due_missing", f"{at}/escalate", key="escalate")
    for code in task.on:
        here = f"{at}/on{pointed(code)}"
        if code == "overdue" and task.due is None:
            notes.add("task.due_missing", here, key=code)
        if code.partition(".")[0] not in _ROUTED:
            notes.add("route.code_unknown", here, "warning", code=code, known=", ".join(sorted(_ROUTED)))
