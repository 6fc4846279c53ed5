"""``(= 10)`` and ``(!= 10)`` as values: ranges by their properties, and equal to no range written otherwise."""

from __future__ import annotations

from taktflow.values import Range


class Exactly(Range):
    """Holds one value."""

    __slots__ = ()


class OtherThan(Range):
    """Holds all but one value."""

    __slots__ = ()
