"""Starts that recur by themselves: when each is due next, and what became of it last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from taktflow.store.columns import Moment, Words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("workflow", Words(), nullable=False),
        sa.Column("start", Words(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cron", Words(), nullable=False),
        sa.Column("zone", Words(), nullable=False),
        sa.Column("calendar", Words(), nullable=True),
        sa.Column("on_holiday", Words(), nullable=False),
        sa.Column("catch_up", Words(), nullable=False),
        sa.Column("next_at", Moment(), nullable=True),
        sa.Column("last_at", Moment(), nullable=True),
        sa.Column("fired_at", Moment(), nullable=True),
        sa.Column("last_instance", Words(), nullable=True),
        sa.Column("code", Words(), nullable=True),
        sa.Column("zh", Words(), nullable=True),
        sa.Column("en", Words(), nullable=True),
        sa.Column("paused_at", Moment(), nullable=True),
        sa.Column("paused_by", Words(), nullable=True),
        sa.Column("why", Words(), nullable=True),
        sa.Column("retired_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("workflow", "start"),
        sqlite_with_rowid=False,
    )
    due = sa.text("next_at IS NOT NULL")
    op.create_index("schedule_due", "schedule", ["next_at"], sqlite_where=due, postgresql_where=due)


def downgrade() -> None:
    op.drop_table("schedule")
