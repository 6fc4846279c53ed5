"""What becomes of an answer: a value, or an error a workflow can route by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from taktflow.sdk import NodeError
from taktflow_connectors.http.answers import Answer, document, records, refusal
from taktflow_connectors.http.models import HttpConfig, HttpStream

STOCK = {"items": [{"sku": "A", "sellable": Decimal(5)}, {"sku": "B", "sellable": Decimal(0)}]}


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "rejected", False),
        (401, "rejected", False),
        (409, "rejected", False),
        (422, "rejected", False),
        (302, "rejected", False),
        (408, "timeout", True),
        (429, "throttled", True),
        (500, "unavailable", True),
        (503, "unavailable", True),
    ],
)
def test_each_status_has_its_code(status: int, code: str, retryable: bool) -> None:
    error = refusal(answer(status, b"why"), effect=False)

    assert (error.code, error.retryable, error.unknown) == (code, retryable, False)
    assert error.details == {"status": status, "body": "why"}
    assert error.text.zh
    assert error.text.en


@pytest.mark.parametrize(("status", "unknown"), [(500, True), (503, True), (429, False), (422, False)])
def test_an_effect_is_unknown_after_a_failure_of_the_system_only(status: int, unknown: bool) -> None:
    assert refusal(answer(status), effect=True).unknown is unknown


def test_how_long_to_wait_is_handed_on() -> None:
    assert refusal(answer(429, retry_after="7"), effect=False).details["retry_after"] == "7"


def test_a_secret_that_the_system_echoes_is_struck_out() -> None:
    error = refusal(answer(401, b"bad token s3cret-token"), effect=False, hide=["s3cret-token"])

    assert error.details["body"] == "bad token ***"


def test_a_long_body_is_cut_in_the_details() -> None:
    assert len(refusal(answer(500, b"x" * 100_000), effect=False).details["body"]) == 500


def test_numbers_keep_every_digit() -> None:
    assert document(answer(body=b'{"a":0.10,"b":12345678901234567890.123}'), effect=False) == {
        "a": Decimal("0.10"),
        "b": Decimal("12345678901234567890.123"),
    }


def test_an_empty_answer_is_nothing() -> None:
    assert document(answer(204), effect=True) is None


@pytest.mark.parametrize("body", [b"<html>", b"{", b'{"a":NaN}', b"[" * 100_000])
def test_what_is_no_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(NodeError) as failed:
        document(answer(body=body), effect=True)

    assert (failed.value.code, failed.value.unknown, failed.value.retryable) == ("unreadable", True, False)


def test_records_are_keyed_by_a_field_and_reduced_to_a_value() -> None:
    assert records(STOCK, path="items", key_by="sku", value="sellable") == {"A": Decimal(5), "B": Decimal(0)}


def test_records_are_keyed_whole_without_a_value() -> None:
    assert records(STOCK, path="items", key_by="sku", value=None)["A"] == {"sku": "A", "sellable": Decimal(5)}


def test_records_come_as_they_are_without_a_key() -> None:
    assert records(STOCK, path="items", key_by=None, value="sku") == ["A", "B"]
    assert records(STOCK, path="", key_by=None, value=None) == STOCK


@pytest.mark.parametrize(
    ("found", "path"),
    [
        (STOCK, "rows"),
        ({"items": {}}, "items"),
        ({"items": [{"sellable": 1}]}, "items"),
        ({"items": [{"sku": "A", "sellable": 1}, {"sku": "A", "sellable": 2}]}, "items"),
    ],
)
def test_records_that_are_not_as_declared_are_unreadable_and_never_guessed(found: Any, path: str) -> None:
    with pytest.raises(NodeError) as failed:
        records(found, path=path, key_by="sku", value="sellable")

    assert failed.value.code == "unreadable"


@pytest.mark.parametrize(
    "base_url",
    [
        "ftp://erp.example",
        "erp.example",
        "http://",
        "http://user:pw@erp.example",
        "http://erp.example?x=1",
        "http://e#f",
    ],
)
def test_an_address_that_is_no_plain_http_address_is_refused(base_url: str) -> None:
    with pytest.raises(ValidationError):
        HttpConfig(base_url=base_url)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "ünicode"])
def test_a_header_cannot_smuggle_in_another(value: str) -> None:
    with pytest.raises(ValidationError):
        HttpConfig(base_url="http://erp.example", headers={"X-A": value})


@pytest.mark.parametrize("path", ["orders", "/a?b=c", "/a#b", "@evil.example"])
def test_a_path_is_a_path_and_nothing_more(path: str) -> None:
    with pytest.raises(ValidationError):
        HttpStream(path=path)


def test_an_address_from_the_environment_passes_the_checker() -> None:
    assert HttpConfig(base_url="env:ERP_URL").base_url == "env:ERP_URL"
