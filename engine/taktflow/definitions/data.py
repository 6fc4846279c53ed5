"""JSON from outside as values, held against declared fields: a record, a form's answer, a message's payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

from taktflow.definitions.envelope import DataField
from taktflow.definitions.kinds import Entity, Form
from taktflow.definitions.misfits import nearest
from taktflow.definitions.places import pointed
from taktflow.values import (
    Finding,
    Json,
    Pointer,
    Value,
    YearsMonths,
    normal,
    number_text,
    parse_duration,
    quantized,
    shown,
)

MAX_TEXT = 100_000
MAX_ITEMS = 10_000
MAX_DIGITS = 34
MAX_DEPTH = 40
MAX_REFERENCE = 200


class PatternWrong(ValueError):
    """The text is no regular expression of the linear-time kind (no look-around, no back-references)."""


@lru_cache(maxsize=512)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text has the form ``pattern``, in time linear in the text; raises :class:`PatternWrong`."""
    try:
        # Pydantic's core matches with an automaton, so that no pattern can run away on a hostile text.
        validator = SchemaValidator(core_schema.str_schema(pattern=rf"^(?:{pattern})$", regex_engine="rust-regex"))
    except SchemaError as wrong:
        raise PatternWrong(pattern) from wrong

    def matches(text: str) -> bool:
        try:
            validator.validate_python(text)
        except ValidationError:
            return False
        return True

    return matches


