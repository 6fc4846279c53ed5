"""How a declared request is filled with what the workflow gives."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taktflow.sdk import NodeError
from taktflow_connectors.http.filling import filled_body, filled_path, filled_query, header_key


def query(template: dict[str, Any], **data: Any) -> str:
    return filled_query(template, data, "comma")


def test_a_space_in_a_query_is_percent_20_since_some_odata_services_refuse_plus() -> None:
    text = query({"$filter": "UpdateDate ge {since}"}, since=date(2026, 1, 15))

    assert text == "$filter=UpdateDate%20ge%202026-01-15"


def test_a_list_is_written_with_commas() -> None:
    assert unquote(query({"sku": "{sku}"}, sku=["FL-DN50", "V-100"])) == "sku=FL-DN50,V-100"


def test_a_list_may_be_written_as_repeated_entries() -> None:
    assert filled_query({"sku": "{sku}"}, {"sku": ["a", "b"]}, "repeat") == "sku=a&sku=b"


def test_an_entry_that_is_null_is_left_out() -> None:
    assert query({"sku": "{sku}", "site": "{site}"}, sku="a", site=None) == "sku=a"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (True, "true"),
        (datetime(2026, 1, 15, 8, tzinfo=UTC), "2026-01-15T08:00:00Z"),
        ("法兰 & Co", "法兰 & Co"),
    ],
)
def test_values_are_written_as_other_systems_read_them(value: Any, text: str) -> None:
    assert unquote(query({"v": "{v}"}, v=value)) == f"v={text}"


def test_a_nested_value_is_reached_by_a_dotted_name() -> None:
    assert filled_path("/orders/{order.lines.0.sku}", {"order": {"lines": [{"sku": "A/1"}]}}) == "/orders/A%2F1"


@pytest.mark.parametrize("evil", ["", ".", ".."])
def test_a_value_cannot_climb_out_of_its_path_segment(evil: str) -> None:
    with pytest.raises(NodeError) as failed:
        filled_path("/orders/{no}", {"no": evil})

    assert failed.value.code == "rejected"


@settings(derandomize=True, max_examples=200)
@given(st.text(min_size=1, max_size=30))
def test_no_value_reaches_into_another_part_of_the_address(value: str) -> None:
    try:
        path = filled_path("/a/{v}/b", {"v": value.encode("utf-8", "replace").decode()})
    except NodeError:
        return

    assert path.count("/") == 3
    assert not set(path) & set("?#\\ \r\n@")


def test_what_the_workflow_did_not_give_is_named() -> None:
    with pytest.raises(NodeError) as failed:
        query({"sku": "{sku}"}, other=1)

    assert failed.value.code == "rejected"
    assert "'sku'" in failed.value.text.en
    assert not failed.value.retryable


def test_a_body_is_filled_at_every_depth_and_keeps_exact_numbers() -> None:
    template = {"head": {"no": {"$input": "order.number"}}, "lines": [{"$input": "order.total"}], "source": "taktflow"}

    body = filled_body(template, {"order": {"number": "A-1", "total": Decimal("0.10")}})

    assert body == {"head": {"no": "A-1"}, "lines": [Decimal("0.10")], "source": "taktflow"}


def test_a_part_of_a_body_may_have_a_default() -> None:
    assert filled_body({"note": {"$input": "note", "default": ""}}, {}) == {"note": ""}


def test_an_object_that_only_looks_like_a_blank_is_left_alone() -> None:
    assert filled_body({"$input": "a", "other": 1}, {}) == {"$input": "a", "other": 1}


@settings(derandomize=True, max_examples=200)
@given(st.text(max_size=20), st.text(max_size=20))
def test_different_keys_stay_different_in_a_header(left: str, right: str) -> None:
    left, right = (k.encode("utf-8", "replace").decode() for k in (left, right))

    assert (header_key(left) == header_key(right)) == (left == right)
    assert header_key(left).isascii()
    assert all(32 < ord(c) < 127 for c in header_key(left))


def test_an_ordinary_key_is_sent_as_it_is() -> None:
    assert header_key("i-1/book/1") == "i-1/book/1"
