"""Which words of a text are one name: FEEL's names may hold spaces, keywords and operators (DMN 1.5, 10.3.1.5).

``Full Name``, ``Date-Time`` and ``values in a list`` are names where they are known and expressions where they are not.
The longest known name wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taktflow.expressions.types import Type

_MORE = r"\u037f-\u167f\u1681-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\U00010000-\U000effff"
"""The standard's name characters beyond letters and digits (DMN 1.5, rule 28); not what people type for brackets."""
START = rf"(?:[^\W\d]|[{_MORE}])"
PART = rf"[\w\u00b7\u0300-\u036f\u203f\u2040{_MORE}]"
WORD = rf"{START}{PART}*"
"""A name of one word, and its first and further characters."""
_PLAIN = re.compile(rf"{WORD}|\?")
_NAME = re.compile(rf"{WORD}(?:[ .+*/'’-]+{PART}+)*[.+*/'’-]*")
_END = rf"(?:(?<!{PART})|(?!{PART}))"
"""A name that ends like a word ends where the word does."""


class Source(str):
    """A text with the names its author's scope knows: of variables, of properties, and of types."""

    __slots__ = ("fields", "names", "types")

    names: frozenset[str]
    fields: frozenset[str]
    types: frozenset[str]


def source(text: str, names: frozenset[str], fields: frozenset[str], types: frozenset[str]) -> Source:
    """``text``, to be read by one who knows these names."""
    made = Source(text)
    made.names, made.fields, made.types = names, fields, types
    return made


def _is_unusual(name: str) -> bool:
    return _PLAIN.fullmatch(name) is None


@lru_cache(maxsize=1_024)
def _longest_of(names: frozenset[str]) -> re.Pattern[str] | None:
    """What matches the longest of ``names`` that are more than a word; None when all of them are words."""
    unusual = sorted({" ".join(n.split()) for n in names if _is_unusual(n) and n.strip()}, key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(map(_spaced, unusual))}){_END}") if unusual else None


def _spaced(name: str) -> str:
    return r"\s+".join(map(re.escape, name.split()))


_TYPES = frozenset({"date and time", "days and time duration", "years and months duration", "day time duration"})


class Scope:
    """The names known at one place of a text that is being cut into tokens; the place moves on with the reader."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._names: frozenset[str] = getattr(text, "names", frozenset())
        self._fields: frozenset[str] = getattr(text, "fields", frozenset()) | self._names
        self._types: frozenset[str] = getattr(text, "types", frozenset()) | _TYPES
        self._declared: list[tuple[int, str]] = []
        self._loops: list[int] = []

    def declare(self, name: str, level: int) -> None:
        """From here to the end of the bracket number ``level``, ``name`` is known; as a property it stays so."""
        name = " ".join(name.split())
        if _is_unusual(name) and _NAME.fullmatch(name):
            self._declared.append((level, name))
            self._fields |= {name}

    def leave(self, level: int) -> None:
        """A bracket was closed, and ``level`` are open still."""
        self._declared = [d for d in self._declared if d[0] <= level]
        self._loops = [at for at in self._loops if at <= level]

    def meet(self, token: str, level: int) -> None:
        """Notices where loops begin to name their variables and where they stop."""
        if token in ("FOR", "SOME", "EVERY"):
            self._loops.append(level)
        elif token in ("RETURN", "SATISFIES") and self._loops and self._loops[-1] == level:
            self._loops.pop()

    def names_variables(self, level: int) -> bool:
        """Whether a comma here separates a loop's variables."""
        return bool(self._loops) and self._loops[-1] == level

    def name(self, place: int, *, filtering: bool) -> str:
        """The longest unusual variable at ``place``; inside a filter the entries' fields are variables too."""
        known = self._fields if filtering else self._names
        return self._match(known.union(n for _, n in self._declared) if self._declared else known, place)

    def field(self, place: int) -> str:
        """The longest unusual property at ``place``."""
        return self._match(self._fields, place)

    def type(self, place: int) -> str:
        """The longest unusual type at ``place``."""
        return self._match(self._types, place)

    def _match(self, names: frozenset[str], place: int) -> str:
        pattern = _longest_of(names) if names else None
        found = pattern.match(self._text, place) if pattern is not None else None
        return found[0] if found else ""


def names_in(types: Mapping[str, Type]) -> tuple[frozenset[str], frozenset[str]]:
    """The variables that ``types`` declares, and the fields of whatever they hold, for :func:`.expression.parse`."""
    fields: set[str] = set()
    _gather(types.values(), fields, 0)
    return frozenset(types), frozenset(fields)


_DEEPEST = 8
"""Levels of declared data whose field names are looked at."""


def _gather(types: Iterable[Type], fields: set[str], depth: int) -> None:
    for type in types:
        inner = getattr(type, "fields", None)
        if depth < _DEEPEST and inner is not None:
            fields.update(inner)
            _gather(inner.values(), fields, depth + 1)
        elif depth < _DEEPEST and (item := getattr(type, "item", None)) is not None:
            _gather((item,), fields, depth + 1)
