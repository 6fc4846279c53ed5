"""Indexed values as text sort as the values do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.store.sortable import LONGEST_TEXT, after_prefix, sortable, sortable_prefix
from taktflow.values import YearsMonths

_NUMBERS = st.decimals(allow_nan=False, allow_infinity=False) | st.integers().map(Decimal)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=LONGEST_TEXT)


def in_bytes(text: str) -> bytes:
    return text.encode()


@settings(derandomize=True)
@given(a=_NUMBERS, b=_NUMBERS)
def test_numbers_sort_exactly(a: Decimal, b: Decimal) -> None:
    assert (in_bytes(sortable(a)) < in_bytes(sortable(b))) == (a < b)
    assert (sortable(a) == sortable(b)) == (a == b)


@pytest.mark.parametrize(
    "rising",
    [
        [Decimal("-1E+3000"), Decimal(-12), Decimal("-1.23"), Decimal("-1.2"), Decimal("-0.0001"), Decimal("-0")],
        [0, Decimal("1E-3000"), Decimal("0.5"), 1, Decimal("9.99"), 10, Decimal("10.000001"), 10**30],
        [date(1, 1, 1), date(999, 12, 31), date(2026, 3, 2)],
        [datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC), datetime(2026, 3, 2, 8, tzinfo=UTC)],
        [timedelta(days=-2), timedelta(0), timedelta(microseconds=1), timedelta(days=400)],
        [YearsMonths(-1), YearsMonths(0), YearsMonths(12)],
        [None, False, True],
        ["", "A", "Z", "a", "a b", "é", "单", "\U0001f600"],
    ],
)
def test_values_of_each_type_rise_as_texts(rising: list[Any]) -> None:
    texts = [in_bytes(sortable(v)) for v in rising]
    assert texts == sorted(set(texts))


def test_one_moment_has_one_text_whatever_its_time_zone() -> None:
    noon = datetime.fromisoformat("2026-03-02T12:00:00+08:00")
    assert sortable(noon) == sortable(noon.astimezone(UTC))


def test_values_of_different_types_are_never_equal() -> None:
    assert len({sortable(v) for v in ("1", 1, True, None, date(1, 1, 1), timedelta(1), YearsMonths(1), "")}) == 8


def test_long_texts_that_differ_at_the_end_stay_different() -> None:
    one, other = "x" * 5000 + "1", "x" * 5000 + "2"
    assert sortable(one) != sortable(other)
    assert len(sortable(one)) < 400


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        sortable(Decimal("NaN"))


@settings(derandomize=True)
@given(prefix=_TEXTS.filter(bool), rest=_TEXTS, other=_TEXTS)
def test_a_prefix_bounds_exactly_what_begins_with_it(prefix: str, rest: str, other: str) -> None:
    low = sortable_prefix(prefix)
    high = after_prefix(low)

    def between(text: str) -> bool:
        return in_bytes(low) <= in_bytes(sortable(text)) < in_bytes(high)

    assert between((prefix + rest)[:LONGEST_TEXT])
    assert between(other) == other.startswith(prefix)
