"""A DMN model ready to answer: its own file and those it imports, every expression compiled once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from taktflow.errors import NotFound
from taktflow.expressions import Clock
from taktflow.expressions.limits import STEPS
from taktflow.expressions.run import Run
from taktflow.rules.dmn.boxes import Place
from taktflow.rules.dmn.document import Decision, Document, InputData, Knowledge, Named, Service
from taktflow.rules.dmn.evaluation import Evaluation, Outcome
from taktflow.rules.dmn.given import as_declared
from taktflow.rules.dmn.kinds import Kind, Kinds
from taktflow.rules.dmn.linking import Key, Ready, link
from taktflow.rules.dmn.notes import Notes
from taktflow.rules.dmn.passage import Passage
from taktflow.rules.dmn.reader import read_document
from taktflow.values import Finding, Value

MODEL_STEPS = 4 * STEPS
"""Work of one evaluation of a model: that of some large expressions together."""


@dataclass(frozen=True, slots=True)
class Member:
    """A part as a caller sees it; ``parameters`` are those of a function or service."""

    id: str
    name: str
    kind: Kind
    parameters: tuple[str, ...] = ()


class Model:
    """Immutable once read and safe to share between threads."""

    def __init__(self, document: Document, parts: Mapping[Key, Ready], kinds: Kinds) -> None:
        self.document = document
        self.parts = parts
        self.kinds = kinds

    @property
    def name(self) -> str:
        """The model's own name."""
        return self.document.name

    @property
    def decisions(self) -> tuple[Member, ...]:
        """The decisions of the model's own file."""
        return self._members(Decision)

    @property
    def inputs(self) -> tuple[Member, ...]:
        """What the decisions ask from outside."""
        return self._members(InputData)

    @property
    def bkms(self) -> tuple[Member, ...]:
        """The business knowledge models."""
        return self._members(Knowledge)

    @property
    def services(self) -> tuple[Member, ...]:
        """The decision services."""
        return self._members(Service)

    def kind_of(self, type_ref: str, at: Place) -> Kind:
        """What a type of the model's own file means; anything when there is no such type."""
        return self.kinds.kind(type_ref, at)

    def given(self, data: Mapping[str, Value], zone: tzinfo) -> dict[str, Value]:
        """``data`` for :meth:`evaluate` as the inputs declare it, where it comes from JSON or CSV."""
        kinds = {r.part.name: r.kind for r in self.parts.values() if isinstance(r.part, InputData)}
        kinds |= {f"{space}#{r.part.name}": r.kind for (space, _), r in self.parts.items()}
        return {name: as_declared(value, kinds[name], zone) if name in kinds else value for name, value in data.items()}

    def evaluate(self, name: str, inputs: Mapping[str, Value], clock: Clock) -> Outcome:
        """The value of the decision, service or knowledge model called ``name``, or with that id.

        ``inputs`` are by name; those of an imported file by their own name too, or as ``namespace#name`` where two
        files have one of that name. NotFound when there is no such part, LimitExceeded when it would do too much.
        """
        passage = Passage(Run(clock, MODEL_STEPS))
        return Evaluation.begun(self.parts, inputs, passage).outcome(self._called(name).key, inputs)

    def _called(self, name: str) -> Ready:
        own = [r for (space, _), r in self.parts.items() if space == self.document.namespace]
        for kind in (Decision, Service, Knowledge):
            for ready in own:
                if isinstance(ready.part, kind) and name in (ready.part.name, ready.part.id):
                    return ready
        known = ", ".join(r.part.name for r in own if isinstance(r.part, Decision | Service))
        raise NotFound("dmn.no_decision", name=name, model=self.name, known=known)

    def _members(self, kind: type[Named]) -> tuple[Member, ...]:
        found = []
        for part in self.document.parts.values():
            if isinstance(part, kind):
                ready = self.parts[self.document.namespace, part.id]
                found.append(Member(part.id, part.name, ready.kind, self._parameters(ready)))
        return tuple(found)

    def _parameters(self, ready: Ready) -> tuple[str, ...]:
        match ready.part:
            case Knowledge(function=function) if function is not None:
                return tuple(p.name for p in function.parameters)
            case Service():
                return tuple(self.parts[k].part.name for k in ready.takes)
            case _:
                return ()


def read_model(
    document: bytes, name: str, imports: Mapping[str, bytes] | None = None
) -> tuple[Model | None, Sequence[Finding]]:
    """The model that the file ``document`` called ``name`` is; None when it is no DMN.

    ``imports`` are other files by name; those the model imports, directly or through others, are found among them by
    namespace. An expression that cannot be read is a finding, and null when the model answers.
    """
    own, notes = read_document(document, name)
    if own is None:
        return None, notes.found
    others = [read_document(other, called) for called, other in (imports or {}).items()]
    by_namespace = {o.namespace: (o, n) for o, n in others if o is not None and o.namespace != own.namespace}
    used: list[tuple[Document, Notes]] = [(own, notes)]
    for one, _ in used:
        for wanted in one.imports:
            found = by_namespace.pop(wanted.namespace, None)
            if found is not None:
                used.append(found)
    parts, kinds = link(used)
    return Model(own, parts, kinds), [f for _, n in used for f in n.found]
