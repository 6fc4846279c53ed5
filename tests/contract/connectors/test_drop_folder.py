"""The drop folder over a real folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from taktflow.sdk import Batch
from taktflow_connectors.drop_folder.channel import DropFolderChannel, DropFolderConfig

ROWS = "number,sku,qty\nO-1,FL-DN50,200\nO-2,V-100,30\n"


def a_folder(path: Path, **config: Any) -> DropFolderChannel:
    return DropFolderChannel(DropFolderConfig.model_validate({"path": str(path), "stable_s": 0, **config}))


def polled(channel: DropFolderChannel) -> list[Batch]:
    return list(channel.poll())


def test_each_row_of_a_file_is_one_event(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text(ROWS, encoding="utf-8")

    (batch,) = polled(a_folder(tmp_path))

    first, second = batch.events
    assert (batch.name, batch.problems) == ("day.csv", [])
    assert first.payload == {
        "file": "day.csv",
        "sheet": "",
        "row": 2,
        "cells": {"number": "O-1", "sku": "FL-DN50", "qty": "200"},
    }
    assert (first.topic, second.payload["row"]) == ("row", 3)


@pytest.mark.mission("C1")
def test_the_same_content_under_another_name_has_the_same_ids(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(ROWS, encoding="utf-8")

    first, second = polled(a_folder(tmp_path))

    assert [e.id for e in first.events] == [e.id for e in second.events]


def test_a_declared_column_names_the_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS + "O-1,X,1\n,Y,1\n", encoding="utf-8")

    (batch,) = polled(a_folder(tmp_path, id_column="number"))

    assert [e.id for e in batch.events] == ["O-1", "O-2"]
    assert [p.partition("：")[0] for p in batch.problems] == ["第 4 行", "第 5 行"]
    assert "row 4: number 'O-1' occurs twice" in batch.problems[0]


def test_a_file_without_the_declared_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS, encoding="utf-8")

    (batch,) = polled(a_folder(tmp_path, id_column="external_id"))

    assert batch.events == ()
    assert "external_id" in batch.problems[0]


def test_an_id_is_the_same_from_excel_and_from_csv(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["no", "qty"], [1000, 2.0]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    (tmp_path / "b.csv").write_text("no,qty\n1000,2\n", encoding="utf-8")

    excel, text = polled(a_folder(tmp_path, id_column="no"))

    assert excel.events[0].id == text.events[0].id == "1000"


def test_a_stored_file_goes_to_done_and_a_refused_one_to_failed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(b"")
    (tmp_path / "good.csv").write_text(ROWS, encoding="utf-8")
    channel = a_folder(tmp_path)

    for batch in channel.poll():
        channel.settle(batch, accepted=bool(batch.events))

    assert (tmp_path / "done" / "good.csv").read_text(encoding="utf-8") == ROWS
    assert not (tmp_path / "done" / "good.csv.reason.txt").exists()
    assert "headers" in (tmp_path / "failed" / "bad.csv.reason.txt").read_text(encoding="utf-8")
    assert polled(channel) == []


def test_a_stored_file_with_some_bad_rows_has_them_told_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS + "O-3,X,1,stray\n", encoding="utf-8")
    channel = a_folder(tmp_path)

    for batch in channel.poll():
        channel.settle(batch, accepted=True)

    assert "row 4" in (tmp_path / "done" / "a.csv.reason.txt").read_text(encoding="utf-8")


def test_nothing_is_moved_before_its_rows_are_stored(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS, encoding="utf-8")

    assert polled(a_folder(tmp_path)) == polled(a_folder(tmp_path))
    assert (tmp_path / "a.csv").exists()


def test_a_second_file_of_a_name_does_not_overwrite_the_first(tmp_path: Path) -> None:
    channel = a_folder(tmp_path)
    for qty in ("1", "2"):
        (tmp_path / "a.csv").write_text(f"sku,qty\nA,{qty}\n", encoding="utf-8")
        for batch in channel.poll():
            channel.settle(batch, accepted=True)

    assert sorted(f.name for f in (tmp_path / "done").iterdir()) == ["a-2.csv", "a.csv"]


def test_a_file_that_is_replaced_between_poll_and_settle_stays_and_is_polled_again(tmp_path: Path) -> None:
    channel = a_folder(tmp_path)
    (tmp_path / "a.csv").write_text(ROWS, encoding="utf-8")
    (batch,) = polled(channel)
    (tmp_path / "a.csv").write_text(ROWS + "O-3,X,1\n", encoding="utf-8")

    channel.settle(batch, accepted=True)

    (again,) = polled(channel)
    assert len(again.events) == 3


def test_a_file_that_still_grows_is_left_alone(tmp_path: Path) -> None:
    channel = a_folder(tmp_path, stable_s=0.05)
    file = tmp_path / "a.csv"
    file.write_text("sku,qty\n", encoding="utf-8")
    assert polled(channel) == []
    file.write_text(ROWS, encoding="utf-8")
    assert polled(channel) == []

    while not (batches := polled(channel)):
        pass

    assert len(batches[0].events) == 2


@pytest.mark.parametrize("name", ["~$a.xlsx", ".hidden.csv", "a.csv.part", "a.csv.tmp", "notes.docx", "README.md"])
def test_what_is_no_finished_table_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(ROWS, encoding="utf-8")

    assert polled(a_folder(tmp_path)) == []


def test_a_workbook_that_somebody_has_open_waits(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "~$a.csv").write_text("", encoding="utf-8")

    assert polled(a_folder(tmp_path)) == []


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(ROWS, encoding="utf-8")
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a.csv").symlink_to(outside)

    assert polled(a_folder(inside)) == []


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("a.xls", b"\xd0\xcf\x11\xe0", ".xlsx"), ("a.csv", b"x" * 2000, "larger"), ("b.csv", b"sku\n", "no rows")],
)
def test_a_file_that_cannot_be_taken_says_what_to_do(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)

    (batch,) = polled(a_folder(tmp_path, max_bytes=1000))

    assert batch.events in ((), [])
    assert says in batch.problems[0]


def test_a_missing_folder_is_an_empty_one(tmp_path: Path) -> None:
    assert polled(a_folder(tmp_path / "nowhere")) == []
