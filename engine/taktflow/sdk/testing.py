"""What a plug-in's author tests with: a contract every node must keep, and in-memory stand-ins for the engine.

>>> class TestWeight(NodeContract):
...     node = Weight
...     examples = [({"kg": 3}, {}, Decimal(3)), ({"kg": -1}, {}, Fails("rejected"))]

The stand-ins behave like the engine's own parts: records count their revisions, an action with the same key is
performed once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from jsonschema import Draft202012Validator
from pydantic import ValidationError

from taktflow.sdk.node import (
    Decider,
    Node,
    NodeConfig,
    NodeContext,
    NodeError,
    Record,
    RecordWrite,
    Result,
)
from taktflow.sdk.schema import KIND, RESERVED, depth, open_objects, settings_of
from taktflow.values import Range, Text, Value, dumps, loads, normal

NOW = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)
"""The moment at which :func:`a_context` runs a node, unless told otherwise."""


class MemoryRecords:
    """A record reader that holds its records in memory; ``put`` and ``apply`` fill it."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now
        self._kept: dict[tuple[str, str], Record] = {}

    def put(self, entity: str, id: str, fields: Mapping[str, Value]) -> Record:
        """Stores ``fields`` as they are, replacing what was there."""
        earlier = self.read(entity, id)
        kept = Record(entity, id, earlier.rev + 1 if earlier else 1, dict(fields), self._now)
        # Taken out first, so that the dictionary's order is the order of change.
        self._kept.pop((entity, id), None)
        self._kept[entity, id] = kept
        return kept

    def apply(self, writes: Sequence[RecordWrite]) -> None:
        """Performs a result's writes; NodeError ``exists``, ``missing`` or ``stale`` as the engine's store would."""
        for write in writes:
            earlier = self.read(write.entity, write.id)
            if write.op == "create" and earlier:
                raise NodeError("exists", f"{write.entity} {write.id} exists already")
            if write.op == "update" and not earlier:
                raise NodeError("missing", f"there is no {write.entity} {write.id}")
            if write.expected_rev is not None and (earlier.rev if earlier else 0) != write.expected_rev:
                raise NodeError("stale", f"{write.entity} {write.id} was changed in the meantime")
            self.put(write.entity, write.id, {**(earlier.fields if earlier else {}), **write.fields})

    def read(self, entity: str, id: str) -> Record | None:
        """The record, or ``None``."""
        return self._kept.get((entity, id))

    def find(
        self, entity: str, where: Mapping[str, Value], *, limit: int = 100, newest_first: bool = True
    ) -> Sequence[Record]:
        """The records whose fields fit ``where``, in the order of their last change."""
        found = [
            r
            for (kind, _), r in self._kept.items()
            if kind == entity and all(_fits(r.fields.get(name), wanted) for name, wanted in where.items())
        ]
        return (found[::-1] if newest_first else found)[:limit]


def _fits(value: Value, wanted: Value) -> bool:
    match wanted:
        case Range(low=low, high=high):
            return (
                value is not None
                and (low is None or (value >= low if wanted.low_closed else value > low))
                and (high is None or (value <= high if wanted.high_closed else value < high))
            )
        case list():
            return value in wanted
        case _:
            return bool(value == wanted)


Answer = Value | NodeError | Callable[[Mapping[str, Value]], Value]
"""What a system answers: a value, an error to raise, or a function of the query or data."""


