"""Prints the description of the HTTP door: ``python -m taktflow.api.openapi > designer/openapi.json``."""

from __future__ import annotations

import json
import sys

from taktflow.api.app import bare_app


def description() -> str:
    """openapi.json, the same text every time."""
    return json.dumps(bare_app().openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
