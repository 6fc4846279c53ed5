"""What the documents promise is there."""

from __future__ import annotations

import re

import pytest

from tests.contract.house.tree import ROOT, files, text

DOCUMENTS = [path for path in files() if path.endswith(".md")]
READMES = ("README.md", "README.zh-CN.md")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
WORDS = """
definition pack workflow node node-type instance token step journal event effect incident user-task approval connector
connection stream action channel entity record monitor alert finding
"""


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_link_leads_somewhere(path: str) -> None:
    folder = (ROOT / path).parent

    broken = [link for link in LINK.findall(text(path)) if not (folder / link).exists()]

    assert broken == []


@pytest.mark.parametrize("path", [*READMES, "CONTRIBUTING.md"])
def test_every_make_command_in_the_documents_exists(path: str) -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", text("Makefile"), re.MULTILINE))

    named = set(re.findall(r"\bmake ([a-z0-9]+)\b", " ".join(commands(text(path)))))

    assert named
    assert named <= targets


def commands(document: str) -> list[str]:
    """What ``document`` shows as code, in a line or in a block."""
    return [block for pair in re.findall(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", document, re.DOTALL) for block in pair]


def test_both_readmes_have_the_same_shape() -> None:
    shapes = [
        [
            re.match(r"#+|```", line)[0]  # type: ignore[index]  # The filter below has matched it.
            for line in text(path).splitlines()
            if re.match(r"#+ |```", line)
        ]
        for path in READMES
    ]
    english, chinese = (re.findall(r"```[a-z]*\n(.*?)```", text(p), re.DOTALL) for p in READMES)

    assert shapes[0] == shapes[1]
    # The commands are the same ones; only the words around them differ.
    assert [commands_of(b) for b in english] == [commands_of(b) for b in chinese]


def commands_of(block: str) -> list[str]:
    """The lines of a block without their comments."""
    return [line.partition("#")[0].strip() for line in block.splitlines()]


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    assert re.search(r"^## \[Unreleased\]$", text("CHANGELOG.md"), re.MULTILINE)


@pytest.mark.parametrize("word", WORDS.split())
def test_the_glossary_holds_the_word_in_both_languages(word: str) -> None:
    rows = re.findall(
        r"^\| \*\*([^*]+)\*\* \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text("docs/glossary.md"), re.MULTILINE
    )
    found = {english.strip(): (chinese, en, zh) for english, chinese, en, zh in rows}

    chinese, _, meaning = found[word.replace("-", " ")]

    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert re.search(r"[\u4e00-\u9fff]", meaning)


def test_every_decision_is_numbered_once_and_has_its_four_parts() -> None:
    decisions = [path for path in DOCUMENTS if path.startswith("docs/decisions/") and not path.endswith("README.md")]
    numbers = [path.rpartition("/")[2][:4] for path in decisions]

    assert numbers == [f"{n:04d}" for n in range(1, len(decisions) + 1)]
    for path in decisions:
        for part in ("Context", "Decision", "Refused", "Consequences"):
            assert re.search(rf"^(?:## {part}$|\*\*{part}\.\*\*)", text(path), re.MULTILINE), f"{path} lacks {part}"
