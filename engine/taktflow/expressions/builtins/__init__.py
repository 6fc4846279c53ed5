"""The functions every expression knows (DMN 1.5, chapter 10.3.4), found by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from taktflow.expressions.builtins import contexts, conversions, lists, numbers, ranges, texts, times
from taktflow.expressions.builtins.forms import Builtin, Form, Parameter, placed

__all__ = ["Builtin", "Form", "Parameter", "builtins", "chosen_form", "find", "phrases"]


@cache
def builtins() -> Mapping[str, Builtin]:
    """Every built-in function by name."""
    every = (
        *conversions.FUNCTIONS,
        *texts.FUNCTIONS,
        *numbers.FUNCTIONS,
        *lists.FUNCTIONS,
        *contexts.FUNCTIONS,
        *ranges.FUNCTIONS,
        *times.FUNCTIONS,
    )
    return {b.name: b for b in every}


def find(name: str) -> Builtin | None:
    """The built-in called ``name``."""
    return builtins().get(name)


def chosen_form(
    built_in: Builtin, count: int, names: tuple[str, ...] = ()
) -> tuple[Form, tuple[int | None, ...]] | None:
    """The form that takes these arguments, with the argument each parameter gets; None when none does.

    ``names`` are the arguments' names, empty strings where they are positional.
    """
    given = tuple(n for n in names if n)
    for form in built_in.forms:
        order = placed(form, count, given)
        if order is not None:
            return form, order
    return None


@cache
def phrases() -> tuple[str, ...]:
    """The names that hold spaces."""
    return tuple(name for name in builtins() if " " in name)
