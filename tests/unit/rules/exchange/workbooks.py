"""Workbooks as people make and change them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

from openpyxl import Workbook, load_workbook

from taktflow.texts import sentence
from taktflow.values import Finding, Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def own_list(*rows: Sequence[Any], title: str = "Sheet1", shown: dict[str, str] | None = None) -> bytes:
    """Somebody's own list; ``shown`` are number formats by cell."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for cell, number_format in (shown or {}).items():
        sheet[cell].number_format = number_format
    return _bytes(book)


def changed(content: bytes, change: Callable[[Workbook], None]) -> bytes:
    """The workbook after somebody changed and saved it."""
    book = load_workbook(io.BytesIO(content))
    change(book)
    return _bytes(book)


def _bytes(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def told(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Codes and places, each with a sentence that has all its words."""
    for finding in findings:
        for language in LANGUAGES:
            assert "{" not in sentence(finding.code, language, finding.args), finding
    return [(f.code, f.file) for f in findings]
