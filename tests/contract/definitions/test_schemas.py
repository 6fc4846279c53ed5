"""The published JSON Schemas are valid, unchanged unless agreed to, and say the same as the models."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from taktflow.catalog import Catalog, announced
from taktflow.definitions.kinds import KINDS
from taktflow.definitions.schemas import all_schemas, config_schema, definition_schema, kind_schema, workflow_schema
from tests.contract.definitions.documents import documents, fits_model, mutated
from tests.contract.definitions.snapshots import FOLDER, written


@cache
def validator(kind: str) -> Any:
    return Draft202012Validator(kind_schema(kind))


def fits_schema(document: Any) -> bool:
    return bool(validator(document["kind"]).is_valid(document))


@pytest.mark.mission("E1")
def test_every_kind_has_a_valid_published_schema_with_its_address() -> None:
    for name, schema in all_schemas().items():
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"https://taktflow.dev/schemas/v1/{name}.json"
        assert schema["title"]


def test_the_schemas_are_those_that_were_agreed_to() -> None:
    agreed = {f.name: f.read_text(encoding="utf-8") for f in FOLDER.glob("*.json")}

    assert written() == agreed, "read the difference, then: python -m tests.contract.definitions.snapshots"


def test_every_definition_there_is_fits_its_model_and_its_schema() -> None:
    assert {d["kind"] for d in documents()} >= set(KINDS) - {"pack"}
    for document in documents():
        assert fits_model(document), document["id"]
        assert list(validator(document["kind"]).iter_errors(document)) == [], document["id"]


def test_a_schema_for_all_kinds_tells_them_apart() -> None:
    registry: Any = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in all_schemas().values()
    )
    whole = Draft202012Validator(definition_schema(), registry=registry)

    assert all(whole.is_valid(d) for d in documents())
    assert not whole.is_valid({"kind": "workflow", "id": "x"})
    assert not whole.is_valid({"kind": "nothing"})


@pytest.mark.mission("E1")
def test_models_and_schemas_agree_about_broken_definitions_too() -> None:
    luck = random.Random(2026)
    small = [d for d in documents() if len(str(d)) < 8000]
    refused = 0

    for _ in range(1000):
        document = mutated(luck.choice(small), luck)
        by_model = fits_model(document)
        refused += not by_model
        assert by_model == fits_schema(document), document

    assert refused > 300


def test_settings_of_installed_node_types_are_completed_in_workflows() -> None:
    catalog = Catalog(announced())
    known = {kind: t.config_schema for kind in catalog.node_kinds() if (t := catalog.find_node(kind))}
    schema = workflow_schema(known)
    Draft202012Validator.check_schema(schema)
    whole = Draft202012Validator(schema)
    flows = [d for d in documents() if d["kind"] == "workflow" and d["id"] != "everything"]

    assert flows
    for flow in flows:
        assert list(whole.iter_errors(flow)) == [], flow["id"]
    assert not whole.is_valid({**flows[0], "nodes": {"a": {"type": "decision"}}})
    assert whole.is_valid({**flows[0], "nodes": {"a": {"type": "decision", "ref": {"$": "x"}}}})
    assert whole.is_valid({**flows[0], "nodes": {"a": {"type": "of.a.stranger", "any": "thing"}}})


def test_any_setting_may_be_computed_in_the_schema_for_editors() -> None:
    strict = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "p": {"$ref": "#/$defs/P"}},
        "$defs": {"P": {"type": "object", "properties": {"q": {"type": "array", "items": {"type": "string"}}}}},
    }
    loose = Draft202012Validator(config_schema(strict))

    assert loose.is_valid({"n": {"$": "a + 1"}, "p": {"q": ["x", {"$": "y"}]}})
    assert loose.is_valid({"n": 1, "p": {"$": "ctx"}})
    assert not loose.is_valid({"n": "one"})
    assert not loose.is_valid({"n": {"$": ""}})