@dataclass
class MemoryConnections:
    """Systems that answer what a test told them, by ``(connection, stream or action)``.

    ``asked`` and ``performed`` hold what arrived; an action repeated with its key is answered again, not performed.
    """

    answers: Mapping[tuple[str, str], Answer] = field(default_factory=dict)
    asked: list[tuple[str, str, Mapping[str, Value]]] = field(default_factory=list)
    performed: list[tuple[str, str, Mapping[str, Value], str]] = field(default_factory=list)
    _done: dict[tuple[str, str, str], Value] = field(default_factory=dict)

    def read(
        self, connection: str, stream: str, query: Mapping[str, Value], *, timeout_s: float | None = None
    ) -> Value:
        """What was told for the stream; NodeError ``unavailable`` when nothing was."""
        self.asked.append((connection, stream, dict(query)))
        return self._answer(connection, stream, query)

    def act(
        self, connection: str, action: str, data: Mapping[str, Value], *, key: str, timeout_s: float | None = None
    ) -> Value:
        """What was told for the action; performed once for ``key``."""
        if (connection, action, key) not in self._done:
            self._done[connection, action, key] = self._answer(connection, action, data)
            self.performed.append((connection, action, dict(data), key))
        return self._done[connection, action, key]

    def _answer(self, connection: str, name: str, given: Mapping[str, Value]) -> Value:
        if (connection, name) not in self.answers:
            raise NodeError("unavailable", f"the test told no answer for {connection} {name}", retryable=True)
        answer = self.answers[connection, name]
        if isinstance(answer, NodeError):
            raise answer
        return answer(given) if callable(answer) else answer


@dataclass(frozen=True)
class FixedDecider:
    """A decision or formula that always answers the same, or what a function of the scope gives."""

    answer: Answer
    version: int = 1

    def decide(self, scope: Mapping[str, Value], *, now: datetime, zone: tzinfo) -> Result:
        """The told answer, with a trace that names the version."""
        if isinstance(self.answer, NodeError):
            raise self.answer
        value = self.answer(scope) if callable(self.answer) else self.answer
        return Result(value=value, trace={"version": self.version})


@dataclass(frozen=True)
class MemoryLibrary:
    """Published decisions and formulas by reference."""

    decisions: Mapping[str, Decider] = field(default_factory=dict)
    formulas: Mapping[str, Decider] = field(default_factory=dict)

    def decision(self, ref: str) -> Decider:
        """The decision; ``KeyError`` when the test gave none, since the checker would not have let it be published."""
        return self.decisions[ref]

    def formula(self, ref: str) -> Decider:
        """The formula; ``KeyError`` when the test gave none."""
        return self.formulas[ref]


def a_context(scope: Mapping[str, Value] | None = None, **changes: Any) -> NodeContext:
    """A context for one run; ``changes`` replace its fields, such as ``records`` or ``now``."""
    settings: dict[str, Any] = {
        "instance": "i-1",
        "node": "node",
        "key": "i-1/node/1",
        "now": NOW,
        "zone": ZoneInfo("Asia/Shanghai"),
        "scope": normal(scope or {}),
        "library": MemoryLibrary(),
        "by": "user:ann",
    }
    return NodeContext(**{**settings, **changes})


@dataclass(frozen=True)
class Fails:
    """Stands in an example for the error code the node must raise."""

    code: str


