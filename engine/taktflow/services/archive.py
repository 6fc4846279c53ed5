"""The archive: a folder of compressed JSON lines, one file a month, and an index that says what of each file counts.

A batch becomes one more gzip member at the end of its month's file, then one line of the index. Only what the index
names is there: what a crash left behind it is cut off before the next batch. So every batch is written whole or not at
all, and files only grow; ``zcat`` reads them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from taktflow.errors import Invalid, NotFound, Refused
from taktflow.values import Json, plain_dumps, plain_loads

if os.name == "posix":
    import fcntl

INDEX = "index.jsonl"


@dataclass(frozen=True, slots=True)
class Kept:
    """An archived instance as the index names it."""

    id: str
    workflow: str
    key: str
    status: str
    ended_at: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A member of a month's file: where it lies, its content's hash, and the instances in it, one a line."""

    file: str
    offset: int
    length: int
    sha256: str
    at: str
    instances: tuple[Kept, ...]


class Archive:
    """The archive in ``folder``, which is made with the first batch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known = 0
        """Bytes of the index read so far; what follows of it holds for them."""
        self._ends: dict[str, int] = {}
        self._last: Batch | None = None

    def batches(self) -> Iterator[Batch]:
        """Every batch in the order of its writing; a last line that a crash cut short does not count."""
        for batch, _ in self._from(0):
            yield batch

    def last(self) -> Batch | None:
        """The newest batch."""
        self._catch_up()
        return self._last

    def _catch_up(self) -> None:
        for batch, length in self._from(self._known):
            self._note(batch, length)

    def _note(self, batch: Batch, length: int) -> None:
        self._known += length
        self._ends[batch.file] = batch.offset + batch.length
        self._last = batch

    def _from(self, place: int) -> Iterator[tuple[Batch, int]]:
        path = self.folder / INDEX
        if not path.exists():
            return
        with path.open("rb") as lines:
            lines.seek(place)
            for line in lines:
                if line.endswith(b"\n"):
                    yield _batch(line), len(line)

    def append(self, file: str, lines: Sequence[str], instances: Sequence[Kept], at: datetime) -> Batch:
        """Adds a batch to ``file``; it is on the disk when this returns."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._catch_up()
        offset = self._ends.get(file, 0)
        packed = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
        with _open(self.folder / file) as data:
            data.truncate(offset)
            data.seek(offset)
            _write(data, packed)
        batch = Batch(file, offset, len(packed), hashlib.sha256(packed).hexdigest(), at.isoformat(), tuple(instances))
        with _open(self.folder / INDEX) as index:
            line = f"{plain_dumps(asdict(batch))}\n".encode()
            index.truncate(self._known)
            index.seek(self._known)
            _write(index, line)
        _sync_folder(self.folder)
        self._note(batch, len(line))
        return batch

    def lines(self, batch: Batch) -> list[str]:
        """The instances of ``batch``, each as JSON; raises Invalid when the file is not what was written."""
        path = self.folder / batch.file
        packed = b""
        if path.exists():
            with path.open("rb") as data:
                data.seek(batch.offset)
                packed = data.read(batch.length)
        if hashlib.sha256(packed).hexdigest() != batch.sha256:
            raise Invalid("archive.damaged", file=str(path), offset=batch.offset)
        return gzip.decompress(packed).decode().splitlines()

    def instance(self, id: str) -> Json:
        """An archived instance with all its rows; raises NotFound, and Invalid for a damaged file."""
        for batch in self.batches():
            for place, kept in enumerate(batch.instances):
                if kept.id == id:
                    return plain_loads(self.lines(batch)[place])
        raise NotFound("archive.unknown", id=id, folder=str(self.folder))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes from writing here; raises Refused while one does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("ab") as file:
            if os.name == "posix":
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as held:
                    raise Refused("archive.busy", folder=str(self.folder)) from held
            yield


def month_file(ended_at: datetime) -> str:
    """The file for what ended then."""
    return f"instances-{ended_at:%Y-%m}.jsonl.gz"


def _batch(line: bytes) -> Batch:
    found = json.loads(line)
    return Batch(**{**found, "instances": tuple(Kept(**one) for one in found["instances"])})


def _open(path: Path) -> IO[bytes]:
    path.touch(mode=0o600)
    return path.open("r+b")


def _write(file: IO[bytes], content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
