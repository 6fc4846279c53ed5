"""Finds the day by which goods are wanted, in Chinese and English messages."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from taktflow_plugins.intake.numerals import HAN, chinese_number

_N = rf"(?:\d{{1,3}}|[{HAN}]{{1,3}})"
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MONTH = rf"(?P<month>{_MONTHS})[a-z]{{0,6}}\.?"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAME = r"(?P<name>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b(?![-/]?\d)"

_CUE_WORDS = (
    r"delivery date|delivery|delivered|deliver|shipped|shipment|ship|due date|due|needed|required|arriving|arrive|eta"
    r"|no later than|not later than|at the latest|latest|by the|by|before|until|till|on|within|for|date|is"
    r"|最晚|最迟|交货日期|交货期|交期|交货|到货|发货|送到|送货|交付|请于|请在|于|在"
)
# Four at most: without a bound a page of "by by by" would take seconds.
_BEFORE = rf"(?:(?<![a-z])(?:{_CUE_WORDS})(?![a-z])[\s:]{{0,3}}){{0,4}}"
_AFTER = (
    r"(?:\s*(?:之前|以前|前|之内|以内|内))?(?:\s*(?:交货|到货|发货|交付|送到|送货|要货|交|要|at the latest|latest))?"
)


@dataclass(frozen=True, slots=True)
class Day:
    """A place in the text that names a day; ``problem`` is the code of what is doubtful about it."""

    start: int
    end: int
    day: date | None
    problem: str = ""


Reading = tuple[date | None, str]


def find_days(text: str, today: date) -> Sequence[Day]:
    """Every day that ``text`` names, in order, with the words around it that only say "by". In small letters."""
    found: list[Day] = []
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < d.end and d.start < match.end() for d in found):
                continue
            try:
                day, problem = read(match, today)
            except (ValueError, OverflowError):
                day, problem = None, "bad_date"
            found.append(Day(match.start(), match.end(), day, problem))
    return sorted(found, key=lambda d: d.start)


def _number(text: str) -> int:
    value = int(text) if text.isdecimal() else chinese_number(text)
    if value is None:
        raise ValueError(text)
    return int(value)


def _coming(month: int, day: int, today: date) -> date:
    """The next such day, today included; a message in December that says January means next year."""
    for year in (today.year, today.year + 1):
        if day <= monthrange(year, month)[1] and date(year, month, day) >= today:
            return date(year, month, day)
    raise ValueError(f"{month}-{day}")


def _full(match: re.Match[str], _: date) -> Reading:
    return date(int(match["year"]), int(match["m"]), int(match["d"])), ""


def _chinese(match: re.Match[str], today: date) -> Reading:
    day = _number(match["d"])
    if match["m"]:
        return _coming(_number(match["m"]), day, today), ""
    if match["which"] == "下":
        following = _month_end(today, 0) + timedelta(days=1)
        return date(following.year, following.month, day), ""
    if match["which"]:
        return date(today.year, today.month, day), ""
    coming = next((d for d in (_in_month(today, n, day) for n in range(3)) if d and d >= today), None)
    return coming, "" if coming else "bad_date"


def _in_month(today: date, months: int, day: int) -> date | None:
    first = _month_end(today, months).replace(day=1)
    return first.replace(day=day) if 0 < day <= monthrange(first.year, first.month)[1] else None


def _english(match: re.Match[str], today: date) -> Reading:
    month, day = _MONTHS.split("|").index(match["month"]) + 1, int(match["d"])
    return (date(int(match["year"]), month, day) if match["year"] else _coming(month, day, today)), ""


def _slashed(match: re.Match[str], today: date) -> Reading:
    """Both orders are in use; only a number above 12 tells which one is meant."""
    first, second = int(match["a"]), int(match["b"])
    if first <= 12 and second <= 12 and first != second:
        return None, "ambiguous_date"
    month, day = (second, first) if first > 12 else (first, second)
    if match["year"]:
        return date(int(match["year"]), month, day), ""
    return _coming(month, day, today), ""


_SOON = {"今天": 0, "today": 0, "明天": 1, "tomorrow": 1, "大后天": 3, "后天": 2, "the day after tomorrow": 2}


def _soon(match: re.Match[str], today: date) -> Reading:
    return today + timedelta(days=_SOON[match["word"]]), ""


def _within(match: re.Match[str], today: date) -> Reading:
    step = 7 if match["unit"] in ("周", "个星期", "星期", "week") else 1
    return today + timedelta(days=_number(match["n"]) * step), ""


def _month_end(today: date, months: int) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def _end_of_month(match: re.Match[str], today: date) -> Reading:
    return _month_end(today, 1 if match["next"] in ("下", "next ") else 0), ""


def _end_of_named(match: re.Match[str], today: date) -> Reading:
    month = _MONTHS.split("|").index(match["month"]) + 1 if match["month"] else _number(match["m"])
    year = today.year + (month < today.month)
    return date(year, month, monthrange(year, month)[1]), ""


def _weekday(match: re.Match[str], today: date) -> Reading:
    place = "一二三四五六日".index(match["name"].replace("天", "日"))
    return _on_weekday(place, today, next_week=match["which"] == "下", this_week=match["which"] in ("本", "这"))


def _english_weekday(match: re.Match[str], today: date) -> Reading:
    place = _DAYS.index(match["name"][:3])
    day, _ = _on_weekday(place, today, next_week=bool(match["next"]), this_week=False)
    # "Next Friday" is the coming one to some and the one after to others.
    return day, "ambiguous_date" if match["next"] else ""


def _on_weekday(place: int, today: date, *, next_week: bool, this_week: bool) -> Reading:
    monday = today - timedelta(days=today.weekday())
    if next_week:
        return monday + timedelta(days=7 + place), ""
    day = monday + timedelta(days=place)
    return (day if this_week or day >= today else day + timedelta(days=7)), ""


def _pattern(core: str, *, cue: bool = False) -> re.Pattern[str]:
    before = _BEFORE.replace("{0,4}", "{1,4}") if cue else _BEFORE
    return re.compile(f"{before}(?:{core}){_AFTER}")


# The longer and surer forms first: what they took is not looked at again.
_PATTERNS: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str], date], Reading]]] = (
    (
        _pattern(
            r"(?<!\d)(?P<year>20\d\d)\s?(?:[-/.]|年)\s?(?P<m>\d{1,2})\s?(?:[-/.]|月)\s?(?P<d>\d{1,2})(?!\d)[日号]?"
        ),
        _full,
    ),
    (
        _pattern(rf"(?<![a-z]){_MONTH}\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s*(?P<year>20\d\d)(?!\d))?"),
        _english,
    ),
    (
        _pattern(
            rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?![a-z])(?:,?\s*(?P<year>20\d\d)(?!\d))?"
        ),
        _english,
    ),
    (_pattern(r"(?<!\d)(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<year>20\d\d)(?!\d)"), _slashed),
    (_pattern(r"(?<![\d/])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?P<year>)(?![\d/])", cue=True), _slashed),
    (_pattern(rf"(?:(?P<which>[本这下])个?月|(?P<m>{_N})月份?)(?P<d>{_N})[日号]"), _chinese),
    (_pattern(rf"(?:the\s+)?end of {_MONTH}|(?P<m>{_N})月底"), _end_of_named),
    (_pattern(r"(?P<next>[本这下]?)个?月底|(?:the\s+)?end of (?:the\s+|this\s+)?(?P<x>month)"), _end_of_month),
    (_pattern(rf"(?P<n>{_N})\s?(?P<unit>天|日|周|个星期|星期)(?:之内|以内|内|之后|以后|后)"), _within),
    (_pattern(r"(?:within|in) (?P<n>\d{1,3}) (?P<unit>day|week)s?\b"), _within),
    (_pattern(r"(?P<which>[本这下]?)个?(?:周|星期|礼拜)(?P<name>[一二三四五六日天])(?![周月])"), _weekday),
    (_pattern(rf"(?<![a-z])(?:this\s+)?(?P<next>next\s+)?{_DAY_NAME}"), _english_weekday),
    (_pattern(r"(?P<word>今天|明天|大后天|后天|(?<![a-z])(?:today|the day after tomorrow|tomorrow)(?![a-z]))"), _soon),
    (_pattern(rf"(?<![\d{HAN}])(?P<which>)(?P<m>)(?P<d>{_N})号(?=\s*(?:之前|以前|前|交|到|发|送|要))"), _chinese),
)
