"""Turns the tokens of a message into what they stand for: goods, amounts, prices, breaks and other words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

from taktflow_plugins.intake.catalogue import Goods
from taktflow_plugins.intake.dates import Day
from taktflow_plugins.intake.numerals import number_at
from taktflow_plugins.intake.tokens import Token, tokens
from taktflow_plugins.intake.vocabulary import DOUBTS, FILLER, JOIN, measures

_MARKS = {"¥": "CNY", "￥": "CNY", "$": "USD", "€": "EUR", "£": "GBP", "元": "CNY", "块钱": "CNY", "rmb": "CNY"}
_MARKS |= {
    "美元": "USD",
    "美金": "USD",
    "欧元": "EUR",
    "dollars": "USD",
    "dollar": "USD",
    "euros": "EUR",
    "euro": "EUR",
}
_CODES = ("cny", "usd", "eur", "gbp", "jpy", "hkd", "aud", "cad")
_CURRENCY = "|".join(re.escape(mark) for mark in sorted((*_MARKS, *_CODES), key=len, reverse=True))
_PRICE_BEFORE = re.compile(rf"(?:@|单价|每[个件只套台]|\bat\b)?\s*:?\s*(?P<mark>{_CURRENCY})\s?(?=\d)")
_PRICE_AFTER = re.compile(rf"\s?(?P<mark>{_CURRENCY})(?![a-z])")
_PER = re.compile(
    r"\s?(?:(?:/|per\s|每|一)\s?(?:piece|pcs|pc|each|unit|ea|个|件|只|套|台)|each|apiece|a piece)(?![a-z])"
)
_TIMES = re.compile(r"\s?x(?![a-z])")
_HAN_CHARACTER = re.compile(r"[\u3400-\u9fff]")
_HYPHENS = ("-", "_", "#", "/", ".")
_EACH = re.compile(r"各\s*(?:要|订)?\s*$")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that names goods; several ``skus`` when the name fits several."""

    start: int
    end: int
    skus: tuple[str, ...]
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that may be a quantity, with the measure word after it; ``each`` when it holds for all goods before."""

    start: int
    end: int
    value: Decimal
    unit: str = ""
    each: bool = False


@dataclass(frozen=True, slots=True)
class Price:
    """An amount of money for one piece."""

    start: int
    end: int
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where one part of the message ends; a ``strong`` one ends the sentence."""

    start: int
    end: int
    strong: bool


@dataclass(frozen=True, slots=True)
class Words:
    """Words that mean nothing to us."""

    start: int
    end: int


Item: TypeAlias = Mention | Amount | Price | Break | Words


@dataclass(frozen=True, slots=True)
class Reading:
    """A message read once through: its items in order and the doubts its words raise."""

    items: Sequence[Item]
    doubts: Sequence[tuple[str, str]]


