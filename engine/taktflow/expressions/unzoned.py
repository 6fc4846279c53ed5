"""The zone of a date and time that was written without one, for those who evaluate the standard to the letter.

FEEL knows moments without a zone (DMN 1.5, 10.3.2.3.5). Taktflow's own documents mean the caller's zone instead, since
an order's due time without a zone cannot be waited for; a clock in this zone switches the standard's meaning on.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo


class Unzoned(tzinfo):
    """No zone: reckoned as if everywhere were Greenwich, but never written and never equal to a moment with a zone."""

    def utcoffset(self, at: datetime | None) -> timedelta:
        return timedelta()

    def dst(self, at: datetime | None) -> timedelta:
        return timedelta()

    def tzname(self, at: datetime | None) -> str | None:
        return None

    def fromutc(self, at: datetime) -> datetime:
        return at

    def __repr__(self) -> str:
        return "UNZONED"

    def __reduce__(self) -> str:
        return "UNZONED"


UNZONED = Unzoned()


def zoned(zone: tzinfo | None) -> tzinfo | None:
    """``zone``, or None where it says that there is none."""
    return None if isinstance(zone, Unzoned) else zone
