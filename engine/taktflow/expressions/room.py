"""Room on Python's own stack for what is called thousands of times.

Python keeps its frames in blocks of a few kilobytes and gives the last one back as soon as it is empty. A loop whose
calls happen to cross the border of two blocks asks the system for memory in every round, and takes many times as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from taktflow.expressions import tree as t

P = ParamSpec("P")
R = TypeVar("R")
LONG = 200
"""Entries of a list whose loop is worth the room, which takes some microseconds to make."""
_LOOPS = (t.For, t.Quantified, t.Filter, t.FunctionLiteral)
_SLOTS = 70_000
"""More than half of a block of 1 MB, so that such a block is taken and the rest of it is free for what is called."""


def with_room(work: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """What ``work`` returns, called where the border of no block is near."""
    return work(*arguments, **named)


with_room.__code__ = with_room.__code__.replace(co_stacksize=_SLOTS)


def wants_room(root: t.Node) -> bool:
    """Whether ``root`` has a loop inside a loop, whose rounds nobody can count beforehand."""
    todo = [(root, 0)]
    while todo:
        node, loops = todo.pop()
        loops += isinstance(node, _LOOPS)
        if loops > 1:
            return True
        todo += [(part, loops) for part in t.parts(node)]
    return False
