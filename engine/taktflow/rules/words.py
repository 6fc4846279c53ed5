"""Turns what went wrong while answering into an error whose sentence names the data, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taktflow.errors import TaktflowError
from taktflow.sdk import Json, NodeError, Text, Value, normal
from taktflow.texts import sentence
from taktflow.values import shown

LONGEST = 60
"""Characters of one value shown in a sentence; the whole value stands in the error's details."""


class Words(dict[str, Any]):
    """The arguments of a sentence: values are shown as people read them, long ones cut."""

    def __init__(self, **values: Value) -> None:
        super().__init__({name: short(value) for name, value in values.items()})


def short(value: Value) -> str:
    """``value`` as a person reads it in a sentence."""
    text = shown(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def inputs_text(inputs: Mapping[str, Value]) -> str:
    """``product = P100, qty = 3``."""
    return ", ".join(f"{name} = {short(value)}" for name, value in inputs.items())


def fault(code: str, args: Mapping[str, Any], *, details: Json = None, told: str = "", **localized: Text) -> NodeError:
    """The error ``code``, told by the sentence ``told`` or its own; ``localized`` arguments differ by language."""
    zh = sentence(told or code, "zh", {**args, **{name: text.zh for name, text in localized.items()}})
    en = sentence(told or code, "en", {**args, **{name: text.en for name, text in localized.items()}})
    return NodeError(code, Text(zh, en), details=normal(details))


def beyond(code: str, wrong: TaktflowError) -> NodeError:
    """The error ``code`` for an expression that passed a bound of the language; its own sentence tells which."""
    return NodeError(code, Text(zh=wrong.message("zh"), en=wrong.message("en")))
