"""What the installed connectors and channels say about themselves, and that their pages tell the truth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from taktflow.sdk.schema import KIND, open_objects, settings_of

ROOT = Path(__file__).parents[3] / "connectors" / "taktflow_connectors"
INSTALLED: dict[str, Any] = {
    entry.name: entry.load()
    for group in ("taktflow.connectors", "taktflow.channels")
    for entry in entry_points(group=group)
    if entry.value.startswith("taktflow_connectors.")
}


def models() -> Iterator[Any]:
    for kind in INSTALLED.values():
        yield from (getattr(kind, name) for name in ("Config", "Stream", "Action") if hasattr(kind, name))


def definitions() -> Iterator[tuple[str, dict[str, Any]]]:
    for page in sorted(ROOT.glob("*/README.md")):
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            yield page.parent.name, YAML(typ="safe").load(block)


def test_the_bundled_ways_in_and_out_are_announced() -> None:
    assert set(INSTALLED) == {"http", "shopify", "woocommerce", "whatsapp", "web_form", "drop_folder"}


@pytest.mark.parametrize("name", sorted(INSTALLED))
def test_each_is_named_as_it_is_announced_and_has_a_page(name: str) -> None:
    kind = INSTALLED[name]

    assert kind.kind == name
    assert KIND.fullmatch(name)
    assert kind.title.zh
    assert kind.title.en
    assert (ROOT / name / "README.md").read_text(encoding="utf-8").startswith(f"# {name}:")


@pytest.mark.parametrize("model", list(models()), ids=lambda model: str(model.__name__))
def test_every_setting_is_described_and_named_in_both_languages(model: Any) -> None:
    schema = model.model_json_schema()

    Draft202012Validator.check_schema(schema)
    assert open_objects(schema) == []
    for name, about in settings_of(schema):
        assert about.get("description"), name
        assert about.get("x-title", {}).keys() == {"zh", "en"}, name


@pytest.mark.parametrize("setting", ["secret", "previous_secret", "verify_token", "token", "password", "key"])
def test_secrets_are_marked_so_that_no_form_ever_shows_them(setting: str) -> None:
    found = [
        about
        for model in models()
        for name, about in settings_of(model.model_json_schema())
        if name.rpartition(".")[2] == setting
    ]

    assert found
    assert all(about.get("writeOnly") for about in found)


@pytest.mark.parametrize(("page", "definition"), list(definitions()), ids=lambda part: str(part)[:20])
def test_the_examples_on_the_pages_are_valid(page: str, definition: dict[str, Any]) -> None:
    kind = INSTALLED[definition.get("connector") or definition["channel"]]

    kind.Config.model_validate(definition["config"])
    for stream in definition.get("streams", {}).values():
        kind.Stream.model_validate(stream)
    for action in definition.get("actions", {}).values():
        kind.Action.model_validate(action)
    assert definition.keys() <= {"kind", "id", "title", "connector", "channel", "config", "streams", "actions"}, page
