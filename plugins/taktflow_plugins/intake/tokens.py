"""Cuts a message into words, digit runs, Chinese characters and breaks, each with its place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_TOKEN = re.compile(
    r"(?P<digits>[0-9]+)|(?P<han>[\u3400-\u9fff])|(?P<strong>[\n;。!?…]|\.(?=\s|$))|(?P<weak>[,、&+])|(?P<word>[^\W\d_]+)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; ``glued`` when it follows a word or number without anything between, as 50 in DN50."""

    kind: Literal["digits", "han", "strong", "weak", "word"]
    text: str
    start: int
    end: int
    glued: bool


def clean(text: str) -> str:
    """``text`` in small letters and half-width characters, so that the same words look the same."""
    # A Chinese comma never groups digits; it must not become the one that does.
    wide = text.replace("，", "、")
    return "".join(_small(c) for c in unicodedata.normalize("NFKC", wide))


def _small(char: str) -> str:
    if char in "\r\t\u200b\ufeff" or (unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\n"):
        return " "
    lower = char.lower()
    return lower if len(lower) == 1 else char


def tokens(text: str) -> Sequence[Token]:
    """The tokens of cleaned ``text``, words without a plural s."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "word"
        # Han characters and digits of other scripts are found by the branches above; the rest are letters.
        glued = kind in ("digits", "word") and bool(found) and found[-1].end == match.start()
        glued = glued and found[-1].kind in ("digits", "word")
        found.append(Token(kind, _stem(match[0]), match.start(), match.end(), glued))  # type: ignore[arg-type]  # Named as the groups.
    return found


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def key_of(name: str) -> tuple[str, ...]:
    """``name`` as the row of tokens by which it is found: ``FL-DN50`` is ``fl dn 50``."""
    return tuple(t.text for t in tokens(clean(name)) if t.kind not in ("strong", "weak"))


def spaced(text: str) -> str:
    """``text`` as words with one space between: letters and the digits glued to them are one, Chinese is another.

    ``法兰DN50`` and ``法兰 DN50`` come out the same.
    """
    row = [t for t in tokens(clean(text)) if t.kind not in ("strong", "weak")]
    words: list[str] = []
    for before, token in zip([None, *row], row, strict=False):
        if before and (token.glued or (token.kind == before.kind == "han" and before.end == token.start)):
            words[-1] += token.text
        else:
            words.append(token.text)
    return " ".join(words)
