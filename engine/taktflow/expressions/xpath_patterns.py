"""From the regular expressions of XPath (XQuery 1.0 and XPath 2.0 Functions, 7.6.1) to those of RE2.

What RE2 lacks is written out where that is possible: class subtraction over ranges, a reference to a group of plain
characters, the classes ``\\i`` and ``\\c``, and the usual Unicode blocks. ``ValueError`` says that a pattern is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from taktflow.expressions.limits import PATTERN_CHARS

Ranges: TypeAlias = list[tuple[int, int]]

_LAST = 0x10FFFF
_SPECIAL = frozenset("\\|.-^?*+{}()[]$")
_WHITE = [(9, 10), (13, 13), (32, 32)]
_LETTERS = {"n": 10, "r": 13, "t": 9}
_START = [
    (58, 58), (65, 90), (95, 95), (97, 122), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2FF), (0x370, 0x37D),
    (0x37F, 0x1FFF), (0x200C, 0x200D), (0x2070, 0x218F), (0x2C00, 0x2FEF), (0x3001, 0xD7FF), (0xF900, 0xFDCF),
    (0xFDF0, 0xFFFD), (0x10000, 0xEFFFF),
]  # fmt: skip
_PART = [*_START, (45, 46), (48, 57), (0xB7, 0xB7), (0x300, 0x36F), (0x203F, 0x2040)]
_BLOCKS: dict[str, tuple[int, int]] = {
    "BasicLatin": (0, 0x7F), "Latin-1Supplement": (0x80, 0xFF), "LatinExtended-A": (0x100, 0x17F),
    "LatinExtended-B": (0x180, 0x24F), "IPAExtensions": (0x250, 0x2AF), "SpacingModifierLetters": (0x2B0, 0x2FF),
    "CombiningDiacriticalMarks": (0x300, 0x36F), "Greek": (0x370, 0x3FF), "GreekandCoptic": (0x370, 0x3FF),
    "Cyrillic": (0x400, 0x4FF), "Armenian": (0x530, 0x58F), "Hebrew": (0x590, 0x5FF), "Arabic": (0x600, 0x6FF),
    "Devanagari": (0x900, 0x97F), "Bengali": (0x980, 0x9FF), "Tamil": (0xB80, 0xBFF), "Thai": (0xE00, 0xE7F),
    "Georgian": (0x10A0, 0x10FF), "HangulJamo": (0x1100, 0x11FF), "LatinExtendedAdditional": (0x1E00, 0x1EFF),
    "GreekExtended": (0x1F00, 0x1FFF), "GeneralPunctuation": (0x2000, 0x206F),
    "SuperscriptsandSubscripts": (0x2070, 0x209F), "CurrencySymbols": (0x20A0, 0x20CF),
    "LetterlikeSymbols": (0x2100, 0x214F), "NumberForms": (0x2150, 0x218F), "Arrows": (0x2190, 0x21FF),
    "MathematicalOperators": (0x2200, 0x22FF), "MiscellaneousTechnical": (0x2300, 0x23FF),
    "EnclosedAlphanumerics": (0x2460, 0x24FF), "BoxDrawing": (0x2500, 0x257F), "GeometricShapes": (0x25A0, 0x25FF),
    "MiscellaneousSymbols": (0x2600, 0x26FF), "Dingbats": (0x2700, 0x27BF), "BraillePatterns": (0x2800, 0x28FF),
    "CJKSymbolsandPunctuation": (0x3000, 0x303F), "Hiragana": (0x3040, 0x309F), "Katakana": (0x30A0, 0x30FF),
    "Bopomofo": (0x3100, 0x312F), "CJKUnifiedIdeographsExtensionA": (0x3400, 0x4DBF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF), "HangulSyllables": (0xAC00, 0xD7AF),
    "PrivateUse": (0xE000, 0xF8FF), "CJKCompatibilityIdeographs": (0xF900, 0xFAFF),
    "HalfwidthandFullwidthForms": (0xFF00, 0xFFEF),
}  # fmt: skip
_NAMED = {
    "d": (r"\p{Nd}", r"\P{Nd}"),
    "w": (r"\p{L}\p{M}\p{N}\p{S}", r"\p{P}\p{Z}\p{C}"),
}
"""What stands inside a class for ``\\d`` and ``\\w``, and for their opposites."""
_QUANTITY = re.compile(r"\{\d{1,4}(?:,\d{0,4})?\}")
_CATEGORY = re.compile(r"\{([A-Z][a-z]?|Is[A-Za-z0-9-]+)\}")


def without_spaces(text: str) -> str:
    """``text`` as the flag ``x`` reads it: spaces outside classes mean nothing."""
    kept: list[str] = []
    depth, place = 0, 0
    while place < len(text):
        mark = text[place]
        if mark == "\\" and depth:
            kept.append(text[place : place + 2])
            place += 2
            continue
        depth += (mark == "[") - (mark == "]")
        if depth or mark not in " \t\n\r":
            kept.append(mark)
        place += 1
    return "".join(kept)


def translated(text: str, *, dot_all: bool) -> str:
    """The same pattern for RE2."""
    return _Translation(text, dot_all).whole()


@dataclass(slots=True)
class _Group:
    """One group that captures; ``plain`` while it holds nothing but characters that stand for themselves."""

    start: int
    plain: bool = True
    text: str = ""
    closed: bool = False


@dataclass(slots=True)
class _Translation:
    text: str
    dot_all: bool
    place: int = 0
    copied: int = 0
    made: list[str] = field(default_factory=list)
    groups: list[_Group] = field(default_factory=list)
    open: list[_Group | None] = field(default_factory=list)

    def whole(self) -> str:
        while self.place < len(self.text):
            self._next()
        return "".join(self.made)

    def _take(self, count: int = 1) -> str:
        taken = self.text[self.place : self.place + count]
        if len(taken) < count:
            raise ValueError("the pattern ends too early")
        self.place += count
        return taken

    def _next(self) -> None:
        mark = self.text[self.place]
        if mark == "(":
            self._group()
        elif mark == ")":
            self._close()
        elif mark == "[":
            self._put(_class(self._class()), plain="")
        elif mark == "\\":
            self._escape()
        elif mark == "{":
            self._quantity()
        elif mark == ".":
            self._take()
            self._put("(?s:.)" if self.dot_all else r"[^\n\r]", plain="")
        elif mark in "^$|?*+":
            self._put(self._take(), plain="")
        elif mark in "]}":
            raise ValueError("a bracket closes nothing")
        else:
            self._put(re.escape(self._take()), plain=mark)

    def _put(self, made: str, plain: str) -> None:
        self.made.append(made)
        for group in self.open:
            if group is not None:
                group.plain = group.plain and bool(plain)
                group.text += made

    def _group(self) -> None:
        self._take()
        if self.text.startswith("?", self.place):
            if not self.text.startswith("?:", self.place):
                raise ValueError("only (?: may follow a bracket")
            self._take(2)
            self._put("(?:", plain="")
            self.open.append(None)
            return
        self._put("(", plain="")
        group = _Group(len(self.made))
        self.groups.append(group)
        self.open.append(group)

    def _close(self) -> None:
        self._take()
        if not self.open:
            raise ValueError("a bracket closes nothing")
        group = self.open.pop()
        if group is not None:
            group.closed = True
        self._put(")", plain="")

    def _quantity(self) -> None:
        found = _QUANTITY.match(self.text, self.place)
        if found is None:
            raise ValueError("no number of times")
        self._put(self._take(len(found[0])), plain="")

    def _escape(self) -> None:
        letter = self._take(2)[1]
        if letter.isdigit():
            self._put(self._reference(letter), plain="")
        elif letter in _SPECIAL or letter in _LETTERS:
            code = _LETTERS.get(letter, ord(letter))
            self._put(_char(code), plain=chr(code))
        else:
            self._put(_class(self._shorthand(letter)), plain="")

    def _reference(self, digit: str) -> str:
        number = int(digit)
        further = self.text[self.place : self.place + 1]
        if further.isdigit() and number * 10 + int(further) <= len(self.groups):
            number = number * 10 + int(self._take())
        if not 1 <= number <= len(self.groups) or not self.groups[number - 1].closed:
            raise ValueError("there is no such group")
        group = self.groups[number - 1]
        self.copied += len(group.text)
        if not group.plain or self.copied > PATTERN_CHARS:
            raise ValueError("RE2 knows no back references")
        return f"(?:{group.text})"

    def _shorthand(self, letter: str) -> _Set:
        match letter:
            case "s" | "S":
                return _Set(ranges=list(_WHITE), negated=letter == "S")
            case "i" | "I":
                return _Set(ranges=list(_START), negated=letter == "I")
            case "c" | "C":
                return _Set(ranges=list(_PART), negated=letter == "C")
            case "d" | "D" | "w" | "W":
                return _Set(named=[_NAMED[letter.lower()][letter.isupper()]])
            case "p" | "P":
                return self._category(letter)
            case _:
                raise ValueError(f"\\{letter} means nothing")

    def _category(self, letter: str) -> _Set:
        found = _CATEGORY.match(self.text, self.place)
        if found is None:
            raise ValueError("no category")
        self._take(len(found[0]))
        if found[1].startswith("Is"):
            block = _BLOCKS.get(found[1][2:])
            if block is None:
                raise ValueError("a block that is not known")
            return _Set(ranges=[block], negated=letter == "P")
        return _Set(named=[f"\\{letter}{{{found[1]}}}"])

    def _class(self) -> _Set:
        self._take()
        found = _Set(negated=self.text.startswith("^", self.place))
        if found.negated:
            self._take()
        first = True
        while not self.text.startswith("]", self.place) or first:
            if self.text.startswith("-[", self.place) and not first:
                self._take()
                found.without = self._class()
                if not self.text.startswith("]", self.place):
                    raise ValueError("a subtraction must stand last")
                break
            self._member(found)
            first = False
        self._take()
        return found

    def _member(self, into: _Set) -> None:
        mark = self._take()
        if mark == "[":
            raise ValueError("a bracket inside a class")
        if mark == "\\":
            letter = self._take()
            if letter not in _SPECIAL and letter not in _LETTERS:
                into.add(self._shorthand(letter))
                return
            mark = chr(_LETTERS.get(letter, ord(letter)))
        low = high = ord(mark)
        if self.text.startswith("-", self.place) and self.text[self.place + 1 : self.place + 2] not in ("]", "[", ""):
            self._take()
            end = self._take()
            if end == "\\":
                letter = self._take()
                if letter not in _SPECIAL and letter not in _LETTERS:
                    raise ValueError("no range")
                end = chr(_LETTERS.get(letter, ord(letter)))
            high = ord(end)
            if high < low:
                if mark == "-" or end == "-":
                    raise ValueError("no range")
                raise ValueError("a range runs backwards")
        into.ranges.append((low, high))


@dataclass(slots=True)
class _Set:
    """A class of characters: ranges of code points, and classes that only RE2 knows by name."""

    ranges: Ranges = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    negated: bool = False
    without: _Set | None = None

    def add(self, other: _Set) -> None:
        """Takes in all that ``other`` holds."""
        self.named += other.named
        self.ranges += _others(other.ranges) if other.negated else other.ranges

    def exact(self) -> Ranges:
        """All of it as ranges; ``ValueError`` when only RE2 knows what it holds."""
        if self.named:
            raise ValueError("such a class cannot be subtracted")
        held = _others(self.ranges) if self.negated else self.ranges
        return held if self.without is None else _minus(held, self.without.exact())


def _class(found: _Set) -> str:
    if found.without is not None:
        found = _Set(ranges=found.exact())
    if not found.ranges and not found.named:
        return r"[^\x{0}-\x{10FFFF}]"
    body = "".join(found.named) + "".join(_span(low, high) for low, high in found.ranges)
    return f"[{'^' if found.negated else ''}{body}]"


def _span(low: int, high: int) -> str:
    return _char(low) if low == high else f"{_char(low)}-{_char(high)}"


def _char(code: int) -> str:
    return f"\\x{{{code:X}}}"


def _others(ranges: Iterable[tuple[int, int]]) -> Ranges:
    return _minus([(0, _LAST)], ranges)


def _minus(ranges: Ranges, less: Iterable[tuple[int, int]]) -> Ranges:
    for low, high in less:
        left: Ranges = []
        for start, end in ranges:
            if start < low:
                left.append((start, min(end, low - 1)))
            if end > high:
                left.append((max(start, high + 1), end))
        ranges = left
    return ranges
