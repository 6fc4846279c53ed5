"""Regular expressions of FEEL (XPath 3.1 functions) on RE2, which no pattern makes hang: it is linear in the text.

Back references are not in RE2; an expression that uses one, other than to plain characters, gives null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]  # It ships no types.

from taktflow.expressions.limits import CHARS_A_STEP, PATTERN_CHARS
from taktflow.expressions.run import Run
from taktflow.expressions.xpath_patterns import translated, without_spaces

_MEMORY_BYTES = 512 * 1024
_REPLACED = re.compile(r"\\(.)|\$(\d)|(\\|\$)", re.DOTALL)


_SMALL_PROGRAM = 150


class Pattern:
    """A compiled pattern; ``ValueError`` when FEEL or RE2 does not allow it."""

    def __init__(self, text: str, flags: str) -> None:
        if len(text) > PATTERN_CHARS or not set(flags) <= set("smixq"):
            raise ValueError("the pattern is too long or has a flag that is none")
        if "q" in flags:
            text = re2.escape(text)
        else:
            text = translated(without_spaces(text) if "x" in flags else text, dot_all="s" in flags)
        options = re2.Options()
        options.max_mem = _MEMORY_BYTES
        options.log_errors = False
        modes = "".join(f for f in "mi" if f in flags)
        try:
            self._compiled: Any = re2.compile(f"(?{modes}:{text})" if modes else text, options)
        except re2.error as wrong:
            raise ValueError("the pattern is none") from wrong

    def found(self, run: Run, text: str) -> bool:
        """Whether it matches anywhere in ``text``."""
        run.charge(1 + self._steps(len(text)))
        return self._compiled.search(text) is not None

    def matches(self, run: Run, text: str) -> Iterator[Any]:
        """Every match in ``text``, each paid for by what is left to search; ``ValueError`` if it matches nothing."""
        run.charge(1 + self._steps(len(text)))
        if self._compiled.search("") is not None:
            raise ValueError("the pattern matches the empty text")
        for match in self._compiled.finditer(text):
            run.charge(32 + self._steps(len(text) - match.start()) // 3)
            yield match

    def _steps(self, chars: int) -> int:
        """A long pattern's states do not fit the memory it may use, so that each is looked at for each character."""
        size = int(self._compiled.programsize)
        return (chars + 4) * size // 10 if size > _SMALL_PROGRAM else 6 * chars // CHARS_A_STEP

    @property
    def groups(self) -> int:
        """How many groups it captures."""
        return int(self._compiled.groups)


def pattern(text: str, flags: str) -> Pattern:
    """The compiled pattern, kept for the next time."""
    found = _compiled(text, flags)
    if found is None:
        raise ValueError("the pattern is none")
    return found


@lru_cache(maxsize=64)
def _compiled(text: str, flags: str) -> Pattern | None:
    # What is no pattern is kept too: a loop may ask for it again and again.
    try:
        return Pattern(text, flags)
    except ValueError:
        return None


def holes(text: str) -> bool:
    """Whether ``text`` has anything to be filled in."""
    return "$" in text or "\\" in text


def replacement(text: str, groups: int, literal: bool) -> Callable[[Any], str]:
    """What ``text`` puts in place of a match: ``$1`` is a group, ``\\$`` a dollar; ``ValueError`` for a lone one."""
    if literal or not holes(text):
        return lambda _: text
    if any(m[3] or (m[1] and m[1] not in "\\$") for m in _REPLACED.finditer(text)):
        raise ValueError("a backslash or dollar stands alone")

    def filled(match: Any) -> str:
        def one(hole: re.Match[str]) -> str:
            if hole[1]:
                return hole[1]
            group = int(hole[2])
            return (match.group(group) or "") if group <= groups else ""

        return _REPLACED.sub(one, text)

    return filled
