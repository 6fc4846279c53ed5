"""A form is drawn from its description alone, and what it lets through is what reading accepts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from taktflow.definitions.data import form_fields, read_data
from taktflow.definitions.forms import form_schema
from taktflow.definitions.kinds import Entity, Form

CUSTOMER = Entity.model_validate(
    {
        "kind": "entity",
        "id": "customer",
        "title": {"zh": "客户", "en": "Customer"},
        "key": "code",
        "fields": {"code": {"type": "text", "title": {"zh": "编码", "en": "Code"}, "max_length": 40}},
    }
)
FORM = Form.model_validate(
    {
        "kind": "form",
        "id": "order",
        "title": {"zh": "下单", "en": "Order"},
        "note": {"zh": "请填写", "en": "Please fill in"},
        "entity": "customer",
        "submit": {"zh": "提交", "en": "Send"},
        "fields": {
            "code": {"required": True},
            "qty": {"type": "number", "scale": 3, "min": 1, "unit": "kg", "title": {"zh": "数量", "en": "Quantity"}},
            "count": {"type": "integer"},
            "urgent": {"type": "boolean", "default": False},
            "due": {"type": "date", "note": {"zh": "最晚", "en": "At the latest"}},
            "at": {"type": "datetime"},
            "tier": {"type": "choice", "values": ["A", {"value": "S", "title": {"zh": "重点", "en": "Key"}}]},
            "customer": {"type": "reference", "entity": "customer"},
            "comment": {"type": "text", "max_length": 400},
            "country": {"type": "text", "pattern": "[A-Z]{2}"},
            "lines": {
                "type": "list",
                "required": True,
                "item": {"type": "object", "fields": {"sku": {"type": "text", "required": True}}},
            },
            "free": {"type": "any"},
        },
    }
)
ENTITIES = {"customer": CUSTOMER}


def test_a_schema_speaks_the_readers_language_and_keeps_the_declared_rules() -> None:
    schema, ui = form_schema(FORM, ENTITIES, "zh")

    assert (schema["title"], schema["description"]) == ("下单", "请填写")
    assert schema["required"] == ["code", "lines"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["code"] == {"title": "编码", "type": "string", "minLength": 1, "maxLength": 40}
    assert schema["properties"]["qty"] == {
        "title": "数量 (kg)",
        "type": "number",
        "multipleOf": Decimal("0.001"),
        "minimum": Decimal(1),
    }
    assert schema["properties"]["due"] == {"title": "due", "description": "最晚", "type": "string", "format": "date"}
    assert schema["properties"]["tier"]["oneOf"] == [{"const": "A", "title": "A"}, {"const": "S", "title": "重点"}]
    assert schema["properties"]["lines"]["minItems"] == 1
    assert ui["ui:order"] == list(FORM.fields)
    assert ui["ui:submitButtonOptions"] == {"submitText": "提交"}
    assert ui["comment"] == {"ui:widget": "textarea"}


def test_references_offer_the_records_there_are() -> None:
    schema, _ = form_schema(FORM, ENTITIES, "en", lambda entity: [("C1", "Acme")] if entity == "customer" else None)

    assert schema["properties"]["customer"]["oneOf"] == [{"const": "C1", "title": "Acme"}]
    assert schema["properties"]["customer"]["x-entity"] == "customer"


RIGHT: dict[str, Any] = {
    "code": "X",
    "qty": Decimal("1.5"),
    "count": 3,
    "urgent": True,
    "due": "2026-10-01",
    "at": "2026-10-01T08:00:00Z",
    "tier": "S",
    "customer": "C1",
    "country": "CN",
    "lines": [{"sku": "A"}],
    "free": {"x": [1]},
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"qty": Decimal("0.5")},
        {"qty": Decimal("1.0005")},
        {"count": Decimal("1.5")},
        {"tier": "Z"},
        {"country": "China"},
        {"lines": [{}]},
        {"lines": [{"sku": "A", "colour": "red"}]},
        {"code": None},
        {"due": "tomorrow"},
        {"at": "2026-10-01T08:00:00"},
        {"comment": "x" * 401},
        {"surprise": 1},
        {"urgent": 3},
    ],
)
def test_the_form_lets_through_what_reading_accepts(changes: dict[str, Any]) -> None:
    answer = {**RIGHT, **changes}
    schema, _ = form_schema(FORM, ENTITIES, "en")
    drawn = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)

    _, findings = read_data(form_fields(FORM, ENTITIES), answer, entities=ENTITIES)

    assert drawn.is_valid(answer) == (not findings) == (not changes)
