"""``for``, ``some`` and ``every``: loops whose work is counted before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from taktflow.expressions.access import checked_list, roomily
from taktflow.expressions.faults import LimitExceeded
from taktflow.expressions.limits import LIST_ITEMS
from taktflow.expressions.room import LONG
from taktflow.expressions.run import Run
from taktflow.values import Range, Value

Domains = tuple[Callable[..., Value], ...]
"""One per iterator; each takes the values of the iterators before it."""
_STEPS_TO_BEGIN = 4
Entries: TypeAlias = Sequence[Value]


class NotIterable(Exception):
    """Inside this module only: the loop as a whole is null."""


def span(run: Run, low: Value, high: Value) -> Value:
    """``low..high`` of whole numbers or dates, downwards too; null for anything else."""
    if type(low) is Decimal and type(high) is Decimal:
        return _numbers(run, low, high)
    if type(low) is date and type(high) is date:
        step = 1 if low <= high else -1
        _within(run, abs((high - low).days) + 1)
        return [low + timedelta(days=step * n) for n in range(abs((high - low).days) + 1)]
    return None


def _numbers(run: Run, low: Decimal, high: Decimal) -> Value:
    if not (low.is_finite() and high.is_finite()) or max(low.adjusted(), high.adjusted()) > 30:
        return None
    if low != low.to_integral_value() or high != high.to_integral_value():
        return None
    first, last = int(low), int(high)
    _within(run, abs(last - first) + 1)
    step = 1 if first <= last else -1
    return [Decimal(n) for n in range(first, last + step, step)]


def _within(run: Run, count: int) -> None:
    """Pays for a list of ``count`` entries about to be made, however few of them will be looked at."""
    if count > LIST_ITEMS:
        raise LimitExceeded("expressions.limit.list", limit=LIST_ITEMS)
    run.charge(count)


def _entries(run: Run, domain: Value) -> Entries:
    if isinstance(domain, list | tuple):
        return domain
    if isinstance(domain, Range):
        found = span(run, domain.low, domain.high)
        if found is None or isinstance(domain.low, datetime):
            raise NotIterable
        return [v for v in found if (domain.low_closed or v != domain.low) and (domain.high_closed or v != domain.high)]
    if domain is None:
        raise NotIterable
    return (domain,)


def _tuples(
    run: Run, domains: Domains, entries: Entries, weight: int, chosen: tuple[Value, ...] = ()
) -> Iterator[tuple[Value, ...]]:
    innermost = len(chosen) + 1 == len(domains)
    for entry in entries:
        # What Run.charge does; a call of it would cost as much as a round of a short loop.
        run.left -= weight
        if run.left < 0:
            run.charge(0)
        values = (*chosen, Decimal(entry) if type(entry) is int else entry)
        if innermost:
            yield values
        else:
            yield from _tuples(run, domains, _entries(run, domains[len(values)](*values)), weight, values)


def _loop(run: Run, loop: Callable[..., Value], domains: Domains, *rest: Any) -> Value:
    """``loop`` over its first domain, with room for its calls where that is long; null where it is no domain."""
    try:
        run.charge(_STEPS_TO_BEGIN)
        entries = _entries(run, domains[0]())
        if len(entries) > LONG and not run.roomy:
            return roomily(run, loop, run, domains, entries, *rest)
        return loop(run, domains, entries, *rest)
    except NotIterable:
        return None


def each(run: Run, domains: Domains, body: Callable[..., Value], weight: int) -> Value:
    """``for ... return body``: the list of results; ``body`` also gets the results so far (``partial``)."""
    return _loop(run, _each, domains, body, weight)


def _each(run: Run, domains: Domains, entries: Entries, body: Callable[..., Value], weight: int) -> Value:
    results: list[Value] = []
    for values in _tuples(run, domains, entries, weight):
        results.append(body(*values, results))
        if len(results) > LIST_ITEMS:
            checked_list(results)
    return results


def partial(run: Run, results: list[Value]) -> Value:
    """The results so far as a value of their own."""
    run.charge(len(results))
    return list(results)


def some(run: Run, domains: Domains, body: Callable[..., Value], weight: int) -> Value:
    """``some ... satisfies body``: true as soon as one is, unknown when one that is not true is unknown."""
    return _loop(run, _quantified, domains, body, weight, True)


def every(run: Run, domains: Domains, body: Callable[..., Value], weight: int) -> Value:
    """``every ... satisfies body``: false as soon as one is, unknown when one is unknown."""
    return _loop(run, _quantified, domains, body, weight, False)


def _quantified(
    run: Run, domains: Domains, entries: Entries, body: Callable[..., Value], weight: int, settles: bool
) -> Value:
    """``settles`` as soon as one verdict is that, else its opposite unless a verdict is unknown."""
    otherwise = not settles
    answer: bool | None = otherwise
    for values in _tuples(run, domains, entries, weight):
        verdict = body(*values)
        if verdict is settles:
            return settles
        if verdict is not otherwise:
            if verdict is not None:
                return None
            answer = None
    return answer
