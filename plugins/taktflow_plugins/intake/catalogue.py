"""Finds goods of a catalogue in a message: by their exact names, and by names that are nearly theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from taktflow_plugins.intake.tokens import Token, key_of, spaced

# A size with the letters behind it: V-100A is no V-100.
_SIZE = re.compile(r"\d+[a-z]*")
_SHORTEST_NUMBER_NAME = 5
_TIE = 0.04
_PART = 0.8


@dataclass(frozen=True, slots=True)
class Likeness:
    """Goods that a stretch of text may mean, and how alike the nearest of their names is, 0 to 1."""

    skus: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class Goods:
    """A catalogue made ready to be searched; built once for a message."""

    names: Mapping[tuple[str, ...], tuple[str, ...]]
    longest: int
    words: Mapping[str, frozenset[str]] = field(repr=False)
    plain: Sequence[tuple[str, str]] = field(repr=False)

    def at(self, row: Sequence[Token], place: int) -> tuple[tuple[str, ...], int] | None:
        """The goods whose name begins at ``place`` of ``row``, and where the longest such name ends."""
        key = tuple(t.text for t in row[place : place + self.longest])
        for length in range(len(key), 0, -1):
            skus = self.names.get(key[:length])
            after = row[place + length] if place + length < len(row) else None
            # DN50 must not be found in DN500 (one digit run) nor V-100 in V-100A (glued letters).
            if skus and not (after and after.glued and after.text != "x"):
                return skus, place + length
        return None

    def like(self, text: str, minimum: float) -> Likeness | None:
        """The goods whose name is nearest to ``text``, at least ``minimum``; sizes must agree to the digit."""
        sought = spaced(text)
        sizes = sorted(_SIZE.findall(sought))
        best: dict[str, float] = {}
        for sku, name in self.plain:
            if sizes and sorted(_SIZE.findall(name)) != sizes:
                continue
            score = fuzz.token_sort_ratio(sought, name) / 100
            score *= 1 if sizes or not _SIZE.search(name) else 0.9
            if score >= minimum and score > best.get(sku, 0):
                best[sku] = score
        if not best:
            return self._part_of_names(text)
        top = max(best.values())
        return Likeness(tuple(sku for sku, score in best.items() if score >= top - _TIE), top)

    def _part_of_names(self, text: str) -> Likeness | None:
        """The goods in whose names all the words of ``text`` occur: "flange" may mean every flange."""
        parts = set(key_of(text))
        found = tuple(sku for sku, words in self.words.items() if parts and parts <= words)
        return Likeness(found, _PART) if found else None


def goods(entries: Iterable[tuple[str, Sequence[str]]]) -> Goods:
    """The catalogue of ``(sku, names)``; a sku is a name too, a name of few digits alone is none."""
    names: dict[tuple[str, ...], dict[str, None]] = {}
    words: dict[str, set[str]] = {}
    plain: dict[tuple[str, str], None] = {}
    for sku, others in entries:
        for name in (sku, *others):
            key = key_of(name)
            if not key or (all(part.isdecimal() for part in key) and len("".join(key)) < _SHORTEST_NUMBER_NAME):
                continue
            names.setdefault(key, {})[sku] = None
            plain[sku, spaced(name)] = None
            words.setdefault(sku, set()).update(key)
    return Goods(
        names={key: tuple(skus) for key, skus in names.items()},
        longest=max(map(len, names), default=0),
        words={sku: frozenset(found) for sku, found in words.items()},
        plain=tuple(plain),
    )
