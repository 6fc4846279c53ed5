"""Sentences of the catalogue as they are printed: in Chinese, a space parts Latin words and figures from the rest."""

from __future__ import annotations

from collections.abc import Mapping

from taktflow.expressions.plain.phrase import filled
from taktflow.texts import catalogue, sentence
from taktflow.values import Language, Value, shown


def phrased(code: str, language: Language, parts: Mapping[str, Value]) -> str:
    """The sentence ``code`` with its parts."""
    if language == "en":
        return sentence(code, language, parts)
    words = {name: part if isinstance(part, str) else shown(part) for name, part in parts.items()}
    return filled(catalogue()[code].zh, words, language)
