"""Where definitions are found: published ones, or a pack not yet published laid over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from taktflow.definitions.envelope import Envelope
from taktflow.errors import NotFound
from taktflow.services.pins import split_ref


class Shelf(Protocol):
    """Definitions by kind, id and version."""

    def newest(self, kind: str, id: str) -> tuple[int, Envelope] | None:
        """The version that is in force, with its number; None when there is none."""

    def at(self, kind: str, id: str, version: int) -> Envelope | None:
        """The very version; None when there is none."""

    def listed(self, kind: str) -> Mapping[str, tuple[int, Envelope]]:
        """Every definition of ``kind`` in force, by id."""


def found(shelf: Shelf, kind: str, ref: str) -> tuple[int, Envelope]:
    """The definition ``ref`` (``id`` or ``id@version``) with its version; raises NotFound."""
    id, version = split_ref(ref)
    if version is None:
        newest = shelf.newest(kind, id)
        if newest is not None:
            return newest
    elif (pinned := shelf.at(kind, id, version)) is not None:
        return version, pinned
    raise NotFound("definition.unknown", kind=kind, ref=ref)


@dataclass(frozen=True)
class DraftShelf:
    """Definitions not yet published, laid over ``below``; they carry the version after the newest."""

    drafts: Mapping[tuple[str, str], Envelope]
    below: Shelf | None = None

    @classmethod
    def of(cls, definitions: Iterable[Envelope], below: Shelf | None = None) -> DraftShelf:
        """A shelf of ``definitions``."""
        return cls({(d.kind, d.id): d for d in definitions}, below)

    def newest(self, kind: str, id: str) -> tuple[int, Envelope] | None:
        """The draft, else what lies below."""
        under = self.below.newest(kind, id) if self.below else None
        draft = self.drafts.get((kind, id))
        return ((under[0] if under else 0) + 1, draft) if draft is not None else under

    def at(self, kind: str, id: str, version: int) -> Envelope | None:
        """The draft when it carries that version, else what lies below."""
        newest = self.newest(kind, id)
        if newest is not None and newest[0] == version:
            return newest[1]
        return self.below.at(kind, id, version) if self.below else None

    def listed(self, kind: str) -> Mapping[str, tuple[int, Envelope]]:
        """Drafts and what lies below, together."""
        ids = {i for k, i in self.drafts if k == kind} | set(self.below.listed(kind) if self.below else ())
        return {i: one for i in sorted(ids) if (one := self.newest(kind, i)) is not None}


@dataclass
class MemoryShelf:
    """Every version of every definition, read once from the store and exchanged as a whole on publishing."""

    versions: Mapping[tuple[str, str], Mapping[int, Envelope]] = field(default_factory=dict)
    in_force: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def newest(self, kind: str, id: str) -> tuple[int, Envelope] | None:
        """The newest published version."""
        version = self.in_force.get((kind, id))
        return None if version is None else (version, self.versions[kind, id][version])

    def at(self, kind: str, id: str, version: int) -> Envelope | None:
        """That version, retired or not: instances that pinned it keep it."""
        return self.versions.get((kind, id), {}).get(version)

    def listed(self, kind: str) -> Mapping[str, tuple[int, Envelope]]:
        """Every definition in force of ``kind``."""
        return {i: (v, self.versions[k, i][v]) for (k, i), v in sorted(self.in_force.items()) if k == kind}
