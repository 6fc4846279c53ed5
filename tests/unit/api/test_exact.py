from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from taktflow.api.exact import ExactJson, read_json
from taktflow.api.refusals import Malformed


class Line(BaseModel):
    price: Decimal
    due: date


def test_numbers_leave_digit_by_digit_as_they_are_stored() -> None:
    response = ExactJson({"lines": [Line(price=Decimal("12.50"), due=date(2026, 1, 31))], "sum": Decimal("1e2")})

    assert response.body == b'{"lines":[{"price":12.50,"due":"2026-01-31"}],"sum":1E+2}'


def test_moments_leave_in_utc() -> None:
    moment = datetime.fromisoformat("2026-01-31T08:00:00+08:00")

    assert ExactJson({"at": moment}).body == b'{"at":"2026-01-31T00:00:00Z"}'
    assert datetime.fromisoformat("2026-01-31T00:00:00Z") == moment.astimezone(UTC)


@pytest.mark.parametrize("text", ["0.1", "19.990", "123456789012345678901234567890.5", "7"])
def test_a_number_comes_in_exactly(text: str) -> None:
    found = read_json(f'{{"n": {text}}}'.encode())

    assert isinstance(found["n"], Decimal)
    assert str(found["n"]) == text


def test_broken_json_names_its_line_and_column() -> None:
    with pytest.raises(Malformed) as caught:
        read_json(b'{"a": 1,\n "b": }')

    finding = caught.value.findings[0]
    assert (finding.line, finding.column) == (2, 7)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b'{"a": Infinity}', b"\xff\xfe", b"[" * 100_000, b'{"a": "\t"}', b"{'a': 1}", b"1 2"]
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_json(body)


@pytest.mark.parametrize("body", [b'{"a": "x\\u0000y"}', b'["\\ud800"]', b'{"\\udfff": 1}', b'{"a": [["\\uDC00"]]}'])
def test_text_that_no_database_can_keep_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        read_json(body)

    assert caught.value.code == "api.json.character"


@pytest.mark.parametrize(
    ("body", "value"), [(b'"\\u00e9"', "é"), (b'"\\ud83d\\ude00"', "😀"), ('"阀门"'.encode(), "阀门")]
)
def test_every_other_character_is_kept(body: bytes, value: Any) -> None:
    assert read_json(body) == value
