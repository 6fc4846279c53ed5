"""The page of patterns and the pack of patterns say the same."""

from __future__ import annotations

import re
from pathlib import Path

from taktflow.definitions.pack import read_pack

ROOT = Path(__file__).parents[3]
LINE = re.compile(r"^\| (\d+) \| .* \| (?:`(p\d\d_\w+)`|\((\d+)\)) \|$", re.MULTILINE)


def test_the_page_names_every_pattern_once_with_its_example_or_what_to_use_instead() -> None:
    lines = LINE.findall((ROOT / "docs" / "guides" / "patterns.md").read_text(encoding="utf-8"))
    there = {p.definition.id for p in read_pack(ROOT / "workflows" / "patterns").definitions}

    assert [int(number) for number, _, _ in lines] == list(range(1, 44))
    shown = {int(number): example for number, example, _ in lines if example}
    assert len(shown) == 35
    assert set(shown.values()) <= there
    assert all(int(example[1:3]) == number for number, example in shown.items())
    assert {int(instead) for _, _, instead in lines if instead} <= shown.keys()
