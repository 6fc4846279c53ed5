"""Every code the engine can raise has a sentence in both languages, and every sentence is used."""

from __future__ import annotations

import ast
import re
import string

import pytest

from taktflow.catalog import announced
from taktflow.texts import catalogue
from tests.contract.house.tree import SOURCES, modules, text
from tools.reference.doors import WRITERS

CODE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+")
FILE = re.compile(r".*\.(?:json|ya?ml|toml|csv|xlsx|db)")
NOT_SENTENCES = {
    *WRITERS,  # An act in the audit log, listed in docs/reference/audit.md.
    "withdraw",  # A reason in a step record, for machines.
}
"""Callables whose dotted words name something else than a sentence."""

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def used() -> dict[str, str]:
    """Every dotted word in the product's source that begins like a code, with the place it stands."""
    areas = {code.partition(".")[0] for code in catalogue()}
    kinds = {one.kind for one in announced()}
    found: dict[str, str] = {}
    for path, tree in modules(*SOURCES):
        elsewhere = other_words(tree)
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str)) or id(node) in elsewhere:
                continue
            word = node.value
            known_otherwise = word in kinds or FILE.fullmatch(word)
            if CODE.fullmatch(word) and word.partition(".")[0] in areas and not known_otherwise:
                found[word] = f"{path}:{node.lineno}"
    return found


def other_words(tree: ast.AST) -> set[int]:
    """The literals that are handed to one of NOT_SENTENCES."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) in NOT_SENTENCES]
    return {id(part) for call in calls for part in ast.walk(call)}


def called(call: ast.Call) -> str:
    """The last word of what ``call`` calls."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def composed() -> list[re.Pattern[str]]:
    """The codes that source puts together from parts, as patterns."""
    patterns = []
    for _, tree in modules(*SOURCES):
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[a-z0-9_.]+"
                    for part in node.values
                ]
                patterns.append(re.compile("".join(parts)))
    return [pattern for pattern in patterns if re.match(r"[a-z_]+\\\.", pattern.pattern)]


def test_every_code_in_the_source_has_a_sentence() -> None:
    missing = {code: place for code, place in used().items() if code not in catalogue()}

    assert missing == {}


def test_every_sentence_is_used() -> None:
    literals = {word for _, tree in modules(*SOURCES) for word in literals_of(tree)}
    patterns = composed()

    idle = [c for c in catalogue() if c not in literals and not any(p.fullmatch(c) for p in patterns)]

    assert idle == []


def literals_of(tree: ast.AST) -> set[str]:
    """Every literal text in ``tree``."""
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_both_languages_say_the_same_with_the_same_blanks(code: str) -> None:
    words = catalogue()[code]

    assert blanks(words.en) == blanks(words.zh)
    assert CHINESE.search(words.zh), "the Chinese sentence holds no Chinese"
    assert not CHINESE.search(words.en), "the English sentence holds Chinese"


def blanks(sentence: str) -> set[str]:
    """The arguments that fill ``sentence``; one that holds words itself comes as ``moves`` and ``moves_zh``."""
    return {name.removesuffix("_zh") for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_the_reference_names_every_sentence() -> None:
    page = text("docs/reference/messages.md")

    assert [code for code in catalogue() if f"`{code}`" not in page] == []
