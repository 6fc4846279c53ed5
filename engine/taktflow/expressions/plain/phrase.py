"""Words with the strength by which they hold together, and the phrases they are made of."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, reduce
from importlib.resources import files
from typing import Any

from taktflow.values import Language


class Hold(IntEnum):
    """How firmly a phrase holds together; a weaker one stands in brackets where a firmer one is wanted."""

    CLAUSE = 0
    DISJUNCTION = 1
    CONJUNCTION = 2
    SENTENCE = 3
    NOUN = 4
    SUM = 5
    PRODUCT = 6
    POWER = 7
    WORD = 8


@dataclass(frozen=True, slots=True)
class Phrase:
    """A part told in words."""

    text: str
    hold: Hold

    def within(self, hold: Hold, language: Language) -> str:
        """The words as they stand where ``hold`` is wanted."""
        return self.text if self.hold >= hold else bracketed(self.text, language)


def bracketed(text: str, language: Language) -> str:
    """``text`` in the brackets of ``language``."""
    return f"（{text}）" if language == "zh" else f"({text})"


def separated(words: list[str], language: Language) -> str:
    """The words of a list one after the other."""
    return ("、" if language == "zh" else ", ").join(words)


@cache
def _phrases() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(files("taktflow.expressions.plain").joinpath("phrases.toml").read_text(encoding="utf-8"))


def template(group: str, name: str, language: Language) -> str:
    """The phrase ``name`` of ``group``, its parts still in braces."""
    return str(_phrases()[group][name][language])


def known(group: str) -> Mapping[str, Any]:
    """All phrases of ``group`` by name."""
    return _phrases()[group]


def call_template(function: str, form: int, language: Language) -> str | None:
    """The phrase for that form of a built-in; None where there is none."""
    forms = _phrases()["call"].get(function, ())
    return str(forms[form][language]) if form < len(forms) else None


_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PART = re.compile(r"\{(\*?[^{}]+)\}")


def filled(text: str, parts: Mapping[str, str], language: Language) -> str:
    """``text`` with its parts filled in; what stands between square brackets only where its parts are given."""
    kept = _OPTIONAL.sub(lambda m: m[1] if all(p in parts for p in _PART.findall(m[1])) else "", text)
    # One pass: words that were filled in may themselves hold braces.
    pieces = [parts[piece] if place % 2 else piece for place, piece in enumerate(_PART.split(kept))]
    return "".join(pieces) if language == "en" else reduce(spaced, pieces)


_HAN = re.compile(r"[\u4e00-\u9fff]")
_LATIN = re.compile(r"[\w\"“”(\[{-]", re.ASCII)


def spaced(before: str, after: str) -> str:
    """Chinese words run together; a space parts them from Latin ones, figures and quotes, as it is printed."""
    left, right = before[-1:], after[:1]
    if (_HAN.match(left) and _LATIN.match(right)) or (_LATIN_END.match(left) and _HAN.match(right)):
        return f"{before} {after}"
    return before + after


_LATIN_END = re.compile(r"[\w\"“”)\]}]", re.ASCII)


def parts_of(text: str) -> set[str]:
    """The names of the parts that ``text`` speaks of."""
    return set(_PART.findall(text))
