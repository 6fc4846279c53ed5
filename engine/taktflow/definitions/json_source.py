"""JSON text to a document, keeping every line and column and every digit of its numbers."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # The stubs leave it out.

from taktflow.definitions.budget import Budget, Unreadable
from taktflow.definitions.places import Loaded, Place, pointed
from taktflow.definitions.scalars import ScalarWrong, exact_number
from taktflow.values import Finding, Json, Pointer

_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[^\s,\]}:]{1,20}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass(slots=True)
class _Reading:
    name: str
    text: str
    starts: list[int]
    budget: Budget = field(default_factory=Budget)
    places: dict[Pointer, Place] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def place(self, offset: int) -> Place:
        line = bisect_right(self.starts, offset)
        return Place(line, offset - self.starts[line - 1] + 1)

    def wrong(self, code: str, offset: int, **args: object) -> Unreadable:
        place = self.place(min(offset, len(self.text)))
        return Unreadable(code, place.line, place.column, **args)

    def skip(self, offset: int) -> int:
        match = _BLANK.match(self.text, offset)
        return match.end() if match else offset

    def value(self, offset: int, at: Pointer, depth: int, place: Place | None = None) -> tuple[Json, int]:
        here = self.place(offset)
        self.budget.spend(depth, here.line, here.column)
        self.places[at] = place or here
        match self.text[offset : offset + 1]:
            case "{":
                return self._mapping(offset + 1, at, depth)
            case "[":
                return self._list(offset + 1, at, depth)
            case '"':
                return self._string(offset)
            case "":
                raise self.wrong("definition.json_ends", offset)
            case _:
                return self._word(offset, at)

    def _string(self, offset: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, offset + 1, True)
            text.encode()
            return text, end
        except UnicodeEncodeError as wrong:
            # Half of a surrogate pair is no character and could be stored nowhere.
            raise self.wrong("definition.escape", offset) from wrong
        except JSONDecodeError as wrong:
            code = "definition.quote_open" if "Unterminated" in wrong.msg else "definition.escape"
            raise self.wrong(code, wrong.pos) from wrong

    def _word(self, offset: int, at: Pointer) -> tuple[Json, int]:
        if match := _NUMBER.match(self.text, offset):
            try:
                return exact_number(match[0]), match.end()
            except ScalarWrong as wrong:
                raise self.wrong(wrong.code, offset, given=match[0][:80]) from wrong
        word = _WORD.match(self.text, offset)
        if word and word[0] in _WORDS:
            return _WORDS[word[0]], word.end()
        raise self.wrong("definition.json_word", offset, given=word[0] if word else self.text[offset : offset + 1])

    def _list(self, offset: int, at: Pointer, depth: int) -> tuple[list[Json], int]:
        items: list[Json] = []
        offset = self.skip(offset)
        if self.text[offset : offset + 1] == "]":
            return items, offset + 1
        while True:
            item, offset = self.value(self.skip(offset), f"{at}/{len(items)}", depth + 1)
            items.append(item)
            offset = self.skip(offset)
            if self._ends(offset, "]"):
                return items, offset + 1
            offset += 1

    def _mapping(self, offset: int, at: Pointer, depth: int) -> tuple[dict[str, Json], int]:
        made: dict[str, Json] = {}
        offset = self.skip(offset)
        if self.text[offset : offset + 1] == "}":
            return made, offset + 1
        while True:
            offset = self.skip(offset)
            if self.text[offset : offset + 1] != '"':
                raise self.wrong("definition.json_key", offset)
            place = self.place(offset)
            key, offset = self._string(offset)
            offset = self.skip(offset)
            if self.text[offset : offset + 1] != ":":
                raise self.wrong("definition.colon_missing", offset)
            offset = self._pair(made, key, self.skip(offset + 1), at, depth, place)
            if self._ends(offset, "}"):
                return made, offset + 1
            offset += 1

    def _pair(self, made: dict[str, Json], key: str, offset: int, at: Pointer, depth: int, place: Place) -> int:
        inner = at + pointed(key)
        first = self.places.get(inner)
        value, offset = self.value(offset, inner, depth + 1, first or place)
        if first:
            args = {"key": key, "first": first.line}
            self.findings.append(
                Finding("definition.key_twice", inner, args, "error", self.name, place.line, place.column)
            )
        else:
            made[key] = value
        return self.skip(offset)

    def _ends(self, offset: int, closing: str) -> bool:
        match self.text[offset : offset + 1]:
            case char if char == closing:
                return True
            case ",":
                return False
            case _:
                raise self.wrong("definition.bracket_open", offset)


def read_json(source: str, name: str) -> Loaded:
    """The document in ``source``; ``document`` is None and a finding says why when it cannot be read."""
    reading = _Reading(name, source, [0, *(m.end() for m in re.finditer("\n", source))])
    try:
        document, end = reading.value(reading.skip(0), "", 1)
        if reading.skip(end) != len(source):
            raise reading.wrong("definition.json_more", reading.skip(end))
    except Unreadable as wrong:
        found = Finding(wrong.code, "", wrong.args_, "error", name, wrong.line, wrong.column)
        return Loaded(name, None, {}, (found,), source)
    return Loaded(name, document, reading.places, tuple(reading.findings), source)
