"""Reads and writes records; writes are committed together with the node's result, so they happen exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from taktflow.sdk import (
    Holds,
    Node,
    NodeConfig,
    NodeContext,
    NodeError,
    Range,
    Record,
    RecordWrite,
    Refers,
    Result,
    Text,
    Titled,
    Value,
)

EntityName = Annotated[str, Refers("entity"), Titled("实体", "Entity")]
RecordId = Annotated[str, Field(min_length=1, max_length=200), Titled("编号", "Record id")]
Why = Annotated[str, Titled("原因", "Reason")]

EXISTS = Text("该编号的记录已存在。", "A record with this id exists already.")
MISSING = Text("没有该编号的记录。", "There is no record with this id.")
STALE = Text("记录已被他人修改。", "Someone else changed the record in the meantime.")
INVALID = Text("字段不符合实体的声明。", "The fields do not hold what the entity declares.")


class CreateConfig(NodeConfig):
    """What is created."""

    entity: EntityName = Field(description="The type of record.")
    id: RecordId = Field(description="The business id of the record, such as the order number.")
    fields: Annotated[Mapping[str, Any], Titled("字段", "Fields")] = Field(description="The record's fields.")
    mode: Annotated[Literal["create", "upsert"], Titled("方式", "Mode")] = Field(
        "create", description="Whether a record that exists already is an error (create) or is changed (upsert)."
    )
    why: Why = Field("", description="The reason, kept in the record's history.")


class UpdateConfig(NodeConfig):
    """What is changed."""

    entity: EntityName = Field(description="The type of record.")
    id: RecordId = Field(description="The business id of the record.")
    fields: Annotated[Mapping[str, Any], Titled("字段", "Fields")] = Field(
        description="The fields to change; the others stay as they are."
    )
    expected_rev: Annotated[int | None, Titled("预期版本", "Expected revision")] = Field(
        None, ge=1, description="The revision this change is based on; a newer one makes it fail as stale."
    )
    why: Why = Field("", description="The reason, kept in the record's history.")


class QueryConfig(NodeConfig):
    """What is looked for."""

    entity: EntityName = Field(description="The type of record.")
    id: Annotated[str | None, Titled("编号", "Record id")] = Field(
        None, description="Reads this one record; the value is the record, or null when there is none."
    )
    where: Annotated[Mapping[str, Any], Titled("条件", "Conditions")] = Field(
        default_factory=dict,
        description="Indexed fields and the value each must have: one value, a list of values, or {from:, to:}.",
    )
    limit: Annotated[int, Titled("上限", "Limit")] = Field(100, ge=1, le=1000, description="At most so many records.")
    newest_first: Annotated[bool, Titled("最新在前", "Newest first")] = Field(
        True, description="Whether the records changed last come first."
    )


def _record_of(config: Mapping[str, Any], *, many: bool = False) -> Holds | None:
    entity = config.get("entity")
    return Holds(entity, many) if isinstance(entity, str) else None


class RecordCreate(Node[CreateConfig]):
    """Creates a record; the value is its fields with its id."""

    kind = "record.create"
    title = Text("新建记录", "Create record")
    note = Text("新建一条记录，与本步骤一同提交。", "Creates a record in the same commit as this step.")
    idempotency = "native"
    Config = CreateConfig
    errors = {"exists": EXISTS, "invalid": INVALID}

    def holds(self, config: Mapping[str, Any]) -> Holds | None:
        return _record_of(config)

    def run(self, config: CreateConfig, context: NodeContext) -> Result:
        write = RecordWrite(config.entity, config.mode, config.id, dict(config.fields), why=config.why)
        return Result(value={**config.fields, "id": config.id}, writes=[write])


class RecordUpdate(Node[UpdateConfig]):
    """Changes some fields of a record; the value is what was written, with the id."""

    kind = "record.update"
    title = Text("更新记录", "Update record")
    note = Text(
        "修改一条记录的若干字段，与本步骤一同提交。", "Changes fields of a record in the same commit as this step."
    )
    idempotency = "native"
    Config = UpdateConfig
    errors = {"missing": MISSING, "stale": STALE, "invalid": INVALID}

    def holds(self, config: Mapping[str, Any]) -> Holds | None:
        return _record_of(config)

    def run(self, config: UpdateConfig, context: NodeContext) -> Result:
        write = RecordWrite(
            config.entity, "update", config.id, dict(config.fields), expected_rev=config.expected_rev, why=config.why
        )
        return Result(value={**config.fields, "id": config.id}, writes=[write])


class RecordQuery(Node[QueryConfig]):
    """Finds records; each is a context of its fields with ``id`` and ``rev``."""

    kind = "record.query"
    title = Text("查询记录", "Query records")
    note = Text("按编号或条件查询记录。", "Finds records by id or by conditions.")
    idempotency = "native"
    Config = QueryConfig
    errors = {
        "invalid": Text("条件无法理解。", "A condition cannot be understood."),
        "unavailable": Text("记录库无法访问。", "The records cannot be reached."),
    }

    def holds(self, config: Mapping[str, Any]) -> Holds | None:
        return _record_of(config, many=config.get("id") is None)

    def run(self, config: QueryConfig, context: NodeContext) -> Result:
        if context.records is None:
            raise NodeError("unavailable", Text("此处无法读取记录。", "Records cannot be read here."))
        if config.id is not None:
            found = context.records.read(config.entity, config.id)
            return Result(value=_context(found) if found else None, trace={"found": int(found is not None)})
        where = {name: _wanted(name, value) for name, value in config.where.items()}
        records = context.records.find(config.entity, where, limit=config.limit, newest_first=config.newest_first)
        return Result(value=[_context(r) for r in records], trace={"found": len(records)})


def _context(record: Record) -> dict[str, Value]:
    # The id and revision are the record's own: a field of that name must not hide them.
    return {**record.fields, "id": record.id, "rev": Decimal(record.rev)}


def _wanted(name: str, value: Value) -> Value:
    if not isinstance(value, Mapping):
        return value
    if not value or value.keys() - {"from", "to"}:
        raise NodeError(
            "invalid",
            Text(
                f"条件 {name} 须为一个值、一个列表或 {{from:, to:}}。",
                f"The condition {name} must be a value, a list or {{from:, to:}}.",
            ),
        )
    return Range(value.get("from"), value.get("to"))
