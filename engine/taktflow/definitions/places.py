"""A document as it was read: its values, and the line and column of every one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from taktflow.values import Finding, Json, Pointer, Severity


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in its file; both count from 1. ``file`` is empty for the document's own.

    In a file of rows the column is the number of the field.
    """

    line: int
    column: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One document of a file. ``document`` is None when the text could not be read at all.

    ``places`` maps the JSON pointer of every value to where it (or its key) stands; ``source`` is the document's own
    text, comments included.
    """

    name: str
    document: Json
    places: Mapping[Pointer, Place] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    source: str = ""

    def finding(self, code: str, at: Pointer = "", *, severity: Severity = "error", **args: Any) -> Finding:
        """A finding at ``at``, with the line of the nearest place that is known."""
        place = place_of(self.places, at)
        return Finding(code, at, args, severity, place.file or self.name, place.line, place.column)


def place_of(places: Mapping[Pointer, Place], at: Pointer) -> Place:
    """The place of ``at`` or of what holds it; line 0 when nothing is known."""
    while at and at not in places:
        at = at.rpartition("/")[0]
    return places.get(at) or Place(0, 0)


def pointed(*parts: str | int) -> Pointer:
    """The JSON pointer along ``parts``."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)


def parts_of(at: Pointer) -> Iterator[str]:
    """The keys and indexes that ``at`` goes along."""
    return (p.replace("~1", "/").replace("~0", "~") for p in at.split("/")[1:])


def value_at(document: Json, at: Pointer) -> Json:
    """What stands at ``at``; None when nothing does."""
    for part in parts_of(at):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document
