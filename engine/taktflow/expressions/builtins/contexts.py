"""Built-ins on contexts (DMN 1.5, 10.3.4.10)."""

from __future__ import annotations

from collections.abc import Mapping

from taktflow.expressions.access import plain
from taktflow.expressions.builtins.forms import STEPS_AN_ENTRY, Builtin, Form, Parameter
from taktflow.expressions.run import Run
from taktflow.expressions.types import ANY, ANY_CONTEXT, ANY_LIST, STRING, ContextOf, ListOf
from taktflow.values import Value


def _value(context: Mapping[str, Value], key: Value) -> Value:
    if isinstance(key, str):
        return plain(context.get(key))
    if not isinstance(key, list | tuple) or not key:
        return None
    found: Value = context
    for step in key:
        if not isinstance(found, Mapping) or not isinstance(step, str):
            return None
        found = plain(found.get(step))
    return found


def _entries(context: Mapping[str, Value]) -> Value:
    return [{"key": k, "value": plain(v)} for k, v in context.items()]


def _context(run: Run, entries: list[Value]) -> Value:
    run.charge(STEPS_AN_ENTRY * len(entries))
    made: dict[str, Value] = {}
    for entry in entries:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("key"), str) or "value" not in entry:
            return None
        if entry["key"] in made:
            return None
        made[entry["key"]] = plain(entry["value"])
    return made


def _put(run: Run, context: Mapping[str, Value], key: Value, value: Value) -> Value:
    if isinstance(key, str):
        return {**context, key: value}
    if not isinstance(key, list | tuple) or not key or not all(isinstance(k, str) for k in key):
        return None
    return _put_deep(run, context, list(key), value)


def _put_deep(run: Run, context: Mapping[str, Value], keys: list[str], value: Value) -> Value:
    run.charge(STEPS_AN_ENTRY * len(context))
    if len(keys) == 1:
        return {**context, keys[0]: value}
    inner = context.get(keys[0])
    if not isinstance(inner, Mapping):
        return None
    put = _put_deep(run, inner, keys[1:], value)
    return None if put is None else {**context, keys[0]: put}


def _merge(run: Run, contexts: list[Value]) -> Value:
    if not all(isinstance(c, Mapping) for c in contexts):
        return None
    run.charge(sum(STEPS_AN_ENTRY * len(c) for c in contexts))
    merged: dict[str, Value] = {}
    for context in contexts:
        merged.update(context)
    return merged


_ENTRY = ContextOf({"key": STRING, "value": ANY})
_CONTEXT = Parameter("context", ANY_CONTEXT)
_VALUE = Parameter("value", ANY, nullable=True)
FUNCTIONS = (
    Builtin(
        "get value",
        (
            Form((Parameter("m", ANY_CONTEXT), Parameter("key", ANY)), ANY, _value),
            Form((_CONTEXT, Parameter("keys", ANY_LIST)), ANY, _value),
        ),
    ),
    Builtin("get entries", (Form((Parameter("m", ANY_CONTEXT),), ListOf(_ENTRY), _entries),)),
    Builtin("context", (Form((Parameter("entries", ANY_LIST),), ANY_CONTEXT, _context, needs_run=True),)),
    Builtin(
        "context put",
        (
            Form((_CONTEXT, Parameter("key", ANY), _VALUE), ANY_CONTEXT, _put, needs_run=True),
            Form((_CONTEXT, Parameter("keys", ANY_LIST), _VALUE), ANY_CONTEXT, _put, needs_run=True),
        ),
    ),
    Builtin("context merge", (Form((Parameter("contexts", ANY_LIST),), ANY_CONTEXT, _merge, needs_run=True),)),
)
