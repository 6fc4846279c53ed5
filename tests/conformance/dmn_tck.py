"""Runs folders of the DMN Technology Compatibility Kit in place and counts the cases that hold.

    python -m tests.conformance.dmn_tck DIR... [--failures]

A folder may be one model's, a level's, or the whole of ``TestCases``. A case holds when all its result nodes do.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from taktflow.errors import TaktflowError
from taktflow.expressions import UNZONED, Clock, temporal
from taktflow.expressions.unzoned import zoned
from taktflow.rules.dmn import Model, read_model
from taktflow.rules.dmn.xml import Element, parse_xml
from taktflow.values import Range, Value, YearsMonths

XSI = "http://www.w3.org/2001/XMLSchema-instance"
TOLERANCE = Decimal("1e-8")
"""How far a number may be from the expected one, of the larger of it and 1: expected figures are rounded doubles."""
CLOCK = Clock(datetime.now(UTC), UNZONED)
"""The standard knows moments without a zone."""


@dataclass(frozen=True)
class Failure:
    case: str
    result: str
    expected: object
    got: object


@dataclass(frozen=True)
class Count:
    """How one folder fared."""

    name: str
    passed: int
    cases: int
    failures: Sequence[Failure]


def folders(under: Path) -> list[Path]:
    """The model folders at or below ``under``: those that hold a ``.dmn`` file."""
    return sorted({p.parent for p in under.rglob("*.dmn")})


def run_folder(folder: Path) -> Count:
    """Every case of every test file of one folder."""
    files = {p.name: p.read_bytes() for p in sorted(folder.glob("*.dmn"))}
    failures: list[Failure] = []
    passed = cases = 0
    models: dict[str, Model | None] = {}
    for path in sorted(folder.glob("*.xml")):
        root = parse_xml(path.read_bytes())
        if root.tag != "testCases":
            continue
        name = (root.text_of("modelName") or "").strip()
        if name not in models:
            models[name] = _model(name, files)
        for case in root.all("testCase"):
            wrong = list(_failures(models[name], case, f"{path.stem}:{case.attributes.get('id', '?')}"))
            cases += 1
            passed += not wrong
            failures += wrong
    return Count(folder.name, passed, cases, failures)


def _model(name: str, files: dict[str, bytes]) -> Model | None:
    if name not in files:
        return None
    return read_model(files[name], name, {k: v for k, v in files.items() if k != name})[0]


def _failures(model: Model | None, case: Element, id: str) -> Iterator[Failure]:
    inputs = {}
    for node in case.all("inputNode"):
        key = node.attributes.get("name", "")
        space = node.attributes.get("namespace")
        inputs[f"{space}#{key}" if space else key] = typed(node)
    invoked = case.attributes.get("invocableName")
    for node in case.all("resultNode"):
        name = node.attributes.get("name", "")
        expected = node.first("expected")
        wanted = typed(expected) if expected is not None else None
        try:
            got = _answer(model, name, invoked, inputs)
        except TaktflowError as wrong:
            got = wrong
        fails = node.attributes.get("errorResult") == "true"
        holds = (got is None or isinstance(got, TaktflowError)) if fails and wanted is None else alike(wanted, got)
        if not holds:
            yield Failure(id, name, "an error" if fails else wanted, got)


def _answer(model: Model | None, name: str, invoked: str | None, inputs: dict[str, Value]) -> Value:
    if model is None:
        raise TaktflowError("the model cannot be read")
    if invoked is None:
        return model.evaluate(name, inputs, CLOCK).value
    value = model.evaluate(invoked, inputs, CLOCK).value
    service = next((s for s in model.parts.values() if s.part.name == invoked and len(s.gives) > 1), None)
    return value.get(name) if service is not None and isinstance(value, dict) else value


def typed(node: Element) -> Value:
    """The value that a node of a test file holds: of a ``value``, a ``list`` or ``component`` elements."""
    components = list(node.all("component"))
    if components:
        return {c.attributes.get("name", ""): None if _nil(c) else typed(c) for c in components}
    listed = node.first("list")
    if listed is not None:
        return None if _nil(listed) else [None if _nil(i) else typed(i) for i in listed.all("item")]
    value = node.first("value")
    return None if value is None or _nil(value) else _scalar(value)


def _nil(element: Element) -> bool:
    return element.foreign.get((XSI, "nil"), "").strip() in ("true", "1")


def _scalar(value: Element) -> Value:
    kind = value.foreign.get((XSI, "type"), "").rpartition(":")[2]
    text = value.text
    match kind:
        case "boolean":
            return text.strip() in ("true", "1")
        case "decimal" | "double" | "float" | "integer" | "int" | "long":
            return Decimal(text.strip())
        case "date" | "time" | "dateTime" | "duration" | "dayTimeDuration" | "yearMonthDuration":
            return temporal.read_any(text.strip(), UNZONED)
        case "string":
            return text
    return _guessed(text)


def _guessed(text: str) -> Value:
    if text.strip() in ("true", "false"):
        return text.strip() == "true"
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return text


def alike(wanted: Value, got: Value) -> bool:
    """Whether ``got`` is what the test file expects."""
    if isinstance(wanted, bool) or isinstance(got, bool) or wanted is None or got is None:
        return wanted is got
    if isinstance(wanted, Decimal):
        return isinstance(got, Decimal) and abs(wanted - got) <= TOLERANCE * max(abs(wanted), Decimal(1))
    if isinstance(wanted, list):
        return isinstance(got, list) and len(wanted) == len(got) and all(map(alike, wanted, got))
    if isinstance(wanted, dict):
        return isinstance(got, dict) and wanted.keys() == got.keys() and all(alike(wanted[k], got[k]) for k in wanted)
    if isinstance(wanted, datetime | date | time | timedelta | YearsMonths | Range):
        return type(wanted) is type(got) and _same_moment(wanted, got)
    return type(wanted) is type(got) and bool(wanted == got)


def _same_moment(wanted: Value, got: Value) -> bool:
    # The same moment may be written at another offset, but with a zone is not without one.
    zones = [zoned(v.tzinfo) is None for v in (wanted, got) if isinstance(v, datetime | time)]
    return bool(wanted == got) and len(set(zones)) < 2


def main(arguments: Sequence[str]) -> int:
    """Prints the counts; 0 when there was anything to run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--failures", action="store_true", help="name each result that is not as expected")
    given = parser.parse_args(arguments)
    passed = cases = 0
    for top in given.folders:
        found = folders(top)
        if not found:
            print(f"{top}: no DMN models here; give a folder of the TCK's TestCases", file=sys.stderr)
            return 2
        for folder in found:
            count = run_folder(folder)
            passed, cases = passed + count.passed, cases + count.cases
            print(f"{count.name} passed {count.passed} of {count.cases}")
            for failure in count.failures if given.failures else ():
                print(f"  {failure.case} {failure.result}: expected {failure.expected!r}, got {failure.got!r}")
    print(f"passed {passed} of {cases}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
