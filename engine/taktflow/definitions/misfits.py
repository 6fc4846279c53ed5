"""Pydantic's complaints as findings in plain words, at clean pointers.

Pydantic names union branches and validators inside its locations and reports one complaint per branch; here the
location is walked along the document, and only the branch that the author meant is kept.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from taktflow.definitions.known_keys import known_keys
from taktflow.definitions.places import Loaded, parts_of, pointed, value_at
from taktflow.definitions.workflow import GRAMMAR
from taktflow.values import Finding, Json, Pointer, shown

_TAGS = {*GRAMMAR, "activity"}
_EDGE_ENDS = {"from": 0, "to": 1}


@dataclass(frozen=True, slots=True, eq=False)
class _Complaint:
    """One of pydantic's errors: ``at`` is where, ``branch`` the union member it speaks for at ``fork``."""

    error: ErrorDetails
    at: Pointer
    fork: Pointer | None
    branch: str
    missing: str


def _placed(error: ErrorDetails, document: Json) -> _Complaint:
    """Walks pydantic's location along ``document``; what the document does not hold names a branch."""
    at: list[str | int] = []
    fork: Pointer | None = None
    branch = missing = ""
    loc = error["loc"]
    here = document
    for i, part in enumerate(loc):
        if i == len(loc) - 1 and error["type"] == "missing":
            missing = str(part)
        elif part == "[key]" or (part in _TAGS and i >= 2 and loc[i - 2] == "nodes" and at[-2:-1] == ["nodes"]):
            continue
        elif (key := _key(here, part)) is not None:
            at.append(key)
            here = here[key]
        elif fork is None:
            fork, branch = pointed(*at), str(part)
    return _Complaint(error, pointed(*at), fork, branch, missing)


def _key(here: Json, part: str | int) -> Any:
    """Where ``part`` stands in ``here``; None when it is not there."""
    if isinstance(here, dict):
        return part if part in here else None
    if not isinstance(here, list):
        return None
    if isinstance(part, int):
        return part if part < len(here) else None
    return _EDGE_ENDS.get(part) if len(here) == 2 else None


def misfits(loaded: Loaded, wrong: ValidationError, model: type[BaseModel]) -> list[Finding]:
    """What keeps ``loaded`` from being a ``model``, each once, in the order of the document."""
    complaints = [_placed(e, loaded.document) for e in wrong.errors(include_url=False)]
    plain = [c for c in complaints if c.fork is None]
    forks: dict[Pointer, list[_Complaint]] = defaultdict(list)
    for complaint in complaints:
        if complaint.fork is not None:
            forks[complaint.fork].append(complaint)
    # Items that do not fit are not counted by pydantic: the list only seems too short.
    short = {
        c for c in plain if c.error["type"] == "too_short" and any(o.at.startswith(c.at + "/") for o in complaints)
    }
    found = [_finding(loaded, c, model) for c in plain if c not in short]
    for at, group in forks.items():
        found += _meant(loaded, at, group, model)
    unique = {(f.code, f.at, shown(dict(f.args))): f for f in found}
    return sorted(unique.values(), key=lambda f: (f.line, f.column, f.at))


_ROOT_KINDS = {
    "string_type",
    "model_type",
    "model_attributes_type",
    "dict_type",
    "bool_type",
    "int_type",
    "decimal_type",
    "literal_error",
    "tuple_type",
    "list_type",
    "none_required",
}


def _meant(loaded: Loaded, at: Pointer, group: Sequence[_Complaint], model: type[BaseModel]) -> list[Finding]:
    """The complaints of the union member that the value at ``at`` comes nearest to."""
    branches: dict[str, list[_Complaint]] = defaultdict(list)
    for complaint in group:
        branches[complaint.branch].append(complaint)
    near = {b: cs for b, cs in branches.items() if not any(c.at == at and c.error["type"] in _ROOT_KINDS for c in cs)}
    value = value_at(loaded.document, at)
    if not near:
        choices = [c for c in group if c.error["type"] == "literal_error"]
        if choices and isinstance(value, str):
            return [_finding(loaded, choices[0], model)]
        code = "definition.span" if "Work" in branches else "definition.value"
        return [loaded.finding(code, at, given=_given(value))]
    if isinstance(value, dict) and "$" in value and "Computed" in near:
        return [_finding(loaded, c, model) for c in near["Computed"]]
    best = min((cs for b, cs in near.items() if b != "Computed" or len(near) == 1), key=len)
    return [_finding(loaded, c, model) for c in best]


