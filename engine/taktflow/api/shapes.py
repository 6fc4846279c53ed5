"""Shapes that several nouns share."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from taktflow.definitions.envelope import Words as DeclaredWords
from taktflow.values import Language, Text

T = TypeVar("T")


class Body(BaseModel):
    """Base of what a request brings: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shape(BaseModel):
    """Base of what a response holds."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class Words(Shape):
    """The same words in Chinese and English."""

    zh: str
    en: str

    @classmethod
    def of(cls, words: DeclaredWords | Text | None, otherwise: str) -> Words:
        """``words``, or ``otherwise`` in both languages."""
        return cls(zh=words.zh, en=words.en) if words is not None else cls(zh=otherwise, en=otherwise)

    def spoken(self, language: Language) -> str:
        """In one language."""
        return self.zh if language == "zh" else self.en


class Page(Shape, Generic[T]):
    """One page of a list; ``next_cursor`` asks for the page after it and is null on the last one."""

    items: list[T]
    next_cursor: str | None = None


Document = dict[str, Any]
"""A JSON object of whatever is declared."""
