"""Working time counts hours of shifts, holidays and clock changes as people live them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.definitions.kinds import Calendar
from taktflow.errors import Invalid
from taktflow.runtime.working_time import Hours, add_working, working_between

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
DAY_SHIFT = ("08:00-12:00", "13:00-17:00")
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DAY_SHIFT)
HOUR = timedelta(hours=1)


def a_calendar(**parts: Any) -> Calendar:
    words = {"zh": "工厂", "en": "Plant"}
    return Calendar.model_validate({"kind": "calendar", "id": "plant", "title": words, "week": WEEK, **parts})


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


PLANT = a_calendar(holidays=["2026-10-01", "2026-10-02"], special={"2026-10-10": ["09:00-11:00"]})


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-09-28T08:00", 1, "2026-09-28T09:00"),
        ("2026-09-28T11:30", 1, "2026-09-28T13:30"),
        ("2026-09-28T08:00", 8, "2026-09-28T17:00"),
        ("2026-09-28T08:00", 9, "2026-09-29T09:00"),
        ("2026-09-26T10:00", 1, "2026-09-28T09:00"),
        ("2026-09-30T16:00", 2, "2026-10-05T09:00"),
        ("2026-10-09T16:00", 2, "2026-10-10T10:00"),
        ("2026-10-10T10:30", 1, "2026-10-12T08:30"),
        ("2026-09-28T12:30", 0, "2026-09-28T12:30"),
        ("2026-09-28T09:00", -2, "2026-09-25T16:00"),
    ],
)
def test_spans_run_through_pauses_nights_weekends_and_holidays(start: str, hours: int, end: str) -> None:
    assert add_working(at(start), hours * HOUR, PLANT) == at(end)


def test_a_holiday_with_hours_of_its_own_is_worked() -> None:
    calendar = a_calendar(holidays=["2026-10-01"], special={"2026-10-01": ["08:00-10:00"]})

    assert working_between(at("2026-10-01T00:00"), at("2026-10-02T00:00"), calendar) == 2 * HOUR


def test_a_night_shift_belongs_to_the_day_it_begins_on() -> None:
    calendar = a_calendar(week={"fri": ["22:00-06:00"]})

    assert working_between(at("2026-10-03T00:00"), at("2026-10-04T00:00"), calendar) == 6 * HOUR
    assert add_working(at("2026-10-02T23:00"), 8 * HOUR, calendar) == at("2026-10-09T23:00")


def test_shifts_that_overlap_count_once() -> None:
    calendar = a_calendar(week={"mon": ["08:00-17:00", "16:00-20:00", "22:00-08:30"], "tue": ["08:00-09:00"]})

    assert working_between(at("2026-09-28T00:00"), at("2026-09-30T00:00"), calendar) == 23 * HOUR


def test_a_plant_that_never_stops_counts_real_hours() -> None:
    every = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("00:00-24:00",))
    calendar = a_calendar(week=every, timezone="Europe/Berlin")

    assert add_working(at("2026-03-28T12:00", BERLIN), 48 * HOUR, calendar) == at("2026-03-30T13:00", BERLIN)


def test_the_night_the_clock_goes_forward_is_an_hour_shorter() -> None:
    calendar = a_calendar(week={"sat": ["22:00-06:00"]}, timezone="Europe/Berlin")
    spring, autumn = at("2026-03-28T12:00", BERLIN), at("2026-10-24T12:00", BERLIN)

    assert working_between(spring, spring + timedelta(days=1), calendar) == 7 * HOUR
    assert working_between(autumn, autumn + timedelta(days=1), calendar) == 9 * HOUR


def test_the_answer_is_in_utc_whatever_zone_the_start_is_in() -> None:
    end = add_working(at("2026-09-28T08:00"), HOUR, PLANT)

    assert end.tzinfo is UTC
    assert end == datetime(2026, 9, 28, 1, tzinfo=UTC)


def test_whether_people_work_now_is_known() -> None:
    hours = Hours.of(PLANT)

    assert hours.working(at("2026-09-28T08:00"))
    assert not hours.working(at("2026-09-28T12:00"))


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"week": {}}, "calendar.never_works"),
        ({"week": {"mon": []}}, "calendar.never_works"),
        ({"week": {"mon": ["8-12"]}}, "calendar.unreadable"),
        ({"week": {"mon": ["08:00-24:30"]}}, "calendar.unreadable"),
        ({"holidays": ["1 Oct"]}, "calendar.unreadable"),
        ({"timezone": "Mars/Base"}, "calendar.unreadable"),
        ({"timezone": "../etc/passwd"}, "calendar.unreadable"),
    ],
)
def test_a_calendar_that_cannot_count_says_why(parts: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as wrong:
        add_working(at("2026-09-28T08:00"), HOUR, a_calendar(**parts))

    assert wrong.value.code == code


def test_a_span_beyond_forty_years_is_refused_fast() -> None:
    with pytest.raises(Invalid) as wrong:
        add_working(at("2026-09-28T08:00"), timedelta(days=10_000_000), PLANT)

    assert wrong.value.code == "calendar.too_far"


def test_a_year_of_special_days_alone_ends() -> None:
    calendar = a_calendar(week={}, special={"2026-10-10": ["09:00-11:00"]})

    assert add_working(at("2026-09-28T08:00"), HOUR, calendar) == at("2026-10-10T10:00")
    assert add_working(at("2026-10-20T08:00"), -HOUR, calendar) == at("2026-10-10T10:00")
    with pytest.raises(Invalid):
        add_working(at("2026-09-28T08:00"), 3 * HOUR, calendar)


CALENDARS = st.sampled_from(
    [
        PLANT,
        a_calendar(timezone="Europe/Berlin", week={"sat": ["22:00-06:00"], "sun": ["01:30-02:30", "12:00-13:00"]}),
        a_calendar(timezone="America/New_York", week={"mon": ["08:00-17:00", "16:00-23:00"], "thu": ["00:00-24:00"]}),
    ]
)
MOMENTS = st.datetimes(
    min_value=datetime(2025, 1, 1),  # noqa: DTZ001  # Hypothesis wants naive bounds.
    max_value=datetime(2027, 1, 1),  # noqa: DTZ001  # Same.
    timezones=st.just(UTC),
)
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=60))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(CALENDARS, MOMENTS, SPANS, SPANS)
def test_spans_add_up_and_never_run_backwards(calendar: Calendar, start: datetime, a: timedelta, b: timedelta) -> None:
    hours = Hours.of(calendar)
    first = hours.add(start, a)

    assert hours.add(first, b) == hours.add(start, a + b)
    assert hours.add(start, a + b) >= first >= start
    assert hours.between(start, first) == a


@settings(max_examples=60, derandomize=True, deadline=None)
@given(CALENDARS, MOMENTS, SPANS, SPANS)
def test_working_time_between_moments_is_additive(
    calendar: Calendar, start: datetime, a: timedelta, b: timedelta
) -> None:
    hours = Hours.of(calendar)
    middle, end = start + a, start + a + b

    assert hours.between(start, middle) + hours.between(middle, end) == hours.between(start, end)
    assert hours.between(end, start) == -hours.between(start, end)
    assert timedelta(0) <= hours.between(start, end) <= a + b


@settings(max_examples=60, derandomize=True, deadline=None)
@given(CALENDARS, MOMENTS, SPANS)
def test_going_back_undoes_going_forward(calendar: Calendar, start: datetime, span: timedelta) -> None:
    hours = Hours.of(calendar)

    assert hours.between(hours.add(start, -span), start) == span