def _given(value: Json) -> str:
    text = shown(value) if not isinstance(value, dict | list) else ("{...}" if isinstance(value, dict) else "[...]")
    return text if len(text) <= 80 else text[:79] + "…"


_TYPES = {
    "string_type": "definition.type_text",
    "string_sub_type": "definition.type_text",
    "int_type": "definition.type_integer",
    "int_parsing": "definition.type_integer",
    "int_from_float": "definition.type_integer",
    "decimal_type": "definition.type_number",
    "decimal_parsing": "definition.type_number",
    "bool_type": "definition.type_boolean",
    "bool_parsing": "definition.type_boolean",
    "model_type": "definition.type_mapping",
    "model_attributes_type": "definition.type_mapping",
    "dict_type": "definition.type_mapping",
    "tuple_type": "definition.type_list",
    "list_type": "definition.type_list",
    "computed_invalid": "definition.computed",
}
_PATTERNS = {
    r"^[a-z][a-z0-9_]{0,62}$": "definition.slug",
    r"^[a-z][a-z0-9_]{0,62}(@[1-9][0-9]{0,8})?$": "definition.ref",
    r"^(role|user):[A-Za-z][A-Za-z0-9_.@-]{0,62}$": "definition.principal",
    r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$": "definition.node_type",
}
_BOUNDS = {
    "greater_than_equal": ("definition.number_low", "ge"),
    "less_than_equal": ("definition.number_high", "le"),
    "string_too_short": ("definition.text_short", "min_length"),
    "string_too_long": ("definition.text_long", "max_length"),
    "too_short": ("definition.few", "min_length"),
    "too_long": ("definition.many", "max_length"),
}


def _finding(loaded: Loaded, complaint: _Complaint, model: type[BaseModel]) -> Finding:
    error, at = complaint.error, complaint.at
    kind = error["type"]
    ctx: Mapping[str, Any] = error.get("ctx") or {}
    given = _given(value_at(loaded.document, at))
    if kind == "missing":
        return loaded.finding("definition.missing", at, key=complaint.missing)
    if kind == "extra_forbidden":
        return _unknown_key(loaded, at, known_keys(model, error["loc"][:-1]))
    if kind == "literal_error":
        return _choice(loaded, at, given, re.findall(r"'([^']*)'", str(ctx.get("expected", ""))))
    if kind == "model_type" and isinstance(ctx.get("class_name"), str) and ctx["class_name"] == "EdgeModel":
        return loaded.finding("definition.edge", at, given=given)
    if kind in _TYPES:
        return loaded.finding(_TYPES[kind], at, given=given)
    if kind == "string_pattern_mismatch":
        pattern = str(ctx.get("pattern", ""))
        if code := _PATTERNS.get(pattern):
            key = list(parts_of(at))[-1] if error["loc"][-1] == "[key]" else given
            return loaded.finding(code, at, given=key)
        return loaded.finding("definition.pattern", at, given=given, pattern=pattern)
    if kind in _BOUNDS:
        code, bound = _BOUNDS[kind]
        return loaded.finding(code, at, given=given, bound=str(ctx.get(bound, "")))
    return loaded.finding("definition.value", at, given=given)


def _choice(loaded: Loaded, at: Pointer, given: str, allowed: Sequence[str]) -> Finding:
    if near := nearest(given, allowed):
        return loaded.finding("definition.choice_near", at, given=given, near=near, allowed=", ".join(allowed))
    return loaded.finding("definition.choice", at, given=given, allowed=", ".join(allowed))


def _unknown_key(loaded: Loaded, at: Pointer, known: Sequence[str]) -> Finding:
    key = list(parts_of(at))[-1]
    if near := nearest(key, known):
        return loaded.finding("definition.key_near", at, key=key, near=near)
    return loaded.finding("definition.key_unknown", at, key=key, known=", ".join(known))


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that ``given`` was probably meant to be."""
    found = get_close_matches(given.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None
