"""The published schemas as they were last read and agreed to: ``python -m tests.contract.definitions.snapshots``."""

from __future__ import annotations

from pathlib import Path

import simplejson

from taktflow.definitions.schemas import all_schemas

FOLDER = Path(__file__).with_name("schemas")


def written() -> dict[str, str]:
    """The text of every schema by file name."""
    return {
        f"{name}.json": simplejson.dumps(schema, indent=2, ensure_ascii=False, use_decimal=True) + "\n"
        for name, schema in all_schemas().items()
    }


def rewrite() -> None:
    """Brings the folder to what the models say now; read the difference before committing it."""
    texts = written()
    for old in FOLDER.glob("*.json"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    rewrite()
    print(f"{len(written())} schemas written; read the difference before committing it")
