"""The description of the HTTP door is what the designer's client is generated from."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from taktflow.api.openapi import description

SNAPSHOT = Path(__file__).parents[3] / "designer" / "openapi.json"


@pytest.fixture(scope="module")
def api() -> Any:
    return json.loads(description())


def operations(api: Any) -> list[tuple[str, str, Any]]:
    return [(method, path, one) for path, methods in api["paths"].items() for method, one in methods.items()]


def test_the_snapshot_is_what_the_code_describes() -> None:
    assert SNAPSHOT.read_text(encoding="utf-8") == description(), "run make snapshots and read the difference"


def test_every_operation_has_a_name_of_its_own_and_a_summary(api: Any) -> None:
    names = Counter(one["operationId"] for _, _, one in operations(api))

    assert [name for name, count in names.items() if count > 1] == []
    assert [path for _, path, one in operations(api) if not one["summary"]] == []


def test_every_operation_says_who_may_use_it(api: Any) -> None:
    assert [path for _, path, one in operations(api) if not one["x-who"] or "security" not in one] == []


def test_every_operation_answers_errors_with_a_problem(api: Any) -> None:
    problem = {"$ref": "#/components/schemas/Problem"}

    for _, path, one in operations(api):
        assert one["responses"]["default"]["content"] == {"application/problem+json": {"schema": problem}}, path
        assert "422" not in one["responses"], path


def test_every_json_answer_is_typed(api: Any) -> None:
    untyped = [
        path
        for _, path, one in operations(api)
        for status, answer in one["responses"].items()
        if status.isdigit() and answer.get("content", {}).get("application/json", {"schema": 1}).get("schema") == {}
    ]

    assert untyped == []


def test_requests_refuse_unknown_keys(api: Any) -> None:
    schemas = api["components"]["schemas"]
    for _, path, one in operations(api):
        body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        for part in (body, *body.get("anyOf", [])):
            if "$ref" in part:
                named = schemas[part["$ref"].rpartition("/")[2]]
                assert named.get("additionalProperties") is False, path


def test_every_schema_is_one(api: Any) -> None:
    for schema in api["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
