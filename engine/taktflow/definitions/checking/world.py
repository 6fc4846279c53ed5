"""What a definition is checked against: the other definitions, what is installed, and the roles that are declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from taktflow.definitions.decision import Decision
from taktflow.definitions.envelope import Envelope
from taktflow.definitions.formula import Formula
from taktflow.definitions.kinds import Calendar, Connection, Entity, Form, Pack
from taktflow.definitions.misfits import nearest
from taktflow.definitions.vocabulary import Vocabulary
from taktflow.definitions.workflow import Workflow
from taktflow.values import Finding, Pointer, Severity

D = TypeVar("D", bound=Envelope)

ENGINE_ROLES = frozenset({"admin", "analyst", "operator", "developer"})
"""Roles every installation has, whatever packs declare."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that may be named. ``roles`` is None when no pack declares any, so that none can be wrong."""

    definitions: Mapping[tuple[str, str], Envelope]
    vocabulary: Vocabulary
    roles: frozenset[str] | None
    entities: Mapping[str, Entity] = field(default_factory=dict)

    @classmethod
    def of(cls, definitions: Iterable[Envelope], vocabulary: Vocabulary) -> World:
        """The world in which ``definitions`` are all there is."""
        known: dict[tuple[str, str], Envelope] = {(d.kind, d.id): d for d in definitions}
        packs = [d for d in known.values() if isinstance(d, Pack)]
        declared = frozenset(r for p in packs for r in p.roles)
        entities = {d.id: d for d in known.values() if isinstance(d, Entity)}
        return cls(known, vocabulary, declared | ENGINE_ROLES if declared else None, entities)

    def find(self, kind: type[D], ref: str) -> D | None:
        """The definition that ``ref`` (an id, or id@version) names."""
        found = self.definitions.get((_KIND_OF[kind], ref.partition("@")[0]))
        return found if isinstance(found, kind) else None

    def named(self, kind: str, ref: str) -> bool:
        """Whether ``ref`` names a definition of ``kind``."""
        return (kind, ref.partition("@")[0]) in self.definitions

    def ids(self, kind: str) -> list[str]:
        """The ids of all definitions of ``kind``."""
        return [id for k, id in self.definitions if k == kind]


_KIND_OF: dict[type[Envelope], str] = {
    Workflow: "workflow",
    Decision: "decision",
    Formula: "formula",
    Form: "form",
    Entity: "entity",
    Connection: "connection",
    Calendar: "calendar",
}


@dataclass(slots=True)
class Notes:
    """Collects findings about one definition; their lines are added at the end."""

    world: World
    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, at: Pointer, severity: Severity = "error", /, **args: object) -> None:
        """One more finding."""
        self.found.append(Finding(code, at, args, severity))

    def ref(self, kind: str, ref: str | None, at: Pointer) -> bool:
        """Whether ``ref`` names a definition of ``kind`` (or nothing is referred to); a finding otherwise."""
        if ref is None or self.world.named(kind, ref):
            return True
        name = ref.partition("@")[0]
        if near := nearest(name, self.world.ids(kind)):
            self.add("reference.near", at, kind=kind, id=name, near=near)
        else:
            self.add("reference.unknown", at, kind=kind, id=name)
        return False

    def principal(self, who: str, at: Pointer) -> None:
        """A finding when ``who`` is a role that nobody declares."""
        kind, _, role = who.partition(":")
        roles = self.world.roles
        if kind == "role" and roles is not None and role not in roles:
            self.add("role.unknown", at, "warning", role=role, known=", ".join(sorted(roles)))
