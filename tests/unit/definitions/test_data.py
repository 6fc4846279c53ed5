"""JSON from outside becomes values of declared fields, or findings at the exact field."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.definitions.data import form_fields, read_data, read_value
from taktflow.definitions.envelope import DataField
from taktflow.definitions.kinds import Entity, Form
from taktflow.texts import sentence
from taktflow.values import YearsMonths, plain, plain_dumps, plain_loads


def a_field(**parts: Any) -> DataField:
    return DataField.model_validate(parts)


def an_entity(**fields: dict[str, Any]) -> Entity:
    key = next(iter(fields))
    words = {"zh": "订单", "en": "Order"}
    return Entity.model_validate({"kind": "entity", "id": "order", "title": words, "key": key, "fields": fields})


def codes(declared: DataField, given: Any) -> list[tuple[str, str]]:
    return [(f.code, f.at) for f in read_data({"x": declared}, {"x": given})[1]]


WRONG: list[tuple[dict[str, Any], Any, str]] = [
    ({"type": "text"}, 12, "data.text"),
    ({"type": "text", "max_length": 3}, "four", "data.long"),
    ({"type": "text"}, "nul\x00", "data.character"),
    ({"type": "text"}, "half \ud800", "data.character"),
    ({"type": "text", "pattern": "[A-Z]{2}"}, "ABC", "data.pattern"),
    ({"type": "text", "pattern": "(?<=a)b"}, "b", "data.pattern"),
    ({"type": "choice", "values": ["a", "b"]}, "c", "data.choice"),
    ({"type": "reference", "entity": "order"}, "  ", "data.reference"),
    ({"type": "number"}, "12,5", "data.number"),
    ({"type": "number"}, True, "data.number"),
    ({"type": "number"}, "NaN", "data.number"),
    ({"type": "number"}, "1_000", "data.number"),
    ({"type": "number"}, "1e999999", "data.number_huge"),
    ({"type": "number", "scale": 2}, Decimal("1.005"), "data.scale"),
    ({"type": "integer"}, Decimal("1.5"), "data.integer"),
    ({"type": "number", "min": 1}, 0, "data.low"),
    ({"type": "number", "max": 10}, "10.01", "data.high"),
    ({"type": "boolean"}, 1, "data.boolean"),
    ({"type": "date"}, "2026-02-30", "data.date"),
    ({"type": "date"}, "2026-02-03T00:00:00Z", "data.date"),
    ({"type": "datetime"}, "2026-02-03", "data.datetime"),
    ({"type": "datetime"}, "2026-02-03T08:00:00", "data.datetime_zone"),
    ({"type": "time"}, "25:00", "data.time"),
    ({"type": "duration"}, "4 hours", "data.duration"),
    ({"type": "list"}, "a", "data.list"),
    ({"type": "list"}, [0] * 10_001, "data.many"),
    ({"type": "object"}, [], "data.no_mapping"),
    ({"type": "any"}, object(), "data.value"),
]


@pytest.mark.parametrize(("declared", "wrong", "code"), WRONG)
def test_what_does_not_fit_is_one_finding_at_the_field(declared: dict[str, Any], wrong: Any, code: str) -> None:
    values, found = read_data({"x": a_field(**declared)}, {"x": wrong}, where="/data")

    assert [(f.code, f.at) for f in found] == [(code, "/data/x")]
    assert values["x"] in (None, [], {})
    for language in ("zh", "en"):
        assert not sentence(code, language, found[0].args).startswith("data.")


def test_nesting_without_end_is_refused() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]

    assert codes(a_field(type="any"), deep) == [("data.too_deep", "/x")]


def test_an_object_of_its_own_entity_is_refused_when_nested_too_deep() -> None:
    entity = an_entity(id={"type": "text"}, part={"type": "object", "entity": "order"})
    deep: Any = {"id": "1"}
    for _ in range(100):
        deep = {"part": deep}

    _, found = read_data(entity.fields, deep, entities={"order": entity})

    assert [f.code for f in found] == ["data.too_deep"]


def test_every_code_of_data_is_shown_by_a_case_here() -> None:
    shown = {c for _, _, c in WRONG} | {"data.too_deep", "data.missing", "data.key_near", "data.key_unknown"}

    ours = tomllib.loads(files("taktflow.texts").joinpath("definitions.toml").read_text(encoding="utf-8"))
    assert {c for c in ours if c.startswith("data.")} == shown


RIGHT: list[tuple[dict[str, Any], Any, Any]] = [
    ({"type": "number", "scale": 2}, "12.5", Decimal("12.50")),
    ({"type": "number"}, 0.1, Decimal("0.1")),
    ({"type": "number", "scale": 2}, "12.500", Decimal("12.50")),
    ({"type": "integer"}, Decimal("3.0"), Decimal(3)),
    ({"type": "boolean"}, "true", True),
    ({"type": "date"}, "2026-10-01", date(2026, 10, 1)),
    ({"type": "datetime"}, "2026-10-01T08:00:00+08:00", datetime(2026, 10, 1, tzinfo=UTC)),
    ({"type": "time"}, "08:30", time(8, 30)),
    ({"type": "duration"}, "PT4H", timedelta(hours=4)),
    ({"type": "duration"}, "P1Y6M", YearsMonths(18)),
    ({"type": "choice", "values": ["a", {"value": "b"}]}, "b", "b"),
    ({"type": "list", "item": {"type": "number"}}, [1, "2"], [Decimal(1), Decimal(2)]),
    ({"type": "object", "fields": {"a": {"type": "date"}}}, {"a": "2026-10-01"}, {"a": date(2026, 10, 1)}),
    ({"type": "object"}, {"any": [1]}, {"any": [Decimal(1)]}),
    ({"type": "text", "pattern": "[A-Z]{2}"}, "AB", "AB"),
    ({"type": "any"}, {"a": 1.5}, {"a": Decimal("1.5")}),
]


@pytest.mark.parametrize(("declared", "right", "value"), RIGHT)
def test_what_fits_becomes_its_exact_value(declared: dict[str, Any], right: Any, value: Any) -> None:
    values, found = read_data({"x": a_field(**declared)}, {"x": right})

    assert found == ()
    assert values == {"x": value}
    assert type(values["x"]) is type(value)
    assert str(values["x"]) == str(value)


def test_missing_and_unknown_keys_are_all_found_together() -> None:
    fields = {"name": a_field(type="text", required=True), "amount": a_field(type="number", required=True)}

    _, found = read_data(fields, {"nmae": "x", "colour": "red", "amount": None})

    assert [(f.code, f.at, f.args.get("near")) for f in found] == [
        ("data.key_near", "/nmae", "name"),
        ("data.key_unknown", "/colour", None),
        ("data.missing", "/name", None),
        ("data.missing", "/amount", None),
    ]


def test_a_default_fills_in_what_is_missing_and_is_read_like_anything_else() -> None:
    fields = {"day": a_field(type="date", default="2026-10-01"), "note": a_field(type="text")}

    assert read_data(fields, {}) == ({"day": date(2026, 10, 1)}, ())


def test_an_update_leaves_out_what_is_not_given_but_never_empties_what_is_required() -> None:
    fields = {
        "name": a_field(type="text", required=True),
        "state": a_field(type="text", default="new"),
        "note": a_field(type="text"),
    }

    assert read_data(fields, {"note": None}, partial=True) == ({"note": None}, ())
    assert [f.code for f in read_data(fields, {"name": None}, partial=True)[1]] == ["data.missing"]


def test_lines_of_an_order_are_found_wrong_by_their_index() -> None:
    line = {"type": "object", "fields": {"sku": {"type": "text", "required": True}, "qty": {"type": "integer"}}}
    fields = {"lines": a_field(type="list", item=line)}

    _, found = read_data(fields, {"lines": [{"sku": "A", "qty": 1}, {"qty": "many"}]})

    assert [(f.code, f.at) for f in found] == [("data.missing", "/lines/1/sku"), ("data.number", "/lines/1/qty")]


def test_an_object_that_looks_like_an_entity_is_read_as_one() -> None:
    entity = an_entity(number={"type": "text", "required": True}, day={"type": "date"})

    values, found = read_data(
        {"order": a_field(type="object", entity="order")},
        {"order": {"number": "1", "day": "2026-10-01"}},
        entities={"order": entity},
    )

    assert (values, found) == ({"order": {"number": "1", "day": date(2026, 10, 1)}}, ())


def test_a_form_takes_from_its_entity_what_it_leaves_open() -> None:
    entity = an_entity(number={"type": "text", "max_length": 5, "required": True}, qty={"type": "integer", "min": 1})
    form = Form.model_validate(
        {
            "kind": "form",
            "id": "f",
            "title": {"zh": "单", "en": "Form"},
            "entity": "order",
            "fields": {"number": {"required": False}, "qty": {"max": 10}, "remark": {"type": "text"}, "free": {}},
        }
    )

    fields = form_fields(form, {"order": entity})

    assert (fields["number"].type, fields["number"].max_length, fields["number"].required) == ("text", 5, False)
    assert fields["qty"].type == "integer"
    assert (fields["qty"].min, fields["qty"].max) == (Decimal(1), Decimal(10))
    assert (fields["remark"].type, fields["free"].type) == ("text", "any")


def test_one_value_is_read_alone() -> None:
    assert read_value(a_field(type="number", scale=1), "2") == (Decimal("2.0"), ())
    assert [(f.code, f.at) for f in read_value(a_field(type="text", required=True), None, where="/a")[1]] == [
        ("data.missing", "/a")
    ]


def test_a_hostile_pattern_and_text_are_matched_in_linear_time() -> None:
    declared = a_field(type="text", pattern="(a+)+b")

    assert codes(declared, "a" * 50_000) == [("data.pattern", "/x")]


MOMENTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # Hypothesis wants naive bounds.
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
SPANS = st.timedeltas(min_value=timedelta(days=-3000), max_value=timedelta(days=3000))
FIELDS = {
    "number": a_field(type="number", scale=3),
    "text": a_field(type="text"),
    "truth": a_field(type="boolean"),
    "day": a_field(type="date"),
    "moment": a_field(type="datetime"),
    "clock": a_field(type="time"),
    "span": a_field(type="duration"),
    "list": a_field(type="list", item={"type": "object", "fields": {"day": {"type": "date"}}}),
}


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "number": DECIMALS,
            "text": TEXTS,
            "truth": st.booleans(),
            "day": st.dates(),
            "moment": MOMENTS,
            "clock": st.times(),
            "span": SPANS,
            "list": st.lists(st.fixed_dictionaries({"day": st.dates()}), max_size=3),
        },
    )
)
def test_values_survive_the_way_out_as_json_and_back_in(values: dict[str, Any]) -> None:
    back, found = read_data(FIELDS, plain_loads(plain_dumps(plain(values))))

    assert found == ()
    assert back == values


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=10,
    )
)
def test_no_json_whatever_raises(document: Any) -> None:
    wide = dict.fromkeys(FIELDS, document)

    for given_ in (document, wide):
        read_data(FIELDS, given_)
