"""What the store refuses, each telling what to do next."""

from __future__ import annotations

from taktflow.errors import Conflict, Overloaded, Stale, TaktflowError


class StaleInstance(Stale):
    """Another commit changed the instance since it was loaded: load it and decide again."""

    def __init__(self, instance: str) -> None:
        super().__init__("store.instance.stale", instance=instance)
        self.instance = instance


class AlreadyStarted(Conflict):
    """The start key, or the id itself, has an instance already: ``instance`` is it."""

    def __init__(self, instance: str) -> None:
        super().__init__("store.instance.started", instance=instance)
        self.instance = instance


class AlreadyTaken(Stale):
    """A timer, signal, inbound row or effect that the commit takes was taken before: drop this decision."""

    def __init__(self, what: str, id: str) -> None:
        super().__init__("store.taken", what=what, id=id)
        self.what = what
        self.id = id


class RecordExists(Conflict):
    """A record to be created is there already."""

    def __init__(self, entity: str, id: str) -> None:
        super().__init__("store.record.exists", entity=entity, id=id)
        self.entity = entity
        self.id = id


class StaleRecord(Stale):
    """The record moved on since its revision was read."""

    def __init__(self, entity: str, id: str, expected: int) -> None:
        super().__init__("store.record.stale", entity=entity, id=id, expected=expected)
        self.entity = entity
        self.id = id


class DuplicateValue(Conflict):
    """Another record of the entity holds the value that may stand only once."""

    def __init__(self, entity: str, id: str, constraint: str) -> None:
        super().__init__("store.record.duplicate", entity=entity, id=id, constraint=constraint)
        self.entity = entity
        self.id = id
        self.constraint = constraint


class StoreBusy(Overloaded):
    """The writer's queue is full; nothing was taken."""

    def __init__(self) -> None:
        super().__init__("store.busy", retry_after_s=1)


class StoreFailed(TaktflowError):
    """The database did not take the change. With ``unknown`` it may be kept all the same: read before repeating."""

    def __init__(self, reason: str, *, unknown: bool = False) -> None:
        super().__init__("store.unknown" if unknown else "store.failed", reason=reason)
        self.unknown = unknown
