"""What can go wrong, each with a code, the place and a sentence that says what to do.

The HTTP door maps each class to a status; the sentence comes from the text catalogue in the reader's language.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from taktflow.texts import sentence
from taktflow.values import Finding, Language, Pointer


class TaktflowError(Exception):
    """Base of every error we raise on purpose. ``code`` names the sentence in the catalogue, ``args_`` fill it."""

    def __init__(self, code: str, /, *, where: Pointer = "", **args_: Any) -> None:
        self.code = code
        self.where = where
        self.args_ = args_
        super().__init__(sentence(code, "en", args_))

    def message(self, language: Language) -> str:
        """The sentence in ``language``."""
        return sentence(self.code, language, self.args_)


class NotFound(TaktflowError):
    """There is no such thing, or it is not the caller's to see."""


class Invalid(TaktflowError):
    """The input does not hold what it must; nothing was changed. ``findings`` say where and why, all together."""

    def __init__(self, code: str, /, *, where: Pointer = "", findings: Sequence[Finding] = (), **args_: Any) -> None:
        super().__init__(code, where=where, **args_)
        self.findings = tuple(findings)


class Refused(TaktflowError):
    """The request is well formed but a declared rule forbids it, such as four eyes; nothing was changed."""


class Conflict(TaktflowError):
    """Someone else changed it first or it exists already; read again and decide again."""


class Stale(Conflict):
    """A write based on a revision that is no longer the newest."""


class Unauthenticated(TaktflowError):
    """The caller is not signed in."""


class Forbidden(TaktflowError):
    """The caller's roles do not allow it."""


class TooLarge(TaktflowError):
    """The input is larger than the declared bound."""


class TooMany(TaktflowError):
    """The caller sent more than the declared rate; ``retry_after_s`` says when to come back."""

    def __init__(self, code: str, /, *, retry_after_s: int, **args_: Any) -> None:
        super().__init__(code, retry_after_s=retry_after_s, **args_)
        self.retry_after_s = retry_after_s


class Overloaded(TooMany):
    """The engine has as much work as it can hold; nothing was taken."""
