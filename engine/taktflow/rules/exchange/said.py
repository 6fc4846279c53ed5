"""What a sheet's cell says, between the table's cell and the spreadsheet's.

Numbers, dates and truths that are plain literals stand on a sheet as such, all else as text. Reading takes what people
and spreadsheets make of cells: what can only have meant one thing is put right, what lost its meaning is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from taktflow.definitions.decision import Cell, CellType
from taktflow.values import number_text

SaidKind: TypeAlias = Literal["empty", "text", "number", "boolean", "date", "datetime", "time", "duration"]

EXACT_DIGITS = 15
"""Significant digits that a spreadsheet's number keeps."""
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?")
_LOOSE_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_PERCENT = re.compile(r"([-+]?[0-9]+(?:\.[0-9]+)?)\s*%")
_THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_CUT_DIGITS = re.compile(r"-?[0-9](\.[0-9]+)?E\+[0-9]{2,3}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR_FIRST = re.compile(
    r"(?<![\w\"/-])(?<![^.]\.)([0-9]{4})(?:([/.])([0-9]{1,2})\2([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日)(?![\w\"/-])"
)
_YEAR_LAST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4}|[0-9]{2})")
FIRST_DATE = date(1900, 3, 1)
"""Before it spreadsheets count a day that never was."""
LONGEST_CELL = 32_767
_LINE_END = re.compile(r"\r\n?")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Mangled(Exception):
    """A spreadsheet made of the cell what may have meant several things; ``code`` and ``args_`` tell what to do."""

    def __init__(self, code: str, **args_: str) -> None:
        self.code = code
        self.args_ = args_
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Said:
    """What one cell of a sheet says: how the spreadsheet holds it, and the exact text of it.

    ``code``: a number that is shown with leading zeros, as codes are.
    """

    kind: SaidKind
    text: str
    code: str = ""


NOTHING = Said("empty", "")


@dataclass(frozen=True, slots=True)
class Habits:
    """How a column's author writes what can be written in two ways, so that new cells look like the old ones."""

    numbers: bool = True
    booleans: bool = False
    null: bool = False

    def cell(self, text: str) -> Cell:
        """A number or truth as the author would have written it; any other text as it is."""
        if self.booleans and text in ("true", "false"):
            return text == "true"
        if self.numbers and _is_plain(text):
            return Decimal(text) if "." in text else int(text)
        return text

    @property
    def empty(self) -> Cell:
        """A cell that holds nothing."""
        return None if self.null else ""


def habits_of(cells: Iterable[Cell], type: CellType) -> Habits:
    """The habits that most of a column's ``cells`` show."""
    numbers = booleans = nulls = 0
    for cell in cells:
        match cell:
            case None:
                nulls += 1
            case bool():
                booleans += 1
            case int() | Decimal():
                numbers += 1
            case "":
                nulls -= 1
            case "true" | "false":
                booleans -= 1
            case _:
                numbers -= _is_plain(cell)
    own = type == "number"
    return Habits(numbers > 0 or (own and numbers == 0), booleans > 0, nulls > 0)


def _is_plain(text: str) -> bool:
    """Whether ``text`` is a number that a spreadsheet keeps to the last digit and zero."""
    if not _NUMBER.fullmatch(text):
        return False
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    return len(digits) <= EXACT_DIGITS and (bool(digits) or text[0] != "-")


def shown(cell: Cell, type: CellType) -> Said:
    """How ``cell`` of a column of ``type`` stands on a sheet."""
    match cell:
        case None | "":
            return NOTHING
        case bool():
            return Said("boolean" if type == "boolean" else "text", "true" if cell else "false")
        case int() | Decimal():
            text = number_text(Decimal(cell))
        case _:
            text = cell
    if type in ("number", "any") and _is_plain(text):
        return Said("number", text)
    if type == "boolean" and text in ("true", "false"):
        return Said("boolean", text)
    if type == "date" and _is_date(text):
        return Said("date", text)
    return Said("text", _visible(text))


def _visible(text: str) -> str:
    """``text`` with what no sheet can hold replaced; whoever compares sees that it is still the same cell."""
    if text.isprintable() and len(text) <= LONGEST_CELL // 2:
        return text
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    text = _UNWRITABLE.sub("\ufffd", text)
    # A spreadsheet counts in UTF-16, where an emoji is two.
    return (
        text
        if len(text) <= LONGEST_CELL // 2
        else text.encode("utf-16-le")[: 2 * LONGEST_CELL - 2].decode("utf-16-le", "ignore")
    )


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        return date.fromisoformat(text) >= FIRST_DATE
    except ValueError:
        return False


