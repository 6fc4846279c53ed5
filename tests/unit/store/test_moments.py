"""Moments are kept exactly."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.store.moments import micros, micros_or_none, moment, moment_or_none

_MOMENTS = st.datetimes(timezones=st.just(UTC))


@settings(derandomize=True)
@given(at=_MOMENTS, other=_MOMENTS)
def test_a_moment_comes_back_as_it_was_and_sorts_as_it_did(at: datetime, other: datetime) -> None:
    assert moment(micros(at)) == at
    assert (micros(at) < micros(other)) == (at < other)


def test_time_zones_make_no_difference() -> None:
    assert micros(datetime.fromisoformat("1970-01-01T08:00:00.000001+08:00")) == 1


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        micros(datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is refused


def test_no_moment_stays_none() -> None:
    assert micros_or_none(None) is None
    assert moment_or_none(None) is None
