"""The command line: ``taktflow check | test | run | publish | serve | worker | migrate | plugins | new | user``."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from taktflow.api.logs import configure_logs
from taktflow.api.server import server
from taktflow.catalog import Catalog, announced
from taktflow.cli.telling import language, print_findings, running_engine, told
from taktflow.cli.working import executor_of
from taktflow.definitions.load import load
from taktflow.definitions.pack import read_pack
from taktflow.errors import Invalid, Refused
from taktflow.executor.embedded import EmbeddedExecutor
from taktflow.services.accounts import create_user, ensure_demo_users
from taktflow.services.caller import ENGINE
from taktflow.services.engine import Engine
from taktflow.services.new_node import node_project
from taktflow.services.publish import pack_findings, publish_pack, run_cases
from taktflow.services.start import start_instance
from taktflow.settings import Settings
from taktflow.store import migrate as migrate_database
from taktflow.values import has_errors, loads, plain_dumps, shown

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Taktflow, the workflow engine for manufacturers.")
new = typer.Typer(no_args_is_help=True, help="Start something of your own.")
user = typer.Typer(no_args_is_help=True, help="People who may sign in.")
app.add_typer(new, name="new")
app.add_typer(user, name="user")

PackPath = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The pack's folder.")]


@app.command()
def check(pack: PackPath) -> None:
    """Say everything that is wrong with a pack; ends with 1 when something must be mended."""
    today = datetime.now(ZoneInfo(Settings().timezone)).date()
    findings = pack_findings(read_pack(pack), Catalog(announced()), today=today)
    print_findings(findings)
    errors = sum(f.severity == "error" for f in findings)
    print(f"{errors} errors, {len(findings) - errors} other findings")
    raise typer.Exit(1 if errors else 0)


@app.command()
def test(pack: PackPath, quiet: Annotated[bool, typer.Option(help="Print failures only.")] = False) -> None:
    """Run a pack's cases; ends with 1 when one fails or the pack has errors."""
    with told():
        catalog, source = Catalog(announced()), read_pack(pack)
        findings = pack_findings(source, catalog)
        if has_errors(findings):
            raise Invalid("publish.findings", findings=findings, count=sum(f.severity == "error" for f in findings))
        results = run_cases(source, catalog, Settings().timezone)
    for result in results:
        if not result.passed or not quiet:
            print(f"{'pass' if result.passed else 'FAIL'}  {result.case.title}")
        for problem in result.problems:
            print(f"      {problem}")
    failed = sum(not r.passed for r in results)
    print(f"{len(results) - failed} of {len(results)} cases passed")
    raise typer.Exit(1 if failed or not results else 0)


@app.command()
def run(
    workflow: Annotated[str, typer.Argument(help="The id of a published workflow.")],
    input: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="YAML or JSON data.")] = None,
    start: Annotated[str | None, typer.Option(help="Which start, when there are several.")] = None,
    wait_s: Annotated[float, typer.Option(help="Seconds to wait until nothing runs any more.")] = 30,
) -> None:
    """Start an instance, let it run until it waits or ends, and say where it stands."""
    with told(), running_engine() as engine:
        data = None
        if input is not None:
            loaded = load(input.read_bytes(), input.name)
            if loaded.findings:
                raise Invalid("start.data", findings=loaded.findings)
            data = loaded.document
        executor = _executor_unless_served(engine)
        try:
            started = start_instance(engine, workflow, start=start, data=data, caller=ENGINE)
            _wait(engine, executor, started.id, wait_s)
        finally:
            if executor is not None:
                executor.stop()
        _print_instance(engine, started.id)


def _executor_unless_served(engine: Engine) -> EmbeddedExecutor | None:
    executor = EmbeddedExecutor(engine)
    try:
        executor.start()
    except Refused:
        # A server works on this database: it sees the new instance and carries it on.
        return None
    return executor


def _wait(engine: Engine, executor: EmbeddedExecutor | None, id: str, wait_s: float) -> None:
    if executor is not None:
        executor.wait_idle(wait_s)
        return
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        row = engine.store.instances.find(id)
        if row is None or row.status != "running" or not engine.store.instances.owed(id):
            return
        time.sleep(0.1)


def _print_instance(engine: Engine, id: str) -> None:
    row = engine.store.instances.find(id)
    state = loads(engine.store.load_instance(id).state)
    print(f"instance {id}")
    if row is not None:
        print(f"status {row.status}  outcome {row.outcome or '-'}  key {row.business_key or '-'}")
    for token in state["tokens"]:
        print(f"waits at {token[1]}" + (f" for {token[3]['on']}" if token[3] else ""))
    print(plain_dumps(state["frames"][0][3]))


@app.command()
def publish(pack: PackPath) -> None:
    """Check a pack, run its cases and publish what is new or changed; all or nothing."""
    with told(), running_engine() as engine:
        done = publish_pack(engine, pack, ENGINE)
        print_findings(done.findings)
        for kind, id, version in done.published:
            print(f"published {kind} {id}@{version}")
        print(f"{len(done.published)} published, {len(done.unchanged)} unchanged, {done.cases} cases passed")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = None,
) -> None:
    """Serve the API and the designer, and perform what workflows owe or have workers do it, until told to stop."""
    configure_logs()
    with told(), running_engine() as engine:
        executor = executor_of(engine)
        executor.start()
        try:
            server(engine, host=host, port=port).run()
        finally:
            executor.stop()


@app.command()
def migrate() -> None:
    """Bring the database to the newest revision; harmless when it is there."""
    with told():
        settings = Settings()
        print(f"database at revision {migrate_database(settings.database_url)}")


@app.command()
def plugins() -> None:
    """List what is installed; a broken plug-in is shown with its reason."""
    spoken = language()
    for one in Catalog(announced()).listing():
        title = one.title[spoken] if one.title else ""
        kind = one.group.removeprefix("taktflow.").removesuffix("s")
        print(f"{kind:10} {one.kind:22} {one.distribution} {one.version}  {one.error or title}")


@new.command("node")
def new_node(
    name: Annotated[str, typer.Argument(help="The node's name, such as acme.weight.")],
    folder: Annotated[Path, typer.Option(help="Where the project's folder is made.")] = Path(),
) -> None:
    """Write a small project with a node of your own, its test and its packaging."""
    with told():
        made = node_project(name, folder, taken=Catalog(announced()).node_kinds())
        print(f"wrote {made}; install it with: pip install -e {made}")


@user.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    role: Annotated[list[str] | None, typer.Option(help="A role; repeat for several.")] = None,
) -> None:
    """Create a person with a random password, told once."""
    with told(), running_engine() as engine:
        made, password = create_user(engine, name, by=ENGINE, roles=tuple(role or ()))
        print(f"{made.name}  {shown(sorted(made.roles))}  password: {password}")


@user.command("demo")
def demo_users() -> None:
    """Create the demo's people where they are missing; each password is told once."""
    with told(), running_engine() as engine:
        for name, roles, password in ensure_demo_users(engine):
            print(f"{name}  {', '.join(roles)}  {password}")
