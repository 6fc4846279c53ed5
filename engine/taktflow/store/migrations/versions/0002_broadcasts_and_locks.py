"""Who hears which broadcast, and the queues for things that one instance at a time may use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from taktflow.store.columns import Counter, Moment, Words

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listener",
        sa.Column("instance_id", Words(), nullable=False),
        sa.Column("id", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("listener_name", "listener", ["name"])
    op.create_table(
        "lock_queue",
        sa.Column("n", Counter(), nullable=False),
        sa.Column("instance_id", Words(), nullable=False),
        sa.Column("id", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("node", Words(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("granted_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("n"),
        sqlite_autoincrement=True,
    )
    op.create_index("lock_place", "lock_queue", ["instance_id", "id"], unique=True)
    op.create_index("lock_name", "lock_queue", ["name", "n"])


def downgrade() -> None:
    op.drop_table("lock_queue")
    op.drop_table("listener")
