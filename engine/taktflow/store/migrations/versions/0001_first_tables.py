"""The first tables: definitions, instances and what they owe, records, people.

Histories are append-only: triggers refuse to alter or remove their rows, whoever asks.

SQLite is told beforehand how the tables will be filled (https://sqlite.org/fileformat2.html#stat1tab): it would take an
index on the entity, of which there are few, for as good as one on the id, and read a whole entity to find four records.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from taktflow.store.columns import Counter, Moment, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "alert",
    "alert_recipient",
    "api_token",
    "audit",
    "definition",
    "effect",
    "executor",
    "inbound",
    "incident",
    "instance",
    "journal",
    "message",
    "plan",
    "record",
    "record_change",
    "record_index",
    "record_unique",
    "session",
    "signal_inbox",
    "subscription",
    "task_candidate",
    "timer",
    "user",
    "user_role",
    "user_task",
)
_APPEND_ONLY = ("record_change", "audit")
_EXPECTED = {
    ("alert_recipient", "alert_recipient"): "100000 2 1",
    ("alert_recipient", "alert_recipient_principal"): "100000 5000 1",
    ("audit", "audit_by"): "100000 5000 1",
    ("audit", "audit_object"): "100000 5 1",
    ("definition", "sqlite_autoindex_definition_1"): "1000 100 5 1",
    ("definition", "definition_published"): "1000 100 60 5 1",
    ("inbound", "inbound_event"): "100000 20000 1",
    ("inbound", "inbound_instance"): "100000 2",
    ("incident", "incident_opened"): "5000 2500 1 1",
    ("incident", "incident_instance"): "5000 2",
    ("instance", "sqlite_autoindex_instance_1"): "100000 1",
    ("instance", "instance_workflow"): "100000 20000 10000 1",
    ("instance", "instance_started"): "100000 2 1",
    ("instance", "instance_key"): "100000 2",
    ("record", "sqlite_autoindex_record_1"): "100000 20000 1",
    ("record", "record_changed"): "100000 20000 2 1",
    ("record", "record_created"): "100000 20000 2 1",
    ("record_change", "record_change"): "300000 60000 3 1",
    ("record_change", "record_change_at"): "300000 60000 2",
    ("record_index", "record_index"): "500000 100000 5 1 1",
    ("record_index", "record_index_value"): "500000 100000 20000 20 1",
    ("task_candidate", "task_candidate"): "100000 2 1 1",
    ("task_candidate", "task_candidate_principal"): "100000 5000 1",
    ("user_task", "sqlite_autoindex_user_task_1"): "50000 1",
    ("user_task", "user_task_instance"): "50000 2",
    ("user_task", "user_task_opened"): "50000 20000 1 1",
}
"""By table and index: how many rows there will be, then how many share each longer beginning of the index."""


def upgrade() -> None:
    _create_alert()
    _create_alert_recipient()
    _create_api_token()
    _create_audit()
    _create_definition()
    _create_effect()
    _create_executor()
    _create_inbound()
    _create_incident()
    _create_instance()
    _create_journal()
    _create_message()
    _create_plan()
    _create_record()
    _create_record_change()
    _create_record_index()
    _create_record_unique()
    _create_session()
    _create_signal_inbox()
    _create_subscription()
    _create_task_candidate()
    _create_timer()
    _create_user()
    _create_user_role()
    _create_user_task()
    for table in _APPEND_ONLY:
        _refuse_changes(table)
    if op.get_bind().dialect.name == "sqlite":
        _tell_planner()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION append_only()")


def _create_alert() -> None:
    op.create_table(
        "alert",
        sa.Column("id", Counter(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("instance_id", Words(), nullable=True),
        sa.Column("node", Words(), nullable=False),
        sa.Column("severity", Words(), nullable=False),
        sa.Column("title_zh", Words(), nullable=False),
        sa.Column("title_en", Words(), nullable=False),
        sa.Column("body_zh", Words(), nullable=False),
        sa.Column("body_en", Words(), nullable=False),
        sa.Column("link", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("alert_instance", "alert", ["instance_id"], unique=False)


def _create_alert_recipient() -> None:
    op.create_table(
        "alert_recipient",
        sa.Column("alert_id", Counter(), autoincrement=False, nullable=False),
        sa.Column("principal", Words(), nullable=False),
        sa.Column("cc", sa.Boolean(), nullable=False),
        sa.Column("read_by", Words(), nullable=True),
        sa.Column("read_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("alert_id", "principal"),
        sqlite_with_rowid=False,
    )
    op.create_index("alert_recipient_principal", "alert_recipient", ["principal", "alert_id"], unique=False)


def _create_api_token() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", Words(), nullable=False),
        sa.Column("hash", Words(), nullable=False),
        sa.Column("user", Words(), nullable=False),
        sa.Column("title", Words(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("last_used", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("api_token_hash", "api_token", ["hash"], unique=True)
    op.create_index("api_token_user", "api_token", ["user"], unique=False)


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Counter(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", Words(), nullable=False),
        sa.Column("action", Words(), nullable=False),
        sa.Column("object", Words(), nullable=False),
        sa.Column("details", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_by", "audit", ["by", "id"], unique=False)
    op.create_index("audit_object", "audit", ["object", "id"], unique=False)


def _create_definition() -> None:
    op.create_table(
        "definition",
        sa.Column("kind", Words(), nullable=False),
        sa.Column("id", Words(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("source", Words(), nullable=False),
        sa.Column("document", Words(), nullable=False),
        sa.Column("published_at", Moment(), nullable=True),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("by", Words(), nullable=False),
        sa.Column("pack", Words(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "version"),
    )
    op.create_index("definition_pack", "definition", ["pack"], unique=False)
    op.create_index("definition_published", "definition", ["kind", "status", "id", "version"], unique=False)


def _create_effect() -> None:
    op.create_table(
        "effect",
        sa.Column("key", Words(), nullable=False),
        sa.Column("instance_id", Words(), nullable=False),
        sa.Column("node", Words(), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("idempotency", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.Column("epoch", Counter(), nullable=True),
        sa.Column("request", Words(), nullable=False),
        sa.Column("response", Words(), nullable=True),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(
        "effect_due",
        "effect",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("effect_instance", "effect", ["instance_id"], unique=False)
    op.create_index(
        "effect_running",
        "effect",
        ["epoch"],
        unique=False,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )


def _create_executor() -> None:
    op.create_table(
        "executor",
        sa.Column("epoch", Counter(), nullable=False),
        sa.Column("id", Words(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("heartbeat_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("epoch"),
        sqlite_autoincrement=True,
    )


def _create_inbound() -> None:
    op.create_table(
        "inbound",
        sa.Column("id", Counter(), nullable=False),
        sa.Column("connection", Words(), nullable=False),
        sa.Column("event_id", Words(), nullable=False),
        sa.Column("topic", Words(), nullable=False),
        sa.Column("headers", Words(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Moment(), nullable=False),
        sa.Column("error", Words(), nullable=True),
        sa.Column("instance_id", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("inbound_event", "inbound", ["connection", "event_id"], unique=True)
    op.create_index("inbound_instance", "inbound", ["instance_id"], unique=False)
    op.create_index(
        "inbound_pending",
        "inbound",
        ["next_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )


def _create_incident() -> None:
    op.create_table(
        "incident",
        sa.Column("id", Words(), nullable=False),
        sa.Column("instance_id", Words(), nullable=False),
        sa.Column("workflow", Words(), nullable=False),
        sa.Column("node", Words(), nullable=False),
        sa.Column("code", Words(), nullable=False),
        sa.Column("zh", Words(), nullable=False),
        sa.Column("en", Words(), nullable=False),
        sa.Column("details", Words(), nullable=False),
        sa.Column("effect_key", Words(), nullable=True),
        sa.Column("status", Words(), nullable=False),
        sa.Column("how", Words(), nullable=True),
        sa.Column("by", Words(), nullable=True),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("incident_instance", "incident", ["instance_id"], unique=False)
    op.create_index("incident_opened", "incident", ["status", "opened_at", "id"], unique=False)


def _create_instance() -> None:
    op.create_table(
        "instance",
        sa.Column("id", Words(), nullable=False),
        sa.Column("plan_id", Words(), nullable=False),
        sa.Column("workflow", Words(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("business_key", Words(), nullable=False),
        sa.Column("start_key", Words(), nullable=True),
        sa.Column("status", Words(), nullable=False),
        sa.Column("outcome", Words(), nullable=True),
        sa.Column("runnable", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("incidents", sa.Integer(), nullable=False),
        sa.Column("rev", Counter(), nullable=False),
        sa.Column("seq", Counter(), nullable=False),
        sa.Column("state", Words(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("by", Words(), nullable=False),
        sa.Column("parent_id", Words(), nullable=True),
        sa.Column("parent_token", Counter(), nullable=True),
        sa.Column("lease_owner", Words(), nullable=True),
        sa.Column("lease_epoch", Counter(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("instance_key", "instance", ["business_key"], unique=False)
    op.create_index(
        "instance_parent",
        "instance",
        ["parent_id"],
        unique=False,
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "instance_runnable",
        "instance",
        ["changed_at"],
        unique=False,
        sqlite_where=sa.text("runnable"),
        postgresql_where=sa.text("runnable"),
    )
    op.create_index(
        "instance_start",
        "instance",
        ["workflow", "start_key"],
        unique=True,
        sqlite_where=sa.text("start_key IS NOT NULL"),
        postgresql_where=sa.text("start_key IS NOT NULL"),
    )
    op.create_index("instance_started", "instance", ["started_at", "id"], unique=False)
    op.create_index(
        "instance_troubled",
        "instance",
        ["started_at"],
        unique=False,
        sqlite_where=sa.text("incidents > 0"),
        postgresql_where=sa.text("incidents > 0"),
    )
    op.create_index("instance_workflow", "instance", ["workflow", "status", "started_at"], unique=False)


def _create_journal() -> None:
    op.create_table(
        "journal",
        sa.Column("instance_id", Words(), nullable=False),
        sa.Column("seq", Counter(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("batch", Words(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "seq"),
        sqlite_with_rowid=False,
    )


def _create_message() -> None:
    op.create_table(
        "message",
        sa.Column("id", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("key", Words(), nullable=False),
        sa.Column("payload", Words(), nullable=False),
        sa.Column("by", Words(), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("taken_by", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("message_expires", "message", ["expires_at"], unique=False)
    op.create_index(
        "message_waiting",
        "message",
        ["name", "key", "received_at"],
        unique=False,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )


def _create_plan() -> None:
    op.create_table(
        "plan",
        sa.Column("id", Words(), nullable=False),
        sa.Column("workflow", Words(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pins", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _create_record() -> None:
    op.create_table(
        "record",
        sa.Column("entity", Words(), nullable=False),
        sa.Column("id", Words(), nullable=False),
        sa.Column("rev", Counter(), nullable=False),
        sa.Column("fields", Words(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "id"),
    )
    op.create_index("record_changed", "record", ["entity", "changed_at", "id"], unique=False)
    op.create_index("record_created", "record", ["entity", "created_at", "id"], unique=False)


def _create_record_change() -> None:
    op.create_table(
        "record_change",
        sa.Column("entity", Words(), nullable=False),
        sa.Column("record_id", Words(), nullable=False),
        sa.Column("rev", Counter(), autoincrement=False, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", Words(), nullable=False),
        sa.Column("source", Words(), nullable=False),
        sa.Column("why", Words(), nullable=False),
        sa.Column("changes", Words(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "record_id", "rev"),
        sqlite_with_rowid=False,
    )
    op.create_index("record_change_at", "record_change", ["entity", "at"], unique=False)


def _create_record_index() -> None:
    op.create_table(
        "record_index",
        sa.Column("entity", Words(), nullable=False),
        sa.Column("record_id", Words(), nullable=False),
        sa.Column("field", Words(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("value", Words(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "record_id", "field", "n"),
        sqlite_with_rowid=False,
    )
    op.create_index("record_index_value", "record_index", ["entity", "field", "value", "record_id"], unique=False)


def _create_record_unique() -> None:
    op.create_table(
        "record_unique",
        sa.Column("entity", Words(), nullable=False),
        sa.Column("constraint_name", Words(), nullable=False),
        sa.Column("value", Words(), nullable=False),
        sa.Column("record_id", Words(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "constraint_name", "value"),
        sqlite_with_rowid=False,
    )
    op.create_index("record_unique_record", "record_unique", ["entity", "record_id"], unique=False)


def _create_session() -> None:
    op.create_table(
        "session",
        sa.Column("token_hash", Words(), nullable=False),
        sa.Column("user", Words(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("csrf", Words(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("session_expires", "session", ["expires_at"], unique=False)
    op.create_index("session_user", "session", ["user"], unique=False)


def _create_signal_inbox() -> None:
    op.create_table(
        "signal_inbox",
        sa.Column("id", Counter(), nullable=False),
        sa.Column("instance_id", Words(), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("subject", Words(), nullable=False),
        sa.Column("event", Words(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("signal_instance", "signal_inbox", ["instance_id"], unique=False)


def _create_subscription() -> None:
    op.create_table(
        "subscription",
        sa.Column("n", Counter(), nullable=False),
        sa.Column("instance_id", Words(), nullable=False),
        sa.Column("id", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("key", Words(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sqlite_autoincrement=True,
    )
    op.create_index("subscription_name", "subscription", ["name", "key", "n"], unique=False)
    op.create_index("subscription_place", "subscription", ["instance_id", "id"], unique=True)


def _create_task_candidate() -> None:
    op.create_table(
        "task_candidate",
        sa.Column("task_id", Words(), nullable=False),
        sa.Column("principal", Words(), nullable=False),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "principal", "excluded"),
        sqlite_with_rowid=False,
    )
    op.create_index("task_candidate_principal", "task_candidate", ["principal", "task_id"], unique=False)


def _create_timer() -> None:
    op.create_table(
        "timer",
        sa.Column("instance_id", Words(), nullable=False),
        sa.Column("timer", Words(), nullable=False),
        sa.Column("due", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "timer"),
        sqlite_with_rowid=False,
    )
    op.create_index("timer_due", "timer", ["due"], unique=False)


def _create_user() -> None:
    op.create_table(
        "user",
        sa.Column("name", Words(), nullable=False),
        sa.Column("display", Words(), nullable=False),
        sa.Column("password_hash", Words(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("language", Words(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _create_user_role() -> None:
    op.create_table(
        "user_role",
        sa.Column("user", Words(), nullable=False),
        sa.Column("role", Words(), nullable=False),
        sa.PrimaryKeyConstraint("user", "role"),
        sqlite_with_rowid=False,
    )
    op.create_index("user_role_role", "user_role", ["role", "user"], unique=False)


def _create_user_task() -> None:
    op.create_table(
        "user_task",
        sa.Column("id", Words(), nullable=False),
        sa.Column("instance_id", Words(), nullable=False),
        sa.Column("workflow", Words(), nullable=False),
        sa.Column("node", Words(), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("title", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("who", Words(), nullable=False),
        sa.Column("exclude", Words(), nullable=False),
        sa.Column("outcomes", Words(), nullable=False),
        sa.Column("form", Words(), nullable=True),
        sa.Column("shown", Words(), nullable=False),
        sa.Column("due", Moment(), nullable=True),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("claimed_by", Words(), nullable=True),
        sa.Column("outcome", Words(), nullable=True),
        sa.Column("decided_by", Words(), nullable=True),
        sa.Column("data", Words(), nullable=True),
        sa.Column("decisions", Words(), nullable=True),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("user_task_instance", "user_task", ["instance_id"], unique=False)
    op.create_index("user_task_opened", "user_task", ["status", "opened_at", "id"], unique=False)


def _tell_planner() -> None:
    op.execute("ANALYZE sqlite_schema")
    told = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    op.bulk_insert(told, [{"tbl": table, "idx": index, "stat": stat} for (table, index), stat in _EXPECTED.items()])


def _refuse_changes(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
