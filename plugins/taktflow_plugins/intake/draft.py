"""Makes an order draft of a free message, with what is doubtful about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from itertools import groupby

from taktflow_plugins.intake.catalogue import Goods
from taktflow_plugins.intake.dates import Day, find_days
from taktflow_plugins.intake.reading import Amount, Break, Item, Mention, Price, Reader, Words
from taktflow_plugins.intake.reasons import Reason
from taktflow_plugins.intake.tokens import clean, tokens
from taktflow_plugins.intake.vocabulary import OTHER_MEASURES

_LONGEST = 5_000
_MOST = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class Line:
    """One wanted product; ``qty`` is ``None`` when the message names none."""

    sku: str
    qty: Decimal | None
    unit: str
    price: Price | None
    matched: str
    reasons: tuple[Reason, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Draft:
    """What was understood; ``unparsed`` is the rest of the words."""

    lines: Sequence[Line]
    due: date | None
    unparsed: str
    reasons: Sequence[Reason]
    confidence: Decimal


@dataclass(slots=True)
class _Wanted:
    """A product on its way to becoming a line."""

    mention: Mention
    amount: Amount | None = None
    price: Price | None = None
    unclear: bool = False


def draft(text: str, goods: Goods, *, today: date, units: Sequence[str], currency: str | None, minimum: float) -> Draft:
    """The order that ``text`` asks for. Never fails: what is not understood lowers the confidence."""
    read = clean(text[:_LONGEST])
    days = find_days(read, today)
    reader = Reader(read, tokens(read), goods, days, [clean(unit) for unit in units])
    reading = reader.read()
    wanted, rest = _paired(list(_parts(reading.items, read, goods, minimum)))
    lines = [_line(w, read, units, currency) for w in wanted]
    due, doubts = _due(days, today)
    reasons = [Reason(code, word) for code, word in reading.doubts] + doubts
    reasons += [Reason("too_long")] * (len(text) > _LONGEST)
    reasons += _repeated(lines)
    reasons += [Reason("loose_number", read[i.start : i.end].strip()) for i in rest if isinstance(i, Amount | Price)]
    unparsed = _unparsed(rest, read)
    if unparsed:
        reasons.append(Reason("unread_words", unparsed[:80]))
    if not lines:
        reasons.append(Reason("nothing_recognised"))
    return Draft(lines, due, unparsed, reasons, _confidence(lines, reasons, unparsed, read))


def line_confidence(line: Line) -> Decimal:
    """How sure one line is, 0 to 1."""
    return _hundredths(min([line.score, *(reason.cap for reason in line.reasons)]))


def _confidence(lines: Sequence[Line], reasons: Sequence[Reason], unparsed: str, text: str) -> Decimal:
    written = sum(not c.isspace() for c in text)
    left = sum(not c.isspace() for c in unparsed) / written if written else 0
    doubtful = [reason.cap for reason in reasons] + [float(line_confidence(line)) for line in lines]
    return _hundredths(min([1.0, *doubtful]) * (1 - min(0.7, left)))


def _hundredths(share: float) -> Decimal:
    return Decimal(repr(min(1.0, max(0.0, share)))).quantize(Decimal("0.01"), rounding=ROUND_FLOOR)


def _parts(items: Sequence[Item], text: str, goods: Goods, minimum: float) -> Iterator[tuple[bool, list[Item]]]:
    """The items between breaks, each part with whether a sentence ended before it; like names made mentions."""
    strong = False
    for is_break, group in groupby(items, key=lambda item: isinstance(item, Break)):
        members = list(group)
        if is_break:
            strong = any(isinstance(item, Break) and item.strong for item in members)
        else:
            yield strong, _with_alike(members, text, goods, minimum)


def _with_alike(items: list[Item], text: str, goods: Goods, minimum: float) -> list[Item]:
    if any(isinstance(item, Mention) for item in items):
        return items
    # Beside "30 pcs" a bare number is more likely part of a name than a second quantity.
    measured = any(isinstance(item, Amount) and item.unit for item in items)
    made: list[Item] = []
    for is_words, group in groupby(
        items, key=lambda item: isinstance(item, Words) or (measured and isinstance(item, Amount) and not item.unit)
    ):
        members = list(group)
        found = None
        if is_words:
            start, end = members[0].start, members[-1].end
            found = goods.like(text[start:end], minimum) if end - start > 2 else None
        made += [Mention(start, end, found.skus, found.score)] if found else members
    return made


def _paired(parts: Sequence[tuple[bool, list[Item]]]) -> tuple[list[_Wanted], list[Item]]:
    """The products with their amounts, and the items that nothing was made of."""
    wanted: list[_Wanted] = []
    rest: list[Item] = []
    waiting: list[_Wanted] = []
    for strong, items in parts:
        here = [_Wanted(item) for item in items if isinstance(item, Mention)]
        amounts = [item for item in items if isinstance(item, Amount)]
        rest += [item for item in items if isinstance(item, Words)]
        if strong:
            waiting = []
        if not here and waiting:
            amounts = _fill(waiting, amounts)
        elif here and amounts:
            amounts = _match(here, amounts, items)
        each = [a for a in items if isinstance(a, Amount) and a.each]
        if each and here:
            _fill_each(waiting, each[0])
        rest += amounts
        rest += _give_prices(here or wanted[-1:], [item for item in items if isinstance(item, Price)])
        waiting = [w for w in (*waiting, *here) if w.amount is None]
        wanted += here
    # A name that is only alike and has no quantity is more likely a word of the letter than an order.
    dropped = [w for w in wanted if w.amount is None and w.mention.score < 1]
    rest += [w.mention for w in dropped]
    return [w for w in wanted if w not in dropped], rest


def _fill(waiting: list[_Wanted], amounts: list[Amount]) -> list[Amount]:
    """Gives amounts to the products before them that have none; what is left over."""
    if len(amounts) == 1 and (amounts[0].each or len(waiting) == 1):
        _fill_each(waiting, amounts[0])
        return []
    if len(amounts) == 1 and len(waiting) > 1:
        waiting[-1].amount, waiting[-1].unclear = amounts[0], True
        return []
    return amounts


def _fill_each(waiting: Iterable[_Wanted], amount: Amount) -> None:
    for product in waiting:
        product.amount = amount


def _match(here: list[_Wanted], amounts: list[Amount], items: Sequence[Item]) -> list[Amount]:
    """Pairs products and amounts of one part; what is left over."""
    if len(amounts) > len(here):
        measured = [a for a in amounts if a.unit]
        left = [a for a in amounts if not a.unit]
        if len(measured) != len(here):
            return _nearest(here, amounts)
        _zip(here, measured)
        return left
    if len(amounts) == len(here):
        _zip(here, amounts)
        return []
    if len(amounts) == 1 and amounts[0].each:
        _fill_each(here, amounts[0])
        return []
    # "A 20 B": the order of the first two tells whether amounts come before or after.
    return _nearest(here, amounts, after=isinstance(items[0], Amount))


def _zip(here: Iterable[_Wanted], amounts: Iterable[Amount]) -> None:
    for product, amount in zip(here, amounts, strict=True):
        product.amount = amount


def _nearest(here: list[_Wanted], amounts: list[Amount], *, after: bool = False) -> list[Amount]:
    left: list[Amount] = []
    for amount in amounts:
        free = [w for w in here if w.amount is None]
        if not free:
            left.append(amount)
            continue
        near = min(free, key=lambda w: (abs(w.mention.start - amount.start), (w.mention.start < amount.start) == after))
        near.amount, near.unclear = amount, True
    return left


def _give_prices(here: Sequence[_Wanted], prices: list[Price]) -> list[Item]:
    if len(prices) == 1 and len(here) == 1 and here[0].price is None:
        here[0].price = prices[0]
        return []
    return list(prices)


def _line(wanted: _Wanted, text: str, units: Sequence[str], currency: str | None) -> Line:
    mention, amount, price = wanted.mention, wanted.amount, wanted.price
    sku = mention.skus[0]
    reasons: list[Reason] = []
    qty = amount.value if amount and 0 < amount.value <= _MOST else None
    if qty is None:
        reasons.append(Reason("missing_quantity", sku))
    elif qty != qty.to_integral_value():
        reasons.append(Reason("fraction", str(qty)))
    if len(mention.skus) > 1:
        reasons.append(Reason("several_candidates", ", ".join(mention.skus[:5])))
    if mention.score < 1:
        reasons.append(Reason("similar_name", text[mention.start : mention.end]))
    if amount and amount.unit in OTHER_MEASURES and amount.unit not in {clean(unit) for unit in units}:
        reasons.append(Reason("other_unit", amount.unit))
    if wanted.unclear:
        reasons.append(Reason("unclear_pairing", sku))
    if price and currency and price.currency != currency.upper():
        reasons.append(Reason("other_currency", price.currency))
    # 1.0 at an equal name, 0.6 at the least likeness that a setting allows.
    score = 1.0 if mention.score >= 1 else max(0.0, 1 - (1 - mention.score) * 2)
    matched = text[mention.start : mention.end]
    return Line(sku, qty, amount.unit if amount else "", price, matched, tuple(reasons), score)


def _repeated(lines: Sequence[Line]) -> list[Reason]:
    skus = [line.sku for line in lines]
    return [Reason("repeated_product", sku) for sku in dict.fromkeys(skus) if skus.count(sku) > 1]


def _due(days: Sequence[Day], today: date) -> tuple[date | None, list[Reason]]:
    reasons = [Reason(day.problem) for day in days if day.problem]
    named = list(dict.fromkeys(day.day for day in days if day.day is not None))
    if len(named) > 1:
        reasons.append(Reason("several_dates", ", ".join(day.isoformat() for day in named[:5])))
    due = named[0] if named else None
    if due is not None and due < today:
        reasons.append(Reason("due_in_past", due.isoformat()))
    return due, reasons


def _unparsed(rest: Sequence[Item], text: str) -> str:
    """The words left over, neighbours together as they were written."""
    made: list[tuple[int, int]] = []
    for item in sorted(rest, key=lambda item: item.start):
        if made and not text[made[-1][1] : item.start].strip():
            made[-1] = (made[-1][0], item.end)
        else:
            made.append((item.start, item.end))
    return " ".join(text[start:end].strip() for start, end in made)
