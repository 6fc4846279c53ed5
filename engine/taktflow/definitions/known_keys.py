"""Which keys a model takes at a location of pydantic's, for saying what was probably meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag


def known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[str, ...]:
    """The keys, as authors write them, of the model that ``loc`` leads to; empty when it leads to none."""
    here: Any = model
    for part in loc:
        here = _step(here, part)
        if here is None:
            return ()
    found = _bare(here)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        return ()
    return tuple(field.alias or name for name, field in found.model_fields.items())


def _bare(kind: Any) -> Any:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def _step(kind: Any, part: str | int) -> Any:
    """The type one step further along, or None. A step into a union names its member and goes nowhere in the data."""
    kind = _bare(kind)
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _member(args, part)
    if origin is tuple:
        return args[0]
    if origin in (dict, Mapping):
        return args[1]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if part in (name, field.alias):
                return field.annotation if not field.metadata else Annotated[field.annotation, *field.metadata]
    return None


def _member(members: Sequence[Any], part: str | int) -> Any:
    for member in members:
        bare = _bare(member)
        tags = [a.tag for a in get_args(member)[1:] if isinstance(a, Tag)] if get_origin(member) is Annotated else []
        if part in tags or part == getattr(bare, "__name__", ""):
            return bare
    models = [m for m in members if m is not type(None)]
    # Optional fields add no step of their own.
    return _step(models[0], part) if len(models) == 1 else None
