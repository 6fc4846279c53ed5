"""The command line; ``python -m taktflow.cli`` and ``taktflow`` are the same."""

from taktflow.cli.archiving import archive
from taktflow.cli.commands import app
from taktflow.cli.exchange import export_table, import_table
from taktflow.cli.incidents import inbound, incidents
from taktflow.cli.jobs import instances, jobs
from taktflow.cli.schedules import schedules
from taktflow.cli.tables import decide, table
from taktflow.cli.trials import backtest_table
from taktflow.cli.working import worker

__all__ = ["app"]

app.command()(decide)
app.command()(worker)
table.command("import")(import_table)
table.command("export")(export_table)
table.command("backtest")(backtest_table)
app.add_typer(table, name="table")
app.add_typer(incidents, name="incidents")
app.add_typer(inbound, name="inbound")
app.add_typer(instances, name="instances")
app.add_typer(jobs, name="jobs")
app.add_typer(archive, name="archive")
app.add_typer(schedules, name="schedules")
