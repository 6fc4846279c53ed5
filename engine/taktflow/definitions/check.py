"""Everything wrong with definitions that fit their kinds: all findings at once, each with its file and line.

What a table or formula means is checked one floor up (``taktflow.rules``), the shape of flows by the interpreter's own
rules (``taktflow.runtime.shape``); their findings get their lines by :func:`located`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from taktflow.definitions.checking.fields import check_entity, check_form
from taktflow.definitions.checking.flow import check_workflow
from taktflow.definitions.checking.systems import check_calendar, check_connection, check_pack
from taktflow.definitions.checking.world import Notes, World
from taktflow.definitions.decision import Decision
from taktflow.definitions.envelope import Envelope
from taktflow.definitions.formula import Formula
from taktflow.definitions.kinds import Calendar, Connection, Definition, Entity, Form, Pack
from taktflow.definitions.pack import Placed
from taktflow.definitions.places import place_of
from taktflow.definitions.vocabulary import ChannelKind, ConnectorKind, NodeKind, Vocabulary
from taktflow.definitions.workflow import Workflow
from taktflow.values import Finding

__all__ = ["ChannelKind", "ConnectorKind", "NodeKind", "Placed", "Vocabulary", "check", "located"]


def check(
    placed: Iterable[Placed], vocabulary: Vocabulary, *, published: Iterable[Envelope | Placed] = ()
) -> list[Finding]:
    """All findings about ``placed``, which may refer to one another and to what is ``published`` already."""
    checked = list(placed)
    known = [p.definition if isinstance(p, Placed) else p for p in published]
    world = World.of([*known, *(p.definition for p in checked)], vocabulary)
    return [f for one in checked for f in located(one, _findings(one.definition, world))]


def located(placed: Placed, findings: Iterable[Finding]) -> list[Finding]:
    """``findings`` about a definition, with the file and line that its document knows, in the order of the document."""
    found = []
    for finding in findings:
        place = place_of(placed.read_from.places, finding.at)
        found.append(replace(finding, file=place.file or placed.read_from.name, line=place.line, column=place.column))
    return sorted(_once(found), key=lambda f: (f.file, f.line, f.column, f.at))


def _once(findings: list[Finding]) -> list[Finding]:
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for finding in findings:
        key = (finding.code, finding.at, str(sorted((k, str(v)) for k, v in finding.args.items())))
        if key not in seen:
            seen.add(key)
            kept.append(finding)
    return kept


def _findings(definition: Definition, world: World) -> list[Finding]:
    notes = Notes(world)
    match definition:
        case Workflow():
            check_workflow(notes, definition)
        case Entity():
            check_entity(notes, definition)
        case Form():
            check_form(notes, definition)
        case Connection():
            check_connection(notes, definition)
        case Calendar():
            check_calendar(notes, definition)
        case Pack():
            check_pack(notes, definition)
        case Decision() | Formula():
            pass
    return notes.found
