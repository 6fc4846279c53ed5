"""Every error of ours has a status and words; nothing of the inside leaks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from taktflow import errors
from taktflow.api import refusals
from taktflow.api.problems import _CODES, _PREFIXES, STATUSES, status_of
from taktflow.errors import TaktflowError
from taktflow.texts import catalogue

API = Path(errors.__file__).parent / "api"
TEXTS = Path(errors.__file__).parent / "texts"
SERVICES = [
    Path(errors.__file__).parent / "services" / f"{name}.py"
    for name in ("accounts", "audit", "records", "record_lists", "export", "passwords")
]


def made(kind: type[TaktflowError]) -> TaktflowError:
    if issubclass(kind, errors.TooMany):
        return kind("api.rate", retry_after_s=1)
    return kind("api.route")


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for module in (errors, refusals)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, TaktflowError) and kind is not TaktflowError
    ],
)
def test_every_error_class_has_a_status_of_its_own_kind(kind: type[TaktflowError]) -> None:
    assert 400 <= status_of(made(kind)) < 600
    assert status_of(made(kind)) != 500


def test_an_error_that_no_class_declares_is_the_servers_fault() -> None:
    assert status_of(TaktflowError("store.failed")) == 500


def test_every_status_has_a_title_in_both_languages() -> None:
    statuses = {status.value for _, status in STATUSES} | {405, 500}

    assert {f"api.status.{s}" for s in statuses} <= catalogue().keys()


def test_every_code_that_the_door_and_its_services_use_has_its_sentence() -> None:
    # What a token's audit entries are called is no sentence.
    quoted = re.compile(r'"((?:api|account|token|record|outcome)\.(?!created|revoked)[a-z_]+(?:\.[a-z_]+)*)"')
    used = {code for f in (*API.rglob("*.py"), *SERVICES) for code in quoted.findall(f.read_text(encoding="utf-8"))}
    used |= {*_CODES.values(), *(code for _, code in _PREFIXES)}

    assert len(used) > 40
    assert used - catalogue().keys() == set()


@pytest.mark.parametrize("file", ["api", "accounts", "records"])
def test_every_sentence_of_the_door_speaks_both_languages_alike(file: str) -> None:
    for code, words in tomllib.loads((TEXTS / f"{file}.toml").read_text(encoding="utf-8")).items():
        if not code.startswith(("api.status.", "outcome.")):
            assert words["en"].endswith("."), code
            assert words["zh"].endswith("。"), code
            assert {*re.findall(r"\{(\w+)\}", words["en"])} == {*re.findall(r"\{(\w+)\}", words["zh"])}, code
