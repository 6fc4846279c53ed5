"""Everything kept: instances and what they owe, records, people. The store knows rows, not meaning."""

from __future__ import annotations

from taktflow.store.apply.inbound import Received
from taktflow.store.apply.jobs import NewJob
from taktflow.store.apply.schedules import DeclaredSchedules, ScheduleRule
from taktflow.store.causes import pattern
from taktflow.store.commit import (
    AuditEntry,
    Commit,
    CommitResult,
    Consumed,
    EffectOutcome,
    InstanceUpdate,
    NewInbound,
    NewInstance,
    NewMessage,
    RowWrite,
    ScheduleFire,
)
from taktflow.store.failures import (
    AlreadyStarted,
    AlreadyTaken,
    DuplicateValue,
    RecordExists,
    StaleInstance,
    StaleRecord,
    StoreBusy,
    StoreFailed,
)
from taktflow.store.lists.audits import AuditFilter
from taktflow.store.lists.definitions import DRAFT, NewDefinition
from taktflow.store.lists.incidents import IncidentFilter, IncidentGroup
from taktflow.store.lists.instances import InstanceFilter
from taktflow.store.lists.jobs import JobItemRow, JobReason, JobRow
from taktflow.store.lists.paging import Part
from taktflow.store.lists.records import AnyOf, Between, Match, StartsWith
from taktflow.store.lists.schedules import ScheduleRow
from taktflow.store.lists.tasks import TaskFilter
from taktflow.store.migrate import check_revision, migrate, revision
from taktflow.store.rows import (
    AlertRow,
    ApiTokenRow,
    AuditRow,
    ClaimedEffect,
    DefinitionRow,
    EffectRow,
    InboundRow,
    IncidentRow,
    InstanceRow,
    JournalRow,
    LoadedInstance,
    LockRow,
    MessageRow,
    Notice,
    Page,
    PlanRow,
    RecordChangeRow,
    RecordRow,
    SessionRow,
    SignalRow,
    SubscriptionRow,
    TimerRow,
    UserRow,
    UserTaskRow,
)
from taktflow.store.sortable import IndexValue
from taktflow.store.store import Store

__all__ = [
    "DRAFT",
    "AlertRow",
    "AlreadyStarted",
    "AlreadyTaken",
    "AnyOf",
    "ApiTokenRow",
    "AuditEntry",
    "AuditFilter",
    "AuditRow",
    "Between",
    "ClaimedEffect",
    "Commit",
    "CommitResult",
    "Consumed",
    "DeclaredSchedules",
    "DefinitionRow",
    "DuplicateValue",
    "EffectOutcome",
    "EffectRow",
    "InboundRow",
    "IncidentFilter",
    "IncidentGroup",
    "IncidentRow",
    "IndexValue",
    "InstanceFilter",
    "InstanceRow",
    "InstanceUpdate",
    "JobItemRow",
    "JobReason",
    "JobRow",
    "JournalRow",
    "LoadedInstance",
    "LockRow",
    "Match",
    "MessageRow",
    "NewDefinition",
    "NewInbound",
    "NewInstance",
    "NewJob",
    "NewMessage",
    "Notice",
    "Page",
    "Part",
    "PlanRow",
    "Received",
    "RecordChangeRow",
    "RecordExists",
    "RecordRow",
    "RowWrite",
    "ScheduleFire",
    "ScheduleRow",
    "ScheduleRule",
    "SessionRow",
    "SignalRow",
    "StaleInstance",
    "StaleRecord",
    "StartsWith",
    "Store",
    "StoreBusy",
    "StoreFailed",
    "SubscriptionRow",
    "TaskFilter",
    "TimerRow",
    "UserRow",
    "UserTaskRow",
    "check_revision",
    "migrate",
    "pattern",
    "revision",
]
