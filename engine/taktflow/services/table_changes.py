"""What differs between two tables, or between two formulas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from taktflow.definitions.decision import Decision
from taktflow.definitions.places import pointed
from taktflow.errors import Invalid
from taktflow.rules.exchange import Difference, SettingChange, difference
from taktflow.services.tables import Declared
from taktflow.values import Json, Pointer


def difference_of(old: Declared, new: Declared) -> Difference:
    """What ``new`` changes in ``old``; raises Invalid for a table and a formula."""
    match old, new:
        case Decision(), Decision():
            return difference(old, new)
        case _ if old.kind != new.kind:
            raise Invalid("tables.kinds_differ", old=old.kind, new=new.kind)
        case _:
            return Difference(tuple(_settings("", _whole(old), _whole(new))), ())


def _whole(definition: Declared) -> Json:
    return {k: v for k, v in definition.model_dump(by_alias=True, mode="python").items() if k != "layout"}


def _settings(at: Pointer, old: Json, new: Json) -> Iterator[SettingChange]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _settings(at + pointed(key), old.get(key), new.get(key))
    elif old != new:
        yield SettingChange(at, old, new)