def number_said(value: Any, number_format: str) -> Said:
    """The number that a spreadsheet holds as ``value``, to the digits it keeps and the zeros it shows."""
    exact = Decimal(value) if isinstance(value, int) else Decimal(format(value, f".{EXACT_DIGITS}g"))
    if not exact.is_finite() or abs(exact) >= 10**EXACT_DIGITS:
        raise Mangled("exchange.digits_lost", shown=format(float(value), ".15g"))
    text = format(exact.normalize(), "f") if exact else "0"
    picture = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.', "", number_format.split(";")[0])
    if re.fullmatch(r"0{2,}", picture) and "." not in text and exact >= 0:
        return Said("number", text, text.zfill(len(picture)))
    wanted = re.search(r"\.(0+)", picture)
    zeros = (len(wanted[1]) if wanted else 0) + (2 if "%" in picture and wanted else 0)
    whole, _, fraction = text.partition(".")
    if len(fraction) < zeros <= 15:
        fraction = fraction.ljust(zeros, "0")
    return Said("number", f"{whole}.{fraction}" if fraction else whole)


def cell_said(said: Said, type: CellType, habits: Habits, values: Iterable[str] = (), *, answers: bool = False) -> Cell:
    """The table's cell for what a sheet says in a column of ``type``; raises :class:`Mangled`.

    ``values`` are the column's declared ones; ``answers``: it is an output, where one cell is one value.
    """
    if said.kind == "empty" or not said.text.strip():
        return habits.empty
    if said.kind == "text":
        text = said.text.strip()
        return text if text.startswith("=") else habits.cell(_mended(text, type, answers))
    if said.kind == "boolean" and type in ("text", "boolean", "any"):
        known = [v for v in values if v.lower() == said.text] if type == "text" else []
        return habits.cell(known[0] if known else said.text)
    if said.kind == "number" and type == "text":
        return habits.cell(said.code or said.text)
    if type == "any" and said.kind != "number":
        return f'@"{said.text}"'
    if said.kind != type and not (type == "any" and said.kind == "number"):
        raise _misplaced(said, type)
    return habits.cell(said.text)


def _misplaced(said: Said, type: CellType) -> Mangled:
    if said.kind in ("date", "datetime", "time", "duration") and type in ("text", "number"):
        return Mangled("exchange.turned_date", shown=said.text)
    if said.kind == "number" and type in ("date", "datetime", "time", "duration"):
        return Mangled("exchange.lost_date", shown=said.text, type=type)
    return Mangled("exchange.other_kind", shown=said.text, kind=said.kind, type=type)


def _mended(text: str, type: CellType, answers: bool) -> str:
    """``text`` as it must have been meant in a column of ``type``."""
    if type in ("text", "number") and _CUT_DIGITS.fullmatch(text):
        raise Mangled("exchange.digits_lost", shown=text)
    if type in ("text", "any"):
        return text
    plain = unicodedata.normalize("NFKC", text) if not text.isascii() else text
    if type == "number":
        return _number(plain, text, answers)
    if type == "boolean" and plain.lower() in ("true", "false"):
        return plain.lower()
    if type in ("date", "datetime"):
        return _moment(plain, text)
    return plain if '"' not in text else text


def _number(plain: str, text: str, answers: bool) -> str:
    plain = plain.replace("，", ",").replace("≥", ">=").replace("≤", "<=").replace("−", "-")
    if match := _PERCENT.fullmatch(plain):
        return number_text(Decimal(match[1]).scaleb(-2))
    if answers and _THOUSANDS.fullmatch(plain):
        # 1,234 alone may be a decimal comma; a second group or a point settles it.
        if "." in plain or plain.count(",") > 1:
            return plain.replace(",", "")
        raise Mangled("exchange.comma", shown=text)
    if _LOOSE_NUMBER.fullmatch(plain):
        return plain
    return plain if '"' not in text else text


def _moment(plain: str, text: str) -> str:
    if '"' in text:
        return text
    if match := _YEAR_LAST.fullmatch(plain):
        return _year_last(match, text)
    try:
        return _YEAR_FIRST.sub(_iso, plain)
    except ValueError as wrong:
        raise Mangled("exchange.no_date", shown=text) from wrong


def _iso(match: re.Match[str]) -> str:
    return date(int(match[1]), int(match[3] or match[5]), int(match[4] or match[6])).isoformat()


def _year_last(match: re.Match[str], text: str) -> str:
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    if len(match[3]) == 2 or (first <= 12 and second <= 12 and first != second):
        raise Mangled("exchange.date_order", shown=text)
    day, month = (first, second) if first > 12 else (second, first)
    try:
        return date(year, month, day).isoformat()
    except ValueError as wrong:
        raise Mangled("exchange.no_date", shown=text) from wrong
