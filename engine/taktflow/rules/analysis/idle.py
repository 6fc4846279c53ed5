"""What a table declares and never uses: rows that match nothing, answers that no row gives, a default not needed."""

from __future__ import annotations

from collections.abc import Iterator

from taktflow.rules.analysis.cover import Cover
from taktflow.rules.analysis.fact import Fact
from taktflow.rules.analysis.grid import Grid
from taktflow.rules.analysis.meter import Budget, Exhausted
from taktflow.rules.answer import ComputedCell
from taktflow.rules.typed import cell_text


def barren(grid: Grid) -> Iterator[Fact]:
    """Rows that match nothing at all, such as ``(5..5)``; what lies outside a declared domain is told as such."""
    inputs = grid.definition.inputs
    for side in grid.sides:
        if any(inputs[column].values or inputs[column].range for column in side.columns):
            continue
        for number, row in enumerate(grid.rows):
            if not side.may[side.set_of[number]]:
                args = {
                    "row": row.answer.row,
                    "columns": ", ".join(inputs[column].id for column in side.columns),
                    "cells": ", ".join(row.cells[column] for column in side.columns),
                }
                at = row.place(side.columns[0])
                yield Fact("table.row_barren", "warning", at, rows=(row.answer.row,), args=args)


def unused_values(grid: Grid) -> Iterator[Fact]:
    """Declared answers that neither a row nor the default gives; silent where answers are computed."""
    definition = grid.definition
    if definition.aggregate is not None or not grid.rows:
        return
    for number, output in enumerate(definition.outputs):
        cells = [row.answer.cells[number] for row in grid.rows]
        if not output.values or any(isinstance(cell, ComputedCell) for cell in cells):
            continue
        given = {cell_text(cell) for cell in cells} | {cell_text((definition.default.row or {}).get(output.id))}
        unused = [value for value in output.values if value not in given]
        if unused:
            args = {"output": output.id, "values": ", ".join(unused)}
            yield Fact("table.values_unused", "info", f"/outputs/{number}/values", args=args)


def unused_default(cover: Cover, budget: Budget) -> Iterator[Fact]:
    """The default row, when rows answer everything, even missing inputs. ``cover`` counts what surely matches."""
    if cover.grid.definition.default.row is None:
        return
    try:
        point = cover.uncovered(cover.grid.possible, cover.grid.every, budget.meter(len(cover.grid.rows)))
    except Exhausted:
        return
    if point is None:
        yield Fact("table.default_unused", "info", "/default/row")