class NodeContract:
    """Every node keeps these promises. Subclass it in a test module and give ``node`` and ``examples``.

    An example is ``(settings, scope, expected)``; settings are written as after the engine computed ``{$: FEEL}``.
    ``expected`` is the value, a whole :class:`Result` (its trace is not compared), or :class:`Fails`. Override
    :meth:`context` to give the node records, connections or a library.
    """

    node: ClassVar[type[Node[Any]]]
    examples: ClassVar[Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Any]]]

    def context(self, scope: Mapping[str, Any]) -> NodeContext:
        """The context an example runs in; made anew for every run."""
        return a_context(scope)

    def test_the_kind_is_a_dotted_slug_of_its_own(self) -> None:
        _demand(KIND.fullmatch(self.node.kind) is not None, f"kind {self.node.kind!r}: use small letters, digits, dots")

    def test_the_title_speaks_both_languages(self) -> None:
        title: Any = self.node.title
        _demand(isinstance(title, Text) and bool(title.zh) and bool(title.en), "title needs words in zh and in en")

    def test_every_error_is_explained_in_both_languages(self) -> None:
        for code, words in self.node.errors.items():
            _demand(bool(words.zh) and bool(words.en), f"error {code!r} needs words in zh and in en")

    def test_the_settings_are_a_closed_schema(self) -> None:
        Draft202012Validator.check_schema(self._schema)
        _demand(not open_objects(self._schema), f"set extra='forbid' on {open_objects(self._schema)}")

    def test_every_setting_is_described(self) -> None:
        silent = [name for name, about in settings_of(self._schema) if not str(about.get("description", "")).strip()]
        _demand(not silent, f"add Field(description=...) in English to {silent}")

    def test_no_setting_takes_a_name_every_node_has(self) -> None:
        taken = sorted(RESERVED & self._schema.get("properties", {}).keys())
        _demand(not taken, f"rename {taken}: the engine reads these itself and never hands them to the node")

    def test_the_settings_are_at_most_four_deep(self) -> None:
        _demand(depth(self._schema) <= 4, f"the settings are {depth(self._schema)} deep; 4 fit on a form")

    def test_unknown_settings_are_refused(self) -> None:
        for settings, _, _ in self.examples:
            try:
                self.node.Config.model_validate({**settings, "no_such_setting": 1})
            except ValidationError:
                continue
            raise AssertionError("the settings accept unknown keys; derive them from NodeConfig")

    def test_every_example_comes_out_as_written(self) -> None:
        _demand(bool(self.examples), "give at least one example")
        for settings, scope, expected in self.examples:
            _compare(self._outcome(settings, scope), expected, f"{settings} over {scope}")

    def test_only_declared_errors_are_raised(self) -> None:
        for settings, scope, _ in self.examples:
            outcome = self._outcome(settings, scope)
            if isinstance(outcome, NodeError):
                _demand(outcome.code in self.node.errors, f"declare {outcome.code!r} in errors, with its meaning")

    def test_results_are_values_that_survive_storage(self) -> None:
        for settings, scope, _ in self.examples:
            outcome = self._outcome(settings, scope)
            if isinstance(outcome, Result):
                for part in (outcome.value, *(dict(w.fields) for w in outcome.writes)):
                    _demand(_same(normal(part), part), f"{part!r} is no plain value; see taktflow.sdk.normal")
                    _demand(_same(loads(dumps(part)), part), f"{part!r} comes back from storage as another value")
                dumps(outcome.trace)

    def test_a_pure_node_repeats_itself_without_the_world(self) -> None:
        if self.node.idempotency != "pure":
            return
        for settings, scope, _ in self.examples:
            first, second = self._outcome(settings, scope, bare=True), self._outcome(settings, scope, bare=True)
            _demand(_comparable(first) == _comparable(second), f"{settings} over {scope} gave two different results")

    @property
    def _schema(self) -> dict[str, Any]:
        return self.node.Config.model_json_schema(by_alias=True)

    def _outcome(
        self, settings: Mapping[str, Any], scope: Mapping[str, Any], *, bare: bool = False
    ) -> Result | NodeError:
        config: NodeConfig = self.node.Config.model_validate(normal(settings))
        context = self.context(scope)
        try:
            return self.node().run(config, _bare(context) if bare else context)
        except NodeError as failed:
            return failed


def _bare(context: NodeContext) -> NodeContext:
    kept = {name: getattr(context, name) for name in NodeContext.__dataclass_fields__}
    return NodeContext(**{**kept, "records": None, "connections": None})


def _demand(holds: bool, sentence: str) -> None:
    # Not an assert statement: this module is used where assertions may be stripped.
    if not holds:
        raise AssertionError(sentence)


def _compare(outcome: Result | NodeError, expected: Any, where: str) -> None:
    if isinstance(expected, Fails) or isinstance(outcome, NodeError):
        code = outcome.code if isinstance(outcome, NodeError) else None
        _demand(
            isinstance(expected, Fails) and code == expected.code, f"{where}: expected {expected!r}, got {outcome!r}"
        )
    elif isinstance(expected, Result):
        _demand(_comparable(outcome)[:3] == _comparable(expected)[:3], f"{where}: expected {expected}, got {outcome}")
    else:
        _demand(outcome.value == normal(expected), f"{where}: expected {expected!r}, got {outcome.value!r}")


def _comparable(outcome: Result | NodeError) -> tuple[Any, ...]:
    if isinstance(outcome, NodeError):
        return (outcome.code, outcome.text)
    return (outcome.value, list(outcome.writes), list(outcome.alerts), dumps(outcome.trace))


def _same(left: Value, right: Value) -> bool:
    """Whether the values are equal and of equal types all the way down (1 is no True, a Decimal no int)."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(v, right[k]) for k, v in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)
