"""The functions every expression knows (DMN 1.5, chapter 10.3.4), found by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial

from taktflow.expressions.builtins import contexts, conversions, lists, numbers, range_texts, ranges, texts, times
from taktflow.expressions.builtins.forms import Builtin, Form, Parameter, placed
from taktflow.expressions.run import Function, Run
from taktflow.expressions.types import ANY

__all__ = ["Builtin", "Form", "Parameter", "built_in_value", "builtins", "chosen_form", "find", "phrases"]


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
        *range_texts.FUNCTIONS,
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


def built_in_value(run: Run, name: str) -> Function:
    """The built-in called ``name`` as a value, such as a sort may be given; it is called by its first form."""
    form = builtins()[name].forms[0]
    types = tuple(p.type for p in form.parameters)
    result = ANY if callable(form.result) else form.result
    return Function(tuple(p.name for p in form.parameters), partial(form.call, run), types, result)


@cache
def phrases() -> tuple[str, ...]:
    """The names that hold spaces."""
    return tuple(name for name in builtins() if " " in name)
