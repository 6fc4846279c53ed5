"""The tables, one module per noun. No foreign keys: rows that belong together are written in one transaction."""

from __future__ import annotations

from sqlmodel import SQLModel

from taktflow.store.tables.alert import AlertRecipientTable, AlertTable
from taktflow.store.tables.audit import AuditTable
from taktflow.store.tables.definition import DefinitionTable, PlanTable
from taktflow.store.tables.effect import EffectTable
from taktflow.store.tables.executor import ExecutorTable
from taktflow.store.tables.inbound import InboundTable
from taktflow.store.tables.incident import IncidentTable
from taktflow.store.tables.instance import InstanceTable, JournalTable
from taktflow.store.tables.job import JobItemTable, JobTable
from taktflow.store.tables.lock import LockTable
from taktflow.store.tables.message import ListenerTable, MessageTable, SubscriptionTable
from taktflow.store.tables.record import RecordChangeTable, RecordIndexTable, RecordTable, RecordUniqueTable
from taktflow.store.tables.schedule import ScheduleTable
from taktflow.store.tables.signal import SignalTable
from taktflow.store.tables.timer import TimerTable
from taktflow.store.tables.user import ApiTokenTable, SessionTable, UserRoleTable, UserTable
from taktflow.store.tables.user_task import TaskCandidateTable, UserTaskTable

metadata = SQLModel.metadata

__all__ = [
    "AlertRecipientTable",
    "AlertTable",
    "ApiTokenTable",
    "AuditTable",
    "DefinitionTable",
    "EffectTable",
    "ExecutorTable",
    "InboundTable",
    "IncidentTable",
    "InstanceTable",
    "JobItemTable",
    "JobTable",
    "JournalTable",
    "ListenerTable",
    "LockTable",
    "MessageTable",
    "PlanTable",
    "RecordChangeTable",
    "RecordIndexTable",
    "RecordTable",
    "RecordUniqueTable",
    "ScheduleTable",
    "SessionTable",
    "SignalTable",
    "SubscriptionTable",
    "TaskCandidateTable",
    "TimerTable",
    "UserRoleTable",
    "UserTable",
    "UserTaskTable",
    "metadata",
]
