"""Which moments a schedule has, on days off and in nights in which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktflow.definitions.kinds import Calendar
from taktflow.definitions.recurrence import Recurrence
from taktflow.definitions.workflow import OnHoliday

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
FORWARD = datetime(2026, 3, 28, 12, tzinfo=UTC)
"""Noon before the night in which Berlin goes from 02:00 to 03:00."""
BACK = datetime(2026, 10, 24, 12, tzinfo=UTC)
"""Noon before the night in which Berlin goes from 03:00 back to 02:00."""
PLANT = Calendar.model_validate(
    {
        "kind": "calendar",
        "id": "plant",
        "title": {"zh": "工厂", "en": "Plant"},
        "timezone": "Asia/Shanghai",
        "week": {day: ["08:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
        # The National Day week of 2026, with the Saturday after it worked.
        "holidays": [f"2026-10-0{day}" for day in range(1, 8)],
        "special": {"2026-10-10": ["08:00-17:00"]},
    }
)


def local(rule: Recurrence, after: datetime, count: int) -> list[str]:
    return [m.astimezone(rule.zone).strftime("%m-%d %H:%M") for m in islice(rule.after(after), count)]


def utc(rule: Recurrence, after: datetime, count: int) -> list[str]:
    return [m.strftime("%d %H:%M") for m in islice(rule.after(after), count)]


def test_a_moment_that_does_not_exist_is_the_first_one_after_the_gap() -> None:
    assert local(Recurrence("30 2 * * *", BERLIN), FORWARD, 2) == ["03-29 03:00", "03-30 02:30"]


def test_two_moments_that_fall_into_the_gap_are_one() -> None:
    assert local(Recurrence("15,30 2 * * *", BERLIN), FORWARD, 2) == ["03-29 03:00", "03-30 02:15"]


def test_a_moment_that_comes_twice_is_the_first_of_the_two() -> None:
    assert utc(Recurrence("30 2 * * *", BERLIN), BACK, 2) == ["25 00:30", "26 01:30"]


def test_nothing_is_repeated_after_the_second_of_two_equal_wall_times() -> None:
    between = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)

    assert utc(Recurrence("30 2 * * *", BERLIN), between, 1) == ["26 01:30"]


def test_what_recurs_every_hour_goes_by_elapsed_time() -> None:
    assert utc(Recurrence("30 * * * *", BERLIN), FORWARD + timedelta(hours=12), 3) == [
        "29 00:30",
        "29 01:30",
        "29 02:30",
    ]
    assert utc(Recurrence("30 * * * *", BERLIN), BACK + timedelta(hours=12), 3) == ["25 00:30", "25 01:30", "25 02:30"]


@pytest.mark.parametrize("on_holiday", ["skip", "before", "after"])
def test_a_calendar_changes_nothing_in_the_nights_in_which_clocks_change(on_holiday: OnHoliday) -> None:
    works = PLANT.model_copy(
        update={"week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ("00:00-24:00",))}
    )

    for cron in ("30 2 * * *", "15,30 2 * * *", "*/20 * * * *", "0 0 * * *"):
        for night in (FORWARD, BACK):
            plain = utc(Recurrence(cron, BERLIN), night, 90)
            assert utc(Recurrence(cron, BERLIN, works, on_holiday), night, 90) == plain


@pytest.mark.parametrize(
    ("cron", "on_holiday", "expected"),
    [
        (
            "0 6 * * *",
            "skip",
            ["09-29 06:00", "09-30 06:00", "10-08 06:00", "10-09 06:00", "10-10 06:00", "10-12 06:00"],
        ),
        # Monthly payments: the first of October is a holiday, the first of November a Sunday.
        ("0 9 1 * *", "skip", ["12-01 09:00", "01-01 09:00"]),
        ("0 9 1 * *", "before", ["09-30 09:00", "10-30 09:00", "12-01 09:00"]),
        ("0 9 1 * *", "after", ["10-08 09:00", "11-02 09:00", "12-01 09:00"]),
        # Mondays: only the 5th is off; the day after it that is worked is Thursday.
        ("0 9 * * 1", "after", ["10-08 09:00", "10-12 09:00"]),
        # Several that meet on one day are one at each time.
        ("0 6,18 * * *", "after", ["09-29 06:00", "09-29 18:00", "09-30 06:00", "09-30 18:00", "10-08 06:00"]),
    ],
)
def test_on_a_day_off_a_moment_is_left_out_or_moved(cron: str, on_holiday: OnHoliday, expected: list[str]) -> None:
    monday = datetime(2026, 9, 28, 12, tzinfo=UTC)

    assert local(Recurrence(cron, SHANGHAI, PLANT, on_holiday), monday, len(expected)) == expected


def test_a_schedule_of_days_off_alone_has_no_moment() -> None:
    assert next(Recurrence("0 6 * * 0", SHANGHAI, PLANT).after(FORWARD), None) is None
    assert local(Recurrence("0 6 * * 0", SHANGHAI, PLANT, "after"), FORWARD, 1) == ["03-30 06:00"]


def test_the_newest_moments_are_found_however_long_ago_it_began() -> None:
    rule = Recurrence("* * * * *", SHANGHAI)
    now = datetime(2026, 3, 2, 8, 0, 30, tzinfo=UTC)

    found, more = rule.newest(now - timedelta(days=3650), now, 3)

    assert [m.minute for m in found] == [58, 59, 0]
    assert more


def test_both_ends_of_a_stretch_belong_to_it() -> None:
    rule = Recurrence("0 * * * *", SHANGHAI)
    eight = datetime(2026, 3, 2, 8, tzinfo=UTC)

    assert rule.newest(eight, eight + timedelta(hours=2), 9) == ([eight + timedelta(hours=h) for h in range(3)], False)
    assert rule.newest(eight + timedelta(seconds=1), eight + timedelta(minutes=59), 9) == ([], False)


CRONS = st.sampled_from(["*/7 * * * *", "30 2 * * *", "15 1,2,3 * * *", "0 9 1 * *", "0 0 * * 0", "59 23 L * *"])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe"])
DAYS_OFF = st.sampled_from(["skip", "before", "after"])
MOMENTS = st.integers(0, 366 * 24 * 3600).map(lambda s: datetime(2025, 12, 1, tzinfo=UTC) + timedelta(seconds=s))


@given(CRONS, ZONES, DAYS_OFF, st.booleans(), MOMENTS)
def test_going_on_from_any_moment_gives_what_comes_without_a_stop(
    cron: str, zone: str, on_holiday: OnHoliday, worked: bool, begin: datetime
) -> None:
    rule = Recurrence(cron, ZoneInfo(zone), PLANT if worked else None, on_holiday)

    together = list(islice(rule.after(begin), 6))
    one_by_one = [begin]
    for _ in together:
        one_by_one.append(next(rule.after(one_by_one[-1])))

    assert one_by_one[1:] == together == sorted(set(together))
