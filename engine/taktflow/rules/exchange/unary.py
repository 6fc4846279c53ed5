"""A cell that ZEN tests a value by, as one of our cells."""

from __future__ import annotations

import re
from dataclasses import dataclass

from taktflow.rules.exchange.zen import Feel, Token, Translation, Untranslatable, tokens_of

_COMPARISONS = ("==", "!=", ">=", "<=", ">", "<")
_BOUND = re.compile(r"(>=|<=|>|<)(.+)", re.DOTALL)
_INTERVAL = re.compile(r"[\[(](.+?)\.\.(.+?)[\])]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tested:
    """A cell, and the kinds of the constants in it; ``whole``: it is one expression about the value."""

    cell: str
    kinds: frozenset[str]
    whole: bool = False


def unary_cell(text: str) -> Tested:
    """Our cell for ``text``; raises :class:`Untranslatable`."""
    if text.strip() in ("", "-"):
        return Tested("-", frozenset())
    tokens = tokens_of(text)
    if any(t == Token("name", "$") for t in tokens):
        if len(tokens) == 1 or tokens[0].text in ("not", "!") or Token("mark", "?") in tokens:
            # There it is compared with the value, not taken for the answer: nobody means that.
            raise Untranslatable(text.strip())
        return Tested(f"= {Translation(tokens, '?').whole().text}", frozenset(), whole=True)
    return _Tests(tokens).cell()


class _Tests:
    def __init__(self, tokens: list[Token]) -> None:
        self._read = Translation(tokens)
        self._kinds: set[str] = set()

    def cell(self) -> Tested:
        """Tests one beside the other: any of them may hold."""
        pieces = [self._all()]
        while self._read.sees(",", "or", "||"):
            self._joined(not self._read.sees(","), pieces[-1])
            self._read.takes(",", "or", "||")
            pieces.append(self._all())
        if not self._read.at_end:
            raise Untranslatable("...")
        kinds = frozenset(self._kinds)
        if any(len(piece) > 1 for piece in pieces):
            either = " or ".join("(" + " and ".join(map(_about, piece)) + ")" for piece in pieces)
            return Tested(f"= {either}", kinds, whole=True)
        flat = [piece[0] for piece in pieces]
        if len(flat) > 1 and any(f.startswith("not(") for f in flat):
            return Tested("= " + " or ".join(map(_about, flat)), kinds, whole=True)
        return Tested(", ".join(flat), kinds)

    def _joined(self, by_word: bool, piece: list[str]) -> None:
        """Refuses ``'US' or 'CA'``, which there is a value of its own and no list."""
        if by_word and not all(re.match(r"[<>!\[(]|not\(", test) for test in piece):
            raise Untranslatable(" and ".join(piece) + " or")

    def _all(self) -> list[str]:
        """Tests that have to hold together; a lower and an upper bound are an interval."""
        found = [self._one()]
        while self._read.takes("and", "&&"):
            found.append(self._one())
        if len(found) == 2:
            low, high = sorted(found, key=lambda f: f[0] != ">")
            a, b = _BOUND.fullmatch(low), _BOUND.fullmatch(high)
            if a and b and a[1][0] == ">" and b[1][0] == "<":
                return [f"{'[' if a[1] == '>=' else '('}{a[2]}..{b[2]}{']' if b[1] == '<=' else ')'}"]
        return found

    def _one(self) -> str:
        for mark in _COMPARISONS:
            if self._read.takes(mark):
                operand = self._said(self._read.binary(6))
                return operand if mark == "==" else f"{mark}{operand}"
        if self._read.sees("not", "in"):
            negated = self._read.takes("not")
            self._read.wants("in")
            return self._membership(negated=negated)
        if interval := self._read.range():
            self._note_interval(interval)
            return interval
        if self._read.sees("["):
            return self._membership(negated=False)
        return self._said(self._read.binary(6))

    def _membership(self, *, negated: bool) -> str:
        if interval := self._read.range():
            self._note_interval(interval)
            return f"not({interval})" if negated else interval
        entries = ", ".join(self._entries())
        return f"not({entries})" if negated else entries

    def _entries(self) -> list[str]:
        self._read.wants("[")
        entries = [self._said(self._read.binary(6))]
        while self._read.takes(","):
            entries.append(self._said(self._read.binary(6)))
        self._read.wants("]")
        return entries

    def _said(self, found: Feel) -> str:
        self._kinds.add(found.kind or "expression")
        return found.text if found.kind in ("text", "") else found.constant

    def _note_interval(self, interval: str) -> None:
        match = _INTERVAL.fullmatch(interval)
        for end in match.groups() if match else ():
            number = re.fullmatch(r"-?[0-9.]+", end)
            self._kinds.add("number" if number else "date" if re.fullmatch(r"\d{4}-\d\d-\d\d", end) else "expression")


def _about(test: str) -> str:
    """A test as a sentence about the value."""
    if re.match(r"[<>!]", test):
        return f"? {re.sub(r'^([<>!=]+)', lambda m: m[1] + ' ', test)}"
    if test.startswith("not("):
        return f"not(? in ({test[4:-1]}))"
    return f"? in ({test})"
