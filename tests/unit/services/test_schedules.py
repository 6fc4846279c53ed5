"""Which moment of a schedule counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from taktflow.definitions.workflow import Start
from taktflow.services.schedules import last_moment

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def nightly(cron: str = "0 2 * * *", timezone: str | None = None) -> Start:
    return Start.model_validate({"id": "night", "type": "schedule", "cron": cron, "timezone": timezone})


@pytest.mark.parametrize(
    ("after", "now", "hour"),
    [
        (NOON - timedelta(days=1), NOON, 2),
        (NOON - timedelta(days=9), NOON, 2),
        (NOON, NOON + timedelta(hours=1), None),
        (NOON.replace(hour=1, minute=59), NOON.replace(hour=2), 2),
        (NOON.replace(hour=2), NOON, None),
    ],
)
def test_the_last_moment_counts_once_and_its_first_instant_belongs_to_it(
    after: datetime, now: datetime, hour: int | None
) -> None:
    found = last_moment(nightly(), "UTC", after, now)

    assert found == (None if hour is None else NOON.replace(hour=hour))


def test_a_schedule_is_read_in_its_own_zone_or_the_plants() -> None:
    day = NOON - timedelta(days=1)

    assert last_moment(nightly(), "Asia/Shanghai", day, NOON) == NOON.replace(day=1, hour=18)
    assert last_moment(nightly(timezone="Europe/Berlin"), "Asia/Shanghai", day, NOON) == NOON.replace(hour=1)


def test_the_night_in_which_the_clock_is_put_forward_has_its_moment_all_the_same() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    day = datetime(2026, 3, 29, 0, 0, tzinfo=berlin)

    found = last_moment(nightly("30 2 * * *", "Europe/Berlin"), "UTC", day, day + timedelta(days=1))

    assert found is not None
    assert found.astimezone(berlin).date() == day.date()
