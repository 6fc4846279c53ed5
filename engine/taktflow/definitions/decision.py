"""Decision tables: columns that are tested, columns that answer, and rows: listed, in a CSV file, or cross-tabbed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from taktflow.definitions.envelope import Also, Envelope, Feel, Flag, Model, Number, Slug, Whole, Words

HitPolicy: TypeAlias = Literal["unique", "any", "priority", "first", "rule_order", "output_order", "collect"]
CellType: TypeAlias = Literal["text", "number", "boolean", "date", "time", "datetime", "duration", "any"]
Direction: TypeAlias = Literal["increasing", "decreasing"]


class DecisionInput(Model):
    """A column that is tested. ``expr`` says where the tested value comes from; the column's id when unset."""

    id: Slug
    type: CellType
    title: Words | None = None
    expr: Feel | None = None
    values: tuple[str, ...] = Field((), description="The only values there are.")
    range: str | None = Field(None, description="The domain, such as [1..1000000].")
    unit: str | None = None


class DecisionOutput(Model):
    """A column that answers. With ``formula`` a cell that begins with = is FEEL."""

    id: Slug
    type: CellType
    title: Words | None = None
    values: tuple[str, ...] = Field((), description="Allowed values, the most important first.")
    scale: Whole | None = Field(None, ge=0, le=12)
    rounding: Literal["half_even", "half_up", "half_down", "up", "down"] = "half_even"
    currency: str | None = Field(
        None,
        pattern=r"^([A-Z]{3}|[a-z][a-z0-9_]{0,62})$",
        description="Money: a currency such as CNY, or the output column that names it. Without a scale, amounts are "
        "rounded to that currency's smallest unit.",
    )
    unit: str | None = None
    formula: Flag = False
    monotone: dict[Slug, Direction] = Field(
        default_factory=dict,
        description="The promise that the answer never falls (rises) as that input grows, such as a price by "
        "quantity; checked.",
    )


class OnNone(Model):
    """What happens when no row matches."""

    on_none: Literal["error", "null"] = "error"
    row: dict[Slug, Any] | None = Field(None, description="The answer then, by output id.")


Cell: TypeAlias = str | Flag | Whole | Number | None
Row: TypeAlias = tuple[Cell, ...]


class RowsFile(Model):
    """Rows in a CSV file beside the definition; its first line names the columns by id, in any order."""

    file: str = Field(
        pattern=r"^[^./\\:*?<>|][^/\\:*?<>|]*(/[^./\\:*?<>|][^/\\:*?<>|]*)*\.csv$",
        max_length=200,
        description="The path from the definition's own folder, such as prices.csv.",
    )


class CrosstabColumn(Model):
    """One column of a cross-tab: what it tests, and what it answers besides the cell."""

    id: Slug
    when: dict[Slug, Cell] = Field(default_factory=dict, description="Cells of inputs, by input id.")
    then: dict[Slug, Cell] = Field(default_factory=dict, description="Cells of other outputs, by output id.")


class Crosstab(Model):
    """A sheet with inputs down the side and across the top; every filled cell is a row ``sheet.row.column``.

    Its rows are ``[id, *down, *across]``; in a file the first line names them. An empty cell is no row. Inputs that are
    named nowhere are not asked.
    """

    id: Slug
    when: dict[Slug, Cell] = Field(default_factory=dict, description="Cells of inputs that hold for the whole sheet.")
    then: dict[Slug, Cell] = Field(default_factory=dict, description="Cells of outputs that hold for the whole sheet.")
    down: tuple[Slug, ...] = Field(min_length=1, description="The inputs that head the rows.")
    across: tuple[CrosstabColumn, ...] = Field(min_length=1)
    cell: Slug = Field(description="The output that the cells answer.")
    rows: tuple[Row, ...] | RowsFile


_SHOWN = {"type": "string", "enum": ["rows", "crosstab"]}


def _layout(value: Any) -> Any:
    return {"shown": value} if value in ("rows", "crosstab") else value


class Decision(Envelope):
    """A decision table: rows are ``[id, *inputs, *outputs, note?]``."""

    kind: Literal["decision"]
    layout: Annotated[dict[str, Any], BeforeValidator(_layout), Also(_SHOWN)] = Field(
        default_factory=dict, description="How an editor shows it, such as crosstab; has no meaning."
    )
    hit_policy: HitPolicy = "unique"
    aggregate: Literal["sum", "min", "max", "count"] | None = None
    effective: Slug | None = Field(
        None,
        description="The date column that says from when until when a row holds; the business date is asked when the "
        "data names none, and a period a..b without brackets begins with a and ends before b.",
    )
    complete: Flag = Field(False, description="Every combination of possible inputs must have an answer; checked.")
    inputs: tuple[DecisionInput, ...] = Field(min_length=1)
    outputs: tuple[DecisionOutput, ...] = Field(min_length=1)
    default: OnNone = OnNone()
    rows: tuple[Row, ...] | RowsFile = ()
    crosstab: tuple[Crosstab, ...] = Field((), max_length=50, description="Sheets that stand for rows.")
