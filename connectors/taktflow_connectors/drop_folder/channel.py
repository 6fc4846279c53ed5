"""Takes the Excel and CSV files that people put into a folder, one event a row."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from taktflow.sdk import Batch, Channel, ChannelEvent, ConnectorConfig, Text, Titled
from taktflow_connectors.drop_folder.tables import Bounds, Row, Table, TableUnreadable, read_table

_ID_MAX = 150
_ENDINGS = (".xlsx", ".csv", ".tsv", ".txt")
_OLD_ENDINGS = (".xls", ".xlsm", ".xlsb", ".ods")
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")

_REFUSED = Text(zh="数据被拒绝；原因见服务器日志。", en="the rows were refused; the server's log says why")
_NO_ROWS = Text(zh="表格只有表头，没有数据行；请补充数据。", en="the table has headers but no rows; add some")

Encoding: TypeAlias = Literal["utf-8-sig", "utf-8", "gb18030"]


class DropFolderConfig(ConnectorConfig):
    """Which folder, how its tables look, and how much a file may hold."""

    path: Annotated[str, Titled("文件夹", "Folder")] = Field(
        min_length=1, description="The folder. Its subfolders done and failed receive the files taken."
    )
    topic: Annotated[str, Titled("主题", "Topic")] = Field(
        "row", pattern=r"^[a-z][a-z0-9_./]{0,63}$", description="The topic of each row's event."
    )
    sheet: Annotated[str | None, Titled("工作表", "Sheet")] = Field(
        None, description="The sheet of an Excel file; the first when unset."
    )
    header_row: Annotated[int, Titled("表头行", "Header row")] = Field(
        1, ge=1, le=100, description="The row that holds the column names, counted from 1."
    )
    id_column: Annotated[str | None, Titled("编号列", "Id column")] = Field(
        None, description="The column whose value names a row for good; file content and row number when unset."
    )
    encodings: Annotated[tuple[Encoding, ...], Titled("文字编码", "Encodings")] = Field(
        ("utf-8-sig", "gb18030"), min_length=1, description="How CSV text may be written, tried in this order."
    )
    stable_s: Annotated[float, Titled("静置时间（秒）", "Quiet time (s)")] = Field(
        2, ge=0, le=600, description="Seconds a file must stay unchanged before it is read."
    )
    max_bytes: Annotated[int, Titled("文件上限（字节）", "Largest file (bytes)")] = Field(
        10_000_000, ge=1_000, le=200_000_000, description="The largest file."
    )
    max_unpacked_bytes: Annotated[int, Titled("解压上限（字节）", "Largest unpacked (bytes)")] = Field(
        50_000_000, ge=1_000, description="The largest Excel file, unpacked."
    )
    max_rows: Annotated[int, Titled("最多行数", "Longest table")] = Field(
        20_000, ge=1, le=1_000_000, description="The longest table, header included."
    )
    max_columns: Annotated[int, Titled("最多列数", "Widest table")] = Field(
        200, ge=1, le=5_000, description="The widest table."
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """How a file looked, and since when it looks so."""

    size: int
    changed_ns: int
    since: float


class DropFolderChannel(Channel[DropFolderConfig]):
    """Polled. A row's payload is ``{"file", "sheet", "row", "cells"}``; what its headers mean is the workflow's matter.

    A file is read once it stays unchanged, and moved to ``done`` or ``failed`` after its rows are stored; what was
    wrong with it stands beside it in ``<name>.reason.txt``. The same rows dropped again have the same ids.
    """

    kind = "drop_folder"
    title = Text(zh="文件夹（Excel/CSV）", en="Folder (Excel/CSV)")
    Config = DropFolderConfig
    polled = True

    def __init__(self, config: DropFolderConfig) -> None:
        super().__init__(config)
        self._folder = Path(config.path)
        self._looks: dict[str, _Look] = {}

    def poll(self) -> Iterator[Batch]:
        """One batch a finished file, in the order of their names; a missing folder is an empty one."""
        ready = list(self._ready())
        for path in ready:
            batch = self._batch(path)
            if batch is not None:
                yield batch

    def settle(self, batch: Batch, *, accepted: bool) -> None:
        """Moves the file away, with the reasons beside it when there are any.

        A file that was replaced since it was polled stays where it is and is polled again.
        """
        source = self._folder / Path(batch.name).name
        look = self._looks.pop(batch.name, None)
        stat = _stat(source)
        if stat is None or (look and (stat.st_size, stat.st_mtime_ns) != (look.size, look.changed_ns)):
            return
        target = _free(self._folder / ("done" if accepted else "failed"), source)
        source.replace(target)
        reasons = list(batch.problems) or ([] if accepted else [_both(_REFUSED)])
        if reasons:
            target.with_name(f"{target.name}.reason.txt").write_text("\n".join(reasons) + "\n", encoding="utf-8")

    def _ready(self) -> Iterator[Path]:
        now = time.monotonic()
        present: dict[str, _Look] = {}
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            stat = _stat(path)
            if stat is None or not _wanted(path):
                continue
            look = self._looks.get(path.name)
            if look is None or (look.size, look.changed_ns) != (stat.st_size, stat.st_mtime_ns):
                look = _Look(stat.st_size, stat.st_mtime_ns, now)
            present[path.name] = look
            if now - look.since >= self.config.stable_s:
                yield path
        self._looks = present

    def _batch(self, path: Path) -> Batch | None:
        look = self._looks[path.name]
        if look.size > self.config.max_bytes:
            return Batch(path.name, (), [_both(_too_large(self.config.max_bytes))])
        try:
            content = path.read_bytes()
        except OSError:
            return None  # Still open on a Windows share, or just taken away: the next poll sees.
        if len(content) != look.size:
            return None
        try:
            table = self._table(path.name, content)
            self._demand_id_column(table)
        except TableUnreadable as wrong:
            return Batch(path.name, (), [_both(wrong.text)])
        return self._rows(path.name, table, sha256(content).hexdigest())

    def _table(self, name: str, content: bytes) -> Table:
        if name.lower().endswith(_OLD_ENDINGS):
            raise TableUnreadable(
                zh="只接受 .xlsx 和 .csv；请另存为其中一种。",
                en="only .xlsx and .csv are taken; save the file as one of them",
            )
        bounds = Bounds(self.config.max_rows, self.config.max_columns, self.config.max_unpacked_bytes)
        return read_table(
            name,
            content,
            bounds,
            sheet=self.config.sheet,
            header_row=self.config.header_row,
            encodings=self.config.encodings,
        )

    def _demand_id_column(self, table: Table) -> None:
        column = self.config.id_column
        if column is not None and column not in table.headers:
            raise TableUnreadable(
                zh=f"没有给行编号的列“{column}”；请加上它或更改 id_column。",
                en=f"there is no column {column!r}, which names the rows; add it or change id_column",
            )

    def _rows(self, name: str, table: Table, digest: str) -> Batch:
        events: list[ChannelEvent] = []
        problems = [_both(problem) for problem in table.problems]
        seen: set[str] = set()
        for row in table.rows:
            event_id = self._id(row, digest)
            if trouble := _trouble(event_id, seen):
                column = self.config.id_column
                where = Text(
                    zh=f"第 {row.number} 行：{column} {trouble.zh}", en=f"row {row.number}: {column} {trouble.en}"
                )
                problems.append(_both(where))
                continue
            seen.add(event_id)
            payload = {"file": name, "sheet": table.sheet, "row": row.number, "cells": row.cells}
            events.append(ChannelEvent(id=event_id, topic=self.config.topic, payload=payload))
        if not table.rows and not problems:
            problems.append(_both(_NO_ROWS))
        return Batch(name, events, problems)

    def _id(self, row: Row, digest: str) -> str:
        if self.config.id_column is None:
            return f"{digest}-{row.number}"
        value = row.cells.get(self.config.id_column)
        if isinstance(value, Decimal):
            return format(value.normalize(), "f")  # 5 and 5.0 are one id.
        return "" if value is None else str(value)


def _trouble(event_id: str, seen: Collection[str]) -> Text | None:
    if not event_id:
        return Text(zh="为空；请填写。", en="is empty; fill it in")
    if len(event_id) > _ID_MAX:
        return Text(zh=f"超过 {_ID_MAX} 个字符；请缩短。", en=f"is longer than {_ID_MAX} characters; shorten it")
    if event_id in seen:
        return Text(
            zh=f"“{event_id}”在文件中重复；请各用不同的编号。", en=f"{event_id!r} occurs twice; give each row its own"
        )
    return None


def _too_large(most: int) -> Text:
    return Text(zh=f"文件超过 {most} 字节；请拆分。", en=f"the file is larger than {most} bytes; split it")


def _both(text: Text) -> str:
    """Whoever dropped the file may read either language."""
    return f"{text.zh} / {text.en}"


def _wanted(path: Path) -> bool:
    name = path.name.lower()
    # Excel keeps "~$name.xlsx" beside a workbook that somebody has open: it is not finished.
    if name.startswith((".", "~$")) or name.endswith(_UNFINISHED) or path.with_name(f"~${path.name}").exists():
        return False
    return name.endswith(_ENDINGS + _OLD_ENDINGS)


def _stat(path: Path) -> os.stat_result | None:
    """The look of a plain file; ``None`` for anything else, above all for links that lead out of the folder."""
    try:
        return path.stat() if path.is_file() and not path.is_symlink() else None
    except OSError:
        return None


def _free(folder: Path, source: Path) -> Path:
    """A name in ``folder`` that nothing has yet, as near to the file's own as possible."""
    folder.mkdir(exist_ok=True)
    target = folder / source.name
    count = 1
    while target.exists() or target.with_name(f"{target.name}.reason.txt").exists():
        count += 1
        target = folder / f"{source.stem}-{count}{source.suffix}"
    return target