class Reader:
    """Walks over the tokens of one message."""

    def __init__(
        self, text: str, row: Sequence[Token], goods: Goods, days: Iterable[Day], units: Sequence[str]
    ) -> None:
        self._text = text
        self._days = list(days)
        # The words of a date are not looked at, but they part what stands before them from what follows.
        self._row = [t for t in row if not any(d.start <= t.start < d.end for d in self._days)]
        self._goods = goods
        self._measures = measures(units)
        self._doubts: dict[tuple[str, str], None] = {}

    def read(self) -> Reading:
        """The items in order; words beside goods that belong to the goods' names are made part of them."""
        items: list[Item] = [Break(d.start, d.end, strong=False) for d in self._days]
        place = 0
        while place < len(self._row):
            item, place = self._next(place)
            if item is not None:
                items.append(item)
        items.sort(key=lambda item: item.start)
        return Reading(_joined(items, self._text, self._goods), tuple(self._doubts))

    def _next(self, place: int) -> tuple[Item | None, int]:
        token = self._row[place]
        named = self._goods.at(self._row, place) if not self._inside_code(place) else None
        if named:
            skus, after = named
            return Mention(token.start, self._row[after - 1].end, skus), after
        if token.kind in ("strong", "weak"):
            return Break(token.start, token.end, token.kind == "strong"), place + 1
        counted = None if self._inside_code(place) else self._money(token) or self._amount(token)
        if counted:
            return counted, self._after(counted.end, place)
        for code, pattern in DOUBTS:
            if found := self._word(pattern, token):
                self._doubts[code, found[0]] = None
                return None, self._after(found.end(), place)
        if found := self._word(JOIN, token):
            return Break(token.start, found.end(), strong=False), self._after(found.end(), place)
        if found := self._word(FILLER, token):
            return None, self._after(found.end(), place)
        return Words(token.start, token.end), place + 1

    def _inside_code(self, place: int) -> bool:
        """Whether the token is the rest of a code such as DN50 or V-999; an x is no code: x50 is fifty times."""
        if place == 0 or self._row[place - 1].text == "x" or self._row[place - 1].kind not in ("word", "digits"):
            return False
        return self._row[place].glued or self._text[self._row[place - 1].end : self._row[place].start] in _HYPHENS

    def _after(self, end: int, place: int) -> int:
        while place < len(self._row) and self._row[place].start < end:
            place += 1
        return place

    def _word(self, pattern: re.Pattern[str], token: Token) -> re.Match[str] | None:
        return None if token.glued and token.text != "x" else pattern.match(self._text, token.start)

    def _money(self, token: Token) -> Price | None:
        before = _PRICE_BEFORE.search(self._text, max(0, token.start - 8), token.end + 20)
        if before and before.end() == token.start:
            number = number_at(self._text, token.start)
            if number:
                return self._price(before.start(), number, before["mark"])
        marked = _PRICE_BEFORE.match(self._text, token.start)
        number = number_at(self._text, marked.end()) if marked else None
        if marked and number:
            return self._price(marked.start(), number, marked["mark"])
        number = number_at(self._text, token.start)
        after = _PRICE_AFTER.match(self._text, number[1]) if number else None
        return self._price(token.start, (number[0], after.end()), after["mark"]) if number and after else None

    def _price(self, start: int, number: tuple[Decimal, int], mark: str) -> Price:
        per = _PER.match(self._text, number[1])
        return Price(start, per.end() if per else number[1], number[0], _MARKS.get(mark, mark.upper()))

    def _amount(self, token: Token) -> Amount | None:
        number = number_at(self._text, token.start)
        if not number:
            return None
        value, end = number
        times = _TIMES.match(self._text, end)
        measure = None if times else self._measures.match(self._text, end)
        # 三通 is a fitting and 200a a code: a numeral needs a measure, or to stand apart when it is written in digits.
        if not measure and not times and not self._stands_apart(token, end):
            return None
        each = bool(_EACH.search(self._text, 0, token.start)) or bool(measure and measure["unit"] in ("each", "ea"))
        stop = measure.end() if measure else times.end() if times else end
        return Amount(token.start, stop, value, measure["unit"] if measure else "", each)

    def _stands_apart(self, token: Token, end: int) -> bool:
        if token.kind == "digits":
            return not self._text[end : end + 1].isascii() or not self._text[end : end + 1].isalnum()
        return end - token.start > 1 and not _HAN_CHARACTER.match(self._text, end)


def _joined(items: Sequence[Item], text: str, goods: Goods) -> list[Item]:
    """``items`` with neighbours made one: two names of the same goods, and words that occur in the goods' names."""
    made: list[Item] = []
    for item in items:
        newest = item
        # A word before goods may only now turn out to be theirs, so what comes out is tried on what stands before it.
        while made and (one := _one(made[-1], newest, text, goods)) is not None:
            made.pop()
            newest = one
        made.append(newest)
    return made


def _one(before: Item, item: Item, text: str, goods: Goods) -> Item | None:
    match before, item:
        case Words(), Words():
            return None
        case (Mention() as left, Mention() as right):
            both = tuple(sku for sku in left.skus if sku in right.skus)
            return Mention(left.start, right.end, both) if both else None
        case (Words(), Mention() as named) | (Mention() as named, Words()):
            words = before if isinstance(before, Words) else item
            stems = [t.text for t in tokens(text[words.start : words.end])]
            fitting = tuple(sku for sku in named.skus if set(stems) <= goods.words.get(sku, frozenset()))
            if not fitting:
                return None
            return replace(named, start=min(before.start, item.start), end=max(before.end, item.end), skus=fitting)
        case _:
            return None
