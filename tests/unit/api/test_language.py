from __future__ import annotations

import pytest

from taktflow.api.language import wanted_language


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.2", "en"),
        ("de,en;q=0.5,zh;q=0.7", "zh"),
        ("EN", "en"),
        ("zh;q=0, en;q=0.1", "en"),
    ],
)
def test_the_language_with_the_highest_weight_is_spoken(accept: str, language: str) -> None:
    assert wanted_language(accept, "zh") == language


@pytest.mark.parametrize("accept", [None, "", "de-DE,fr", "*", "zh;q=much", ",;,;q", "x" * 5000])
def test_a_header_that_names_neither_language_leaves_the_default(accept: str | None) -> None:
    assert wanted_language(accept, "zh") == "zh"
    assert wanted_language(accept, "en") == "en"