@dataclass(slots=True)
class _Reading:
    """One reading. ``partial`` leaves out what is not given, as an update of a record does."""

    entities: Mapping[str, Entity]
    partial: bool = False
    findings: list[Finding] = field(default_factory=list)

    def wrong(self, code: str, at: Pointer, **args: Any) -> None:
        self.findings.append(Finding(code, at, args))

    def mapping(self, fields: Mapping[str, DataField], given: Json, at: Pointer, depth: int = 0) -> dict[str, Value]:
        if not isinstance(given, Mapping):
            self.wrong("data.no_mapping", at, given=_given(given))
            return {}
        for key in given:
            if key not in fields:
                self._unknown(str(key), fields, at)
        made: dict[str, Value] = {}
        for name, declared in fields.items():
            here = at + pointed(name)
            if name in given and given[name] is not None:
                made[name] = self.value(declared, given[name], here, depth + 1)
            elif name in given and not declared.required:
                made[name] = None
            elif self.partial and depth == 0 and name not in given:
                continue
            elif declared.default is not None:
                made[name] = self.value(declared, declared.default, here, depth + 1)
            elif declared.required:
                self.wrong("data.missing", here, key=name)
        return made

    def _unknown(self, key: str, fields: Mapping[str, DataField], at: Pointer) -> None:
        here = at + pointed(key)
        if near := nearest(key, fields):
            self.wrong("data.key_near", here, key=key[:80], near=near)
        else:
            self.wrong("data.key_unknown", here, key=key[:80], known=", ".join(fields))

    def value(self, declared: DataField, given: Json, at: Pointer, depth: int) -> Value:
        if depth > MAX_DEPTH:
            self.wrong("data.too_deep", at, max=MAX_DEPTH)
            return None
        match declared.type:
            case "number" | "integer":
                return self._number(declared, given, at)
            case "list":
                return self._list(declared, given, at, depth)
            case "object":
                return self._object(declared, given, at, depth)
            case "any":
                return self._any(given, at)
            case "text" | "choice" | "reference":
                return self._text(declared, given, at)
            case "boolean":
                return self._boolean(given, at)
            case "date" | "datetime" | "time" | "duration":
                return self._moment(declared.type, given, at)

    def _number(self, declared: DataField, given: Json, at: Pointer) -> Decimal | None:
        number = exact_decimal(given)
        if number is None:
            self.wrong("data.number", at, given=_given(given))
            return None
        scale = 0 if declared.type == "integer" else declared.scale
        if len(number.normalize().as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
            self.wrong("data.number_huge", at, max=MAX_DIGITS)
        elif scale is not None and quantized(number, scale, "ROUND_DOWN") != number:
            code = "data.integer" if scale == 0 else "data.scale"
            self.wrong(code, at, given=number_text(number), scale=scale)
        elif declared.min is not None and number < declared.min:
            self.wrong("data.low", at, given=number_text(number), min=declared.min)
        elif declared.max is not None and number > declared.max:
            self.wrong("data.high", at, given=number_text(number), max=declared.max)
        else:
            return number if scale is None else quantized(number, scale, "ROUND_DOWN")
        return None

    def _text(self, declared: DataField, given: Json, at: Pointer) -> str | None:
        if not isinstance(given, str):
            self.wrong("data.text", at, given=_given(given))
            return None
        longest = declared.max_length or (MAX_REFERENCE if declared.type == "reference" else MAX_TEXT)
        if len(given) > longest:
            self.wrong("data.long", at, max=longest, length=len(given))
        elif _unstorable(given):
            self.wrong("data.character", at)
        elif declared.type == "choice" and given not in (allowed := [c.value for c in declared.values]):
            self.wrong("data.choice", at, given=_given(given), allowed=", ".join(allowed))
        elif declared.type == "reference" and not given.strip():
            self.wrong("data.reference", at)
        elif declared.pattern is not None and not _matches(declared.pattern, given):
            self.wrong("data.pattern", at, given=_given(given), pattern=declared.pattern)
        else:
            return given
        return None

    def _boolean(self, given: Json, at: Pointer) -> bool | None:
        if isinstance(given, bool):
            return given
        # Spreadsheets and forms write every value as text.
        if given in ("true", "false"):
            return bool(given == "true")
        self.wrong("data.boolean", at, given=_given(given))
        return None

    def _moment(self, type_: str, given: Json, at: Pointer) -> Value:
        try:
            return _MOMENTS[type_](given)
        except _ZoneMissing:
            self.wrong("data.datetime_zone", at, given=_given(given))
        except (ValueError, TypeError, OverflowError):
            self.wrong(f"data.{type_}", at, given=_given(given))
        return None

    def _list(self, declared: DataField, given: Json, at: Pointer, depth: int) -> list[Value] | None:
        if not isinstance(given, list | tuple):
            self.wrong("data.list", at, given=_given(given))
            return None
        if len(given) > MAX_ITEMS:
            self.wrong("data.many", at, max=MAX_ITEMS, count=len(given))
            return None
        if declared.item is None:
            return [self._any(item, f"{at}/{i}") for i, item in enumerate(given)]
        return [self.value(declared.item, item, f"{at}/{i}", depth + 1) for i, item in enumerate(given)]

    def _object(self, declared: DataField, given: Json, at: Pointer, depth: int) -> Value:
        fields = object_fields(declared, self.entities)
        if fields:
            return self.mapping(fields, given, at, depth)
        if isinstance(given, Mapping):
            return self._any(given, at)
        self.wrong("data.no_mapping", at, given=_given(given))
        return None

    def _any(self, given: Json, at: Pointer) -> Value:
        if _deeper_than(given, MAX_DEPTH):
            self.wrong("data.too_deep", at, max=MAX_DEPTH)
            return None
        try:
            return normal(given)
        except (TypeError, ValueError, ArithmeticError):
            self.wrong("data.value", at)
            return None


def read_data(
    fields: Mapping[str, DataField],
    given: Json,
    *,
    entities: Mapping[str, Entity] | None = None,
    where: Pointer = "",
    partial: bool = False,
) -> tuple[dict[str, Value], tuple[Finding, ...]]:
    """The values that ``given`` holds for ``fields``, and all that is wrong with it, at pointers below ``where``.

    Numbers become ``Decimal`` at the declared scale, dates and times become values (datetimes in UTC), defaults fill
    in what is missing. ``partial`` (an update) leaves out what is not given. Values are usable only without findings.
    """
    reading = _Reading(entities or {}, partial)
    values = reading.mapping(fields, given, where)
    return values, tuple(reading.findings)


def read_value(
    declared: DataField, given: Json, *, entities: Mapping[str, Entity] | None = None, where: Pointer = ""
) -> tuple[Value, tuple[Finding, ...]]:
    """The same for one field."""
    reading = _Reading(entities or {})
    if given is None:
        if declared.required:
            reading.wrong("data.missing", where, key=where.rpartition("/")[2])
        return None, tuple(reading.findings)
    return reading.value(declared, given, where, 0), tuple(reading.findings)


def object_fields(declared: DataField, entities: Mapping[str, Entity]) -> Mapping[str, DataField]:
    """What an object holds: its own fields, else those of the entity it looks like; empty when anything may."""
    if declared.fields or declared.entity is None:
        return declared.fields
    entity = entities.get(declared.entity)
    return entity.fields if entity else {}


def form_fields(form: Form, entities: Mapping[str, Entity]) -> dict[str, DataField]:
    """A form's fields; what one leaves open (its type, title, bounds) comes from the field of the form's entity."""
    entity = entities.get(form.entity) if form.entity else None
    made: dict[str, DataField] = {}
    for name, declared in form.fields.items():
        base = entity.fields.get(name) if entity and declared.type is None else None
        own = {key: getattr(declared, key) for key in declared.model_fields_set}
        if base is not None:
            made[name] = base.model_copy(update=own)
        else:
            made[name] = DataField.model_construct(
                declared.model_fields_set | {"type"}, **{**dict(declared), "type": declared.type or "any"}
            )
    return made


def exact_decimal(given: Json) -> Decimal | None:
    """``given`` as a finite number when it is one, or text that writes one exactly; None for anything else."""
    match given:
        case bool():
            return None
        case Decimal() if given.is_finite():
            return given
        case int():
            return Decimal(given)
        case float():
            number = Decimal(repr(given))
        case str() if 0 < len(given.strip()) <= 60 and given.strip().isascii() and "_" not in given:
            try:
                number = Decimal(given.strip())
            except InvalidOperation:
                return None
        case _:
            return None
    return number if number.is_finite() else None


class _ZoneMissing(ValueError):
    """A date and time without a zone could be any of 24 moments."""


def _datetime(given: Json) -> datetime:
    moment = given if isinstance(given, datetime) else datetime.fromisoformat(given)
    if moment.tzinfo is None:
        if not isinstance(given, datetime) and len(given) <= 10:
            raise ValueError(given)
        raise _ZoneMissing(given)
    return moment.astimezone(UTC)


def _date(given: Json) -> date:
    if isinstance(given, datetime) or (isinstance(given, str) and len(given) != 10):
        raise ValueError(given)
    return given if isinstance(given, date) else date.fromisoformat(given)


def _time(given: Json) -> time:
    return given if isinstance(given, time) else time.fromisoformat(given)


def _duration(given: Json) -> timedelta | YearsMonths:
    return given if isinstance(given, timedelta | YearsMonths) else parse_duration(given)


_MOMENTS: Mapping[str, Callable[[Json], Value]] = {
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "duration": _duration,
}


def _matches(pattern: str, text: str) -> bool:
    try:
        return matcher(pattern)(text)
    except PatternWrong:
        # The checker tells the author; a record must not be stored as if its rule were kept.
        return False


def _unstorable(text: str) -> bool:
    # PostgreSQL stores no NUL, and half a surrogate pair is no character.
    return "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text)


def _deeper_than(value: Json, levels: int) -> bool:
    if levels == 0:
        return True
    if isinstance(value, Mapping):
        return any(_deeper_than(v, levels - 1) for v in value.values())
    if isinstance(value, list | tuple):
        return any(_deeper_than(v, levels - 1) for v in value)
    return False


def _given(value: Json) -> str:
    if isinstance(value, Mapping | list | tuple):
        return "{...}" if isinstance(value, Mapping) else "[...]"
    try:
        text = shown(value)
    except (TypeError, ValueError):
        text = type(value).__name__
    return text if len(text) <= 80 else text[:79] + "…"
