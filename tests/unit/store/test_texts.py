"""Every sentence the store may say exists in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import taktflow.store
from taktflow.texts import catalogue


def test_each_code_the_store_raises_has_its_sentence_and_each_sentence_is_raised() -> None:
    folder = Path(taktflow.store.__path__[0])
    sources = "\n".join(p.read_text(encoding="utf-8") for p in folder.rglob("*.py"))
    raised = set(re.findall(r'"(store\.[a-z_.]+)"', sources)) - {"store.migrations"}

    assert raised == {code for code in catalogue() if code.startswith("store.")}
