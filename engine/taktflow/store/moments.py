"""How the store keeps moments: whole microseconds since 1970 in UTC, exact and sortable on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MONTHS_AHEAD = 2
"""How many months beyond the current one have tables for their journal, on PostgreSQL."""


def micros(moment: datetime) -> int:
    """``moment`` in microseconds since 1970; ``ValueError`` when it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; use an aware datetime")
    return (moment - _EPOCH) // _MICROSECOND


def micros_or_none(moment: datetime | None) -> int | None:
    """:func:`micros`, with None kept."""
    return None if moment is None else micros(moment)


def moment(value: int) -> datetime:
    """The UTC datetime that :func:`micros` counted."""
    return _EPOCH + timedelta(microseconds=value)


def moment_or_none(value: int | None) -> datetime | None:
    """:func:`moment`, with None kept."""
    return None if value is None else moment(value)


def month_start(now: datetime, ahead: int) -> datetime:
    """The first moment, in UTC, of the month that is ``ahead`` months after that of ``now``."""
    here = now.astimezone(UTC)
    year, month = divmod(here.year * 12 + here.month - 1 + ahead, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def month_name(start: datetime) -> str:
    """The table of the month that begins at ``start``."""
    return f"journal_{start:%Y_%m}"
