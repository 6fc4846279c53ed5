"""``taktflow archive``: what was moved out of the database, and moving by hand."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated

import typer

from taktflow.cli.telling import running_engine, told
from taktflow.services.archive import Archive
from taktflow.services.retention import Retention
from taktflow.settings import Settings
from taktflow.values import plain_dumps

archive = typer.Typer(no_args_is_help=True, help="Ended instances that were moved out of the database.")


def _archive() -> Archive:
    settings = Settings()
    return Archive(settings.archive or settings.var / "archive")


@archive.command("list")
def listing(
    workflow: Annotated[str | None, typer.Option(help="Name the instances of this workflow, one a line.")] = None,
) -> None:
    """Say how many instances each file holds; every file is checked against its hashes."""
    with told():
        found, bytes_ = Counter[str](), Counter[str]()
        kept = _archive()
        for batch in kept.batches():
            kept.lines(batch)
            found[batch.file] += len(batch.instances)
            bytes_[batch.file] += batch.length
            for one in batch.instances:
                if one.workflow == workflow:
                    print(f"{one.id}  {one.ended_at}  {one.status}  {one.key or '-'}")
        if workflow is None:
            for file in sorted(found):
                print(f"{file}  {found[file]} instances  {bytes_[file]} bytes")
            print(f"{sum(found.values())} instances in {kept.folder}")


@archive.command()
def show(id: Annotated[str, typer.Argument(help="The id of an archived instance.")]) -> None:
    """Print an archived instance with its journal, effects, incidents and tasks as JSON."""
    with told():
        print(plain_dumps(_archive().instance(id)))


@archive.command()
def run(
    days: Annotated[int, typer.Option(min=0, help="Move what ended longer ago than this many days.")],
) -> None:
    """Move what ended long ago out of the database now, until nothing old is left."""
    with told(), running_engine() as engine:
        before = engine.now() - timedelta(days=days)
        retention = Retention(engine)
        moved = 0
        while step := retention.step(before):
            moved += step
        engine.store.retention.tidy()
        print(f"{moved} moved or cleared")
