"""Formulas: a computed figure with its inputs and steps, or a scorecard whose weighted parts add up to a score."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from taktflow.definitions.decision import Cell, CellType, Direction
from taktflow.definitions.envelope import Envelope, Feel, Flag, Model, Number, Slug, Whole, Words


class FormulaInput(Model):
    """A named input of a formula; ``expr`` says where it comes from, the variable of that name when unset."""

    type: CellType
    title: Words | None = None
    expr: Feel | None = None
    required: Flag = True
    monotone: Direction | None = Field(
        None, description="The promise that a larger input never lowers (raises) the result; checked."
    )
    unit: str | None = Field(
        None, max_length=40, description="What it counts, such as kg, pcs, CNY/kg or m2; mixing units is a finding."
    )
    values: tuple[str, ...] = Field((), max_length=500, description="The only texts there are.")
    min: Number | None = None
    max: Number | None = None


class FormulaOutput(Model):
    """What the formula gives, clamped to its bounds and rounded."""

    type: CellType = "number"
    scale: Whole | None = Field(None, ge=0, le=12)
    rounding: Literal["half_even", "half_up", "half_down", "up", "down"] = "half_even"
    unit: str | None = None
    min: Number | None = None
    max: Number | None = None


class PointsBand(Model):
    """The points for the values that ``when`` names, written as in a table's cell; the first band that holds counts."""

    when: Cell = Field(description="Such as [0..10), >= 50, A, B or not(EU); - is every other value.")
    points: Number


class Part(Model):
    """One weighted part of a score: a value, and the points that it earns."""

    title: Words | None = None
    expr: Feel | None = Field(None, description="What is scored; the input or step of the part's id when unset.")
    type: CellType | None = Field(None, description="The value's type; that of the input or expression when unset.")
    bands: tuple[PointsBand, ...] = Field((), max_length=200, description="The value itself is the points when empty.")
    weight: Number | None = Field(None, gt=0, description="1 when unset; percent in a mean.")
    min: Number | None = Field(None, description="Points never fall below this.")
    max: Number | None = Field(None, description="Points never rise above this.")
    missing: Literal["error", "skip"] | Number = Field(
        "error", description="A missing value: an error, points of its own, or skip: the other parts take its weight."
    )


class ScoreBand(Model):
    """A grade such as A, B, C or green, amber, red: scores of at least ``from``."""

    id: str = Field(min_length=1, max_length=40)
    title: Words | None = None
    start: Number | None = Field(None, alias="from", description="The least score of this grade; unset for the lowest.")


class Scorecard(Model):
    """Parts with points and weights, combined into one score and graded.

    ``mean``: weights are percents that add up to 100, and the score is on the scale of the points. ``sum``: points
    times weights are added.
    """

    combine: Literal["mean", "sum"] = "mean"
    parts: dict[Slug, Part] = Field(min_length=1, max_length=100)
    target: tuple[Number, Number] | None = Field(
        None,
        description="The scale of the score: the least and the most that the parts can give become these.",
    )
    bands: tuple[ScoreBand, ...] = Field((), max_length=50)
    result: Literal["score", "band", "card"] = Field(
        "score", description="What the formula gives: the number, its grade's id, or both with all parts."
    )


class Formula(Envelope):
    """A computed figure, such as an order's priority or health; ``steps`` are named parts, shown in the explanation.

    It is either one expression, ``expr``, or a ``scorecard``.
    """

    kind: Literal["formula"]
    inputs: dict[Slug, FormulaInput] = Field(min_length=1)
    steps: dict[Slug, Feel] = Field(default_factory=dict)
    expr: Feel | None = None
    scorecard: Scorecard | None = None
    output: FormulaOutput = FormulaOutput()
