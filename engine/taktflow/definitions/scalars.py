"""What an unquoted word in a YAML document means: the core schema of YAML 1.2, with exact numbers.

Nothing is guessed: a date stays text, ``yes`` and ``on`` stay text, and a number written with leading zeros is a
finding, because it is usually a code whose zeros matter.
"""

from __future__ import annotations

import re
from decimal import Decimal

from taktflow.values import Json

NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_MAX_DIGITS = 60


class ScalarWrong(ValueError):
    """The word is no value; ``code`` names the finding."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def plain_scalar(text: str) -> Json:
    """The value an unquoted ``text`` stands for; raises :class:`ScalarWrong` for a number no document may hold."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-.":
        return text
    if NUMBER.fullmatch(text):
        if _LEADING_ZERO.fullmatch(text):
            raise ScalarWrong("definition.leading_zero")
        return exact_number(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, 0)
    if _NOT_FINITE.fullmatch(text):
        raise ScalarWrong("definition.number_infinite")
    return text


def exact_number(text: str) -> int | Decimal:
    """The number ``text`` writes, an ``int`` when it is written as one; :class:`ScalarWrong` when it is too large."""
    if len(text) > _MAX_DIGITS:
        raise ScalarWrong("definition.number_huge")
    if _WHOLE.fullmatch(text):
        return int(text)
    value = Decimal(text)
    if abs(value.adjusted()) > _MAX_DIGITS:
        raise ScalarWrong("definition.number_huge")
    return value
