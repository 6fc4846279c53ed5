"""Where definitions are found: published ones, or a pack not yet published laid over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from taktflow.definitions.envelope import Envelope
from taktflow.definitions.kinds import KINDS
from taktflow.errors import NotFound
from taktflow.services.pins import split_ref
from taktflow.store import DefinitionRow, Store
from taktflow.values import loads


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


class StoredShelf:
    """What the store has published. The index of what is in force is exchanged as a whole; versions never change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._versions: dict[tuple[str, str, int], Envelope] = {}
        self._in_force: Mapping[tuple[str, str], int] = {}
        self.refresh()

    def refresh(self) -> None:
        """Reads anew what is in force."""
        in_force = {}
        for row in self._store.definitions.published():
            self._keep(row)
            in_force[row.kind, row.id] = row.version
        self._in_force = in_force

    def _keep(self, row: DefinitionRow) -> Envelope:
        key = (row.kind, row.id, row.version)
        if key not in self._versions:
            self._versions[key] = KINDS[row.kind].model_validate(loads(row.document))
        return self._versions[key]

    def newest(self, kind: str, id: str) -> tuple[int, Envelope] | None:
        """The newest published version."""
        version = self._in_force.get((kind, id))
        return None if version is None else (version, self._versions[kind, id, version])

    def at(self, kind: str, id: str, version: int) -> Envelope | None:
        """That version, retired or not: instances that pinned it keep it."""
        held = self._versions.get((kind, id, version))
        if held is not None or version < 1:
            return held
        row = self._store.definitions.find(kind, id, version)
        return None if row is None else self._keep(row)

    def listed(self, kind: str) -> Mapping[str, tuple[int, Envelope]]:
        """Every definition in force of ``kind``."""
        return {i: (v, self._versions[k, i, v]) for (k, i), v in sorted(self._in_force.items()) if k == kind}
