"""The one catalogue of sentences people read, in Chinese and English, by code.

Every ``*.toml`` file beside this module is part of it: one table per code with ``zh`` and ``en``; ``{name}`` is filled
from the arguments of the finding or error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from taktflow.values import Language, Text, shown


@cache
def catalogue() -> Mapping[str, Text]:
    """Every code with its sentence; ``ValueError`` when two files define one code."""
    found: dict[str, Text] = {}
    for entry in sorted(files("taktflow.texts").iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".toml"):
            continue
        for code, words in tomllib.loads(entry.read_text(encoding="utf-8")).items():
            if code in found:
                raise ValueError(f"{entry.name} defines {code!r} a second time")
            found[code] = Text(zh=words["zh"], en=words["en"])
    return found


def sentence(code: str, language: Language, args: Mapping[str, Any]) -> str:
    """The sentence ``code`` in ``language``; an unknown code is shown with its arguments, never an error."""
    words = catalogue().get(code)
    if words is None:
        return f"{code}: {shown(dict(args))}" if args else code
    return words[language].format_map(_Shown(args))


class _Shown(dict[str, str]):
    def __init__(self, args: Mapping[str, Any]) -> None:
        super().__init__({k: shown(v) if not isinstance(v, str) else v for k, v in args.items()})

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
