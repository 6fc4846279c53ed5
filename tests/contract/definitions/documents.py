"""Definitions of every kind, whole ones and ones broken in one place."""

from __future__ import annotations

import random
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from taktflow.definitions.kinds import KINDS
from taktflow.definitions.load import load_all
from taktflow.definitions.pack import read_pack

PACKS = sorted(p.parent for p in Path(__file__).parents[3].glob("workflows/*/pack.yaml"))
EVERYTHING = Path(__file__).with_name("everything.yaml")


@cache
def documents() -> tuple[Any, ...]:
    """Every definition of the bundled packs, and those of a file that uses every key of the language."""
    found = [d.read_from.document for p in PACKS for d in read_pack(p).definitions]
    return (*found, *(d.document for d in load_all(EVERYTHING.read_bytes(), "everything.yaml")))


def fits_model(document: Any) -> bool:
    try:
        KINDS[document["kind"]].model_validate(document)
    except ValidationError:
        return False
    return True


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every container with a key or index into it."""
    found: list[tuple[Any, Any]] = []
    open_ = [document]
    while open_:
        here = open_.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        for key in keys:
            found.append((here, key))
            open_.append(here[key])
    return found


WORDS: list[Any] = ["", "x", "Bad Id", "role:x"]
VALUES: list[Any] = [None, True, 0, 1, -1, 10**6, *WORDS, [], {}, ["x"], {"$": "a"}, {"$": ""}, {"zh": "一"}]


def mutated(document: Any, luck: random.Random) -> Any:
    """``document`` with one thing changed: dropped, added, exchanged or renamed."""
    changed = deepcopy(document)
    within = [p for p in places(changed) if not (p[0] is changed and p[1] == "kind")]
    if not within:
        return changed
    container, key = luck.choice(within)
    match luck.choice(["drop", "value", "value", "value", "unknown", "swap"]):
        case "drop":
            del container[key]
        case "value":
            container[key] = deepcopy(luck.choice(VALUES))
        case "unknown" if isinstance(container, dict):
            container["surprise"] = luck.choice(VALUES)
        case _:
            other, where = luck.choice(places(changed))
            container[key] = deepcopy(other[where])
    return changed
