"""The examples in the nodes' READMEs are what the checker would accept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from ruamel.yaml import YAML

import taktflow_plugins
from taktflow.catalog import Catalog, announced
from taktflow.definitions.workflow import Activity

READMES = sorted(Path(taktflow_plugins.__path__[0]).glob("*/README.md"))


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.parent.name)
def test_every_example_is_a_node_with_settings_it_has(readme: Path) -> None:
    catalog = Catalog(announced())
    for block in re.findall(r"```yaml\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL):
        for written in YAML(typ="safe").load(block).values():
            node = TypeAdapter(Activity).validate_python(written)
            known = catalog.node_type(node.type).config_schema
            assert node.config.keys() <= known["properties"].keys()
            assert set(known.get("required", ())) <= node.config.keys()
