"""Write every generated page; ``--check`` writes nothing and fails when one is not what the code says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.reference.commands import commands
from tools.reference.doors import audit, http
from tools.reference.feel import feel
from tools.reference.language import events, kinds, messages
from tools.reference.plugins import node_types, systems
from tools.reference.settings import sample, settings

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "docs/reference"


def pages() -> Mapping[str, str]:
    """Every generated file, by its path in the project."""
    written = {
        "settings.md": settings(),
        "command-line.md": commands(),
        "kinds.md": kinds(),
        "feel.md": feel(),
        "node-types.md": node_types(),
        "connectors-and-channels.md": systems(),
        "events-and-effects.md": events(),
        "messages.md": messages(),
        "http.md": http(),
        "audit.md": audit(),
    }
    return {".env.example": sample(), **{f"{FOLDER}/{name}": text for name, text in written.items()}}


def drifted() -> list[str]:
    """The generated files that are missing or differ from what the code says, by path."""
    return [path for path, text in pages().items() if _text(ROOT / path) != text]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        stale = drifted()
        print("\n".join(f"{path} is not what the code says; run `make reference`" for path in stale))
        return 1 if stale else 0
    for path, text in pages().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
