"""``taktflow table backtest``: what a draft would have answered."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated
from zoneinfo import ZoneInfo

import typer

from taktflow.cli.tables import Decision, Moment, TableName, meant, moment
from taktflow.cli.telling import language, running_engine, told
from taktflow.errors import NotFound
from taktflow.services.asking import Asker
from taktflow.services.backtest import EXAMPLES, MOST_CASES, Case, Question, backtest, questions_of
from taktflow.services.backtest_words import backtest_document, backtest_lines, case_document
from taktflow.services.engine import Engine
from taktflow.services.input_files import inputs_in
from taktflow.services.recorded import recorded
from taktflow.services.tables import Ready, in_force
from taktflow.settings import Settings
from taktflow.texts import sentence
from taktflow.values import plain_dumps


def backtest_table(
    draft: TableName,
    input: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A file of inputs; the journal when unset.")
    ] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="Another file or published table to compare with; repeat for several.")
    ] = None,
    decision: Decision = None,
    since: Annotated[str | None, typer.Option("--from", help="Only what was decided from then on.")] = None,
    until: Annotated[str | None, typer.Option(help="Only what was decided before then.")] = None,
    at: Moment = None,
    group: Annotated[str | None, typer.Option(help="The column whose values amounts are added up by.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many cases.")] = MOST_CASES,
    examples: Annotated[int, typer.Option(min=0, max=1_000, help="Examples of each kind of change.")] = EXAMPLES,
    cases: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Writes every case there, a JSON line each.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The whole result as JSON.")] = False,
) -> None:
    """Ask a draft what was asked before, and say what changes, by how much and which rows answer.

    Without --input the cases are those that the journal recorded, compared with what was answered then. With it, the
    draft is compared with what is published under its id, unless --against names something else.
    """
    with told(), ExitStack() as open_:
        zone = ZoneInfo(Settings().timezone)
        asker = Asker(meant(draft, decision), zone)
        others = [Asker(meant(name, decision), zone) for name in against or ()]
        if input is None:
            engine = open_.enter_context(running_engine())
            questions = _recorded(engine, asker.table, _moment(since, zone), _moment(until, zone))
        else:
            others = others or [_published(asker, zone)]
            questions = _in_file(open_.enter_context(input.open("rb")), input.name, zone, moment(at, zone))
        done = backtest(
            asker,
            questions,
            against=others,
            recorded=input is None,
            group=group,
            limit=limit,
            examples=examples,
            told=_progress,
            each=_writing(open_, cases),
        )
    if json:
        print(plain_dumps(backtest_document(done, language())))
        return
    for line in backtest_lines(done, language()):
        print(line)


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    return None if text is None else moment(text, zone)


def _recorded(engine: Engine, draft: Ready, since: datetime | None, until: datetime | None) -> Iterator[Question]:
    definition = draft.definition
    return questions_of(recorded(engine.store, definition.kind, definition.id, since=since, before=until))


def _in_file(stream: IO[bytes], name: str, zone: ZoneInfo, at: datetime) -> Iterator[Question]:
    return (Question(at, data, place) for place, data in inputs_in(stream, name, zone))


def _published(draft: Asker, zone: ZoneInfo) -> Asker:
    with running_engine() as engine:
        found = in_force(engine, draft.table)
    if found is None:
        raise NotFound("backtest.baseline", id=draft.table.definition.id)
    return Asker(found, zone)


def _progress(cases: int) -> None:
    print(sentence("backtest.progress", language(), {"cases": cases}), file=sys.stderr)


def _writing(open_: ExitStack, path: Path | None) -> Callable[[Case], None]:
    if path is None:
        return lambda _: None
    file = open_.enter_context(path.open("w", encoding="utf-8"))

    def write(case: Case) -> None:
        for name in case.changes:
            file.write(plain_dumps({"against": name, **case_document(case, name, language())}) + "\n")

    return write
