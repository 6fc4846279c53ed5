"""``for``, ``some`` and ``every``: loops whose work is counted before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from taktflow.expressions.access import checked_list
from taktflow.expressions.faults import LimitExceeded
from taktflow.expressions.limits import LIST_ITEMS
from taktflow.expressions.run import Run
from taktflow.values import Range, Value

Domains = tuple[Callable[..., Value], ...]
"""One per iterator; each takes the values of the iterators before it."""


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


def _entries(run: Run, domain: Value) -> Iterable[Value]:
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


def _tuples(run: Run, domains: Domains, chosen: tuple[Value, ...], weight: int) -> Iterator[tuple[Value, ...]]:
    entries = _entries(run, domains[len(chosen)](*chosen))
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
            yield from _tuples(run, domains, values, weight)


def each(run: Run, domains: Domains, body: Callable[..., Value], weight: int) -> Value:
    """``for ... return body``: the list of results; ``body`` also gets the results so far (``partial``)."""
    results: list[Value] = []
    try:
        for values in _tuples(run, domains, (), weight):
            results.append(body(*values, results))
            if len(results) > LIST_ITEMS:
                checked_list(results)
    except NotIterable:
        return None
    return results


def partial(run: Run, results: list[Value]) -> Value:
    """The results so far as a value of their own."""
    run.charge(len(results))
    return list(results)


def some(run: Run, domains: Domains, body: Callable[..., Value], weight: int) -> Value:
    """``some ... satisfies body``: true as soon as one is, unknown when one that is not true is unknown."""
    answer: bool | None = False
    try:
        for values in _tuples(run, domains, (), weight):
            verdict = body(*values)
            if verdict is True:
                return True
            if verdict is not False:
                if verdict is not None:
                    return None
                answer = None
    except NotIterable:
        return None
    return answer


def every(run: Run, domains: Domains, body: Callable[..., Value], weight: int) -> Value:
    """``every ... satisfies body``: false as soon as one is, unknown when one is unknown."""
    answer: bool | None = True
    try:
        for values in _tuples(run, domains, (), weight):
            verdict = body(*values)
            if verdict is False:
                return False
            if verdict is not True:
                if verdict is not None:
                    return None
                answer = None
    except NotIterable:
        return None
    return answer
