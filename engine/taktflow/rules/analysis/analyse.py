"""Everything that can be known about a table without running it, within a counted budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from taktflow.definitions.decision import Decision
from taktflow.rules.analysis.breaks import broken, rises
from taktflow.rules.analysis.cover import Cover
from taktflow.rules.analysis.domain import domain_facts, domains_of
from taktflow.rules.analysis.fact import Fact, Found
from taktflow.rules.analysis.gaps import Box, any_gap, boxes_of, diagram_of, gravity
from taktflow.rules.analysis.grid import Grid, TooLarge, grid_of, place_in
from taktflow.rules.analysis.idle import barren, unused_default, unused_values
from taktflow.rules.analysis.meter import Budget
from taktflow.rules.analysis.overlap import overlaps
from taktflow.rules.analysis.periods import expired, holes
from taktflow.rules.analysis.shadow import duplicates, shadows
from taktflow.rules.analysis.words import extents, told
from taktflow.rules.reading import Reading, read
from taktflow.rules.rowset import members
from taktflow.rules.words import inputs_text
from taktflow.values import Finding, Severity, Text, has_errors

MOST_GAPS = 20
"""Gaps listed where the table promises to be complete."""

SOME_GAPS = 5
"""Gaps listed where it does not, so that they drown nothing else."""

_NAMED = 5
"""Rows named that are undecided."""

SEARCHES = ("overlaps", "gaps", "shadows", "holes", "monotone", "rises")
"""The searches that a budget may cut."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found, the gravest first.

    ``overlap_pairs`` and ``gap_pieces`` count also what is not listed. ``unfinished`` names the searches that the
    budget (or the size of the table, or rows that cannot be read) ended, each with the share that it covered;
    ``undecided`` the rows with cells that depend on other data, and the columns whose answers are computed although
    they promise something: about them only running tells.
    """

    facts: Sequence[Fact] = ()
    overlap_pairs: int = 0
    gap_pieces: int = 0
    unfinished: Mapping[str, float] = field(default_factory=dict)
    undecided: Sequence[str] = ()

    @property
    def complete(self) -> bool:
        """Whether what was not found is not there."""
        return not self.unfinished and not self.undecided

    def of(self, *codes: str) -> tuple[Fact, ...]:
        """The facts with one of ``codes``."""
        return tuple(fact for fact in self.facts if fact.code in codes)

    @property
    def gaps(self) -> tuple[Fact, ...]:
        """What has no answer."""
        return self.of("table.gap")

    @property
    def overlaps(self) -> tuple[Fact, ...]:
        """Pairs of rows that must not match the same data."""
        return self.of("table.overlap", "table.overlap_same")

    @property
    def findings(self) -> list[Finding]:
        """The facts as findings."""
        return [fact.finding() for fact in self.facts]


def analyse(table: Decision | Reading, *, today: date | None = None, budget: Budget | None = None) -> Analysis:
    """The analysis of ``table``; rows are held against ``today``, the business date, only when it is given."""
    reading = table if isinstance(table, Reading) else read(table)
    budget = budget or Budget()
    # What the domains' own texts lack is noted apart, so that a reading can be analysed twice.
    noting = Reading(reading.definition)
    domains = domains_of(noting)
    known = [*domain_facts(reading, domains)]
    if has_errors([*reading.findings, *noting.findings]):
        return Analysis(known, unfinished=dict.fromkeys(SEARCHES, 0.0))
    try:
        grid = grid_of(reading, domains)
    except TooLarge:
        known.append(Fact("table.too_large", "info", "/rows", args={"rows": len(reading.rows)}))
        return Analysis(known, unfinished=dict.fromkeys(SEARCHES, 0.0))
    return _analysed(grid, known, today, budget)


def _analysed(grid: Grid, known: Sequence[Fact], today: date | None, budget: Budget) -> Analysis:
    may = Cover(grid, sure=False)
    sure = Cover(grid, sure=True) if grid.unsure else may
    policy = grid.definition.hit_policy
    found: dict[str, Found] = {}
    if policy in ("unique", "any"):
        found["overlaps"] = overlaps(sure, budget)
    if policy != "unique":
        found["duplicates"] = duplicates(grid)
    if policy in ("first", "priority"):
        found["shadows"] = shadows(sure, budget)
    found["holes"], unanswered = holes(sure, budget)
    found["gaps"] = _gaps(may, unanswered, budget)
    found["monotone"] = broken(may, sure, budget)
    found["rises"] = rises(may, sure, budget)
    if today is not None:
        found["expired"] = expired(grid, today)
    facts = [*known, *(fact for one in found.values() for fact in one.facts)]
    facts += [*barren(grid), *unused_values(grid), *unused_default(sure, budget)]
    unfinished = {name: one.covered for name, one in found.items() if one.covered < 1}
    undecided = [grid.rows[row].answer.row for row in members(grid.unsure)]
    if not found["monotone"].decided:
        undecided += [output.id for output in grid.definition.outputs if output.monotone]
    facts += _open(unfinished, undecided)
    return Analysis(
        facts=sorted(facts, key=lambda fact: _GRAVITY[fact.severity]),
        overlap_pairs=found["overlaps"].total if "overlaps" in found else 0,
        gap_pieces=found["gaps"].total,
        unfinished=unfinished,
        undecided=undecided,
    )


def _gaps(cover: Cover, holes_known: Sequence[Box], budget: Budget) -> Found:
    """The gaps; where the table need not be complete, those that are holes between periods are not told twice."""
    definition = cover.grid.definition
    severity = gravity(definition)
    if severity is None:
        return Found()
    diagram = diagram_of(cover, budget, cover.grid.asked)
    most = MOST_GAPS if definition.complete else SOME_GAPS
    boxes, more = boxes_of(cover, diagram, most, () if definition.complete else holes_known)
    if not boxes and diagram.open():
        boxes = list(any_gap(cover, budget))
    facts = [_gap(cover.grid, box, severity) for box in boxes]
    if more:
        args = {"shown": len(boxes), "more": more}
        facts.append(Fact("table.gaps_more", "info", "/rows", args=args, meant=severity == "info"))
    return Found(facts, max(diagram.count(), len(boxes)), covered=1 - diagram.open())


def _gap(grid: Grid, box: Box, severity: Severity) -> Fact:
    reach, witness = extents(grid, box), grid.witness(place_in(classes) for classes in box)
    words, output = told(reach), grid.definition.outputs[0]
    title = output.title.text() if output.title is not None else Text(output.id, output.id)
    args = {
        "box": words.en,
        "box_zh": words.zh,
        "output": title.en,
        "output_zh": title.zh,
        "witness": inputs_text(witness) or "-",
    }
    meant = severity == "info"
    return Fact("table.gap", severity, "/rows", witnesses=(witness,), box=reach, args=args, meant=meant)


def _open(unfinished: Mapping[str, float], undecided: Sequence[str]) -> Iterator[Fact]:
    if unfinished:
        zh = "、".join(f"{_NAMES[name].zh} {share:.0%}" for name, share in unfinished.items())
        en = ", ".join(f"{_NAMES[name].en} {share:.0%}" for name, share in unfinished.items())
        yield Fact("table.unfinished", "info", "/rows", args={"searches": en, "searches_zh": zh})
    if undecided:
        names = ", ".join(undecided[:_NAMED]) + (", …" if len(undecided) > _NAMED else "")
        yield Fact("table.undecided", "info", "/rows", args={"count": len(undecided), "names": names})


_GRAVITY: Mapping[Severity, int] = {"error": 0, "warning": 1, "info": 2}

_NAMES: Mapping[str, Text] = {
    "overlaps": Text("重叠", "overlaps"),
    "gaps": Text("缺口", "gaps"),
    "shadows": Text("被遮蔽的行", "shadowed rows"),
    "holes": Text("日期空档", "holes between dates"),
    "monotone": Text("升降承诺", "promises to rise or fall"),
    "rises": Text("异常上升", "unexpected rises"),
}
