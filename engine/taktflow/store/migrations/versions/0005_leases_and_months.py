"""Leases belong to executor runs alone, state is updated in place, and PostgreSQL keeps the journal by months.

What the journal holds becomes the table of everything up to the end of the current month, without being written again;
the engine makes the months after it (see ``taktflow.store.months``). SQLite has one journal as before.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from taktflow.store.columns import Counter, Moment, Words
from taktflow.store.moments import MONTHS_AHEAD, micros, month_name, month_start

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_HOT = ("instance", "effect", "timer", "signal_inbox", "inbound", "executor")
"""Tables whose rows change or go all the time: vacuumed after two rows in a hundred instead of twenty."""
_VACUUM = (
    "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_analyze_scale_factor = 0.05"
)
_VACUUM_NAMES = "autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor"


def upgrade() -> None:
    for column in ("lease_owner", "lease_epoch", "lease_until"):
        op.drop_column("instance", column)
    # Not by changed_at: PostgreSQL updates a row in place only while no indexed column changes, partial or not.
    _runnable_by("id")
    if op.get_bind().dialect.name == "postgresql":
        for table in _HOT:
            op.execute(f"ALTER TABLE {table} SET ({_VACUUM})")
        _by_months()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _in_one()
        for table in _HOT:
            op.execute(f"ALTER TABLE {table} RESET ({_VACUUM_NAMES})")
    _runnable_by("changed_at")
    op.add_column("instance", sa.Column("lease_owner", Words(), nullable=True))
    op.add_column("instance", sa.Column("lease_epoch", Counter(), nullable=True))
    op.add_column("instance", sa.Column("lease_until", Moment(), nullable=True))


def _runnable_by(column: str) -> None:
    op.drop_index("instance_runnable", "instance")
    runnable = sa.text("runnable")
    op.create_index("instance_runnable", "instance", [column], sqlite_where=runnable, postgresql_where=runnable)


def _by_months() -> None:
    now = datetime.now(UTC)
    newest = op.get_bind().execute(sa.text("SELECT max(at) FROM journal")).scalar()
    ends = max(micros(month_start(now, 1)), (newest or 0) + 1)
    op.execute("ALTER TABLE journal RENAME TO journal_past")
    op.execute("ALTER TABLE journal_past DROP CONSTRAINT journal_pkey")
    op.execute("CREATE TABLE journal (LIKE journal_past INCLUDING DEFAULTS) PARTITION BY RANGE (at)")
    # Which month a row is in belongs to its key; that an instance's numbers are used once is held by its revision.
    op.execute("ALTER TABLE journal ADD PRIMARY KEY (instance_id, seq, at)")
    op.execute(f"ALTER TABLE journal ATTACH PARTITION journal_past FOR VALUES FROM (MINVALUE) TO ({ends})")
    op.execute("CREATE TABLE journal_other PARTITION OF journal DEFAULT")
    for ahead in range(1, MONTHS_AHEAD + 1):
        first, after = month_start(now, ahead), month_start(now, ahead + 1)
        if micros(first) >= ends:
            op.execute(
                f"CREATE TABLE {month_name(first)} PARTITION OF journal"
                f" FOR VALUES FROM ({micros(first)}) TO ({micros(after)})"
            )


def _in_one() -> None:
    op.execute("CREATE TABLE journal_whole (LIKE journal INCLUDING DEFAULTS)")
    op.execute("INSERT INTO journal_whole SELECT * FROM journal")
    op.execute("DROP TABLE journal")
    op.execute("ALTER TABLE journal_whole RENAME TO journal")
    op.execute("ALTER TABLE journal ADD PRIMARY KEY (instance_id, seq)")
