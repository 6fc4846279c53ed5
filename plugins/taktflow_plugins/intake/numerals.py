"""Reads numbers as people write them in messages: ``1,200``, ``1.5k``, ``3千``, ``两百五``, ``三千五``."""

from __future__ import annotations

import re
from decimal import Decimal

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_SECTIONS = {"万": 10_000, "亿": 100_000_000}
HAN = "零〇一二两俩三四五六七八九十百千万亿"

_HAN_RUN = re.compile(rf"[{HAN}]+")
_PLAIN = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_MORE = re.compile(r"\d{1,4}(?=[百千万])")
_SCALE = re.compile(r"\s?(?:(k)(?![a-z0-9])|([百千万亿]))")
_LONGEST = 18


def number_at(text: str, at: int) -> tuple[Decimal, int] | None:
    """The number that begins at ``at`` and where it ends; ``None`` when none does. ``text`` is in small letters."""
    plain = _PLAIN.match(text, at)
    if plain:
        return _scaled(text, plain)
    run = _HAN_RUN.match(text, at)
    value = chinese_number(run[0]) if run else None
    return (value, run.end()) if run and value is not None else None


def _scaled(text: str, plain: re.Match[str]) -> tuple[Decimal, int] | None:
    if len(plain[0]) > _LONGEST:
        return None
    value, end = Decimal(plain[0].replace(",", "")), plain.end()
    while scale := _SCALE.match(text, end):
        value *= 1000 if scale[1] else (_UNITS | _SECTIONS)[scale[2]]
        end = scale.end()
        # "3千5百": a further part of the same number.
        more = _MORE.match(text, end)
        if not more:
            break
        part = _scaled(text, more)
        if part:
            return value + part[0], part[1]
    return value, end


def chinese_number(text: str) -> Decimal | None:
    """What Chinese numerals say: ``两百五`` is 250 and ``一万二`` 12000; ``None`` for a row that is no number."""
    if not text or len(text) > _LONGEST or any(c not in HAN for c in text):
        return None
    if all(c in _DIGITS for c in text):
        return Decimal("".join(str(_DIGITS[c]) for c in text))
    total, rest, last = 0, text, None
    for mark in ("亿", "万"):
        head, found, tail = rest.partition(mark)
        if not found:
            continue
        value = _below_ten_thousand(head)
        if not value:
            return None
        total, rest, last = total + value * _SECTIONS[mark], tail, _SECTIONS[mark]
    if not rest:
        return Decimal(total)
    if last and len(rest) == 1 and _DIGITS.get(rest):
        return Decimal(total + _DIGITS[rest] * last // 10)
    value = _below_ten_thousand(rest)
    return None if value is None else Decimal(total + value)


def _below_ten_thousand(text: str) -> int | None:
    total, digit, unit, gap = 0, None, 10_000, False
    for char in text:
        if char in _DIGITS:
            if digit is not None and digit != 0:
                return None
            digit, gap = _DIGITS[char], gap or _DIGITS[char] == 0
        elif _UNITS.get(char, 10_000) >= unit:
            return None
        else:
            # Only ten may stand without a digit, and only in front: 十二.
            if not digit and (char != "十" or total):
                return None
            unit = _UNITS[char]
            total, digit, gap = total + (digit or 1) * unit, None, False
    if digit is None:
        return total or None
    if not total and len(text) > 1 and not gap:
        return None
    abbreviated = bool(total) and not gap and unit > 10
    return total + digit * (unit // 10 if abbreviated else 1)
