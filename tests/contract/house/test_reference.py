"""The generated pages say what the code says."""

from __future__ import annotations

from typing import get_args

from taktflow.catalog import NODES
from taktflow.definitions.kinds import KINDS
from taktflow.definitions.workflow import GRAMMAR
from taktflow.runtime.effects import Effect
from taktflow.runtime.events import Event
from taktflow.settings import Settings
from tests.contract.house.tree import text
from tools.reference.__main__ import drifted
from tools.reference.plugins import bundled


def test_no_generated_page_has_drifted_from_the_code() -> None:
    assert drifted() == [], "run `make reference` and read the diff"


def test_every_setting_is_documented() -> None:
    page, sample = text("docs/reference/settings.md"), text(".env.example")

    for name in Settings.model_fields:
        assert f"`TAKTFLOW_{name.upper()}`" in page
        assert f"TAKTFLOW_{name.upper()}=" in sample


def test_every_node_type_is_documented() -> None:
    page = text("docs/reference/node-types.md")

    for kind in [*GRAMMAR, *(one.kind for one in bundled() if one.group == NODES)]:
        assert f"### {kind}\n" in page


def test_every_kind_event_and_effect_is_documented() -> None:
    kinds, events = text("docs/reference/kinds.md"), text("docs/reference/events-and-effects.md")

    assert [kind for kind in KINDS if f"## {kind}\n" not in kinds] == []
    assert [
        one.__name__ for one in (*get_args(Event), *get_args(Effect)) if f"### {one.__name__}\n" not in events
    ] == []
