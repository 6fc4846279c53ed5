"""Built-ins on the calendar and the clock (DMN 1.5, 10.3.4.8 and 10.3.4.11)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from taktflow.expressions.builtins.forms import Builtin, Form, Parameter
from taktflow.expressions.far import FarDate, FarMoment, cycled
from taktflow.expressions.run import Run
from taktflow.expressions.types import ANY, DATE, DATETIME, NUMBER, STRING
from taktflow.values import Value

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _today(run: Run) -> Value:
    return run.clock.today


def _now(run: Run) -> Value:
    return run.clock.here


def _near(day: Value) -> date:
    """A day of the same name and place in a year of the same shape; ``ValueError`` for what is no date."""
    if not isinstance(day, date | FarDate | FarMoment):
        raise ValueError("a date is wanted")
    found: date = cycled(day)[1]
    return found


def _day_of_week(day: Value) -> Value:
    return _DAYS[_near(day).weekday()]


def _month_of_year(day: Value) -> Value:
    return _MONTHS[_near(day).month - 1]


def _day_of_year(day: Value) -> Value:
    return Decimal(_near(day).timetuple().tm_yday)


def _week_of_year(day: Value) -> Value:
    return Decimal(_near(day).isocalendar().week)


_DAY = (Parameter("date", ANY),)
FUNCTIONS = (
    Builtin("today", (Form((), DATE, _today, needs_run=True),)),
    Builtin("now", (Form((), DATETIME, _now, needs_run=True),)),
    Builtin("day of week", (Form(_DAY, STRING, _day_of_week),)),
    Builtin("month of year", (Form(_DAY, STRING, _month_of_year),)),
    Builtin("day of year", (Form(_DAY, NUMBER, _day_of_year),)),
    Builtin("week of year", (Form(_DAY, NUMBER, _week_of_year),)),
)
