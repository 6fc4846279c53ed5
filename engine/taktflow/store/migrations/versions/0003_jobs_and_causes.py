"""Jobs over many instances, what incidents have in common, and events that failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from taktflow.store.causes import cause
from taktflow.store.columns import Counter, Moment, Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _jobs()
    op.add_column("incident", sa.Column("cause", Words(), nullable=False, server_default=""))
    _name_causes()
    with op.batch_alter_table("incident") as incident:
        incident.alter_column("cause", server_default=None)
    op.create_index("incident_cause", "incident", ["status", "cause", "opened_at", "id"])
    failed = sa.text("status = 'failed'")
    op.create_index("inbound_failed", "inbound", ["id"], sqlite_where=failed, postgresql_where=failed)


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", Words(), nullable=False),
        sa.Column("action", Words(), nullable=False),
        sa.Column("by", Words(), nullable=False),
        sa.Column("why", Words(), nullable=False),
        sa.Column("chosen", Words(), nullable=False),
        sa.Column("options", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("place", Words(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("epoch", Counter(), nullable=False),
        sa.Column("held_until", Moment(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("ended_by", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("job_created", "job", ["created_at", "id"])
    op.create_index("job_status", "job", ["status", "held_until"])
    op.create_table(
        "job_item",
        sa.Column("job_id", Words(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("object", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("code", Words(), nullable=True),
        sa.Column("zh", Words(), nullable=True),
        sa.Column("en", Words(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "n"),
        sqlite_with_rowid=False,
    )
    op.create_index("job_item_status", "job_item", ["job_id", "status", "n"])


def _name_causes() -> None:
    """Incidents that are there already join their groups."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, workflow, node, code, en FROM incident")).all()
    named = [{"id": r[0], "cause": cause(r[1], r[2], r[3], r[4])} for r in rows]
    if named:
        connection.execute(sa.text("UPDATE incident SET cause = :cause WHERE id = :id"), named)


def downgrade() -> None:
    op.drop_index("inbound_failed", "inbound")
    op.drop_index("incident_cause", "incident")
    op.drop_column("incident", "cause")
    op.drop_table("job_item")
    op.drop_table("job")
